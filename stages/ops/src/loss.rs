//! Losses on logits `[n]` or `[n, k]`, means over all of them. All can be differentiated twice.

use crate::activation::{relu, sigmoid};
use crate::elementwise::{binary, unary};
use crate::math;
use crate::primitive::elementwise::{Binary, Unary};
use crate::tape::Value;
use candle_core::{D, Result, Tensor, bail};

/// Binary cross-entropy of logits (any shape) against one target for all, `target` in [0, 1]:
/// `softplus(l) − l·t`, which cannot overflow.
///
/// # Errors
/// Where there is no logit, or the tensor is not float32.
pub fn bce_with_logits(logits: &Value, target: f64) -> Result<Value> {
    logits.refuse_empty("bce_with_logits", "logit")?;
    let data = unary(Unary::LogitLoss(target as f32), logits.data())?;
    let kept = logits.clone();
    let back = move |g: &Value| g.mul(&sigmoid(&kept)?.shift(-target)?);
    Value::record(data, &[logits], move |s| Ok(vec![s.by(0, || back(s.gradient))?])).mean()
}

/// Mean squared error against one target for all: the loss of LSGAN (Mao et al. 2017).
///
/// # Errors
/// As [`bce_with_logits`].
pub fn squared_error(logits: &Value, target: f64) -> Result<Value> {
    logits.refuse_empty("squared_error", "logit")?;
    logits.shift(-target)?.square()?.mean()
}

/// Mean absolute error, any shape.
///
/// # Errors
/// Where shapes differ or there is no number.
pub fn absolute_error(a: &Value, b: &Value) -> Result<Value> {
    a.refuse_empty("absolute_error", "number")?;
    a.sub(b)?.abs()?.mean()
}

/// The hinge loss of a discriminator: `max(0, 1 − l)` for real images, `max(0, 1 + l)` for others.
///
/// # Errors
/// As [`bce_with_logits`].
pub fn hinge(logits: &Value, real: bool) -> Result<Value> {
    logits.refuse_empty("hinge", "logit")?;
    relu(&logits.scale(if real { -1.0 } else { 1.0 })?.shift(1.0)?)?.mean()
}

/// How cross-entropy weights its terms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// A weight per class; all one where empty. The mean is divided by the sum of the images' weights, as in PyTorch.
    pub class_weights: Vec<f64>,
    /// Fraction of the target that is spread over all classes, in [0, 1).
    pub label_smoothing: f64,
    /// Focal loss (Lin et al. 2017): each term is multiplied by `(1 − p)^gamma`, gamma ≥ 0. Zero is plain
    /// cross-entropy.
    pub focal_gamma: f64,
}

impl CrossEntropy {
    /// The loss of `logits [n, k]` against class indices. A class of probability zero in a target adds nothing, even
    /// where its logit is minus infinity.
    ///
    /// # Errors
    /// Where a class index or the number of weights does not fit, or there is no logit.
    pub fn of(&self, logits: &Value, targets: &[u32]) -> Result<Value> {
        logits.refuse_empty("cross_entropy", "logit")?;
        let (n, k) = logits.data().dims2()?;
        if targets.len() != n || targets.iter().any(|t| *t as usize >= k) || ![0, k].contains(&self.class_weights.len()) {
            bail!("cross-entropy: {} targets and {} class weights for {n} × {k} logits", targets.len(), self.class_weights.len());
        }
        let weight = |class: usize| self.class_weights.get(class).copied().unwrap_or(1.0);
        let total: f64 = targets.iter().map(|t| weight(*t as usize)).sum();
        let coefficient = |(i, c): (usize, usize)| {
            let hit = if targets[i] as usize == c { 1.0 - self.label_smoothing } else { 0.0 };
            (-weight(c) * (hit + self.label_smoothing / k as f64) / total) as f32
        };
        let coefficients: Vec<f32> = (0..n).flat_map(|i| (0..k).map(move |c| (i, c))).map(coefficient).collect();
        let coefficients = Tensor::from_vec(coefficients, (n, k), logits.device())?;
        let log_p = log_softmax(logits)?;
        let mut terms = weighted(&log_p, &coefficients)?;
        if self.focal_gamma > 0.0 {
            // A power below one has an infinite slope where p is exactly one: a float's width is added.
            let one = if self.focal_gamma < 1.0 { 1.0 + f64::from(f32::EPSILON) } else { 1.0 };
            // Rounding may make a probability larger than one, which would give a power of a negative value.
            let missing = relu(&log_p.exp()?.scale(-1.0)?.shift(one)?)?;
            terms = terms.mul(&missing.power(self.focal_gamma)?)?;
        }
        terms.sum()
    }
}

/// Mean cross-entropy of `logits [n, k]` against class indices.
///
/// # Errors
/// As [`CrossEntropy::of`].
pub fn cross_entropy(logits: &Value, targets: &[u32]) -> Result<Value> {
    CrossEntropy::default().of(logits, targets)
}

/// Products with weights, and zeros where a weight is zero, also of infinite values. Linear, so that it is its own
/// gradient.
fn weighted(x: &Value, weights: &Tensor) -> Result<Value> {
    let data = binary(Binary::Weigh, x.data(), weights)?;
    let weights = weights.clone();
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || weighted(s.gradient, &weights))?])))
}

/// Logarithms of the softmax over classes, `[n, k]`.
fn log_softmax(logits: &Value) -> Result<Value> {
    let (n, _) = logits.data().dims2()?;
    let largest = Value::constant(logits.data().max_keepdim(D::Minus1)?);
    let shifted = logits.sub(&largest)?;
    shifted.sub(&shifted.exp()?.sum_to(&[n, 1])?.ln()?)
}

/// Weights of classes by their effective number of images, `(1 − β) / (1 − β^n)`, scaled to a mean of one (Cui et al.
/// 2019). A class without images weighs nothing and does not count: its infinite weight would make NaN of all others.
pub fn class_balanced_weights(images: &[usize], beta: f64) -> Vec<f64> {
    let weight = |n: usize| if n == 0 { 0.0 } else { (1.0 - beta) / (1.0 - math::pow(beta, n as f64)) };
    let raw: Vec<f64> = images.iter().map(|n| weight(*n)).collect();
    let (sum, classes): (f64, usize) = (raw.iter().sum(), images.iter().filter(|n| **n > 0).count());
    raw.iter().map(|w| if *w == 0.0 { 0.0 } else { w * classes as f64 / sum }).collect()
}

/// The mean of the sigmoid of logits: a number in [0, 1].
///
/// # Errors
/// As [`bce_with_logits`].
pub fn mean_probability(logits: &Value) -> Result<f64> {
    logits.refuse_empty("mean_probability", "logit")?;
    sigmoid(logits)?.mean()?.scalar()
}
