//! The card of a trained network: how it was trained, on what, and what it is not for.

use super::metrics::Measured;
use super::{hashes, properties};
use crate::export::artifacts::REMOVED;
use crate::export::error::Result;
use crate::export::facts::{Facts, Made};
use hilum_cache::canonical;
use hilum_cache::journal::Severity;
use hilum_cache::receipt::Artifact;
use hilum_stages::contract::artifact::ArtifactType;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The card of a network.
pub(super) fn card(facts: &Facts, made: Made, artifact: &Artifact, trained_on: &[String], measured: Measured) -> Value {
    let parameters = &made.receipt.recipe.parameters;
    let is_generator = ArtifactType::Generator.is(artifact);
    let mut model = json!({
        "task": if is_generator { "image generation" } else { "image classification" },
        "datasets": trained_on.iter().map(|reference| json!({ "ref": reference })).collect::<Vec<_>>(),
        "inputs": [{ "format": if is_generator { "noise, or grey images for networks that translate" } else { "grey images" } }],
        "outputs": [{ "format": if is_generator { "grey images" } else { "a probability for each class" } }],
    });
    if let Some(network) = network(parameters) {
        model["architectureFamily"] = network.into();
        model["modelArchitecture"] = canonical::to_string(&parameters["network"]).into();
    }
    if !is_generator {
        model["approach"] = json!({ "type": "supervised" });
    }
    let told = parameters.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let told = told.map(|(name, value)| (format!("hilum:parameter:{name}"), canonical::to_string(value)));
    let told: Vec<Value> = told.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "modelParameters": model, "quantitativeAnalysis": { "performanceMetrics": measured.metrics }, "considerations": considerations(facts, made, is_generator),
        "properties": told.into_iter().chain(properties(measured.artifacts.iter().map(|(name, value)| (name.as_str(), value.clone())))).collect::<Vec<_>>(),
    })
}

/// The name of the architecture: the one member of `network`, or its text.
fn network(parameters: &Value) -> Option<String> {
    match parameters.get("network")? {
        Value::String(name) => Some(name.clone()),
        Value::Object(one) => one.keys().next().cloned(),
        _ => None,
    }
}

fn considerations(facts: &Facts, made: Made, is_generator: bool) -> Value {
    let mut limits = vec!["Not a medical device, and not for diagnosis.".to_owned()];
    limits.push(match is_generator {
        true => "Whether its images repeat training images, or help a classifier, follows only from what the run measured, if it did.".to_owned(),
        false => "The metrics hold for the test sets that they name, and for no other hospital, device or population.".to_owned(),
    });
    if facts.is_drawn() {
        limits.push("Trained on phantoms, which are drawings by a program: it has seen no X-ray.".to_owned());
    }
    limits.extend(made.receipt.notes.iter().filter_map(|note| note.strip_prefix("warning: ")).map(|note| format!("The training warned: {note}")));
    let concerns = |stage: &str, path: &[String]| stage == made.node.stage || path.contains(&made.node.stage);
    let found = facts.record.findings.iter().filter(|f| f.severity != Severity::Info && concerns(&f.stage, &f.path));
    limits.extend(found.filter_map(|f| Some(format!("A check found at `{}`: {}", f.stage, f.message.as_ref()?))));
    let ethical = if facts.is_drawn() {
        vec![]
    } else {
        vec![json!({
            "name": "A network that was trained on images of patients may reveal something of them.",
            "mitigationStrategy": "The network is not enclosed. Tables of images and patients are named by digests alone; identifiers are not recorded.",
        })]
    };
    json!({ "users": ["Researchers and reviewers of the study"], "useCases": ["The comparison that the study makes"], "technicalLimitations": limits, "ethicalConsiderations": ethical })
}

/// Adds the tables that a network was trained on to the data; gives references to them.
///
/// # Errors
/// If a table that is counted is damaged.
pub(super) fn training_data(facts: &Facts, made: Made, data: &mut BTreeMap<String, Value>) -> Result<Vec<String>> {
    let mut out = vec![];
    for (_, from, port) in made.inputs() {
        let Some(source) = facts.made_by(from) else { continue };
        let Some(artifact) =
            source.result.outputs.get(port).filter(|a| ArtifactType::Samples.is(a) || ArtifactType::of(a).is_some_and(ArtifactType::is_network))
        else {
            continue;
        };
        let output = source.output(port);
        if !ArtifactType::Samples.is(artifact) {
            out.push(format!("model:{output}"));
            continue;
        }
        let reference = format!("data:{output}");
        if !data.contains_key(&reference) {
            let table = table(facts, &output, artifact)?;
            data.insert(reference.clone(), table);
        }
        out.push(reference);
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// A table of images as a component, with its counts.
///
/// # Errors
/// If it is damaged.
pub(super) fn table(facts: &Facts, output: &str, artifact: &Artifact) -> Result<Value> {
    let mut told = vec![];
    let mut has_real = true;
    if let Some(summary) = facts.summary(artifact)? {
        told.push(("hilum:images".to_owned(), summary.rows.to_string()));
        told.push(("hilum:patients".to_owned(), summary.patients.to_string()));
        for (label, counts) in &summary.labels {
            told.push((format!("hilum:images:{label}"), format!("{} real, {} synthetic", counts.real, counts.synthetic)));
        }
        has_real = summary.labels.values().any(|counts| counts.real > 0);
    } else {
        told.push(("hilum:artifact:removed".to_owned(), format!("{REMOVED} before this was written")));
    }
    let mut contents = json!({
        "type": "dataset", "name": output, "contents": { "properties": properties(told.iter().map(|(name, value)| (name.as_str(), value.clone()))) },
    });
    if has_real && !facts.is_drawn() {
        contents["classification"] = "health data".into();
        contents["sensitiveData"] = json!(["chest X-rays of patients; named by digest, not enclosed"]);
    }
    Ok(json!({
        "type": "data", "bom-ref": format!("data:{output}"), "name": output, "version": artifact.digest.hex()[..16],
        "description": if artifact.file.is_some() { "A table of images. The digests are those of the table." } else { "A table of images with files. The digests are those of the list of its files." },
        "hashes": hashes(&artifact.sha256, &artifact.digest), "data": [contents],
    }))
}

#[cfg(test)]
mod tests {
    use super::network;
    use serde_json::json;

    #[test]
    fn a_network_is_named_by_a_text_or_by_a_member() {
        assert_eq!(network(&json!({ "network": "vgg16" })).as_deref(), Some("vgg16"));
        assert_eq!(network(&json!({ "network": { "dcgan": { "size": 32 } } })).as_deref(), Some("dcgan"));
        assert_eq!(network(&json!({})), None);
    }
}
