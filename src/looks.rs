//! How often the images of a test were looked at: every evaluation that the journals of a store have, by the table of the test. Whoever
//! tries many configurations on one test set and reports the best has used it as a validation set, and nothing in the last run shows it.
//!
//! It counts what this store recorded: other stores, and evaluations outside of hilum, are not known. Independent of how it is shown.

use hilum_cache::journal::Event;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Ledger, Recipe, Result, Store, canonical, journal};
use hilum_stages::KINDS;
use hilum_stages::contract::fit::NotWritten;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The evaluations of one test table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    /// Models that were evaluated: weights that differ.
    pub models: usize,
    /// Configurations among them: trainings that differ in more than seeds.
    pub configurations: usize,
    /// Runs in which that was.
    pub runs: usize,
    /// When the first evaluation started, and when the last (RFC 3339, UTC).
    pub between: [String; 2],
}

/// Where receipts name what an evaluation tests, and on what.
const WEIGHTS: &str = "weights";
const SAMPLES: &str = "samples";

/// What is gathered of one test table.
#[derive(Default)]
struct Seen {
    weights: BTreeSet<Digest>,
    runs: BTreeSet<String>,
    times: BTreeSet<String>,
}

/// All evaluations of a store, by the digests of their test tables.
///
/// # Errors
/// If the journals cannot be listed.
pub fn of_store(store: &Store, ledger: &Ledger) -> Result<BTreeMap<Digest, Looks>> {
    let mut tests: BTreeMap<Digest, Seen> = BTreeMap::new();
    // The digest of the configuration by which weights were trained.
    let mut trained: BTreeMap<Digest, Digest> = BTreeMap::new();
    for run in journal::run_names(store)? {
        ledger.walk(&run, |entry, _| {
            let Some(Event::Receipt { receipt }) = entry.event else { return };
            match test_of(&receipt.recipe) {
                Some([weights, samples]) => {
                    let seen = tests.entry(samples).or_default();
                    seen.weights.insert(weights);
                    seen.runs.insert(run.clone());
                    seen.times.insert(receipt.started);
                }
                None => {
                    let configuration = configuration(&receipt.recipe, &trained);
                    let of_port = |port: &str| Digest::of(format!("{configuration} {port}").as_bytes());
                    trained.extend(receipt.outputs.iter().map(|(port, artifact)| (artifact.digest, of_port(port))));
                }
            }
        });
    }
    let of = |seen: Seen| {
        // Weights that no receipt has, as those of a file, are a configuration of their own.
        let configurations: BTreeSet<Digest> = seen.weights.iter().map(|weights| trained.get(weights).copied().unwrap_or(*weights)).collect();
        let [first, last] = [seen.times.first(), seen.times.last()].map(|time| time.cloned().unwrap_or_default());
        Looks { models: seen.weights.len(), configurations: configurations.len(), runs: seen.runs.len(), between: [first, last] }
    };
    Ok(tests.into_iter().map(|(test, seen)| (test, of(seen))).collect())
}

/// The runs that evaluated on one of these test tables, oldest first, each with the stages that did.
///
/// # Errors
/// If the journals cannot be listed.
pub fn runs_of(store: &Store, ledger: &Ledger, tests: &BTreeSet<Digest>) -> Result<Vec<(String, BTreeSet<String>)>> {
    let mut out = vec![];
    for run in journal::run_names(store)? {
        let mut stages = BTreeSet::new();
        ledger.walk(&run, |entry, _| {
            if let Some(Event::Receipt { receipt }) = entry.event
                && test_of(&receipt.recipe).is_some_and(|[_, samples]| tests.contains(&samples))
            {
                stages.insert(receipt.stage);
            }
        });
        if !stages.is_empty() {
            out.push((run, stages));
        }
    }
    Ok(out)
}

/// The weights and the test table of an evaluation; none of other stages.
pub fn test_of(recipe: &Recipe) -> Option<[Digest; 2]> {
    let one = |port: &str| if let Some(Input::One(digest)) = recipe.inputs.get(port) { Some(*digest) } else { None };
    let both = [one(WEIGHTS)?, one(SAMPLES)?];
    let kind = KINDS.iter().find(|kind| kind.name == recipe.kind)?;
    let is_test = (kind.decode)(recipe.parameters.clone(), &NotWritten).is_ok_and(|stage| stage.is_test());
    is_test.then_some(both)
}

/// What a stage is with everything before it, but for seeds: two trainings that differ in these alone are one configuration that was
/// tried twice. Pixels are those of the images that tables name.
fn configuration(recipe: &Recipe, known: &BTreeMap<Digest, Digest>) -> Digest {
    let of = |digest: &Digest| known.get(digest).unwrap_or(digest).to_string();
    let inputs: BTreeMap<&str, Vec<String>> = recipe
        .inputs
        .iter()
        .filter_map(|(port, input)| match input {
            Input::One(digest) => Some((port.as_str(), vec![of(digest)])),
            Input::List(all) => Some((port.as_str(), all.iter().map(of).collect())),
            Input::Gathered(cells) => Some((port.as_str(), cells.iter().map(|cell| of(&cell.digest)).collect())),
            Input::Lookup { .. } => None,
        })
        .collect();
    Digest::of(&canonical::to_bytes(
        &json!({ "kind": recipe.kind, "version": recipe.version, "parameters": recipe.parameters, "inputs": inputs, "sources": recipe.sources }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::{Receipt, WritableStore};

    /// A receipt of a kind with inputs, whose only output is named by its bytes.
    fn receipt(kind: &str, parameters: serde_json::Value, seed: u64, inputs: &[(&str, &str)], output: &str) -> Receipt {
        let digest = |text: &str| Digest::of(text.as_bytes()).to_string();
        let inputs: BTreeMap<&str, String> = inputs.iter().map(|(port, of)| (*port, digest(of))).collect();
        let artifact = json!({ "type": "table", "digest": digest(output), "sha256": hilum_cache::Sha256::of(output.as_bytes()), "bytes": 1, "file": "f" });
        serde_json::from_value(json!({
            "key": digest(&format!("{output} {seed}")), "study": "s", "stage": output, "flow": {}, "determinism": "bitwise", "started": format!("2026-01-0{}T00:00:00.000Z", seed % 9 + 1),
            "millis": 1, "attempt": 1, "recipe": { "v": 1, "kind": kind, "version": 1, "parameters": parameters, "inputs": inputs, "seed": seed.to_string() },
            "environment": { "program": "", "commit": "", "dirty": false, "lockfile": "", "toolchain": "", "fingerprint": "", "threads": 1 }, "outputs": { "out": artifact },
        }))
        .unwrap()
    }

    fn evaluated(weights: &str, test: &str, seed: u64) -> Receipt {
        receipt("evaluate", json!({}), seed, &[(WEIGHTS, weights), (SAMPLES, test)], &format!("scores of {weights}"))
    }

    #[test]
    fn trainings_that_differ_in_seeds_alone_are_one_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let run = |receipts: &[Receipt]| {
            let mut journal = hilum_cache::Journal::begin(&store).unwrap();
            receipts.iter().for_each(|receipt| journal.append(&Event::Receipt { receipt: Box::new(receipt.clone()) }).unwrap());
        };
        let train = |rate: f64, seed, table: &str, output: &str| receipt("train-classifier", json!({ "rate": rate }), seed, &[(SAMPLES, table)], output);
        let synthetic = |seed, output: &str| receipt("of-tomorrow", json!({}), seed, &[], output);
        run(&[
            synthetic(1, "made-1"),
            synthetic(2, "made-2"),
            train(0.1, 1, "made-1", "a"),
            train(0.1, 2, "made-2", "b"),
            evaluated("a", "test", 1),
            evaluated("b", "test", 2),
        ]);
        run(&[train(0.2, 1, "made-1", "c"), evaluated("c", "test", 3), evaluated("c", "other", 3), evaluated("of a file", "test", 4)]);
        let looks = of_store(&store, &Ledger::load(&store).unwrap()).unwrap();
        let at = |test: &str| looks[&Digest::of(test.as_bytes())].clone();
        let time = |day: u64| format!("2026-01-0{day}T00:00:00.000Z");
        assert_eq!(at("test"), Looks { models: 4, configurations: 3, runs: 2, between: [time(2), time(5)] });
        assert_eq!(at("other"), Looks { models: 1, configurations: 1, runs: 1, between: [time(4), time(4)] });
    }
}
