//! Every stage with its recipe, times and notes.

use super::Chapter;
use crate::progress::words::{duration, size};
use crate::report::facts::Facts;
use maud::{Markup, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "stages", title: Some("Stages"), about: &[], render: |m| Ok(Some(render(m.facts))) };

fn render(f: &Facts) -> Markup {
    html! {
            div.scroll { table {
                thead { tr { th { "stage" } th { "kind" } th { "" } th { "time" } th { "memory" } th { "details" } } }
                tbody { @for (name, known) in &f.stages { tr {
                    td { (name) }
                    @match known {
                        None => {
                            td { (f.resolved["stages"][name]["stage"].as_str().unwrap_or_default()) }
                            td { @match f.under_way.iter().find(|u| u.0 == *name) { Some((_, step, _)) => { "after step " (step) } None => { "not run" } } }
                            td {} td {} td {}
                        }
                        Some((r, executed)) => {
                            td { (r.recipe.kind) }
                            td { @if *executed { "executed" } @else { "reused" } }
                            td.num { (duration(r.millis)) }
                            td.num { @if let Some(m) = r.peak_memory { (size(m)) } }
                            td { details {
                                summary { "recipe" @if !r.notes.is_empty() { ", notes" } }
                                @for note in &r.notes { p { (note) } }
                                pre { (serde_json::to_string_pretty(&r.recipe).unwrap_or_default()) }
                                @for (port, a) in r.outputs.iter() { div { code { (port) " " (a.digest.short()) " sha256 " (&a.sha256.hex()[..16]) "…" } } }
                            } }
                        }
                    }
                } } }
            } }
    }
}
