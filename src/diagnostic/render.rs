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
