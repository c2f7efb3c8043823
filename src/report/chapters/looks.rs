//! How often the images of each test were looked at, in all runs of the store.

use super::{Chapter, Material};
use crate::looks::{self, Looks};
use crate::report::head::date;
use crate::report::wide::{prose, table};
use hilum_cache::{Digest, Result};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHAPTER: Chapter = Chapter { id: "looks", title: "How often the test images were looked at", about: &[], render };

/// Evaluations of one test that are named.
const NAMED: usize = 3;

fn render(m: &Material) -> Result<Option<Markup>> {
    let Some(ledger) = m.facts.ledger else { return Ok(None) };
    let mut tests: BTreeMap<Digest, BTreeSet<String>> = BTreeMap::new();
    for receipt in m.facts.receipts() {
        if let Some([_, test]) = looks::test_of(&receipt.recipe) {
            tests.entry(test).or_default().insert(receipt.stage.split('/').next().unwrap_or_default().to_owned());
        }
    }
    if tests.is_empty() {
        return Ok(None);
    }
    let all = looks::of_store(m.store, ledger)?;
    let known: Vec<(BTreeSet<String>, Looks)> = tests.into_iter().map(|(test, stages)| (stages, all.get(&test).cloned().unwrap_or_default())).collect();
    Ok(Some(content(&known, &m.elsewhere("tables"))))
}

fn content(known: &[(BTreeSet<String>, Looks)], elsewhere: &str) -> Markup {
    let rows: Vec<Markup> = known
        .iter()
        .map(|(stages, looks)| {
            let named: Vec<&str> = stages.iter().take(NAMED).map(String::as_str).collect();
            let more = if stages.len() > NAMED { format!(" and {} more", stages.len() - NAMED) } else { String::new() };
            let [first, last] = &looks.between;
            html! {
                th scope="row" { code { (named.join(", ")) } (more) }
                td.num { (looks.configurations) } td.num { (looks.models) } td.num { (looks.runs) } td { (date(first)) } td { (date(last)) }
            }
        })
        .collect();
    let most = known.iter().map(|(_, looks)| looks.configurations).max().unwrap_or_default();
    html! {
        p.plain { (prose(&format!("{} evaluated on one set of test images, as far as this store knows.", counted(most, "configuration was", "configurations were")))) }
        (table("Evaluations by test", &["test", "configurations", "models", "runs", "first", "last"], &rows, elsewhere))
        p {
            "Counted are the evaluations in all runs of this store; other stores, and what was done outside of hilum, are not known. "
            "A configuration is a training with all that was before it but for seeds: repeats of one design are one, its folds are several. "
            "Whoever tries many configurations on one test and reports the best reports more than new patients would show: choose on validation images, and test once."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_has_a_row_with_what_was_tried_on_it() {
        let looks =
            |configurations| Looks { models: 12, configurations, runs: 2, between: ["2026-11-30T20:43:48.300Z".into(), "2026-12-01T08:00:00.000Z".into()] };
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
        let page = content(&[(names(&["scores"]), looks(1)), (names(&["a", "b", "c", "d"]), looks(7))], "x").into_string();
        for part in [
            "7 configurations were evaluated on one set of test images",
            "<code>scores</code>",
            "<code>a, b, c</code> and 1 more",
            ">12<",
            "2026-12-01 08:00 UTC",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
