//! A verification summary (SLSA, version 1): the objects of a run were hashed again, and its journal is that of its checkpoint. Where
//! something does not fit, there is no summary: a run of which that is known is not exported.

use super::statements::{self, BUILDER};
use crate::export::error::{Error, Result};
use crate::export::facts::{Facts, Files};
use crate::export::vouched;
use serde_json::{Value, json};

const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What was asked: docs/ledger.md and `hilum verify` say what.
const POLICY: &str = "urn:hilum:policy:record-intact:v1";
/// The highest level that whoever builds and vouches by themselves may claim.
const LEVEL: &str = "SLSA_BUILD_LEVEL_1";

/// The summary of a run: of the files that are still there. Its time is the end of the run, which is when it says that the record was
/// whole, so that the same store gives the same bytes. That the journals are those of their checkpoints was found when the facts were
/// read.
///
/// # Errors
/// At the first file that has not the bytes that were recorded, or is missing without having been removed.
pub(super) fn of_run(facts: &Facts) -> Result<Value> {
    let mut subjects = vec![];
    for made in facts.made() {
        for (port, artifact) in made.result.outputs.iter() {
            let output = made.output(port);
            // What is not there any more is nothing that was verified.
            let Files::Known(files) = facts.files(artifact)? else { continue };
            for file in files.into_iter().filter(|file| !facts.is_removed(&file.digest)) {
                let name = format!("{output}/{}", file.name);
                facts.store.verified_path(&file.digest).map_err(|source| Error::NotIntact { file: name.clone(), source })?;
                subjects.push(json!({ "name": name, "digest": { "sha256": file.sha256.hex() } }));
            }
        }
    }
    Ok(statements::statement(
        subjects,
        SUMMARY,
        json!({
            "verifier": { "id": BUILDER },
            "timeVerified": facts.ended,
            "resourceUri": format!("urn:hilum:run:{}", facts.run),
            "policy": { "uri": POLICY },
            "inputAttestations": vouched::resources(facts.checkpoint.as_ref()),
            "verificationResult": "PASSED",
            "verifiedLevels": [LEVEL],
            "slsaVersion": "1.1",
        }),
    ))
}
