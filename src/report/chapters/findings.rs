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
        @for stage in drawn(f) { div.warn { "The images of " b { (stage) } " are drawn by a program: numbers of this study say nothing of patients." } }
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
        @for (stage, note) in warnings(f) { (warning(Some(&stage), &note)) }
        @for failure in &f.failures { div.bad { b { (failure.stage) } " failed: " (failure.message) } }
    }
}

/// Stages whose images are drawn.
fn drawn(f: &Facts) -> Vec<&str> {
    f.receipts().filter(|r| hilum_stages::draws_images(&r.recipe.kind)).map(|r| r.stage.as_str()).collect()
}

/// Warnings of stages, those that cells of one stage have in common once.
fn warnings(f: &Facts) -> Vec<(String, Note)> {
    let mut all: Vec<(&str, &str, usize)> = vec![];
    for receipt in f.receipts() {
        let base = receipt.stage.split('/').next().unwrap_or_default();
        for text in receipt.notes.iter().filter(|text| Note::read(text).is_warning()) {
            match all.iter_mut().find(|(stage, known, _)| *known == text.as_str() && stage.split('/').next() == Some(base)) {
                Some((.., others)) => *others += 1,
                None => all.push((&receipt.stage, text, 0)),
            }
        }
    }
    let others = |n: usize| if n > 0 { format!(" and {}", counted(n, "other cell", "other cells")) } else { String::new() };
    all.into_iter().map(|(stage, text, n)| (format!("{stage}{}", others(n)), Note::read(text))).collect()
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
