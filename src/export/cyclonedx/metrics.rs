//! What the run measured of a network: rows of the tables of evaluations of it, and of the quality of its images. Each says which table
//! it is from, by digest.

use super::hashes;
use crate::export::error::{Error, Result};
use crate::export::facts::{Facts, Made};
use hilum_cache::receipt::Artifact;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{MetricRow, QualityRow, Record, Row, Table};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The metrics of a network.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) metrics: Vec<Value>,
    /// Names and digests of the tables that they are from.
    pub(super) artifacts: Vec<(String, String)>,
    /// References to these tables.
    pub(super) references: Vec<String>,
}

/// What was measured of the network that a stage made.
///
/// # Errors
/// If a table is damaged, or is none.
pub(super) fn of(facts: &Facts, made: Made, port: &str, data: &mut BTreeMap<String, Value>) -> Result<Measured> {
    let mut out = Measured::default();
    for stage in facts.takers(made.id, Some(port)) {
        out.add::<MetricRow>(facts, stage, data, |row, from| {
            metric(&row.metric, row.value, [row.low, row.high], [("class", &row.class), ("interval", &row.interval)], from)
        })?;
        // Of a generator, what looked at its images.
        let images: Vec<&str> = stage.of_type(ArtifactType::Samples).map(|(port, _)| port).collect();
        for output in images {
            for stage in facts.takers(stage.id, Some(output)) {
                out.add::<QualityRow>(facts, stage, data, |row, from| {
                    metric(&row.metric, row.value, [None; 2], [("class", &row.class), ("extractor", &row.extractor)], from)
                })?;
            }
        }
    }
    Ok(out)
}

/// A metric, if it has a value; `from` says of which table it is.
fn metric(name: &str, value: Option<f64>, ends: [Option<f64>; 2], told: [(&str, &String); 2], from: &str) -> Option<Value> {
    let told = told.into_iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("{what} {text}, "));
    let mut out = json!({ "type": name, "value": value?.to_string(), "slice": told.collect::<String>() + from });
    if let [Some(low), Some(high)] = ends {
        out["confidenceInterval"] = json!({ "lowerBound": low.to_string(), "upperBound": high.to_string() });
    }
    Some(out)
}

impl Measured {
    fn add<T: Row>(&mut self, facts: &Facts, stage: Made, data: &mut BTreeMap<String, Value>, show: impl Fn(&T, &str) -> Option<Value>) -> Result<()> {
        let file = Table::<T>::file_name();
        let is_it = |artifact: &Artifact| artifact.file.as_deref() == Some(&*file);
        for (port, artifact) in stage.result.outputs.iter().filter(|(_, a)| is_it(a)) {
            let (output, sha256) = (stage.output(port), artifact.sha256.hex());
            let reference = format!("data:{output}");
            if self.references.contains(&reference) {
                continue;
            }
            self.artifacts.push((format!("hilum:metrics:{output}"), format!("sha256 {sha256}")));
            self.references.push(reference.clone());
            data.insert(reference.clone(), json!({
                "type": "data", "bom-ref": reference, "name": output, "version": artifact.digest.hex()[..16], "hashes": hashes(&artifact.sha256, &artifact.digest),
                "description": "A table of metrics", "data": [{ "type": "dataset", "name": output }],
            }));
            if facts.is_removed(&artifact.digest) {
                self.artifacts.push((format!("hilum:metrics:{output}:removed"), "removed from the store by `hilum gc`".to_owned()));
                continue;
            }
            let table = Table::<T>::read(&facts.store.read(&artifact.digest)?).map_err(|e| Error::Record { what: output.clone(), why: e.to_string() })?;
            let from = format!("`{output}`, sha256 {sha256}{}", looked_at(facts, stage));
            self.metrics.extend(table.rows.iter().filter_map(|row| show(row, &from)));
        }
        Ok(())
    }
}

/// The tables of images that a stage measured something on.
fn looked_at(facts: &Facts, stage: Made) -> String {
    let tables = stage.inputs().filter_map(|(port, from, taken)| {
        let source = facts.made_by(from)?;
        let artifact = source.result.outputs.get(taken).filter(|a| ArtifactType::Samples.is(a))?;
        Some(format!("; {port}: `{}`, sha256 {}", source.output(taken), artifact.sha256.hex()))
    });
    tables.collect()
}
