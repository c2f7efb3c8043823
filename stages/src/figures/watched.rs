//! How good the images of a generator were during its training, against training images; a figure for each metric, since their
//! scales differ.

use super::curves::{Points, curves};
use super::{Draw, Drawing, Figure};
use crate::records::{Table, WatchedRow};

pub(super) const FID: Figure = Figure {
    name: "watched-fid",
    doc: "The Fréchet distance of generated images to training images over the steps of an adversarial training.",
    draw: Draw::Watched(|table, training| of(table, training, ("fid", "Fréchet distance (FID)"), AMONG)),
};

pub(super) const KID: Figure = Figure {
    name: "watched-kid",
    doc: "The kernel distance of generated images to training images over the steps of an adversarial training.",
    draw: Draw::Watched(|table, training| of(table, training, ("kid", "kernel distance (KID)"), AMONG)),
};

pub(super) const INCEPTION_SCORE: Figure = Figure {
    name: "watched-inception-score",
    doc: "The inception score of generated images, beside that of training images, over the steps of an adversarial training.",
    draw: Draw::Watched(|table, training| of(table, training, ("inception-score", "inception score"), "training images")),
};

/// The baseline of a distance: between two halves of the training images. A score has no other set, and its baseline is theirs.
const AMONG: &str = "training images among themselves";

/// None where there are no two steps to draw a line between.
fn of(table: &Table<WatchedRow>, training: &str, (metric, name): (&str, &str), beside: &str) -> Option<Drawing> {
    let rows: Vec<&WatchedRow> = table.rows.iter().filter(|row| row.metric == metric).collect();
    let points = |of: fn(&WatchedRow) -> Option<f64>| -> Points { rows.iter().filter_map(|row| Some((row.step as f64, of(row)?))).collect() };
    let (values, baseline) = (points(|row| row.value), points(|row| row.baseline));
    let extractor = &rows.first()?.extractor;
    (values.len() > 1).then(|| {
        let series = [("generated images".to_owned(), values), (beside.to_owned(), baseline)];
        let series: Vec<(String, Points)> = series.into_iter().filter(|(_, points)| !points.is_empty()).collect();
        curves(&format!("{training}: {name} by {extractor}"), "step", name, &series)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::of_watched;

    #[test]
    fn a_metric_with_values_has_a_curve_beside_that_of_real_images() {
        let row =
            |step, metric: &str, value| WatchedRow { step, metric: metric.into(), extractor: "x".into(), value, baseline: Some(0.25), ..WatchedRow::default() };
        let rows = vec![row(5, "fid", None), row(5, "kid", Some(0.5)), row(10, "fid", None), row(10, "kid", Some(0.125))];
        let drawn = |rows: &[WatchedRow]| of_watched(&Table { rows: rows.to_vec() }, "gan");
        let all = drawn(&rows);
        assert_eq!(all.iter().map(|d| d.figure.name).collect::<Vec<_>>(), ["watched-kid"]);
        assert_eq!(all[0].drawing.caption(), "gan: kernel distance (KID) by x");
        assert!(all[0].drawing.svg().contains("training images among themselves"));
        let scores = drawn(&[row(5, "inception-score", Some(1.5)), row(10, "inception-score", Some(2.0))]);
        assert!(scores[0].drawing.svg().contains(">training images<"), "a score is of one set");
        assert!(drawn(&rows[..2]).is_empty() && drawn(&[]).is_empty(), "one step is no curve");
    }
}
