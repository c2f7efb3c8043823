//! Where a result came from, as the journals recorded it: the stages of a run, with what each of them took from which.
//!
//! Edges are the bindings of the run's own study. Digests decide none: a stage may give the very bytes that another one gives.
//! What a journal does not say stays unsaid. Ignorant of printing, of files that a study names, and of how anything is computed.

mod find;
mod history;
mod looked_up;
mod place;
mod walk;

pub use find::{Origin, Part};
pub use history::{History, RunId};
pub use place::Place;

use hilum_cache::StageKey;
use hilum_cache::receipt::{Environment, Outputs};

/// The number of a stage in [`Provenance::nodes`].
pub type NodeId = usize;

/// Stages with everything that they were made of, each of them once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Provenance {
    /// The stages that were asked for, in the order in which they were.
    pub roots: Vec<NodeId>,
    /// These and all above them. No node is above itself, unless a journal was tampered with.
    pub nodes: Vec<Node>,
}

/// A stage as it stood in a run.
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
    /// What came of it; none if the journal does not say, as for a run that was killed.
    pub result: Option<Computed>,
    /// What it took, by port in alphabetical order, and within a port as it is written.
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
    /// What the stage was called there.
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

/// Something that a stage took.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The input port.
    pub port: String,
    /// The coordinates among what was gathered there, such as `arm=real/repeat=0`; none elsewhere.
    pub cell: Option<String>,
    /// How many images were taken, for a port where images are looked up by tables, as far as that can still be told.
    pub images: Option<u64>,
    /// The stage that it came from; none if the journal does not say.
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

/// A pack of images that was bound and not needed: it is no part of what came of the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The input port.
    pub port: String,
    /// The stage that makes the pack.
    pub stage: String,
    /// Its output port.
    pub output: String,
}
