//! A norm whose statistics are known: its result, and its gradients.

use super::{Affine, Kept, Parts, composed};
use crate::activation::rectified_gradient;
use crate::backend::{compute, compute_all};
use crate::cpu::norm::{Cut, GradientSums, InputGradientInputs, ScaleInputs, Scales, Statistics, SumInputs};
use crate::epilogue::Epilogue;
use crate::primitive::norm::{Divisor, InputGradient, Measure, Prepare, ScaleShift, SumGradients};
use crate::tape::{Step, Value, is_recording};
use candle_core::{DType, Result, Tensor, bail};
use std::sync::Arc;

/// Statistics and scales of a norm, `[groups, c]` each.
pub(super) struct Norm {
    cut: Cut,
    pub(super) mean: Tensor,
    inverse: Tensor,
    /// Zero where scale and shift do not follow from the values that they are applied to.
    curvature: Tensor,
    weight: Tensor,
    scale: Tensor,
    shift: Tensor,
    /// True where curvature is zero.
    is_fixed: bool,
}

impl Norm {
    /// The norm of `x` and the unbiased variance.
    pub(super) fn of(name: &str, x: &Value, cut: Cut, affine: Option<Affine>, divisor: Divisor) -> Result<(Norm, Tensor)> {
        x.refuse_empty(name, "image")?;
        let shape = || (cut.groups, cut.c).into();
        let Statistics { mean, inverse, curvature, unbiased } =
            compute_all(&Measure { cut, divisor }, [x.data()], [shape(), shape(), shape(), shape()])?.into();
        let (weight, bias) = match affine {
            Some(Affine { weight, bias }) => (weight.data().clone(), bias.data().clone()),
            None => (Tensor::ones(1, DType::F32, x.device())?, Tensor::zeros(1, DType::F32, x.device())?),
        };
        for parameter in [&weight, &bias] {
            if ![1, cut.c].contains(&parameter.elem_count()) {
                bail!("a norm of {} channels with {} weights or biases", cut.c, parameter.elem_count());
            }
        }
        let inputs = ScaleInputs { mean: &mean, inverse: &inverse, weight: &weight, bias: &bias };
        let Scales { weight, scale, shift } = compute_all(&Prepare, inputs.into(), [shape(), shape(), shape()])?.into();
        Ok((Norm { cut, mean, inverse, curvature, weight, scale, shift, is_fixed: false }, unbiased))
    }

    /// Given scale (the weight) and shift (the bias), whatever the values are.
    pub(super) fn fixed(affine: Affine) -> Result<Norm> {
        let (scale, shift) = (affine.weight.data().clone(), affine.bias.data().clone());
        let cut = Cut { groups: 1, c: shift.elem_count(), together: false };
        let (zeros, ones) = (shift.zeros_like()?, shift.ones_like()?);
        Ok(Norm { cut, mean: zeros.clone(), inverse: ones, curvature: zeros, weight: scale.clone(), scale, shift, is_fixed: true })
    }

    pub(super) fn apply(self: Arc<Self>, x: &Value, affine: Option<Affine>, epilogue: Epilogue, parts: Parts) -> Result<Value> {
        let slope = epilogue.rectifier.slope();
        let primitive = ScaleShift { cut: self.cut, slope };
        let y = match epilogue.add {
            None => compute(&primitive, [x.data(), &self.scale, &self.shift], x.dims())?,
            Some(add) if add.dims() == x.dims() => compute(&primitive, [x.data(), add.data(), &self.scale, &self.shift], x.dims())?,
            Some(add) => bail!("{:?} cannot be added to {:?}", add.dims(), x.dims()),
        };
        // With something added, only the result says what was rectified.
        let kept_y = (epilogue.add.is_some() && slope != 1.0).then(|| y.clone());
        let inputs: Vec<Value> = std::iter::once(x).chain(affine.iter().flat_map(|a| [a.weight, a.bias])).chain(epilogue.add).cloned().collect();
        let (kept_x, kept) = (x.clone(), affine.map(Kept::of));
        let (has_add, rectifier) = (epilogue.add.is_some(), epilogue.rectifier);
        Ok(Value::record(y, &inputs.iter().collect::<Vec<_>>(), move |s| {
            let of_add = |i: usize, y: Option<&Tensor>| match y {
                Some(y) => s.by(i, || rectified_gradient(s.gradient, y, slope)),
                None => s.by(i, || Ok(s.gradient.clone())),
            };
            let mut gradients = match parts {
                Parts::Norm(..) | Parts::Affine if is_recording() && !has_add => composed::gradient(s, parts, &kept_x, kept.as_ref(), rectifier)?,
                _ => self.gradients(s, &kept_x, kept.as_ref(), kept_y.as_ref(), slope)?,
            };
            if has_add {
                gradients.push(of_add(if kept.is_some() { 3 } else { 1 }, kept_y.as_ref())?);
            }
            Ok(gradients)
        }))
    }

    /// Gradients with respect to input and, where there are, weight and bias.
    fn gradients(&self, s: &Step, x: &Value, affine: Option<&Kept>, y: Option<&Tensor>, slope: f32) -> Result<Vec<Option<Value>>> {
        // A second derivative is refused: by what all of these depend on.
        let last = |data: Tensor| Value::record_once_differentiable("norm-gradient", data, &[s.gradient, x]);
        let (cut, g) = (self.cut, s.gradient.data());
        let GradientSums { grad_mean, grad_slope, by_weight, by_bias } = self.sums(s, x, affine, y, slope)?;
        let by_input = || {
            let primitive = InputGradient { cut, slope };
            let inputs = InputGradientInputs {
                g,
                x: x.data(),
                mean: &self.mean,
                scale: &self.scale,
                shift: &self.shift,
                grad_mean: &grad_mean,
                grad_slope: &grad_slope,
            };
            Ok(last(match y {
                Some(y) => compute(&primitive, followed_by::<_, 7, 8>(inputs.into(), y), x.dims())?,
                None => compute::<7>(&primitive, inputs.into(), x.dims())?,
            }))
        };
        let mut all = vec![s.by(0, by_input)?];
        if let Some(Kept { weight, bias }) = affine {
            all.push(s.by(1, || Ok(last(by_weight.reshape(weight.dims())?)))?);
            all.push(s.by(2, || Ok(last(by_bias.reshape(bias.dims())?)))?);
        }
        Ok(all)
    }

    /// The sums that the gradients are made of. None is computed for a fixed scale and shift whose gradients are not
    /// needed.
    fn sums(&self, s: &Step, x: &Value, affine: Option<&Kept>, y: Option<&Tensor>, slope: f32) -> Result<GradientSums<Tensor>> {
        let cut = self.cut;
        let by_parameters = affine.is_some() && (s.wants(1) || s.wants(2));
        if self.is_fixed && !by_parameters {
            return Ok([&self.mean, &self.mean, &self.mean, &self.mean].map(Tensor::clone).into());
        }
        let weights = affine.map_or(cut.c, |a| a.weight.elem_count());
        let shape = || (cut.groups, cut.c).into();
        let shapes = [shape(), shape(), weights.into(), weights.into()];
        let primitive = SumGradients { cut, slope, weights };
        let inputs = SumInputs {
            g: s.gradient.data(),
            x: x.data(),
            mean: &self.mean,
            inverse: &self.inverse,
            curvature: &self.curvature,
            weight: &self.weight,
            scale: &self.scale,
            shift: &self.shift,
        };
        Ok(match y {
            Some(y) => compute_all(&primitive, followed_by::<_, 8, 9>(inputs.into(), y), shapes)?,
            None => compute_all::<8, 4>(&primitive, inputs.into(), shapes)?,
        }
        .into())
    }
}

/// `M = N + 1` arrays: `first`, then `last`.
fn followed_by<T: Copy, const N: usize, const M: usize>(first: [T; N], last: T) -> [T; M] {
    const { assert!(M == N + 1) };
    std::array::from_fn(|i| if i < N { first[i] } else { last })
}
