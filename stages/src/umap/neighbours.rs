//! Exact nearest neighbours of points in single precision. Knows distances and nothing of graphs or layouts.
//!
//! Approximate indices are faster above some hundred thousands of points, but their answer depends on
//! the order of insertion and often on the threads. This one is a pure function of the data.

use crate::neighbours::{Nearest, UNWATCHED, Vectors, nearest_others};

/// Partial sums of a distance. Fixed, so that the rounding does not depend on the machine.
const LANES: usize = 16;

/// The `k` nearest other rows of every row, nearest first, with their Euclidean distances.
///
/// `data` is row-major. A row is never its own neighbour, equal distances are ordered by index, and
/// `k` is cut to the number of other rows. The result does not depend on the number of threads.
pub fn nearest(data: &[f32], dimensions: usize, k: usize) -> (Vec<Vec<usize>>, Vec<Vec<f32>>) {
    if dimensions == 0 {
        return (vec![], vec![]);
    }
    parted(nearest_others(&Points { data, dimensions }, k, UNWATCHED))
}

/// The `k` nearest rows of `data` to every row of `new`, as [`nearest`] gives them; a row that is in both is its own neighbour.
pub fn nearest_among(data: &[f32], new: &[f32], dimensions: usize, k: usize) -> (Vec<Vec<usize>>, Vec<Vec<f32>>) {
    if dimensions == 0 {
        return (vec![], vec![]);
    }
    parted(crate::neighbours::nearest(&Points { data: new, dimensions }, &Points { data, dimensions }, k, UNWATCHED))
}

fn parted(found: Vec<Nearest>) -> (Vec<Vec<usize>>, Vec<Vec<f32>>) {
    found.into_iter().map(|near| (near.at, near.squared.iter().map(|d| (*d as f32).sqrt()).collect())).unzip()
}

/// Rows of numbers in single precision, as are the distances between them.
struct Points<'a> {
    data: &'a [f32],
    dimensions: usize,
}

impl Points<'_> {
    fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.dimensions..(i + 1) * self.dimensions]
    }
}

impl Vectors for Points<'_> {
    const LARGEST: f64 = f32::MAX as f64;
    const SMALLEST: f64 = f32::from_bits(1) as f64;

    fn count(&self) -> usize {
        self.data.len() / self.dimensions
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn write(&self, i: usize, to: &mut [f64]) {
        to.iter_mut().zip(self.row(i)).for_each(|(to, v)| *to = f64::from(*v));
    }

    fn squared(&self, i: usize, other: &Self, j: usize) -> f64 {
        f64::from(squared(self.row(i), other.row(j)))
    }

    /// Of differences, squares, and sums in lanes, which are added up with what is left of them.
    fn rounding(&self) -> f64 {
        f64::from(f32::EPSILON) / 2.0 * (self.dimensions as f64 / LANES as f64 + 3.0 * LANES as f64)
    }
}

/// By differences, not by `|a|² + |b|² - 2ab`: that form gives duplicates a distance above zero.
fn squared(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lower_index() {
        let (indices, distances) = nearest(&[0.0, 1.0, -1.0, 1.0], 1, 2);
        assert_eq!(indices, [vec![1, 2], vec![3, 0], vec![0, 1], vec![1, 0]]);
        assert_eq!(distances[0], [1.0, 1.0]);
        assert_eq!(distances[1], [0.0, 1.0]);
    }

    #[test]
    fn asks_for_no_more_than_there_is() {
        assert_eq!(nearest(&[], 3, 5), (vec![], vec![]));
        assert_eq!(nearest(&[1.0], 0, 5), (vec![], vec![]));
        assert_eq!(nearest(&[1.0, 2.0], 2, 5), (vec![vec![]], vec![vec![]]));
        assert_eq!(nearest(&[1.0, 2.0], 1, 5).0, [vec![1], vec![0]]);
    }

    #[test]
    fn the_nearest_of_another_set_may_be_the_row_itself() {
        let (indices, distances) = nearest_among(&[5.0, 0.0, 5.0], &[5.0, 1.0], 1, 2);
        assert_eq!((indices, distances), (vec![vec![0, 2], vec![1, 0]], vec![vec![0.0, 0.0], vec![1.0, 4.0]]));
        assert_eq!(nearest_among(&[], &[1.0], 1, 3), (vec![vec![]], vec![vec![]]));
        assert_eq!(nearest_among(&[1.0], &[], 1, 3), (vec![], vec![]));
    }

    /// Distances to such points have no order that means anything; there is one, and it ends.
    #[test]
    fn numbers_that_are_not_finite_have_neighbours() {
        let (indices, distances) = nearest(&[0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1.0], 1, 2);
        assert!(indices.iter().all(|row| row.len() == 2) && distances.iter().all(|row| row.len() == 2));
        assert_eq!(nearest(&[0.0, -0.0, 1.0], 1, 1), (vec![vec![1], vec![0], vec![0]], vec![vec![0.0], vec![0.0], vec![1.0]]));
    }

    /// Widths on both sides of the lanes, and more rows than one block.
    #[test]
    fn agrees_with_a_plain_sort() {
        for dimensions in [1, 15, 16, 17, 40] {
            let data: Vec<f32> = (0..70 * dimensions).map(|i| ((i * 7919) % 101) as f32).collect();
            let (indices, _) = nearest(&data, dimensions, 9);
            for (i, found) in indices.iter().enumerate() {
                let distance = |j: usize| -> f32 { (0..dimensions).map(|d| (data[i * dimensions + d] - data[j * dimensions + d]).powi(2)).sum() };
                let mut order: Vec<usize> = (0..70).filter(|j| *j != i).collect();
                order.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
                assert_eq!(found, &order[..9]);
            }
        }
    }
}
