//! What an import leaves out: each file with its reason for the study's owner, counts by reason and class in notes.
//!
//! Notes are part of the record. They name a label only if images with it are kept or the study itself writes it: any other text
//! of a table or a path may be somebody's name, and is listed for the owner alone.

use crate::contract::context::LeftOut;
use crate::contract::prelude::*;
use crate::words::counted;
use std::collections::{BTreeMap, BTreeSet};

/// Classes that are listed one by one.
const SHOWN: usize = 6;

/// Reasons that the study asked for.
const MEANT: &[&str] = &[NOT_SELECTED, NOT_IN_HEADER, EXCLUDED, OTHER_LABEL, SEVERAL_LABELS, SEVERAL_CLASSES, UNCERTAIN, MASK];
pub(super) const NOT_SELECTED: &str = "not selected by `only`";
pub(super) const NOT_IN_HEADER: &str = "not selected by `dicom`";
pub(super) const EXCLUDED: &str = "excluded";
pub(super) const OTHER_LABEL: &str = "another label";
pub(super) const SEVERAL_LABELS: &str = "several labels";
pub(super) const SEVERAL_CLASSES: &str = "labels of several classes";
pub(super) const UNCERTAIN: &str = "the label is uncertain";
/// No reason that the study asked for: the tables should fit.
pub(super) const ALONE: &str = "no row in the table of `join`";
pub(super) const MASK: &str = "a mask, by its directory";

/// Files that were left out so far.
#[derive(Debug, Default)]
pub(super) struct Omitted {
    files: Vec<LeftOut>,
}

impl Omitted {
    /// Leaves a file out for a reason in a few words, which contains no names.
    pub(super) fn add(&mut self, name: &str, label: &str, reason: impl Into<String>) {
        self.files.push(LeftOut { name: name.to_owned(), label: label.to_owned(), reason: reason.into() });
    }

    /// How many of them were left out without being asked for.
    pub(super) fn lost(&self) -> usize {
        self.files.iter().filter(|f| !is_meant(&f.reason)).count()
    }

    /// Notes how many were left out and why, as a warning where the study did not ask for it, and reports the files to
    /// the owner. `public` are the labels that the record has anyway.
    pub(super) fn report(mut self, public: &BTreeSet<&str>, cx: &Context) -> BTreeMap<String, usize> {
        // Several rows of a table may name one file, as where each box has a row.
        let mut seen = BTreeSet::new();
        self.files.retain(|f| f.name.is_empty() || seen.insert((f.name.clone(), f.label.clone(), f.reason.clone())));
        let mut by_reason: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for file in &self.files {
            *by_reason.entry(&file.reason).or_default().entry(&file.label).or_default() += 1;
        }
        let mut counts = BTreeMap::new();
        for (reason, classes) in by_reason {
            let n = classes.values().sum();
            let text = format!("{}: {reason}{}", counted(n, "image was left out", "images were left out"), in_classes(&classes, public));
            cx.say(if is_meant(reason) { Note::info(text) } else { Note::warning(text) });
            counts.insert(reason.to_owned(), n);
        }
        cx.left_out(self.files);
        counts
    }
}

/// True for a reason that the study asked for.
fn is_meant(reason: &str) -> bool {
    MEANT.contains(&reason)
}

/// ` (covid 3, normal 2)`, the largest first, and how many have labels that are not public; empty if no class is known.
fn in_classes(classes: &BTreeMap<&str, usize>, public: &BTreeSet<&str>) -> String {
    let labelled = classes.iter().filter(|(label, _)| !label.is_empty()).map(|(label, n)| (*label, *n));
    let (mut known, others): (Vec<(&str, usize)>, Vec<(&str, usize)>) = labelled.partition(|(label, _)| public.contains(label));
    known.sort_by_key(|(label, n)| (std::cmp::Reverse(*n), *label));
    let mut shown: Vec<String> = known.iter().take(SHOWN).map(|(label, n)| format!("{label} {n}")).collect();
    let more = known.len().saturating_sub(SHOWN);
    if more > 0 {
        shown.push(format!("and {more} more labels"));
    }
    if !others.is_empty() {
        let n: usize = others.iter().map(|(_, n)| n).sum();
        shown.push(format!("{n} with {}", counted(others.len(), "label that no image keeps", "labels that no image keeps")));
    }
    if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_study_did_not_ask_to_leave_out_is_a_warning() {
        let cx = Context::for_tests("import");
        let mut omitted = Omitted::default();
        omitted.add("a.png", "covid", EXCLUDED);
        omitted.add("b.png", "covid", "damaged");
        omitted.add("b.png", "covid", "damaged");
        omitted.add("c.png", "Doe, Jane", EXCLUDED);
        omitted.report(&BTreeSet::from(["covid"]), &cx);
        let notes = [
            Note::warning("1 image was left out: damaged (covid 1)"),
            Note::info("2 images were left out: excluded (covid 1, 1 with 1 label that no image keeps)"),
        ];
        assert_eq!(cx.notes(), notes);
    }

    #[test]
    fn classes_are_listed_with_the_largest_first() {
        let labels = ["h", "a", "b", "c", "d", "e", "f", "g"];
        let many: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(i, l)| (*l, 10 - i)).collect();
        let all = BTreeSet::from(labels);
        assert_eq!(in_classes(&many, &all), " (h 10, a 9, b 8, c 7, d 6, e 5, and 2 more labels)");
        assert_eq!(in_classes(&BTreeMap::from([("", 3)]), &all), "");
        assert_eq!(in_classes(&BTreeMap::from([("", 1), ("a", 2)]), &all), " (a 2)");
        assert_eq!(in_classes(&BTreeMap::from([("a", 2), ("Doe, Jane", 3), ("Doe, John", 1)]), &all), " (a 2, 4 with 2 labels that no image keeps)");
    }
}
