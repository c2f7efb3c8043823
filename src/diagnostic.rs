//! Errors and warnings with their location in the file and one piece of advice. Knows nothing of what is diagnosed.

pub mod codes;
mod render;

pub use render::{render, render_all, to_json};

use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A location in a source text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Which text of [`Texts`].
    pub text: u16,
    /// First byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

impl Span {
    /// As a range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end.max(self.start) as usize
    }
}

/// The texts that spans point into: the study's file, those it extends, and the command line.
#[derive(Debug, Clone, Default)]
pub struct Texts(Vec<Text>);

#[derive(Debug, Clone)]
struct Text {
    name: Arc<str>,
    text: Arc<str>,
    is_argument: bool,
}

impl Texts {
    /// Adds a text under the name that messages call it by.
    pub fn add(&mut self, name: &str, text: &str) -> u16 {
        self.push(name, text, false)
    }
    /// Adds the value of an argument of the command line.
    pub fn add_argument(&mut self, name: &str, text: &str) -> u16 {
        self.push(name, text, true)
    }
    fn push(&mut self, name: &str, text: &str, is_argument: bool) -> u16 {
        self.0.push(Text { name: name.into(), text: text.into(), is_argument });
        (self.0.len() - 1) as u16
    }
    /// The name and text of a span.
    pub fn get(&self, span: Span) -> (&str, &str) {
        let Text { name, text, .. } = &self.0[span.text as usize];
        (name, text)
    }
    /// `file:line:column`, counted from 1 in characters; an argument as it was given.
    pub fn place(&self, span: Span) -> String {
        let (name, text) = self.get(span);
        let (line, column) = line_and_column(text, span.start as usize);
        self.argument(span).unwrap_or_else(|| format!("{name}:{line}:{column}"))
    }
    /// `file:line`; an argument as it was given.
    pub fn line(&self, span: Span) -> String {
        let (name, text) = self.get(span);
        self.argument(span).unwrap_or_else(|| format!("{name}:{}", line_and_column(text, span.start as usize).0))
    }
    fn argument(&self, span: Span) -> Option<String> {
        let Text { name, text, is_argument } = &self.0[span.text as usize];
        is_argument.then(|| format!("{name} {text}"))
    }
}

/// Line and column of a byte, from 1, columns in characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, explained by `hilum explain`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where, with a few words below the caret.
    pub at: Option<(Span, String)>,
    /// Other locations that explain it.
    pub context: Vec<(Span, String)>,
    /// Notes.
    pub notes: Vec<String>,
    /// Advice.
    pub help: Option<String>,
    /// True for a warning.
    pub is_warning: bool,
}

impl Diagnostic {
    /// An error without a location.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(codes::find(code).is_some(), "BUG: code {code} is not explained");
        Diagnostic { code, message: message.into(), at: None, context: vec![], notes: vec![], help: None, is_warning: false }
    }
    /// Points at a location.
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.at = Some((span, label.into()));
        self
    }
    /// Adds advice.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// Adds advice, if any.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
    /// Adds a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
    /// Shows another location.
    pub fn context(mut self, span: Span, label: impl Into<String>) -> Self {
        self.context.push((span, label.into()));
        self
    }
    /// Makes it a warning.
    pub fn warning(mut self) -> Self {
        self.is_warning = true;
        self
    }
}

/// What exists with the most similar path, directories included.
pub fn similar_path(path: &Path) -> Option<PathBuf> {
    let mut found = PathBuf::new();
    for part in path.components() {
        let next = found.join(part);
        found = match part {
            Component::Normal(name) if !next.exists() => {
                let directory = if found.as_os_str().is_empty() { Path::new(".") } else { &found };
                let names: Vec<String> = std::fs::read_dir(directory).ok()?.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
                found.join(most_like(name.to_str()?, names.iter().map(String::as_str))?)
            }
            _ => next,
        };
    }
    found.exists().then_some(found)
}

/// The file with the most similar path, as advice.
pub fn did_you_mean_file(file: &Path) -> Option<String> {
    similar_path(file).filter(|found| found.is_file()).map(|found| format!("a file with a similar name exists: `{}`", found.display()))
}

/// The known name that is most like `wanted`, if one is like it.
pub fn most_like<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1) + 1;
    let score = |name: &str| strsim::damerau_levenshtein(&wanted.to_lowercase(), &name.to_lowercase());
    known.into_iter().map(|n| (score(n), n)).filter(|(d, n)| *d <= limit || n.starts_with(wanted)).min().map(|best| best.1)
}

/// The known name that is most like `wanted`, as advice.
pub fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, what: &str) -> Option<String> {
    let best = most_like(wanted, known)?;
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    Some(format!("{article} {what} with a similar name exists: `{best}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_not_bytes() {
        let mut texts = Texts::default();
        let text = texts.add("a.yaml", "é: 1\nfoo: é x\n");
        assert_eq!(texts.place(Span { text, start: 14, end: 15 }), "a.yaml:2:8");
    }

    #[test]
    fn similar_names_are_found_and_others_are_not() {
        assert_eq!(did_you_mean("learning_rat", ["learning_rate", "epochs"], "parameter").unwrap(), "a parameter with a similar name exists: `learning_rate`");
        assert_eq!(did_you_mean("zebra", ["learning_rate", "epochs"], "parameter"), None);
    }

    #[test]
    fn of_similar_names_the_nearest_is_meant_whatever_their_order() {
        assert_eq!(most_like("Epochs", ["steps", "epochs"]), Some("epochs"), "case does not matter");
        assert_eq!(most_like("augment", ["augmentation-of-images"]), Some("augmentation-of-images"), "what was begun may be long");
        for known in [["batch", "patch"], ["patch", "batch"]] {
            assert_eq!(most_like("hatch", known), Some("batch"), "of two that are as near, the first by name");
        }
        assert_eq!(most_like("lr", ["learning_rate"]), None);
        assert_eq!(most_like("", ["seed"]), Some("seed"), "everything begins with nothing");
        assert_eq!(did_you_mean("axi", ["axis"], "axis").unwrap(), "an axis with a similar name exists: `axis`");
    }
}
