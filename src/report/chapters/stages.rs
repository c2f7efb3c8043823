//! Every stage with its recipe, times and notes; of a large study each stage with its cells together, and the first recipes.

use super::{Chapter, Material};
use crate::progress::words::{duration, size};
use crate::report::facts::Facts;
use crate::report::places::{CELLS, anchor};
use crate::report::wide::{more, prose, table};
use hilum_cache::{Receipt, Result};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) const CHAPTER: Chapter = Chapter { id: "stages", title: "Stages", about: &[], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let f = m.facts;
    let further = f.stages.len().saturating_sub(CELLS);
    let rows: Vec<Markup> = f.places().shown().map(|at| row(f, at)).collect();
    Ok(Some(html! {
        @if further > 0 { (together(f)) h4 { "The first cells of each stage" } }
        (table("Stages of the study", &["stage", "kind", "result", "time", "memory", "evidence"], &rows, &format!("`hilum show {}`", f.run)))
        (more(further, &format!("`hilum show {}`", f.run)))
    }))
}

fn row(f: &Facts, at: usize) -> Markup {
    let (name, known) = &f.stages[at];
    html! {
        th scope="row" { (name) }
        @match known {
            None => {
                td { (f.resolved["stages"][name]["stage"].as_str().unwrap_or_default()) }
                td { @match f.under_way.iter().find(|u| u.0 == *name) { Some((_, step, _)) => { "after step " (step) } None => { "not run" } } }
                td {} td {} td {}
            }
            Some((result, executed)) => {
                @let r = result.receipt(name);
                td { (r.recipe.kind) }
                td { @if *executed { "executed" } @else { "reused" } }
                td.num { (duration(r.millis)) }
                td.num { @if let Some(m) = r.peak_memory { (size(m)) } }
                td { details {
                    summary { "recipe, digests" @if !r.notes.is_empty() { ", notes" } span.of { " of " (name) } }
                    // Inside of what is folded: whoever follows a link to it sees it opened.
                    div id=(anchor(at)) {
                        p { (recorded(f, name, &r, *executed)) }
                        @for note in &r.notes { p { (prose(note)) } }
                        @for (port, a) in r.outputs.iter() { div { code { (port) " sha256:" (a.sha256.hex()) } } }
                        p { code { "hilum trace " (name) } ", " code { "hilum prove " (name) } }
                        pre.recipe { (serde_json::to_string_pretty(&r.recipe).unwrap_or_default()) }
                    }
                } }
            }
        }
    }
}

/// Where the receipt of a stage stands.
fn recorded(f: &Facts, name: &str, receipt: &Receipt, executed: bool) -> Markup {
    let line = f.lines.get(name).filter(|_| executed);
    let elsewhere = || f.ledger.and_then(|ledger| ledger.find(&receipt.key)).map(|(_, run)| run);
    html! {
        @match (line, elsewhere()) {
            (Some(line), _) => { "Line " (line) " of run " code { (f.run) } },
            (None, Some(run)) => { "Recorded in run " code { (run) } },
            (None, None) => "Recorded",
        }
        ", key " code { (receipt.key) } "; vouched for as said in " a href="#ledger" { "the ledger" } "."
    }
}

/// What cells of a stage have together.
#[derive(Default)]
struct Together {
    kind: String,
    executed: usize,
    reused: usize,
    not_run: usize,
    millis: u64,
}

/// A row for each stage with all of its cells.
fn together(f: &Facts) -> Markup {
    let (mut all, mut at): (Vec<(&str, Together)>, BTreeMap<&str, usize>) = (vec![], BTreeMap::new());
    for (name, known) in &f.stages {
        let base = name.split('/').next().unwrap_or_default();
        let at = *at.entry(base).or_insert_with(|| {
            all.push((base, Together::default()));
            all.len() - 1
        });
        let one = &mut all[at].1;
        match known {
            None => one.not_run += 1,
            Some((result, executed)) => {
                let receipt = result.receipt(name);
                one.executed += usize::from(*executed);
                one.reused += usize::from(!*executed);
                one.millis += receipt.millis;
                one.kind.clone_from(&receipt.recipe.kind);
            }
        }
    }
    let row = |(base, one): &(&str, Together)| {
        html! {
            th scope="row" { (base) } td { (one.kind) } @for n in [one.executed + one.reused + one.not_run, one.executed, one.reused, one.not_run] { td.num { (n) } }
            td.num { (duration(one.millis)) }
        }
    };
    let rows: Vec<Markup> = all.iter().map(row).collect();
    let heads = ["stage", "kind", "cells", "executed", "reused", "not run", "time of all"];
    html! { (table("Stages with their cells together", &heads, &rows, &format!("`hilum show {}`", f.run))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{empty_store, made};
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn a_large_study_is_counted_by_stage_and_says_where_the_rest_is() {
        let (held, store) = empty_store();
        let writable = WritableStore::open(&held.path().join("store")).unwrap();
        let mut stages: Vec<_> = (0..CELLS + 7).map(|n| made(&writable, &format!("gan/n={n}"), ("weights", "w"), b"w", Value::Null)).collect();
        stages.push(("later".into(), None));
        let page = CHAPTER.of(&Facts { run: "r1".into(), stages, ..Facts::default() }, &store).unwrap().into_string();
        let counts = [CELLS + 7, CELLS + 7, 0, 0].map(|n| format!("<td class=\"num\">{n}</td>")).concat();
        assert!(page.contains(&format!("<th scope=\"row\">gan</th><td>of-tomorrow</td>{counts}")), "{page}");
        assert_eq!(page.matches("<details>").count(), CELLS - 1, "one of the rows is of the stage that has not run");
        assert!(page.contains("<th scope=\"row\">later</th>"), "every stage has a row");
        assert!(page.contains("and 8 more rows in <code>hilum show r1</code>"), "{page}");
    }
}
