//! Rust as tokens: enough to tell code from comments and text, and to find where an item ends. Knows no rule.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A name, a keyword or a number.
    Word,
    /// A literal of text or of a character, or a lifetime.
    Text,
    /// One character of anything else.
    Sign,
    Comment,
}

/// A part of a file.
#[derive(Debug, Clone, Copy)]
pub struct Token<'a> {
    pub sort: Sort,
    pub text: &'a str,
    /// Its first byte.
    pub at: usize,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }
    pub fn is(&self, text: &str) -> bool {
        self.text == text && matches!(self.sort, Sort::Word | Sort::Sign)
    }
}

/// All tokens of a text, with its comments.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut out, mut at) = (vec![], 0);
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (sort, length) = token(&text[at..], first);
        out.push(Token { sort, text: &text[at..at + length], at });
        at += length;
    }
    out
}

/// The token with which a text begins, and its length in bytes.
fn token(rest: &str, first: char) -> (Sort, usize) {
    if rest.starts_with("//") {
        return (Sort::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Sort::Comment, block_comment(rest));
    }
    if first == '"' {
        return (Sort::Text, quoted(rest, 1, '"'));
    }
    if first == '\'' {
        return (Sort::Text, character_or_lifetime(rest));
    }
    if !is_of_word(first) {
        return (Sort::Sign, first.len_utf8());
    }
    let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    let after = &rest[length..];
    match &rest[..length] {
        "b" | "c" if after.starts_with('"') => (Sort::Text, quoted(rest, length + 1, '"')),
        "b" if after.starts_with('\'') => (Sort::Text, quoted(rest, length + 1, '\'')),
        "r" | "br" | "cr" if after.trim_start_matches('#').starts_with('"') => {
            let hashes = after.len() - after.trim_start_matches('#').len();
            let close = format!("\"{}", "#".repeat(hashes));
            let from = length + hashes + 1;
            (Sort::Text, rest[from..].find(&close).map_or(rest.len(), |n| from + n + close.len()))
        }
        "r" if after.starts_with('#') => (Sort::Word, length + 1 + after[1..].find(|c| !is_of_word(c)).unwrap_or(after.len() - 1)),
        _ => (Sort::Word, length),
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a comment that may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let step = &rest[at..];
        let (change, length) = match step {
            s if s.starts_with("/*") => (1, 2),
            s if s.starts_with("*/") => (-1, 2),
            s => (0, s.chars().next().map_or(1, char::len_utf8)),
        };
        (depth, at) = (depth + change, at + length);
        if depth == 0 {
            break;
        }
    }
    at
}

/// Where a literal ends whose inside starts at `from`.
fn quoted(rest: &str, from: usize, close: char) -> usize {
    let mut escaped = false;
    for (n, c) in rest[from..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == close => return from + n + close.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut after = rest[1..].chars();
    match (after.next(), after.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(rest, 1, '\''),
        _ => 1 + rest[1..].find(|c| !is_of_word(c)).unwrap_or(rest.len() - 1),
    }
}

#[test]
fn literals_and_comments_are_told_from_code() {
    let sorted = |text: &'static str, sort: Sort| tokens(text).into_iter().filter(|t| t.sort == sort).map(|t| t.text).collect::<Vec<_>>();
    let text = r####"f("a\"{", '{', '\'', b'"', r#"}"{"#, b"x", 'life, 'é') /* { /* } */ */ r#type // { "
    /// "{
    g"####;
    assert_eq!(sorted(text, Sort::Word), ["f", "r#type", "g"]);
    assert_eq!(sorted(text, Sort::Text), ["\"a\\\"{\"", "'{'", "'\\''", "b'\"'", "r#\"}\"{\"#", "b\"x\"", "'life", "'é'"]);
    assert_eq!(sorted(text, Sort::Comment), ["/* { /* } */ */", "// { \"", "/// \"{"]);
    assert!(sorted(text, Sort::Sign).iter().all(|s| ["(", ",", ")"].contains(s)));
}
