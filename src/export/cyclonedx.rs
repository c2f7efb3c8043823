//! The trained networks of a run as a bill of materials, CycloneDX 1.7: each with its architecture, the tables that it was trained on,
//! the metrics that the run found for it, and what it is not for. The networks themselves are not in it.

mod card;
mod metrics;

use super::artifacts::REMOVED;
use super::claims::Claim;
use super::directory::Directory;
use super::error::{Error, Result};
use super::facts::{Facts, Files, Made};
use super::licence::Licence;
use super::{Export, Terms, pretty, vouched};
use hilum_cache::Sha256;
use hilum_cache::receipt::Artifact;
use hilum_stages::contract::artifact::ArtifactType;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const EXPORT: Export = Export {
    name: "cyclonedx",
    about: "the trained networks with their data, metrics and limits, by digest: an ML-BOM in CycloneDX 1.7",
    document: "bom.cdx.json",
    is_signed: false,
    write,
    claims: no_files,
};

fn write(facts: &Facts, terms: &Terms, directory: &mut Directory) -> Result<Value> {
    let licence = &terms.licence;
    let mut models = vec![];
    // Data by their references: a table may have trained several networks.
    let mut data: BTreeMap<String, Value> = BTreeMap::new();
    let mut dependencies = vec![];
    for made in facts.made() {
        for (port, artifact) in made.result.outputs.iter().filter(|(_, a)| ArtifactType::of(a).is_some_and(ArtifactType::is_network)) {
            let model = model(facts, made, port, artifact, licence, &mut data)?;
            if model.is_removed {
                directory.remark(format!("`{}` was removed from the store; it is named by the digest of the list of its files", made.output(port)));
            }
            dependencies.push(json!({ "ref": model.component["bom-ref"], "dependsOn": model.needs }));
            models.push(model.component);
        }
    }
    if models.is_empty() {
        return Err(Error::Nothing { run: facts.run.clone(), why: "it has no trained network" });
    }
    let study = json!({
        "type": "data", "bom-ref": "study", "name": facts.record.study, "version": facts.run,
        "description": facts.record.resolved["description"].as_str().unwrap_or_default(),
        "data": [{ "type": "configuration", "name": "the study as it was run", "contents": { "properties": properties([
            ("hilum:run:started", facts.record.started.clone()), ("hilum:run:complete", facts.is_complete().to_string()),
            ("hilum:run:journal-signed-by", vouched::signed_by(facts.checkpoint.as_ref()).unwrap_or("nobody").to_owned()),
        ]) } }],
    });
    let models_and_data: Vec<Value> = models.into_iter().chain(data.into_values()).collect();
    let mut metadata = json!({
        "timestamp": facts.ended, "lifecycles": [{ "phase": "post-build" }], "tools": { "components": tools(facts) }, "component": study,
    });
    if let Some(licences) = licence.cyclonedx() {
        metadata["licenses"] = licences;
    }
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1, "metadata": metadata,
        "components": models_and_data, "dependencies": dependencies,
    });
    document["serialNumber"] = serial_number(&pretty(&document)).into();
    Ok(document)
}

/// A trained network as a component.
struct Model {
    component: Value,
    /// References to what it was made of.
    needs: Vec<String>,
    /// True if the list of its files is not in the store any more.
    is_removed: bool,
}

fn model(facts: &Facts, made: Made, port: &str, artifact: &Artifact, licence: &Licence, data: &mut BTreeMap<String, Value>) -> Result<Model> {
    let name = made.output(port);
    let trained_on = card::training_data(facts, made, data)?;
    let measured = metrics::of(facts, made, port, data)?;
    let mut needs: Vec<String> = trained_on.clone();
    needs.extend(measured.references.iter().cloned());
    needs.sort();
    needs.dedup();
    let is_removed = matches!(facts.files(artifact)?, Files::Removed);
    let weights = facts.weights(artifact)?;
    let mut told = vec![
        ("hilum:artifact:type", artifact.kind.clone()),
        ("hilum:artifact:sha256-of-file-list", artifact.sha256.hex()),
        ("hilum:artifact:blake3", artifact.digest.hex()),
        ("hilum:artifact:bytes", artifact.bytes.to_string()),
        ("hilum:stage", made.node.stage.clone()),
        ("hilum:stage:kind", format!("{} version {}", made.node.kind, made.receipt.recipe.version)),
        ("hilum:stage:key", made.result.key.to_string()),
        ("hilum:stage:computed-by-run", made.result.run.clone()),
        ("hilum:stage:started", made.result.started.clone()),
        ("hilum:stage:milliseconds", made.result.millis.to_string()),
        ("hilum:stage:fingerprint", made.result.environment.fingerprint.clone()),
    ];
    told.extend(made.result.seed.clone().map(|seed| ("hilum:stage:seed", seed)));
    told.extend(made.result.engine.clone().map(|engine| ("hilum:stage:engine", engine)));
    if is_removed {
        told.push(("hilum:artifact:removed", format!("{REMOVED} before this was written")));
    }
    let mut component = json!({
        "type": "machine-learning-model", "bom-ref": format!("model:{name}"), "name": name, "version": artifact.digest.hex()[..16],
        "group": facts.record.study, "description": format!("Trained by the stage `{}` of the study `{}`; the network itself is not enclosed", made.node.stage, facts.record.study),
        "modelCard": card::card(facts, made, artifact, &trained_on, measured), "properties": properties(told),
    });
    if let Some(file) = weights {
        // Of the file of the weights; that of the list of all files is a property.
        component["hashes"] = hashes(&file.sha256, &file.digest);
    }
    if let Some(licences) = licence.cyclonedx() {
        component["licenses"] = licences;
    }
    Ok(Model { component, needs, is_removed })
}

/// The program in each of its versions that computed something.
fn tools(facts: &Facts) -> Vec<Value> {
    let mut versions: BTreeMap<String, Value> = BTreeMap::new();
    for made in facts.made() {
        let e = &made.result.environment;
        let commit = format!("{}{}", e.commit, if e.dirty { " with uncommitted changes" } else { "" });
        let told = [("hilum:commit", commit.clone()), ("hilum:Cargo.lock", e.lockfile.clone()), ("hilum:compiler", e.toolchain.clone())];
        let reference = format!("tool:hilum-{}-{}", e.program, &Sha256::of(format!("{told:?}").as_bytes()).hex()[..8]);
        versions.insert(
            reference.clone(),
            json!({ "type": "application", "bom-ref": reference, "name": "hilum", "version": e.program, "properties": properties(told) }),
        );
    }
    versions.into_values().collect()
}

fn properties<'n>(all: impl IntoIterator<Item = (&'n str, String)>) -> Vec<Value> {
    all.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn hashes(sha256: &Sha256, blake3: &hilum_cache::Digest) -> Value {
    json!([{ "alg": "SHA-256", "content": sha256.hex() }, { "alg": "BLAKE3", "content": blake3.hex() }])
}

/// A number that follows from the document, so that the same run has the same one: a UUID of version 8.
fn serial_number(document: &[u8]) -> String {
    let hex = Sha256::of(document).hex();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// There is no file beside the document.
fn no_files(_: &Value) -> Vec<Claim> {
    vec![]
}
