//! Diagnostics as text in the manner of rustc, and as JSON.

use super::{Diagnostic, Texts};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

/// One diagnostic as text; `colour` adds terminal colours.
pub fn render(d: &Diagnostic, texts: &Texts, colour: bool) -> String {
    let level = if d.is_warning { Level::WARNING } else { Level::ERROR };
    let mut group = level.primary_title(&d.message).id(d.code).elements(Vec::<Snippet<annotate_snippets::Annotation>>::new());
    let mut places: Vec<(u16, Vec<(std::ops::Range<usize>, &str, bool)>)> = vec![];
    let marks = d.at.iter().map(|a| (a, true)).chain(d.context.iter().map(|c| (c, false)));
    for ((span, label), primary) in marks {
        let mark = (span.range(), label.as_str(), primary);
        match places.iter_mut().find(|p| p.0 == span.text) {
            Some(place) => place.1.push(mark),
            None => places.push((span.text, vec![mark])),
        }
    }
    for (text, marks) in &places {
        let (name, source) = texts.get(super::Span { text: *text, start: 0, end: 0 });
        let mut snippet = Snippet::source(source).path(name);
        for (range, label, primary) in marks {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            // A span that runs on over several lines points at its first line only.
            // A parser may point into the middle of a character.
            let boundary = |at: usize| (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
            let (start, end) = (boundary(range.start), boundary(range.end));
            let end = source[start..end.max(start)].find('\n').map_or(end, |n| start + n);
            snippet = snippet.annotation(kind.span(start..end.max(start)).label(*label));
        }
        group = group.element(snippet);
    }
    for note in &d.notes {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = &d.help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// All diagnostics, and how many there are.
pub fn render_all(all: &[Diagnostic], texts: &Texts, colour: bool) -> String {
    let mut out: String = all.iter().map(|d| render(d, texts, colour) + "\n\n").collect();
    let errors = all.iter().filter(|d| !d.is_warning).count();
    if errors > 1 {
        out.push_str(&format!("{errors} errors\n"));
    }
    out.truncate(out.trim_end().len());
    out
}

/// A diagnostic as JSON; lines and columns count from 1, columns in characters.
pub fn to_json(d: &Diagnostic, texts: &Texts) -> Value {
    let place = d.at.as_ref().map(|(span, label)| {
        let (file, text) = texts.get(*span);
        let (line, column) = super::line_and_column(text, span.start as usize);
        (file, line, column, label)
    });
    json!({
        "code": d.code,
        "severity": if d.is_warning { "warning" } else { "error" },
        "message": d.message,
        "file": place.map(|p| p.0),
        "line": place.map(|p| p.1),
        "column": place.map(|p| p.2),
        "label": place.map(|p| p.3),
        "notes": d.notes,
        "help": d.help,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::*;

    #[test]
    fn a_place_in_the_middle_of_a_character_or_behind_the_end_is_shown() {
        let mut texts = Texts::default();
        let text = texts.add("a.yaml", "é: ü\n");
        for (start, end) in [(0, 1), (1, 2), (1, 1), (4, 5), (7, 7), (90, 99)] {
            let shown = render(&Diagnostic::new("E0002", "wrong").at(Span { text, start, end }, "here"), &texts, false);
            assert!(shown.starts_with("error[E0002]: wrong\n") && shown.contains("a.yaml:") && shown.contains("here"), "{start}..{end}: {shown}");
        }
    }

    #[test]
    fn errors_are_counted_if_there_are_several_and_warnings_are_not() {
        let texts = Texts::default();
        let (error, warning) = (Diagnostic::new("E0101", "one"), Diagnostic::new("W0001", "two").warning());
        let last = |all: &[&Diagnostic]| {
            let all: Vec<Diagnostic> = all.iter().map(|d| (*d).clone()).collect();
            render_all(&all, &texts, false).lines().last().map(str::to_owned)
        };
        assert_eq!(last(&[]), None);
        assert_eq!(last(&[&error, &warning]).as_deref(), Some("warning[W0001]: two"));
        assert_eq!(last(&[&error, &warning, &error]).as_deref(), Some("2 errors"));
    }

    #[test]
    fn json_counts_columns_in_characters_and_has_no_place_where_there_is_none() {
        let mut texts = Texts::default();
        let text = texts.add("a.yaml", "é: ü\né: x\n");
        let found = to_json(&Diagnostic::new("E0002", "wrong").at(Span { text, start: 11, end: 12 }, "here").help("do"), &texts);
        assert_eq!((&found["line"], &found["column"], &found["label"], &found["help"]), (&json!(2), &json!(4), &json!("here"), &json!("do")));
        let nowhere = to_json(&Diagnostic::new("W0001", "wrong").warning(), &texts);
        assert_eq!((&nowhere["file"], &nowhere["line"], &nowhere["severity"]), (&Value::Null, &Value::Null, &json!("warning")));
    }
}
