//! Losses on logits.

use candle_core::{D, Result, Tensor};

/// Mean binary cross-entropy of logits (any shape) against one target for all, `target` in [0, 1]:
/// `max(l, 0) − l·t + ln(1 + e^−|l|)`, which cannot overflow.
pub fn bce_with_logits(logits: &Tensor, target: f64) -> Result<Tensor> {
    let positive = crate::relu(logits)?;
    // |l| as 2·max(l, 0) − l: its slope at exactly 0 is −1, so that the whole has the gradient 1/2 − t there.
    let magnitude = ((&positive * 2.0)? - logits)?;
    ((positive - (logits * target)?)? + (magnitude.neg()?.exp()? + 1.0)?.log()?)?.mean_all()
}

/// Mean cross-entropy of `logits [n, k]` against class numbers `targets [n]` (u32).
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let largest = logits.max_keepdim(D::Minus1)?.detach();
    let shifted = logits.broadcast_sub(&largest)?;
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    let log_probability = shifted.broadcast_sub(&log_sum)?;
    log_probability.gather(&targets.unsqueeze(1)?, 1)?.mean_all()?.neg()
}
