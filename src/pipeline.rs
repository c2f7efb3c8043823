//! From YAML to a checked graph: the only module that knows YAML.
//!
//! `source` reads texts, `node` makes trees with places of them, `extend` merges files, the `scale` and `--set` (whose paths `set` checks), `preset`
//! lays stages over the presets that they name, `raw` reads the shape of a study, `matrix` and `binding` read the two small languages inside it,
//! `vars` and `substitute` replace names, `resolve` makes typed stages of it, and `model` is what the rest of the program sees. `differing` writes
//! values back for people.

mod bind;
pub mod binding;
mod check;
pub mod differing;
pub mod extend;
mod ids;
mod inputs;
pub mod matrix;
mod merge;
pub mod model;
pub mod node;
mod origin;
pub mod parse;
pub mod path;
mod preset;
pub mod raw;
mod resolve;
pub mod resolved;
mod scale;
pub mod schema;
mod set;
pub mod source;
mod substitute;
mod vars;

pub use model::{Pipeline, Stage};

use crate::diagnostic::{Diagnostic, Texts};
use hilum_stages::contract::kind::StageKind;
use std::path::Path;

/// A loaded study, with all its errors.
pub struct Loaded {
    /// The texts that diagnostics point into.
    pub texts: Texts,
    /// The graph, if there are no errors.
    pub pipeline: Option<Pipeline>,
    /// All errors and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a study may name.
pub struct Language {
    /// The stage kinds.
    pub kinds: &'static [StageKind],
    /// The checks, by their ids.
    pub checks: Vec<&'static str>,
}

/// Reads and checks a study; `sets` are `--set` arguments.
pub fn load(file: &Path, sets: &[String], language: &Language) -> Loaded {
    let mut texts = Texts::default();
    let mut diagnostics = vec![];
    let pipeline =
        source::read(file, &mut texts, &mut diagnostics).and_then(|root| extend::extend(root, file, sets, &mut texts, &mut diagnostics)).and_then(|root| {
            let root = preset::fill(root, language.kinds, &mut texts, &mut diagnostics);
            let study = raw::read(&root, &language.checks, &mut diagnostics)?;
            resolve::resolve(&study, language.kinds, &mut diagnostics)
        });
    diagnostics.sort_by_key(|d| d.at.as_ref().map(|a| (a.0.text, a.0.start)));
    say_once(&mut diagnostics);
    let pipeline = pipeline.filter(|_| diagnostics.iter().all(|d| d.is_warning));
    Loaded { texts, pipeline, diagnostics }
}

/// Removes repetitions: each cell of a stage may have found the same. Expects them in the order of their locations.
fn say_once(diagnostics: &mut Vec<Diagnostic>) {
    let mut here: Vec<Diagnostic> = vec![];
    diagnostics.retain(|d| {
        let place = |d: &Diagnostic| d.at.as_ref().map(|at| (at.0.text, at.0.start));
        if here.first().is_some_and(|first| place(first) != place(d)) {
            here.clear();
        }
        let is_new = !here.contains(d);
        if is_new {
            here.push(d.clone());
        }
        is_new
    });
}
