//! Maps whose rows and columns are each weighted sums of other rows and columns: up-sampling, padding, filters.
//! Linear, so that the way back is the transposed weights, to any order.

use crate::backend::{Job, compute};
use crate::cpu::resample::{Weights, rows_and_columns};
use crate::tape::Value;
use candle_core::{Result, bail};
use std::sync::Arc;

/// What to do with rows and columns, and the same backwards.
#[derive(Clone)]
pub(crate) struct Axes {
    there: Arc<[Weights; 2]>,
    back: Arc<[Weights; 2]>,
}

impl Axes {
    pub(crate) fn of(rows: Weights, columns: Weights) -> Axes {
        let back = [rows.transposed(), columns.transposed()];
        Axes { there: Arc::new([rows, columns]), back: Arc::new(back) }
    }
}

/// `[n, h, w, c] → [n, oh, ow, c]`.
pub(crate) fn resample(x: &Value, axes: Axes) -> Result<Value> {
    let (n, h, w, c) = x.dims4()?;
    let [rows, columns] = &*axes.there;
    if rows.inputs != h || columns.inputs != w {
        bail!("BUG: weights for {} × {} on {:?}", rows.inputs, columns.inputs, x.dims());
    }
    let job = Resample { axes: &axes.there, n, c };
    let data = compute(&job, [x.data()], (n, rows.len(), columns.len(), c))?;
    let back = Axes { there: axes.back, back: axes.there.clone() };
    Ok(Value::record(data, &[x], move |s| Ok(vec![s.by(0, || resample(s.gradient, back.clone()))?])))
}

/// Rows and columns, for `n` samples of `c` channels.
pub(crate) struct Resample<'a> {
    pub(crate) axes: &'a [Weights; 2],
    pub(crate) n: usize,
    pub(crate) c: usize,
}

impl Job<1, 1> for Resample<'_> {
    fn name(&self) -> &'static str {
        "resample"
    }
    fn on_cpu(&self, [x]: [&[f32]; 1]) -> [Vec<f32>; 1] {
        let [rows, columns] = self.axes;
        [rows_and_columns(rows, columns, x, self.n, self.c)]
    }
}
