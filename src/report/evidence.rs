//! Links from what a page says to the stages that it rests on: each stage that is listed has an anchor, with its recipe, its digests and
//! its place in the ledger. Knows no chapter.

use super::artifacts::ReportArtifact;
use super::facts::Facts;
use super::places::base;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Outputs that are linked below a chapter.
const LINKED: usize = 6;

/// The name of a stage, as a link to its row where it has one.
pub(super) fn stage(facts: &Facts, name: &str) -> Markup {
    linked(facts, name, name)
}

fn linked(facts: &Facts, stage: &str, text: &str) -> Markup {
    html! { @match facts.places().anchor_of(stage) { Some(anchor) => a.stage href={ "#" (anchor) } { (text) }, None => (text) } }
}

/// The outputs from which something was made, each with a link to the stage that made it; cells of a stage together.
pub(super) fn from(facts: &Facts, found: &[ReportArtifact]) -> Markup {
    let mut order: Vec<String> = vec![];
    let mut cells: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for artifact in found {
        let name = format!("{}.{}", base(artifact.stage()), artifact.port);
        let known = cells.entry(name.clone()).or_default();
        if known.is_empty() {
            order.push(name);
        }
        if !known.contains(&artifact.stage()) {
            known.push(artifact.stage());
        }
    }
    let more = order.len().saturating_sub(LINKED);
    html! {
        @if !order.is_empty() {
            p.evidence {
                "Evidence: "
                @for (n, name) in order.iter().take(LINKED).enumerate() {
                    @if n > 0 { ", " }
                    @let of = &cells[name];
                    (linked(facts, of[0], name)) @if of.len() > 1 { " (" (counted(of.len(), "cell", "cells")) ")" }
                }
                @if more > 0 { " and " a.stage href="#stages" { (counted(more, "other output", "other outputs")) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::places::CELLS;

    #[test]
    fn of_a_large_study_every_stage_has_a_row_and_its_first_cells_have() {
        let names: Vec<String> = (0..400).map(|n| format!("gan/n={n}")).chain(["comparison".to_owned()]).collect();
        let facts = Facts { stages: names.into_iter().map(|name| (name, None)).collect(), ..Facts::default() };
        let places = facts.places();
        assert_eq!(places.shown().count(), CELLS);
        assert_eq!(places.anchor_of("comparison").as_deref(), Some("stage-400"));
        assert_eq!((places.anchor_of("gan/n=0").as_deref(), places.anchor_of("gan/n=399")), (Some("stage-0"), None));
        assert_eq!(places.anchor_of("other"), None);
        assert_eq!(stage(&facts, "comparison").into_string(), "<a class=\"stage\" href=\"#stage-400\">comparison</a>");
        assert_eq!(stage(&facts, "gan/n=399").into_string(), "gan/n=399");
    }
}
