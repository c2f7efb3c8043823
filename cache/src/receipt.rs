//! The record of one execution of a recipe.

mod outputs;

pub use outputs::Outputs;

use crate::{Digest, Recipe, Sha256, StageKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A digest with the name of an artifact type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// The artifact type, such as `samples`; opaque to this crate.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object: one file, or a tree of files.
    pub digest: Digest,
    /// The same bytes for outside readers.
    pub sha256: Sha256,
    /// Bytes of all files together.
    pub bytes: u64,
    /// The file's name where the artifact is a single file; a tree names its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What one output takes from the inputs, by input port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalFlow {
    /// Ports whose pixels or labels are in the output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<String>,
    /// Ports on which the output was trained, tuned, normalised or evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub influenced: Vec<String>,
}

/// How far the bytes of a receipt may be expected again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Determinism {
    /// The same bytes everywhere.
    Bitwise,
    /// The same bytes on one engine fingerprint.
    BitwisePerFingerprint,
    /// The same statistics only.
    Statistical,
}

/// Where and by what a recipe was run. Contains no path, host or user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Version of the program.
    pub program: String,
    /// Commit of the program's source, `unknown` outside a checkout.
    pub commit: String,
    /// True if the source had uncommitted changes.
    pub dirty: bool,
    /// Digest of the dependency lock file.
    pub lockfile: String,
    /// Compiler.
    pub toolchain: String,
    /// Instruction set, block sizes or device: bits are compared only where this is equal.
    pub fingerprint: String,
    /// Threads that the stage was given.
    pub threads: u32,
}

/// The record of one execution of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The key of the recipe.
    pub key: StageKey,
    /// The study in which it ran.
    pub study: String,
    /// The stage's name there, with its cell.
    pub stage: String,
    /// The recipe itself.
    pub recipe: Recipe,
    /// Outputs by port.
    pub outputs: Outputs,
    /// What each output took from which input.
    pub flow: BTreeMap<String, LocalFlow>,
    /// The class of repeatability.
    pub determinism: Determinism,
    /// Where it ran.
    pub environment: Environment,
    /// When it started (RFC 3339, UTC).
    pub started: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Peak memory of its process in bytes, if it had one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Which attempt succeeded, from 1.
    pub attempt: u32,
    /// Notes of the stage, such as how many images were excluded; without names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A receipt of study `t` without outputs.
    pub(crate) fn receipt(stage: &str, key: StageKey) -> Receipt {
        let recipe = Recipe {
            v: 1,
            kind: "k".into(),
            version: 1,
            parameters: serde_json::Value::Null,
            seed: None,
            inputs: BTreeMap::new(),
            sources: BTreeMap::new(),
            engine: None,
            pseudonyms: None,
        };
        Receipt {
            key,
            study: "t".into(),
            stage: stage.into(),
            recipe,
            outputs: Outputs::default(),
            flow: BTreeMap::new(),
            determinism: Determinism::Bitwise,
            environment: Environment::default(),
            started: "2026-01-01T00:00:00.000Z".into(),
            millis: 1,
            peak_memory: None,
            attempt: 1,
            notes: vec![],
        }
    }
}
