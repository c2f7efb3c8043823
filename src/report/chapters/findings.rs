//! Findings of checks, warnings of stages, and failures, so that they are not overlooked.

use super::{Chapter, Material, warning};
use crate::report::evidence;
use crate::report::extractors::Extractors;
use crate::report::facts::Facts;
use crate::report::verdicts::{Grade, merged};
use crate::report::wide::prose;
use hilum_cache::Result;
use hilum_cache::journal::Finding;
use hilum_stages::contract::note::Note;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) const CHAPTER: Chapter = Chapter { id: "findings", title: "Warnings", about: &[], render };

/// Boxes of one sort.
const SHOWN: usize = 40;

fn render(m: &Material) -> Result<Option<Markup>> {
    let (f, extractors) = (m.facts, Extractors::of_run(m)?);
    let (mut findings, warnings) = (merged(&f.findings), warnings(f));
    findings.sort_by_key(|(finding, _)| std::cmp::Reverse(Grade::of(finding)));
    let any = !findings.is_empty() || !warnings.is_empty() || !f.failures.is_empty();
    Ok(any.then(|| {
        html! {
            @for failure in f.failures.iter().take(SHOWN) { div.bad { b { (evidence::stage(f, &failure.stage)) } " failed: " (failure.message) } }
            @for (finding, others) in findings.iter().take(SHOWN) { div class=(Grade::of(finding).class()) { (said(f, finding, *others, &extractors)) } }
            @for (stage, note) in warnings.iter().take(SHOWN) { (warning(Some(stage), note)) }
            @for (n, one, several) in [(f.failures.len(), "failure", "failures"), (findings.len(), "finding", "findings"), (warnings.len(), "warning", "warnings")] {
                @if n > SHOWN { p.more { "and " (counted(n - SHOWN, &format!("more {one}"), &format!("more {several}"))) " (" code { "hilum show " (f.run) } ")" } }
            }
        }
    }))
}

/// A finding in words.
pub(super) fn said(facts: &Facts, finding: &Finding, others: usize, extractors: &Extractors) -> Markup {
    html! {
        b { (finding.id) } " at " (evidence::stage(facts, &finding.stage)) @if others > 0 { " and " (counted(others, "other cell", "other cells")) } ": "
        @match &finding.message {
            Some(message) => {
                (prose(&extractors.in_text(message)))
                @for unit in ["patients", "images"] { @if let Some(count) = finding.counts.get(unit) { " (" (count) " " (unit) ")" } }
            }
            // Journals of store format 1 have no message.
            None => { (finding.counts.get("patients").copied().unwrap_or(0)) " patients of the test set reached the model" },
        }
        @if !finding.path.is_empty() { ", by way of " (finding.path.join(" ← ")) }
        "."
        @if let Some(reason) = &finding.allowed { br; "Allowed: " (reason) }
    }
}

/// Warnings of stages, those that cells of one stage have in common once.
fn warnings(f: &Facts) -> Vec<(String, Note)> {
    let (mut all, mut known): (Vec<(String, String, usize)>, BTreeMap<(String, String), usize>) = (vec![], BTreeMap::new());
    for receipt in f.receipts() {
        let base = receipt.stage.split('/').next().unwrap_or_default();
        for text in receipt.notes.iter().filter(|text| Note::read(text).is_warning()) {
            match known.get(&(base.to_owned(), text.clone())) {
                Some(at) => all[*at].2 += 1,
                None => {
                    known.insert((base.to_owned(), text.clone()), all.len());
                    all.push((receipt.stage.clone(), text.clone(), 0));
                }
            }
        }
    }
    let others = |n: usize| if n > 0 { format!(" and {}", counted(n, "other cell", "other cells")) } else { String::new() };
    all.into_iter().map(|(stage, text, n)| (format!("{stage}{}", others(n)), Note::read(&text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::empty_store;
    use crate::report::verdicts::tests::finding;
    use hilum_cache::journal::Severity;

    #[test]
    fn what_refuses_a_study_comes_first() {
        let findings = vec![
            finding("noted", "a", Severity::Info, None),
            finding("warned", "b", Severity::Warning, None),
            finding("allowed", "c", Severity::Error, Some("a reason")),
            finding("refused", "d", Severity::Error, None),
        ];
        let (_held, store) = empty_store();
        let page = CHAPTER.of(&Facts { findings, ..Facts::default() }, &store).unwrap().into_string();
        let places = ["refused", "allowed", "warned", "noted"].map(|id| page.find(&format!("<b>{id}</b>")).unwrap());
        assert!(places.is_sorted(), "{page}");
    }
}
