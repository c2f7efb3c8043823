//! The graph of the study.

use super::Chapter;
use crate::report::facts::Facts;
use crate::report::graph::Graph;
use maud::{Markup, PreEscaped, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "graph", title: Some("Graph"), about: &[], render: |m| Ok(Some(render(m.facts))) };

fn render(facts: &Facts) -> Markup {
    let state = |name: &str| {
        let cells: Vec<_> = facts.stages.iter().filter(|(n, _)| n == name || n.starts_with(&format!("{name}/"))).collect();
        if cells.iter().any(|(_, r)| r.is_none()) {
            "missing"
        } else if cells.iter().any(|(_, r)| r.as_ref().is_some_and(|r| r.1)) {
            "executed"
        } else {
            "reused"
        }
    };
    html! {
        p { "Filled stages were executed in this run, outlined ones were reused." }
        div.scroll { (PreEscaped(Graph::of_resolved(&facts.resolved).to_svg(&state))) }
    }
}
