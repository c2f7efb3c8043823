//! Pictures as artifacts: a name with SVG and PNG bytes, and the table behind it where there is one.

use super::sample::write;
use crate::contract::prelude::*;

/// One or more files that show something.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// Files by name, such as `umap.svg`.
    pub files: Vec<(String, Vec<u8>)>,
}

impl OutputType for Figure {
    const TYPE: &'static str = "figure";
    fn save(&self, folder: &Path) -> Result<()> {
        self.files.iter().try_for_each(|(name, bytes)| write(&folder.join(name), bytes))
    }
}

/// A sheet of square films, `columns` to a row, with a margin of two pixels between them.
pub fn sheet(films: &[Vec<u8>], side: usize, columns: usize) -> Result<Vec<u8>> {
    let columns = columns.min(films.len()).max(1);
    let rows = films.len().div_ceil(columns).max(1);
    let (width, height) = (columns * (side + 2) + 2, rows * (side + 2) + 2);
    let mut canvas = vec![24u8; width * height];
    for (i, film) in films.iter().enumerate() {
        let (left, top) = (2 + i % columns * (side + 2), 2 + i / columns * (side + 2));
        for (row, line) in film.chunks_exact(side).enumerate() {
            canvas[(top + row) * width + left..][..side].copy_from_slice(line);
        }
    }
    super::png::encode(&canvas, width as u32, height as u32, &[])
}
