//! Markdown: tables, and texts of a study within them. Independent of what they say.

use std::fmt::Write;

/// A table; cells are Markdown.
pub(super) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    let line = |out: &mut String, cells: &[String]| writeln!(out, "| {} |", cells.join(" | ")).expect("BUG: a text");
    line(&mut out, &columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
    line(&mut out, &columns.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(&mut out, row));
    out
}

/// A text that somebody wrote, so that nothing in it is taken for Markdown or HTML.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => {}
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A name as code. Names of stages and outputs have no backticks.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", text.replace(['`', '\n', '\r'], "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_no_markdown() {
        assert_eq!(plain("a|b <script> [x](y)\n*z*"), "a\\|b \\<script\\> \\[x\\](y) \\*z\\*");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(table(&["a", "b"], &[vec!["1".into(), "2".into()]]), "| a | b |\n| --- | --- |\n| 1 | 2 |\n");
    }
}
