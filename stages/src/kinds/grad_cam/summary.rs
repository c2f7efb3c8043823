//! Mean shares of the border and of masks over images, with intervals over patients, and what is said of them.

use crate::attention::border_area;
use crate::contract::prelude::*;
use crate::records::{Attention, AttentionSummary, Table};
use crate::statistics::bootstrap::Strata;
use crate::statistics::interval::{LEAST_PATIENTS, TooFew};
use crate::statistics::repeats::Mean;
use crate::words::counted;
use std::collections::{BTreeMap, BTreeSet};

/// The level of intervals.
const LEVEL: f64 = 0.95;
/// The mean similarity to maps of random last layers from which on maps say little about what was learnt (Adebayo et al. 2018).
const ALIKE: f64 = 0.5;

/// Means over all images and those of each label, each with both outcomes and with either.
pub(super) fn of(table: &Table<Attention>, side: usize) -> Table<AttentionSummary> {
    let labels: BTreeSet<&str> = table.rows.iter().map(|row| row.label.as_str()).collect();
    let mut rows = vec![];
    for label in std::iter::once("").chain(labels) {
        for outcome in ["", "right", "wrong"] {
            let is_of = |row: &&Attention| {
                let is_right = row.label == row.predicted;
                (label.is_empty() || row.label == label) && (outcome.is_empty() || (outcome == "right") == is_right)
            };
            let images: Vec<&Attention> = table.rows.iter().filter(is_of).collect();
            rows.push(AttentionSummary { label: label.into(), outcome: outcome.into(), border_area: Some(border_area(side)), ..mean(&images) });
        }
    }
    Table { rows }
}

/// A mean share, and its interval over patients or why there is none.
struct Share {
    value: Option<f64>,
    limits: Result<(f64, f64), String>,
    images: usize,
    patients: usize,
}

impl Share {
    /// Over the images that have one.
    fn of(images: &[&Attention], share: impl Fn(&Attention) -> Option<f64>) -> Share {
        // An image without a patient is of one of its own.
        let mut of_patient: BTreeMap<(&str, Option<usize>), (f64, f64)> = BTreeMap::new();
        for (at, (row, share)) in images.iter().filter_map(|row| Some((row, share(row)?))).enumerate() {
            let sums = of_patient.entry((row.patient.as_str(), row.patient.is_empty().then_some(at))).or_default();
            *sums = (sums.0 + share, sums.1 + 1.0);
        }
        let sums: Vec<(f64, f64)> = of_patient.into_values().collect();
        let patients = sums.len();
        let value = |weights: &[f64]| {
            let add = |of: fn(&(f64, f64)) -> f64| sums.iter().zip(weights).map(|(sums, weight)| of(sums) * weight).sum::<f64>();
            let images = add(|sums| sums.1);
            (images > 0.0).then(|| add(|sums| sums.0) / images)
        };
        let ones = vec![1.0; patients];
        let limits = || {
            let (value, error) = Strata::of(&vec![0; patients]).with_error(&ones, value)?;
            Mean { value, error, freedom: patients as f64 - 1.0 }.interval_within_0_and_1(LEVEL)
        };
        let limits = if patients < LEAST_PATIENTS {
            Err(if patients == 0 { "there are no images".into() } else { TooFew::Patients(patients).to_string() })
        } else {
            limits().ok_or_else(|| "all patients have the same share".to_owned())
        };
        Share { value: value(&ones), limits, images: sums.iter().map(|sums| sums.1 as usize).sum(), patients }
    }
    fn low(&self) -> Option<f64> {
        self.limits.as_ref().ok().map(|limits| limits.0)
    }
    fn high(&self) -> Option<f64> {
        self.limits.as_ref().ok().map(|limits| limits.1)
    }
}

/// The means over images whose map is not zero everywhere.
fn mean(images: &[&Attention]) -> AttentionSummary {
    let border = Share::of(images, |row| row.border);
    let in_mask = Share::of(images, |row| row.in_mask);
    let area = Share::of(images, |row| row.mask_area.filter(|_| row.in_mask.is_some()));
    let alike: Vec<f64> = images.iter().filter_map(|row| row.randomised_ssim).collect();
    AttentionSummary {
        border: border.value,
        low: border.low(),
        high: border.high(),
        images: border.images,
        patients: border.patients,
        empty_maps: images.len() - border.images,
        in_mask: in_mask.value,
        in_mask_low: in_mask.low(),
        in_mask_high: in_mask.high(),
        mask_area: area.value,
        masked: in_mask.images,
        randomised_ssim: (!alike.is_empty()).then(|| alike.iter().sum::<f64>() / alike.len() as f64),
        reason: border.limits.err().unwrap_or_default(),
        ..AttentionSummary::default()
    }
}

/// A summary and a table without what is said of maps, which are too coarse, and why; how many images have a map stays.
pub(super) fn withheld(summary: Table<AttentionSummary>, table: &mut Table<Attention>, why: &str) -> Table<AttentionSummary> {
    for row in &mut table.rows {
        *row = Attention { border: None, in_mask: None, x: None, y: None, randomised_ssim: None, ..row.clone() };
    }
    let of = |row: AttentionSummary| AttentionSummary {
        border: None,
        low: None,
        high: None,
        in_mask: None,
        in_mask_low: None,
        in_mask_high: None,
        randomised_ssim: None,
        reason: why.to_owned(),
        ..row
    };
    Table { rows: summary.rows.into_iter().map(of).collect() }
}

/// Says how much of maps is in the border, and whether maps say anything about what was learnt.
pub(super) fn report(summary: &Table<AttentionSummary>, table: &Table<Attention>, cx: &Context) {
    let Some(all) = summary.rows.iter().find(|row| row.label.is_empty() && row.outcome.is_empty()) else { return };
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let with_interval = |share: f64, low: Option<f64>, high: Option<f64>| {
        let interval = low.zip(high).map(|(low, high)| format!(" ({} to {})", percent(low), percent(high)));
        format!("{}{}", percent(share), interval.unwrap_or_default())
    };
    if let (Some(border), Some(area)) = (all.border, all.border_area) {
        cx.note(format!("{} of the maps' energy is in the border, which has {} of the area", with_interval(border, all.low, all.high), percent(area)));
    }
    if let (Some(in_mask), Some(area)) = (all.in_mask, all.mask_area) {
        let share = with_interval(in_mask, all.in_mask_low, all.in_mask_high);
        cx.note(format!("{share} of the maps' energy is in the masks of {}, which have {} of the area", counted(all.masked, "image", "images"), percent(area)));
    }
    let Some(alike) = all.randomised_ssim else {
        cx.note("maps were not compared with those of random last layers: no image in the figure has a map that can be compared");
        return;
    };
    let compared = table.rows.iter().filter(|row| row.randomised_ssim.is_some()).count();
    let said = format!(
        "with random weights in the last layer, {} by SSIM {alike:.2} on average",
        counted(compared, "map resembles that of the classifier", "maps resemble those of the classifier")
    );
    if alike >= ALIKE { cx.warn(format!("{said}: they show what is in the images rather than what the classifier has learnt")) } else { cx.note(said) }
}
