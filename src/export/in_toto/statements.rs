//! A stage as a statement: its outputs as subjects, and what they were made of as SLSA provenance (version 1).

use crate::export::error::Result;
use crate::export::facts::{Facts, Files, Made};
use crate::export::times;
use hilum_cache::receipt::Artifact;
use serde_json::{Value, json};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// What a stage is as a build: the parameters and inputs of a receipt of hilum.
pub(super) const BUILD: &str = "urn:hilum:stage:v1";
/// Whoever runs hilum by themselves.
pub(super) const BUILDER: &str = "urn:hilum:builder:self-operated:v1";

/// The statement of a stage.
///
/// # Errors
/// If the list of an artifact's files is damaged, or missing without having been removed.
pub(super) fn of_stage(facts: &Facts, made: Made) -> Result<Value> {
    let (result, receipt) = (made.result, made.receipt);
    let mut subjects = vec![];
    for (port, artifact) in result.outputs.iter() {
        subjects.extend(files(facts, &made.output(port), artifact)?);
    }
    let mut dependencies = vec![];
    for (port, from, output) in made.inputs() {
        let Some(source) = facts.made_by(from) else { continue };
        let Some(artifact) = source.result.outputs.get(output) else { continue };
        let named = json!({ "port": port, "stage": source.node.stage, "output": output });
        for mut file in files(facts, &source.output(output), artifact)? {
            file["annotations"] = named.clone();
            dependencies.push(file);
        }
    }
    let environment = &result.environment;
    let sources = &receipt.recipe.sources;
    Ok(statement(
        subjects,
        PROVENANCE,
        json!({
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {
                    "study": result.study, "stage": result.stage, "kind": made.node.kind, "parameters": receipt.recipe.parameters, "seed": result.seed,
                },
                "internalParameters": {
                    "kind_version": receipt.recipe.version, "engine": result.engine, "determinism": receipt.determinism, "recipe": result.key,
                    // BLAKE3, which in-toto has no name for.
                    "sources_by_blake3": sources,
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {
                    "id": BUILDER,
                    "version": { "hilum": environment.program, "commit": environment.commit, "toolchain": environment.toolchain },
                    "builderDependencies": [{ "name": "Cargo.lock", "annotations": { "digest": environment.lockfile, "uncommitted_changes": environment.dirty } }],
                },
                "metadata": {
                    "invocationId": format!("{}/{}", result.run, result.stage),
                    "startedOn": result.started,
                    "finishedOn": times::end(&result.started, result.millis),
                },
            },
        }),
    ))
}

/// A statement about subjects.
pub(super) fn statement(subjects: Vec<Value>, kind: &str, predicate: Value) -> Value {
    json!({ "_type": STATEMENT, "subject": subjects, "predicateType": kind, "predicate": predicate })
}

/// The files of an artifact as descriptors of resources; the artifact itself where the list of its files was removed.
///
/// # Errors
/// If that list is damaged, or missing without having been removed.
pub(super) fn files(facts: &Facts, output: &str, artifact: &Artifact) -> Result<Vec<Value>> {
    let one = |name: String, sha256: String| json!({ "name": name, "digest": { "sha256": sha256 } });
    Ok(match facts.files(artifact)? {
        Files::Known(files) => files.into_iter().map(|file| one(format!("{output}/{}", file.name), file.sha256.hex())).collect(),
        Files::Removed => vec![one(output.to_owned(), artifact.sha256.hex())],
    })
}
