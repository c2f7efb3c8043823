//! The states of stages. Every stage is in exactly one of them; `set` is the only way from one to another.
//!
//! `docs/design/run-loop.md` draws them and says what moves a stage on; a test compares the two. A stage with the recipe of another
//! that is ready or runs waits for it as it waits for its inputs.

use crate::pipeline::model::{PerStage, StageId};

/// The state of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not asked for.
    Unwanted,
    /// Inputs are missing.
    Waiting,
    /// All inputs are there; its recipe has no usable receipt.
    Ready,
    /// Ready, but another process computed its key at the last turn.
    Elsewhere,
    /// Under way here.
    Running,
    /// It has a valid receipt.
    Reused,
    /// Carried out in this run.
    Executed,
    /// Did not finish.
    Failed,
    /// Below a failure.
    Skipped,
}

impl State {
    /// True if a stage in this state may come to that one.
    fn may_become(self, to: State) -> bool {
        use State::*;
        matches!(
            (self, to),
            (Waiting, Ready | Reused | Skipped | Failed)
                | (Ready, Running | Elsewhere | Waiting | Failed)
                | (Elsewhere, Ready)
                | (Running, Executed | Failed | Ready | Waiting)
                // What it made is damaged or missing.
                | (Reused | Executed, Waiting)
        )
    }
}

/// The states of all stages.
pub struct States(PerStage<State>);

impl States {
    /// All stages waiting, those not wanted aside.
    pub fn new(wanted: &PerStage<bool>) -> Self {
        States(wanted.map(|w| if *w { State::Waiting } else { State::Unwanted }))
    }
    /// The state of a stage.
    pub fn get(&self, id: StageId) -> State {
        self.0[id]
    }
    /// Moves a stage on.
    ///
    /// # Panics
    /// Where there is no such way: a fault of the scheduler.
    pub fn set(&mut self, id: StageId, to: State) {
        let from = self.0[id];
        assert!(from.may_become(to), "BUG: {id:?} cannot go from {from:?} to {to:?}");
        self.0[id] = to;
    }
    /// How many stages are in a state.
    pub fn count(&self, state: State) -> usize {
        self.0.iter().filter(|s| **s == state).count()
    }
    /// The stages in a state.
    pub fn all(&self, state: State) -> Vec<StageId> {
        self.0.ids().filter(|i| self.0[*i] == state).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_stage_goes_its_way() {
        let mut s = States::new(&PerStage::from_iter([true, false]));
        for to in [State::Ready, State::Running, State::Executed] {
            s.set(StageId::test(0), to);
        }
        assert_eq!((s.count(State::Executed), s.all(State::Unwanted)), (1, vec![StageId::test(1)]));
    }

    /// The drawing has these transitions, and no others.
    #[test]
    fn the_page_draws_every_transition() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/design/run-loop.md")).unwrap();
        let drawing = page.split("stateDiagram-v2").nth(1).unwrap().split("```").next().unwrap();
        let arrow = |line: &str| line.split_once(" --> ").map(|(from, to)| (from.trim().to_owned(), to.split(" :").next().unwrap().trim().to_owned()));
        let drawn: BTreeSet<(String, String)> = drawing.lines().filter_map(arrow).filter(|(from, _)| from != "[*]").collect();
        use State::*;
        let all = [Unwanted, Waiting, Ready, Elsewhere, Running, Reused, Executed, Failed, Skipped];
        let pairs = all.into_iter().flat_map(|from| all.into_iter().map(move |to| (from, to)));
        let allowed: BTreeSet<(String, String)> =
            pairs.filter(|(from, to)| from.may_become(*to)).map(|(from, to)| (format!("{from:?}"), format!("{to:?}"))).collect();
        assert_eq!(drawn, allowed);
    }

    #[test]
    fn nothing_runs_that_is_not_ready() {
        let refused = std::panic::catch_unwind(|| States::new(&PerStage::repeat(true, 1)).set(StageId::test(0), State::Running));
        assert!(refused.is_err());
    }
}
