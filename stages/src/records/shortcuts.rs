//! How well single numbers of images, such as their darkest pixel, tell a class from the others, or synthetic images from real ones.

use super::Row;
use serde::{Deserialize, Serialize};

/// One number of images, and how well it tells one sort of image from another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShortcutRow {
    /// `class` where real images of a class are told from those of all others; `synthetic` where its synthetic images are told
    /// from its real ones.
    pub told: String,
    /// The class.
    pub class: String,
    /// The number.
    pub feature: String,
    /// Images that are told.
    pub images: u64,
    /// Images that they are told from.
    pub others: u64,
    /// The area under the ROC curve of the number, from 0 to 1; below 0.5 where it is smaller for what is told.
    pub auroc: f64,
}

impl Row for ShortcutRow {
    const RECORD: &'static str = "shortcuts";
    const COLUMNS: &'static [&'static str] = &["told", "class", "feature", "images", "others", "auroc"];
}

impl ShortcutRow {
    /// How well it tells, whichever way round: from 0.5 to 1.
    pub fn strength(&self) -> f64 {
        self.auroc.max(1.0 - self.auroc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Table;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn shortcuts_read_back_and_a_missing_column_is_named() {
        let row = |auroc| ShortcutRow { told: "class".into(), class: "a, b".into(), feature: "darkest".into(), images: 3, others: 4, auroc };
        let rows = [row(0.125), row(1.0)];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "auroc"), "the table `shortcuts` has no column `auroc`");
        assert_eq!([rows[0].strength(), rows[1].strength()], [0.875, 1.0]);
    }
}
