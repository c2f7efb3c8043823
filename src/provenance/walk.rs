//! The walk from stages of a run to everything that they were made of, along the bindings of that run's graph.

use super::history::{Bound, History, Output, RunId};
use super::looked_up::Given;
use super::{Computed, Edge, Node, NodeId, Provenance, Source, Unused};
use hilum_cache::recipe::{Gathered, Input};
use std::collections::{BTreeSet, HashMap};

impl History<'_> {
    /// Everything that some stages of some runs were made of.
    pub fn walk<'b>(&self, roots: impl IntoIterator<Item = (RunId, &'b str)>) -> Provenance {
        let mut walk = Walk { history: self, found: HashMap::new(), places: vec![], nodes: vec![] };
        let roots = roots.into_iter().map(|(run, stage)| walk.node(run, stage)).collect();
        let mut next = 0;
        while let Some((run, stage)) = walk.places.get(next).cloned() {
            walk.expand(next, run, &stage);
            next += 1;
        }
        Provenance { roots, nodes: walk.nodes }
    }
}

impl Provenance {
    /// The stages of which no other stage here is made.
    pub fn ends(&self) -> BTreeSet<NodeId> {
        let taken: BTreeSet<NodeId> = self.nodes.iter().flat_map(|n| &n.inputs).filter_map(|e| e.from.as_ref()).map(|s| s.node).collect();
        (0..self.nodes.len()).filter(|n| !taken.contains(n)).collect()
    }
}

struct Walk<'a, 'h> {
    history: &'a History<'h>,
    found: HashMap<(RunId, String), NodeId>,
    /// Where each node stands.
    places: Vec<(RunId, String)>,
    nodes: Vec<Node>,
}

impl Walk<'_, '_> {
    /// The node of a stage, which is looked at later where it is new.
    fn node(&mut self, run: RunId, stage: &str) -> NodeId {
        if let Some(known) = self.found.get(&(run, stage.to_owned())) {
            return *known;
        }
        let record = &self.history.runs[run];
        let receipt = self.history.receipt_in_run(run, stage).map(|at| &self.history.receipts[at]);
        let result = receipt.map(|(r, by)| Computed {
            run: self.history.runs[*by].name.clone(),
            study: r.study.clone(),
            stage: r.stage.clone(),
            key: r.key,
            started: r.started.clone(),
            millis: r.millis,
            seed: r.recipe.seed.clone(),
            engine: r.recipe.engine.clone(),
            outputs: r.outputs.clone(),
            environment: r.environment.clone(),
        });
        let kind = record.graph.get(stage).map(|b| b.kind.clone()).or_else(|| receipt.map(|(r, _)| r.recipe.kind.clone())).unwrap_or_default();
        let id = self.nodes.len();
        let node = Node { run: record.name.clone(), study: record.study.clone(), stage: stage.to_owned(), kind, result, inputs: vec![], unused: vec![] };
        self.nodes.push(node);
        self.places.push((run, stage.to_owned()));
        self.found.insert((run, stage.to_owned()), id);
        id
    }

    fn expand(&mut self, id: NodeId, run: RunId, stage: &str) {
        let history = self.history;
        let none = Bound::default();
        let bound = history.runs[run].graph.get(stage).unwrap_or(&none);
        let recipe = history.receipt_in_run(run, stage).map(|at| &history.receipts[at].0.recipe);
        let mut inputs = vec![];
        for (port, outputs) in &bound.inputs {
            match recipe.and_then(|r| r.inputs.get(port)) {
                Some(Input::Lookup { lookup, .. }) => {
                    for (output, given) in outputs.iter().zip(history.given(run, outputs, lookup)) {
                        let images = match given {
                            Given::Images(n) => Some(n),
                            Given::Unknown => None,
                            Given::Nothing => {
                                self.nodes[id].unused.push(Unused { port: port.clone(), stage: output.stage.clone(), output: output.port.clone() });
                                continue;
                            }
                        };
                        inputs.push(Edge { images, ..self.edge(run, port, output) });
                    }
                }
                Some(Input::Gathered(cells)) => inputs.extend(outputs.iter().map(|o| Edge { cell: cell_of(&o.stage, cells), ..self.edge(run, port, o) })),
                _ => inputs.extend(outputs.iter().map(|o| self.edge(run, port, o))),
            }
        }
        let unbound = |port: &&String| bound.inputs.iter().all(|(p, outputs)| p != *port || outputs.is_empty());
        let unsaid = recipe.into_iter().flat_map(|r| r.inputs.keys()).filter(unbound);
        inputs.extend(unsaid.map(|port| Edge { port: port.clone(), cell: None, images: None, from: None }));
        inputs.sort_by(|a, b| a.port.cmp(&b.port));
        self.nodes[id].inputs = inputs;
    }

    fn edge(&mut self, run: RunId, port: &str, output: &Output) -> Edge {
        let record = &self.history.runs[run];
        let is_known = record.graph.contains_key(&output.stage) || record.keys.contains_key(&output.stage);
        let from = is_known.then(|| Source { node: self.node(run, &output.stage), output: output.port.clone() });
        Edge { port: port.to_owned(), cell: None, images: None, from }
    }
}

/// The gathered cell that a stage is: the one whose coordinates are all among its own.
fn cell_of(stage: &str, cells: &[Gathered]) -> Option<String> {
    let own: BTreeSet<&str> = stage.split('/').skip(1).collect();
    cells.iter().find(|c| c.cell.split('/').all(|part| own.contains(part))).map(|c| c.cell.clone())
}

#[cfg(test)]
mod tests;
