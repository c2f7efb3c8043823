//! Sealed analysis plans: what a study compares, by which metric and test, on whom, and of what the arms are made, fixed before anybody
//! looked; and whether a study still is that. It counts what is in one store, and says so. Independent of how it is shown and recorded.
//!
//! What is fixed of a stage is its recipe without its inputs, and what is bound to it: who is tested follows from the recipes of the stages
//! above, also before they have run.

mod deviation;
mod found;

pub use deviation::{Deviation, deviations};
pub use found::{Seal, newest};

use crate::pipeline::Pipeline;
use crate::pipeline::model::StageId;
use crate::pipeline::resolved;
use crate::plan::recipe::{Formed, form};
use crate::session::Session;
use hilum_cache::{Digest, Recipe, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a stage is to a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It compares, and answers.
    Comparison,
    /// It evaluates a model on the test.
    Evaluation,
    /// It makes the test, or what that is made of.
    Test,
    /// It makes what is compared.
    Arm,
}

impl Role {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Role::Comparison => "comparison",
            Role::Evaluation => "evaluation",
            Role::Test => "test",
            Role::Arm => "arm",
        }
    }
}

/// What is fixed of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fixed {
    /// What it is to the comparison.
    pub role: Role,
    /// Its recipe without inputs, engine and pseudonym key: what the study says, and the digests of files from outside.
    pub recipe: Recipe,
    /// What is bound to it, by port, as a resolved study writes it.
    #[serde(rename = "in", default)]
    pub bound: BTreeMap<String, Value>,
}

/// A plan as it is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this record.
    pub v: u32,
    /// The digest of the resolved study.
    pub pipeline: Digest,
    /// The tables that are tested on, each with its digest where it was there already.
    pub tests: BTreeMap<String, Option<Digest>>,
    /// Everything that the comparisons rest on, by stage.
    pub stages: BTreeMap<String, Fixed>,
}

/// The version that this program writes and reads.
const VERSION: u32 = 1;

impl Plan {
    /// What a study fixes; none if it compares nothing. `known` gives outputs that are there.
    ///
    /// # Errors
    /// If a table in the store cannot be read.
    pub fn of(p: &Pipeline, session: &Session, known: &dyn Fn(StageId, &str) -> Option<Digest>) -> Result<Option<Plan>> {
        let roles = roles(p);
        if roles.is_empty() {
            return Ok(None);
        }
        let document = resolved::to_json(p);
        let mut stages = BTreeMap::new();
        for (id, role) in &roles {
            let stage = &p.stages[*id];
            let (Formed::Whole(recipe, _) | Formed::Waits { partial: recipe, .. }) = form(p, *id, &|_, _| None, session, None)?;
            let bound = bindings(&document["stages"][stage.name.as_str()]);
            stages.insert(stage.name.clone(), Fixed { role: *role, recipe: without_inputs(recipe), bound });
        }
        let tests =
            tests(p, roles.keys().copied()).into_iter().map(|(id, port)| (crate::provenance::output(&p.stages[id].name, port), known(id, port))).collect();
        Ok(Some(Plan { v: VERSION, pipeline: crate::run::environment::study_digest(&document), tests, stages }))
    }

    /// Reads one; none of another version.
    pub fn read(value: &Value) -> Option<Plan> {
        serde_json::from_value(value.clone()).ok().filter(|plan: &Plan| plan.v == VERSION)
    }

    /// The stages that compare.
    pub fn comparisons(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().filter(|(_, fixed)| fixed.role == Role::Comparison).map(|(name, _)| name.as_str())
    }
}

/// What a resolved stage is bound to.
fn bindings(stage: &Value) -> BTreeMap<String, Value> {
    stage["in"].as_object().into_iter().flatten().map(|(port, bound)| (port.clone(), bound.clone())).collect()
}

fn without_inputs(recipe: Recipe) -> Recipe {
    Recipe { inputs: BTreeMap::new(), engine: None, pseudonyms: None, ..recipe }
}

/// The output by which a stage says that it compares: sentences.
const ANSWERS: &str = "answers";
/// Where an evaluation takes its test.
const SAMPLES: &str = "samples";

/// The stages that comparisons rest on, each with the nearest thing that it is to one.
fn roles(p: &Pipeline) -> BTreeMap<StageId, Role> {
    let mut out: BTreeMap<StageId, Role> =
        p.stages.pairs().filter(|(_, stage)| stage.kind.output(ANSWERS).is_some()).map(|(id, _)| (id, Role::Comparison)).collect();
    let above = |id: StageId| p.stages[id].inputs.iter().flat_map(|input| &input.from).map(|source| source.stage);
    let evaluations: BTreeSet<StageId> = out.keys().flat_map(|id| above(*id)).filter(|id| p.stages[*id].stage.is_test()).collect();
    out.extend(evaluations.iter().map(|id| (*id, Role::Evaluation)));
    let mut take = |from: Vec<StageId>, role: Role| {
        let mut next = from;
        while let Some(id) = next.pop() {
            if let std::collections::btree_map::Entry::Vacant(place) = out.entry(id) {
                place.insert(role);
                next.extend(above(id));
            }
        }
    };
    take(tests(p, evaluations.iter().copied()).into_iter().map(|(id, _)| id).collect(), Role::Test);
    let all: Vec<StageId> = p.stages.ids().filter(|id| p.stages[*id].kind.output(ANSWERS).is_some()).chain(evaluations).flat_map(above).collect();
    take(all, Role::Arm);
    out
}

/// The tables on which stages test.
fn tests(p: &Pipeline, stages: impl Iterator<Item = StageId>) -> BTreeSet<(StageId, &'static str)> {
    let of = |id: StageId| p.stages[id].inputs.iter().filter(|input| input.port.name == SAMPLES).flat_map(|input| &input.from);
    stages.filter(|id| p.stages[*id].stage.is_test()).flat_map(of).map(|source| (source.stage, source.port)).collect()
}
