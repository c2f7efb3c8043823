//! The recipe of a stage: everything that decides its outputs, as one canonical document.
//!
//! The key is `blake3("hilum.recipe.v1\0" ‖ canonical JSON of the recipe)`. What enters it, and what does not:
//!
//! | value | recipe | receipt | why |
//! |---|:-:|:-:|---|
//! | stage kind and VERSION | ✓ | ✓ | identity of the work |
//! | parameters by name, after defaults are filled in | ✓ | ✓ | a changed default must change the key |
//! | seed, only for kinds that declare a random stream | ✓ | ✓ | a new study seed must not decode images again |
//! | inputs by port: digests; a list keeps its written order; a gathered port is `{cell, digest}` sorted by cell; a looked-up port is the digest of the sorted list (image → pixels) of only the images named | ✓ | ✓ | content, not origin |
//! | sources: digest of the file or directory that a path parameter names | ✓ | ✓ | content, not location |
//! | public fingerprint of the pseudonym key, for kinds that make pseudonyms | ✓ | ✓ | another key gives other names |
//! | engine (`cpu` or `cuda`, and the version of the operations), for tensor kinds | ✓ | ✓ | bits differ between them |
//! | engine fingerprint (instruction set, devices), thread count | – | ✓ | bits are compared only where it is equal |
//! | the stage's name, comments, key order, anchors, `resources`, `retry`, intervals of checkpoints and logs | – | ✓ | must not recompute |
//! | absolute paths, mtimes, host, user, wall time, attempt number | – | some times | never hashed |
//!
//! `why` is a [difference](Recipe::differences) of two recipes, so that the explanation and the key cannot disagree.

mod spelling;

use crate::{Digest, StageKey, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that decides the outputs of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The version of this record.
    pub v: u32,
    /// The name of the stage kind.
    pub kind: String,
    /// The version of the kind's code.
    pub version: u32,
    /// The parameters, defaults filled in, without those that are sources.
    pub parameters: Value,
    /// The seed as a decimal number (JSON numbers lose bits above 2^53), for kinds that draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// Input ports.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
    /// Digests of files and directories named by parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, Digest>,
    /// The engine of tensor kinds, such as `cpu-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The fingerprint of the pseudonym key, for kinds that make pseudonyms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonyms: Option<String>,
}

/// What an input port contributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One artifact.
    One(Digest),
    /// Artifacts in written order.
    List(Vec<Digest>),
    /// Artifacts of the cells of a matrix, sorted by cell.
    Gathered(Vec<Gathered>),
    /// Rows of packed images, found by image.
    Lookup {
        /// Digest of the list `image pixels`, one pair a line, sorted by image.
        lookup: Digest,
        /// How many images the list names.
        #[serde(alias = "films")]
        images: u64,
    },
}

impl Input {
    /// The list that only this input names: an object that no stage made.
    pub fn list(&self) -> Option<&Digest> {
        match self {
            Input::One(_) | Input::List(_) | Input::Gathered(_) => None,
            Input::Lookup { lookup, images: _ } => Some(lookup),
        }
    }
}

/// One cell of a gathered port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    /// The coordinates that distinguish the cell, such as `arm=real/repeat=0`.
    pub cell: String,
    /// Its artifact.
    pub digest: Digest,
}

impl Recipe {
    /// The key of this recipe.
    pub fn key(&self) -> StageKey {
        hashed(&self.canonical())
    }

    /// Where this recipe differs from an `older` one, in the order: kind, parameters, seed, engine, pseudonyms, sources, inputs.
    pub fn differences(&self, older: &Recipe) -> Vec<Difference> {
        // Taken apart without `..`: a field that is added later does not compile until it is compared here.
        // `v` says how the record is written, not what a stage does: there is only one version, which no edit of a study changes.
        let Recipe { v: _, kind, version, parameters, seed, inputs, sources, engine, pseudonyms } = self;
        let mut out = vec![];
        if *kind != older.kind {
            out.push(Difference::new(Part::Kind, "", &Value::from(older.kind.as_str()), &Value::from(kind.as_str())));
        } else if *version != older.version {
            out.push(Difference::new(Part::Version, "", &Value::from(older.version), &Value::from(*version)));
        }
        let mut changed = vec![];
        walk("", &older.parameters, parameters, &mut changed);
        out.extend(changed.into_iter().map(|(path, old, new)| Difference { part: Part::Parameter, path, old, new }));
        let text = |s: &Option<String>| s.as_deref().map_or(Value::Null, Value::from);
        for (part, old, new) in [(Part::Seed, &older.seed, seed), (Part::Engine, &older.engine, engine), (Part::Pseudonyms, &older.pseudonyms, pseudonyms)] {
            if old != new {
                out.push(Difference::new(part, "", &text(old), &text(new)));
            }
        }
        by_name(Part::Source, &older.sources, sources, &mut out);
        by_name(Part::Input, &older.inputs, inputs, &mut out);
        out
    }
}

/// The key of a recipe as it stands in a journal, whose members may be those of another time.
pub(crate) fn key_of(recipe: &Value) -> StageKey {
    hashed(&canonical::to_bytes(recipe))
}

fn hashed(canonical: &[u8]) -> StageKey {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hilum.recipe.v1\0");
    hasher.update(canonical);
    StageKey(Digest::from_bytes(*hasher.finalize().as_bytes()))
}

/// Which part of a recipe differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Part {
    Kind,
    Version,
    Parameter,
    Seed,
    Source,
    Input,
    Engine,
    Pseudonyms,
}

/// One difference between two recipes; `Null` stands for "not there".
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which part.
    pub part: Part,
    /// The parameter path (`network.dcgan.width`), port or source; empty where the part is single.
    pub path: String,
    /// The value in the older recipe.
    pub old: Value,
    /// The value now.
    pub new: Value,
}

impl Difference {
    fn new(part: Part, path: &str, old: &Value, new: &Value) -> Self {
        Difference { part, path: path.to_owned(), old: old.clone(), new: new.clone() }
    }
}

fn by_name<T: Serialize + PartialEq>(part: Part, old: &BTreeMap<String, T>, new: &BTreeMap<String, T>, out: &mut Vec<Difference>) {
    let json = |x: Option<&T>| x.map_or(Value::Null, |x| serde_json::to_value(x).expect("BUG: records are plain JSON"));
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        if old.get(name) != new.get(name) {
            out.push(Difference { part, path: name.clone(), old: json(old.get(name)), new: json(new.get(name)) });
        }
    }
}

fn walk(path: &str, old: &Value, new: &Value, out: &mut Vec<(String, Value, Value)>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for name in names {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(&below, a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null), out);
            }
        }
        _ if canonical::to_bytes(old) == canonical::to_bytes(new) => {}
        _ => out.push((path.to_owned(), old.clone(), new.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn recipe(parameters: Value) -> Recipe {
        Recipe { v: 1, kind: "k".into(), version: 1, parameters, seed: None, inputs: BTreeMap::new(), sources: BTreeMap::new(), engine: None, pseudonyms: None }
    }

    #[test]
    fn swapping_two_values_changes_the_key_and_key_order_does_not() {
        let ab = recipe(json!({"a": 1, "b": 2}));
        assert_ne!(ab.key(), recipe(json!({"a": 2, "b": 1})).key());
        assert_eq!(ab.key(), recipe(json!({"b": 2, "a": 1})).key());
        assert_ne!(ab.key(), recipe(json!({"a": 1})).key());
    }

    #[test]
    fn differences_name_the_path_with_both_values() {
        let old = recipe(json!({"network": {"dcgan": {"width": 64}}, "epochs": 40, "gone": true}));
        let new = recipe(json!({"network": {"dcgan": {"width": 32}}, "epochs": 60}));
        let found: Vec<_> = new.differences(&old).into_iter().map(|d| (d.path, d.old, d.new)).collect();
        assert_eq!(
            found,
            vec![
                ("epochs".to_string(), json!(40), json!(60)),
                ("gone".to_string(), json!(true), Value::Null),
                ("network.dcgan.width".to_string(), json!(64), json!(32)),
            ]
        );
        assert!(new.differences(&new).is_empty());
    }

    #[test]
    fn whatever_changes_the_key_is_a_difference() {
        let old = recipe(json!({}));
        let d = Digest::of(b"x");
        let change = |f: fn(&mut Recipe, Digest)| {
            let mut new = old.clone();
            f(&mut new, d);
            assert_ne!(new.key(), old.key());
            let found = new.differences(&old);
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].part
        };
        let parts = [
            change(|r, _| r.kind = "other".into()),
            change(|r, _| r.version = 2),
            change(|r, _| r.parameters = json!({"a": 1})),
            change(|r, _| r.seed = Some("1".into())),
            change(|r, d| r.sources = [("table".to_owned(), d)].into()),
            change(|r, d| r.inputs = [("samples".to_owned(), Input::One(d))].into()),
            change(|r, _| r.engine = Some("cpu-1".into())),
            change(|r, _| r.pseudonyms = Some("3f".into())),
        ];
        assert_eq!(parts, [Part::Kind, Part::Version, Part::Parameter, Part::Seed, Part::Source, Part::Input, Part::Engine, Part::Pseudonyms]);
    }

    #[test]
    fn an_input_reads_back_as_it_was_written() {
        let d = Digest::of(b"x");
        for input in [
            Input::One(d),
            Input::List(vec![d, d]),
            Input::Gathered(vec![Gathered { cell: "arm=a".into(), digest: d }]),
            Input::Lookup { lookup: d, images: 3 },
        ] {
            let text = canonical::to_string(&input);
            assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input);
        }
    }
}
