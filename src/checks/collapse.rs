//! Synthetic images that are much more alike than real ones (mode collapse), as `memorisation` found it by their pixels and
//! `generative-quality` by their features. Independent of extractors.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::records::{MemorisationRow, QualityRow, Table};

/// The part of the variety of real images below which synthetic ones are said to be alike, where it is not known how much that varies
/// from set to set.
const LITTLE: f64 = 0.5;
/// Fewer images of either kind tell nothing of their variety.
const FEW: usize = 20;

/// Classes whose synthetic images vary little.
pub(super) fn alike(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let input = stage.input("synthetic")?;
        let of_pixels = look.record::<Table<MemorisationRow>>(id, "summary").map(|table| by_pixels(&table.rows));
        let of_features = || look.record::<Table<QualityRow>>(id, "figures").map(|table| by_features(&table.rows));
        let found = of_pixels.or_else(of_features)?;
        let (message, images) = found.first()?.clone();
        Some(CheckResult {
            stage: id,
            at: input.span,
            label: "much alike".into(),
            message,
            notes: found.iter().skip(1).take(2).map(|(also, _)| also.clone()).collect(),
            help: "look at the synthetic images; train the generator again with another seed, for fewer steps, or on more images",
            count: images as u64,
            unit: "images",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// Classes whose synthetic images are more alike by MS-SSIM than 19 of 20 further sets of training images would be; or, where there are too few patients for
/// such sets, differ from each other less than half as much.
fn by_pixels(rows: &[MemorisationRow]) -> Vec<(String, usize)> {
    let of = |row: &MemorisationRow| {
        let (value, baseline) = (row.value?, row.baseline?);
        let is_alike = value > row.limit.unwrap_or(1.0 - LITTLE * (1.0 - baseline)) && row.synthetic.min(row.training) >= FEW;
        let usual = row.limit.map_or(String::new(), |limit| format!("; of further sets of them, one in twenty exceeds {limit:.3}"));
        let said = || format!("synthetic images of `{}` are more alike (MS-SSIM {value:.3}) than training images ({baseline:.3}{usual})", row.class);
        (row.metric == "ms-ssim" && is_alike).then(|| (said(), row.synthetic))
    };
    rows.iter().filter_map(of).collect()
}

/// Classes of whose real images less than half as many as could be expected lie among synthetic ones, though most of these lie among real
/// images: a generator whose images look like no real one has another fault.
fn by_features(rows: &[QualityRow]) -> Vec<(String, usize)> {
    let of = |row: &QualityRow| {
        let precision = rows.iter().find(|other| other.metric == "precision" && (&other.extractor, &other.class) == (&row.extractor, &row.class))?;
        let part = |row: &QualityRow| Some((row.value?, row.baseline.filter(|baseline| *baseline > 0.0)?));
        let ((recall, usual), (of_precision, usual_precision)) = (part(row)?, part(precision)?);
        let is_alike = recall < LITTLE * usual && of_precision > LITTLE * usual_precision && row.synthetic.min(row.real) >= FEW;
        let said = || {
            format!(
                "synthetic images of `{}` show little of the variety of real ones by features of {}: recall {recall:.2}, and {usual:.2} of other real images",
                row.class, row.extractor
            )
        };
        (row.metric == "recall" && !row.class.is_empty() && is_alike).then(|| (said(), row.synthetic))
    };
    rows.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_alike_that_vary_less_than_sets_of_training_images() {
        let row = |value, baseline| MemorisationRow {
            metric: "ms-ssim".into(),
            class: "a".into(),
            value: Some(value),
            baseline: Some(baseline),
            training: 20,
            synthetic: 30,
            ..MemorisationRow::default()
        };
        assert_eq!(by_pixels(&[row(0.71, 0.4)]), [("synthetic images of `a` are more alike (MS-SSIM 0.710) than training images (0.400)".into(), 30)]);
        let others = [row(0.69, 0.4), row(0.2, 0.4), MemorisationRow { training: 19, ..row(0.71, 0.4) }, MemorisationRow { baseline: None, ..row(0.71, 0.4) }];
        assert!(by_pixels(&others).is_empty());
        // Where sets of training images were drawn, these decide: for little, and against much.
        let limited = |value, limit| MemorisationRow { limit: Some(limit), ..row(value, 0.4) };
        assert_eq!(
            by_pixels(&[limited(0.45, 0.44)]),
            [(
                "synthetic images of `a` are more alike (MS-SSIM 0.450) than training images (0.400; of further sets of them, one in twenty exceeds 0.440)"
                    .into(),
                30
            )]
        );
        assert!(by_pixels(&[limited(0.43, 0.44), limited(0.71, 0.75), MemorisationRow { synthetic: 19, ..limited(0.45, 0.44) }]).is_empty());
        assert!(by_pixels(&[MemorisationRow { metric: "authenticity".into(), ..row(0.71, 0.4) }]).is_empty());
    }

    #[test]
    fn recall_is_low_of_images_that_look_real() {
        let row = |metric: &str, extractor: &str, value, baseline| QualityRow {
            metric: metric.into(),
            extractor: extractor.into(),
            class: "a".into(),
            value: Some(value),
            baseline: Some(baseline),
            real: 40,
            synthetic: 30,
            ..QualityRow::default()
        };
        let of = |recall: f64, precision: f64| {
            by_features(&[row("precision", "x", precision, 0.8), row("recall", "x", recall, 0.8), row("precision", "y", 1.0, 0.8)]).len()
        };
        assert_eq!([of(0.39, 0.8), of(0.41, 0.8), of(0.39, 0.39), of(0.0, 0.0)], [1, 0, 0, 0]);
        let all = |row: QualityRow| QualityRow { class: String::new(), ..row };
        assert!(by_features(&[all(row("precision", "x", 0.8, 0.8)), all(row("recall", "x", 0.1, 0.8))]).is_empty(), "real images of other classes");
    }
}
