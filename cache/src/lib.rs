//! Bytes and records: digests, canonical recipes, receipts, the object store and the ledger.
//!
//! Knows nothing of stages, pipelines, tensors or YAML. An artifact is a digest with a type name that this
//! crate never interprets; a recipe is a document that it hashes and compares, and never understands.

pub mod canonical;
pub mod checkout;
pub mod checkpoint;
pub mod clock;
pub mod digest;
mod dir;
pub mod disk;
mod effects;
pub mod erasure;
pub mod error;
pub mod evidence;
mod freed;
pub mod gc;
pub mod ingest;
pub mod journal;
mod journal_file;
pub mod ledger;
pub mod lock;
mod marks;
pub mod memo;
pub mod names;
pub mod path_bytes;
pub mod receipt;
pub mod recipe;
mod regular;
pub mod run_record;
#[cfg(test)]
mod simulator;
pub mod store;
pub mod tree;
pub mod verify;

pub use digest::{Digest, Sha256, StageKey};
pub use error::{Error, Result};
pub use journal::Journal;
pub use ledger::{Ledger, ReceiptLine, Soundness};
pub use receipt::{Artifact, Receipt};
pub use recipe::Recipe;
pub use run_record::RunRecord;
pub use store::{Store, WritableStore};
