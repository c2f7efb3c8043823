//! Paths of a study: `NAME:path`, below a directory that the command line names, or relative to the directory of the study.
//! Looks at no disk.

use crate::diagnostic::{Diagnostic, Span};
use std::path::{Component, Path};

/// A path as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudyPath<'a> {
    /// All of it.
    pub text: &'a str,
    /// The data directory that it is below, by name; none for the directory of the study.
    pub name: Option<&'a str>,
    /// The path below that directory.
    pub path: &'a str,
}

/// Reads a path.
pub fn read(text: &str) -> StudyPath<'_> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    match text.split_once(':').filter(|(name, _)| is_name(name)) {
        Some((name, path)) => StudyPath { text, name: Some(name), path },
        None => StudyPath { text, name: None, path: text },
    }
}

impl StudyPath<'_> {
    /// The directory that it is below, in words.
    pub fn root(&self) -> String {
        self.name.map_or_else(|| "the directory of the study".to_owned(), |name| format!("the directory that `--data {name}` names"))
    }

    /// The error of a path that is written so that it is not below its directory: absolute, from the home directory, or with `..`.
    pub fn outside(&self, place: Span) -> Option<Diagnostic> {
        let path = Path::new(self.path);
        // A shell would replace `~`; a study has none.
        let is_absolute = path.is_absolute() || path.starts_with("~");
        let stays = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if stays && !is_absolute {
            return None;
        }
        let fault = self.leaves(place);
        Some(match self.name {
            // What lies elsewhere is given a name on the command line, so that a study is the same on every machine.
            None => fault.help("write it as `NAME:path`, and pass `--data NAME=DIR`"),
            Some(name) if is_absolute => fault.help(format!("what follows `{name}:` is a path below the directory that `--data {name}` names")),
            Some(name) => {
                fault.help(format!("what follows `{name}:` stays below the directory that `--data {name}` names; give the one above it, or another name"))
            }
        })
    }

    /// The error of a path that leads out of its directory.
    pub fn leaves(&self, place: Span) -> Diagnostic {
        Diagnostic::new("E0401", format!("`{}` is outside {}", self.text, self.root())).at(place, "this path")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_directory() {
        for fine in ["images", "./images/a", "cxr:images", "cxr:.", "a..b/c", "~backup", "a:b:c", "~x/y", "dir with: colon/x"] {
            assert_eq!(read(fine).outside(Span::default()), None, "{fine}");
        }
        for (bad, help) in [
            ("/data/cxr", "write it as `NAME:path`, and pass `--data NAME=DIR`"),
            ("~/cxr", "write it as `NAME:path`, and pass `--data NAME=DIR`"),
            ("~", "write it as `NAME:path`, and pass `--data NAME=DIR`"),
            ("../cxr", "write it as `NAME:path`, and pass `--data NAME=DIR`"),
            ("a/../../b", "write it as `NAME:path`, and pass `--data NAME=DIR`"),
            ("cxr:/images", "what follows `cxr:` is a path below the directory that `--data cxr` names"),
            ("cxr:../other", "what follows `cxr:` stays below the directory that `--data cxr` names; give the one above it, or another name"),
        ] {
            let fault = read(bad).outside(Span::default()).unwrap_or_else(|| panic!("{bad} is accepted"));
            assert_eq!((fault.code, fault.help.as_deref().unwrap_or_default()), ("E0401", help), "{bad}");
        }
    }
}
