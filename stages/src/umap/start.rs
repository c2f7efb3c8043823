//! The initial positions of an embedding. Knows the data, the graph and a source of random bits.

use super::graph::Graph;
use super::spectral::greatest;
use crate::math;

/// Half the side of the square that initial positions are scaled to, the noise that separates points that coincide, and
/// the side of the square that they are then fitted into: umap-learn's.
const STRETCH: f64 = 10.0;
const NOISE: f64 = 1e-4;
const SIDE: f64 = 10.0;

/// How points are initialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// By eigenvectors of the graph's Laplacian, or by the two principal components of the data where the graph is not
    /// connected.
    Spectral,
    /// Uniformly on a square.
    #[cfg_attr(not(test), expect(dead_code, reason = "the control of the parity test"))]
    Random,
}

/// One position per point, each axis filling the square's side.
pub(super) fn positions(start: Start, data: &[f32], dimensions: usize, graph: &Graph, mut random: impl FnMut() -> u64) -> Vec<[f64; 2]> {
    let count = graph.rows.len();
    let axes = match start {
        Start::Random => None,
        Start::Spectral if graph.connected() => spectral(graph, &mut random),
        Start::Spectral => principal(data, dimensions, &mut random),
    };
    let largest = |axes: &[Vec<f64>; 2]| axes.iter().flatten().fold(0.0_f64, |most, v| most.max(v.abs()));
    let mut axes = match axes {
        // Not where all are zero or one overflowed.
        Some(mut axes) if largest(&axes) > 0.0 && axes.iter().flatten().all(|v| v.is_finite()) => {
            let factor = STRETCH / largest(&axes);
            axes.iter_mut().flatten().for_each(|v| *v = *v * factor + NOISE * normal(&mut random));
            axes
        }
        _ => [(); 2].map(|()| (0..count).map(|_| STRETCH * (2.0 * unit(random()) - 1.0)).collect()),
    };
    axes.iter_mut().for_each(|axis| fit(axis));
    let [x, y] = axes;
    x.into_iter().zip(y).map(|(x, y)| [x, y]).collect()
}

/// The two smoothest vectors on the graph after the trivial one: the least of the normalised Laplacian
/// `1 - M`, so the greatest of `M`.
fn spectral(graph: &Graph, random: &mut impl FnMut() -> u64) -> Option<[Vec<f64>; 2]> {
    let roots: Vec<f64> = graph.rows.iter().map(|row| row.iter().map(|(_, weight)| weight).sum::<f64>().sqrt()).collect();
    let apply = |x: &[f64], y: &mut [f64]| {
        for (i, row) in graph.rows.iter().enumerate() {
            let sum: f64 = row.iter().map(|(j, weight)| weight * x[*j] / roots[*j]).sum();
            y[i] = sum / roots[i];
        }
    };
    let size = roots.iter().map(|r| r * r).sum::<f64>().sqrt();
    let trivial: Vec<f64> = roots.iter().map(|r| r / size).collect();
    greatest(graph.rows.len(), 2, vec![trivial], apply, || normal(random)).try_into().ok()
}

/// The projections on the two principal components of the data; the second is zero where there is only one.
fn principal(data: &[f32], dimensions: usize, random: &mut impl FnMut() -> u64) -> Option<[Vec<f64>; 2]> {
    let count = data.len() / dimensions;
    let mut mean = vec![0.0; dimensions];
    for row in data.chunks_exact(dimensions) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v) / count as f64);
    }
    let along = |row: &[f32], axis: &[f64]| -> f64 { row.iter().zip(&mean).zip(axis).map(|((v, m), a)| (f64::from(*v) - m) * a).sum() };
    // The covariance, never formed.
    let apply = |x: &[f64], y: &mut [f64]| {
        y.fill(0.0);
        for row in data.chunks_exact(dimensions) {
            let part = along(row, x) / count as f64;
            y.iter_mut().zip(row).zip(&mean).for_each(|((y, v), m)| *y += part * (f64::from(*v) - m));
        }
    };
    let mut axes = greatest(dimensions, 2, vec![], apply, || normal(random));
    axes.resize(2, vec![0.0; dimensions]);
    let axes: Vec<Vec<f64>> = axes.iter().map(|axis| data.chunks_exact(dimensions).map(|row| along(row, axis)).collect()).collect();
    axes.try_into().ok()
}

fn fit(axis: &mut [f64]) {
    let (least, most) = axis.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| (least.min(*v), most.max(*v)));
    let extent = most - least;
    if extent > 0.0 {
        axis.iter_mut().for_each(|v| *v = SIDE * (*v - least) / extent);
    }
}

/// A number in `[0, 1)`.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal number (Box & Muller 1958).
fn normal(random: &mut impl FnMut() -> u64) -> f64 {
    let radius = (-2.0 * math::ln(1.0 - unit(random()))).sqrt();
    radius * math::cos(std::f64::consts::TAU * unit(random()))
}

#[cfg(test)]
mod tests {
    use super::super::split_mix;
    use super::*;

    /// Two far pairs: the graph is in pieces, so the main axis of the data decides.
    #[test]
    fn a_graph_in_pieces_starts_from_the_main_axes() {
        let data = [0.0, 0.0, 0.0, 1.0, 90.0, 0.0, 90.0, 1.0];
        let rows = [1, 0, 3, 2].map(|j| vec![(j, 1.0)]).to_vec();
        let found = positions(Start::Spectral, &data, 2, &Graph { rows }, split_mix(4));
        assert!((found[0][0] - found[1][0]).abs() < 1e-2 && (found[2][0] - found[3][0]).abs() < 1e-2);
        assert!((found[0][0] - found[2][0]).abs() > 9.9);
    }

    /// On a ring the two vectors are the positions along a ring.
    #[test]
    fn a_ring_starts_as_a_ring() {
        let n = 40;
        let rows = (0..n).map(|i| vec![((i + 1) % n, 1.0), ((i + n - 1) % n, 1.0)]).collect();
        let found = positions(Start::Spectral, &[], 1, &Graph { rows }, split_mix(4));
        assert!(found.iter().all(|p| ((p[0] - 5.0).hypot(p[1] - 5.0) - 5.0).abs() < 0.1));
    }

    #[test]
    fn data_without_extent_starts_at_random() {
        let rows = vec![vec![]; 9];
        let found = positions(Start::Spectral, &[2.0; 9], 1, &Graph { rows }, split_mix(4));
        assert!(found.iter().flatten().all(|v| (0.0..=10.0).contains(v)));
        assert!(found.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
