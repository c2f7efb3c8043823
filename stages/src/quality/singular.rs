//! Singular values of a dense matrix: reduced to two diagonals by reflections (Golub & Kahan 1965), which are then the
//! beside-diagonal of a symmetric tridiagonal matrix with eigenvalues ±σ, found by QL with implicit shifts.
//!
//! Values are accurate to some units in the last place of the largest. Eigenvalues of `M Mᵀ` would be cheaper, but the
//! square root of their error is 1e-8 of the largest value for every value that ought to be zero.

use super::Watch;
use super::pairwise::dot;
use super::products::{times, weighted};
use crate::math::tridiagonal::ql;
use hilum_ops::{Columns, product_tiles};

/// Columns and rows that are reflected before the rest of the matrix is.
const PANEL: usize = 32;

/// The sum of the singular values of a row-major matrix with rows of `width`; zero for an empty one.
pub(super) fn nuclear_norm(matrix: Vec<f64>, width: usize, watch: Watch) -> f64 {
    let height = matrix.len().checked_div(width).unwrap_or(0);
    let (tall, width) = if height >= width { (matrix, width) } else { (transposed(&matrix, width), height) };
    if width == 0 {
        return 0.0;
    }
    // The eigenvalues of [0 B; Bᵀ 0] are the singular values with both signs.
    eigenvalues(&interleaved(tall, width, watch)).iter().map(|v| v.abs()).sum::<f64>() / 2.0
}

fn transposed(matrix: &[f64], width: usize) -> Vec<f64> {
    (0..width).flat_map(|j| matrix.iter().skip(j).step_by(width).copied()).collect()
}

/// The diagonal and the diagonal above it of the bidiagonal form of a tall matrix, one from each in turn.
fn interleaved(mut matrix: Vec<f64>, mut width: usize, watch: Watch) -> Vec<f64> {
    let first = width as f64;
    let mut found = Vec::with_capacity(2 * width);
    while width > 0 {
        let panel = reduced(&matrix, width, &mut found);
        matrix = panel.rest(&matrix, width);
        width -= panel.left.len();
        let left = width as f64 / first;
        watch(1.0 - left * left * left);
    }
    // Nothing stands above the diagonal in the last column.
    found.pop();
    found
}

/// Reflections of the first rows and columns of a matrix, which are not yet carried out on the others: the matrix has become
/// `A − Σ left takenᵀ − Σ along rightᵀ` (Dongarra, Hammarling & Sorensen 1989).
#[derive(Default)]
struct Panel {
    left: Vec<Vec<f64>>,
    taken: Vec<Vec<f64>>,
    along: Vec<Vec<f64>>,
    right: Vec<Vec<f64>>,
}

/// Reflects the first [`PANEL`] columns and rows.
fn reduced(matrix: &[f64], width: usize, found: &mut Vec<f64>) -> Panel {
    let mut panel = Panel::default();
    for k in 0..PANEL.min(width) {
        let mut left: Vec<f64> = matrix.iter().skip(k).step_by(width).copied().collect();
        subtract(&mut left, &panel.left, |n| panel.taken[n][k]);
        subtract(&mut left, &panel.along, |n| panel.right[n][k]);
        left[..k].fill(0.0);
        found.push(reflector(&mut left[k..]));

        let mut taken = weighted(matrix, width, &left);
        subtract(&mut taken, &panel.taken, |n| dot(&panel.left[n], &left));
        subtract(&mut taken, &panel.right, |n| dot(&panel.along[n], &left));
        panel.left.push(left);
        panel.taken.push(taken);

        let mut right = matrix[k * width..(k + 1) * width].to_vec();
        subtract(&mut right, &panel.taken, |n| panel.left[n][k]);
        subtract(&mut right, &panel.right, |n| panel.along[n][k]);
        right[..=k].fill(0.0);
        found.push(reflector(&mut right[k + 1..]));

        let mut along = times(matrix, width, &right);
        subtract(&mut along, &panel.left, |n| dot(&panel.taken[n], &right));
        subtract(&mut along, &panel.along, |n| dot(&panel.right[n], &right));
        panel.along.push(along);
        panel.right.push(right);
    }
    panel
}

impl Panel {
    /// What is left below and beside the first rows and columns, after all reflections.
    fn rest(&self, matrix: &[f64], width: usize) -> Vec<f64> {
        let done = self.left.len();
        let columns = Columns::of(width - done, 2 * done, |j, to: &mut [f64]| {
            let of = self.taken.iter().chain(&self.right).map(|line| line[done + j]);
            to.iter_mut().zip(of).for_each(|(to, v)| *to = v);
        });
        let lines = |i: usize, to: &mut [f64]| {
            let of = self.left.iter().chain(&self.along).map(|line| line[done + i]);
            to.iter_mut().zip(of).for_each(|(to, v)| *to = v);
        };
        let height = matrix.len() / width;
        let mut rest = vec![0.0; (height - done) * (width - done)];
        let tiles = product_tiles(height - done, lines, &columns, false, |rows, columns, products| (rows, columns, products.to_vec()));
        for (rows, columns, products) in tiles {
            for (i, products) in rows.zip(products.chunks_exact(columns.len())) {
                let from = &matrix[(done + i) * width + done..][columns.clone()];
                let to = &mut rest[i * (width - done)..][columns.clone()];
                to.iter_mut().zip(from.iter().zip(products)).for_each(|(to, (v, p))| *to = v - p);
            }
        }
        rest
    }
}

/// Takes multiples of lines from a line.
fn subtract(from: &mut [f64], lines: &[Vec<f64>], factor: impl Fn(usize) -> f64) {
    for (n, line) in lines.iter().enumerate() {
        let factor = factor(n);
        from.iter_mut().zip(line).for_each(|(v, l)| *v -= factor * l);
    }
}

/// Turns a vector `x` into `u` of length √2, so that `x − u (u·x)` is zero but for its first element, which is returned.
fn reflector(x: &mut [f64]) -> f64 {
    let largest = x.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    x.iter_mut().for_each(|v| *v /= largest);
    let length = dot(x, x).sqrt().copysign(-x[0]);
    x[0] -= length;
    let scale = (2.0 / dot(x, x)).sqrt();
    x.iter_mut().for_each(|v| *v *= scale);
    length * largest
}

/// The eigenvalues of the symmetric tridiagonal matrix whose diagonal is zero, in no order.
fn eigenvalues(beside: &[f64]) -> Vec<f64> {
    let n = beside.len() + 1;
    let (mut d, mut e) = (vec![0.0; n], beside.to_vec());
    e.push(0.0);
    let negligible = f64::EPSILON * beside.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    ql(&mut d, &mut e, |_, e, i| e[i].abs() <= negligible, |_, _, _| ());
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Diagonal, of rank one, of one row, empty, zero; and a rotation, all of whose singular values are 1.
    #[test]
    fn sums_of_known_singular_values() {
        let near = |matrix: Vec<f64>, width, wanted: f64| {
            let found = nuclear_norm(matrix, width, &|_| ());
            assert!((found - wanted).abs() <= 1e-13 * wanted.max(1.0), "{found} and {wanted}");
        };
        near(vec![3.0, 0.0, 0.0, 0.0, -2.0, 0.0], 3, 5.0);
        near(vec![3.0, 0.0, 0.0, -2.0, 0.0, 0.0], 2, 5.0);
        near((0..20).map(|i| f64::from(i / 5 + 1) * f64::from(i % 5)).collect(), 5, (30.0_f64 * 30.0).sqrt());
        near(vec![3.0, 4.0], 2, 5.0);
        near(vec![3.0, 4.0], 1, 5.0);
        near(vec![], 3, 0.0);
        near(vec![], 0, 0.0);
        near(vec![0.0; 12], 4, 0.0);
        near(vec![0.6, 0.8, 0.0, -0.8, 0.6, 0.0, 0.0, 0.0, 1.0], 3, 3.0);
        near((0..10_000).map(|i| f64::from(u8::from(i / 100 == 99 - i % 100))).collect(), 100, 100.0);
    }

    /// A Hilbert matrix, most of whose singular values are far below the largest, is positive definite: they sum to its
    /// trace.
    #[test]
    fn small_values_do_not_gather_the_errors_of_squares() {
        let n = 150;
        let hilbert: Vec<f64> = (0..n * n).map(|at| 1.0 / (at / n + at % n + 1) as f64).collect();
        let trace: f64 = (0..n).map(|i| 1.0 / (2 * i + 1) as f64).sum();
        assert!((nuclear_norm(hilbert, n, &|_| ()) - trace).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_finite_ends() {
        assert!(!nuclear_norm(vec![f64::NAN, 1.0, 2.0, 3.0], 2, &|_| ()).is_finite());
    }
}
