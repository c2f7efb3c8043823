//! That a line is in the journal of a run, shown without the journal: the line, the way from it to the root, and the checkpoint that
//! says the root. Whoever has such a document and the public key needs neither the store nor this program.

use super::checkpoint::{self, Written};
use super::cosignature::{self, Found};
use super::dsse::{Envelope, Signed};
use super::keys::PublicKey;
use super::{LedgerCheckpoint, merkle};
use crate::journal::{self, scan};
use crate::{Error, Result, Sha256, Store};
use serde::{Deserialize, Serialize};

/// A proof of inclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The version of this format.
    pub v: u64,
    /// The line, without its newline.
    pub line: String,
    /// Its place in the journal, from 0.
    pub index: u64,
    /// The hashes that lead to the root, from the line upwards (RFC 6962).
    pub path: Vec<Sha256>,
    /// The checkpoint of the run.
    pub checkpoint: Envelope,
    /// Its cosignatures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cosignatures: Vec<Envelope>,
}

/// What a document proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proven {
    /// What the checkpoint says.
    pub says: LedgerCheckpoint,
    /// Who signed it.
    pub signed: Signed,
    /// Its cosignatures: those that are of this checkpoint.
    pub cosignatures: Vec<Found>,
}

impl Proven {
    /// True if one of the trusted keys signed or cosigned it, and none is named that did not.
    pub fn is_trusted(&self) -> bool {
        let mut all = std::iter::once(&self.signed).chain(self.cosignatures.iter().map(|found| &found.signed));
        all.clone().all(|signed| !matches!(signed, Signed::Forged(_))) && all.any(|signed| matches!(signed, Signed::By(_)))
    }
    /// True if a trusted key is named that did not sign it.
    pub fn is_forged(&self) -> bool {
        std::iter::once(&self.signed).chain(self.cosignatures.iter().map(|found| &found.signed)).any(|signed| matches!(signed, Signed::Forged(_)))
    }
}

const VERSION: u64 = 1;

/// The proof that the line at `index` is in the journal of a run.
///
/// # Errors
/// If the run has no checkpoint, there is no such line, or the journal is not that of its checkpoint.
pub fn prove(store: &Store, run: &str, index: u64) -> Result<Proof> {
    let (envelope, says) = checkpoint::of_run(store, run)?;
    let bytes = journal::read(store, run)?;
    let failed = |why: &str| Error::Record { path: store.run_dir(run), why: why.to_owned() };
    let (leaves, _) = checkpoint::leaves_and_head(&bytes);
    if merkle::root(&leaves) != says.root {
        return Err(failed("the journal is not that of its checkpoint: see `hilum verify`"));
    }
    let line = scan::lines(&bytes, 0).nth(index as usize).ok_or_else(|| failed("there is no such line"))?;
    let line = String::from_utf8(bytes[line].to_vec()).map_err(|_| failed("the line is no text"))?;
    let cosignatures = cosignature::envelopes(store, run)?;
    Ok(Proof { v: VERSION, line, index, path: merkle::path(&leaves, index as usize), checkpoint: envelope, cosignatures })
}

impl Proof {
    /// Reads a document.
    pub fn read(bytes: &[u8]) -> Option<Proof> {
        serde_json::from_slice(bytes).ok().filter(|proof: &Proof| proof.v == VERSION)
    }

    /// What the checkpoint says and who signed it, if the line is in the journal that it is of.
    pub fn check(&self, trusted: &[PublicKey]) -> Option<Proven> {
        // In the one spelling of envelopes, and with no more than one signature.
        let signed = Envelope::read(&self.checkpoint.to_bytes())?.signed(trusted);
        let Written { says, digest, .. } = Written::of(self.checkpoint.clone())?;
        let is_its_place = journal::entry(self.line.as_bytes()).is_some_and(|entry| entry.seq == self.index);
        let root = merkle::root_by(merkle::leaf(self.line.as_bytes()), self.index, says.size, &self.path);
        let whole = |envelope: &Envelope| Envelope::read(&envelope.to_bytes()).and_then(|envelope| cosignature::read(&envelope, trusted));
        let is_its = |found: &Found| found.says.checkpoint == digest && found.says.run == says.run;
        let cosignatures = self.cosignatures.iter().filter_map(whole).filter(is_its).collect();
        (is_its_place && root == Some(says.root)).then_some(Proven { says, signed, cosignatures })
    }
}
