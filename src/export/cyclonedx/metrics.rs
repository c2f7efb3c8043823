//! What the run measured of a network, as metrics of its card: each says which table it is from, by digest.

use super::hashes;
use crate::export::artifacts::REMOVED;
use crate::export::error::Result;
use crate::export::facts::{Facts, Made};
use crate::export::measured::{self, Measure, MeasuredTable};
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
    for table in measured::of(facts, made, port)? {
        let (output, sha256, artifact) = (table.output(), table.sha256().hex(), table.artifact);
        let reference = format!("data:{output}");
        out.artifacts.push((format!("hilum:metrics:{output}"), format!("sha256 {sha256}")));
        out.references.push(reference.clone());
        data.insert(reference.clone(), json!({
            "type": "data", "bom-ref": reference, "name": output, "version": artifact.digest.hex()[..16], "hashes": hashes(&artifact.sha256, &artifact.digest),
            "description": "A table of metrics", "data": [{ "type": "dataset", "name": output }],
        }));
        let Some(rows) = &table.rows else {
            out.artifacts.push((format!("hilum:metrics:{output}:removed"), REMOVED.to_owned()));
            continue;
        };
        let from = format!("`{output}`, sha256 {sha256}{}", looked_at(facts, &table));
        out.metrics.extend(rows.iter().map(|row| metric(row, &from)));
    }
    Ok(out)
}

/// A metric; `from` says of which table it is.
fn metric(row: &Measure, from: &str) -> Value {
    let class = if row.class.is_empty() { String::new() } else { format!("class {}, ", row.class) };
    let told = if row.told.is_empty() { String::new() } else { format!("{}, ", row.told) };
    let mut out = json!({ "type": row.metric, "value": row.value.to_string(), "slice": format!("{class}{told}{from}") });
    if let Some([low, high]) = row.ends {
        out["confidenceInterval"] = json!({ "lowerBound": low.to_string(), "upperBound": high.to_string() });
    }
    out
}

/// The tables of images that a table was measured on.
fn looked_at<'f>(facts: &'f Facts, table: &MeasuredTable<'f>) -> String {
    table.looked_at(facts).map(|seen| format!("; {}: `{}`, sha256 {}", seen.port, seen.made.output(seen.from), seen.artifact.sha256.hex())).collect()
}
