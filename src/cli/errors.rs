//! What is said of a call that failed, and the exit code that it ends with. Independent of commands.

use super::{DAMAGED, DONE, FAILED, WRONG, document};
use crate::progress::remark;

/// Prints an error and returns the exit code.
pub(super) fn report_error(e: &anyhow::Error) -> u8 {
    // A closed pipe is not a failure.
    if e.chain().any(|c| c.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)) {
        return DONE;
    }
    let message = in_words(e);
    let of_call = e.chain().find_map(|c| c.downcast_ref::<WrongCall>()?.help.clone());
    let help = of_call.or_else(|| e.chain().find_map(|c| c.downcast_ref::<hilum_cache::Error>()?.help()).map(str::to_owned));
    say_error(&message, help.as_deref());
    let of_store = e.chain().find_map(|c| c.downcast_ref::<hilum_cache::Error>());
    match e.chain().any(|c| c.is::<WrongCall>()) {
        true => WRONG,
        false => of_store.map_or(FAILED, exit_code),
    }
}

/// Where a store, or what is in it, is at fault.
fn exit_code(e: &hilum_cache::Error) -> u8 {
    use hilum_cache::Error as E;
    match e {
        E::Format { .. } | E::Occupied { .. } | E::Key { .. } => WRONG,
        E::Damaged(_) | E::Missing(_) | E::Record { .. } | E::Foreign { .. } | E::TooLarge { .. } => DAMAGED,
        E::Io { .. } | E::Link { .. } | E::Busy => FAILED,
    }
}

/// Says what is wrong, to people and in the document.
pub(super) fn say_error(message: &str, help: Option<&str>) {
    remark(format!("error: {message}"));
    help.iter().for_each(|h| remark(format!("help: {h}")));
    document::keep_fault(message, help);
}

/// A call that makes no sense; same exit code as for arguments that do not parse.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct WrongCall {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// An invalid call.
pub(super) fn wrong(message: impl Into<String>) -> WrongCall {
    WrongCall { message: message.into(), help: None }
}

impl WrongCall {
    /// Adds advice.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        WrongCall { help: Some(help.into()), ..self }
    }
    /// Adds advice, if any, before earlier advice.
    pub(super) fn maybe_help(self, help: Option<String>) -> Self {
        WrongCall { help: help.or(self.help), ..self }
    }
}

/// An error with its causes; errors of the store contain their own.
fn in_words(e: &anyhow::Error) -> String {
    let mut parts = vec![];
    for cause in e.chain() {
        parts.push(cause.to_string());
        if cause.is::<hilum_cache::Error>() {
            break;
        }
    }
    parts.join(": ")
}
