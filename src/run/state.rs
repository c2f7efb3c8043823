//! The states of stages. Every stage is in exactly one of them; `set` is the only way from one to another.
//!
//! ```text
//! Waiting ──→ Ready ──→ Running ──→ Executed
//!    │          │  └──→ Elsewhere ──→ Ready (or Reused)
//!    │          └─────→ Reused
//!    ├──→ Reused        Running ──→ Failed, Ready (retried)
//!    ├──→ Failed        Ready ──→ Failed
//!    └──→ Skipped
//! ```
//! A stage with the recipe of another that is ready or runs waits for it as it waits for its inputs.

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
    /// Another process computes it.
    Elsewhere,
    /// Under way here.
    Running,
    /// Its receipt stands.
    Reused,
    /// Carried out in this run.
    Executed,
    /// Did not finish.
    Failed,
    /// Below a failure.
    Skipped,
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
        use State::*;
        let from = self.0[id];
        let allowed = matches!(
            (from, to),
            (Waiting, Ready | Reused | Skipped | Failed)
                | (Ready, Running | Elsewhere | Reused | Failed)
                | (Elsewhere, Ready | Reused)
                | (Running, Executed | Failed | Ready)
                // A damaged input sends a stage back, and the one that makes the input with it.
                | (Reused | Executed | Ready | Failed | Elsewhere | Skipped, Waiting)
        );
        assert!(allowed, "BUG: {id:?} cannot go from {from:?} to {to:?}");
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

    #[test]
    fn a_stage_goes_its_way() {
        let mut s = States::new(&PerStage::from_iter([true, false]));
        for to in [State::Ready, State::Running, State::Executed] {
            s.set(StageId::test(0), to);
        }
        assert_eq!((s.count(State::Executed), s.all(State::Unwanted)), (1, vec![StageId::test(1)]));
    }

    #[test]
    fn nothing_runs_that_is_not_ready() {
        let refused = std::panic::catch_unwind(|| States::new(&PerStage::repeat(true, 1)).set(StageId::test(0), State::Running));
        assert!(refused.is_err());
    }
}
