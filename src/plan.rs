//! The planner: from a study and what is known to what would run, and why. Pure: executes nothing, writes nothing.

pub mod counts;
pub mod current;
pub mod disk;
pub mod estimate;
pub mod groups;
pub mod printed;
pub mod reason;
pub mod recipe;

use crate::pipeline::Pipeline;
use crate::pipeline::model::{PerStage, StageId};
use crate::session::Session;
use current::{Current, Fault};
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::receipt::{Artifact, Outputs, Receipt};
use hilum_cache::{Error, Ledger, Recipe, Result, StageKey};
use reason::{Given, Reason};
use recipe::{Formed, StageInputs};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The decision about a stage.
pub enum Decision {
    /// It is up to date; nothing to do.
    Reuse {
        /// The key of its receipt.
        key: StageKey,
        /// What it made.
        outputs: Arc<Outputs>,
    },
    /// It will run.
    Execute {
        /// The key of its recipe.
        key: StageKey,
        /// Its recipe.
        recipe: Box<Recipe>,
        /// What it is given.
        stage_inputs: StageInputs,
        /// Why.
        reasons: Vec<Reason>,
        /// How long it took last time, in milliseconds.
        last_millis: Option<u64>,
        /// A training that was stopped: after which step it goes on.
        continues: Option<u64>,
    },
    /// Another stage has the same recipe, and runs: its result serves this one.
    Share {
        /// The key of the recipe.
        key: StageKey,
        /// That stage.
        of: StageId,
    },
    /// Another stage with the same recipe failed in this run.
    Fail {
        /// The key of the recipe.
        key: StageKey,
        /// What is wrong.
        fault: Fault,
    },
    /// What it is given is not known before other stages have run.
    Undecided {
        /// Those stages.
        waits: Vec<StageId>,
        /// Why, as far as it is known already.
        reasons: Vec<Reason>,
    },
    /// Not asked for by `--only`.
    Unwanted,
}

impl Decision {
    /// In a word.
    fn name(&self) -> &'static str {
        match self {
            Decision::Reuse { .. } => "reuse",
            Decision::Execute { .. } => "execute",
            Decision::Share { .. } => "share",
            Decision::Fail { .. } => "fail",
            Decision::Undecided { .. } => "undecided",
            Decision::Unwanted => "unwanted",
        }
    }
}

/// The decisions about all stages.
pub struct Plan {
    /// By stage.
    pub decisions: PerStage<Decision>,
    /// Recipes that are run again, whichever stage has them.
    pub forced: HashSet<StageKey>,
    /// The last receipts of the stages.
    pub past: Past,
}

impl Plan {
    /// The outputs that are known.
    pub fn known(&self) -> PerStage<Option<Arc<Outputs>>> {
        self.decisions.map(|d| if let Decision::Reuse { outputs, .. } = d { Some(outputs.clone()) } else { None })
    }
}

/// The receipt under which each stage of a study was last up to date; read only when a stage has to be explained.
#[derive(Default)]
pub struct Past(std::cell::OnceCell<HashMap<String, StageKey>>);

impl Past {
    /// The last receipt of a stage.
    pub fn receipt(&self, ledger: &Ledger, study: &str, stage: &str) -> Option<Receipt> {
        let last = self.0.get_or_init(|| ledger.last_of_study(study));
        last.get(stage).and_then(|key| ledger.find(key)).map(|(r, _)| r)
    }

    /// The last receipts of all cells that a stage ever had in the study.
    pub fn receipts_of_cells(&self, ledger: &Ledger, study: &str, base: &str) -> Vec<Receipt> {
        let last = self.0.get_or_init(|| ledger.last_of_study(study));
        let is_cell = |stage: &str| stage.strip_prefix(base).is_some_and(|cell| cell.is_empty() || cell.starts_with('/'));
        last.iter().filter(|(stage, _)| is_cell(stage)).filter_map(|(_, key)| ledger.find(key)).map(|(r, _)| r).collect()
    }
}

/// Plans a study.
///
/// # Errors
/// If the store cannot be read. Once an object was found damaged, it counts as absent: the plan is made again without it.
pub fn plan(p: &Pipeline, session: &Session) -> Result<Plan> {
    let (mut lost, mut forced) = (HashSet::new(), HashSet::new());
    loop {
        match try_plan(p, session, &forced) {
            Err(Error::Damaged(object) | Error::Missing(object)) if lost.insert(object) => session.look_again(),
            Ok(plan) => {
                // A stage that was forced may have the recipe of one before it, which seemed to be up to date.
                let is_reused = |key: &StageKey| plan.decisions.iter().any(|d| matches!(d, Decision::Reuse { key: k, .. } if k == key));
                let before = forced.len();
                forced.extend(plan.forced.iter().filter(|key| is_reused(key)).copied());
                if forced.len() == before {
                    return Ok(plan);
                }
            }
            other => return other,
        }
    }
}

fn try_plan(p: &Pipeline, session: &Session, forced: &HashSet<StageKey>) -> Result<Plan> {
    let past = Past::default();
    let mut current = Current { forced: forced.clone(), ..Current::default() };
    let mut outputs: PerStage<Option<Arc<Outputs>>> = PerStage::default();
    let mut decisions = PerStage::default();
    for id in p.stages.ids() {
        if !session.wanted[id] {
            outputs.push(None);
            decisions.push(Decision::Unwanted);
            continue;
        }
        let known = |stage: StageId, port: &str| outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        let decision = decide(p, id, &known, session, &past, &current)?;
        if let Decision::Execute { key, .. } = &decision {
            current.begun.insert(*key, id);
            if session.forced.contains(&id) {
                current.forced.insert(*key);
            }
        }
        outputs.push(match &decision {
            Decision::Reuse { outputs, .. } => Some(outputs.clone()),
            _ => None,
        });
        decisions.push(decision);
    }
    Ok(Plan { decisions, forced: current.forced, past })
}

/// Decides about one stage, given the outputs that are known and what the run has come to.
pub fn decide(
    p: &Pipeline,
    id: StageId,
    known: &dyn Fn(StageId, &str) -> Option<Artifact>,
    session: &Session,
    past: &Past,
    current: &Current,
) -> Result<Decision> {
    let decision = weigh(p, id, known, session, past, current)?;
    let (stage, what) = (p.stages[id].name.as_str(), decision.name());
    match &decision {
        Decision::Execute { key, reasons, .. } => {
            let reasons: Vec<&str> = reasons.iter().map(|r| r.why.name()).collect();
            tracing::debug!(stage, %key, ?reasons, "decided: {what}");
        }
        Decision::Reuse { key, .. } | Decision::Share { key, .. } | Decision::Fail { key, .. } => tracing::debug!(stage, %key, "decided: {what}"),
        Decision::Undecided { waits, .. } => tracing::debug!(stage, waits = waits.len(), "decided: {what}"),
        Decision::Unwanted => {}
    }
    Ok(decision)
}

fn weigh(p: &Pipeline, id: StageId, known: &dyn Fn(StageId, &str) -> Option<Artifact>, session: &Session, past: &Past, current: &Current) -> Result<Decision> {
    let stage = &p.stages[id];
    let engines: Vec<Option<&str>> = if recipe::has_engine(stage) { session.engines.iter().map(|e| Some(e.as_str())).collect() } else { vec![None] };
    let forced = |key: &StageKey| session.forced.contains(&id) || current.forced.contains(key);
    let mut wanted = None;
    let mut lost = None;
    for engine in engines {
        match recipe::form(p, id, known, session, engine)? {
            Formed::Waits { waits, partial } => {
                let old = past.receipt(&session.ledger, &p.study, &stage.name);
                let reasons = old.as_ref().map(|o| reason::explain(p, stage, &partial, &o.recipe, &Given { known, lookups: &[] }, session)).unwrap_or_default();
                return Ok(Decision::Undecided { waits, reasons });
            }
            Formed::Whole(recipe, stage_inputs) => {
                let key = recipe.key();
                if let Some(decision) = decided_by_another(p, id, &key, session, current)? {
                    return Ok(decision);
                }
                if !forced(&key)
                    && let Some(outputs) = session.ledger.outputs(&key)
                {
                    if session.has_intact(&outputs) {
                        return Ok(Decision::Reuse { key, outputs });
                    }
                    lost = session.ledger.find(&key).map(|f| f.0);
                }
                wanted.get_or_insert((recipe, stage_inputs, key));
            }
        }
    }
    let (recipe, stage_inputs, key) = wanted.expect("BUG: at least one engine");
    let old = past.receipt(&session.ledger, &p.study, &stage.name);
    let reasons = match (&old, &lost) {
        _ if forced(&key) => vec![Reason::forced()],
        (_, Some(_)) => vec![Reason::lost()],
        (Some(old), _) => reason::explain(p, stage, &recipe, &old.recipe, &Given { known, lookups: &stage_inputs.lookups }, session),
        (None, _) => vec![Reason::first()],
    };
    let last_millis = old.or(lost).map(|o| o.millis);
    let continues = Checkpoints::of(&session.store, &key).step();
    Ok(Decision::Execute { key, recipe: Box::new(recipe), stage_inputs, reasons, last_millis, continues })
}

/// What follows from another stage of this run with the same recipe.
fn decided_by_another(p: &Pipeline, id: StageId, key: &StageKey, session: &Session, current: &Current) -> Result<Option<Decision>> {
    if let Some((_, outputs)) = current.made.get(key)
        && session.has_intact(outputs)
    {
        return Ok(Some(Decision::Reuse { key: *key, outputs: outputs.clone() }));
    }
    if let Some((of, fault)) = current.failed.get(key) {
        let message = format!("same recipe as `{}`, which failed: {}", p.stages[*of].name, fault.message);
        return Ok(Some(Decision::Fail { key: *key, fault: Fault { message, help: fault.help.clone() } }));
    }
    Ok(current.begun.get(key).filter(|of| **of != id).map(|of| Decision::Share { key: *key, of: *of }))
}
