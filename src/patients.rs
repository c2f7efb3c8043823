//! Which patients are in the artifacts of a store and which influenced them, over all runs that it keeps: from journals, receipts,
//! and tables of samples and of pseudonyms alone. Independent of studies that are loaded, of their images, and of printing.
//!
//! ```text
//!  journals, receipts       tables of samples, of pseudonyms, of joined patients
//!        │                               │
//!        ▼                               ▼
//!  compose: a flow for each output   rows: who is in a table      people: which names are one patient
//!        └───────────────┬───────────────┴──────────────────────────────┘
//!                        ▼
//!  index: sets of images by patient; a file in the store that is only a cache
//!                        ▼
//!  query: who is in it, what a patient reached        plan: what an erasure would have to do
//! ```

mod build;
mod compose;
mod erased;
mod flow;
mod gaps;
mod index;
mod kept;
mod people;
mod plan;
mod query;
mod resolve;
mod rows;
mod sets;
mod spaces;

pub use gaps::{Gap, Gaps};
pub use index::{Import, Index, Name, Person, Reach, Recorded, Tombstone};
pub use kept::{FILE, open};
pub use plan::{Action, NOT_REACHED, Plan, Planned, plan};
pub use query::{Found, Holding, Patient, Reached, Sought, WhoUsed};
