//! Two thumbnails brought to lie upon each other: a small shift and a small change of scale along each axis. Ignorant
//! of what counts as alike.
//!
//! A crop of 1 % moves what is in a thumbnail by two thirds of a pixel at one edge and by none at the other, which no
//! shift by whole pixels undoes. So the four numbers are found by Gauss and Newton's method, together with the gain and
//! the offset of greys that a change of brightness makes: B. D. Lucas and T. Kanade, *An iterative image registration
//! technique*, IJCAI 1981; G. D. Evangelidis and E. Z. Psarakis, *Parametric image alignment using enhanced correlation
//! coefficient maximization*, IEEE TPAMI 30(10), 2008. Either image goes half of the way, so that interpolation blurs
//! both alike.

use super::thumbnail::SIDE;
use std::ops::Range;

/// No edge moves by more pixels than these from where the search begins: a crop of 2 % on either side moves one by 1.3.
const FURTHEST: f64 = 3.0;
/// Steps at most; copies of X-rays are within 0.001 of where they end after the first.
const STEPS: usize = 4;
/// A step that makes it better by less is the last.
const SMALL: f64 = 1e-4;
/// Unknowns of a step: gain, offset, and shift and stretch along x and y.
const UNKNOWNS: usize = 6;

/// How far an image is moved: pixels at its middle, and further pixels towards its edges, along x and then y.
pub(super) type Move = [f64; 4];

/// Greys of 64 by 64 pixels, row by row, and the part of them that both images cover.
pub(super) struct Moved {
    pub(super) a: Vec<f64>,
    pub(super) b: Vec<f64>,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// From −1 at the first pixel of a row or column to 1 at its last.
fn unit(i: usize) -> f64 {
    (2 * i) as f64 / (SIDE - 1) as f64 - 1.0
}

/// For each pixel along an axis: between which one and the next it comes to lie, and how far.
fn places(shift: f64, stretch: f64) -> Vec<(usize, f64)> {
    (0..SIDE)
        .map(|i| {
            let at = (i as f64 + shift + stretch * unit(i)).clamp(0.0, (SIDE - 1) as f64);
            let before = (at as usize).min(SIDE - 2);
            (before, at - before as f64)
        })
        .collect()
}

/// The pixels along an axis that lie within the image, moved this way and the other way.
fn covered(shift: f64, stretch: f64) -> Range<usize> {
    let within = |i: usize| (shift + stretch * unit(i)).abs() <= i.min(SIDE - 1 - i) as f64;
    let first = (0..SIDE).find(|i| within(*i)).unwrap_or(0);
    first..(first..SIDE).rev().find(|i| within(*i)).map_or(first, |last| last + 1)
}

fn interpolated(grey: &[f64], along: &[(usize, f64)], down: &[(usize, f64)]) -> Vec<f64> {
    let rows: Vec<f64> = grey.chunks_exact(SIDE).flat_map(|row| along.iter().map(|(i, t)| row[*i] + (row[*i + 1] - row[*i]) * t)).collect();
    let cell = |i: usize, x: usize, t: f64| rows[i * SIDE + x] + (rows[(i + 1) * SIDE + x] - rows[i * SIDE + x]) * t;
    down.iter().flat_map(|(i, t)| (0..SIDE).map(move |x| (*i, x, *t))).map(|(i, x, t)| cell(i, x, t)).collect()
}

impl Moved {
    /// `b` moved by half, and `a` by half the other way.
    pub(super) fn by([x, wide, y, high]: Move, a: &[f64], b: &[f64]) -> Moved {
        let (x, wide, y, high) = (x / 2.0, wide / 2.0, y / 2.0, high / 2.0);
        Moved {
            a: interpolated(a, &places(-x, -wide), &places(-y, -high)),
            b: interpolated(b, &places(x, wide), &places(y, high)),
            rows: covered(y, high),
            columns: covered(x, wide),
        }
    }

    /// What is covered of `greys`.
    pub(super) fn part(&self, greys: &[f64]) -> Vec<f64> {
        self.rows.clone().flat_map(|y| &greys[y * SIDE..(y + 1) * SIDE][self.columns.clone()]).copied().collect()
    }

    /// The further move that brings `b` closest to `a` in the squares, were greys linear around each pixel.
    fn step(&self) -> Option<Move> {
        let mut sums = [[0.0; UNKNOWNS + 1]; UNKNOWNS];
        let slope = |greys: &[f64], at: usize, stride: usize, i: usize| {
            let (before, after) = (at - if i > 0 { stride } else { 0 }, at + if i + 1 < SIDE { stride } else { 0 });
            (greys[after] - greys[before]) / ((after - before) / stride) as f64
        };
        for y in self.rows.clone() {
            for x in self.columns.clone() {
                let at = y * SIDE + x;
                let (along, down) = (slope(&self.b, at, 1, x), slope(&self.b, at, SIDE, y));
                let terms = [self.b[at], 1.0, along, along * unit(x), down, down * unit(y), self.a[at]];
                for (row, factor) in sums.iter_mut().zip(terms) {
                    row.iter_mut().zip(terms).for_each(|(sum, term)| *sum += factor * term);
                }
            }
        }
        let [gain, _, step @ ..] = solved(sums)?;
        (gain > 1e-3).then(|| step.map(|s| s / gain))
    }
}

/// The solution of linear equations, right side last, by elimination with the largest pivot; none where there is no
/// single one.
fn solved(mut rows: [[f64; UNKNOWNS + 1]; UNKNOWNS]) -> Option<[f64; UNKNOWNS]> {
    for i in 0..UNKNOWNS {
        let pivot = (i..UNKNOWNS).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, pivot);
        if rows[i][i].abs() < 1e-9 {
            return None;
        }
        let upper = rows[i];
        for row in &mut rows[i + 1..] {
            let factor = row[i] / upper[i];
            row.iter_mut().zip(upper).for_each(|(cell, u)| *cell -= factor * u);
        }
    }
    let mut solution = [0.0; UNKNOWNS];
    for i in (0..UNKNOWNS).rev() {
        let known: f64 = (i + 1..UNKNOWNS).map(|j| rows[i][j] * solution[j]).sum();
        solution[i] = (rows[i][UNKNOWNS] - known) / rows[i][i];
    }
    Some(solution)
}

/// `a` and `b` as they correlate best near a first move, and that correlation, which `measure` gives; at worst as they lie after it.
pub(super) fn aligned(a: &[f64], b: &[f64], first: Move, measure: impl Fn(&Moved) -> f64) -> (Moved, f64) {
    let mut moved = Moved::by(first, a, b);
    let mut way = first;
    let (mut best, mut most) = (way, measure(&moved));
    for _ in 0..STEPS {
        let Some(step) = moved.step() else { break };
        let next: Move = std::array::from_fn(|i| way[i] + step[i]);
        let far: Move = std::array::from_fn(|i| (next[i] - first[i]).abs());
        if far.chunks_exact(2).any(|far| far[0] + far[1] > FURTHEST) {
            break;
        }
        way = next;
        moved = Moved::by(way, a, b);
        let (now, before) = (measure(&moved), most);
        if now > most {
            (best, most) = (way, now);
        }
        if now < before + SMALL {
            break;
        }
    }
    (if best == way { moved } else { Moved::by(best, a, b) }, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved_and_singular_ones_have_no_solution() {
        let mut rows = [[0.0; UNKNOWNS + 1]; UNKNOWNS];
        for (i, row) in rows.iter_mut().enumerate() {
            row[(i + 2) % UNKNOWNS] = 2.0;
            row[i] += 0.5;
            row[UNKNOWNS] = 2.0 * ((i + 2) % UNKNOWNS) as f64 + 0.5 * i as f64;
        }
        let solution = solved(rows).unwrap();
        assert!(solution.iter().enumerate().all(|(i, s)| (s - i as f64).abs() < 1e-9), "{solution:?}");
        rows[3] = rows[2];
        assert_eq!(solved(rows), None);
    }

    #[test]
    fn a_known_move_is_found_and_undone() {
        let at = |x: f64, y: f64| 90.0 + 40.0 * (x / 5.0).sin() + 30.0 * (y / 7.0 + x / 11.0).cos() + x - y / 2.0;
        let image = |shift: f64, stretch: f64| -> Vec<f64> {
            let place = |i: usize| i as f64 + shift + stretch * unit(i);
            (0..SIDE * SIDE).map(|i| at(place(i % SIDE), (i / SIDE) as f64)).collect()
        };
        let (a, b) = (image(0.0, 0.0), image(0.8, -0.6));
        let worth = |m: &Moved| -m.part(&m.a).iter().zip(m.part(&m.b)).map(|(a, b)| (a - b).abs()).sum::<f64>() / m.part(&m.a).len() as f64;
        let apart = worth(&Moved::by([0.0; 4], &a, &b));
        let (moved, left) = aligned(&a, &b, [0.0; 4], worth);
        assert!(left > apart / 10.0, "{apart} became {left}");
        assert!(moved.columns.len() >= SIDE - 2 && moved.rows.len() >= SIDE - 2);
    }
}
