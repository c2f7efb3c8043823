//! Cells of one stage that share a status for like reasons, as one group. Independent of how a group is worded.

use super::{Decision, Plan};
use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What becomes of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its result is there.
    UpToDate,
    /// It will run.
    WillRun,
    /// Whether it runs is known once others have run.
    Pending,
    /// It takes the result of another stage with its recipe.
    Shared,
    /// It is known to fail.
    Failed,
    /// It waits for a stage that is known to fail.
    Skipped,
}

/// Cells of one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The stage without a cell.
    pub base: String,
    /// What becomes of them.
    pub status: Status,
    /// The cells, in the order of the study; at least one.
    pub stages: Vec<StageId>,
    /// How many cells the stage has, those that are not wanted included.
    pub of: usize,
}

impl Group {
    /// What its cells, and perhaps others, have in common: `classifier/arm=real`.
    pub fn name(&self, p: &Pipeline) -> String {
        let names: Vec<&str> = self.stages.iter().map(|id| p.stages[*id].name.as_str()).collect();
        if self.stages.len() == self.of && self.of > 1 { self.base.clone() } else { common(&names) }
    }
}

/// The parts that names between `/` have in common, in the order of the first.
fn common(names: &[&str]) -> String {
    let Some((first, others)) = names.split_first() else { return String::new() };
    let in_all = |part: &&str| others.iter().all(|name| name.split('/').any(|p| p == *part));
    first.split('/').filter(in_all).collect::<Vec<_>>().join("/")
}

/// How many stages have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All that are wanted.
    pub stages: usize,
    /// Their results are there.
    pub up_to_date: usize,
    /// They run.
    pub will_run: usize,
    /// They may run.
    pub pending: usize,
    /// They take the result of others.
    pub shared: usize,
    /// They fail.
    pub failed: usize,
    /// They wait for a stage that fails.
    pub skipped: usize,
}

impl Totals {
    /// Counts over groups.
    pub fn of(groups: &[Group]) -> Totals {
        let mut totals = Totals::default();
        for group in groups {
            let count = match group.status {
                Status::UpToDate => &mut totals.up_to_date,
                Status::WillRun => &mut totals.will_run,
                Status::Pending => &mut totals.pending,
                Status::Shared => &mut totals.shared,
                Status::Failed => &mut totals.failed,
                Status::Skipped => &mut totals.skipped,
            };
            *count += group.stages.len();
            totals.stages += group.stages.len();
        }
        totals
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "stages": self.stages,
            "up_to_date": self.up_to_date,
            "will_run": self.will_run,
            "pending": self.pending,
            "shared": self.shared,
            "failed": self.failed,
            "skipped": self.skipped,
        })
    }
}

/// The stages that a plan speaks of, all of them or some, in groups by the order of their first members.
pub fn of(p: &Pipeline, plan: &Plan, stages: impl IntoIterator<Item = StageId>) -> Vec<Group> {
    let mut cells: HashMap<&str, usize> = HashMap::new();
    p.stages.iter().for_each(|s| *cells.entry(s.base.as_str()).or_default() += 1);
    let likes = stages.into_iter().filter_map(|id| {
        let (status, like) = likeness(p, plan, id)?;
        Some((id, p.stages[id].base.as_str(), status, like))
    });
    gather(likes).into_iter().map(|(base, status, stages)| Group { base: base.to_owned(), status, stages, of: cells[base] }).collect()
}

fn gather<'a>(likes: impl IntoIterator<Item = (StageId, &'a str, Status, Vec<String>)>) -> Vec<(&'a str, Status, Vec<StageId>)> {
    let mut at = HashMap::new();
    let mut out: Vec<(&str, Status, Vec<StageId>)> = vec![];
    for (id, base, status, like) in likes {
        let at = *at.entry((base, status, like)).or_insert_with(|| {
            out.push((base, status, vec![]));
            out.len() - 1
        });
        out[at].2.push(id);
    }
    out
}

/// What becomes of a stage, and what must be equal for another cell to be like it.
fn likeness(p: &Pipeline, plan: &Plan, id: StageId) -> Option<(Status, Vec<String>)> {
    let bases = |stages: &[StageId]| {
        let mut bases: Vec<String> = stages.iter().map(|s| p.stages[*s].base.clone()).collect();
        bases.sort_unstable();
        bases.dedup();
        bases
    };
    Some(match &plan.decisions[id] {
        Decision::Unwanted => return None,
        Decision::Reuse { .. } => (Status::UpToDate, vec![]),
        Decision::Execute { reasons, continues, .. } => {
            (Status::WillRun, reasons.iter().map(|r| r.say_of_cells(p)).chain(continues.map(|step| step.to_string())).collect())
        }
        Decision::Share { of, .. } => (Status::Shared, bases(&[*of])),
        Decision::Fail { fault, .. } => (Status::Failed, vec![fault.message.clone()]),
        Decision::Undecided { waits, reasons, .. } => match failing(plan, waits) {
            Some(failing) => (Status::Skipped, bases(&[failing])),
            None => (Status::Pending, reasons.iter().map(|r| r.say_of_cells(p)).chain(bases(waits)).collect()),
        },
    })
}

/// The stage of these that is known to fail.
pub fn failing(plan: &Plan, waits: &[StageId]) -> Option<StageId> {
    waits.iter().copied().find(|w| matches!(plan.decisions[*w], Decision::Fail { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_like_reasons_are_one_group() {
        let why = |text: &str| vec![text.to_owned()];
        let likes = [
            (0, "images", Status::UpToDate, vec![]),
            (1, "classifier", Status::WillRun, why("steps 160 → 170")),
            (2, "classifier", Status::WillRun, why("not cached")),
            (3, "classifier", Status::WillRun, why("steps 160 → 170")),
            (4, "classifier", Status::UpToDate, vec![]),
            (5, "scores", Status::WillRun, why("steps 160 → 170")),
        ];
        let groups = gather(likes.map(|(id, base, status, like)| (StageId::test(id), base, status, like)));
        let expected = [
            ("images", Status::UpToDate, vec![0]),
            ("classifier", Status::WillRun, vec![1, 3]),
            ("classifier", Status::WillRun, vec![2]),
            ("classifier", Status::UpToDate, vec![4]),
            ("scores", Status::WillRun, vec![5]),
        ]
        .map(|(base, status, stages): (_, _, Vec<usize>)| (base, status, stages.into_iter().map(StageId::test).collect()));
        assert_eq!(groups, expected);
        let groups: Vec<Group> = groups.into_iter().map(|(base, status, stages)| Group { base: base.into(), status, of: stages.len(), stages }).collect();
        assert_eq!(Totals::of(&groups), Totals { stages: 6, up_to_date: 2, will_run: 4, ..Totals::default() });
    }

    #[test]
    fn a_group_is_called_by_what_its_cells_share() {
        assert_eq!(common(&["c/arm=real/repeat=0", "c/arm=real/repeat=1"]), "c/arm=real");
        assert_eq!(common(&["c/arm=a/repeat=0", "c/arm=b/repeat=0"]), "c/repeat=0");
        assert_eq!(common(&["c/arm=a/repeat=0"]), "c/arm=a/repeat=0");
        assert_eq!(common(&["c/arm=a/repeat=0", "c/arm=b/repeat=1"]), "c");
    }

    #[test]
    fn a_group_of_all_cells_is_called_by_their_stage() {
        let p = crate::language::study(
            "study: s\nseed: 1\nstages:\n  images:\n    stage: phantoms\n    matrix: { arm: [a, b], repeat: [0, 1] }\n    with: { classes: { covid: { images: 2 } } }\n",
        );
        let ids = |stages: &[usize]| stages.iter().map(|n| StageId::test(*n)).collect();
        let group = |stages: &[usize]| Group { base: "images".into(), status: Status::WillRun, stages: ids(stages), of: 4 }.name(&p);
        assert_eq!(p.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>()[1], "images/arm=a/repeat=1");
        assert_eq!(group(&[0, 1, 2, 3]), "images");
        assert_eq!(group(&[0, 1]), "images/arm=a");
        assert_eq!(group(&[2]), "images/arm=b/repeat=0");
        // Cells without a value in common are called by their stage, too, and how many they are is said beside it.
        assert_eq!(group(&[0, 3]), "images");
    }

    #[test]
    fn every_fate_is_counted_once() {
        let statuses = [Status::UpToDate, Status::WillRun, Status::Pending, Status::Shared, Status::Failed, Status::Skipped];
        let groups: Vec<Group> =
            statuses.iter().zip(1..).map(|(status, n)| Group { base: "c".into(), status: *status, stages: vec![StageId::test(0); n], of: n }).collect();
        let expected = Totals { stages: 21, up_to_date: 1, will_run: 2, pending: 3, shared: 4, failed: 5, skipped: 6 };
        assert_eq!(Totals::of(&groups), expected);
    }
}
