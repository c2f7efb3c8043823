//! The ways to give the patients of images, and which of them can be combined.

use super::Import;
use super::list;
use super::patterns;
use super::text;
use crate::contract::bad_parameter::{BadParameter, Fault};
use crate::contract::prelude::*;
use crate::contract::pseudonym::normalised;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// An identifier that is part of a longer text.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientFrom {
    /// Where the identifier is taken from.
    pub from: FromWhat,
    /// A regular expression: the identifier is its first group, or the whole match if it has no groups. Images that do
    /// not match are left out. `path` needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// Where an identifier is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FromWhat {
    /// The path of the image relative to `images`, with `/` between its parts.
    Path,
    /// Patient ID in the header of a DICOM file.
    Dicom,
}

/// The identifiers that somebody may mean by a text, as an import would read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identifiers {
    /// The text itself, as a cell or a path has it, in both ways in which programs encode letters such as é.
    pub whole: BTreeSet<String>,
    /// What the patterns of the import find in it.
    pub parts: BTreeSet<String>,
}

/// The identifiers of a text for an import with these parameters, as its recipe has them.
pub fn identifiers(parameters: &Value, text: &str) -> Identifiers {
    let text = text.trim();
    let cell: &str = &text::clean(text);
    let spelled: BTreeSet<String> = [text.to_owned(), cell.to_owned(), cell.nfc().collect(), cell.nfd().collect()].into();
    let patterns = ["/columns/patient/pattern", "/patient/pattern"].iter().filter_map(|at| parameters.pointer(at)?.as_str());
    let expressions: Vec<Regex> = patterns.filter_map(|pattern| patterns::expression(pattern).ok()).collect();
    let parts = expressions.iter().flat_map(|expression| spelled.iter().filter_map(|text| patterns::first(expression, text)));
    let named = |all: &mut dyn Iterator<Item = String>| all.map(|one| normalised(&one)).filter(|one| !one.is_empty()).collect();
    Identifiers { parts: named(&mut parts.collect::<Vec<_>>().into_iter()), whole: named(&mut spelled.into_iter()) }
}

impl PatientFrom {
    /// The expression, if it is of this.
    ///
    /// # Errors
    /// Where it is no expression.
    pub(super) fn expression(&self, from: FromWhat) -> Result<Option<Regex>> {
        let pattern = self.pattern.as_deref().filter(|_| self.from == from);
        pattern.map(patterns::expression).transpose().map_err(Error::data)
    }
}

impl Import {
    /// True if the study states that no two images are of one patient.
    pub(super) fn is_one_per_image(&self) -> bool {
        matches!(self.patients.as_deref(), Some("one-per-image" | "one-per-film"))
    }

    /// Parameters that give the patients.
    fn ways(&self) -> Vec<&'static str> {
        let column = self.columns.as_ref().is_some_and(|c| c.patient.is_some());
        let all = [("patient", self.patient.is_some()), ("columns.patient", column), ("list", self.list.is_some())];
        all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// Columns whose cells identify patients: that of patients, that of files where their paths do, and what is joined by one.
    pub(super) fn columns_of_patients(&self) -> Vec<&str> {
        let columns = self.columns.as_ref();
        let patient = columns.and_then(|c| c.patient.as_deref()).map(|c| c.column.as_str());
        let of_path = self.patient.as_ref().is_some_and(|p| p.from == FromWhat::Path);
        let file = columns.filter(|_| of_path).map(|c| c.file.column.as_str());
        let of_list = self.list.as_ref().map(|_| list::COLUMNS[0]);
        // What is compared with such a column identifies patients, too.
        let compared = self.join.iter().flat_map(|join| patient.into_iter().chain(file).flat_map(|name| join.also_called(name)));
        patient.into_iter().chain(file).chain(of_list).chain(compared).collect()
    }

    pub(super) fn check_patients(&self) -> Vec<BadParameter> {
        let fault = |path: &[&str], why: String| vec![BadParameter { path: path.iter().map(|p| (*p).to_owned()).collect(), what: Fault::Value(why) }];
        match self.ways().as_slice() {
            [way, ..] if self.is_one_per_image() => {
                fault(&["patients"], format!("`{way}` gives the patients, but this states that each image is of a different patient: remove one of them"))
            }
            [first, second, ..] => fault(&["patient"], format!("`{first}` and `{second}` both give the patients: remove one of them")),
            [] if self.table.is_some() && !self.is_one_per_image() => fault(
                &["columns"],
                "the patients are not given: name a column with `columns.patient`, take identifiers from paths with `patient`, or state with \
                 `patients: one-per-image` that each image is of a different patient"
                    .into(),
            ),
            _ if self.patients.as_deref().is_some_and(|name| name.trim().is_empty()) => fault(&["patients"], "must be a name".into()),
            _ => match &self.patient {
                Some(PatientFrom { from: FromWhat::Path, pattern: None }) => {
                    fault(&["patient"], "`from: path` needs a `pattern`, which says what part of the path identifies the patient".into())
                }
                Some(PatientFrom { pattern: Some(pattern), .. }) => {
                    patterns::expression(pattern).err().map_or(vec![], |why| fault(&["patient", "pattern"], why))
                }
                _ => vec![],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_identifier_is_read_as_the_import_reads_it() {
        let of = |parameters: Value, text: &str| {
            let Identifiers { whole, parts } = identifiers(&parameters, text);
            [whole, parts].map(|all| all.into_iter().collect::<Vec<_>>())
        };
        let cell = json!({ "columns": { "patient": { "column": "who", "pattern": "^([a-z]+[0-9]+)-" } } });
        assert_eq!(of(cell.clone(), " pat12-3 "), [vec!["PAT12-3"], vec!["PAT12"]]);
        assert_eq!(of(cell, "pat12-3\u{200b}"), [vec!["PAT12-3", "PAT12-3\u{200b}"], vec!["PAT12"]]);
        let path = json!({ "patient": { "from": "path", "pattern": "P[0-9]+" } });
        assert_eq!(of(path.clone(), "covid/P7_1.png"), [vec!["COVID/P7_1.PNG"], vec!["P7"]]);
        assert_eq!(of(path, "x"), [vec!["X"], vec![]]);
        assert_eq!(of(json!({}), "josé"), [vec!["JOSE\u{301}", "JOSÉ"], vec![]]);
        assert_eq!(of(json!({}), " "), [Vec::<String>::new(), vec![]]);
    }
}
