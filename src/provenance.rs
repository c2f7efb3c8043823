//! Where a result came from, as recorded in the journals: the stages of a run and their inputs.
//!
//! Edges are the bindings of the run's own study, never guessed from digests: two stages may produce equal bytes. What a journal
//! does not record is left open. Independent of printing, of files that a study names, and of how anything is computed.

mod changed;
mod find;
mod history;
mod looked_up;
mod place;
mod recorded;
mod removed;
mod walk;

pub use changed::{ChangedResult, ResultFault, ResultsFound};
pub use find::{Origin, Part};
pub use history::{History, Output, RunId};
pub use looked_up::looked_up;
pub use place::Place;
pub use removed::removed;

use hilum_cache::StageKey;
use hilum_cache::receipt::{Environment, Outputs};

/// An output as a study writes it: `split.train`, `weights.weights/arm=real`.
pub fn output(stage: &str, port: &str) -> String {
    stage.split_once('/').map_or_else(|| format!("{stage}.{port}"), |(base, cell)| format!("{base}.{port}/{cell}"))
}

/// The number of a stage in [`Provenance::nodes`].
pub type NodeId = usize;

/// Stages with everything they were made from, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Provenance {
    /// The stages that were asked for, in the order in which they were.
    pub roots: Vec<NodeId>,
    /// These and all their ancestors. There is no cycle, unless a journal was tampered with.
    pub nodes: Vec<Node>,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The run whose graph it is a part of.
    pub run: String,
    /// The study of that run.
    pub study: String,
    /// Its name there, with its cell.
    pub stage: String,
    /// Its kind; empty where it was not recorded.
    pub kind: String,
    /// Its result; none if not recorded, as in a run that was killed.
    pub result: Option<Computed>,
    /// Its inputs, by port in alphabetical order, and within a port as written.
    pub inputs: Vec<Edge>,
    /// Packs that were bound to a port and of which it needed no image.
    pub unused: Vec<Unused>,
}

/// A result, and the run that computed it: this one, or another whose result was reused.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// The run that computed it.
    pub run: String,
    /// The study of that run.
    pub study: String,
    /// The name of the stage there.
    pub stage: String,
    /// The key of its recipe.
    pub key: StageKey,
    /// When it started (RFC 3339, UTC).
    pub started: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Its seed in decimal, for kinds that draw.
    pub seed: Option<String>,
    /// The engine of tensor kinds, such as `cpu-1`.
    pub engine: Option<String>,
    /// Artifacts by output port.
    pub outputs: Outputs,
    /// Where and by what it was computed.
    pub environment: Environment,
}

/// An input of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The input port.
    pub port: String,
    /// The coordinates among what was gathered there, such as `arm=real/repeat=0`; none elsewhere.
    pub cell: Option<String>,
    /// How many images were taken, for a port where images are looked up by tables, if that is still known.
    pub images: Option<u64>,
    /// The stage that it came from; none if not recorded.
    pub from: Option<Source>,
}

/// An output of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The stage.
    pub node: NodeId,
    /// Its output port.
    pub output: String,
}

/// A pack of images that was bound but not needed: it did not contribute to the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The input port.
    pub port: String,
    /// The stage that makes the pack.
    pub stage: String,
    /// Its output port.
    pub output: String,
}
