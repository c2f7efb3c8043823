//! Weighted sums of pixels: resampling, and reading between pixels.

use super::gpu::{Gpu, count, launch};
use super::{Array, OnCuda, View};
use crate::cpu::resample::Axes;
use crate::primitive::grid::Sample;
use crate::primitive::resample::Resample;
use candle_core::Result;

/// The table of `kernels.cu` of where terms begin and of the terms.
fn table(starts: &[usize], terms: &[(usize, f32)]) -> Result<Vec<u32>> {
    let mut table = Vec::with_capacity(starts.len() + 2 * terms.len());
    for start in starts {
        table.push(count(*start)?);
    }
    for (at, weight) in terms {
        table.extend([count(*at)?, weight.to_bits()]);
    }
    Ok(table)
}

impl OnCuda<1, 1> for Resample<'_> {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let Axes { rows, columns } = self.axes;
        let n = self.n * rows.len() * columns.len() * self.c;
        let [row_table, column_table] = [rows, columns].map(|w| table(w.parts().0, w.parts().1));
        let (row_table, column_table, mut y) = (gpu.copy(&row_table?)?, gpu.copy(&column_table?)?, gpu.empty(n)?);
        launch!(gpu, "resample", n; count(rows.inputs)?, count(columns.inputs)?, count(rows.len())?, count(columns.len())?, count(self.c)?;
            &row_table, &column_table, &x => &mut y);
        Ok([y])
    }
}

impl OnCuda<1, 1> for Sample<'_> {
    fn on_cuda(&self, gpu: &Gpu, [x]: [View; 1]) -> Result<[Array; 1]> {
        let (starts, terms) = if self.transposed { self.taps.writers() } else { self.taps.readers() };
        let (pixels, table) = (starts.len() - 1, gpu.copy(&table(&starts, &terms)?)?);
        let n = pixels * self.c;
        let mut y = gpu.empty(n)?;
        launch!(gpu, "sample", n; count(pixels)?, count(self.c)?; &table, &x => &mut y);
        Ok([y])
    }
}
