//! A further signature under the checkpoint of a run, with what is meant by it: that somebody has reviewed or approved what is there.
//! A document of its own, since the envelope of a checkpoint has no room for a meaning.

use super::checkpoint;
use super::dsse::{Envelope, Signed};
use super::keys::{PublicKey, SigningKey};
use crate::{Error, Result, Sha256, Store, WritableStore, canonical, clock, regular};
use serde::{Deserialize, Serialize};

/// The type of its payload.
pub const KIND: &str = "application/vnd.hilum.cosignature+json";
const PREFIX: &str = "cosignature-";
const SUFFIX: &str = ".dsse.json";

/// What is meant by a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// The signer has looked at the record and its results.
    Review,
    /// The signer approves them for the use that was intended.
    Approval,
    /// The signer has seen that the record is there.
    Witness,
}

impl Meaning {
    /// All of them.
    pub const ALL: [Meaning; 3] = [Meaning::Review, Meaning::Approval, Meaning::Witness];
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Meaning::Review => "review",
            Meaning::Approval => "approval",
            Meaning::Witness => "witness",
        }
    }
}

/// What somebody signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosignature {
    /// The version of this format.
    pub v: u64,
    /// The run.
    pub run: String,
    /// The SHA-256 of the payload of its checkpoint.
    pub checkpoint: Sha256,
    /// What is meant.
    pub meaning: Meaning,
    /// When (RFC 3339, UTC).
    pub time: String,
}

/// A cosignature as it is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What was signed.
    #[serde(flatten)]
    pub says: Cosignature,
    /// By whom.
    #[serde(flatten)]
    pub signed: Signed,
}

const VERSION: u64 = 1;

/// Signs the checkpoint of a run. A key signs a run once for each meaning.
///
/// # Errors
/// If the run has no checkpoint, or it cannot be written.
pub fn add(store: &WritableStore, run: &str, meaning: Meaning, key: &SigningKey) -> Result<Cosignature> {
    let (envelope, _) = checkpoint::of_run(store, run)?;
    let payload = envelope.payload(checkpoint::KIND).unwrap_or_default();
    let says = Cosignature { v: VERSION, run: run.to_owned(), checkpoint: Sha256::of(&payload), meaning, time: clock::now() };
    let signed = Envelope::of(KIND, &canonical::to_bytes(&says), Some(key));
    let directory = store.directory("runs")?.sub(run)?;
    directory.replace(format!("{PREFIX}{}-{}{SUFFIX}", meaning.name(), &key.public().id()[..16]), &[&signed.to_bytes()])?;
    directory.sync()?;
    Ok(says)
}

/// The cosignatures of a run, and the names of files that look like one and are none.
pub(super) fn all(store: &Store, run: &str, trusted: &[PublicKey]) -> Result<(Vec<Found>, Vec<String>)> {
    let (mut found, mut unreadable) = (vec![], vec![]);
    for (name, bytes) in files(store, run)? {
        match Envelope::read(&bytes).and_then(|envelope| read(&envelope, trusted)) {
            Some(read) => found.push(read),
            None => unreadable.push(name),
        }
    }
    Ok((found, unreadable))
}

/// The cosignatures of a run as envelopes, without what cannot be read.
pub(super) fn envelopes(store: &Store, run: &str) -> Result<Vec<Envelope>> {
    let all = files(store, run)?.into_iter().filter_map(|(_, bytes)| Envelope::read(&bytes));
    Ok(all.filter(|envelope| read(envelope, &[]).is_some()).collect())
}

/// What an envelope says, if it is a cosignature as they are written.
pub(super) fn read(envelope: &Envelope, trusted: &[PublicKey]) -> Option<Found> {
    let (says, _): (Cosignature, _) = envelope.says(KIND)?;
    let signed = envelope.signed(trusted);
    let is_whole = says.v == VERSION && checkpoint::is_time(&says.time) && signed != Signed::No;
    is_whole.then_some(Found { says, signed })
}

/// The files of a run that are named as cosignatures, with their bytes; none of what is no file.
fn files(store: &Store, run: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let directory = store.directory("runs")?.sub(run)?;
    let mut names: Vec<String> = directory.names()?.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
    names.sort();
    let read = |name: String| match directory.read(&name, regular::RECORD) {
        Err(Error::Foreign { .. } | Error::TooLarge { .. }) => Ok((name, vec![])),
        read => Ok((name, read?)),
    };
    names.into_iter().map(read).collect()
}
