//! Images side by side. They are shown as they are and drawn from no record, so that a sheet is no row of the table of
//! figures.

use crate::contract::prelude::*;
use crate::data::png;

/// The name of the sheet that shows how a generator's images changed during its training.
pub const GRID: &str = "grid";

/// A sheet of square images, `columns` to a row, with a margin of two pixels between them, as PNG.
///
/// # Errors
/// Where it cannot be encoded.
pub fn sheet(images: &[Vec<u8>], side: usize, columns: usize) -> Result<Vec<u8>> {
    let columns = columns.min(images.len()).max(1);
    let rows = images.len().div_ceil(columns).max(1);
    let (width, height) = (columns * (side + 2) + 2, rows * (side + 2) + 2);
    let mut canvas = vec![24u8; width * height];
    for (i, image) in images.iter().enumerate() {
        let (left, top) = (2 + i % columns * (side + 2), 2 + i / columns * (side + 2));
        for (row, line) in image.chunks_exact(side).enumerate() {
            canvas[(top + row) * width + left..][..side].copy_from_slice(line);
        }
    }
    png::encode(&canvas, width as u32, height as u32, &[])
}
