//! Weighted sums of places: resampling, and reading between pixels.

use super::gpu::{Gpu, count, launch};
use super::{Numbers, OnCuda, Part};
use crate::affine_grid::Sample;
use crate::resample::Resample;
use candle_core::Result;

/// The table of `kernels.cu` from the terms of each place.
fn table(places: impl ExactSizeIterator<Item = impl IntoIterator<Item = (usize, f32)>>) -> Result<Vec<u32>> {
    let (mut starts, mut terms) = (Vec::with_capacity(places.len() + 1), vec![]);
    for place in places {
        starts.push(count(terms.len() / 2)?);
        for (at, weight) in place {
            terms.extend([count(at)?, weight.to_bits()]);
        }
    }
    starts.push(count(terms.len() / 2)?);
    starts.extend(terms);
    Ok(starts)
}

impl OnCuda<1, 1> for Resample<'_> {
    fn on_cuda(&self, gpu: &Gpu, [x]: [Part; 1]) -> Result<[Numbers; 1]> {
        let [rows, columns] = self.axes;
        let n = self.n * rows.len() * columns.len() * self.c;
        let tables = [rows, columns].map(|w| table((0..w.len()).map(|place| w.of(place).iter().copied())));
        let [row_table, column_table] = tables;
        let (row_table, column_table, mut y) = (gpu.copy(&row_table?)?, gpu.copy(&column_table?)?, gpu.empty(n)?);
        launch!(gpu, "resample", n; count(rows.inputs)?, count(columns.inputs)?, count(rows.len())?, count(columns.len())?, count(self.c)?;
            &row_table, &column_table, &x => &mut y);
        Ok([y])
    }
}

impl OnCuda<1, 1> for Sample<'_> {
    fn on_cuda(&self, gpu: &Gpu, [x]: [Part; 1]) -> Result<[Numbers; 1]> {
        let terms = if self.back { self.taps.writers() } else { self.taps.readers() };
        let (pixels, table) = (terms.len(), gpu.copy(&table(terms.into_iter())?)?);
        let n = pixels * self.c;
        let mut y = gpu.empty(n)?;
        launch!(gpu, "sample", n; count(pixels)?, count(self.c)?; &table, &x => &mut y);
        Ok([y])
    }
}
