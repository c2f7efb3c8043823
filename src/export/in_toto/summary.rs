//! A verification summary (SLSA, version 1): the objects of a run were hashed again, and its journal is that of its checkpoint.

use super::statements::{self, BUILDER};
use crate::export::error::Result;
use crate::export::facts::{Facts, Files};
use hilum_cache::Sha256;
use hilum_cache::evidence::checkpoint;
use serde_json::{Value, json};

const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What was asked: docs/ledger.md and `hilum verify` say what.
const POLICY: &str = "urn:hilum:policy:record-intact:v1";
/// The highest level that whoever builds and vouches by themselves may claim.
const LEVEL: &str = "SLSA_BUILD_LEVEL_1";

/// The summary of a run: of the files that are still there. Its time is the end of the run, which is when it says that the record was
/// whole, so that the same store gives the same bytes.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn of_run(facts: &Facts) -> Result<Value> {
    let (mut subjects, mut wrong) = (vec![], vec![]);
    for made in facts.made() {
        for (port, artifact) in made.result.outputs.iter() {
            let output = made.output(port);
            // What is not there any more is nothing that was verified.
            let Files::Known(files) = facts.files(artifact)? else { continue };
            for file in files.into_iter().filter(|file| !facts.is_removed(&file.digest)) {
                let name = format!("{output}/{}", file.name);
                if facts.store.verified_path(&file.digest).is_err() {
                    wrong.push(name.clone());
                }
                subjects.push(json!({ "name": name, "digest": { "sha256": file.sha256.hex() } }));
            }
        }
    }
    // That it is the one of the journal was found when the facts were read.
    let payload = checkpoint::of_run(facts.store, &facts.run).ok().and_then(|(envelope, _)| envelope.payload(checkpoint::KIND));
    if payload.is_none() {
        wrong.push("the run has no checkpoint".to_owned());
    }
    let digest = payload.map(|payload| Sha256::of(&payload).hex());
    let evidence = digest.map(|digest| json!({ "uri": format!("urn:hilum:checkpoint:{}", facts.run), "digest": { "sha256": digest } }));
    Ok(statements::statement(
        subjects,
        SUMMARY,
        json!({
            "verifier": { "id": BUILDER },
            "timeVerified": facts.ended,
            "resourceUri": format!("urn:hilum:run:{}", facts.run),
            "policy": { "uri": POLICY },
            "inputAttestations": evidence.into_iter().collect::<Vec<_>>(),
            "verificationResult": if wrong.is_empty() { "PASSED" } else { "FAILED" },
            "verifiedLevels": if wrong.is_empty() { vec![LEVEL] } else { vec!["FAILED"] },
            "slsaVersion": "1.1",
            "urn:hilum:not-intact": wrong,
        }),
    ))
}
