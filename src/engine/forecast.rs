//! What follows from a plan, for people: stages in groups, the time and the disk that they may take. `text` lays it out in lines.

use super::{Study, text};
use crate::plan::Plan;
use crate::plan::disk::{self, Need};
use crate::plan::estimate::Estimate;
use crate::plan::groups::{self, Group, Totals};
use crate::run::event::Event;
use crate::session::Session;

/// What follows from a plan.
pub struct Forecast {
    /// Stages with a common fate.
    pub groups: Vec<Group>,
    /// How many stages have each fate.
    pub totals: Totals,
    /// How long they may take.
    pub estimate: Estimate,
    /// What they may store.
    pub need: Need,
    /// Free bytes where the store lies, where the system says so.
    pub free: Option<u64>,
}

impl Forecast {
    /// For a plan of a study.
    pub fn of(study: &Study, session: &Session, plan: &Plan) -> Forecast {
        let p = &study.pipeline;
        let groups = groups::of(p, plan, p.stages.ids());
        let estimate = Estimate::of(p, plan, &groups, &session.ledger);
        let need = disk::need(p, plan, &groups, session);
        Forecast { totals: Totals::of(&groups), estimate, need, free: hilum_cache::disk::free(&study.workspace.store), groups }
    }

    /// How a run begins.
    pub(super) fn event(&self, study: &Study, plan: &Plan) -> Event {
        // Where nothing is up to date yet, a line for each stage says nothing that is not expected.
        let lines = if self.totals.up_to_date == 0 { text::sums(self).collect() } else { text::lines(&study.pipeline, plan, self) };
        Event::Planned { lines, totals: self.totals.to_json(), estimate: self.estimate.to_json() }
    }

    /// What to say where the store needs more than is free.
    pub fn shortage(&self, study: &Study) -> Option<String> {
        text::shortage(&self.need, self.free?, &study.workspace.store.display().to_string())
    }
}
