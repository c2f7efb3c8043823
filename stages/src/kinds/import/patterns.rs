//! Patterns of a study: regular expressions, names with `*`, and paths as in `.gitignore`.

use crate::contract::prelude::*;
use regex::{Regex, RegexBuilder};
use std::cell::Cell;

/// Memory limit of a compiled expression in bytes: enough for thousands of words, but not for nested repetitions.
const LARGEST: usize = 1 << 20;

/// A regular expression.
///
/// # Errors
/// Says why it is not one.
pub(super) fn expression(pattern: &str) -> std::result::Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => "the expression is too large: use fewer repetitions".into(),
        e => {
            // The last line says what is wrong; those before it point at where, and need lines of their own.
            let text = e.to_string();
            let why = text.lines().last().unwrap_or_default();
            format!("this is not a regular expression: {}", why.strip_prefix("error: ").unwrap_or(why))
        }
    })
}

/// The first group that takes part in the match, or the whole match if the expression has no groups.
pub(super) fn first(expression: &Regex, text: &str) -> Option<String> {
    let found = expression.captures(text)?;
    let first = if found.len() > 1 { found.iter().skip(1).flatten().next() } else { found.get(0) };
    first.map(|m| m.as_str().trim().to_owned())
}

/// A text in which `*` matches any characters, and how much of it is not `*`.
pub(super) struct Wild {
    expression: Regex,
    /// Characters that are not `*`: of two patterns that match, the one with more of them wins.
    pub(super) given: usize,
    /// Its value if it is a number: programs write 1 as 1.0.
    number: Option<f64>,
}

impl Wild {
    pub(super) fn new(pattern: &str) -> Wild {
        let expression = whole(&pattern.split('*').map(regex::escape).collect::<Vec<_>>().join(".*"));
        Wild { expression, given: pattern.chars().filter(|c| *c != '*').count(), number: pattern.parse().ok() }
    }
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.expression.is_match(text) || self.number.is_some() && self.number == text.parse().ok()
    }
}

/// Files that are left out, by patterns like those of `.gitignore`: one without a `/` before its end means a directory
/// or a file of this name anywhere, one with a `/` a path from the top; `*` and `?` match within a name, `**/` matches
/// directories.
pub(super) struct Excluded<'a>(Vec<Pattern<'a>>);

struct Pattern<'a> {
    text: &'a str,
    expression: Regex,
    /// It ends with a `/` and matches only directories.
    directories: bool,
    met: Cell<bool>,
}

impl<'a> Excluded<'a> {
    pub(super) fn new(patterns: &'a [String]) -> Excluded<'a> {
        let pattern = |p: &'a String| Pattern { text: p, expression: path_expression(p), directories: p.ends_with('/'), met: Cell::new(false) };
        Excluded(patterns.iter().map(pattern).collect())
    }
    /// True for a file that a pattern matches, or that is in a directory that one matches.
    pub(super) fn is_match(&self, name: &str) -> bool {
        let above = name.match_indices('/').map(|(at, _)| &name[..at]);
        let matches = |p: &&Pattern| !p.directories && p.expression.is_match(name) || above.clone().any(|d| p.expression.is_match(d));
        let found = self.0.iter().filter(matches).map(|p| p.met.set(true)).count();
        found > 0
    }
    /// Warns of patterns that matched nothing.
    pub(super) fn remark(&self, cx: &Context) {
        let idle: Vec<String> = self.0.iter().filter(|p| !p.met.get()).map(|p| format!("`{}`", p.text)).collect();
        if !idle.is_empty() {
            cx.warn(format!("`exclude`: nothing in `images` matches {}", idle.join(" or ")));
        }
    }
}

fn path_expression(pattern: &str) -> Regex {
    let path = pattern.trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut out = String::from(if path.contains('/') { "" } else { "(?:.*/)?" });
    let mut rest = path.trim_start_matches('/');
    while let Some(c) = rest.chars().next() {
        let (taken, expression) = match c {
            '*' if rest.starts_with("**/") => (3, "(?:.*/)?".to_owned()),
            '*' if rest.starts_with("**") => (2, ".*".to_owned()),
            '*' => (1, "[^/]*".to_owned()),
            '?' => (1, "[^/]".to_owned()),
            c => (c.len_utf8(), regex::escape(&c.to_string())),
        };
        out += &expression;
        rest = &rest[taken..];
    }
    whole(&out)
}

fn whole(expression: &str) -> Regex {
    Regex::new(&format!("(?s)^(?:{expression})$")).expect("BUG: every other character is escaped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_anything_in_labels() {
        let matches = |pattern: &str, text: &str| Wild::new(pattern).is_match(text);
        assert!(matches("Pneumonia/Viral/*", "Pneumonia/Viral/COVID-19") && matches("*", "") && matches("a.c", "a.c"));
        assert!(!matches("a.c", "abc") && !matches("covid", "covid-19"));
        assert!(matches("1", "1.0") && matches("-1.0", "-1") && !matches("1", "10"));
        assert_eq!(Wild::new("Pneumonia*").given, 9);
        let either = expression(r"person(\d+)_|(IM-\d+)").unwrap();
        assert_eq!((first(&either, "person7_a"), first(&either, "IM-12.png")), (Some("7".into()), Some("IM-12".into())));
    }

    #[test]
    fn files_are_left_out_as_git_ignores_them() {
        let cases = [
            ("masks/", "covid/masks/a.png", true),
            ("masks/", "masks.png", false),
            ("masks/", "masks", false),
            ("*_mask.png", "covid/a_mask.png", true),
            ("*_mask.png", "covid/a_mask.png.jpg", false),
            ("covid/masks", "covid/masks/a.png", true),
            ("masks/x", "covid/masks/x/a.png", false),
            ("**/masks/x", "covid/masks/x/a.png", true),
            ("covid/*.png", "covid/deep/a.png", false),
            ("**/thumbs/", "thumbs/a.png", true),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("./covid/*.png", "covid/a.png", true),
            ("norm?l/", "normal/a.png", true),
            ("/a.png", "b/a.png", false),
            ("/a.png", "a.png", true),
        ];
        for (pattern, name, out) in cases {
            let patterns = [pattern.to_owned()];
            assert_eq!(Excluded::new(&patterns).is_match(name), out, "{pattern}: {name}");
        }
    }
}
