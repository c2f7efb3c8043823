//! The head of a report: run, time and counts.

use super::facts::Facts;
use maud::{Markup, html};

/// Run, time and counts.
pub(super) fn summary(f: &Facts) -> Markup {
    let (executed, reused) =
        (f.stages.iter().filter(|(_, r)| r.as_ref().is_some_and(|r| r.1)).count(), f.stages.iter().filter(|(_, r)| r.as_ref().is_some_and(|r| !r.1)).count());
    let not_run = f.stages.len() - executed - reused;
    let code = f.receipts().next().map(|r| &r.environment);
    html! {
        ul.facts {
            li { b { "run " } (f.run) }
            li { b { "started " } (f.started) }
            li { b { (executed) } " executed, " b { (reused) } " reused" @if not_run > 0 { ", " b { (not_run) } " not run" } }
            @if let Some(e) = code { li { b { "hilum " } (e.program) " " (e.commit) @if e.dirty { " with changes" } } }
            @if !f.is_finished { li { b { "this run has not finished" } } }
        }
    }
}
