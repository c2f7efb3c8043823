//! Inner products of many pairs of vectors, in float32 or float64, at the speed of a matrix product.
//!
//! Both sets are laid out for it once: the one as columns, the other one as rows, some at a time. A product is the sum, in
//! order, of one chain of fused multiply-adds for every [`DEPTH`] numbers, so that its bits follow from its two vectors
//! alone, and its rounding error from `DEPTH` and the number of chains rather than from the length.

use super::product::{Element, Tiles};
use rayon::prelude::*;
use std::ops::Range;

/// Numbers of a vector whose products are one chain of sums.
pub const DEPTH: usize = 128;

/// What the first of some columns is a multiple of.
pub const STEP: usize = 64;

/// Vectors of the first set that share one scan of the second: a multiple of the height of every tile.
const HEIGHT: usize = 126;

/// Vectors of the second set whose products with them are made at a time, so that they stay in the cache.
const WIDTH: usize = 16 * STEP;

/// Numbers that are moved at a time while columns are laid out, so that what is read and written stays in the cache.
const LINES: usize = 32;

/// Vectors laid out as the columns of a product.
pub struct Columns<T: Element> {
    /// Panels of as many vectors as a tile is wide, number by number; zeros behind the last vector.
    values: Vec<T>,
    count: usize,
    width: usize,
    tiles: &'static Tiles<T>,
}

/// Vectors laid out as the rows of a product.
pub struct Rows<T: Element> {
    /// Groups of as many vectors as a tile is high, number by number; the last one of those that are left.
    values: Vec<T>,
    count: usize,
    width: usize,
}

impl<T: Element> Columns<T> {
    /// `count` vectors of `width` numbers, each of which `write` writes.
    pub fn of(count: usize, width: usize, write: impl Fn(usize, &mut [T]) + Sync) -> Columns<T> {
        let tiles = T::tiles();
        let mut values = vec![T::default(); count.div_ceil(tiles.columns) * tiles.columns * width];
        values.par_chunks_mut((tiles.columns * width).max(1)).enumerate().for_each(|(panel, values)| {
            let from = panel * tiles.columns;
            lay_out(values, tiles.columns, width, from..count.min(from + tiles.columns), &write);
        });
        Columns { values, count, width, tiles }
    }

    /// The number of vectors.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The inner products of `rows` with some of these vectors, row by row: `out[i · columns.len() + j]`.
    ///
    /// # Panics
    /// Where vectors differ in length, `columns` does not begin at a multiple of [`STEP`] or ends behind the last one, or `out`
    /// has not one number for every pair.
    pub fn products(&self, rows: &Rows<T>, columns: Range<usize>, out: &mut [T]) {
        assert_eq!(rows.width, self.width, "vectors of one length");
        assert!(columns.start.is_multiple_of(STEP) && columns.end <= self.count, "columns {columns:?} of {}", self.count);
        assert_eq!(out.len(), rows.count * columns.len(), "a number for each pair");
        out.fill(T::default());
        let (wide, high) = (self.tiles.columns, self.tiles.by_rows.len());
        for depth in (0..self.width).step_by(DEPTH) {
            let run = DEPTH.min(self.width - depth);
            for from in columns.clone().step_by(wide) {
                let panel = &self.values[(from * self.width + depth * wide)..][..run * wide];
                for first in (0..rows.count).step_by(high) {
                    let some = high.min(rows.count - first);
                    let lines = &rows.values[(first * rows.width + depth * some)..][..run * some];
                    let to = &mut out[first * columns.len() + from - columns.start..];
                    let n = wide.min(columns.end - from);
                    debug_assert!(to.len() >= (some - 1) * columns.len() + n);
                    // SAFETY: slices of the lengths that the tile reads and writes were taken.
                    unsafe { (self.tiles.by_rows[some - 1])(run, lines.as_ptr(), panel.as_ptr(), to.as_mut_ptr(), columns.len(), n) };
                }
            }
        }
    }
}

impl<T: Element> Rows<T> {
    /// `count` vectors of `width` numbers, each of which `write` writes.
    pub fn of(count: usize, width: usize, write: impl Fn(usize, &mut [T])) -> Rows<T> {
        let tiles = T::tiles();
        let high = tiles.by_rows.len();
        let mut values = vec![T::default(); count * width];
        for (group, values) in values.chunks_mut((high * width).max(1)).enumerate() {
            let from = group * high;
            let some = high.min(count - from);
            lay_out(values, some, width, from..from + some, &write);
        }
        Rows { values, count, width }
    }

    /// The number of vectors.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The most vectors that one tile takes, for tests.
    #[cfg(test)]
    fn high() -> usize {
        T::tiles().by_rows.len()
    }
}

/// Gives `each` all inner products of `count` vectors, each of which `write` writes, with those of `columns`, a tile at a time: the
/// places of its rows, those of its columns, and its products row by row. Where `upper`, only tiles with a column that is not
/// before their first row. What `each` gives is in the order of rows, and of columns for the same rows; tiles do not depend on
/// the machine.
///
/// # Panics
/// As [`Columns::products`].
pub fn product_tiles<T: Element, R: Send>(
    count: usize,
    write: impl Fn(usize, &mut [T]) + Sync,
    columns: &Columns<T>,
    upper: bool,
    each: impl Fn(Range<usize>, Range<usize>, &[T]) -> R + Sync,
) -> Vec<R> {
    let firsts: Vec<usize> = (0..count).step_by(HEIGHT).collect();
    let of_rows = |first: usize| -> Vec<R> {
        let rows = first..count.min(first + HEIGHT);
        let packed = Rows::of(rows.len(), columns.width, |i, to| write(first + i, to));
        let mut products = vec![T::default(); rows.len() * WIDTH];
        let begin = if upper { first / WIDTH * WIDTH } else { 0 };
        let of_tile = |from: usize| {
            let tile = from..columns.count.min(from + WIDTH);
            let products = &mut products[..rows.len() * tile.len()];
            columns.products(&packed, tile.clone(), products);
            each(rows.clone(), tile, products)
        };
        (begin..columns.count).step_by(WIDTH).map(of_tile).collect()
    };
    firsts.into_par_iter().flat_map_iter(of_rows).collect()
}

/// Number `i` of vector `from + n` goes to `values[i · wide + n]`.
fn lay_out<T: Element>(values: &mut [T], wide: usize, width: usize, vectors: Range<usize>, write: &impl Fn(usize, &mut [T])) {
    let mut plain = vec![T::default(); vectors.len() * width];
    for (vector, plain) in vectors.clone().zip(plain.chunks_exact_mut(width.max(1))) {
        write(vector, plain);
    }
    for from in (0..width).step_by(LINES) {
        for (n, vector) in plain.chunks_exact(width).enumerate() {
            for (i, value) in vector[from..].iter().take(LINES).enumerate() {
                values[(from + i) * wide + n] = *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(i: usize, k: usize) -> f64 {
        ((i * 7919 + k * 104_729 + i * k % 977) % 1009) as f64 / 7.0 - 70.0
    }

    /// Widths on both sides of a chain, and counts on both sides of a tile: every product is what its two vectors give alone.
    #[test]
    fn products_follow_from_their_two_vectors_alone() {
        for width in [1, 3, DEPTH, DEPTH + 1, 3 * DEPTH + 5] {
            let alone = |i: usize, j: usize| -> f64 {
                let chain = |from: usize| (from..width.min(from + DEPTH)).fold(0.0, |sum, k| number(i, k).mul_add(number(j + 1000, k), sum));
                (0..width).step_by(DEPTH).map(chain).fold(0.0, |sum, part| sum + part)
            };
            let columns = Columns::of(150, width, |j, to: &mut [f64]| to.iter_mut().enumerate().for_each(|(k, v)| *v = number(j + 1000, k)));
            for count in [1, 5, 6, 7, 14] {
                let rows = Rows::of(count, width, |i, to: &mut [f64]| to.iter_mut().enumerate().for_each(|(k, v)| *v = number(i, k)));
                assert!(Rows::<f64>::high() > 1 && rows.count() == count);
                for some in [0..150, 0..1, 64..64, 64..70, 128..150, 64..150] {
                    let mut out = vec![f64::NAN; count * some.len()];
                    columns.products(&rows, some.clone(), &mut out);
                    for (at, found) in out.iter().enumerate() {
                        assert_eq!(found.to_bits(), alone(at / some.len(), some.start + at % some.len()).to_bits());
                    }
                }
            }
        }
    }

    #[test]
    fn products_in_float32_are_near() {
        let columns = Columns::of(70, 600, |j, to: &mut [f32]| to.iter_mut().enumerate().for_each(|(k, v)| *v = number(j, k) as f32));
        let rows = Rows::of(9, 600, |i, to: &mut [f32]| to.iter_mut().enumerate().for_each(|(k, v)| *v = number(i, k) as f32));
        let mut out = vec![0.0; 9 * 70];
        columns.products(&rows, 0..70, &mut out);
        for (at, found) in out.iter().enumerate() {
            let (i, j) = (at / 70, at % 70);
            let terms = (0..600).map(|k| f64::from(number(i, k) as f32) * f64::from(number(j, k) as f32));
            let (sum, most) = terms.fold((0.0, 0.0), |(sum, most), term| (sum + term, most + term.abs()));
            assert!((f64::from(*found) - sum).abs() <= 140.0 * (1.0 / f64::from(1 << 24)) * most);
        }
    }

    #[test]
    fn tiles_cover_all_pairs_in_order_and_half_of_them_where_asked() {
        let (count, width) = (HEIGHT + 3, 5);
        let write = |i: usize, to: &mut [f64]| to.iter_mut().enumerate().for_each(|(k, v)| *v = number(i, k));
        let columns = Columns::of(WIDTH + 70, width, write);
        for upper in [false, true] {
            let tiles = product_tiles(count, write, &columns, upper, |rows, columns, products| {
                for (at, found) in products.iter().enumerate() {
                    let (i, j) = (rows.start + at / columns.len(), columns.start + at % columns.len());
                    assert_eq!(*found, (0..width).fold(0.0, |sum, k| number(i, k).mul_add(number(j, k), sum)));
                }
                (rows, columns)
            });
            let all: Vec<_> =
                [0..HEIGHT, HEIGHT..count].into_iter().flat_map(|rows| [0..WIDTH, WIDTH..WIDTH + 70].map(|columns| (rows.clone(), columns))).collect();
            assert_eq!(tiles, all);
        }
        let square = Columns::of(3 * WIDTH, 1, |_, to: &mut [f64]| to.fill(1.0));
        let upper = product_tiles(3 * WIDTH, |_, to| to.fill(1.0), &square, true, |rows, columns, _| (rows.start, columns.start));
        let pairs = (0..3 * WIDTH).step_by(HEIGHT).flat_map(|row| (0..3).map(move |tile| (row, tile * WIDTH)));
        assert_eq!(upper, pairs.filter(|(row, column)| column + WIDTH > *row).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_has_no_products() {
        let none = Columns::<f32>::of(0, 5, |_, _| unreachable!());
        assert_eq!(none.count(), 0);
        none.products(&Rows::of(3, 5, |_, to| to.fill(1.0)), 0..0, &mut []);
        let empty = Columns::<f32>::of(2, 0, |_, _| ());
        let mut out = [1.0; 2];
        empty.products(&Rows::of(1, 0, |_, _| ()), 0..2, &mut out);
        assert_eq!(out, [0.0; 2]);
    }
}
