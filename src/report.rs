//! `hilum report`: one self-contained HTML file about a run, from the store alone. No script, no outside request.

mod drawing;
pub mod graph;
mod parts;
mod trainings;

use graph::Graph;
use hilum_cache::checkpoint::Checkpoints;
use hilum_cache::{Ledger, Receipt, Result, Store, journal};
use hilum_stages::training::snapshot::Preview;
use maud::{DOCTYPE, PreEscaped, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a report is about.
struct Facts {
    run: String,
    study: String,
    description: String,
    started: String,
    finished: Option<Value>,
    resolved: Value,
    /// Receipts by stage, in the order of the study; true where this run wrote it.
    stages: Vec<(String, Option<(Receipt, bool)>)>,
    findings: Vec<Value>,
    failures: Vec<Value>,
    /// Trainings that are not done: the step of the newest checkpoint, and what it shows.
    under_way: Vec<(String, u64, Preview)>,
}

impl Facts {
    fn read(store: &Store, ledger: &Ledger, run: &str) -> Result<Facts> {
        let lines = journal::lines(&store.run_folder(run).join("journal.jsonl"))?;
        let first = lines.first().map(|l| l.body.clone()).unwrap_or_default();
        let resolved = first["resolved"].clone();
        let mut known: BTreeMap<String, (Receipt, bool)> = BTreeMap::new();
        for line in &lines {
            match line.kind.as_str() {
                "receipt" => {
                    if let Ok(receipt) = serde_json::from_value::<Receipt>(line.body["receipt"].clone()) {
                        known.insert(receipt.stage.clone(), (receipt, true));
                    }
                }
                "reused" => {
                    for (stage, key) in line.body["stages"].as_object().into_iter().flatten() {
                        let key = key.as_str().and_then(|k| k.parse().ok()).map(hilum_cache::StageKey);
                        if let Some((receipt, _)) = key.and_then(|k| ledger.find(&k)) {
                            // The stage that carried the recipe out may have had another name, or be another one of this study.
                            known.insert(stage.clone(), (Receipt { stage: stage.clone(), ..receipt }, false));
                        }
                    }
                }
                _ => {}
            }
        }
        let of_kind = |kind: &str| lines.iter().filter(|l| l.kind == kind).map(|l| l.body.clone()).collect::<Vec<_>>();
        let names: Vec<String> = resolved["order"].as_array().map_or_else(
            || resolved["stages"].as_object().into_iter().flatten().map(|(n, _)| n.clone()).collect(),
            |order| order.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
        );
        // A stage that was tried again began several times.
        let begun: BTreeMap<String, String> =
            of_kind("begun").iter().filter_map(|b| Some((b["stage"].as_str()?.to_owned(), b["key"].as_str()?.to_owned()))).collect();
        let mut under_way = vec![];
        for (stage, key) in begun.into_iter().filter(|(stage, _)| !known.contains_key(stage)) {
            let Ok(key) = key.parse().map(hilum_cache::StageKey) else { continue };
            if let Some((step, bytes)) = Checkpoints::of(store, &key).latest()
                && let Some(preview) = Preview::of(bytes)
            {
                under_way.push((stage, step, preview));
            }
        }
        Ok(Facts {
            under_way,
            run: run.to_owned(),
            study: first["study"].as_str().unwrap_or_default().to_owned(),
            description: resolved["description"].as_str().unwrap_or_default().to_owned(),
            started: first["time"].as_str().unwrap_or_default().to_owned(),
            finished: of_kind("finished").pop(),
            findings: of_kind("finding"),
            failures: of_kind("failed"),
            stages: names.into_iter().map(|n| (n.clone(), known.remove(&n))).collect(),
            resolved,
        })
    }

    fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.stages.iter().filter_map(|(_, r)| r.as_ref().map(|r| &r.0))
    }
}

const STYLE: &str = include_str!("report/style.css");

/// The report of a run.
pub fn html(store: &Store, ledger: &Ledger, run: &str) -> Result<String> {
    let facts = Facts::read(store, ledger, run)?;
    let state = |name: &str| {
        let cells: Vec<_> = facts.stages.iter().filter(|(n, _)| n == name || n.starts_with(&format!("{name}/"))).collect();
        if cells.iter().any(|(_, r)| r.is_none()) {
            "missing"
        } else if cells.iter().any(|(_, r)| r.as_ref().is_some_and(|r| r.1)) {
            "executed"
        } else {
            "reused"
        }
    };
    let graph = Graph::of_resolved(&facts.resolved).to_svg(&state);
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // Should anything slip through: no script, no request, no form.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (facts.study) " – hilum report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (facts.study) }
                    @if !facts.description.is_empty() { p.lead { (facts.description) } }
                    (parts::summary(&facts))
                }
                (parts::findings(&facts))
                (trainings::under_way(&facts))
                (parts::comparisons(&facts, store)?)
                (parts::films(&facts, store)?)
                (parts::maps(&facts, store)?)
                section {
                    h2 { "Graph" }
                    p { "Filled stages were executed in this run, outlined ones were reused." }
                    div.scroll { (PreEscaped(graph)) }
                }
                (trainings::histories(&facts, store)?)
                (parts::stages(&facts))
                footer { p { "Made by hilum. Synthetic films are not for diagnosis. A report says what was recorded; it does not make it true." } }
            }
        }
    };
    Ok(body.into_string())
}
