//! Normalisation of `[n, h, w, c]`, fused with the addition and rectifier that follow: batch norm (Ioffe & Szegedy 2015),
//! instance norm (Ulyanov et al. 2016), layer norm (Ba et al. 2016), and a fixed scale and shift per channel.
//!
//! Batch norm refuses a second order; instance and layer norm compute theirs from their parts.

mod composed;
pub(crate) mod jobs;

use crate::activation::sloped;
use crate::after::{After, Rectifier};
use crate::backend::{compute, several};
use crate::cpu::norm::Cut;
use crate::tape::{Step, Value, is_recording};
use candle_core::{DType, Result, Tensor, bail};
use jobs::{Affine, Measure, Prepare, Slope, Sums};
use std::sync::Arc;

/// Statistics of one batch, `[c]` each, detached.
pub struct BatchStatistics {
    /// Mean per channel.
    pub mean: Tensor,
    /// Unbiased variance per channel (divided by count − 1), as running statistics use it.
    pub variance: Tensor,
}

/// How a divisor is made of a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Divisor {
    /// `√(variance + eps)`.
    Usual(f64),
    /// `√variance + eps`, as keras-contrib's `InstanceNormalization`.
    Outside(f64),
}

impl Divisor {
    /// The divisor and `1 / (σ · divisor)`, by which it follows the numbers.
    pub(crate) fn of(self, variance: f64) -> (f64, f64) {
        match self {
            Divisor::Usual(eps) => ((variance + eps).sqrt(), 1.0 / (variance + eps)),
            Divisor::Outside(eps) => {
                let root = variance.sqrt();
                // Not `max`, which would make a number of NaN.
                let above = if root < 1e-12 { 1e-12 } else { root };
                (root + eps, 1.0 / (above * (root + eps)))
            }
        }
    }
}

/// Normalises `x [n, h, w, c]` by the statistics of the batch (biased variance), then scales by `weight [c]` and adds `bias [c]`.
///
/// # Errors
/// Where channels differ, there is no image, or a tensor is not float32. Of a single value per channel nothing is left but the bias, as in Keras; PyTorch
/// refuses it.
pub fn batch_norm(x: &Value, weight: &Value, bias: &Value, eps: f64, after: After) -> Result<(Value, BatchStatistics)> {
    let (_, _, _, c) = x.dims4()?;
    let cut = Cut { groups: 1, c, together: false };
    let (norm, unbiased) = Norm::of("batch_norm", x, cut, Some((weight, bias)), Divisor::Usual(eps))?;
    let batch = BatchStatistics { mean: norm.mean.reshape(c)?, variance: unbiased.reshape(c)? };
    Ok((Arc::new(norm).apply(x, Some((weight, bias)), after, Parts::Unknown)?, batch))
}

/// Normalises each map of each sample of `x [n, h, w, c]` by its own statistics; `affine` is weight and bias, `[c]` each.
///
/// # Errors
/// Where channels differ, there is no image, or a tensor is not float32.
pub fn instance_norm(x: &Value, affine: Option<(&Value, &Value)>, divisor: Divisor, after: After) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    own("instance_norm", x, Cut { groups: n, c, together: false }, affine, divisor, after)
}

/// Normalises each sample of `x [n, h, w, c]` as a whole; `affine` is weight and bias, `[c]` or `[1]` each.
///
/// # Errors
/// Where channels differ, there is no image, or a tensor is not float32.
pub fn layer_norm(x: &Value, affine: Option<(&Value, &Value)>, divisor: Divisor, after: After) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    own("layer_norm", x, Cut { groups: n, c, together: true }, affine, divisor, after)
}

fn own(name: &str, x: &Value, cut: Cut, affine: Option<(&Value, &Value)>, divisor: Divisor, after: After) -> Result<Value> {
    let (norm, _) = Norm::of(name, x, cut, affine, divisor)?;
    Arc::new(norm).apply(x, affine, after, Parts::Norm(cut, divisor))
}

/// `rectifier(scale · x + shift + add)` for `x […, c]` and `shift [c]`, `scale [c]`: inference of a batch norm, a bias.
///
/// # Errors
/// Where channels differ or a tensor is not float32.
pub fn scale_shift(x: &Value, scale: Option<&Value>, shift: &Value, after: After) -> Result<Value> {
    let c = shift.elem_count();
    if x.dims().last() != Some(&c) || scale.is_some_and(|s| s.elem_count() != c) {
        bail!("a shift of {c} channels for {:?}", x.dims());
    }
    if scale.is_none() && after.add.is_none() && after.rectifier == Rectifier::Identity {
        return x.add(shift);
    }
    let ones = match scale {
        Some(_) => None,
        None => Some(Value::constant(Tensor::ones(c, DType::F32, x.data().device())?)),
    };
    let Some(scale) = scale.or(ones.as_ref()) else { unreachable!("one of them is there") };
    Arc::new(Norm::fixed(scale, shift)?).apply(x, Some((scale, shift)), after, Parts::Affine)
}

/// Normalises `x [n, h, w, c]` by given statistics: inference, or a frozen layer.
///
/// # Errors
/// Where channels differ or a tensor is not float32.
pub fn batch_norm_fixed(x: &Value, weight: &Value, bias: &Value, mean: &Tensor, variance: &Tensor, eps: f64, after: After) -> Result<Value> {
    let inverse = Value::constant(variance.clone()).shift(eps)?.sqrt()?.reciprocal()?;
    let scale = weight.mul(&inverse)?;
    let shift = bias.sub(&scale.mul(&Value::constant(mean.clone()))?)?;
    scale_shift(x, Some(&scale), &shift, after)
}

/// What a norm is composed of where its gradient is differentiated.
#[derive(Clone, Copy)]
enum Parts {
    Norm(Cut, Divisor),
    Affine,
    Unknown,
}

/// The numbers of a norm, `[groups, c]` each.
struct Norm {
    cut: Cut,
    mean: Tensor,
    inverse: Tensor,
    /// Zero where scale and shift do not follow from the numbers that they are applied to.
    curvature: Tensor,
    weight: Tensor,
    scale: Tensor,
    shift: Tensor,
    /// True where curvature is zero.
    is_fixed: bool,
}

impl Norm {
    /// The norm of `x` and the unbiased variance.
    fn of(name: &str, x: &Value, cut: Cut, affine: Option<(&Value, &Value)>, divisor: Divisor) -> Result<(Norm, Tensor)> {
        x.refuse_none(name, "image")?;
        let numbers = || (cut.groups, cut.c).into();
        let [mean, inverse, curvature, unbiased] = several(&Measure { cut, divisor }, [x.data()], [numbers(), numbers(), numbers(), numbers()])?;
        let (weight, bias) = match affine {
            Some((w, b)) => (w.data().clone(), b.data().clone()),
            None => (Tensor::ones(1, DType::F32, x.data().device())?, Tensor::zeros(1, DType::F32, x.data().device())?),
        };
        for numbers in [&weight, &bias] {
            if ![1, cut.c].contains(&numbers.elem_count()) {
                bail!("a norm of {} channels with {} scales or shifts", cut.c, numbers.elem_count());
            }
        }
        let [weight, scale, shift] = several(&Prepare, [&mean, &inverse, &weight, &bias], [numbers(), numbers(), numbers()])?;
        Ok((Norm { cut, mean, inverse, curvature, weight, scale, shift, is_fixed: false }, unbiased))
    }

    /// A scale and a shift that follow from nothing.
    fn fixed(scale: &Value, shift: &Value) -> Result<Norm> {
        let cut = Cut { groups: 1, c: shift.elem_count(), together: false };
        let (zeros, ones) = (shift.data().zeros_like()?, shift.data().ones_like()?);
        let (scale, shift) = (scale.data().clone(), shift.data().clone());
        Ok(Norm { cut, mean: zeros.clone(), inverse: ones, curvature: zeros, weight: scale.clone(), scale, shift, is_fixed: true })
    }

    fn apply(self: Arc<Self>, x: &Value, wb: Option<(&Value, &Value)>, after: After, parts: Parts) -> Result<Value> {
        let slope = after.rectifier.slope();
        let job = Affine { cut: self.cut, slope };
        let y = match after.add {
            None => compute(&job, [x.data(), &self.scale, &self.shift], x.dims())?,
            Some(add) if add.dims() == x.dims() => compute(&job, [x.data(), add.data(), &self.scale, &self.shift], x.dims())?,
            Some(add) => bail!("{:?} cannot be added to {:?}", add.dims(), x.dims()),
        };
        // With something added, only the result tells what was rectified.
        let kept_y = (after.add.is_some() && slope != 1.0).then(|| y.clone());
        let inputs: Vec<Value> = std::iter::once(x).chain(wb.iter().flat_map(|(w, b)| [*w, *b])).chain(after.add).cloned().collect();
        let kept = (x.clone(), wb.map(|(w, b)| (w.clone(), b.clone())));
        let (has_wb, has_add, rectifier) = (wb.is_some(), after.add.is_some(), after.rectifier);
        Ok(Value::record(y, &inputs.iter().collect::<Vec<_>>(), move |s| {
            let of_add = |i: usize, y: Option<&Tensor>| match y {
                Some(y) => s.by(i, || sloped(s.gradient, y, slope)),
                None => s.by(i, || Ok(s.gradient.clone())),
            };
            let mut gradients = match parts {
                Parts::Norm(..) | Parts::Affine if is_recording() && !has_add => composed::gradient(s, parts, &kept.0, kept.1.as_ref(), rectifier)?,
                _ => self.back(s, &kept.0, kept.1.as_ref(), kept_y.as_ref(), slope)?,
            };
            if has_add {
                gradients.push(of_add(if has_wb { 3 } else { 1 }, kept_y.as_ref())?);
            }
            Ok(gradients)
        }))
    }

    /// Gradients by input and, where there are, weight and bias.
    fn back(&self, s: &Step, x: &Value, wb: Option<&(Value, Value)>, y: Option<&Tensor>, slope: f32) -> Result<Vec<Option<Value>>> {
        // A second derivative is refused: of what all of these depend on.
        let last = |data: Tensor| Value::record_last("norm-gradient", data, &[s.gradient, x]);
        let (cut, g) = (self.cut, s.gradient.data());
        let weights = wb.map_or(cut.c, |(w, _)| w.elem_count());
        let by_weights = wb.is_some() && (s.wants(1) || s.wants(2));
        let numbers = || (cut.groups, cut.c).into();
        let shapes = [numbers(), numbers(), weights.into(), weights.into()];
        let [grad_mean, grad_slope, by_weight, by_bias] = if self.is_fixed && !by_weights {
            [&self.mean, &self.mean, &self.mean, &self.mean].map(Tensor::clone)
        } else {
            let job = Sums { cut, slope, weights };
            let [mean, inverse, curvature, weight, scale, shift] = [&self.mean, &self.inverse, &self.curvature, &self.weight, &self.scale, &self.shift];
            match y {
                Some(y) => several(&job, [g, x.data(), mean, inverse, curvature, weight, scale, shift, y], shapes)?,
                None => several(&job, [g, x.data(), mean, inverse, curvature, weight, scale, shift], shapes)?,
            }
        };
        let by_input = || {
            let job = Slope { cut, slope };
            let dx = match y {
                Some(y) => compute(&job, [g, x.data(), &self.mean, &self.scale, &self.shift, &grad_mean, &grad_slope, y], x.dims())?,
                None => compute(&job, [g, x.data(), &self.mean, &self.scale, &self.shift, &grad_mean, &grad_slope], x.dims())?,
            };
            Ok(last(dx))
        };
        let mut all = vec![s.by(0, by_input)?];
        if let Some((w, b)) = wb {
            all.push(s.by(1, || Ok(last(by_weight.reshape(w.dims())?)))?);
            all.push(s.by(2, || Ok(last(by_bias.reshape(b.dims())?)))?);
        }
        Ok(all)
    }
}
