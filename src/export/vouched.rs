//! Who vouches for the record of a run: the signature of its checkpoint, and the cosignatures that were added later, as they name
//! themselves. Whether a key is whose it is said to be, an export cannot know. Independent of formats.

use hilum_cache::evidence::{Checkpointed, Cosignature, Signed};
use hilum_cache::{Sha256, canonical};
use serde_json::{Value, json};

/// The key that a signature names; none where there is no signature.
fn key(signed: &Signed) -> Option<&str> {
    match signed {
        Signed::No => None,
        Signed::By(key) | Signed::ByUnknown(key) | Signed::Forged(key) => Some(key),
    }
}

/// The key that the checkpoint names.
pub(super) fn signed_by(checkpoint: Option<&Checkpointed>) -> Option<&str> {
    key(&checkpoint?.signed)
}

/// In a sentence without its end: `is not signed, and cosigned (review) at … by the key …`.
pub(super) fn sentence(checkpoint: Option<&Checkpointed>) -> String {
    let mut out = signed_by(checkpoint).map_or("is not signed".to_owned(), |key| format!("says that it is signed by the key {key}"));
    for (says, key) in cosignatures(checkpoint) {
        out += &format!(", and cosigned ({}) at {} by the key {key}", says.meaning.name(), says.time);
    }
    out
}

/// The cosignatures of the run, each with the key that it names.
fn cosignatures(checkpoint: Option<&Checkpointed>) -> impl Iterator<Item = (&Cosignature, &str)> {
    checkpoint.into_iter().flat_map(|checkpoint| &checkpoint.cosignatures).filter_map(|found| Some((&found.says, key(&found.signed)?)))
}

/// The checkpoint with those who signed it, as a document; null where there is none.
pub(super) fn document(checkpoint: Option<&Checkpointed>) -> Value {
    let Some(found) = checkpoint else { return Value::Null };
    let cosigned = |(says, key): (&Cosignature, &str)| json!({ "key": key, "meaning": says.meaning, "time": says.time });
    json!({
        "sha256": found.digest, "index": found.says.index, "lines": found.says.size, "time": found.says.time,
        "signed_by": signed_by(checkpoint), "cosignatures": cosignatures(checkpoint).map(cosigned).collect::<Vec<_>>(),
    })
}

/// The checkpoint and its cosignatures as resources with digests: what a verification relied on.
pub(super) fn resources(checkpoint: Option<&Checkpointed>) -> Vec<Value> {
    let Some(found) = checkpoint else { return vec![] };
    let run = &found.says.run;
    let resource = |uri: String, sha256: String, told: Value| json!({ "uri": uri, "digest": { "sha256": sha256 }, "annotations": told });
    let mut out = vec![resource(format!("urn:hilum:checkpoint:{run}"), found.digest.hex(), json!({ "signed_by": signed_by(checkpoint) }))];
    out.extend(cosignatures(checkpoint).map(|(says, key)| {
        let sha256 = Sha256::of(&canonical::to_bytes(says)).hex();
        resource(
            format!("urn:hilum:cosignature:{run}:{}:{key}", says.meaning.name()),
            sha256,
            json!({ "signed_by": key, "meaning": says.meaning, "time": says.time }),
        )
    }));
    out
}
