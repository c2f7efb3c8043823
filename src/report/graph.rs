//! The graph of a study, cells drawn as one: as Graphviz, Mermaid, or a picture with layers from left to right.

use crate::pipeline::{Pipeline, resolved};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Stages and who needs whom.
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<(usize, usize)>,
}

struct Node {
    name: String,
    kind: String,
    cells: usize,
}

impl Graph {
    /// The graph of a study.
    pub fn of(p: &Pipeline) -> Graph {
        Graph::of_resolved(&resolved::to_json(p))
    }

    /// The graph of a resolved study.
    pub fn of_resolved(study: &Value) -> Graph {
        let base = |name: &str| name.split('/').next().unwrap_or(name).split('.').next().unwrap_or(name).to_owned();
        let mut nodes: Vec<Node> = vec![];
        let mut number: BTreeMap<String, usize> = BTreeMap::new();
        let stages = &study["stages"];
        let order: Vec<&str> = study["order"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for name in order.iter().copied() {
            let kind = stages[name]["stage"].as_str().unwrap_or_default();
            match number.get(&base(name)) {
                Some(&at) => nodes[at].cells += 1,
                None => {
                    number.insert(base(name), nodes.len());
                    nodes.push(Node { name: base(name), kind: kind.to_owned(), cells: 1 });
                }
            }
        }
        let mut edges = vec![];
        for name in order {
            let inputs = stages[name]["in"].as_object().into_iter().flatten();
            for from in inputs.flat_map(|(_, v)| v.as_array().map_or(std::slice::from_ref(v), Vec::as_slice)) {
                if let (Some(from), Some(to)) = (from.as_str().and_then(|f| number.get(&base(f))), number.get(&base(name))) {
                    edges.push((*from, *to));
                }
            }
        }
        edges.sort_unstable();
        edges.dedup();
        Graph { nodes, edges }
    }

    /// How many stages there are, cells counted as one.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// True if there is no stage.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn label(&self, n: &Node) -> String {
        if n.cells > 1 { format!("{} × {}", n.name, n.cells) } else { n.name.clone() }
    }

    /// As nodes and edges.
    pub fn to_json(&self) -> Value {
        let nodes: Vec<Value> = self.nodes.iter().map(|n| json!({ "name": n.name, "kind": n.kind, "cells": n.cells })).collect();
        let edges: Vec<Value> = self.edges.iter().map(|(from, to)| json!({ "from": self.nodes[*from].name, "to": self.nodes[*to].name })).collect();
        json!({ "nodes": nodes, "edges": edges })
    }

    /// As Graphviz.
    pub fn to_dot(&self) -> String {
        let nodes = self.nodes.iter().map(|n| format!("  \"{}\" [shape=box, label=\"{}\\n{}\"];\n", n.name, self.label(n), n.kind));
        let edges = self.edges.iter().map(|(a, b)| format!("  \"{}\" -> \"{}\";\n", self.nodes[*a].name, self.nodes[*b].name));
        format!("digraph study {{\n  rankdir=LR;\n{}{}}}", nodes.collect::<String>(), edges.collect::<String>())
    }

    /// As Mermaid.
    pub fn to_mermaid(&self) -> String {
        let nodes = self.nodes.iter().map(|n| format!("  {}[\"{}<br/>{}\"]\n", n.name.replace('-', "_"), self.label(n), n.kind));
        let edges = self.edges.iter().map(|(a, b)| format!("  {} --> {}\n", self.nodes[*a].name.replace('-', "_"), self.nodes[*b].name.replace('-', "_")));
        format!("flowchart LR\n{}{}", nodes.collect::<String>(), edges.collect::<String>()).trim_end().to_owned()
    }

    /// As a picture; `state` gives `executed`, `reused` or another word for a stage.
    pub fn to_svg(&self, state: &dyn Fn(&str) -> &'static str) -> String {
        const WIDTH: f64 = 150.0;
        const HEIGHT: f64 = 44.0;
        const GAP: (f64, f64) = (48.0, 18.0);
        let mut layer = vec![0usize; self.nodes.len()];
        for (a, b) in &self.edges {
            // Edges are sorted by their start, and starts are before ends in the study's order.
            layer[*b] = layer[*b].max(layer[*a] + 1);
        }
        for _ in 0..self.nodes.len() {
            self.edges.iter().for_each(|(a, b)| layer[*b] = layer[*b].max(layer[*a] + 1));
        }
        // Within a layer, stages stand near the middle of those they need.
        let mut row: Vec<f64> = vec![0.0; self.nodes.len()];
        let layers = layer.iter().max().map_or(0, |m| m + 1);
        let mut tallest = 1;
        for l in 0..layers {
            let mut here: Vec<usize> = (0..self.nodes.len()).filter(|n| layer[*n] == l).collect();
            let middle = |n: usize| {
                let above: Vec<f64> = self.edges.iter().filter(|e| e.1 == n).map(|e| row[e.0]).collect();
                if above.is_empty() { n as f64 } else { above.iter().sum::<f64>() / above.len() as f64 }
            };
            here.sort_by(|a, b| middle(*a).total_cmp(&middle(*b)).then(a.cmp(b)));
            here.iter().enumerate().for_each(|(i, n)| row[*n] = i as f64);
            tallest = tallest.max(here.len());
        }
        let at = |n: usize| {
            let count = layer.iter().filter(|l| **l == layer[n]).count() as f64;
            let y = (row[n] + (tallest as f64 - count) / 2.0) * (HEIGHT + GAP.1) + 8.0;
            (layer[n] as f64 * (WIDTH + GAP.0) + 8.0, y)
        };
        let (width, height) = (layers as f64 * (WIDTH + GAP.0) - GAP.0 + 16.0, tallest as f64 * (HEIGHT + GAP.1) - GAP.1 + 16.0);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\">"
        );
        for (a, b) in &self.edges {
            let ((x1, y1), (x2, y2)) = (at(*a), at(*b));
            let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2.0, y2 + HEIGHT / 2.0);
            let bend = (x2 - x1) / 2.0;
            out += &format!("<path d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#9fb0bf\" stroke-width=\"1.4\"/>", x1 + bend, x2 - bend);
        }
        for (i, n) in self.nodes.iter().enumerate() {
            let (x, y) = at(i);
            let (fill, stroke, ink) = match state(&n.name) {
                "executed" => ("#0b6e99", "#0b6e99", "#ffffff"),
                "missing" => ("#f3f3f3", "#b0b0b0", "#8a8a8a"),
                _ => ("#ffffff", "#0b6e99", "#1d2733"),
            };
            let (cx, label) = (x + WIDTH / 2.0, escaped(&self.label(n)));
            out +=
                &format!("<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"7\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"1.4\"/>");
            out += &format!("<text x=\"{cx}\" y=\"{}\" text-anchor=\"middle\" font-size=\"13\" font-weight=\"600\" fill=\"{ink}\">{label}</text>", y + 19.0);
            out += &format!(
                "<text x=\"{cx}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" fill=\"{ink}\" opacity=\"0.75\">{}</text>",
                y + 34.0,
                escaped(&n.kind)
            );
        }
        out + "</svg>"
    }
}

/// Text within markup: names come from a journal, which anybody may have written.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_journal_becomes_markup() {
        let evil = "<script>alert(\"1\")</script>&";
        let study = json!({ "order": [evil], "stages": { evil: { "stage": evil } } });
        let drawn = Graph::of_resolved(&study).to_svg(&|_| "executed");
        assert!(!drawn.contains("<script") && drawn.matches("&lt;script&gt;").count() == 2 && drawn.matches("<text").count() == 2, "{drawn}");
    }
}
