//! A trace as one JSON document; `docs/json/trace.md` says what its fields mean.

use super::tree::is_synthetic;
use crate::provenance::{Edge, NodeId, Origin, Provenance};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The document: a list with one tree for each thing that was asked for.
pub(super) fn document(graph: &Provenance, origins: &[Origin]) -> Value {
    let mut seen = BTreeSet::new();
    let tree = |(origin, root): (&Origin, &NodeId)| {
        let mut tree = stage(graph, *root, &mut seen);
        let part = origin.part.as_ref().map(|p| json!({ "port": p.port, "file": p.file, "digest": p.digest, "sha256": p.sha256.hex() }));
        tree.insert("part".into(), part.into());
        Value::from(tree)
    };
    origins.iter().zip(&graph.roots).map(tree).collect()
}

fn stage(graph: &Provenance, id: NodeId, seen: &mut BTreeSet<NodeId>) -> Map<String, Value> {
    let node = &graph.nodes[id];
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
    put("run", node.run.clone().into());
    put("study", node.study.clone().into());
    put("stage", node.stage.clone().into());
    if !seen.insert(id) {
        put("see_above", true.into());
        return out;
    }
    put("kind", node.kind.clone().into());
    put("synthetic", is_synthetic(&node.kind).into());
    let result = node.result.as_ref();
    put("computed", result.map(|r| json!({ "run": r.run, "study": r.study, "stage": r.stage })).into());
    put("key", result.map(|r| r.key.to_string()).into());
    put("started", result.map(|r| r.started.clone()).into());
    put("millis", result.map(|r| r.millis).into());
    put("seed", result.and_then(|r| r.seed.clone()).into());
    put("engine", result.and_then(|r| r.engine.clone()).into());
    put("outputs", result.map(|r| json!(r.outputs)).into());
    put("environment", result.map(|r| json!(r.environment)).into());
    put("inputs", node.inputs.iter().map(|edge| input(graph, edge, seen)).collect());
    put("unused", node.unused.iter().map(|u| json!({ "port": u.port, "stage": u.stage, "output": u.output })).collect());
    out
}

fn input(graph: &Provenance, edge: &Edge, seen: &mut BTreeSet<NodeId>) -> Value {
    let Edge { port, cell, images, from } = edge;
    let output = from.as_ref().map(|s| s.output.clone());
    json!({ "port": port, "cell": cell, "images": images, "output": output, "from": from.as_ref().map(|s| stage(graph, s.node, seen)) })
}
