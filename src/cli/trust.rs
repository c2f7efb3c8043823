//! Whom a reader trusts, and what signatures are in words: for the commands that look at checkpoints.

use crate::workspace::signing;
use clap::Args;
use hilum_cache::evidence::{Fault, PublicKey, Signed};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct TrustArgs {
    /// A public key that you trust, and got from its owner by another way than the data; may be repeated
    #[arg(long = "trusted-key", value_name = "FILE")]
    trusted: Vec<PathBuf>,
}

impl TrustArgs {
    /// The keys.
    ///
    /// # Errors
    /// If one cannot be read, or lies with the store.
    pub(super) fn keys(&self, store: &Path) -> anyhow::Result<Vec<PublicKey>> {
        Ok(signing::trusted_keys(&self.trusted, store)?)
    }
}

/// The first digits of a digest or of the id of a key.
pub(super) fn short(digits: &str) -> &str {
    &digits[..digits.len().min(12)]
}

/// `2026-11-29 21:14 UTC`; what is no time stays as it is.
pub(super) fn minute(time: &str) -> String {
    time.get(..16).map_or_else(|| time.to_owned(), |minute| format!("{} UTC", minute.replace('T', " ")))
}

/// By whom something is signed.
pub(super) fn signed(signed: &Signed) -> String {
    match signed {
        Signed::No => "not signed".to_owned(),
        Signed::By(key) => format!("signed by {}, which you trust", short(key)),
        Signed::ByUnknown(key) => format!("says that it is signed by {}, not checked, since that key is not among those that you trust", short(key)),
        Signed::Forged(key) => format!("FORGED: not signed by {}, which it names", short(key)),
    }
}

/// What does not fit, in a line.
pub(super) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Unreadable { run, file } => format!("ALTERED  {file} of run {run} is not as it is written"),
        Fault::OfAnotherRun { run, of } => format!("SWAPPED  the checkpoint of run {run} is that of run {of}"),
        Fault::Removed { run } => format!("REMOVED  the checkpoint of run {run}, which ended by itself: what its journal says is vouched for by nobody"),
        Fault::Shorter { run, line, size } => {
            format!("SHORTER  journal of run {run}: line {line} and what follows are gone; its checkpoint counts {size} lines")
        }
        Fault::Longer { run, line } => format!("LONGER  journal of run {run}: line {line} was added after its checkpoint"),
        Fault::Altered { run, line, is_chained: false } => {
            format!("ALTERED  journal of run {run}: line {line} or the line before it is not the one of its checkpoint")
        }
        Fault::Altered { run, line, is_chained: true } => {
            format!("ALTERED  journal of run {run}: line {line}, or an earlier one and all after it, is not the one of its checkpoint")
        }
        Fault::Gap { run, prev_checkpoint } => {
            format!("GAP  before run {run}: the checkpoint sha256:{} is not here; it was altered or removed, or its run was", short(&prev_checkpoint.hex()))
        }
        Fault::Fork { run, other } => format!("FORK  the checkpoints of runs {other} and {run} do not follow one another"),
        Fault::Forged { run, key } => format!("FORGED  run {run}: a signature names the key {}, which has not made it", short(key)),
        Fault::Untrusted { run } => format!("UNTRUSTED  run {run} is not signed by a key that you trust"),
        Fault::Elsewhere { run, key } => format!("SWAPPED  a cosignature of run {run} by {} is of another checkpoint", short(key)),
    }
}
