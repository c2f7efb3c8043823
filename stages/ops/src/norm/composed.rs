//! Instance norm, layer norm and a scale with a shift from sums and products, for gradients of gradients.

use super::{Divisor, Parts};
use crate::after::Rectifier;
use crate::tape::{Step, Value};
use crate::{leaky_relu, relu};
use candle_core::{Result, bail};

/// Gradients by `x` and, where there are, weight and bias, which can be differentiated.
pub(super) fn gradient(s: &Step, parts: Parts, x: &Value, wb: Option<&(Value, Value)>, rectifier: Rectifier) -> Result<Vec<Option<Value>>> {
    // Shift may have come from scale: each gets its own part of the gradient.
    let (x, wb) = (&x.alias(), wb.map(|(w, b)| (w.alias(), b.alias())));
    let y = forward(parts, x, wb.as_ref(), rectifier)?;
    let inputs: Vec<&Value> = std::iter::once(x).chain(wb.iter().flat_map(|(w, b)| [w, b])).filter(|v| v.is_tracked()).collect();
    let mut found = y.mul(s.gradient)?.sum()?.gradients(&inputs)?.into_iter();
    let mut next = |v: &Value| if v.is_tracked() { found.next() } else { None };
    let mut all = vec![next(x)];
    if let Some((w, b)) = &wb {
        all.extend([next(w), next(b)]);
    }
    Ok(all)
}

fn forward(parts: Parts, x: &Value, wb: Option<&(Value, Value)>, rectifier: Rectifier) -> Result<Value> {
    let mut y = match parts {
        Parts::Norm(cut, divisor) => {
            let (n, _, _, c) = x.dims4()?;
            let kept = [n, 1, 1, if cut.together { 1 } else { c }];
            let centred = x.sub(&x.mean_to(&kept)?)?;
            let variance = centred.square()?.mean_to(&kept)?;
            let by = match divisor {
                Divisor::Usual(eps) => variance.shift(eps)?.sqrt()?,
                Divisor::Outside(eps) => variance.sqrt()?.shift(eps)?,
            };
            centred.mul(&by.reciprocal()?)?
        }
        Parts::Affine => x.clone(),
        Parts::Unknown => bail!("this norm has no second derivative"),
    };
    if let Some((w, b)) = wb {
        y = y.mul(w)?.add(b)?;
    }
    match rectifier {
        Rectifier::Identity => Ok(y),
        Rectifier::Relu => relu(&y),
        Rectifier::Leaky(slope) => leaky_relu(&y, slope),
    }
}
