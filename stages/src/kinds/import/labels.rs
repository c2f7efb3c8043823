//! From the labels that a source gives an image to the one label that it has in the study.

use super::columns::{LabelColumn, Several, Uncertain};
use super::left_out::{self, Omitted};
use super::patterns::Wild;
use super::row::{Row, Said};
use super::text;
use crate::contract::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Labels of the source that a message lists.
const SHOWN: usize = 12;

/// The labels in one cell.
pub(super) fn in_cell(cell: &str, rule: &LabelColumn) -> Said {
    match &rule.separator {
        None if text::is_nothing(cell) => Said::Several(vec![]),
        None => Said::One(cell.to_owned()),
        Some(separator) => {
            let labels: BTreeSet<&str> = cell.split(separator.as_str()).map(str::trim).filter(|l| !text::is_nothing(l)).collect();
            Said::Several(labels.into_iter().map(str::to_owned).collect())
        }
    }
}

/// The labels of one cell per label: 1, 0, -1 or empty.
///
/// # Errors
/// Where a cell is none of these.
pub(super) fn in_cells<'a>(cells: impl Iterator<Item = (&'a str, &'a str)>, rule: &LabelColumn) -> std::result::Result<Said, String> {
    let mut labels = vec![];
    for (label, cell) in cells {
        let has = match cell.trim().to_ascii_lowercase().as_str() {
            "1" | "1.0" | "true" | "yes" | "positive" => true,
            "-1" | "-1.0" | "u" | "uncertain" => match rule.uncertain {
                Uncertain::Drop => return Ok(Said::Uncertain),
                Uncertain::Positive => true,
                Uncertain::Negative => false,
            },
            "0" | "0.0" | "false" | "no" | "negative" => false,
            nothing if text::is_nothing(nothing) => false,
            _ => return Err(format!("the column `{label}` contains a value other than 1, 0, -1 or empty")),
        };
        if has {
            labels.push(label.to_owned());
        }
    }
    Ok(Said::Several(labels))
}

/// What labels of the source are called in the study.
pub(super) struct Names<'a>(Option<Vec<(Wild, &'a str, &'a str)>>);

impl<'a> Names<'a> {
    pub(super) fn new(labels: Option<&'a BTreeMap<String, String>>) -> Names<'a> {
        Names(labels.map(|l| l.iter().map(|(pattern, name)| (Wild::new(pattern), pattern.as_str(), name.as_str())).collect()))
    }

    /// The label's name in the study, if it has one; the most specific pattern wins.
    fn of<'l>(&'l self, label: &'l str) -> Option<&'l str> {
        if self.0.is_none() {
            return Some(label);
        }
        self.pattern_of(label).map(|(_, _, name)| *name)
    }

    /// Patterns whose labels are all matched by a more specific pattern.
    fn idle(&self, found: &BTreeSet<&str>) -> Vec<&str> {
        let Some(names) = &self.0 else { return vec![] };
        let taken: BTreeSet<&str> = found.iter().filter_map(|l| self.pattern_of(l)).map(|(_, pattern, _)| *pattern).collect();
        names.iter().map(|(_, pattern, _)| *pattern).filter(|p| !taken.contains(p)).collect()
    }

    fn pattern_of(&self, label: &str) -> Option<&(Wild, &'a str, &'a str)> {
        let matching = self.0.as_ref()?.iter().filter(|(wild, ..)| wild.is_match(label));
        matching.max_by_key(|(wild, pattern, _)| (*pattern == label, wild.given))
    }

    /// A pattern that matches no label of the source.
    fn unmet(&self, found: &BTreeSet<&str>) -> Option<&str> {
        let names = self.0.as_ref()?;
        names.iter().find(|(wild, ..)| !found.iter().any(|l| wild.is_match(l))).map(|(_, pattern, _)| *pattern)
    }
}

/// Gives every row its label and leaves out rows that have none.
///
/// # Errors
/// Where `labels` names one that the source does not contain.
pub(super) fn give(rows: Vec<Row>, names: &Names, several: Several, omitted: &mut Omitted, cx: &Context) -> Result<Vec<Row>> {
    let found: BTreeSet<&str> = rows.iter().flat_map(|r| r.said.labels()).map(String::as_str).collect();
    if let Some(missing) = names.unmet(&found) {
        let known: Vec<&str> = found.iter().take(SHOWN).copied().collect();
        let more = found.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        return Err(Error::helped(format!("no image has the label `{missing}`"), format!("the source has these labels: {}{more}", known.join(", "))));
    }
    for idle in names.idle(&found) {
        cx.warn(format!("`labels`: `{idle}` has no effect: more specific patterns match each of its labels"));
    }
    let mut out = Vec::with_capacity(rows.len());
    for mut row in rows {
        match one(&row.said, names, several) {
            Ok(label) => {
                row.label = label.to_owned();
                out.push(row);
            }
            Err(why) => omitted.add(&row.file, &row.said.spelled(), why),
        }
    }
    Ok(out)
}

fn one<'a>(said: &'a Said, names: &'a Names, several: Several) -> std::result::Result<&'a str, &'static str> {
    if matches!(said, Said::Uncertain) {
        return Err(left_out::UNCERTAIN);
    }
    let labels = said.labels();
    // `none` in a table means no label; a directory of this name is a class.
    if labels.iter().all(|label| label.trim().is_empty()) {
        return Err("no label");
    }
    if several == Several::Exactly && labels.len() > 1 {
        return Err(left_out::SEVERAL_LABELS);
    }
    let classes: BTreeSet<&str> = labels.iter().filter_map(|l| names.of(l)).collect();
    let mut classes = classes.into_iter();
    match (classes.next(), classes.next()) {
        (Some(class), None) => Ok(class),
        (Some(_), Some(_)) => Err(left_out::SEVERAL_CLASSES),
        (None, _) => Err(left_out::OTHER_LABEL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(said: Said, labels: &[(&str, &str)], several: Several) -> std::result::Result<String, &'static str> {
        let labels: BTreeMap<String, String> = labels.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let names = Names::new((!labels.is_empty()).then_some(&labels));
        one(&said, &names, several).map(str::to_owned)
    }

    #[test]
    fn one_cell_may_contain_several_labels() {
        let rule = LabelColumn { separator: Some("|".into()), ..LabelColumn::default() };
        let labels = [("Mass", "mass"), ("Nodule", "mass"), ("No Finding", "normal")];
        let of = |cell: &str, several| given(in_cell(cell, &rule), &labels, several);
        assert_eq!(of("Mass", Several::Exactly), Ok("mass".into()));
        assert_eq!(of("Mass | Nodule", Several::Exactly), Err("several labels"));
        assert_eq!(of("Mass|Nodule", Several::Any), Ok("mass".into()));
        assert_eq!(of("Mass|Mass", Several::Exactly), Ok("mass".into()), "twice the same is one");
        assert_eq!(of("Effusion|Mass", Several::Any), Ok("mass".into()));
        assert_eq!(of("Effusion", Several::Any), Err("another label"));
        assert_eq!(of("Mass|No Finding", Several::Any), Err("labels of several classes"));
        assert_eq!(of("", Several::Any), Err("no label"));
        assert_eq!(given(in_cell("a|b", &LabelColumn::default()), &[], Several::Exactly), Ok("a|b".into()), "without a separator it is one label");
    }

    #[test]
    fn one_column_per_label_is_read_as_in_chexpert() {
        let of = |cells: &[(&'static str, &'static str)], uncertain| in_cells(cells.iter().copied(), &LabelColumn { uncertain, ..LabelColumn::default() });
        let row = [("Pneumonia", "1.0"), ("Edema", ""), ("Mass", "-1.0"), ("Fracture", "0.0")];
        assert_eq!(of(&row, Uncertain::Drop), Ok(Said::Uncertain));
        assert_eq!(of(&row, Uncertain::Negative), Ok(Said::Several(vec!["Pneumonia".into()])));
        assert_eq!(of(&row, Uncertain::Positive), Ok(Said::Several(vec!["Pneumonia".into(), "Mass".into()])));
        assert!(of(&[("Pneumonia", "maybe")], Uncertain::Drop).is_err());
        assert_eq!(given(of(&[("A", "0")], Uncertain::Drop).unwrap(), &[], Several::Exactly), Err("no label"));
    }

    #[test]
    fn the_most_specific_pattern_names_a_label() {
        let labels = [("Pneumonia/Viral/COVID-19", "covid"), ("Pneumonia/*", "pneumonia"), ("*", "other")];
        let of = |label: &str| given(Said::One(label.into()), &labels, Several::Exactly).unwrap();
        assert_eq!([of("Pneumonia/Viral/COVID-19"), of("Pneumonia/Bacterial"), of("No Finding")], ["covid", "pneumonia", "other"]);
    }
}
