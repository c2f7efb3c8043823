//! Allowed findings, warnings of stages, and failures: above all headings, so that they are not overlooked.

use super::{Chapter, warning};
use crate::report::facts::Facts;
use hilum_cache::journal::{Finding, Severity};
use hilum_stages::contract::note::Note;
use hilum_stages::words::counted;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "findings", title: None, about: &[], render: |m| Ok(Some(render(m.facts))) };

fn render(f: &Facts) -> Markup {
    html! {
        @for (finding, others) in merged(&f.findings) {
            div class=(class(finding)) {
                b { (finding.id) } " at " (finding.stage) @if others > 0 { " and " (counted(others, "other cell", "other cells")) } ": "
                @match &finding.message {
                    Some(message) => {
                        (message)
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
        @for r in f.receipts() {
            @for note in r.notes.iter().map(|n| Note::read(n)).filter(Note::is_warning) { (warning(Some(&r.stage), &note)) }
        }
        @for failure in &f.failures { div.bad { b { (failure.stage) } " failed: " (failure.message) } }
    }
}

/// An error that is not allowed would have refused the study.
fn class(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if finding.allowed.is_some() => "warn",
        Severity::Error => "bad",
        Severity::Warning => "warn",
        Severity::Info => "info",
    }
}

/// Findings, the first of those that differ in the cell alone, and how many others there are.
fn merged(all: &[Finding]) -> Vec<(&Finding, usize)> {
    let base = |f: &Finding| f.stage.split('/').next().unwrap_or_default().to_owned();
    let mut out: Vec<(&Finding, usize)> = vec![];
    for finding in all {
        match out.iter_mut().find(|(f, _)| f.id == finding.id && base(f) == base(finding) && f.allowed == finding.allowed) {
            Some((_, others)) => *others += 1,
            None => out.push((finding, 0)),
        }
    }
    out
}
