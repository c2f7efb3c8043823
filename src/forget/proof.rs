//! What is known of the results that a study has after an erasure: that the recipe of each, and everything that it was made of, has nothing
//! of the patient in it, so that a study that never saw the patient has the same keys, and so the same bytes. Read from the receipts.

use super::objects::names;
use crate::patients::{Found, Reached};
use hilum_cache::receipt::Determinism;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Ledger, Receipt, StageKey, Store};
use hilum_stages::KINDS;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the results of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It imports: its own recipe names the table and the images, and its tables do not name the patient.
    ImportedWithout,
    /// Its recipe is that of a study that never saw the patient, and so are its bytes.
    EqualByRecipe,
    /// The same, on the engine and the instruction set that it was computed with.
    EqualByRecipeOnThisEngine,
    /// It was computed without the patient, and its kind does not promise the same bytes.
    Retrained,
    /// The record does not show it.
    NotShown,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::ImportedWithout => "imported without the patient",
            Verdict::EqualByRecipe => "equal by its recipe",
            Verdict::EqualByRecipeOnThisEngine => "equal by its recipe, on this engine",
            Verdict::Retrained => "computed without the patient, not proved",
            Verdict::NotShown => "not shown by the record",
        }
    }

    /// True where the bytes are those of a study that never saw the patient.
    pub fn is_equal(self) -> bool {
        matches!(self, Verdict::EqualByRecipe | Verdict::EqualByRecipeOnThisEngine)
    }
}

/// An output before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// Its digest before the patient was removed; none if the stage had no result.
    pub before: Option<Digest>,
    /// Its digest now.
    pub after: Digest,
}

/// What is known of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfStage {
    /// The stage, with its cell.
    pub stage: String,
    /// Its kind.
    pub kind: String,
    /// How far its bytes may be expected again.
    pub determinism: Determinism,
    /// Where bits are equal, for kinds whose bytes depend on that.
    pub fingerprint: String,
    /// What is known.
    pub verdict: Verdict,
    /// Outputs by port.
    pub outputs: BTreeMap<String, Changed>,
}

/// The digests of the newest results of a study, by stage and port.
pub type Digests = BTreeMap<(String, String), Digest>;

/// What is known of each stage of a study, by what the patient has to do with the results of the store. `before` are digests before it
/// was computed again; `images` are the patient's.
pub(super) fn stages(store: &Store, ledger: &Ledger, found: &[Found], study: &str, before: &Digests, images: &BTreeSet<Digest>) -> Vec<OfStage> {
    let current: Vec<&Found> = found.iter().filter(|found| found.result.is_current && found.result.study == study).collect();
    let clean: BTreeSet<Digest> = current.iter().filter(|found| found.reached == Reached::Not).filter_map(|found| found.result.digest).collect();
    let mut by_stage: BTreeMap<&str, (StageKey, Vec<&Found>)> = BTreeMap::new();
    for found in current {
        if let Some(key) = found.result.key {
            by_stage.entry(&found.result.stage).or_insert((key, vec![])).1.push(found);
        }
    }
    let of_stage = |(stage, (key, found)): (&str, (StageKey, Vec<&Found>))| {
        let receipt = ledger.find(&key)?.0;
        let is_clean = found.iter().all(|found| found.reached == Reached::Not) && is_closed(store, &receipt, &clean, images);
        let output = |found: &&Found| {
            let port = found.result.port.clone();
            let before = before.get(&(stage.to_owned(), port.clone())).copied();
            Some((port, Changed { before, after: found.result.digest? }))
        };
        Some(OfStage {
            stage: stage.to_owned(),
            kind: receipt.recipe.kind.clone(),
            determinism: receipt.determinism,
            fingerprint: receipt.environment.fingerprint.clone(),
            verdict: if is_clean { verdict(&receipt) } else { Verdict::NotShown },
            outputs: found.iter().filter_map(output).collect(),
        })
    };
    by_stage.into_iter().filter_map(of_stage).collect()
}

fn verdict(receipt: &Receipt) -> Verdict {
    let imports = receipt.recipe.inputs.is_empty() && KINDS.iter().any(|kind| kind.name == receipt.recipe.kind && kind.pseudonyms);
    match receipt.determinism {
        _ if imports => Verdict::ImportedWithout,
        Determinism::Bitwise => Verdict::EqualByRecipe,
        Determinism::BitwisePerFingerprint => Verdict::EqualByRecipeOnThisEngine,
        Determinism::Statistical => Verdict::Retrained,
    }
}

/// True if everything that a recipe names is a result that the patient did not reach, or a list without the patient's images.
fn is_closed(store: &Store, receipt: &Receipt, clean: &BTreeSet<Digest>, images: &BTreeSet<Digest>) -> bool {
    receipt.recipe.inputs.values().all(|input| match input {
        Input::One(digest) => clean.contains(digest),
        Input::List(all) => all.iter().all(|digest| clean.contains(digest)),
        Input::Gathered(cells) => cells.iter().all(|cell| clean.contains(&cell.digest)),
        Input::Lookup { lookup, .. } => !names(store, lookup, images),
    })
}

/// The digests of the current results of a study.
pub fn digests<'a>(results: impl IntoIterator<Item = &'a crate::patients::Recorded>, study: &str) -> Digests {
    let current = results.into_iter().filter(|result| result.is_current && result.study == study);
    current.filter_map(|result| Some(((result.stage.clone(), result.port.clone()), result.digest?))).collect()
}
