//! Findings as people see them: those of cells of a stage that say the same are one. Independent of what is found.

use super::{Finding, Severity};
use crate::diagnostic::{Diagnostic, Texts};
use crate::pipeline::Pipeline;
use std::collections::{BTreeMap, BTreeSet};

/// What a message says apart from its numbers and the cell that it is about.
pub(crate) fn gist(message: &str, stage: &str) -> String {
    let base = stage.split('/').next().unwrap_or_default();
    let text: Vec<char> = message.replace(stage, base).chars().collect();
    let is_digit = |at: usize| text.get(at).is_some_and(char::is_ascii_digit);
    let is_inside = |at: usize| ['.', ','].contains(&text[at]) && at > 0 && is_digit(at - 1) && is_digit(at + 1);
    (0..text.len()).filter(|at| !is_digit(*at) && !is_inside(*at)).map(|at| text[at]).collect()
}

/// Findings as they are shown: those of different cells of a stage that say the same apart from numbers are merged into the one with
/// the largest count.
pub fn for_display<'a>(p: &Pipeline, findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Finding> {
    // A cell may have several findings that say the same; each is one of its own.
    let (mut times, mut known) = (BTreeMap::new(), BTreeMap::new());
    let mut out: Vec<Finding> = vec![];
    for finding in findings {
        let key = said(p, finding);
        let nth = times.entry((key.clone(), finding.stage)).or_insert(0usize);
        *nth += 1;
        match known.get(&(key.clone(), *nth)) {
            None => {
                known.insert((key, *nth), out.len());
                out.push(finding.clone());
            }
            Some(at) => {
                let shown: &mut Finding = &mut out[*at];
                let (n, least, most) = shown.cells.unwrap_or((1, shown.found.count, shown.found.count));
                let cells = Some((n + 1, least.min(finding.found.count), most.max(finding.found.count)));
                if finding.found.count > shown.found.count {
                    *shown = finding.clone();
                }
                shown.cells = cells;
            }
        }
    }
    out
}

/// What is said, but for numbers, and of which stage; cells of it say the same.
type Said<'a> = (&'static str, &'a str, String);

fn said<'a>(p: &'a Pipeline, finding: &Finding) -> Said<'a> {
    let stage = &p.stages[finding.stage];
    (finding.check.id, &stage.base, gist(&finding.found.message, &stage.name))
}

/// Findings of which nothing like it was reported before: what is true of one cell of a stage is said while others are still trained, and
/// once more at the end, of all of them.
pub fn unheard<'a>(p: &Pipeline, findings: &'a [Finding], reported: &[Finding]) -> Vec<&'a Finding> {
    let heard: BTreeSet<Said> = reported.iter().map(|f| said(p, f)).collect();
    findings.iter().filter(|f| !heard.contains(&said(p, f))).collect()
}

/// Findings that are not among those that were reported before, as diagnostics for people; where only those of some cells were, of all
/// cells together.
pub fn diagnostics<'a>(p: &Pipeline, texts: &Texts, findings: impl IntoIterator<Item = &'a Finding>, reported: &[Finding]) -> Vec<Diagnostic> {
    // What is informational stands in journal and report.
    let shown: Vec<&Finding> = findings.into_iter().filter(|f| f.check.severity != Severity::Info).collect();
    let new: BTreeSet<Said> = shown.iter().filter(|f| !reported.iter().any(|r| r.is_same(f))).map(|f| said(p, f)).collect();
    for_display(p, shown.into_iter().filter(|f| new.contains(&said(p, f)))).iter().map(|f| f.diagnostic(p, texts)).collect()
}

/// Allowed findings that did not occur, once everything is known.
pub fn unused(p: &Pipeline, found: &[Finding]) -> Vec<Diagnostic> {
    let unused = p.allow.iter().filter(|a| !found.iter().any(|f| f.check.id == a.id.text));
    let say = |id: &str| format!("`{id}` is allowed, but the study has no such finding");
    unused.map(|a| Diagnostic::new("W0001", say(&a.id.text)).at(a.id.span, "not needed").help("remove it from `checks.allow`").warning()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{CHECKS, CheckResult};

    /// While others are trained, the first cell is told of and no other; at the end, all of them are, in one finding.
    #[test]
    fn what_is_true_of_many_cells_is_said_once_early_and_once_of_all() {
        let text = "study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 32, classes: { a: { images: 40 }, b: { images: 40 } } } }\n  \
                    pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n  net: { stage: train-classifier, matrix: { repeat: [0, 1, 2] }, in: \
                    { samples: images, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, steps: 1 } }\n";
        let p = crate::language::study(text);
        let check = CHECKS.iter().find(|check| check.id == "compute.undertrained").unwrap();
        let of = |(cell, says): (usize, &str)| {
            let (stage, at) = p.stages.pairs().filter(|(_, s)| s.base == "net").map(|(id, s)| (id, s.places.name)).nth(cell).unwrap();
            let message = format!("the loss of `net` {says}");
            let found = CheckResult { stage, at, label: String::new(), message, notes: vec![], help: "", count: 8, unit: "epochs", path: vec![] };
            Finding { check, stage, cells: None, reason: None, found }
        };
        let all: Vec<Finding> = [(0, "falls by 12 %"), (1, "falls by 7 %"), (2, "falls by 30 %"), (2, "is flat")].map(of).into();
        let first = unheard(&p, &all[..1], &[]);
        assert_eq!(first.len(), 1);
        let reported: Vec<Finding> = first.into_iter().cloned().collect();
        assert_eq!(unheard(&p, &all[..3], &reported).len(), 0, "the same is true of another cell");
        assert_eq!(unheard(&p, &all, &reported).len(), 1, "something else is news");
        let at_the_end = diagnostics(&p, &Texts::default(), &all, &reported);
        let notes: Vec<&[String]> = at_the_end.iter().map(|d| &d.notes[..]).collect();
        assert_eq!(notes, [&["the same is true of 3 cells of `net`".to_owned()][..], &[]]);
        assert!(diagnostics(&p, &Texts::default(), &all, &all).is_empty());
    }

    #[test]
    fn a_message_is_the_same_for_every_cell_and_number() {
        let of = |message: &str| gist(message, "set/arm=a/repeat=0");
        assert_eq!(of("`set/arm=a/repeat=0` has 1,180.5 of 12 images, or 3."), of("`set` has 7 of 2,000 images, or 0.25."));
        assert_ne!(of("1 of `normal`"), of("1 of `covid`"));
        assert_eq!(of("a.b, c 1. 2, x"), "a.b, c . , x");
    }
}
