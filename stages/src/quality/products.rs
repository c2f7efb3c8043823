//! Matrix products of sets of features, in float64.

use super::Features;
use hilum_ops::{Columns, add_weighted, pair_products, product_tiles};
use rayon::prelude::*;

/// Rows that are turned into columns at a time: what is in memory besides the result.
const PART: usize = 2048;

/// Numbers of each row that become columns together: what is read is a cache line.
const LINES: usize = 8;

/// Rows whose products are summed by one thread. Fixed, so that the rounding does not depend on the number of threads.
const ROWS: usize = 64;

/// The products of all rows of a matrix with a vector.
pub(super) fn times(matrix: &[f64], width: usize, vector: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; matrix.len() / width];
    out.par_chunks_mut(ROWS).zip(matrix.par_chunks(ROWS * width)).for_each(|(out, rows)| pair_products(rows, vector, width, out));
    out
}

/// The rows of a matrix, summed under weights.
pub(super) fn weighted(matrix: &[f64], width: usize, weights: &[f64]) -> Vec<f64> {
    let part = |(rows, weights): (&[f64], &[f64])| {
        let mut sum = vec![0.0; width];
        add_weighted(rows, weights, &mut sum);
        sum
    };
    let parts: Vec<Vec<f64>> = matrix.par_chunks(ROWS * width).zip(weights.par_chunks(ROWS)).map(part).collect();
    let mut sum = vec![0.0; width];
    parts.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(sum, v)| *sum += v));
    sum
}

/// `A Bᵀ` of two sets of rows: inner products of all pairs, `a.count() × b.count()`.
pub(super) fn cross(a: &Features, b: &Features) -> Vec<f64> {
    let columns = Columns::of(b.count(), b.dimensions(), |j, to: &mut [f64]| to.copy_from_slice(b.row(j)));
    let mut out = vec![0.0; a.count() * b.count()];
    let tiles = product_tiles(
        a.count(),
        |i, to: &mut [f64]| to.copy_from_slice(a.row(i)),
        &columns,
        false,
        |rows, columns, products| (rows.start, columns, products.to_vec()),
    );
    for (first, columns, products) in tiles {
        for (n, line) in products.chunks_exact(columns.len()).enumerate() {
            out[(first + n) * b.count()..][columns.clone()].copy_from_slice(line);
        }
    }
    out
}

/// `AᵀA` of `count` rows of `width` numbers, each of which `write` writes: `width × width`, symmetric to the bit. Added up in parts
/// of the rows, whose order is fixed.
pub(super) fn gram(count: usize, width: usize, write: impl Fn(usize, &mut [f64]) + Sync) -> Vec<f64> {
    let mut out = vec![0.0; width * width];
    for from in (0..count).step_by(PART) {
        let some = PART.min(count - from);
        let mut plain = vec![0.0; some * width];
        plain.par_chunks_exact_mut(width).enumerate().for_each(|(n, row)| write(from + n, row));
        let mut turned = vec![0.0; width * some];
        turned.par_chunks_mut(LINES * some).enumerate().for_each(|(group, turned)| {
            for (n, row) in plain.chunks_exact(width).enumerate() {
                row[group * LINES..].iter().zip(turned[n..].iter_mut().step_by(some)).for_each(|(v, to)| *to = *v);
            }
        });
        let line = |k: usize, to: &mut [f64]| to.copy_from_slice(&turned[k * some..(k + 1) * some]);
        let columns = Columns::of(width, some, line);
        let tiles = product_tiles(width, line, &columns, true, |rows, columns, products| (rows.start, columns, products.to_vec()));
        for (first, columns, products) in tiles {
            for (n, line) in products.chunks_exact(columns.len()).enumerate() {
                let out = &mut out[(first + n) * width..][columns.clone()];
                out.iter_mut().zip(line).for_each(|(out, v)| *out += v);
            }
        }
    }
    for i in 0..width {
        for j in 0..i {
            out[i * width + j] = out[j * width + i];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        for (n, m, d) in [(1, 3, 2), (140, 90, 33), (7, 1100, 5), (2100, 3, 9)] {
            let made = |count: usize, seed: usize| {
                let values = (0..count * d).map(|i| ((i * 7919 + seed) % 1009) as f64 / 50.0 - 10.0).collect();
                Features::of(values, d).unwrap()
            };
            let (a, b) = (made(n, 1), made(m, 500));
            let near = |found: f64, terms: &mut dyn Iterator<Item = f64>| {
                let (sum, most) = terms.fold((0.0, 0.0), |(sum, most), v| (sum + v, most + v.abs()));
                assert!((found - sum).abs() <= 1e-13 * (most + 1.0), "{found} and {sum}");
            };
            let found = cross(&a, &b);
            (0..n * m).for_each(|at| near(found[at], &mut a.row(at / m).iter().zip(b.row(at % m)).map(|(x, y)| x * y)));
            let found = gram(n, d, |i, to| to.copy_from_slice(a.row(i)));
            for at in 0..d * d {
                near(found[at], &mut a.rows().map(|row| row[at / d] * row[at % d]));
                assert_eq!(found[at].to_bits(), found[at % d * d + at / d].to_bits());
            }
        }
    }
}
