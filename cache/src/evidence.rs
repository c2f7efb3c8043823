//! What an auditor checks: that the lines of journals are those that were written, and who vouches for them. At the end of a run a
//! checkpoint says how long its journal is and what it hashes to, and which checkpoint came before; a key may sign it.
//!
//! `docs/ledger.md` specifies the formats for readers in other languages. Independent of what the lines say: signed means unchanged
//! and attributed, and never true.

pub mod chain;
pub mod checkpoint;
pub mod cosignature;
pub mod dsse;
pub mod keys;
pub mod merkle;
pub mod proof;

pub use chain::{Checkpointed, Examined, Fault};
pub use checkpoint::LedgerCheckpoint;
pub use cosignature::{Cosignature, Meaning};
pub use dsse::{Envelope, Signed};
pub use keys::{PublicKey, SigningKey};
pub use proof::{Proof, Proven};
