//! A trace as people read it: a heading for each thing that was asked for, and below it the tree of what it was made of.

use crate::progress::words::duration;
use crate::provenance::{Edge, Node, NodeId, Origin, Provenance, output};
use hilum_stages::KINDS;
use std::collections::BTreeSet;

/// The lines of a trace.
pub(super) fn lines(graph: &Provenance, origins: &[Origin]) -> Vec<String> {
    let mut out = vec![];
    let mut seen = BTreeSet::new();
    for (origin, root) in origins.iter().zip(&graph.roots) {
        if !out.is_empty() {
            out.push(String::new());
        }
        out.extend(heading(origin, &graph.nodes[*root]));
        tree(graph, *root, &mut seen, &mut out);
    }
    out
}

/// True if every image that a kind makes is synthetic.
pub(super) fn is_synthetic(kind: &str) -> bool {
    KINDS.iter().any(|k| k.name == kind && k.synthetic)
}

fn heading(origin: &Origin, node: &Node) -> Vec<String> {
    let mark = if is_synthetic(&node.kind) { "   SYNTHETIC, not for diagnosis" } else { "" };
    let what = match &origin.part {
        None => node.stage.clone(),
        Some(part) => {
            let file = part.file.as_ref().map_or_else(String::new, |name| format!(" {name}"));
            format!("{}{file}   sha256:{}", output(&node.stage, &part.port), part.sha256.hex())
        }
    };
    let mut out = vec![format!("{what}{mark}"), format!("   study {}, run {}", node.study, node.run)];
    if let Some(e) = node.result.as_ref().map(|r| &r.environment) {
        let changes = if e.dirty { " with changes" } else { "" };
        // The compiler's version without its commit and date.
        let toolchain = e.toolchain.split(" (").next().unwrap_or_default();
        out.push(format!("   computed by hilum {} ({}{changes}), {toolchain}", e.program, e.commit));
    }
    out
}

/// What is below a stage.
enum Child<'a> {
    /// A stage, with the outputs that were taken.
    Stage(NodeId, Vec<&'a str>),
    /// Something to say.
    Words(String),
}

fn tree(graph: &Provenance, root: NodeId, seen: &mut BTreeSet<NodeId>, out: &mut Vec<String>) {
    // A stack of what is still to be printed, with the prefix of its line and whether a sibling follows.
    let mut waiting = vec![(Child::Stage(root, vec![]), String::new(), true)];
    while let Some((child, before, is_last)) = waiting.pop() {
        let branch = if is_last { "└─ " } else { "├─ " };
        let (id, outputs) = match child {
            Child::Words(words) => {
                out.push(format!("{before}{branch}{words}"));
                continue;
            }
            Child::Stage(id, outputs) => (id, outputs),
        };
        let node = &graph.nodes[id];
        let is_new = seen.insert(id);
        out.push(format!("{before}{branch}{}", line(node, &outputs, is_new)));
        if is_new {
            let below = format!("{before}{}", if is_last { "   " } else { "│  " });
            let children = children(graph, node);
            let last = children.len().saturating_sub(1);
            let next = children.into_iter().enumerate().map(|(n, child)| (child, below.clone(), n == last));
            waiting.extend(next.collect::<Vec<_>>().into_iter().rev());
        }
    }
}

/// What a stage took, each stage once.
fn children<'a>(graph: &'a Provenance, node: &'a Node) -> Vec<Child<'a>> {
    let mut out: Vec<Child<'a>> = vec![];
    for Edge { port, from, .. } in &node.inputs {
        let Some(source) = from else {
            out.push(Child::Words(format!("where its {port} came from was not recorded")));
            continue;
        };
        let known = out.iter_mut().find_map(|c| match c {
            Child::Stage(id, outputs) if *id == source.node => Some(outputs),
            _ => None,
        });
        // Where only one output is of its type, the port says which was taken.
        let outputs = graph.nodes[source.node].result.as_ref().map(|r| &r.outputs);
        let taken_type = outputs.and_then(|o| o.get(&source.output)).map(|a| &a.kind);
        let is_one_of_several = outputs.is_some_and(|o| o.values().filter(|a| Some(&a.kind) == taken_type).count() > 1);
        let taken = is_one_of_several.then_some(source.output.as_str());
        match known {
            Some(outputs) => outputs.extend(taken.filter(|t| !outputs.contains(t)).into_iter().collect::<Vec<_>>()),
            None => out.push(Child::Stage(source.node, taken.into_iter().collect())),
        }
    }
    out.extend(node.unused.iter().map(|u| Child::Words(format!("{}: connected but unused", output(&u.stage, &u.output)))));
    out
}

/// `name (kind)  output train, run …, took …, seed …`; the run only where it is not the one that is traced.
fn line(node: &Node, outputs: &[&str], is_new: bool) -> String {
    let mut facts: Vec<String> = vec![];
    match outputs {
        [] => {}
        [one] => facts.push(format!("output {one}")),
        several => facts.push(format!("outputs {}", several.join(" and "))),
    }
    match &node.result {
        _ if !is_new => {}
        None => facts.push("its result was not recorded".into()),
        Some(r) => {
            let is_here = r.run == node.run;
            let other = match (r.study == node.study, r.stage == node.stage) {
                (true, true) => None,
                (true, false) => Some(format!("`{}`", r.stage)),
                (false, _) => Some(format!("`{}` of `{}`", r.stage, r.study)),
            };
            match (is_here, other) {
                (true, None) => {}
                (true, Some(other)) => facts.push(format!("result of {other}")),
                (false, None) => facts.push(format!("run {}", r.run)),
                (false, Some(other)) => facts.push(format!("run {} as {other}", r.run)),
            }
            facts.push(format!("took {}", duration(r.millis)));
            facts.extend(r.seed.iter().map(|seed| format!("seed {seed}")));
        }
    }
    let facts = facts.join(", ");
    let gap = if facts.is_empty() { "" } else { " " };
    let above = if is_new { "" } else { " (see above)" };
    format!("{} ({}) {gap}{facts}{above}", node.stage, node.kind)
}
