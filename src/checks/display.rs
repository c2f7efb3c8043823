//! Findings as people see them: those of cells of a stage that say the same are one. Independent of what is found.

use super::{Finding, Severity};
use crate::diagnostic::{Diagnostic, Texts};
use crate::pipeline::Pipeline;
use std::collections::BTreeMap;

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
        let stage = &p.stages[finding.stage];
        let key = (finding.check.id, &stage.base, gist(&finding.found.message, &stage.name));
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

/// Findings that are not among those that were reported before, as diagnostics for people.
pub fn diagnostics<'a>(p: &Pipeline, texts: &Texts, findings: impl IntoIterator<Item = &'a Finding>, reported: &[Finding]) -> Vec<Diagnostic> {
    // What is informational stands in journal and report.
    let shown = |f: &&Finding| f.check.severity != Severity::Info && !reported.iter().any(|r| r.is_same(f));
    let new = findings.into_iter().filter(shown);
    for_display(p, new).iter().map(|f| f.diagnostic(p, texts)).collect()
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

    #[test]
    fn a_message_is_the_same_for_every_cell_and_number() {
        let of = |message: &str| gist(message, "set/arm=a/repeat=0");
        assert_eq!(of("`set/arm=a/repeat=0` has 1,180.5 of 12 images, or 3."), of("`set` has 7 of 2,000 images, or 0.25."));
        assert_ne!(of("1 of `normal`"), of("1 of `covid`"));
        assert_eq!(of("a.b, c 1. 2, x"), "a.b, c . , x");
    }
}
