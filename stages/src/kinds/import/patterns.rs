//! Patterns that people write: regular expressions for what stands in a text, and names with `*`.

use regex::{Regex, RegexBuilder};

/// Memory that a compiled expression may take: thousands of words, but no nest of repetitions.
const LARGEST: usize = 1 << 20;

/// A regular expression.
///
/// # Errors
/// Says why it is none.
pub(super) fn expression(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => "the expression is too large: repeat less in it".into(),
        e => {
            // The last line says what is wrong; those before it draw where, for a terminal of their own.
            let text = e.to_string();
            let why = text.lines().last().unwrap_or_default();
            format!("this is no regular expression: {}", why.strip_prefix("error: ").unwrap_or(why))
        }
    })
}

/// The first group of what matches, or all of it where the expression has no group.
pub(super) fn first(expression: &Regex, text: &str) -> Option<String> {
    expression.captures(text).and_then(|c| c.get(usize::from(c.len() > 1)).map(|m| m.as_str().to_owned()))
}

/// A text that may hold `*` for any characters, and how much of it is not `*`.
pub(super) struct Wild {
    expression: Regex,
    /// Characters that are given: of two patterns that match, the one with more of them is meant.
    pub(super) given: usize,
}

impl Wild {
    pub(super) fn new(pattern: &str) -> Wild {
        Wild { expression: whole(&pattern.split('*').map(regex::escape).collect::<Vec<_>>().join(".*")), given: pattern.chars().filter(|c| *c != '*').count() }
    }
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.expression.is_match(text)
    }
}

/// Files that are left out, by patterns as in a `.gitignore`: one without a `/` before its end means a directory or a file of
/// this name anywhere, one with a `/` a path from the top; `*` stands for what is within a name, `**` for directories, too.
pub(super) struct Excluded(Vec<(Regex, bool)>);

impl Excluded {
    pub(super) fn new(patterns: &[String]) -> Excluded {
        Excluded(patterns.iter().map(|p| (path_expression(p), p.ends_with('/'))).collect())
    }
    /// True for a file that a pattern names, or that lies in a directory that one names.
    pub(super) fn is_match(&self, name: &str) -> bool {
        let above = name.match_indices('/').map(|(at, _)| &name[..at]);
        self.0.iter().any(|(pattern, directories)| !directories && pattern.is_match(name) || above.clone().any(|d| pattern.is_match(d)))
    }
}

fn path_expression(pattern: &str) -> Regex {
    let path = pattern.trim_end_matches('/');
    let anywhere = if path.contains('/') { "" } else { "(?:.*/)?" };
    let across: Vec<String> = path.trim_start_matches('/').split("**").map(|p| p.split('*').map(regex::escape).collect::<Vec<_>>().join("[^/]*")).collect();
    whole(&format!("{anywhere}{}", across.join(".*")))
}

fn whole(expression: &str) -> Regex {
    Regex::new(&format!("(?s)^(?:{expression})$")).expect("BUG: every other character is escaped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything_in_labels() {
        let matches = |pattern: &str, text: &str| Wild::new(pattern).is_match(text);
        assert!(matches("Pneumonia/Viral/*", "Pneumonia/Viral/COVID-19") && matches("*", "") && matches("a.c", "a.c"));
        assert!(!matches("a.c", "abc") && !matches("covid", "covid-19"));
        assert_eq!(Wild::new("Pneumonia*").given, 9);
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
            ("/a.png", "b/a.png", false),
            ("/a.png", "a.png", true),
        ];
        for (pattern, name, out) in cases {
            assert_eq!(Excluded::new(&[pattern.to_owned()]).is_match(name), out, "{pattern}: {name}");
        }
    }
}
