//! The graph of the study.

use super::Chapter;
use crate::report::facts::Facts;
use crate::report::graph::Graph;
use crate::report::wide::wide;
use maud::{Markup, PreEscaped, html};

pub(super) const CHAPTER: Chapter = Chapter { id: "graph", title: "Graph", about: &[], render: |m| Ok(Some(render(m.facts))) };

/// Stages of a graph that is drawn, cells counted as one.
const MOST: usize = 150;

fn render(facts: &Facts) -> Markup {
    let graph = Graph::of_resolved(&facts.resolved);
    if graph.len() > MOST {
        return html! { p { "The study has " (graph.len()) " stages, which are too many for a drawing: " code { "hilum graph --format dot" } " writes them for Graphviz." } };
    }
    let state = |name: &str| {
        let cells: Vec<_> = facts.stages.iter().filter(|(n, _)| n == name || n.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))).collect();
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
        (wide("Graph of the study", &html! { div.graph role="img" aria-label={ "Graph of " (graph.len()) " stages" } { (PreEscaped(graph.to_svg(&state))) } }))
    }
}
