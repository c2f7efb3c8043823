//! A verification summary (SLSA, version 1): the objects of a run were hashed again, and its journal is that of its checkpoint.

use super::statements::{self, BUILDER};
use crate::export::error::Result;
use crate::export::facts::{Facts, Files};
use hilum_cache::evidence::chain;
use serde_json::{Value, json};

const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What was asked: docs/ledger.md and `hilum verify` say what.
const POLICY: &str = "urn:hilum:policy:record-intact:v1";
/// The highest level that whoever builds and vouches by themselves may claim.
const LEVEL: &str = "SLSA_BUILD_LEVEL_1";

/// The summary of a run; its time is the end of the run, so that the same store gives the same bytes.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn of_run(facts: &Facts) -> Result<Value> {
    let (mut subjects, mut wrong) = (vec![], vec![]);
    for made in facts.made() {
        for (port, artifact) in made.result.outputs.iter() {
            let output = made.output(port);
            if let Files::Known(files) = facts.files(artifact)? {
                let is_damaged = |digest| !facts.is_removed(digest) && facts.store.verified_path(digest).is_err();
                wrong.extend(files.iter().filter(|file| is_damaged(&file.digest)).map(|file| format!("{output}/{}", file.name)));
            }
            subjects.extend(statements::files(facts, &output, artifact)?);
        }
    }
    let examined = chain::examine(facts.store, &[])?;
    wrong.extend(examined.faults.iter().filter(|fault| fault.run() == facts.run).map(|_| "the journal of the run".to_owned()));
    let checkpoint = examined.checkpoints.iter().find(|found| found.says.run == facts.run);
    if checkpoint.is_none() {
        wrong.push("the run has no checkpoint".to_owned());
    }
    let evidence = checkpoint.map(|found| json!({ "uri": format!("urn:hilum:checkpoint:{}", found.says.run), "digest": { "sha256": found.digest.hex() } }));
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
