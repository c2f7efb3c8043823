//! The flow of every output of every run, along the bindings of the run's own graph. Stages of several runs with one result and the
//! same inputs have one flow, so that a store of many runs costs no more than what was computed in them.

use super::flow::{Flow, Generators, Given, ReachOf, Stage, flows, join};
use super::gaps::{Gap, Gaps};
use super::resolve::Resolver;
use super::sets::{SetId, Sets};
use super::spaces::{Spaces, SpacesOf, is_taken};
use crate::provenance::{History, RunId};
use hilum_cache::recipe::{Input, Recipe};
use hilum_cache::{Digest, Result};
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::stage::Needs;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// A stage of a run, with its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node<'h> {
    run: RunId,
    stage: &'h str,
    at: usize,
}

/// Flows by output port.
pub(super) type OfPorts = Rc<Vec<(String, Rc<Flow>)>>;

/// What decides the flows of a stage: its receipt, its namespaces, what it was given, and who reached other files.
type Same = (usize, Spaces, Vec<(String, Vec<*const Flow>, bool)>, (SetId, Gaps), Vec<(Digest, SetId, Gaps)>, Gaps);

/// Composes flows.
pub(super) struct Composer<'h> {
    history: &'h History<'h>,
    spaces: SpacesOf<'h>,
    pub(super) resolver: Resolver,
    /// Receipts and ports that gave an artifact, or a file of a network.
    makers: HashMap<Digest, Vec<(usize, &'h str)>>,
    done: HashMap<Node<'h>, OfPorts>,
    same: HashMap<Same, OfPorts>,
}

impl<'h> Composer<'h> {
    pub(super) fn new(history: &'h History<'h>, spaces: SpacesOf<'h>, resolver: Resolver) -> Self {
        let mut makers: HashMap<Digest, Vec<(usize, &'h str)>> = HashMap::new();
        for (at, (receipt, _)) in history.receipts().iter().enumerate() {
            for (port, artifact) in receipt.outputs.iter() {
                let is_network = ArtifactType::of(artifact).is_some_and(ArtifactType::is_network);
                let files = if is_network { history.store().files(artifact).unwrap_or_default() } else { vec![] };
                let digests: BTreeSet<Digest> = files.iter().map(|f| f.digest).chain([artifact.digest]).collect();
                digests.into_iter().for_each(|digest| makers.entry(digest).or_default().push((at, port)));
            }
        }
        Composer { history, spaces, resolver, makers, done: HashMap::new(), same: HashMap::new() }
    }

    /// The flows of the outputs that a stage had in a run.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) fn of(&mut self, run: RunId, stage: &'h str, at: usize) -> Result<OfPorts> {
        let node = Node { run, stage, at };
        // A stack of its own, as for namespaces.
        let (mut stack, mut above) = (vec![node], HashSet::new());
        while let Some(&top) = stack.last() {
            if self.done.contains_key(&top) {
                stack.pop();
                continue;
            }
            above.insert(top);
            let mut waiting = Waiting { done: &self.done, above: &above, nodes: vec![], is_cyclic: false };
            let mut stage = self.given(top, &mut waiting);
            // No study can say that a stage is above itself: what was recorded is not what happened.
            stage.gaps = if waiting.is_cyclic { Gap::Record.into() } else { Gaps::NONE };
            let missing = waiting.nodes;
            if missing.is_empty() {
                let flows = self.flows_of(top, stage)?;
                self.done.insert(top, flows);
                stack.pop();
            } else {
                stack.extend(missing);
            }
        }
        Ok(self.done[&node].clone())
    }

    fn flows_of(&mut self, node: Node<'h>, found: FoundInputs) -> Result<OfPorts> {
        let receipt = &self.history.receipts()[node.at].0;
        let spaces = self.spaces.of(node.run, node.stage);
        let files = self.files(&receipt.recipe, &found.files);
        let mut elsewhere = Generators::new();
        for generators in &found.generators {
            join(&mut elsewhere, generators, &mut self.resolver.sets);
        }
        let inputs = found.inputs.iter().map(|g| (g.port.clone(), g.flows.iter().map(Rc::as_ptr).collect(), g.is_missing)).collect();
        let others = elsewhere.iter().map(|(g, reach)| (*g, reach.set, reach.gaps)).collect();
        let same = (node.at, spaces.clone(), inputs, (files.set, files.gaps), others, found.gaps);
        if let Some(known) = self.same.get(&same) {
            return Ok(known.clone());
        }
        let stage = Stage { receipt, spaces, inputs: found.inputs, files, elsewhere, gaps: found.gaps };
        let flows = Rc::new(flows(&stage, &mut self.resolver, self.history.store())?);
        self.same.insert(same, flows.clone());
        Ok(flows)
    }

    /// Who reached the files that a stage read. Of a training, a file that this store did not make may be anybody's.
    fn files(&mut self, recipe: &Recipe, made: &[Vec<Rc<Flow>>]) -> ReachOf {
        let mut out = ReachOf { set: Sets::EMPTY, gaps: Gaps::NONE };
        for flow in made.iter().flatten() {
            out = ReachOf { set: self.resolver.sets.union([out.set, flow.contains, flow.influenced]), gaps: out.gaps.and(flow.gaps) };
        }
        let is_tensor = KINDS.iter().any(|kind| kind.name == recipe.kind && kind.needs == Needs::Tensor);
        if is_tensor && made.iter().any(Vec::is_empty) {
            out.gaps = out.gaps.with(Gap::Weights);
        }
        out
    }

    /// What a stage was given, as far as it is composed; the rest is put on the list of those to wait for.
    fn given(&self, node: Node<'h>, waiting: &mut Waiting<'_, 'h>) -> FoundInputs {
        let receipt = &self.history.receipts()[node.at].0;
        let bound = self.history.bound(node.run, node.stage);
        let mut found = FoundInputs::default();
        for (port, input) in &receipt.recipe.inputs {
            let digests: Vec<Digest> = match input {
                Input::One(digest) => vec![*digest],
                Input::List(all) => all.clone(),
                Input::Gathered(cells) => cells.iter().map(|cell| cell.digest).collect(),
                // The tables are bound where they are looked up; of packs, they name everybody already.
                Input::Lookup { .. } => vec![],
            };
            let mut given = Given { port: port.clone(), flows: vec![], is_missing: false };
            let mut covered: BTreeSet<Digest> = BTreeSet::new();
            let outputs = bound.iter().filter(|(name, _)| name == port).flat_map(|(_, outputs)| outputs);
            for output in outputs.filter(|output| is_taken(self.history, node.run, Some(&receipt.recipe), port, output)) {
                let Some(at) = self.history.result(node.run, &output.stage) else { continue };
                let Some(artifact) = self.history.receipts()[at].0.outputs.get(&output.port) else { continue };
                covered.insert(artifact.digest);
                waiting.add(Node { run: node.run, stage: &output.stage, at }, &output.port, &mut given);
            }
            // What the graph does not say may be of every stage that made these bytes.
            for digest in digests.iter().filter(|digest| !covered.contains(digest)) {
                let makers = self.makers.get(digest).map_or(&[][..], Vec::as_slice);
                given.is_missing |= makers.is_empty();
                makers.iter().for_each(|maker| waiting.add(self.maker(*maker), maker.1, &mut given));
            }
            // A list of images does not say which table they are of.
            given.is_missing |= covered.is_empty() && takes_images_only(&receipt.recipe, port);
            found.inputs.push(given);
        }
        for source in receipt.recipe.sources.values() {
            found.files.push(self.made(source, waiting));
        }
        if waiting.nodes.is_empty() {
            found.generators = self.elsewhere(node, &found.inputs, waiting);
        }
        found
    }

    /// Generators that rows of its tables name and that none of its inputs has: those of this store with the same bytes.
    fn elsewhere(&self, node: Node<'h>, inputs: &[Given], waiting: &mut Waiting<'_, 'h>) -> Vec<Generators> {
        let receipt = &self.history.receipts()[node.at].0;
        let mut out = vec![];
        for table in receipt.outputs.values().filter(|a| ArtifactType::Samples.is(a)) {
            let is_known = |g: &Digest| inputs.iter().flat_map(|input| &input.flows).any(|flow| flow.generators.contains_key(g));
            for generator in self.resolver.rows.generators_of(&table.digest).filter(|g| !is_known(g)) {
                let of = self.made(&generator, waiting);
                let reach = of.iter().filter_map(|flow| Some((generator, *flow.generators.get(&generator)?)));
                out.extend(reach.map(|(generator, reach)| Generators::from([(generator, reach)])));
            }
        }
        out
    }

    /// The flows of everything in the store that has these bytes.
    fn made(&self, digest: &Digest, waiting: &mut Waiting<'_, 'h>) -> Vec<Rc<Flow>> {
        let mut given = Given { port: String::new(), flows: vec![], is_missing: false };
        for maker in self.makers.get(digest).into_iter().flatten() {
            waiting.add(self.maker(*maker), maker.1, &mut given);
        }
        given.flows
    }

    fn maker(&self, (at, _): (usize, &'h str)) -> Node<'h> {
        let (receipt, run) = &self.history.receipts()[at];
        Node { run: *run, stage: &receipt.stage, at }
    }
}

/// True if a port takes tables of which only the images are recorded.
fn takes_images_only(recipe: &Recipe, port: &str) -> bool {
    let kind = KINDS.iter().find(|kind| kind.name == recipe.kind);
    kind.is_some_and(|kind| kind.inputs.iter().any(|input| input.name == port && input.images_only))
}

/// What a stage was given.
#[derive(Default)]
struct FoundInputs {
    inputs: Vec<Given>,
    /// What each file is that it read.
    files: Vec<Vec<Rc<Flow>>>,
    generators: Vec<Generators>,
    gaps: Gaps,
}

/// Stages that are to be composed first.
struct Waiting<'a, 'h> {
    done: &'a HashMap<Node<'h>, OfPorts>,
    above: &'a HashSet<Node<'h>>,
    nodes: Vec<Node<'h>>,
    /// True if a stage is above itself.
    is_cyclic: bool,
}

impl<'h> Waiting<'_, 'h> {
    /// Adds the flow of an output, or its stage to those that are waited for.
    fn add(&mut self, node: Node<'h>, port: &str, to: &mut Given) {
        match self.done.get(&node) {
            Some(flows) => to.flows.extend(flows.iter().find(|(name, _)| name == port).map(|(_, flow)| flow.clone())),
            None if self.above.contains(&node) => self.is_cyclic = true,
            None => self.nodes.push(node),
        }
    }
}
