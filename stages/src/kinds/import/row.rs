//! An image as a source describes it: whose it is and which labels it has, before either has its name in the study.

use super::text;
use crate::contract::pseudonym::normalised;

/// An image as a source describes it; every cell as it is spelled there.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) patient: Whose,
    pub(super) file: String,
    /// Its labels in the source.
    pub(super) said: Said,
    /// Its label in the study.
    pub(super) label: String,
    pub(super) source: String,
    pub(super) age: String,
    pub(super) sex: String,
    pub(super) view: String,
}

/// Whose an image is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// The source does not give patients: the image is a patient of its own.
    #[default]
    Unknown,
    /// The normalised identifier.
    Named(String),
    /// The source gives the patients of others but not of this image, for this reason: it is left out.
    Unnamed(&'static str),
}

impl Whose {
    /// The patient with this identifier, in any spelling.
    pub(super) fn named(identifier: &str) -> Whose {
        let name = normalised(identifier);
        if name.is_empty() { Whose::Unnamed("no patient") } else { Whose::Named(name) }
    }
    /// The patient in a cell of a table, where `NaN` means none.
    pub(super) fn in_cell(cell: &str) -> Whose {
        if text::is_nothing(cell) { Whose::Unnamed("no patient") } else { Whose::named(cell) }
    }
}

/// The labels that a source gives an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// This label and no other.
    One(String),
    /// These labels, perhaps none.
    Several(Vec<String>),
    /// A label that is marked as uncertain.
    Uncertain,
}

impl Default for Said {
    fn default() -> Self {
        Said::One(String::new())
    }
}

impl Said {
    pub(super) fn labels(&self) -> &[String] {
        match self {
            Said::One(label) => std::slice::from_ref(label),
            Said::Several(labels) => labels,
            Said::Uncertain => &[],
        }
    }
    /// As the source spells it.
    pub(super) fn spelled(&self) -> String {
        self.labels().join("|")
    }
}
