//! What differs between two runs: parameters, data, code, environment, and metrics. From records alone; knows
//! neither how it is shown nor how a stage computes anything.

mod causes;
mod group;
mod metrics;
mod pairs;
mod record;
mod samples;

pub use causes::{Cause, Causes, Explanation, Sort, causes};
pub use group::collapsed;
pub use metrics::Metric;
pub use record::Record;
pub use samples::{Moved, OfClass, SamplesChange, samples};

use group::group;
use hilum_cache::recipe::Part;
use hilum_cache::{Ledger, Receipt, Recipe, Result, Store};
use pairs::{Pair, pairs};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What changed in the same way at some stages; `Null` stands for "not there".
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The stages; the name of one without its cell where all of its cells changed so.
    pub stages: Vec<String>,
    /// What changed: a parameter's path, `seed`, `in.PORT`, a source, or a part of the environment.
    pub path: String,
    /// Before.
    pub old: Value,
    /// After.
    pub new: Value,
}

/// Two runs side by side.
pub struct Comparison {
    /// The first run.
    pub old: Record,
    /// The second run.
    pub new: Record,
    /// Stages that only the first has.
    pub removed: Vec<String>,
    /// Stages that only the second has.
    pub added: Vec<String>,
    /// Cells of a stage that have other axes in the second run than in the first, and are compared all the same.
    pub moved: Vec<String>,
    /// Stages of both that have a result in the first only: the second was interrupted, or they failed there.
    pub only_old: Vec<String>,
    /// Stages of both that have a result in the second only.
    pub only_new: Vec<String>,
    /// Stages of both that have a result in neither.
    pub without_result: Vec<String>,
    /// Parameters, seeds and bindings, by stage.
    pub parameters: Vec<Change>,
    /// Digests of what was imported, and the pseudonym key.
    pub data: Vec<Change>,
    /// The program, what it depends on, and the versions of kinds.
    pub code: Vec<Change>,
    /// Engine, its fingerprint, and the compiler.
    pub environment: Vec<Change>,
    /// Metrics.
    pub metrics: Vec<Metric>,
}

impl Comparison {
    /// Stages that are not compared, each sort with its words.
    pub fn stages(&self) -> [(&'static str, &[String]); 6] {
        [
            ("Only in the first run", &self.removed),
            ("Only in the second run", &self.added),
            ("With other axes in the second run", &self.moved),
            ("With a result in the first run only", &self.only_old),
            ("With a result in the second run only", &self.only_new),
            ("Without a result in either run", &self.without_result),
        ]
    }

    /// True if nothing differs, of what has a result in one of them.
    pub fn is_empty(&self) -> bool {
        let changes = [&self.parameters, &self.data, &self.code, &self.environment];
        let stages = [&self.removed, &self.added, &self.moved, &self.only_old, &self.only_new];
        stages.iter().all(|s| s.is_empty()) && self.metrics.is_empty() && changes.iter().all(|c| c.is_empty())
    }
}

type Found = (String, String, Value, Value);

/// Compares two runs of one store.
///
/// # Errors
/// If a journal or a table of metrics cannot be read.
pub fn compare(store: &Store, ledger: &Ledger, old: &str, new: &str) -> Result<Comparison> {
    let (old, new) = (Record::read(store, ledger, old)?, Record::read(store, ledger, new)?);
    let compared = pairs(&old, &new);
    let only = |of: &Record, known: BTreeSet<&str>| of.stages.keys().filter(|name| !known.contains(name.as_str())).cloned().collect::<Vec<_>>();
    let removed = only(&old, compared.iter().map(|pair| pair.old).collect());
    let added = only(&new, compared.iter().map(|pair| pair.new).collect());
    let named: BTreeMap<String, Pair> = compared.iter().map(|pair| (pair.name(), *pair)).collect();
    let both: BTreeSet<&str> = named.keys().map(String::as_str).collect();
    let moved: Vec<String> = named.iter().filter(|(_, pair)| pair.is_moved()).map(|(name, _)| name.clone()).collect();
    let with = |in_old: bool, in_new: bool| {
        let is_so = |pair: &Pair| (old.receipts.contains_key(pair.old), new.receipts.contains_key(pair.new)) == (in_old, in_new);
        named.iter().filter(|(_, pair)| is_so(pair)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let collapsed = |names: Vec<String>| group::collapsed(&names, &both);
    let moved = collapsed(moved);
    let (only_old, only_new, without_result) = (collapsed(with(true, false)), collapsed(with(false, true)), collapsed(with(false, false)));
    let parameters = pairs::differences(&old.stages, &new.stages, &compared);
    // What ran is known of stages that finished in both.
    let ran: BTreeMap<&str, (&Receipt, &Receipt)> =
        named.iter().filter_map(|(name, pair)| Some((name.as_str(), (old.receipts.get(pair.old)?, new.receipts.get(pair.new)?)))).collect();
    let (mut data, mut code, mut environment): (Vec<Found>, Vec<Found>, Vec<Found>) = Default::default();
    for (name, (before, after)) in &ran {
        for d in after.recipe.differences(&before.recipe) {
            let to = match d.part {
                Part::Source | Part::Pseudonyms => &mut data,
                Part::Version => &mut code,
                Part::Engine => &mut environment,
                // Parameters are those of the study; inputs follow from what the stages above were given.
                Part::Kind | Part::Parameter | Part::Seed | Part::Input => continue,
            };
            let path = if d.path.is_empty() { word(d.part).to_owned() } else { d.path };
            to.push(((*name).to_owned(), path, d.old, d.new));
        }
        let (a, b) = (&before.environment, &after.environment);
        let of_program = [
            ("program", json!(a.program), json!(b.program)),
            ("commit", json!(a.commit), json!(b.commit)),
            ("dirty", json!(a.dirty), json!(b.dirty)),
            ("lockfile", json!(a.lockfile), json!(b.lockfile)),
        ];
        let of_machine = [("toolchain", json!(a.toolchain), json!(b.toolchain)), ("fingerprint", json!(a.fingerprint), json!(b.fingerprint))];
        let differing = |all: &[(&str, Value, Value)], to: &mut Vec<Found>| {
            to.extend(all.iter().filter(|(_, a, b)| a != b).map(|(path, a, b)| ((*name).to_owned(), (*path).to_owned(), a.clone(), b.clone())));
        };
        differing(&of_program, &mut code);
        differing(&of_machine, &mut environment);
    }
    let finished: BTreeSet<&str> = ran.keys().copied().collect();
    let metrics = metrics::compare(store, &ran)?;
    let parameters = group(parameters, &both, false);
    let (data, code, environment) = (group(data, &finished, false), group(code, &finished, true), group(environment, &finished, true));
    Ok(Comparison { removed, added, moved, only_old, only_new, without_result, parameters, data, code, environment, metrics, old, new })
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Kind => "stage",
        Part::Version => "version",
        Part::Parameter => "with",
        Part::Seed => "seed",
        Part::Source => "source",
        Part::Input => "in",
        Part::Engine => "engine",
        Part::Pseudonyms => "pseudonyms",
    }
}

/// What a study says of a stage, in the form in which differences are found; bindings stand among the parameters as `in.PORT`.
fn as_recipe(stage: &Value) -> Recipe {
    let mut parameters = stage["with"].as_object().cloned().unwrap_or_else(Map::new);
    if let Some(bindings) = stage.get("in") {
        parameters.insert("in".into(), bindings.clone());
    }
    let seed = stage.get("seed").map(|s| s.as_str().map_or_else(|| s.to_string(), str::to_owned));
    Recipe {
        v: 1,
        kind: stage["stage"].as_str().unwrap_or_default().to_owned(),
        version: 0,
        parameters: parameters.into(),
        seed,
        inputs: BTreeMap::new(),
        sources: BTreeMap::new(),
        engine: None,
        pseudonyms: None,
    }
}
