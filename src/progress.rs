//! Progress of a run: bars on a terminal, plain lines elsewhere, or one JSON object per event.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod live;
mod pace;
mod plain;
mod row;
mod screen;
mod tables;
pub mod words;

pub use tables::{show as show_tables, show_answers};

use crate::diagnostic::{self, Diagnostic, Texts, render_all};
use crate::pipeline::Pipeline;
use crate::run::event::{Event, Sink};
use hilum_cache::names;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};

/// Prints one line to standard error, whatever the names in it hold. Failures, as on a full disk, are ignored.
pub fn remark(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", shown(&text.to_string(), has_colour(), false));
}

/// Prints a text of several lines to standard error.
pub fn remark_text(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", shown(&text.to_string(), has_colour(), true));
}

/// A line of which a terminal acts upon nothing: all that it would is spelled out. Labels and names come from tables and records of
/// anybody; one with a line feed could pass for a line of this program's own.
pub fn printable(line: &str) -> Cow<'_, str> {
    shown(line, false, false)
}

/// The same for a text of several lines.
pub fn printable_text(text: &str) -> Cow<'_, str> {
    shown(text, false, true)
}

/// With `colours`, those of the text stay, and with `lines`, its line feeds.
fn shown(text: &str, colours: bool, lines: bool) -> Cow<'_, str> {
    let is_fine = |c: char| (c == '\n' && lines) || c == '\t' || c == '\\' || names::is_shown(c);
    if text.chars().all(is_fine) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = if colours && c == '\u{1b}' { colour(rest) } else { 0 };
        let taken = match taken {
            0 if is_fine(c) => c.len_utf8(),
            0 => {
                out.extend(c.escape_default());
                rest = &rest[c.len_utf8()..];
                continue;
            }
            taken => taken,
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

/// The length of a sequence at the beginning that sets colours and nothing else.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(0);
    if parameters[end..].starts_with('m') { 2 + end + 1 } else { 0 }
}

/// The display of a run.
pub fn sink(json: bool, p: &Pipeline) -> Box<dyn Sink> {
    if json {
        Box::new(Json)
    } else if std::io::stderr().is_terminal() && can_redraw(std::env::var_os("TERM")) {
        Box::new(live::Live::new(p))
    } else {
        Box::new(plain::Plain::default())
    }
}

/// False for a terminal that says that it only appends lines.
fn can_redraw(term: Option<OsString>) -> bool {
    term.is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Diagnostics as people read them, with the lines that they are about.
pub fn rendered(all: &[Diagnostic], texts: &Texts) -> String {
    render_all(all, texts, has_colour())
}

/// True if standard error shows colours.
pub fn has_colour() -> bool {
    let is_off = std::env::var_os("NO_COLOR").is_some_and(|no| !no.is_empty());
    !is_off && std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// An event of a run, or of a command that ends before one, as one line of JSON.
pub fn event_line(event: &Value) {
    // A reader that went away does not stop a run.
    let _ = writeln!(std::io::stdout().lock(), "{}", escaped(&event.to_string()));
}

/// JSON in which everything that a terminal would act upon is spelled out, as JSON spells it.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || c == '\\' || names::is_shown(c) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Diagnostics as an event.
pub fn diagnostics_event(all: &[Value]) -> Value {
    json!({ "event": "diagnostics", "diagnostics": all })
}

struct Json;

impl Sink for Json {
    fn handle(&self, event: &Event) {
        event_line(&event.to_json());
    }
    fn diagnose(&self, all: &[Diagnostic], texts: &Texts) {
        if !all.is_empty() {
            event_line(&diagnostics_event(&all.iter().map(|d| diagnostic::to_json(d, texts)).collect::<Vec<_>>()));
            remark_text(rendered(all, texts));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_where_they_can_be_drawn_again() {
        let can = |term: &str| can_redraw(Some(term.into()));
        assert!(can("xterm-256color") && can("screen") && !can("dumb") && !can("") && !can_redraw(None));
    }

    #[test]
    fn only_colours_reach_a_terminal() {
        let red = "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: a\n\tb │ é\\";
        assert_eq!(shown(red, true, true), red);
        assert_eq!(printable_text(red), "\\u{1b}[1m\\u{1b}[38;5;9merror\\u{1b}[0m: a\n\tb │ é\\", "colours that nobody asked for");
        let hostile = [
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}[2Jx", "\\u{1b}[2Jx"),
            ("a\rb", "a\\rb"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("\u{1b}", "\\u{1b}"),
        ];
        for (text, expected) in hostile {
            assert_eq!((printable(text), shown(text, true, true)), (expected.into(), expected.into()));
        }
    }

    /// A name from somebody's store must not look like a verdict of this program.
    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(printable("LOST  a\n0 faults"), "LOST  a\\n0 faults");
        assert_eq!(printable_text("a\nb"), "a\nb");
    }

    #[test]
    fn json_stays_json_whatever_a_name_holds() {
        let value = json!({ "name": "a\u{9b}2J \u{202e}\u{e0001} é \\ \"quoted\"\n" });
        let shown = escaped(&value.to_string());
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        assert!(!shown.contains(['\u{9b}', '\u{202e}']), "{shown}");
    }
}
