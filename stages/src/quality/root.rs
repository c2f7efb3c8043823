//! A square root of a covariance matrix in the sense of `RᵀR`: a few rows over the features, not a symmetric root.

use super::Features;
use super::pairwise::dot;
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
    cholesky(covariance, width).columns
}

/// The factor `L` of a symmetric matrix `L Lᵀ`.
pub(super) struct Factor {
    /// Its columns, one vector each.
    pub(super) columns: Features,
    /// Of each column, the row that it was made for: later columns are zero there.
    rows: Vec<usize>,
}

impl Factor {
    /// `(L Lᵀ)⁻¹ right`, where there is a column for every row.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let (mut left, mut found) = (right.to_vec(), vec![0.0; right.len()]);
        let mut along = vec![];
        for (column, row) in self.columns.rows().zip(&self.rows) {
            let share = left[*row] / column[*row];
            left.iter_mut().zip(column).for_each(|(v, c)| *v -= share * c);
            along.push(share);
        }
        for ((n, row), share) in self.rows.iter().enumerate().zip(along).rev() {
            let column = self.columns.row(n);
            found[*row] = (share - dot(column, &found)) / column[*row];
        }
        found
    }
}

/// The columns of the factor `L` of a positive semi-definite matrix, `L Lᵀ`, by the largest pivot first. What is left when the largest
/// is within the rounding of the first is zero: features that depend on each other have no direction of their own.
pub(super) fn cholesky(mut rest: Vec<f64>, count: usize) -> Factor {
    let mut pivots: Vec<f64> = (0..count).map(|i| rest[i * count + i]).collect();
    let smallest = pivots.iter().fold(0.0_f64, |most, p| most.max(*p)) * count as f64 * f64::EPSILON;
    // The places that the rows of what is left had at first.
    let mut open: Vec<usize> = (0..count).collect();
    let (mut columns, mut rows): (Vec<f64>, _) = (vec![], vec![]);
    loop {
        let (panel, done) = panel(&rest, &mut pivots, smallest);
        for column in &panel {
            let from = columns.len();
            columns.resize(from + count, 0.0);
            open.iter().zip(column).for_each(|(i, v)| columns[from + i] = *v);
        }
        rows.extend(done.iter().map(|i| open[*i]));
        if panel.len() < PANEL {
            break;
        }
        let kept: Vec<usize> = (0..open.len()).filter(|i| !done.contains(i)).collect();
        rest = less(&rest, open.len(), &panel, &kept);
        (open, pivots) = kept.iter().map(|i| (open[*i], pivots[*i])).unzip();
    }
    // A matrix of zeros has a factor of one column of zeros.
    columns.resize(columns.len().max(count), 0.0);
    Factor { columns: Features::of(columns, count).expect("BUG: pivots are positive"), rows }
}

/// The next columns of the factor, at most [`PANEL`], and the rows that they were made for.
fn panel(rest: &[f64], pivots: &mut [f64], smallest: f64) -> (Vec<Vec<f64>>, Vec<usize>) {
    let width = pivots.len();
    let (mut panel, mut done, mut is_done): (Vec<Vec<f64>>, _, _) = (vec![], vec![], vec![false; width]);
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
        done.push(next);
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
    (panel, done)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_solves_equations() {
        for n in [1, 5, 32, 33, 100] {
            let number = |i: usize| ((i * 7919) % 1009) as f64 / 500.0 - 1.0;
            let matrix = gram(n + 3, n, |i, to| to.iter_mut().enumerate().for_each(|(k, v)| *v = number(i * n + k * k) + f64::from(u8::from(i == k)) * 3.0));
            let wanted: Vec<f64> = (0..n).map(|i| number(i + 11)).collect();
            let right: Vec<f64> = matrix.chunks_exact(n).map(|row| dot(row, &wanted)).collect();
            let found = cholesky(matrix, n).solve(&right);
            assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{n}");
        }
    }
}
