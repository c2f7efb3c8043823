//! What the columns of a table contain, and how a cell is read.

use super::patterns;
use super::text;
use crate::contract::bad_parameter::{BadParameter, Fault};
use crate::contract::prelude::*;
use crate::contract::word::{OrWord, Worded};
use regex::Regex;

/// Columns of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The patient's identifier; not needed with `patient` or `patients: one-per-image`.
    #[serde(default)]
    pub patient: Option<OrWord<Column>>,
    /// The file's name, relative to `images`. If there is no such file, a file is taken whose name differs only in
    /// case, extension or directories, provided that there is exactly one.
    pub file: OrWord<Column>,
    /// The label; not needed if `label` gives one to all images.
    #[serde(default)]
    pub label: Option<OrWord<LabelColumn>>,
    /// Where the image was collected.
    #[serde(default)]
    pub source: Option<OrWord<Column>>,
    /// Age in years; `061Y`, `018M` and `50+` are understood as well.
    #[serde(default)]
    pub age: Option<OrWord<Column>>,
    /// Sex; the usual spellings of male and female become `M` and `F`.
    #[serde(default)]
    pub sex: Option<OrWord<Column>>,
    /// Projection (view), such as `PA`.
    #[serde(default)]
    pub view: Option<OrWord<Column>>,
}

/// A column: its name, optionally with a pattern that extracts part of each cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The column's name in the table.
    pub column: String,
    /// A regular expression: the value is its first group, or the whole match if it has no groups. A cell that does not
    /// match counts as empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

impl Worded for Column {
    const EXPECTED: &'static str = "the name of a column, or a mapping with `column` and `pattern`";
    fn of_word(column: String) -> Self {
        Column { column, pattern: None }
    }
}

/// The column of the label, or one column per label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelColumn {
    /// The column that contains the label or labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Columns that each tell whether the image has one label: 1 is yes, 0 or empty is no, -1 is uncertain, as in
    /// CheXpert. Their names are the labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// A regular expression that extracts the label from the cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What separates several labels in one cell, such as `|`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Which images with several labels are kept.
    #[serde(default)]
    pub several: Several,
    /// How an uncertain label in `columns` is treated.
    #[serde(default)]
    pub uncertain: Uncertain,
}

impl Worded for LabelColumn {
    const EXPECTED: &'static str = "the name of a column, or a mapping with `column` or `columns`";
    fn of_word(column: String) -> Self {
        LabelColumn { column: Some(column), ..LabelColumn::default() }
    }
}

/// Which images with several labels are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Several {
    /// None: only images with exactly one label are kept.
    #[default]
    Exactly,
    /// Images with any of the labels in `labels`, if all of these map to one class.
    Any,
}

/// How an uncertain label is treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Uncertain {
    /// The image is left out.
    #[default]
    Drop,
    /// The image has the label.
    Positive,
    /// The image does not have it.
    Negative,
}

impl Columns {
    /// The columns that contain one value each, by the parameter that names them.
    fn plain(&self) -> [(&'static str, Option<&Column>); 6] {
        [
            ("patient", self.patient.as_deref()),
            ("file", Some(&*self.file)),
            ("source", self.source.as_deref()),
            ("age", self.age.as_deref()),
            ("sex", self.sex.as_deref()),
            ("view", self.view.as_deref()),
        ]
    }

    /// Parameters whose values are in every table and report, and that are taken from the patient's column as it is.
    fn naming_patients(&self) -> impl Iterator<Item = &'static str> {
        let whole = self.patient.as_deref();
        let is_it = move |column: &str, pattern: &Option<String>| whole.is_some_and(|p| p.column == column && (pattern.is_none() || *pattern == p.pattern));
        let label = self.label.as_deref().filter(|l| l.column.as_deref().is_some_and(|column| is_it(column, &l.pattern)));
        let plain = self.plain().into_iter().filter(|(of, _)| !["patient", "file"].contains(of));
        let plain = plain.filter(move |(_, column)| column.is_some_and(|c| is_it(&c.column, &c.pattern))).map(|(of, _)| of);
        plain.chain(label.map(|_| "label"))
    }

    /// Columns that a table must have, for finding the delimiter.
    pub(super) fn required(&self) -> Vec<&str> {
        self.patient.iter().map(|c| &*c.column).chain([&*self.file.column]).chain(self.of_labels()).collect()
    }

    /// Every column that is named.
    pub(super) fn all(&self) -> Vec<&str> {
        self.plain().into_iter().filter_map(|(_, column)| Some(&*column?.column)).chain(self.of_labels()).collect()
    }

    fn of_labels(&self) -> impl Iterator<Item = &str> {
        self.label.as_deref().into_iter().flat_map(|l| l.column.as_deref().into_iter().chain(l.columns.iter().map(String::as_str)))
    }

    pub(super) fn check(&self) -> Vec<BadParameter> {
        let fault = |of: &str, name: &str, why: String| BadParameter { path: vec!["columns".into(), of.into(), name.into()], what: Fault::Value(why) };
        let pattern = |of: &str, p: &Option<String>| p.as_deref().and_then(|p| patterns::expression(p).err()).map(|why| fault(of, "pattern", why));
        let mut bad: Vec<BadParameter> = self.plain().into_iter().filter_map(|(of, column)| pattern(of, &column?.pattern)).collect();
        bad.extend(self.naming_patients().map(|of| fault(of, "column", NAMES_PATIENTS.into())));
        let Some(label) = self.label.as_deref() else { return bad };
        bad.extend(pattern("label", &label.pattern));
        bad.extend(BadParameter::repeated(&label.columns, "columns.label.columns"));
        let has_several = label.separator.is_some() || !label.columns.is_empty();
        let wrong = [
            (label.column.is_some() == label.columns.is_empty(), "column", ""),
            (!label.columns.is_empty() || label.uncertain == Uncertain::Drop, "uncertain", "`uncertain` requires `columns`"),
            (has_several || label.several == Several::Exactly, "several", "`several` requires `separator` or `columns`"),
            (
                label.columns.is_empty() || label.separator.is_none() && label.pattern.is_none(),
                "columns",
                "`separator` and `pattern` cannot be used with `columns`, whose names are the labels",
            ),
            (label.separator.as_deref() != Some(""), "separator", "must not be empty"),
        ];
        bad.extend(wrong.into_iter().filter(|(fine, ..)| !fine).map(|(_, name, why)| match why {
            "" => fault("label", if label.column.is_some() { "columns" } else { "column" }, "either `column` or `columns` must be given".into()),
            why => fault("label", name, why.into()),
        }));
        bad
    }
}

/// Why another parameter does not take the column of patients.
const NAMES_PATIENTS: &str =
    "is the column of patients, whose identifiers would be in every table and report; name another column, or take a part of it with `pattern`";

/// Reads the cells of a column.
pub(super) struct Reader {
    at: usize,
    pattern: Option<Regex>,
}

impl Reader {
    pub(super) fn new(at: usize, pattern: Option<&str>) -> Result<Reader> {
        let pattern = pattern.map(patterns::expression).transpose().map_err(Error::data)?;
        Ok(Reader { at, pattern })
    }
    /// The value of the cell; empty if the row has no such cell.
    pub(super) fn read(&self, record: &csv::StringRecord) -> String {
        let cell = record.get(self.at).unwrap_or_default();
        // The CSV reader does not take a quote after a blank for a quote; the program that wrote the table meant one.
        let cell = cell.strip_prefix('"').and_then(|c| c.strip_suffix('"')).unwrap_or(cell).trim();
        let cell = &*text::clean(cell);
        match &self.pattern {
            None => cell.to_owned(),
            Some(pattern) => patterns::first(pattern, cell).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_other_column_is_that_of_patients() {
        let bad = |columns: serde_json::Value| -> Vec<String> {
            let columns: Columns = serde_json::from_value(columns).unwrap();
            columns.check().into_iter().map(|b| b.path.into_iter().map(|p| p.to_string()).collect::<Vec<_>>().join(".")).collect()
        };
        let of = |name: &str, given: serde_json::Value| {
            let mut columns = json!({ "patient": { "column": "ID" }, "file": { "column": "ID" }, "label": { "column": "finding" } });
            columns[name] = given;
            bad(columns)
        };
        for name in ["source", "age", "sex", "view", "label"] {
            assert_eq!(of(name, json!({ "column": "ID" })), [format!("columns.{name}.column")]);
            assert_eq!(of(name, json!({ "column": "ID", "pattern": "^(..)" })), [""; 0], "a part of it");
            assert_eq!(of(name, json!({ "column": "other" })), [""; 0]);
        }
        assert_eq!(bad(json!({ "file": { "column": "ID" }, "label": { "column": "ID" } })), [""; 0], "nobody says that it names patients");
    }
}
