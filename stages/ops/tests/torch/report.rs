//! Errors of many comparisons, collected, so that one run names all that are too large.

use candle_core::Tensor;
use hilum_ops::Value;

pub(crate) fn numbers(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

pub(crate) fn values(v: &Value) -> Vec<f32> {
    v.to_vec().unwrap()
}

/// `max|a − b| / max|b|`; what is not a number counts as infinitely wrong.
pub(crate) fn relative_error(found: &[f32], expected: impl IntoIterator<Item = f64>) -> f64 {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    let gap = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, |m, g| if g.is_nan() { f64::INFINITY } else { g.max(m) });
    if gap == 0.0 { 0.0 } else { gap / expected.iter().fold(0.0, |m, b| b.abs().max(m)) }
}

/// Collects errors, so that one run names all that are too large.
pub(crate) struct Report {
    tolerance: f64,
    worst: (f64, String),
    wrong: Vec<String>,
    compared: usize,
}

impl Report {
    pub(crate) fn new(tolerance: f64) -> Self {
        Report { tolerance, worst: (0.0, "all".to_owned()), wrong: vec![], compared: 0 }
    }
    pub(crate) fn note(&mut self, name: &str, error: f64) {
        self.compared += 1;
        if error > self.worst.0 {
            self.worst = (error, name.to_owned());
        }
        if error.is_nan() || error > self.tolerance {
            self.wrong.push(format!("{name}: {error:.2e}"));
        }
    }
    pub(crate) fn finish(self, what: &str) {
        println!("{what}: {} compared, largest relative error {:.2e} ({})", self.compared, self.worst.0, self.worst.1);
        assert!(self.compared > 0, "{what}: nothing was compared");
        assert!(self.wrong.is_empty(), "{what}: above {:e}: {:#?}", self.tolerance, self.wrong);
    }
}
