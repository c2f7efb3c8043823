//! The kinds of stages as tools, each in the version in which it ran, with ports and parameters.

use super::graph::{Graph, encoded, one_or_list, reference};
use super::{ENGINE, STUDY};
use crate::export::facts::{Facts, Made, kind};
use crate::manual;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The id of the tool that a stage ran.
pub(super) fn id(made: &Made) -> String {
    named(&made.node.kind, made.receipt.recipe.version)
}

/// The id of a tool: a kind in a version.
pub(super) fn named(kind: &str, version: u32) -> String {
    format!("#kind/{}/{version}", encoded(kind))
}

/// The id of a port or a parameter of a tool.
pub(super) fn slot(tool: &str, what: &str, name: &str) -> String {
    format!("{tool}/{what}/{}", encoded(name))
}

/// Adds the engine and all tools; gives references to the tools.
pub(super) fn tools(facts: &Facts, graph: &mut Graph) -> Vec<Value> {
    let mut versions: BTreeSet<&str> = facts.made().map(|m| m.result.environment.program.as_str()).collect();
    let newest = versions.pop_last().unwrap_or_default();
    graph.add(json!({
        "@id": ENGINE, "@type": "SoftwareApplication", "name": "hilum", "softwareVersion": newest,
        "description": "Runs studies of synthetic chest X-rays as a graph of cached stages, and traces every number to its origin",
    }));
    let mut ids = BTreeSet::new();
    for made in facts.made() {
        if ids.insert(id(&made)) {
            add(&made.node.kind, made.receipt.recipe.version, graph);
        }
    }
    for failure in &facts.record.failures {
        if let Some(node) = facts.graph.nodes.iter().find(|n| n.stage == failure.stage) {
            let version = kind(&node.kind).map_or(0, |k| k.version);
            if ids.insert(named(&node.kind, version)) {
                add(&node.kind, version, graph);
            }
        }
    }
    ids.iter().map(|id| reference(id)).collect()
}

fn add(name: &str, version: u32, graph: &mut Graph) {
    let about = kind(name).map(manual::summary).unwrap_or_else(|| "A kind of stage that this version of hilum does not have.".to_owned());
    graph.add(json!({
        "@id": named(name, version), "@type": "SoftwareApplication", "name": format!("hilum {name}"), "softwareVersion": version.to_string(),
        "description": about, "isPartOf": reference(ENGINE),
    }));
}

/// Says that an entity was bound to a port or a parameter of a tool, which is added where it is new.
pub(super) fn bind(tool: &str, direction: &str, what: &str, name: &str, entity: &str, graph: &mut Graph) {
    let id = slot(tool, what, name);
    let kind = match graph.kind(entity) {
        Some("CreativeWork") | None => "File",
        Some(kind) => kind,
    };
    let kind = kind.to_owned();
    graph.add(json!({ "@id": id, "@type": "FormalParameter", "name": name, "additionalType": kind }));
    // Of one kind, some stages make one file and others several.
    graph.extend(&id, "additionalType", kind.into());
    graph.link(tool, direction, &id);
    graph.link(entity, "exampleOfWork", &id);
}

/// Adds the step of a stage; gives a reference to it.
pub(super) fn step(position: usize, stage: &str, tool: &str, graph: &mut Graph) -> Value {
    let id = format!("{STUDY}#{}", encoded(stage));
    graph.add(
        json!({ "@id": id, "@type": "HowToStep", "name": stage, "position": (position + 1).to_string(), "workExample": one_or_list(vec![reference(tool)]) }),
    );
    reference(&id)
}
