//! A statement of in-toto for every stage of a run, with SLSA provenance, and one that sums up what was verified; each in an envelope of
//! its own, which a key signs. Whoever runs hilum on their own machine is at level 1 of SLSA, whatever they sign with: no more is claimed.

mod statements;
mod summary;

use super::claims::Claim;
use super::directory::{Directory, STATEMENT};
use super::error::{Error, Result};
use super::facts::Facts;
use super::{Export, Terms, plain_name, vouched};
use hilum_cache::evidence::Envelope;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const EXPORT: Export = Export {
    name: "in-toto",
    about: "a signed statement with SLSA provenance for every stage, and a verification summary",
    document: "index.json",
    is_signed: true,
    write,
    claims,
};

fn write(facts: &Facts, terms: &Terms, directory: &mut Directory) -> Result<Value> {
    // Without a checkpoint there is nothing that a verification of the journal could rely on.
    if facts.checkpoint.is_none() {
        return Err(Error::WithoutCheckpoint(facts.run.clone()));
    }
    let (mut files, mut taken) = (vec![], BTreeSet::new());
    let mut put = |name: String, what: &str, statement: &Value, directory: &mut Directory| -> Result<()> {
        let envelope = Envelope::of(STATEMENT, &serde_json::to_vec(statement).expect("BUG: plain JSON"), terms.signer);
        let written = directory.put(&name, &envelope.to_bytes())?;
        files.push(json!({ "file": name, "sha256": written.sha256.hex(), "about": what }));
        Ok(())
    };
    for made in facts.made() {
        let name = format!("stages/{}.intoto.jsonl", plain_name(&made.node.stage, &mut taken));
        put(name, &made.node.stage, &statements::of_stage(facts, made)?, directory)?;
    }
    put("verification-summary.intoto.jsonl".into(), "what was verified", &summary::of_run(facts)?, directory)?;
    if terms.signer.is_none() {
        directory.remark("the statements are not signed: set HILUM_KEY to the key that `hilum key new` made");
    }
    let key = terms.signer.map(|key| key.public().id());
    Ok(
        json!({ "run": facts.run, "study": facts.record.study, "payload_type": STATEMENT, "key": key, "checkpoint": vouched::document(facts.checkpoint.as_ref()), "statements": files }),
    )
}

fn claims(document: &Value) -> Vec<Claim> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    document["statements"].as_array().into_iter().flatten().map(|s| Claim { file: text(&s["file"]), sha256: text(&s["sha256"]) }).collect()
}
