//! Ways to say whose images are, and which of them may stand together.

use super::Import;
use super::patterns;
use crate::contract::decode::{BadParameter, Fault};
use crate::contract::prelude::*;

/// An identifier that stands in something else.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientFrom {
    /// Where it is found.
    pub from: FromWhat,
    /// A regular expression: its first group, or all that matches where it has none, is the identifier. Images that do not match are left out.
    pub pattern: String,
}

/// Where an identifier is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FromWhat {
    /// The path of the image below `images`, with `/` between its parts.
    Path,
}

impl Import {
    /// True where the study states that no two images are of one patient.
    pub(super) fn is_one_per_image(&self) -> bool {
        matches!(self.patients.as_deref(), Some("one-per-image" | "one-per-film"))
    }

    /// Parameters that say whose images are.
    fn ways(&self) -> Vec<&'static str> {
        let column = self.columns.as_ref().is_some_and(|c| c.patient.is_some());
        let all = [("patient", self.patient.is_some()), ("columns.patient", column), ("list", self.list.is_some())];
        all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    pub(super) fn check_patients(&self) -> Vec<BadParameter> {
        let fault = |path: &[&str], why: String| vec![BadParameter { path: path.iter().map(|p| (*p).to_owned()).collect(), what: Fault::Value(why) }];
        match self.ways().as_slice() {
            [way, ..] if self.is_one_per_image() => {
                fault(&["patients"], format!("`{way}` says whose the images are, and this that each image is of a different patient: one of them must go"))
            }
            [first, second, ..] => fault(&["patient"], format!("`{first}` and `{second}` both say whose the images are: one of them must go")),
            [] if self.table.is_some() && !self.is_one_per_image() => fault(
                &["columns"],
                "nothing says whose the images are: `columns.patient` names a column, `patient` finds it in paths, `patients: one-per-image` states that \
                 each image is of a different patient"
                    .into(),
            ),
            _ if self.patients.as_deref().is_some_and(|name| name.trim().is_empty()) => fault(&["patients"], "this must be a name".into()),
            _ => match self.patient.as_ref().map(|p| patterns::expression(&p.pattern)) {
                Some(Err(why)) => fault(&["patient", "pattern"], why),
                _ => vec![],
            },
        }
    }
}
