//! The state of a plan or run by recipe: each recipe runs once, however many stages have it.

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
    /// Which stage runs a recipe, now or as soon as possible.
    pub begun: HashMap<StageKey, StageId>,
    /// What ran, and at which stage.
    pub made: HashMap<StageKey, (StageId, Arc<Outputs>)>,
    /// What failed, at which stage.
    pub failed: HashMap<StageKey, (StageId, Fault)>,
    /// Recipes that run although they have a receipt.
    pub forced: HashSet<StageKey>,
}
