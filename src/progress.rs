//! Showing a run: bars on a terminal, plain lines elsewhere, or one JSON object per event.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod live;
mod plain;
mod tables;
pub mod words;

pub use tables::show as show_tables;

use crate::pipeline::Pipeline;
use crate::run::event::{Event, Sink};
use std::io::{IsTerminal, Write};

/// Says something to whoever watches. Where nobody can hear (standard error is a file on a full disk), the work goes on.
pub fn remark(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whoever shows a run of a study.
pub fn sink(json: bool, p: &Pipeline) -> Box<dyn Sink> {
    if json {
        Box::new(Json)
    } else if std::io::stderr().is_terminal() {
        Box::new(live::Live::new(p))
    } else {
        Box::new(plain::Plain::default())
    }
}

struct Json;

impl Sink for Json {
    fn hear(&self, event: &Event) {
        // A reader that went away does not stop a run.
        let _ = writeln!(std::io::stdout().lock(), "{}", event.to_json());
    }
}
