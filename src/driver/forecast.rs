//! What follows from a plan, for people: stages in groups, the time and the disk that they may take. Independent of how it is said:
//! `text` knows.

use super::Study;
use crate::plan::Plan;
use crate::plan::disk::{self, Need};
use crate::plan::estimate::Estimate;
use crate::plan::groups::{self, Group, Totals};
use crate::session::Session;

/// What follows from a plan.
pub struct Forecast {
    /// Stages with a common status.
    pub groups: Vec<Group>,
    /// How many stages have each status.
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
}
