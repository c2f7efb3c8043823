//! A square root of a covariance matrix in the sense of `RᵀR`: a few rows over the features, not a symmetric root.

use super::Features;
use super::products::gram;
use hilum_ops::{Columns, product_tiles};

/// Columns of a factor that are made before the rest of the matrix follows.
const PANEL: usize = 32;

/// Rows `r` with `rᵀ r = d dᵀ` for the deviations `d` of features from their mean, divided by `√(count − 1)`: themselves where they are
/// few, and the Cholesky factor of their covariance otherwise, so that there are never more rows than features.
pub(super) fn rows(features: &Features, mean: &[f64]) -> Features {
    let width = features.dimensions();
    if features.count() <= width {
        return features.deviations(mean);
    }
    let scale = (features.count() as f64 - 1.0).sqrt();
    let deviation = |i: usize, to: &mut [f64]| to.iter_mut().zip(features.row(i).iter().zip(mean)).for_each(|(to, (v, m))| *to = (v - m) / scale);
    let covariance = gram(features.count(), width, deviation);
    cholesky(covariance, width)
}

/// The columns of the factor `L` of a positive semi-definite matrix, `L Lᵀ`, by the largest pivot first. What is left when the largest
/// is within the rounding of the first is zero: features that depend on each other have no direction of their own.
fn cholesky(mut rest: Vec<f64>, count: usize) -> Features {
    let mut pivots: Vec<f64> = (0..count).map(|i| rest[i * count + i]).collect();
    let smallest = pivots.iter().fold(0.0_f64, |most, p| most.max(*p)) * count as f64 * f64::EPSILON;
    // The places that the rows of what is left had at first.
    let mut open: Vec<usize> = (0..count).collect();
    let mut columns: Vec<f64> = vec![];
    loop {
        let (panel, is_done) = panel(&rest, &mut pivots, smallest);
        for column in &panel {
            let from = columns.len();
            columns.resize(from + count, 0.0);
            open.iter().zip(column).for_each(|(i, v)| columns[from + i] = *v);
        }
        if panel.len() < PANEL {
            break;
        }
        let kept: Vec<usize> = (0..open.len()).filter(|i| !is_done[*i]).collect();
        rest = less(&rest, open.len(), &panel, &kept);
        (open, pivots) = kept.iter().map(|i| (open[*i], pivots[*i])).unzip();
    }
    // A matrix of zeros has a factor of one column of zeros.
    columns.resize(columns.len().max(count), 0.0);
    Features::of(columns, count).expect("BUG: pivots are positive")
}

/// The next columns of the factor, at most [`PANEL`], and which rows are done with them.
fn panel(rest: &[f64], pivots: &mut [f64], smallest: f64) -> (Vec<Vec<f64>>, Vec<bool>) {
    let width = pivots.len();
    let (mut panel, mut is_done): (Vec<Vec<f64>>, _) = (vec![], vec![false; width]);
    while panel.len() < PANEL {
        let open = (0..width).filter(|i| !is_done[*i]);
        // Of equal ones the first.
        let Some(next) = open.reduce(|a, b| if pivots[b] > pivots[a] { b } else { a }) else { break };
        if pivots[next] <= smallest {
            break;
        }
        let root = pivots[next].sqrt();
        let mut column = rest[next * width..(next + 1) * width].to_vec();
        for other in &panel {
            column.iter_mut().zip(other).for_each(|(v, o)| *v -= o * other[next]);
        }
        is_done[next] = true;
        for (i, (v, pivot)) in column.iter_mut().zip(&mut *pivots).enumerate() {
            *v = match (i == next, is_done[i]) {
                (true, _) => root,
                (_, true) => 0.0,
                _ => *v / root,
            };
            *pivot -= *v * *v;
        }
        panel.push(column);
    }
    (panel, is_done)
}

/// The rows and columns `kept` of a symmetric matrix, less the outer products of columns of its factor.
fn less(matrix: &[f64], width: usize, panel: &[Vec<f64>], kept: &[usize]) -> Vec<f64> {
    let write = |i: usize, to: &mut [f64]| to.iter_mut().zip(panel).for_each(|(to, column)| *to = column[kept[i]]);
    let packed = Columns::of(kept.len(), panel.len(), write);
    let mut out = vec![0.0; kept.len() * kept.len()];
    let tiles = product_tiles(kept.len(), write, &packed, false, |rows, columns, products| (rows, columns, products.to_vec()));
    for (rows, columns, products) in tiles {
        for (i, products) in rows.zip(products.chunks_exact(columns.len())) {
            let (line, to) = (&matrix[kept[i] * width..(kept[i] + 1) * width], &mut out[i * kept.len()..][columns.clone()]);
            to.iter_mut().zip(&kept[columns.clone()]).zip(products).for_each(|((to, j), p)| *to = line[*j] - p);
        }
    }
    out
}
