//! Which columns of a table say what, and how a cell is read.

use super::patterns;
use super::text;
use crate::contract::decode::{BadParameter, Fault};
use crate::contract::prelude::*;
use crate::contract::word::{OrWord, Worded};
use regex::Regex;

/// Columns of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The patient's identifier; may be absent where `patient` or `patients: one-per-image` says whose the images are.
    #[serde(default)]
    pub patient: Option<OrWord<Column>>,
    /// The file's name below `images`. Where no file is called so, one is taken whose name differs only in case, in its ending or
    /// in its directories, if there is just one.
    pub file: OrWord<Column>,
    /// The label; may be absent where `label` gives one to all images.
    #[serde(default)]
    pub label: Option<OrWord<LabelColumn>>,
    /// Where the image was collected.
    #[serde(default)]
    pub source: Option<OrWord<Column>>,
    /// Age in years; `061Y`, `018M` and `50+` are read, too.
    #[serde(default)]
    pub age: Option<OrWord<Column>>,
    /// Sex; `M` and `F` in any spelling become these.
    #[serde(default)]
    pub sex: Option<OrWord<Column>>,
    /// Projection.
    #[serde(default)]
    pub view: Option<OrWord<Column>>,
}

/// A column, by its name alone or with a pattern for what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the table.
    pub column: String,
    /// A regular expression: its first group, or all that matches where it has none, is taken from the cell. A cell that does not match is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

impl Worded for Column {
    const EXPECTED: &'static str = "the name of a column, or a map with `column` and `pattern`";
    fn of_word(column: String) -> Self {
        Column { column, pattern: None }
    }
}

/// The label's column, or a column for each label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelColumn {
    /// The column that holds the label, or several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Columns that each say of one label whether the image has it: 1 yes, 0 or nothing no, -1 uncertain, as in CheXpert. Their names are the labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// A regular expression for the label within the cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What separates several labels in one cell, such as `|`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Which images of several labels count.
    #[serde(default)]
    pub several: Several,
    /// What an uncertain label of `columns` counts as.
    #[serde(default)]
    pub uncertain: Uncertain,
}

impl Worded for LabelColumn {
    const EXPECTED: &'static str = "the name of a column, or a map with `column` or `columns`";
    fn of_word(column: String) -> Self {
        LabelColumn { column: Some(column), ..LabelColumn::default() }
    }
}

/// Which images of several labels count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Several {
    /// Those that have exactly one label.
    #[default]
    Exactly,
    /// Those that have any of the labels that `labels` names, as long as these are of one class.
    Any,
}

/// What an uncertain label counts as.
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
    /// The columns that hold one thing each, by the parameter that names them.
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

    /// Columns without which a row says nothing, for finding the delimiter.
    pub(super) fn required(&self) -> Vec<&str> {
        let label = self.label.as_deref().into_iter().flat_map(|l| l.column.as_deref().into_iter().chain(l.columns.iter().map(String::as_str)));
        self.patient.iter().map(|c| &*c.column).chain([&*self.file.column]).chain(label).collect()
    }

    pub(super) fn check(&self) -> Vec<BadParameter> {
        let fault = |of: &str, name: &str, why: String| BadParameter { path: vec!["columns".into(), of.into(), name.into()], what: Fault::Value(why) };
        let pattern = |of: &str, p: &Option<String>| p.as_deref().and_then(|p| patterns::expression(p).err()).map(|why| fault(of, "pattern", why));
        let mut bad: Vec<BadParameter> = self.plain().into_iter().filter_map(|(of, column)| pattern(of, &column?.pattern)).collect();
        let Some(label) = self.label.as_deref() else { return bad };
        bad.extend(pattern("label", &label.pattern));
        let has_several = label.separator.is_some() || !label.columns.is_empty();
        let wrong = [
            (label.column.is_some() == label.columns.is_empty(), "column", ""),
            (!label.columns.is_empty() || label.uncertain == Uncertain::Drop, "uncertain", "only `columns` say that a label is uncertain"),
            (has_several || label.several == Several::Exactly, "several", "there is no `separator` and there are no `columns` that give several labels"),
            (
                label.columns.is_empty() || label.separator.is_none() && label.pattern.is_none(),
                "columns",
                "their names are the labels: `separator` and `pattern` go with `column`",
            ),
            (label.separator.as_deref() != Some(""), "separator", "this must not be empty"),
        ];
        bad.extend(wrong.into_iter().filter(|(fine, ..)| !fine).map(|(_, name, why)| match why {
            "" => fault("label", if label.column.is_some() { "columns" } else { "column" }, "either `column` or `columns` says where the label stands".into()),
            why => fault("label", name, why.into()),
        }));
        bad
    }
}

/// What is taken out of the cells of a column.
pub(super) struct Reader {
    at: usize,
    pattern: Option<Regex>,
}

impl Reader {
    pub(super) fn new(at: usize, pattern: Option<&str>) -> Result<Reader> {
        let pattern = pattern.map(patterns::expression).transpose().map_err(Error::data)?;
        Ok(Reader { at, pattern })
    }
    /// What a row says; nothing where it has no such cell.
    pub(super) fn read(&self, record: &csv::StringRecord) -> String {
        let cell = record.get(self.at).unwrap_or_default();
        // A quote behind a blank is none to the reader of the table, and one to whoever wrote it.
        let cell = cell.strip_prefix('"').and_then(|c| c.strip_suffix('"')).unwrap_or(cell).trim();
        let cell = &*text::clean(cell);
        match &self.pattern {
            None => cell.to_owned(),
            Some(pattern) => patterns::first(pattern, cell).unwrap_or_default(),
        }
    }
}
