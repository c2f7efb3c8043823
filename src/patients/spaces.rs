//! Of which namespaces of patient identifiers the tables of each stage of each run are: a token means somebody only within these.
//! Independent of who is meant.

use crate::lineage;
use crate::provenance::{History, Output, RunId};
use hilum_cache::recipe::{Input, Recipe};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Namespace;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// The namespace of patients who were drawn: their tokens follow from images that no other patient has.
pub(super) const DRAWN: &str = "drawn";

/// Some namespaces; none where it is not known which, so that a token may be of any that has it.
pub(super) type Spaces = Option<Rc<BTreeSet<String>>>;

/// The namespaces of stages.
pub(super) struct SpacesOf<'h> {
    history: &'h History<'h>,
    known: HashMap<(RunId, &'h str), Spaces>,
    /// Each once.
    all: HashMap<BTreeSet<String>, Rc<BTreeSet<String>>>,
}

impl<'h> SpacesOf<'h> {
    pub(super) fn new(history: &'h History<'h>) -> Self {
        SpacesOf { history, known: HashMap::new(), all: HashMap::new() }
    }

    /// The namespaces of a stage of a run.
    pub(super) fn of(&mut self, run: RunId, stage: &'h str) -> Spaces {
        // A stack of its own: a journal that was tampered with may have a graph of any depth, and cycles.
        let (mut stack, mut above) = (vec![(run, stage)], HashSet::new());
        while let Some(&(run, stage)) = stack.last() {
            if self.known.contains_key(&(run, stage)) {
                stack.pop();
                continue;
            }
            above.insert((run, stage));
            let inputs = self.inputs(run, stage);
            let waiting: Vec<_> = inputs.iter().map(|from| (run, *from)).filter(|at| !self.known.contains_key(at) && !above.contains(at)).collect();
            if !waiting.is_empty() {
                stack.extend(waiting);
                continue;
            }
            let spaces = if inputs.is_empty() { self.own(run, stage) } else { self.joined(inputs.iter().map(|from| (run, *from))) };
            self.known.insert((run, stage), spaces);
            stack.pop();
        }
        self.known[&(run, stage)].clone()
    }

    /// Stages whose outputs go into those of a stage.
    fn inputs(&self, run: RunId, stage: &str) -> Vec<&'h str> {
        let recipe = self.history.result(run, stage).map(|at| &self.history.receipts()[at].0.recipe);
        let bound = self.history.bound(run, stage).iter().flat_map(|(port, outputs)| outputs.iter().map(move |output| (port, output)));
        bound.filter(|(port, output)| is_taken(self.history, run, recipe, port, output)).map(|(_, output)| output.stage.as_str()).collect()
    }

    fn joined(&mut self, of: impl Iterator<Item = (RunId, &'h str)>) -> Spaces {
        // In a cycle, one is not known yet.
        let found: Option<Vec<Rc<BTreeSet<String>>>> = of.map(|at| self.known.get(&at).cloned().flatten()).collect();
        let all: BTreeSet<String> = found?.iter().flat_map(|spaces| spaces.iter().cloned()).collect();
        self.one(all)
    }

    fn one(&mut self, all: BTreeSet<String>) -> Spaces {
        Some(self.all.entry(all.clone()).or_insert_with(|| Rc::new(all)).clone())
    }

    /// The namespace of a stage without inputs.
    fn own(&mut self, run: RunId, stage: &str) -> Spaces {
        let receipt = self.history.result(run, stage).map(|at| &self.history.receipts()[at].0)?;
        if !receipt.recipe.inputs.is_empty() {
            // Its graph was not recorded.
            return None;
        }
        let space = match receipt.outputs.values().any(|a| ArtifactType::Patients.is(a)) {
            false => DRAWN.to_owned(),
            true => {
                let source = self.history.source(run, stage);
                let namespace = source.and_then(|(kind, parameters)| lineage::namespace(kind, parameters));
                let declared = || receipt.recipe.parameters.get("patients").and_then(|name| name.as_str()).map(|name| format!("name:{name}"));
                // What is not known of a namespace is no reason to take one person for two.
                namespace.as_ref().map(Namespace::key).or_else(declared).unwrap_or_default()
            }
        };
        self.one([space].into())
    }
}

/// True if what is bound there says something of patients: of images that are looked up, the tables do that, and packs do not.
pub(super) fn is_taken(history: &History, run: RunId, recipe: Option<&Recipe>, port: &str, output: &Output) -> bool {
    let is_lookup = recipe.is_some_and(|recipe| matches!(recipe.inputs.get(port), Some(Input::Lookup { .. })));
    let made = || history.result(run, &output.stage).and_then(|at| history.receipts()[at].0.outputs.get(&output.port));
    !is_lookup || made().is_some_and(|artifact| ArtifactType::Samples.is(artifact))
}
