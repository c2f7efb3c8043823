//! Normalisation of `[n, h, w, c]`, fused with the addition and rectifier that follow: batch norm (Ioffe & Szegedy 2015),
//! instance norm (Ulyanov et al. 2016), layer norm (Ba et al. 2016), and a fixed scale and shift per channel.
//!
//! Batch norm refuses a second order; instance and layer norm compute theirs from their parts.

mod composed;

use crate::activation::sloped;
use crate::after::{After, Rectifier};
use crate::backend::{on_cpu, read};
use crate::cpu::norm::{Cut, Normed, affine, norm_gradient, statistics};
use crate::tape::{Step, Value, is_recording};
use candle_core::{Result, Tensor, bail};
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
    fn of(self, variance: f64) -> (f64, f64) {
        match self {
            Divisor::Usual(eps) => ((variance + eps).sqrt(), 1.0 / (variance + eps)),
            Divisor::Outside(eps) => (variance.sqrt() + eps, 1.0 / (variance.sqrt().max(1e-12) * (variance.sqrt() + eps))),
        }
    }
}

/// Normalises `x [n, h, w, c]` by the statistics of the batch (biased variance), then scales by `weight [c]` and adds `bias [c]`.
///
/// # Errors
/// Where channels differ, there is but one value per channel, or a tensor is not float32 on the CPU.
pub fn batch_norm(x: &Value, weight: &Value, bias: &Value, eps: f64, after: After) -> Result<(Value, BatchStatistics)> {
    let (n, h, w, c) = x.dims4()?;
    if n * h * w < 2 {
        bail!("batch norm needs more than one value per channel, found {:?}", x.dims());
    }
    let cut = Cut { groups: 1, c, together: false };
    let norm = Arc::new(Norm::of(x, cut, Some((weight, bias)), Divisor::Usual(eps))?);
    let count = (n * h * w) as f64;
    let unbiased: Vec<f32> = norm.variance.iter().map(|v| (v * count / (count - 1.0)) as f32).collect();
    let device = x.data().device();
    let batch = BatchStatistics { mean: Tensor::from_slice(&norm.mean, c, device)?, variance: Tensor::from_vec(unbiased, c, device)? };
    Ok((norm.apply(x, Some((weight, bias)), after, Parts::Unknown)?, batch))
}

/// Normalises each map of each sample of `x [n, h, w, c]` by its own statistics; `affine` is weight and bias, `[c]` each.
///
/// # Errors
/// Where channels differ or a tensor is not float32 on the CPU.
pub fn instance_norm(x: &Value, affine: Option<(&Value, &Value)>, divisor: Divisor, after: After) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    own(x, Cut { groups: n, c, together: false }, affine, divisor, after)
}

/// Normalises each sample of `x [n, h, w, c]` as a whole; `affine` is weight and bias, `[c]` or `[1]` each.
///
/// # Errors
/// Where channels differ or a tensor is not float32 on the CPU.
pub fn layer_norm(x: &Value, affine: Option<(&Value, &Value)>, divisor: Divisor, after: After) -> Result<Value> {
    let (n, _, _, c) = x.dims4()?;
    own(x, Cut { groups: n, c, together: true }, affine, divisor, after)
}

fn own(x: &Value, cut: Cut, affine: Option<(&Value, &Value)>, divisor: Divisor, after: After) -> Result<Value> {
    Arc::new(Norm::of(x, cut, affine, divisor)?).apply(x, affine, after, Parts::Norm(cut, divisor))
}

/// `rectifier(scale · x + shift + add)` for `x […, c]` and `shift [c]`, `scale [c]`: inference of a batch norm, a bias.
///
/// # Errors
/// Where channels differ or a tensor is not float32 on the CPU.
pub fn scale_shift(x: &Value, scale: Option<&Value>, shift: &Value, after: After) -> Result<Value> {
    let c = shift.elem_count();
    if x.dims().last() != Some(&c) || scale.is_some_and(|s| s.elem_count() != c) {
        bail!("a shift of {c} channels for {:?}", x.dims());
    }
    if scale.is_none() && after.add.is_none() && after.rectifier == Rectifier::Identity {
        return x.add(shift);
    }
    let ones = Value::constant(Tensor::ones(c, candle_core::DType::F32, x.data().device())?);
    let scale = scale.unwrap_or(&ones);
    Arc::new(Norm::fixed(scale, shift)?).apply(x, Some((scale, shift)), after, Parts::Affine)
}

/// Normalises `x [n, h, w, c]` by given statistics: inference, or a frozen layer.
///
/// # Errors
/// Where channels differ or a tensor is not float32 on the CPU.
pub fn batch_norm_fixed(x: &Value, weight: &Value, bias: &Value, mean: &Tensor, variance: &Tensor, eps: f64, after: After) -> Result<Value> {
    let inverse = Value::constant((variance + eps)?.sqrt()?.recip()?);
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
    mean: Vec<f32>,
    variance: Vec<f64>,
    inverse: Vec<f32>,
    curvature: Vec<f32>,
    weight: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Norm {
    fn of(x: &Value, cut: Cut, affine: Option<(&Value, &Value)>, divisor: Divisor) -> Result<Norm> {
        let (weight, bias) = match affine {
            Some((w, b)) => (spread(w, cut)?, spread(b, cut)?),
            None => (vec![1.0; cut.groups * cut.c], vec![0.0; cut.groups * cut.c]),
        };
        let (mean, variance) = read("norm", [x.data()], |[x]| statistics(x, cut))?;
        let divisors: Vec<(f64, f64)> = variance.iter().map(|v| divisor.of(*v)).collect();
        let inverse: Vec<f32> = divisors.iter().map(|d| (1.0 / d.0) as f32).collect();
        let scale: Vec<f32> = weight.iter().zip(&inverse).map(|(w, i)| w * i).collect();
        let shift = bias.iter().zip(&mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
        Ok(Norm { cut, mean, variance, inverse, curvature: divisors.iter().map(|d| d.1 as f32).collect(), weight, scale, shift })
    }

    /// A scale and a shift that follow from nothing.
    fn fixed(scale: &Value, shift: &Value) -> Result<Norm> {
        let cut = Cut { groups: 1, c: shift.elem_count(), together: false };
        let (scale, shift) = (spread(scale, cut)?, spread(shift, cut)?);
        let all = |v: f32| vec![v; cut.c];
        Ok(Norm { cut, mean: all(0.0), variance: vec![], inverse: all(1.0), curvature: all(0.0), weight: scale.clone(), scale, shift })
    }

    fn apply(self: Arc<Self>, x: &Value, wb: Option<(&Value, &Value)>, after: After, parts: Parts) -> Result<Value> {
        let (slope, Cut { groups, c, .. }) = (after.rectifier.slope(), self.cut);
        let y = match after.add {
            None => on_cpu("norm", [x.data()], x.dims(), |[x]| affine(x, None, &self.scale, &self.shift, groups, c, slope))?,
            Some(add) if add.dims() == x.dims() => {
                on_cpu("norm", [x.data(), add.data()], x.dims(), |[x, add]| affine(x, Some(add), &self.scale, &self.shift, groups, c, slope))?
            }
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
        let normed = Normed {
            cut: self.cut,
            mean: &self.mean,
            inverse: &self.inverse,
            curvature: &self.curvature,
            weight: &self.weight,
            scale: &self.scale,
            shift: &self.shift,
            slope,
        };
        let (dx, by_weight, by_bias) = match y {
            Some(y) => read("norm-gradient", [s.gradient.data(), x.data(), y], |[g, x, y]| norm_gradient(&normed, g, x, Some(y)))?,
            None => read("norm-gradient", [s.gradient.data(), x.data()], |[g, x]| norm_gradient(&normed, g, x, None))?,
        };
        // A second derivative is refused: of what all of these depend on.
        let last = |data: Tensor| Value::record_last("norm-gradient", data, &[s.gradient, x]);
        let of = |sums: Vec<f64>, like: &Value| -> Result<Value> {
            let values: Vec<f32> = gather(&sums, self.cut, like.elem_count());
            Ok(last(Tensor::from_vec(values, like.dims(), x.data().device())?))
        };
        let mut all = vec![s.by(0, || Ok(last(Tensor::from_vec(dx, x.dims(), x.data().device())?)))?];
        if let Some((w, b)) = wb {
            all.push(s.by(1, || of(by_weight, w))?);
            all.push(s.by(2, || of(by_bias, b))?);
        }
        Ok(all)
    }
}

/// Weights `[c]` or `[1]` for every group and channel.
fn spread(w: &Value, cut: Cut) -> Result<Vec<f32>> {
    let values = w.data().flatten_all()?.to_vec1::<f32>()?;
    match values.len() {
        n if n == cut.c => Ok(values.repeat(cut.groups)),
        1 => Ok(vec![values[0]; cut.groups * cut.c]),
        n => bail!("a norm of {} channels with {n} scales or shifts", cut.c),
    }
}

/// The counterpart of [`spread`].
fn gather(sums: &[f64], cut: Cut, n: usize) -> Vec<f32> {
    let of = |channel: usize| sums.iter().skip(channel).step_by(cut.c).sum::<f64>();
    let each: Vec<f64> = (0..cut.c).map(of).collect();
    if n == 1 { vec![each.iter().sum::<f64>() as f32] } else { each.iter().map(|v| *v as f32).collect() }
}
