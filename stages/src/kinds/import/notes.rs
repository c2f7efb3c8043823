//! What users should know about an import. Patients are named by the beginnings of their tokens, images by those of
//! their digests; no note contains an identifier, the name of a file or directory, or a label that
//! no image keeps.

use super::Import;
use super::columns::{Column, Columns};
use super::only::Only;
use super::samples::{Kept, Person};
use crate::contract::note::Severity;
use crate::contract::prelude::*;
use crate::contract::source::Listing;
use crate::data::sample::{Origin, Sample};
use crate::statistics::association::cramers_v;
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Cases that are listed one by one, and classes or sources of a table of counts.
const EXAMPLES: usize = 5;
const SHOWN: usize = 8;
/// This many labels with one image each are probably not classes.
const MANY: usize = 5;
/// From this association of class and source on, either can be predicted from the other.
const CONFOUNDED: f64 = 0.9;

impl Import {
    /// Notes what users should know about the images that are kept, before they become a table.
    pub(super) fn remark(&self, kept: &[Kept], tokens: &HashMap<Person, String>, cx: &Context) {
        let of_unknown_patients: HashSet<Digest> = kept.iter().filter(|k| matches!(k.person(), Some(Person::OfImage(_)))).map(|k| k.image).collect();
        let is_named = tokens.keys().any(|p| matches!(p, Person::Named(_)));
        let said = [
            unknown(of_unknown_patients.len(), is_named).filter(|_| !self.is_one_per_image()),
            synthetic(kept.iter().filter(|k| k.look.synthetic.is_some()).count()),
            twice(kept),
            contradictions(kept, tokens),
            numbers(tokens),
            ages(kept),
            self.columns.as_ref().and_then(|c| columns(kept, c, &self.only)),
            if self.labels.is_none() { spellings(kept) } else { None },
        ];
        said.into_iter().flatten().for_each(|note| cx.say(note));
    }
}

/// Directories that were skipped.
pub(super) fn passed_over(images: &Listing) -> Vec<Note> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    images.passed_over.iter().filter(|p| p.is_directory).for_each(|p| *counts.entry(&p.why).or_default() += 1);
    counts.into_iter().map(|(why, n)| Note::warning(format!("{}: {why}", counted(n, "directory was skipped", "directories were skipped")))).collect()
}

/// Classes without images, and labels that do not look like classes. Of labels that no image keeps, those are named that the
/// study itself writes.
pub(super) fn classes(given: &BTreeSet<String>, kept: &[Kept], written: &BTreeSet<&str>) -> Vec<Note> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    kept.iter().for_each(|k| *counts.entry(&k.row.label).or_default() += 1);
    let list = |labels: &[&str]| {
        let more = labels.len().saturating_sub(EXAMPLES);
        let shown: Vec<String> = labels.iter().take(EXAMPLES).map(|l| format!("`{l}`")).collect();
        format!("{}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
    };
    let lost = given.iter().map(String::as_str).filter(|l| !counts.contains_key(l));
    let (lost, others): (Vec<&str>, Vec<&str>) = lost.partition(|l| written.contains(l));
    let joined: Vec<&str> = counts.keys().copied().filter(|l| l.contains('|')).collect();
    let single = counts.values().filter(|n| **n == 1).count();
    let is_yes_or_no = counts.len() > 1 && counts.keys().all(|l| ["-1", "-1.0", "0", "0.0", "1", "1.0"].contains(l));
    let mut said = vec![];
    if !lost.is_empty() {
        said.push(Note::warning(format!("no image with the label {} is left", list(&lost))));
    }
    if !others.is_empty() {
        let them = if others.len() == 1 { "it" } else { "them" };
        said.push(Note::warning(format!(
            "no image is left of {}: the list of left-out images names {them}",
            counted(others.len(), "label of the source", "labels of the source")
        )));
    }
    if !joined.is_empty() {
        said.push(Note::warning(format!("labels contain `|`: {}; `label: {{ column: …, separator: '|' }}` separates several labels", list(&joined))));
    }
    if is_yes_or_no {
        said.push(Note::warning("the labels are numbers: `labels` can name them, as in `labels: { '1': pneumonia, '0': normal }`"));
    }
    if single >= MANY && single * 2 > counts.len() {
        said.push(Note::warning(format!("{single} of {} labels have one image each: is this the column of labels?", counts.len())));
    }
    said
}

/// How many images are of unknown patients, and whether others are of known ones.
fn unknown(n: usize, others_are_known: bool) -> Option<Note> {
    let text = match (n, others_are_known) {
        (0, _) => return None,
        (1, false) => "patients are unknown: the only image counts as a patient of its own".into(),
        (n, false) => format!("patients are unknown: each of the {n} images counts as a patient of its own"),
        (1, true) => "some patients are unknown: 1 image counts as a patient of its own".into(),
        (n, true) => format!("some patients are unknown: each of {n} images counts as a patient of its own"),
    };
    Some(Note::info(text))
}

/// Images that say of themselves that they are synthetic.
fn synthetic(n: usize) -> Option<Note> {
    let what = counted(n, "image says that it is synthetic, and is imported", "images say that they are synthetic, and are imported");
    (n > 0).then(|| Note::warning(format!("{what} as synthetic")))
}

/// Rows that occur more than once.
fn twice(kept: &[Kept]) -> Option<Note> {
    let mut seen = HashSet::new();
    let n = kept.iter().filter(|k| !seen.insert((k.image, k.person(), &k.row.label))).count();
    let what = counted(n, "row repeats the image, patient and label of another row and was", "rows repeat the image, patient and label of other rows and were");
    (n > 0).then(|| Note::info(format!("{what} ignored")))
}

/// Images that are listed under several patients or several labels.
fn contradictions(kept: &[Kept], tokens: &HashMap<Person, String>) -> Option<Note> {
    let mut seen = HashSet::with_capacity(kept.len());
    let again: HashSet<Digest> = kept.iter().filter(|k| !seen.insert(k.image)).map(|k| k.image).collect();
    let mut held: BTreeMap<Digest, (BTreeSet<Person>, BTreeSet<&str>)> = BTreeMap::new();
    for k in kept.iter().filter(|k| again.contains(&k.image)) {
        let (people, labels) = held.entry(k.image).or_default();
        people.extend(k.person());
        labels.insert(&k.row.label);
    }
    held.retain(|_, (people, labels)| people.len() > 1 || labels.len() > 1);
    if held.is_empty() {
        return None;
    }
    let examples: Vec<String> = held
        .iter()
        .take(EXAMPLES)
        .map(|(image, (people, labels))| {
            // Patients who share an image have one token.
            let token = people.first().map_or("no patient", |p| &tokens[p][..10]);
            let people = if people.len() > 1 { format!("{} patients, now one: ", people.len()) } else { String::new() };
            format!("{} ({people}{token}; {})", image.short(), labels.iter().copied().collect::<Vec<_>>().join(", "))
        })
        .collect();
    let more = if held.len() > EXAMPLES { format!(", and {} more", held.len() - EXAMPLES) } else { String::new() };
    let what = counted(held.len(), "image occurs", "images occur");
    // Of two labels, one is wrong, and both would be trained on.
    let severity = if held.values().any(|(_, labels)| labels.len() > 1) { Severity::Warning } else { Severity::Info };
    Some(Note { severity, text: format!("{what} more than once with different patients or labels: {}{more}", examples.join(", ")) })
}

/// Classes that come from different sources: a network can learn the source instead of the finding.
pub(super) fn confounding(rows: &[Sample]) -> Option<Note> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.origin == Origin::Real) {
        *counts.entry(&row.label).or_default().entry(&row.source).or_default() += 1;
    }
    let v = cramers_v(&counts).filter(|v| *v >= CONFOUNDED)?;
    let sources: BTreeSet<&str> = counts.values().flat_map(|s| s.keys().copied()).collect();
    let more = |n: usize, what: &str| if n > SHOWN { format!(", and {} more {what}", n - SHOWN) } else { String::new() };
    let line = |(label, of): (&&str, &BTreeMap<&str, usize>)| {
        let cells: Vec<String> = sources.iter().take(SHOWN).map(|s| format!("{s} {}", of.get(s).unwrap_or(&0))).collect();
        format!("{label}: {}{}", cells.join(", "), more(sources.len(), "sources"))
    };
    let table: Vec<String> = counts.iter().take(SHOWN).map(line).collect();
    Some(Note::warning(format!(
        "class and source are confounded (Cramér's V {v:.2}): a network that recognises the source will seem to recognise the finding. Images by class and source: {}{}",
        table.join("; "),
        more(counts.len(), "classes")
    )))
}

/// Identifiers that a spreadsheet turned into numbers in some rows and not in others. They are counted, never named.
fn numbers(tokens: &HashMap<Person, String>) -> Option<Note> {
    let names: HashSet<&str> = tokens.keys().filter_map(|p| if let Person::Named(name) = p { Some(name.as_str()) } else { None }).collect();
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let whole = |name: &str| name.strip_suffix(".0").is_some_and(|n| is_number(n) && names.contains(n));
    let padded = |name: &str| is_number(name) && name.starts_with('0') && names.contains(name.trim_start_matches('0'));
    let short = |name: &str| name.split_once("E+").is_some_and(|(a, b)| a.parse::<f64>().is_ok() && is_number(b));
    let n = |which: &dyn Fn(&str) -> bool| names.iter().filter(|name| which(name)).count();
    let said = [
        counted_or_none(
            n(&whole),
            "identifier occurs with and without `.0` at its end, as two patients",
            "identifiers occur with and without `.0` at their ends, as two patients each",
        ),
        counted_or_none(
            n(&padded),
            "identifier occurs with and without leading zeros, as two patients",
            "identifiers occur with and without leading zeros, as two patients each",
        ),
        counted_or_none(
            n(&short),
            "identifier is a number such as 1.2E+11, which has lost digits",
            "identifiers are numbers such as 1.2E+11, which have lost digits",
        ),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| Note::warning(format!("{}; write them in the same way throughout the table", said.join("; "))))
}

fn counted_or_none(n: usize, one: &str, several: &str) -> Option<String> {
    (n > 0).then(|| counted(n, one, several))
}

/// Ages that cannot be read, if others can.
fn ages(kept: &[Kept]) -> Option<Note> {
    let given = kept.iter().filter(|k| !k.row.age.is_empty());
    let (read, not): (Vec<&Kept>, Vec<&Kept>) = given.partition(|k| k.age().is_some());
    let what = counted(not.len(), "age is", "ages are");
    (!read.is_empty() && !not.is_empty()).then(|| Note::warning(format!("{what} not a number of years from 0 to 130; unreadable ages count as unknown")))
}

/// Columns without information. A column that `only` filters by may have one value by intention.
fn columns(kept: &[Kept], columns: &Columns, only: &Only) -> Option<Note> {
    let cell: [(&str, Option<&Column>, fn(&Kept) -> &str); 4] = [
        ("source", columns.source.as_deref(), |k| &k.row.source),
        ("age", columns.age.as_deref(), |k| &k.row.age),
        ("sex", columns.sex.as_deref(), |k| &k.row.sex),
        ("view", columns.view.as_deref(), |k| &k.row.view),
    ];
    let mut said = vec![];
    for (name, column, cell) in cell {
        let Some(column) = column.map(|c| &c.column).filter(|c| !only.contains_key(*c) && kept.len() > 1) else { continue };
        let values: BTreeSet<&str> = kept.iter().map(cell).collect();
        let why = if values.iter().all(|v| v.trim().is_empty()) {
            "is empty"
        } else if name == "age" && kept.iter().all(|k| k.age().is_none()) {
            "is never a number"
        } else if values.len() == 1 {
            "is the same for all images"
        } else {
            continue;
        };
        said.push(format!("`{name}` (column `{column}`) {why}"));
    }
    (!said.is_empty()).then(|| Note::warning(format!("columns without information: {}", said.join(", "))))
}

/// Labels that are spellings of one word.
fn spellings(kept: &[Kept]) -> Option<Note> {
    let mut labels: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for k in kept {
        labels.entry(k.row.label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()).or_default().insert(&k.row.label);
    }
    let groups: Vec<String> = labels.values().filter(|l| l.len() > 1).map(|l| l.iter().copied().collect::<Vec<_>>().join(" / ")).collect();
    let shown = groups.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    let more = if groups.len() > EXAMPLES { format!(", and {} more", groups.len() - EXAMPLES) } else { String::new() };
    (!groups.is_empty())
        .then(|| Note::warning(format!("labels that differ only in case or spaces count as different classes: {shown}{more}; `labels` can give them one name")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cramers_v_is_that_of_scipy_corrected_for_chance() {
        let table = |cells: &[(&'static str, &'static str, usize)]| {
            let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
            cells.iter().for_each(|(a, b, n)| *counts.entry(a).or_default().entry(b).or_default() += n);
            cramers_v(&counts)
        };
        assert_eq!(table(&[("a", "x", 4), ("b", "y", 6)]), Some(1.0));
        assert_eq!(table(&[("a", "x", 4), ("a", "y", 6), ("b", "x", 2), ("b", "y", 3)]), Some(0.0));
        // scipy.stats.contingency.association([[9, 1, 2], [3, 8, 1]]) is 0.60476…; Bergsma's correction of it for 24 images:
        let v = table(&[("a", "x", 9), ("a", "y", 1), ("a", "z", 2), ("b", "x", 3), ("b", "y", 8), ("b", "z", 1)]).unwrap();
        assert!((v - ORACLE).abs() < 1e-12, "{v}");
        assert_eq!(table(&[("a", "x", 4), ("b", "x", 6)]), None);
    }
    const ORACLE: f64 = 0.539_866_862_250_526_5;
}
