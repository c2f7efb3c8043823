//! What goes to standard output: lines of text, or one JSON document in which the faults stand, too. Knows no subcommand.

use crate::diagnostic::{Diagnostic, Texts, to_json};
use crate::progress::printable;
use hilum_cache::names;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What the subcommand prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text for people.
    Text,
    /// One JSON document.
    Document,
    /// A JSON object per line, as things happen.
    Events,
}

/// There is one standard output, and one verb that writes to it.
static FORM: OnceLock<Form> = OnceLock::new();
static WAS_SAID: AtomicBool = AtomicBool::new(false);
static DIAGNOSTICS: Mutex<Vec<Value>> = Mutex::new(vec![]);

fn kept() -> MutexGuard<'static, Vec<Value>> {
    DIAGNOSTICS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says once what the subcommand prints.
pub(super) fn begin(form: Form) {
    FORM.get_or_init(|| form);
}

fn form() -> Form {
    *FORM.get_or_init(|| Form::Text)
}

/// True if the subcommand prints JSON.
pub(super) fn is_json() -> bool {
    form() != Form::Text
}

/// Prints data: a line of text, or a JSON document.
///
/// # Errors
/// If standard output cannot be written to.
pub(super) fn say(text: impl std::fmt::Display) -> anyhow::Result<()> {
    let text = text.to_string();
    WAS_SAID.store(true, Ordering::Relaxed);
    let shown = if is_json() { escaped(&text).into() } else { printable(&text) };
    Ok(writeln!(std::io::stdout().lock(), "{shown}")?)
}

/// Prints a document that says of the study what was found wrong with it.
///
/// # Errors
/// As [`say`].
pub(super) fn say_with_diagnostics(mut document: Value) -> anyhow::Result<()> {
    document["diagnostics"] = kept().as_slice().into();
    say(document)
}

/// Keeps what is wrong with a study for the document; where events are printed, it is one of them.
pub(super) fn keep(all: &[Diagnostic], texts: &Texts) {
    add(all.iter().map(|d| to_json(d, texts)).collect());
}

/// Keeps a fault that is not one of a study: of the call, of a store, of the machine.
pub(super) fn keep_fault(message: &str, help: Option<&str>) {
    let nowhere = Value::Null;
    add(vec![json!({
        "code": null, "severity": "error", "message": message, "file": nowhere, "line": nowhere, "column": nowhere, "label": nowhere, "notes": [], "help": help,
    })]);
}

fn add(new: Vec<Value>) {
    match form() {
        Form::Text => {}
        Form::Document => kept().extend(new),
        // A reader that went away does not stop a run.
        Form::Events if new.is_empty() => {}
        Form::Events => drop(say(json!({ "event": "diagnostics", "diagnostics": new }))),
    }
}

/// At the end: a subcommand that had no data to print gives what is wrong instead.
///
/// # Errors
/// As [`say`].
pub(super) fn end() -> anyhow::Result<()> {
    if form() == Form::Document && !WAS_SAID.load(Ordering::Relaxed) { say_with_diagnostics(json!({})) } else { Ok(()) }
}

/// JSON in which everything that a terminal would act upon is spelled out, as JSON spells it.
fn escaped(json: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json_whatever_a_name_holds() {
        let value = json!({ "name": "a\u{9b}2J \u{202e}\u{e0001} é \\ \"quoted\"\n" });
        let shown = escaped(&value.to_string());
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        assert!(!shown.contains(['\u{9b}', '\u{202e}']), "{shown}");
    }
}
