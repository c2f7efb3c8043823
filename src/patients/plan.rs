//! What the erasure of a patient would have to do with each current result. A plan only: nothing is removed. Independent of printing.

use super::index::{Index, Recorded};
use super::query::{Found, Reached, Sought};
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::{BTreeMap, HashMap};

/// What would have to be done, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The patient's pixels or labels are in it.
    Delete,
    /// A network that the patient influenced.
    Retrain,
    /// Synthetic images that the patient influenced, or what was made of their pixels.
    Regenerate,
    /// Numbers and figures that the patient influenced.
    Recompute,
    /// Nothing of the patient was found, and not everything is known of it.
    NotKnown,
    /// The patient did not reach it.
    Keep,
}

/// A result, and what would have to be done.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// What the patient has to do with it.
    pub found: Found<'a>,
    /// What would have to be done.
    pub action: Action,
}

/// The sums of an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Results.
    pub results: u64,
    /// How long their stages took, in milliseconds: each once, with the gravest action of its results.
    pub millis: u64,
    /// Bytes of different artifacts.
    pub bytes: u64,
}

/// The plan of an erasure.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Current results: those of the newest graph of each study.
    pub planned: Vec<Planned<'a>>,
    /// Sums by action.
    pub totals: BTreeMap<Action, Total>,
    /// Older results that contain the patient.
    pub older_contains: u64,
    /// Older results that the patient influenced.
    pub older_influenced: u64,
    /// Older results of which it is not known.
    pub older_not_known: u64,
}

/// What a plan cannot reach, each with what is to be said of it.
pub const NOT_REACHED: [(&str, &str); 10] = [
    (
        "imported files",
        "The directories and tables that were imported are not in the store: remove the patient there first, or the next run imports the patient again.",
    ),
    ("exports", "What was copied, sent or published of this store is not known to it, and neither are models that others made of that."),
    (
        "results directories",
        "Copies of results lie in directories `results/`, and reports wherever they were written: they stay until a run or somebody replaces them.",
    ),
    ("backups", "Backups and copies of this store are not known to it."),
    ("other stores", "Other stores may have imported the same patient or what was made here: ask each of them."),
    (
        "journals",
        "Journals are never changed: they keep digests of what is removed, and those of images, from which nobody can compute an image or an identifier. Tables of tokens and pseudonyms stay until `hilum forget` removes them.",
    ),
    (
        "index of patients",
        "The file `patients.index` of the store has the pseudonyms and tokens of everybody until the next question makes it anew: remove it.",
    ),
    (
        "lists of left-out files",
        "The tables `.hilum-private/left-out/*.csv` name files that stages left out, which may be the patient's: `hilum forget` removes them.",
    ),
    ("map of images", "The file `images-2` in `.hilum-private` says where the patient's image files are: it follows the imports when the study runs again."),
    (
        "unfinished work",
        "Checkpoints of trainings that were stopped, and what `hilum verify` set aside, are in the store and in no result: remove `checkpoints` and `quarantine`.",
    ),
];

/// Plans the erasure of a patient.
pub fn plan<'a>(index: &'a Index, sought: &Sought) -> Plan<'a> {
    let found = index.who_used(sought).found;
    let older = |wanted: Reached| found.iter().filter(|f| !f.result.is_current && f.reached == wanted).count() as u64;
    let (older_contains, older_influenced, older_not_known) = (older(Reached::Contains), older(Reached::Influenced), older(Reached::NotKnown));
    let planned: Vec<Planned> =
        found.into_iter().filter(|f| f.result.is_current && f.reached != Reached::Erased).map(|found| Planned { action: action(&found), found }).collect();
    Plan { totals: totals(&planned), planned, older_contains, older_influenced, older_not_known }
}

fn action(found: &Found) -> Action {
    use ArtifactType::*;
    match (found.reached, found.result.artifact.parse::<ArtifactType>()) {
        (Reached::Contains, _) => Action::Delete,
        (Reached::Influenced, Ok(Generator | Weights)) => Action::Retrain,
        (Reached::Influenced, Ok(Samples | Images | Masks)) => Action::Regenerate,
        (Reached::Influenced, Ok(Patients | Embedding | Scores | Table | Figure) | Err(_)) => Action::Recompute,
        (Reached::NotKnown, _) => Action::NotKnown,
        (Reached::Not | Reached::Erased, _) => Action::Keep,
    }
}

fn totals(planned: &[Planned]) -> BTreeMap<Action, Total> {
    let mut out: BTreeMap<Action, Total> = BTreeMap::new();
    let (mut stages, mut artifacts) = (HashMap::new(), HashMap::new());
    for Planned { found: Found { result, .. }, action } in planned {
        let Recorded { key, millis, digest, bytes, .. } = result;
        out.entry(*action).or_default().results += 1;
        // Studies share results: what was computed once is done once.
        key.iter().for_each(|key| keep(&mut stages, *key, *action, *millis));
        digest.iter().for_each(|digest| keep(&mut artifacts, *digest, *action, *bytes));
    }
    stages.into_values().for_each(|(action, millis)| out.entry(action).or_default().millis += millis);
    artifacts.into_values().for_each(|(action, bytes)| out.entry(action).or_default().bytes += bytes);
    out
}

/// Keeps the gravest action of a thing.
fn keep<K: std::hash::Hash + Eq>(all: &mut HashMap<K, (Action, u64)>, thing: K, action: Action, amount: u64) {
    let known = all.entry(thing).or_insert((action, amount));
    *known = (known.0.min(action), amount);
}
