//! A checked study: typed stages in an order in which they can run. After this nothing knows text: ids and typed stages only.

use super::binding;
use super::node::Node;
use super::raw::Allowed;
use crate::diagnostic::Span;
use hilum_stages::contract::kind::{AnyStage, StageKind};
use hilum_stages::contract::port::Port;
use hilum_stages::contract::seed::Seed;
use hilum_stages::contract::stage::Upstream;
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;
use std::collections::BTreeMap;

pub use super::ids::{PerStage, StageId};

/// A checked study.
pub struct Pipeline {
    /// Its name.
    pub study: String,
    /// Its description.
    pub description: String,
    /// Its seed, if it has one.
    pub seed: Option<Seed>,
    /// The scale that is laid over it, if one is.
    pub scale: Option<String>,
    /// Stages, each behind those it needs.
    pub stages: PerStage<Stage>,
    /// Findings that are allowed.
    pub allow: Vec<Allowed>,
}

/// One cell of a stage.
pub struct Stage {
    /// Name with its cell, such as `classifier/arm=real/repeat=0`.
    pub name: String,
    /// Name without the cell.
    pub base: String,
    /// Its description.
    pub description: String,
    /// Its kind.
    pub kind: &'static StageKind,
    /// The typed parameters.
    pub stage: Box<dyn AnyStage>,
    /// The parameters with defaults filled in.
    pub parameters: Value,
    /// The seed, for kinds that draw.
    pub seed: Option<Seed>,
    /// Input ports that are read.
    pub inputs: Vec<Input>,
    /// Expected counts, by label.
    pub expect: BTreeMap<String, Expected>,
    /// What it may use.
    pub resources: Resources,
    /// How often to retry after a failure of the machine.
    pub retry: u32,
    /// Locations in the file.
    pub places: Places,
}

/// Where a stage is in the file.
pub struct Places {
    /// Its name.
    pub name: Span,
    /// Its kind.
    pub kind: Span,
    /// Its parameters.
    pub with: Node,
    /// Where its seed is given.
    pub seed: Option<Span>,
}

/// An input port with what is bound to it.
pub struct Input {
    /// The port.
    pub port: &'static Port,
    /// The binding's location.
    pub span: Span,
    /// Outputs in written order; with their cells where gathered.
    pub from: Vec<Source>,
    /// How they are written.
    pub shape: Shape,
}

/// One output that arrives.
#[derive(Debug, Clone)]
pub struct Source {
    /// The stage that makes it.
    pub stage: StageId,
    /// The output.
    pub port: &'static str,
    /// Coordinates among what is gathered; empty otherwise.
    pub cell: String,
}

/// How outputs arrive at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One.
    One,
    /// A written list.
    List,
    /// Cells of a matrix.
    Gathered,
}

/// How many images of a label a stage must produce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Images.
    pub images: u64,
    /// Patients with one of them, if the study says it.
    pub patients: Option<u64>,
}

/// What a stage may use; `None` leaves it to the kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// GPUs.
    pub gpu: Option<u32>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Threads.
    pub threads: Option<u32>,
}

impl Stage {
    /// What is bound to a port.
    pub fn input(&self, port: &str) -> Option<&Input> {
        self.inputs.iter().find(|i| i.port.name == port)
    }
    /// True if it compares synthetic images with real ones by features of both.
    pub fn compares_synthetic(&self) -> bool {
        self.input("synthetic").is_some() && self.input("features").is_some()
    }
    /// Axes and values of its cell.
    pub fn coordinates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.name.split('/').skip(1).filter_map(|part| part.split_once('='))
    }
}

impl Upstream for Pipeline {
    fn kind(&self, stage: usize) -> &'static str {
        self.stages.of_number(stage).kind.name
    }
    fn name(&self, stage: usize) -> &str {
        &self.stages.of_number(stage).name
    }
    fn parameters(&self, stage: usize) -> &Value {
        &self.stages.of_number(stage).parameters
    }
    fn makers(&self, stage: usize, port: &str) -> Vec<usize> {
        let of = |i: &Input| i.from.iter().map(|s| s.stage.number()).collect();
        self.stages.of_number(stage).input(port).map(of).unwrap_or_default()
    }
    fn gathering_all_but(&self, _: &str, _: &str) -> Option<String> {
        None
    }
}

impl Pipeline {
    /// The stage of this name.
    pub fn find(&self, name: &str) -> Option<StageId> {
        self.stages.pairs().find(|(_, s)| s.name == name).map(|(id, _)| id)
    }
    /// Stages that a name means: with some or all of its coordinates, in any order and spelling, or without any.
    pub fn matching(&self, name: &str) -> Vec<StageId> {
        let Some(wanted) = binding::parse(name).filter(|b| b.port.is_none()) else { return vec![] };
        self.stages.ids().filter(|i| wanted.selects(&self.stages[*i].name)).collect()
    }
    /// These stages and all that they need.
    pub fn with_needs(&self, wanted: &[StageId]) -> PerStage<bool> {
        let mut needed = self.stages.map(|_| false);
        wanted.iter().for_each(|w| needed[*w] = true);
        for id in self.stages.ids().rev().filter(|i| needed[*i]).collect::<Vec<_>>() {
            self.mark_needs(id, &mut needed);
        }
        needed
    }
    fn mark_needs(&self, id: StageId, needed: &mut PerStage<bool>) {
        for source in self.stages[id].inputs.iter().flat_map(|i| &i.from) {
            if !needed[source.stage] {
                needed[source.stage] = true;
                self.mark_needs(source.stage, needed);
            }
        }
    }
}

/// A topological order that keeps the written order where possible; or a cycle.
///
/// # Errors
/// The cycle.
pub fn sort(count: usize, needs: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
    let mut graph = DiGraph::<usize, ()>::with_capacity(count, needs.len());
    let nodes: Vec<NodeIndex> = (0..count).map(|i| graph.add_node(i)).collect();
    for (of, needed) in needs {
        graph.update_edge(nodes[*needed], nodes[*of], ());
    }
    let mut waits: Vec<usize> = nodes.iter().map(|n| graph.neighbors_directed(*n, petgraph::Direction::Incoming).count()).collect();
    let mut ready: std::collections::BTreeSet<usize> = (0..count).filter(|i| waits[*i] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for below in graph.neighbors(nodes[next]) {
            let i = graph[below];
            waits[i] -= 1;
            if waits[i] == 0 {
                ready.insert(i);
            }
        }
    }
    if order.len() == count {
        return Ok(order);
    }
    // petgraph names one node of a cycle; the message shows all of it.
    let cycle = petgraph::algo::tarjan_scc(&graph)
        .into_iter()
        .find(|c| c.len() > 1 || graph.contains_edge(c[0], c[0]))
        .expect("BUG: what cannot be sorted has a cycle");
    let inside: std::collections::HashSet<_> = cycle.iter().copied().collect();
    let mut path = vec![cycle[0]];
    loop {
        let next = graph.neighbors(path[path.len() - 1]).find(|n| inside.contains(n)).expect("BUG: a cycle continues");
        if let Some(at) = path.iter().position(|p| *p == next) {
            return Err(path[at..].iter().map(|n| graph[*n]).collect());
        }
        path.push(next);
    }
}

/// `8G`, `500M`, `1024`.
pub fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim_end_matches(['B', 'i', 'b']) {
        "" => 0,
        "K" | "k" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_written_order_is_kept_where_it_can_be() {
        assert_eq!(super::sort(4, &[(0, 3), (2, 1)]), Ok(vec![1, 2, 3, 0]));
        let cycle = super::sort(3, &[(0, 1), (1, 2), (2, 0)]).unwrap_err();
        assert_eq!(cycle.len(), 3);
        assert_eq!(super::sort(1, &[(0, 0)]), Err(vec![0]));
    }
}
