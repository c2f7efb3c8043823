//! How a drawn run is written: a journal with its graph, what was reused, and receipts.

use super::{Content, Current, Drawing, Output, Receipt, Row};
use hilum_cache::journal::{Event, Journal};
use hilum_cache::receipt::{Artifact, Determinism, Outputs, Receipt as Written};
use hilum_cache::recipe::Recipe;
use hilum_cache::{Digest, Sha256};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

impl Drawing {
    /// A table of these rows.
    pub(super) fn samples(&mut self, mut rows: Vec<Row>) -> Output {
        // Most tables are of their own: equal bytes lead to every stage that made them.
        let source = if self.stream.chance(0.05) { 0 } else { self.fresh() };
        if rows.is_empty() && self.stream.chance(0.9) {
            let image = Digest::of(format!("alone {source}").as_bytes());
            rows.push(Row { image, token: String::new(), label: "a", is_synthetic: false, generator: None });
        }
        let mut csv = "image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n".to_owned();
        for Row { image, token, label, is_synthetic, generator } in &rows {
            let (origin, generator) = (if *is_synthetic { "synthetic" } else { "real" }, generator.map(|g| g.to_string()).unwrap_or_default());
            writeln!(csv, "{image},{token},0,{label},s{source},{origin},{generator},,,,,8,8").unwrap();
        }
        self.put("samples", csv.as_bytes(), Content::Samples(rows))
    }

    pub(super) fn write(&self, now: &Current, has_graph: bool, written: &[Receipt]) {
        let mut journal = Journal::begin(&self.writable).unwrap();
        let binding = |(stage, port): &(String, String)| match stage.split_once('/') {
            Some((base, cell)) => format!("{base}.{port}/{cell}"),
            None => format!("{stage}.{port}"),
        };
        let mut stages = serde_json::Map::new();
        for (stage, bound) in now.run.graph.iter().flatten() {
            let inputs: BTreeMap<&String, Vec<String>> = bound.iter().map(|(port, from)| (port, from.iter().map(binding).collect())).collect();
            let kind = if now.run.with.contains_key(stage) { "import" } else { "k" };
            stages.insert(stage.clone(), json!({ "stage": kind, "in": inputs, "with": now.run.with.get(stage) }));
        }
        let resolved = if has_graph { json!({ "order": now.run.order, "stages": stages }) } else { Value::Null };
        journal.append(&Event::Started { study: now.run.study.clone(), pipeline: Digest::of(b""), resolved }).unwrap();
        let executed: BTreeSet<&str> = written.iter().map(|r| r.stage.as_str()).collect();
        let reused = now.run.keys.iter().filter(|(stage, _)| !executed.contains(stage.as_str())).map(|(stage, key)| (stage.clone(), *key)).collect();
        journal.append(&Event::Reused { study: now.run.study.clone(), stages: reused }).unwrap();
        for receipt in written {
            journal.append(&Event::Receipt { receipt: Box::new(self.as_written(receipt, &now.run.study)) }).unwrap();
        }
    }

    fn as_written(&self, r: &Receipt, study: &str) -> Written {
        let artifact = |output: &Output| {
            let file = match self.store.contents.get(&output.digest) {
                Some(Content::Samples(_)) => "samples.csv",
                Some(Content::Patients(_)) => "patients.csv",
                Some(Content::Joined(_)) => "joined-patients.csv",
                Some(Content::Other) | None => "file.bin",
            };
            let (kind, file) = (output.kind.to_owned(), Some(file.to_owned()));
            Artifact { kind, digest: output.digest, sha256: Sha256::of(output.digest.bytes()), bytes: output.bytes, file }
        };
        let sources = r.sources.iter().enumerate().map(|(n, digest)| (format!("source{n}"), *digest)).collect();
        let recipe = Recipe {
            v: 1,
            kind: r.kind.into(),
            version: 1,
            parameters: r.parameters.clone(),
            seed: None,
            inputs: r.inputs.clone(),
            sources,
            engine: None,
            pseudonyms: (r.kind == "import").then(|| "fingerprint".into()),
        };
        Written {
            key: r.key,
            study: study.to_owned(),
            stage: r.stage.clone(),
            recipe,
            outputs: r.outputs.iter().map(|(port, output)| (port.clone(), artifact(output))).collect::<Outputs>(),
            flow: r.flow.clone(),
            determinism: Determinism::Bitwise,
            environment: Default::default(),
            started: "2026-01-01T00:00:00.000Z".into(),
            millis: r.millis,
            peak_memory: None,
            attempt: 1,
            notes: vec![],
        }
    }
}
