//! Where in images a classifier finds a class: one row for each image, and means over images.

use super::{Row, cells};
use hilum_cache::Digest;
use serde::{Deserialize, Serialize};

/// Where in an image a classifier finds a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attention {
    /// The image.
    pub image: Digest,
    /// The token of its patient.
    pub patient: String,
    /// Its label.
    pub label: String,
    /// The class with the largest probability, whatever the threshold of an evaluation.
    pub predicted: String,
    /// The class that its map explains.
    pub class: String,
    /// The probability of that class.
    #[serde(with = "cells::full")]
    pub probability: Option<f64>,
    /// The share of the map's energy in the border of the image; none of a map that is zero everywhere or has fewer than 4 × 4 cells, as with
    /// all that follows.
    #[serde(with = "cells")]
    pub border: Option<f64>,
    /// The share of the image's area that the border has.
    #[serde(with = "cells")]
    pub border_area: Option<f64>,
    /// The share of the map's energy in the mask of the image, such as in the lungs; none without a mask.
    #[serde(with = "cells", default)]
    pub in_mask: Option<f64>,
    /// The share of the image's area that the mask has.
    #[serde(with = "cells", default)]
    pub mask_area: Option<f64>,
    /// The centre of mass, from 0 at the left to 1 at the right.
    #[serde(with = "cells")]
    pub x: Option<f64>,
    /// The centre of mass, from 0 at the top to 1 at the bottom.
    #[serde(with = "cells")]
    pub y: Option<f64>,
    /// How much the map resembles those of the same network with random numbers in place of its last layer's weights (mean structural
    /// similarity); only of images that the figure shows.
    #[serde(with = "cells")]
    pub randomised_ssim: Option<f64>,
}

impl Row for Attention {
    const RECORD: &'static str = "attention";
    const COLUMNS: &'static [&'static str] =
        &["image", "patient", "label", "predicted", "class", "probability", "border", "border-area", "in-mask", "mask-area", "x", "y", "randomised-ssim"];
    const LATER: &'static [&'static str] = &["in-mask", "mask-area"];
}

/// The mean shares of the border and of masks over images.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AttentionSummary {
    /// Their label, or empty for all.
    pub label: String,
    /// `right` for those whose label has the largest probability, `wrong` for the others; empty for both.
    pub outcome: String,
    /// The mean share of a map's energy in the border.
    #[serde(with = "cells::full")]
    pub border: Option<f64>,
    /// The lower limit of its interval at 95 % over patients.
    #[serde(with = "cells::full")]
    pub low: Option<f64>,
    /// The upper limit.
    #[serde(with = "cells::full")]
    pub high: Option<f64>,
    /// The share of the image's area that the border has.
    #[serde(with = "cells::full")]
    pub border_area: Option<f64>,
    /// Images with a map that is not zero everywhere.
    pub images: usize,
    /// Their patients.
    pub patients: usize,
    /// Images whose map is zero everywhere.
    pub empty_maps: usize,
    /// The mean share of a map's energy in the image's mask, over the images that have both.
    #[serde(with = "cells::full", default)]
    pub in_mask: Option<f64>,
    /// The lower limit of its interval at 95 % over patients.
    #[serde(with = "cells::full", default)]
    pub in_mask_low: Option<f64>,
    /// The upper limit.
    #[serde(with = "cells::full", default)]
    pub in_mask_high: Option<f64>,
    /// The mean share of the area that these masks have.
    #[serde(with = "cells::full", default)]
    pub mask_area: Option<f64>,
    /// Images that the means over masks are of.
    #[serde(default)]
    pub masked: usize,
    /// The mean of `randomised-ssim` over those of them that the figure shows.
    #[serde(with = "cells::full")]
    pub randomised_ssim: Option<f64>,
    /// Why there is no interval, or no share at all.
    pub reason: String,
}

impl Row for AttentionSummary {
    const RECORD: &'static str = "attention-summary";
    const COLUMNS: &'static [&'static str] = &[
        "label",
        "outcome",
        "border",
        "low",
        "high",
        "border-area",
        "images",
        "patients",
        "empty-maps",
        "in-mask",
        "in-mask-low",
        "in-mask-high",
        "mask-area",
        "masked",
        "randomised-ssim",
        "reason",
    ];
    const LATER: &'static [&'static str] = &["in-mask", "in-mask-low", "in-mask-high", "mask-area", "masked"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::tests::{is_sound, without};
    use crate::records::{Record, Table};

    #[test]
    fn rows_of_images_and_of_means_read_back_and_a_missing_column_is_named() {
        let row = Attention {
            image: Digest::of(b"x"),
            patient: "t:1".into(),
            label: "covid, mild".into(),
            predicted: "normal".into(),
            class: "normal".into(),
            probability: Some(0.1 + 0.2),
            border: Some(0.25),
            border_area: Some(0.4375),
            in_mask: Some(0.75),
            mask_area: Some(0.25),
            x: Some(0.5),
            y: Some(0.25),
            randomised_ssim: None,
        };
        let rows = [row.clone(), Attention { border: None, in_mask: None, x: None, y: None, randomised_ssim: Some(-0.125), ..row }];
        is_sound(&rows);
        assert_eq!(without(&Table { rows: rows.to_vec() }, "border-area"), "the table `attention` has no column `border-area`");
        let all = AttentionSummary { border: Some(0.3), low: Some(0.2), high: Some(0.4), images: 9, patients: 5, ..AttentionSummary::default() };
        let few = AttentionSummary { outcome: "wrong".into(), empty_maps: 2, reason: "few, too few".into(), ..AttentionSummary::default() };
        let masked = AttentionSummary { in_mask: Some(1.0 / 3.0), in_mask_low: Some(0.25), in_mask_high: Some(0.5), masked: 4, ..all.clone() };
        is_sound(&[all.clone(), few, masked]);
        let older = b"label,outcome,border,low,high,border-area,images,patients,empty-maps,randomised-ssim,reason\n,,0.3,0.2,0.4,,9,5,0,,\n";
        assert_eq!(Table::<AttentionSummary>::read(older).unwrap().rows, std::slice::from_ref(&all), "tables of older programs have no masks");
        assert_eq!(without(&Table { rows: vec![all] }, "outcome"), "the table `attention-summary` has no column `outcome`");
    }
}
