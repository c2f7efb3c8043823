//! Normalisation of `[n, h, w, c]`, fused with the addition and rectifier that follow: batch norm (Ioffe & Szegedy
//! 2015), instance norm (Ulyanov et al. 2016), layer norm (Ba et al. 2016), and a fixed scale and shift per channel.
//!
//! Batch norm has no second derivative; those of instance and layer norm are computed from their parts.

mod apply;
mod composed;

use crate::cpu::norm::Cut;
use crate::epilogue::{Epilogue, Rectifier};
use crate::primitive::norm::Divisor;
use crate::tape::Value;
use apply::Norm;
use candle_core::{DType, Result, Tensor, bail};
use std::sync::Arc;

/// The learned parameters of a norm: the normalised values are multiplied with `weight`, then `bias` is added.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// Factor per channel.
    pub weight: &'a Value,
    /// Summand per channel.
    pub bias: &'a Value,
}

/// Mean and variance per channel, `[c]` each: of a batch, or running ones.
#[derive(Clone, Debug)]
pub struct ChannelStatistics {
    /// Mean per channel.
    pub mean: Value,
    /// Variance per channel; of a batch the unbiased one (divided by count − 1), as running statistics use it.
    pub variance: Value,
}

/// The parameters as the tape keeps them.
struct Kept {
    weight: Value,
    bias: Value,
}

impl Kept {
    fn of(affine: Affine) -> Kept {
        Kept { weight: affine.weight.clone(), bias: affine.bias.clone() }
    }
}

/// What a norm is composed of where its gradient is differentiated.
#[derive(Clone, Copy)]
enum Parts {
    Norm(Cut, Divisor),
    Affine,
    Unknown,
}

/// Normalises `x [n, h, w, c]` by the mean and biased variance of the batch, `eps` added to the variance; weight and
/// bias are `[c]` each. Returns the result, and the statistics of the batch as constants.
///
/// # Errors
/// Where channels differ, there is no image, or a tensor is not float32. Of a single value per channel only the bias is
/// left, as in Keras; PyTorch refuses it.
pub fn batch_norm(x: &Value, affine: Affine, eps: f64, epilogue: Epilogue) -> Result<(Value, ChannelStatistics)> {
    let (_, _, _, c) = x.dims4()?;
    let cut = Cut { groups: 1, c, together: false };
    let (norm, unbiased) = Norm::of("batch_norm", x, cut, Some(affine), Divisor::EpsInside(eps))?;
    let batch = ChannelStatistics { mean: Value::constant(norm.mean.reshape(c)?), variance: Value::constant(unbiased.reshape(c)?) };
    Ok((Arc::new(norm).apply(x, Some(affine), epilogue, Parts::Unknown)?, batch))
}

/// Normalises each channel of each sample of `x [n, h, w, c]` by its own statistics; weight and bias are `[c]` each.
///
/// # Errors
/// Where channels differ, there is no image, or a tensor is not float32.
pub fn instance_norm(x: &Value, affine: Option<Affine>, divisor: Divisor, epilogue: Epilogue) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    per_sample("instance_norm", x, Cut { groups: n, c, together: false }, affine, divisor, epilogue)
}

/// Normalises each sample of `x [n, h, w, c]` as a whole; weight and bias are `[c]` or `[1]` each.
///
/// # Errors
/// Where channels differ, there is no image, or a tensor is not float32.
pub fn layer_norm(x: &Value, affine: Option<Affine>, divisor: Divisor, epilogue: Epilogue) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    per_sample("layer_norm", x, Cut { groups: n, c, together: true }, affine, divisor, epilogue)
}

fn per_sample(name: &str, x: &Value, cut: Cut, affine: Option<Affine>, divisor: Divisor, epilogue: Epilogue) -> Result<Value> {
    let (norm, _) = Norm::of(name, x, cut, affine, divisor)?;
    Arc::new(norm).apply(x, affine, epilogue, Parts::Norm(cut, divisor))
}

/// `rectifier(scale · x + shift + add)` for `x […, c]` and `shift [c]`, `scale [c]`: inference of a batch norm, a bias.
///
/// # Errors
/// Where channels differ or a tensor is not float32.
pub fn scale_shift(x: &Value, scale: Option<&Value>, shift: &Value, epilogue: Epilogue) -> Result<Value> {
    let c = shift.elem_count();
    if x.dims().last() != Some(&c) || scale.is_some_and(|s| s.elem_count() != c) {
        bail!("a shift of {c} channels for {:?}", x.dims());
    }
    if scale.is_none() && epilogue.add.is_none() && epilogue.rectifier == Rectifier::Identity {
        return x.add(shift);
    }
    let ones = match scale {
        Some(_) => None,
        None => Some(Value::constant(Tensor::ones(c, DType::F32, x.device())?)),
    };
    let Some(scale) = scale.or(ones.as_ref()) else { unreachable!("one of them is there") };
    let affine = Affine { weight: scale, bias: shift };
    Arc::new(Norm::fixed(affine)?).apply(x, Some(affine), epilogue, Parts::Affine)
}

/// Normalises `x [n, h, w, c]` by given statistics, `eps` added to the variance: inference, or a frozen layer.
///
/// # Errors
/// Where channels differ or a tensor is not float32.
pub fn batch_norm_fixed(x: &Value, affine: Affine, statistics: &ChannelStatistics, eps: f64, epilogue: Epilogue) -> Result<Value> {
    let inverse = statistics.variance.detach().shift(eps)?.sqrt()?.reciprocal()?;
    let scale = affine.weight.mul(&inverse)?;
    let shift = affine.bias.sub(&scale.mul(&statistics.mean.detach())?)?;
    scale_shift(x, Some(&scale), &shift, epilogue)
}
