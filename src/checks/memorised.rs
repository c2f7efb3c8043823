//! Synthetic images that repeat training images, as `memorisation` found them. Independent of how likeness is measured.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::records::{MemorisationRow, Table};

/// What a figure counts, the gravest first: one image, and several.
const FIGURES: [(&str, [&str; 2]); 4] = [
    ("copies", ["is a copy of a training image", "are copies of training images"]),
    ("mirrored-copies", ["is a mirrored copy of a training image", "are mirrored copies of training images"]),
    ("near-copies", ["shows a training image, though not with its very pixels", "show training images, though not with their very pixels"]),
    ("nearer", ["lies nearer to a training image than held-out images do", "lie nearer to training images than held-out images do"]),
];

/// How many standard deviations a count lies above that of as many held-out images before it is said.
const APART: f64 = 3.0;

/// Sets of synthetic images among which some repeat training images.
pub(super) fn repeated(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let input = stage.input("synthetic")?;
        let summary = look.record::<Table<MemorisationRow>>(id, "summary")?;
        let generated = &look.p.stages[input.from.first()?.stage].base;
        let found = found(&summary.rows);
        let (count, words) = found.first()?;
        let say = |count: u64, words: [&str; 2]| {
            if count == 1 { format!("1 image of `{generated}` {}", words[0]) } else { format!("{count} images of `{generated}` {}", words[1]) }
        };
        Some(CheckResult {
            stage: id,
            at: input.span,
            label: format!("{count} of these images"),
            message: say(*count, *words),
            notes: found[1..].iter().map(|(count, words)| say(*count, *words)).collect(),
            help: "look at the table `pairs` of this stage; train the generator on more images, for fewer steps, or with `augment`",
            count: *count,
            unit: "images",
            path: vec![],
        })
    };
    look.p.stages.pairs().filter_map(of).collect()
}

/// Counts that are larger than those of held-out images let expect, which no generator has copied. `nearer` is a test of its own.
fn found(rows: &[MemorisationRow]) -> Vec<(u64, [&'static str; 2])> {
    let of = |(metric, words): &(&str, [&'static str; 2])| {
        let row = rows.iter().find(|row| row.class.is_empty() && row.metric == *metric)?;
        let (count, images) = (row.value?, row.synthetic as f64);
        let share = row.baseline.filter(|_| row.held_out > 0).map_or(0.0, |baseline| (baseline / row.held_out as f64).min(1.0));
        let variance = share * (1.0 - share) * (images + images * images / row.held_out.max(1) as f64);
        (count > share * images + APART * variance.sqrt()).then_some((count as u64, *words))
    };
    FIGURES.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_compared_with_those_of_held_out_images() {
        let row = |metric: &str, value, baseline| MemorisationRow {
            metric: metric.into(),
            value: Some(value),
            baseline,
            held_out: 100,
            synthetic: 400,
            ..MemorisationRow::default()
        };
        let counts = |rows: &[MemorisationRow]| found(rows).into_iter().map(|(count, _)| count).collect::<Vec<_>>();
        assert_eq!(counts(&[row("copies", 0.0, Some(0.0)), row("nearer", 0.0, None), row("distance-ratio", 0.2, None)]), [] as [u64; 0]);
        assert_eq!(counts(&[row("nearer", 2.0, None), row("copies", 1.0, Some(0.0)), row("near-copies", 3.0, None)]), [1, 3, 2], "the gravest first");
        // A tenth of the held-out images: 40 are expected, with a standard deviation of sqrt(0.1 × 0.9 × (400 + 1600)) = 13.4.
        assert_eq!(counts(&[row("near-copies", 80.0, Some(10.0))]), [] as [u64; 0]);
        assert_eq!(counts(&[row("near-copies", 81.0, Some(10.0))]), [81]);
        let of_class = MemorisationRow { class: "a".into(), ..row("copies", 4.0, None) };
        let unknown = MemorisationRow { value: None, ..row("nearer", 0.0, None) };
        assert_eq!(counts(&[of_class, unknown]), [] as [u64; 0]);
    }
}
