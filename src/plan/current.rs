//! What a plan or the run of it has come to so far, by recipe: one recipe is carried out once, however many stages have it.

use crate::pipeline::model::StageId;
use hilum_cache::StageKey;
use hilum_cache::receipt::Outputs;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is wrong with a stage, in the user's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What can be done.
    pub help: Option<String>,
}

/// The recipes of one run.
#[derive(Default)]
pub struct Current {
    /// Which stage carries a recipe out, now or as soon as it can.
    pub begun: HashMap<StageKey, StageId>,
    /// What was carried out, by which stage.
    pub made: HashMap<StageKey, (StageId, Arc<Outputs>)>,
    /// What failed, at which stage.
    pub failed: HashMap<StageKey, (StageId, Fault)>,
    /// Recipes that are carried out although they have a receipt.
    pub forced: HashSet<StageKey>,
}
