//! Logistic regression by Newton's method.

use super::super::Features;
use super::super::pairwise::dot;
use super::super::products::{cross, gram, times, weighted};
use super::super::root::{Factor, cholesky};
use crate::math::{exp, ln_1p};

/// Steps that are taken at most; a dozen does from the origin.
const STEPS: usize = 100;

/// A linear function of features.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    pub(super) weights: Vec<f64>,
    pub(super) intercept: f64,
}

impl Linear {
    /// Zero everywhere.
    pub(super) fn zero(width: usize) -> Linear {
        Linear { weights: vec![0.0; width], intercept: 0.0 }
    }

    /// Its value at each row.
    pub(super) fn of(&self, rows: &Features) -> Vec<f64> {
        times(rows.values(), rows.dimensions(), &self.weights).into_iter().map(|v| v + self.intercept).collect()
    }
}

/// Minimises `|w|² / 2 + Σ log(1 + exp(∓(w·x + b)))` over positive and other rows: scikit-learn's `LogisticRegression` with `C = 1`, whose
/// intercept is not penalised either. From `start`, by Newton's method with halved steps; the function is strictly convex, and ends
/// within 1e-7 of the minimum. With fewer rows than features, equations are solved among rows.
pub(super) fn fit(rows: &Features, positive: &[bool], start: Linear) -> Linear {
    let width = rows.dimensions();
    // Products of rows with each other, which need not be made again.
    let among = (rows.count() < width).then(|| cross(rows, rows));
    let mut at = start;
    let mut values = at.of(rows);
    let mut loss = objective(&at.weights, &values, positive);
    for _ in 0..STEPS {
        let probabilities: Vec<f64> = values.iter().map(|v| 1.0 / (1.0 + exp(-v))).collect();
        let residuals: Vec<f64> = probabilities.iter().zip(positive).map(|(p, is)| p - f64::from(u8::from(*is))).collect();
        let mut gradient = weighted(rows.values(), width, &residuals);
        gradient.iter_mut().zip(&at.weights).for_each(|(g, w)| *g += w);
        let of_intercept: f64 = residuals.iter().sum();

        // The equations of the weights, and of the intercept beside them.
        let curvature: Vec<f64> = probabilities.iter().map(|p| p * (1.0 - p)).collect();
        let solver = Solver::of(rows, &curvature, among.as_deref());
        let beside = weighted(rows.values(), width, &curvature);
        let (of_gradient, of_beside) = (solver.solve(&gradient), solver.solve(&beside));
        let own = curvature.iter().sum::<f64>() - dot(&beside, &of_beside);
        let intercept = if own > 0.0 { (of_intercept - dot(&beside, &of_gradient)) / own } else { 0.0 };
        let step = Linear { weights: of_gradient.iter().zip(&of_beside).map(|(g, b)| g - intercept * b).collect(), intercept };
        let decrement = dot(&gradient, &step.weights) + of_intercept * step.intercept;
        let moves = step.of(rows);

        let mut share = 1.0;
        loop {
            let next = Linear {
                weights: at.weights.iter().zip(&step.weights).map(|(w, s)| w - share * s).collect(),
                intercept: at.intercept - share * step.intercept,
            };
            let there: Vec<f64> = values.iter().zip(&moves).map(|(v, m)| v - share * m).collect();
            let found = objective(&next.weights, &there, positive);
            // Near the minimum, rounding may keep it from falling.
            if found <= loss - 1e-4 * share * decrement || decrement <= 1e-12 * loss.max(1.0) {
                (at, values, loss) = (next, there, found);
                break;
            }
            share /= 2.0;
            if share < 1e-9 {
                return at;
            }
        }
        if decrement <= 1e-14 {
            break;
        }
    }
    at
}

fn objective(weights: &[f64], values: &[f64], positive: &[bool]) -> f64 {
    let of_row = |(value, is): (&f64, &bool)| {
        let margin = if *is { *value } else { -value };
        (-margin).max(0.0) + ln_1p(exp(-margin.abs()))
    };
    dot(weights, weights) / 2.0 + values.iter().zip(positive).map(of_row).sum::<f64>()
}

/// Solves `(1 + Xᵀ S X) z = r` for a diagonal `S`.
enum Solver<'a> {
    /// Among features.
    Features(Factor),
    /// Among rows: `z = r − Xᵀ √S (1 + √S X Xᵀ √S)⁻¹ √S X r`.
    Rows { rows: &'a Features, roots: Vec<f64>, factor: Factor },
}

impl Solver<'_> {
    fn of<'a>(rows: &'a Features, curvature: &[f64], among: Option<&[f64]>) -> Solver<'a> {
        let roots: Vec<f64> = curvature.iter().map(|c| c.sqrt()).collect();
        let (mut matrix, size) = match among {
            Some(among) => {
                let n = rows.count();
                ((0..n * n).map(|at| roots[at / n] * among[at] * roots[at % n]).collect(), n)
            }
            None => {
                let write = |i: usize, to: &mut [f64]| to.iter_mut().zip(rows.row(i)).for_each(|(to, v)| *to = roots[i] * v);
                (gram(rows.count(), rows.dimensions(), write), rows.dimensions())
            }
        };
        (0..size).for_each(|i| matrix[i * size + i] += 1.0);
        let factor = cholesky(matrix, size);
        if among.is_some() { Solver::Rows { rows, roots, factor } } else { Solver::Features(factor) }
    }

    fn solve(&self, right: &[f64]) -> Vec<f64> {
        match self {
            Solver::Features(factor) => factor.solve(right),
            Solver::Rows { rows, roots, factor } => {
                let of_rows: Vec<f64> = times(rows.values(), rows.dimensions(), right).iter().zip(roots).map(|(v, r)| v * r).collect();
                let inner: Vec<f64> = factor.solve(&of_rows).iter().zip(roots).map(|(v, r)| v * r).collect();
                let taken = weighted(rows.values(), rows.dimensions(), &inner);
                right.iter().zip(taken).map(|(r, t)| r - t).collect()
            }
        }
    }
}
