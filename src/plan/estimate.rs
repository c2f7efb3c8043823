//! How long a plan may take, from how long its stages took before. The times are added up: how many stages run side by side is
//! not foreseen.

use super::groups::{Group, Status};
use super::{Decision, Plan};
use crate::pipeline::model::StageId;
use crate::pipeline::{Pipeline, Stage};
use hilum_cache::{Ledger, Receipt};
use hilum_stages::contract::fit::NotWritten;
use hilum_stages::contract::stage::Effort;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Times that stages are expected to take.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Milliseconds by stage, of stages that will or may run and whose time is known.
    by_stage: HashMap<StageId, u64>,
    /// Milliseconds of the stages that will run, those with an estimate.
    pub will_run: u64,
    /// Milliseconds of the pending ones on top, those with an estimate; they may turn out to be up to date.
    pub pending: u64,
    /// How many of both have no estimate.
    pub unknown: usize,
}

impl Estimate {
    /// For a plan in groups: a stage takes what it took last time, or else what other cells of it took on average; in proportion,
    /// if it then had less or more to do.
    pub fn of(p: &Pipeline, plan: &Plan, groups: &[Group], ledger: &Ledger) -> Estimate {
        let mut of_cells: HashMap<(&str, Option<Effort>), Option<u64>> = HashMap::new();
        let mut out = Estimate::default();
        for group in groups.iter().filter(|g| matches!(g.status, Status::WillRun | Status::Pending)) {
            for id in &group.stages {
                let stage = &p.stages[*id];
                let last = plan.past.receipt(ledger, &p.study, &stage.name).map(|receipt| expected(stage, &receipt));
                let others = || {
                    *of_cells.entry((group.base.as_str(), stage.stage.effort())).or_insert_with(|| {
                        let receipts = plan.past.receipts_of_cells(ledger, &p.study, &group.base);
                        mean(&receipts.iter().map(|receipt| expected(stage, receipt)).collect::<Vec<_>>())
                    })
                };
                let done = if let Decision::Execute { continues: Some(step), .. } = &plan.decisions[*id] { *step } else { 0 };
                out.add(*id, group.status, last.or_else(others).map(|millis| rest(millis, done, stage.stage.effort())));
            }
        }
        out
    }

    fn add(&mut self, id: StageId, status: Status, millis: Option<u64>) {
        let Some(millis) = millis else {
            self.unknown += 1;
            return;
        };
        self.by_stage.insert(id, millis);
        let sum = if status == Status::WillRun { &mut self.will_run } else { &mut self.pending };
        *sum = sum.saturating_add(millis);
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({ "will_run_millis": self.will_run, "pending_millis": self.pending, "unknown": self.unknown })
    }

    /// Milliseconds of these stages together; none if nothing is known of any.
    pub fn together(&self, stages: &[StageId]) -> Option<u64> {
        let known: Vec<u64> = stages.iter().filter_map(|id| self.by_stage.get(id).copied()).collect();
        known.iter().copied().reduce(u64::saturating_add)
    }
}

/// What is left of this many milliseconds for a training that resumes after a step.
fn rest(millis: u64, done: u64, effort: Option<Effort>) -> u64 {
    match effort {
        Some(Effort::Steps(all)) if all > 0 => (millis as f64 * all.saturating_sub(done) as f64 / all as f64).round() as u64,
        _ => millis,
    }
}

/// Milliseconds that a stage may take after it, or another cell of it, took what a receipt says.
fn expected(stage: &Stage, receipt: &Receipt) -> u64 {
    let before = || (stage.kind.decode)(receipt.recipe.parameters.clone(), &NotWritten).ok()?.effort();
    let times = stage.stage.effort().and_then(|now| now.times(before()?)).unwrap_or(1.0);
    (receipt.millis as f64 * times).round() as u64
}

fn mean(times: &[u64]) -> Option<u64> {
    times.iter().copied().reduce(u64::saturating_add).map(|sum| sum / times.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_added_up_and_what_is_unknown_is_counted() {
        let mut e = Estimate::default();
        for (id, status, millis) in [
            (0, Status::WillRun, Some(1000)),
            (1, Status::WillRun, Some(500)),
            (2, Status::WillRun, None),
            (3, Status::Pending, Some(70)),
            (4, Status::Pending, None),
        ] {
            e.add(StageId::test(id), status, millis);
        }
        assert_eq!((e.will_run, e.pending, e.unknown), (1500, 70, 2));
        let together = |ids: &[usize]| e.together(&ids.iter().map(|n| StageId::test(*n)).collect::<Vec<_>>());
        assert_eq!((together(&[0, 1, 2]), together(&[2, 4]), together(&[])), (Some(1500), None, None));
    }

    #[test]
    fn what_a_checkpoint_has_is_not_computed_again() {
        assert_eq!((rest(1000, 0, Some(Effort::Steps(50))), rest(1000, 40, Some(Effort::Steps(50)))), (1000, 200));
        assert_eq!((rest(1000, 60, Some(Effort::Steps(50))), rest(1000, 40, Some(Effort::Epochs(50))), rest(1000, 40, None)), (0, 1000, 1000));
    }

    #[test]
    fn other_cells_give_their_mean() {
        assert_eq!((mean(&[]), mean(&[7]), mean(&[10, 20, 60])), (None, Some(7), Some(30)));
    }
}
