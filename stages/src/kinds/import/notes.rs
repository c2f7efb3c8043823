//! What people should know of an import. Patients are named by the beginnings of their tokens, images by those of their
//! digests; no note holds an identifier or the name of a file.

use super::Import;
use super::columns::{Column, Columns};
use super::only::Only;
use super::samples::{Kept, Person};
use crate::contract::prelude::*;
use crate::contract::source::Listing;
use crate::data::sample::{Origin, Sample};
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Cases that are told one by one, and classes or sources of a table of counts.
const EXAMPLES: usize = 5;
const SHOWN: usize = 8;
/// So many labels with one image each are no classes.
const MANY: usize = 5;
/// Where class and source go together as much as this, either can be told from the other.
const CONFOUNDED: f64 = 0.9;

impl Import {
    /// Says what people should know of the images that are taken, before they are gathered into a table.
    pub(super) fn remark(&self, kept: &[Kept], tokens: &HashMap<Person, String>, cx: &Context) {
        let of_nobody_known: HashSet<Digest> = kept.iter().filter(|k| matches!(k.person(), Some(Person::OfImage(_)))).map(|k| k.image).collect();
        let is_named = tokens.keys().any(|p| matches!(p, Person::Named(_)));
        let said = [
            unknown(of_nobody_known.len(), is_named).filter(|_| !self.is_one_per_image()),
            synthetic(kept.iter().filter(|k| k.look.synthetic.is_some()).count()),
            twice(kept),
            contradictions(kept, tokens),
            numbers(tokens),
            ages(kept),
            self.columns.as_ref().and_then(|c| columns(kept, c, &self.only)),
            if self.labels.is_none() { spellings(kept) } else { None },
        ];
        said.into_iter().flatten().for_each(|note| cx.note(note));
    }
}

/// Directories that were not looked into.
pub(super) fn passed_over(images: &Listing) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    images.passed_over.iter().filter(|p| p.is_directory).for_each(|p| *counts.entry(&p.why).or_default() += 1);
    counts.into_iter().map(|(why, n)| format!("warning: {}: {why}", counted(n, "directory was passed over", "directories were passed over"))).collect()
}

/// Classes of which no image is left, and what labels look like that are no classes.
pub(super) fn classes(given: &BTreeSet<String>, kept: &[Kept]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    kept.iter().for_each(|k| *counts.entry(&k.row.label).or_default() += 1);
    let list = |labels: &[&str]| {
        let more = labels.len().saturating_sub(EXAMPLES);
        let shown: Vec<String> = labels.iter().take(EXAMPLES).map(|l| format!("`{l}`")).collect();
        format!("{}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
    };
    let lost: Vec<&str> = given.iter().map(String::as_str).filter(|l| !counts.contains_key(l)).collect();
    let joined: Vec<&str> = counts.keys().copied().filter(|l| l.contains('|')).collect();
    let single = counts.values().filter(|n| **n == 1).count();
    let is_yes_or_no = counts.len() > 1 && counts.keys().all(|l| ["-1", "-1.0", "0", "0.0", "1", "1.0"].contains(l));
    let mut said = vec![];
    if !lost.is_empty() {
        said.push(format!("warning: no image of the label {} is left", list(&lost)));
    }
    if !joined.is_empty() {
        said.push(format!("warning: labels hold `|`: {}; `label: {{ column: …, separator: '|' }}` tells several labels apart", list(&joined)));
    }
    if is_yes_or_no {
        said.push("warning: the labels are numbers: `labels` can name them, as in `labels: { '1': pneumonia, '0': normal }`".to_owned());
    }
    if single >= MANY && single * 2 > counts.len() {
        said.push(format!("warning: {single} of {} labels have one image each: is this the column of labels?", counts.len()));
    }
    said
}

/// How many images are of nobody that is known, where others are of somebody or not.
fn unknown(n: usize, others_are_known: bool) -> Option<String> {
    match (n, others_are_known) {
        (0, _) => None,
        (1, false) => Some("patients are unknown: the only image counts as a patient of its own".into()),
        (n, false) => Some(format!("patients are unknown: each of the {n} images counts as a patient of its own")),
        (1, true) => Some("patients are unknown in part: 1 image counts as a patient of its own".into()),
        (n, true) => Some(format!("patients are unknown in part: each of {n} images counts as a patient of its own")),
    }
}

/// Images that hilum made.
fn synthetic(n: usize) -> Option<String> {
    let what = counted(n, "image was made by hilum's own `synthesize` and is imported", "images were made by hilum's own `synthesize` and are imported");
    (n > 0).then(|| format!("warning: {what} as synthetic"))
}

/// Rows that say the same of an image again.
fn twice(kept: &[Kept]) -> Option<String> {
    let mut seen = HashSet::new();
    let n = kept.iter().filter(|k| !seen.insert((k.image, k.person(), &k.row.label))).count();
    let what =
        counted(n, "image stood there twice, with the same patient and label, and was", "images stood there twice, with the same patient and label, and were");
    (n > 0).then(|| format!("{what} taken once"))
}

/// Images that are said to be of several patients, or to show several things.
fn contradictions(kept: &[Kept], tokens: &HashMap<Person, String>) -> Option<String> {
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
            // People who share an image have one token.
            let token = people.first().map_or("nobody", |p| &tokens[p][..10]);
            let people = if people.len() > 1 { format!("{} patients, now one: ", people.len()) } else { String::new() };
            format!("{} ({people}{token}; {})", image.short(), labels.iter().copied().collect::<Vec<_>>().join(", "))
        })
        .collect();
    let more = if held.len() > EXAMPLES { format!(", and {} more", held.len() - EXAMPLES) } else { String::new() };
    let what = counted(held.len(), "image is held", "images are held");
    // Of two labels one is wrong, and both would be trained on.
    let warning = if held.values().any(|(_, labels)| labels.len() > 1) { "warning: " } else { "" };
    Some(format!("{warning}{what} twice or more under different patients or labels: {}{more}", examples.join(", ")))
}

/// Classes that come from sources of their own: a network can learn the source and seem to know the finding.
pub(super) fn confounding(rows: &[Sample]) -> Option<String> {
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
    Some(format!(
        "warning: class and source go together (Cramér's V {v:.2}): what tells sources apart will pass for a finding. Images by class and source: {}{}",
        table.join("; "),
        more(counts.len(), "classes")
    ))
}

/// Cramér's V without correction; none where there is a single row or column.
fn cramers_v(counts: &BTreeMap<&str, BTreeMap<&str, usize>>) -> Option<f64> {
    let mut columns: BTreeMap<&str, usize> = BTreeMap::new();
    counts.values().flatten().for_each(|(column, n)| *columns.entry(column).or_default() += n);
    let smaller = counts.len().min(columns.len());
    if smaller < 2 {
        return None;
    }
    let total = columns.values().sum::<usize>() as f64;
    let mut chi_square = 0.0;
    for row in counts.values() {
        let sum = row.values().sum::<usize>() as f64;
        for (column, n) in &columns {
            let expected = sum * *n as f64 / total;
            let off = *row.get(column).unwrap_or(&0) as f64 - expected;
            chi_square += off * off / expected;
        }
    }
    Some((chi_square / (total * (smaller - 1) as f64)).sqrt())
}

/// Identifiers that a spreadsheet has made numbers of in one place and not in another. They are counted, never named.
fn numbers(tokens: &HashMap<Person, String>) -> Option<String> {
    let names: HashSet<&str> = tokens.keys().filter_map(|p| if let Person::Named(name) = p { Some(name.as_str()) } else { None }).collect();
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let whole = |name: &str| name.strip_suffix(".0").is_some_and(|n| is_number(n) && names.contains(n));
    let padded = |name: &str| is_number(name) && name.starts_with('0') && names.contains(name.trim_start_matches('0'));
    let short = |name: &str| name.split_once("E+").is_some_and(|(a, b)| a.parse::<f64>().is_ok() && is_number(b));
    let n = |which: &dyn Fn(&str) -> bool| names.iter().filter(|name| which(name)).count();
    let said = [
        counted_or_none(
            n(&whole),
            "identifier stands with `.0` at its end and without it, as two patients",
            "identifiers stand with `.0` at their ends and without it, as two patients each",
        ),
        counted_or_none(
            n(&padded),
            "identifier stands with zeros before it and without them, as two patients",
            "identifiers stand with zeros before them and without, as two patients each",
        ),
        counted_or_none(
            n(&short),
            "identifier is a number such as 1.2E+11, of which digits are lost",
            "identifiers are numbers such as 1.2E+11, of which digits are lost",
        ),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("warning: {}; write them alike in the table", said.join("; ")))
}

fn counted_or_none(n: usize, one: &str, several: &str) -> Option<String> {
    (n > 0).then(|| counted(n, one, several))
}

/// Ages that do not read, beside others that do.
fn ages(kept: &[Kept]) -> Option<String> {
    let given = kept.iter().filter(|k| !k.row.age.is_empty());
    let (read, not): (Vec<&Kept>, Vec<&Kept>) = given.partition(|k| k.age().is_some());
    let what = counted(not.len(), "age is", "ages are");
    (!read.is_empty() && !not.is_empty()).then(|| format!("warning: {what} no number of years from 0 to 130 and count as unknown"))
}

/// Columns that were named and tell nothing. One that `only` goes by is the same throughout because it is meant to be.
fn columns(kept: &[Kept], columns: &Columns, only: &Only) -> Option<String> {
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
            "never reads as a number"
        } else if values.len() == 1 {
            "is the same for all images"
        } else {
            continue;
        };
        said.push(format!("`{name}` (column `{column}`) {why}"));
    }
    (!said.is_empty()).then(|| format!("warning: columns that tell nothing: {}", said.join(", ")))
}

/// Labels that are one word in several spellings.
fn spellings(kept: &[Kept]) -> Option<String> {
    let mut labels: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for k in kept {
        labels.entry(k.row.label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()).or_default().insert(&k.row.label);
    }
    let groups: Vec<String> = labels.values().filter(|l| l.len() > 1).map(|l| l.iter().copied().collect::<Vec<_>>().join(" / ")).collect();
    let shown = groups.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    let more = if groups.len() > EXAMPLES { format!(", and {} more", groups.len() - EXAMPLES) } else { String::new() };
    (!groups.is_empty())
        .then(|| format!("warning: labels that differ only in case or spaces count as different classes: {shown}{more}; `labels` can give them one name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cramers_v_is_that_of_the_textbook() {
        let table = |cells: &[(&'static str, &'static str, usize)]| {
            let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
            cells.iter().for_each(|(a, b, n)| *counts.entry(a).or_default().entry(b).or_default() += n);
            cramers_v(&counts)
        };
        assert_eq!(table(&[("a", "x", 4), ("b", "y", 6)]), Some(1.0));
        assert_eq!(table(&[("a", "x", 4), ("a", "y", 6), ("b", "x", 2), ("b", "y", 3)]), Some(0.0));
        // scipy.stats.contingency.association([[9, 1, 2], [3, 8, 1]], correction=False)
        let v = table(&[("a", "x", 9), ("a", "y", 1), ("a", "z", 2), ("b", "x", 3), ("b", "y", 8), ("b", "z", 1)]).unwrap();
        assert!((v - ORACLE).abs() < 1e-12, "{v}");
        assert_eq!(table(&[("a", "x", 4), ("b", "x", 6)]), None);
    }
    const ORACLE: f64 = 0.604_765_029_363_256_7;
}
