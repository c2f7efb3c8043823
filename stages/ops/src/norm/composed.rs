//! Instance norm, layer norm and a scale with a shift from sums and products, for gradients of gradients.

use super::{Kept, Parts};
use crate::activation::rectified;
use crate::epilogue::Rectifier;
use crate::primitive::norm::Divisor;
use crate::tape::{Step, Value};
use candle_core::{Result, bail};

/// Gradients with respect to `x` and, where there are, weight and bias, which can be differentiated.
pub(super) fn gradient(s: &Step, parts: Parts, x: &Value, affine: Option<&Kept>, rectifier: Rectifier) -> Result<Vec<Option<Value>>> {
    // The bias may have come from the weight: each gets its own part of the gradient.
    let (x, affine) = (&x.alias(), affine.map(|a| Kept { weight: a.weight.alias(), bias: a.bias.alias() }));
    let y = forward(parts, x, affine.as_ref(), rectifier)?;
    let inputs: Vec<&Value> = std::iter::once(x).chain(affine.iter().flat_map(|a| [&a.weight, &a.bias])).filter(|v| v.is_tracked()).collect();
    let mut found = y.mul(s.gradient)?.sum()?.gradients(&inputs)?.into_iter();
    let mut next = |v: &Value| if v.is_tracked() { found.next() } else { None };
    let mut all = vec![next(x)];
    if let Some(Kept { weight, bias }) = &affine {
        all.extend([next(weight), next(bias)]);
    }
    Ok(all)
}

fn forward(parts: Parts, x: &Value, affine: Option<&Kept>, rectifier: Rectifier) -> Result<Value> {
    let mut y = match parts {
        Parts::Norm(cut, divisor) => {
            let (n, _, _, c) = x.dims4()?;
            let kept = [n, 1, 1, if cut.together { 1 } else { c }];
            let centred = x.sub(&x.mean_to(&kept)?)?;
            let variance = centred.square()?.mean_to(&kept)?;
            let by = match divisor {
                Divisor::EpsInside(eps) => variance.shift(eps)?.sqrt()?,
                Divisor::EpsOutside(eps) => variance.sqrt()?.shift(eps)?,
            };
            centred.mul(&by.reciprocal()?)?
        }
        Parts::Affine => x.clone(),
        Parts::Unknown => bail!("this norm has no second derivative"),
    };
    if let Some(Kept { weight, bias }) = affine {
        y = y.mul(weight)?.add(bias)?;
    }
    rectified(&y, rectifier)
}
