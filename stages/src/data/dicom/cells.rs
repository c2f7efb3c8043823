//! Samples as a coding gives them, before it is known which of their bits count, and what a header says of them.

use super::header::Header;

/// Samples of a frame.
pub(super) struct Cells {
    /// One plane for each sample of a pixel; the luminance alone where colours are not needed.
    pub(super) planes: Vec<Vec<u16>>,
    /// The decoder made red, green and blue of them.
    pub(super) is_rgb: bool,
}

pub(super) const LESS: &str = "the DICOM file contains less data than its header declares";
pub(super) const MORE: &str = "the DICOM file contains more data than its header declares";
pub(super) const OTHER_SIZE: &str = "the DICOM file's pixels have another size than its header declares";
pub(super) const MORE_BITS: &str = "the DICOM file's values have more bits than its header declares";

impl Header {
    /// Pixels of a frame.
    pub(super) fn pixels_of_frame(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns)
    }
    /// The lowest and the highest value that can be stored.
    pub(super) fn range(&self) -> (i32, i32) {
        let values = 1i32 << self.bits_stored;
        if self.is_signed { (-values / 2, values / 2 - 1) } else { (0, values - 1) }
    }
    /// The value in the bits of a cell from `lowest` on that are stored.
    pub(super) fn value_of(&self, cell: u16, lowest: u32) -> i32 {
        let unused = 32 - self.bits_stored;
        let bits = (u32::from(cell) >> lowest) << unused;
        if self.is_signed { bits.cast_signed() >> unused } else { (bits >> unused).cast_signed() }
    }
}
