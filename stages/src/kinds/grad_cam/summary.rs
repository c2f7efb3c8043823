//! Mean shares of the border over images, with intervals over patients, and what is said of them.

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

/// The mean over images whose map is not zero everywhere.
fn mean(images: &[&Attention]) -> AttentionSummary {
    // An image without a patient is of one of its own.
    let mut of_patient: BTreeMap<(&str, Option<usize>), (f64, f64)> = BTreeMap::new();
    for (at, (row, border)) in images.iter().filter_map(|row| Some((row, row.border?))).enumerate() {
        let sums = of_patient.entry((row.patient.as_str(), row.patient.is_empty().then_some(at))).or_default();
        *sums = (sums.0 + border, sums.1 + 1.0);
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
    let with_map = images.iter().filter(|row| row.border.is_some()).count();
    let alike: Vec<f64> = images.iter().filter_map(|row| row.randomised_ssim).collect();
    AttentionSummary {
        border: value(&ones),
        low: limits.as_ref().ok().map(|limits| limits.0),
        high: limits.as_ref().ok().map(|limits| limits.1),
        images: with_map,
        patients,
        empty_maps: images.len() - with_map,
        randomised_ssim: (!alike.is_empty()).then(|| alike.iter().sum::<f64>() / alike.len() as f64),
        reason: limits.err().unwrap_or_default(),
        ..AttentionSummary::default()
    }
}

/// Says how much of maps is in the border, and whether maps say anything about what was learnt.
pub(super) fn report(summary: &Table<AttentionSummary>, table: &Table<Attention>, cx: &Context) {
    let Some(all) = summary.rows.iter().find(|row| row.label.is_empty() && row.outcome.is_empty()) else { return };
    if let (Some(border), Some(area)) = (all.border, all.border_area) {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let interval = all.low.zip(all.high).map(|(low, high)| format!(" ({} to {})", percent(low), percent(high))).unwrap_or_default();
        cx.note(format!("{}{interval} of the maps' energy is in the border, which has {} of the area", percent(border), percent(area)));
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
