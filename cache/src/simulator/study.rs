//! What simulated runs compute: three stages in a row, in three variants. Outputs are functions of recipes, so that their bytes are
//! known beforehand.

use crate::checkout::Wanted;
use crate::recipe::Input;
use crate::tree::{Entry, Tree};
use crate::{Artifact, Digest, Recipe, Sha256, StageKey, canonical};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A stage whose inputs are known.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) recipe: Recipe,
    pub(crate) key: StageKey,
    /// A list of images that its recipe names.
    pub(crate) list: Option<Vec<u8>>,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) artifact: Artifact,
    /// True if it saves checkpoints.
    pub(crate) is_long: bool,
}

/// The stages of each variant. All three begin with one stage; two of them have the same last output.
pub(crate) static VARIANTS: LazyLock<Vec<Vec<Stage>>> = LazyLock::new(|| (0..3).map(stages).collect());

impl Stage {
    /// The bytes of a checkpoint.
    pub(crate) fn checkpoint(&self, step: u64) -> Vec<u8> {
        format!("{} after {step}", self.key).into_bytes()
    }
    /// Its objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Digest> + '_ {
        std::iter::once(self.artifact.digest).chain(self.files.values().map(|bytes| Digest::of(bytes)))
    }
    /// Its results.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = Wanted> + '_ {
        self.files.iter().map(|(file, bytes)| Wanted { path: format!("{}/{file}", self.name), digest: Digest::of(bytes) })
    }
}

fn stages(variant: usize) -> Vec<Stage> {
    let file = |name: &str, bytes: String| (name.to_owned(), bytes.into_bytes());
    let first = stage("first", 0, None, |key| [file("samples.csv", format!("samples of {key}\n").repeat(3))].into());
    // The list is an object that no stage made.
    let list = format!("{variant}\n");
    let second = stage("second", variant, Some((&first, list)), |key| {
        [file("a.csv", format!("a of {key}\n")), file("more/b.csv", "the same in all variants\n".into()), file("c.csv", String::new())].into()
    });
    let third = stage("third", variant.min(1), Some((&second, "all\n".into())), |key| {
        let shared = if variant == 0 { String::from("weights\n") } else { format!("weights of {}\n", &key.to_string()[..4]) };
        [file("weights", shared.repeat(40)), file("a.csv", "the same in all variants\n".into())].into()
    });
    vec![first, second, third]
}

fn stage(name: &'static str, parameter: usize, input: Option<(&Stage, String)>, files: impl Fn(&StageKey) -> BTreeMap<String, Vec<u8>>) -> Stage {
    let mut inputs = BTreeMap::new();
    let list = input.as_ref().map(|(_, list)| list.clone().into_bytes());
    if let Some((above, _)) = &input {
        inputs.insert("samples".to_owned(), Input::One(above.artifact.digest));
    }
    if let Some(list) = &list {
        inputs.insert("images".to_owned(), Input::Lookup { lookup: Digest::of(list), images: 1 });
    }
    let recipe = Recipe {
        v: 1,
        kind: name.into(),
        version: 1,
        parameters: json!({ "parameter": parameter }),
        seed: None,
        inputs,
        sources: BTreeMap::new(),
        engine: None,
        pseudonyms: None,
    };
    let key = recipe.key();
    let files = files(&key);
    let entry =
        |(name, bytes): (&String, &Vec<u8>)| Entry { name: name.clone(), digest: Digest::of(bytes), sha256: Sha256::of(bytes), size: bytes.len() as u64 };
    let entries: Vec<Entry> = files.iter().map(entry).collect();
    let bytes = entries.iter().map(|file| file.size).sum();
    let artifact = match &entries[..] {
        [only] => Artifact { kind: "table".into(), digest: only.digest, sha256: only.sha256, bytes, file: Some(only.name.clone()) },
        _ => {
            let document = canonical::to_bytes(&Tree { v: 1, files: entries });
            Artifact { kind: "table".into(), digest: Digest::of(&document), sha256: Sha256::of(&document), bytes, file: None }
        }
    };
    Stage { name, recipe, key, list, files, artifact, is_long: name == "third" }
}
