//! Single numbers of images that tell the classes of a training set apart, as the training found them. Independent of what the network
//! has learned.

use super::{CheckInput, CheckResult};
use crate::pipeline::model::{Stage, StageId};
use hilum_stages::records::{ShortcutRow, Table};

/// The area under the ROC curve above which a number is said to tell a class.
const TOLD: f64 = 0.8;

/// Trainings whose classes, or whose synthetic images, are told by one number.
pub(super) fn simple(look: &CheckInput) -> Vec<CheckResult> {
    let of = |(id, stage): (StageId, &Stage)| {
        let input = stage.input("samples")?;
        let rows = look.record::<Table<ShortcutRow>>(id, "shortcuts")?.rows;
        let strong = |told: &str| {
            let mut strong: Vec<&ShortcutRow> = rows.iter().filter(|r| r.told == told && r.strength() > TOLD).collect();
            strong.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
            strong
        };
        let finding = |told: &str, others: &str, learned: &str, help: &'static str| {
            let strong = strong(told);
            let first = strong.first()?;
            let also = |row: &&ShortcutRow| format!("also by its {}: AUROC {:.2} for `{}`", row.feature, row.strength(), row.class);
            Some(CheckResult {
                stage: id,
                at: input.span,
                label: format!("told by the {}", first.feature),
                message: format!("the {} alone tells {} (AUROC {:.2}): {learned}", first.feature, others.replace("CLASS", &first.class), first.strength()),
                notes: strong.iter().skip(1).take(2).map(also).collect(),
                help,
                count: strong.len() as u64,
                unit: "features",
                path: vec![],
            })
        };
        let of_class = finding(
            "class",
            "`CLASS` from the other classes",
            "a network may learn it in place of the finding",
            "prepare the images of all sources alike, and test on a source that was not trained on",
        );
        let of_synthetic = finding(
            "synthetic",
            "synthetic from real images of `CLASS`",
            "a network may learn it in place of the class, if one class has more synthetic images than another",
            "look at the synthetic images; train the generator longer, or pass the other classes through a generator, too (`reconstruct`)",
        );
        Some(of_class.into_iter().chain(of_synthetic).collect::<Vec<_>>())
    };
    look.p.stages.pairs().filter_map(of).flatten().collect()
}
