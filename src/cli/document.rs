//! What goes to standard output: lines of text, or one JSON document in which the faults stand, too. Knows no subcommand.

use crate::diagnostic::{Diagnostic, Texts, to_json};
use crate::progress::{diagnostics_event, escaped, event_line, printable, printable_text};
use serde_json::{Value, json};
use std::borrow::Cow;
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

/// Prints data: one line of text, whatever the names in it hold, or a JSON document.
///
/// # Errors
/// If standard output cannot be written to.
pub(super) fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    write(&line.to_string(), printable)
}

/// Prints a text of several lines, or a JSON document.
///
/// # Errors
/// As [`say`].
pub(super) fn say_text(text: impl std::fmt::Display) -> anyhow::Result<()> {
    write(&text.to_string(), printable_text)
}

fn write(text: &str, printable: fn(&str) -> Cow<'_, str>) -> anyhow::Result<()> {
    WAS_SAID.store(true, Ordering::Relaxed);
    let shown = if is_json() { escaped(text).into() } else { printable(text) };
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
        Form::Events if new.is_empty() => {}
        Form::Events => event_line(&diagnostics_event(&new)),
    }
}

/// At the end: a subcommand that had no data to print gives what is wrong instead.
///
/// # Errors
/// As [`say`].
pub(super) fn end() -> anyhow::Result<()> {
    if form() == Form::Document && !WAS_SAID.load(Ordering::Relaxed) { say_with_diagnostics(json!({})) } else { Ok(()) }
}
