//! Notes: what a stage tells people, in words, with how grave it is. Independent of who shows them, and how.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How grave a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something may be wrong.
    Warning,
}

/// A note of a stage. It contains no names and no paths, and is written as one line of text, which begins with
/// `warning: ` if it is a warning: receipts and checkpoints have always held it so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Note {
    /// How grave it is.
    pub severity: Severity,
    /// What it says.
    pub text: String,
}

const WARNING: &str = "warning: ";
/// Stands before a text that is not a warning but would be read as one, or as beginning with this.
const NOTE: &str = "note: ";

impl Note {
    /// A note that is good to know.
    pub fn info(text: impl Into<String>) -> Note {
        Note { severity: Severity::Info, text: text.into() }
    }
    /// A note that something may be wrong.
    pub fn warning(text: impl Into<String>) -> Note {
        Note { severity: Severity::Warning, text: text.into() }
    }
    /// Takes a note from a line of text, as [`fmt::Display`] writes it.
    pub fn read(line: &str) -> Note {
        line.strip_prefix(WARNING).map_or_else(|| Note::info(line.strip_prefix(NOTE).unwrap_or(line)), Note::warning)
    }
    /// True if it says that something may be wrong.
    pub fn is_warning(&self) -> bool {
        self.severity == Severity::Warning
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_warning() {
            f.write_str(WARNING)?;
        } else if self.text.starts_with(WARNING) || self.text.starts_with(NOTE) {
            f.write_str(NOTE)?;
        }
        f.write_str(&self.text)
    }
}

impl From<Note> for String {
    fn from(note: Note) -> String {
        note.to_string()
    }
}

impl From<String> for Note {
    fn from(line: String) -> Note {
        Note::read(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_written_as_they_have_always_been_and_read_again() {
        let notes = vec![Note::info("3 images were added"), Note::warning("1 image was left out"), Note::info("a warning: no prefix")];
        let text = serde_json::to_string(&notes).unwrap();
        assert_eq!(text, r#"["3 images were added","warning: 1 image was left out","a warning: no prefix"]"#);
        assert_eq!(serde_json::from_str::<Vec<Note>>(&text).unwrap(), notes);
    }

    #[test]
    fn a_text_does_not_change_how_grave_a_note_is() {
        for text in ["warning: a label", "note: a label", "note: warning: a label", "warning: warning: a label", ""] {
            for note in [Note::info(text), Note::warning(text)] {
                assert_eq!(Note::read(&note.to_string()), note);
            }
        }
    }
}
