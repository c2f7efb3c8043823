//! Synthetic images that a simple classifier tells from real ones by their features, as `generative-quality` found it. Independent of
//! extractors.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::records::{QualityRow, Table};

/// The area under the ROC curve above which images are said to be told apart, as for a number of an image.
const TOLD: f64 = 0.8;
/// How many standard errors it lies above 0.5 before it is said.
const APART: f64 = 3.0;

/// Classes whose synthetic images are told from the real ones.
pub(super) fn by_features(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let input = stage.input("synthetic")?;
        let figures = look.record::<Table<QualityRow>>(id, "figures")?;
        let strong = strong(&figures.rows);
        let (first, area) = strong.first()?;
        let also = |(row, area): &(&QualityRow, f64)| format!("also those of `{}` by features of {} (AUROC {area:.2})", row.class, row.extractor);
        Some(CheckResult {
            stage: id,
            at: input.span,
            label: "told from real images".into(),
            message: format!(
                "a linear classifier tells synthetic from real images of `{}` by features of {} (AUROC {area:.2}): a network may learn that in place of the class, if one class has more synthetic images than another",
                first.class, first.extractor
            ),
            notes: strong.iter().skip(1).take(2).map(also).collect(),
            help: "look at the synthetic images; train the generator longer, or pass the other classes through a generator, too (`reconstruct`)",
            count: first.synthetic as u64,
            unit: "images",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// The figures of classes that are told apart, the largest first. Those of all images are not asked: real images of other classes would
/// tell them.
fn strong(rows: &[QualityRow]) -> Vec<(&QualityRow, f64)> {
    let is_told = |row: &&QualityRow| {
        let (real, synthetic) = (row.real as f64, row.synthetic as f64);
        // That of the rank statistic where nothing tells the sets apart (Mann & Whitney 1947).
        let error = ((real + synthetic + 1.0) / (12.0 * real * synthetic)).sqrt();
        row.metric == "c2st" && !row.class.is_empty() && row.value.is_some_and(|area| area > TOLD && area - 0.5 > APART * error)
    };
    let mut strong: Vec<(&QualityRow, f64)> = rows.iter().filter(is_told).filter_map(|row| Some((row, row.value?))).collect();
    strong.sort_by(|a, b| b.1.total_cmp(&a.1));
    strong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_large_and_not_by_chance() {
        let row = |class: &str, value: f64, real: usize, synthetic: usize| QualityRow {
            metric: "c2st".into(),
            class: class.into(),
            value: Some(value),
            real,
            synthetic,
            ..QualityRow::default()
        };
        let rows = [row("a", 0.81, 50, 50), row("b", 0.79, 5000, 5000), row("", 1.0, 50, 50), row("c", 0.9, 50, 50)];
        assert_eq!(strong(&rows).iter().map(|(row, area)| (row.class.as_str(), *area)).collect::<Vec<_>>(), [("c", 0.9), ("a", 0.81)]);
        // Of six images each, three standard errors are 3 sqrt(13 / 432) = 0.52: nothing can be said. Of seven, they are 0.48.
        assert!(strong(&[row("a", 1.0, 6, 6)]).is_empty());
        assert_eq!(strong(&[row("a", 1.0, 7, 7)]).len(), 1);
        assert!(strong(&[QualityRow { metric: "recall".into(), ..rows[3].clone() }, QualityRow { value: None, ..rows[3].clone() }]).is_empty());
    }
}
