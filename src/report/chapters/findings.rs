//! Allowed findings, warnings of stages, and failures: above all headings, so that they are not overlooked.

use super::{Chapter, warning};
use crate::report::facts::Facts;
use hilum_stages::contract::note::Note;
use maud::{Markup, html};
use serde_json::Value;

pub(super) const CHAPTER: Chapter = Chapter { id: "findings", title: None, about: &[], render: |m| Ok(Some(render(m.facts))) };

fn render(f: &Facts) -> Markup {
    html! {
        @for finding in &f.findings {
            div class=(if finding["allowed"].is_string() || finding["severity"] == "warning" { "warn" } else { "bad" }) {
                b { (finding["id"].as_str().unwrap_or_default()) } " at " (finding["stage"].as_str().unwrap_or_default()) ": "
                @match finding["message"].as_str() {
                    Some(message) => (message),
                    // Journals of store format 1 have no message.
                    None => { (finding["patients"].to_string()) " patients of the test set reached the model" },
                }
                @for unit in ["patients", "images"] { @if finding["message"].is_string() && finding[unit].is_u64() { " (" (finding[unit].to_string()) " " (unit) ")" } }
                @if let Some(path) = finding["path"].as_array() { ", by way of " (path.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ← ")) }
                "."
                @if let Some(reason) = finding["allowed"].as_str() { br; "Allowed: " (reason) }
            }
        }
        @for r in f.receipts() {
            @for note in r.notes.iter().map(|n| Note::read(n)).filter(Note::is_warning) { (warning(Some(&r.stage), &note)) }
        }
        @for failure in &f.failures { div.bad { b { (failure["stage"].as_str().unwrap_or_default()) } " failed: " (failure["message"].as_str().unwrap_or_default()) } }
    }
}
