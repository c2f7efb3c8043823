//! Feature maps whose rows and columns are weighted sums of other rows and columns: up-sampling, padding, filters.
//! Linear, so that the gradient is the same with transposed weights, to any order.

use crate::backend::compute;
use crate::cpu::resample::{Axes, Weights};
use crate::primitive::resample::Resample;
use crate::tape::Value;
use candle_core::{Result, bail};
use std::sync::Arc;

/// Weights of rows and columns, and those of the gradient.
#[derive(Clone)]
pub(crate) struct Resampling {
    forward: Arc<Axes>,
    backward: Arc<Axes>,
}

impl Resampling {
    pub(crate) fn of(rows: Weights, columns: Weights) -> Resampling {
        let backward = Axes { rows: rows.transposed(), columns: columns.transposed() };
        Resampling { forward: Arc::new(Axes { rows, columns }), backward: Arc::new(backward) }
    }
}

/// `[n, h, w, c] → [n, oh, ow, c]`.
pub(crate) fn resample(x: &Value, resampling: Resampling) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    let Axes { rows, columns } = &*resampling.forward;
    if rows.inputs != h || columns.inputs != w {
        bail!("BUG: weights for {} × {} on {:?}", rows.inputs, columns.inputs, x.dims());
    }
    let primitive = Resample { axes: &resampling.forward, n, c };
    let data = compute(&primitive, [x.data()], (n, rows.len(), columns.len(), c))?;
    let back = Resampling { forward: resampling.backward, backward: resampling.forward.clone() };
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || resample(s.gradient, back.clone()))?])))
}
