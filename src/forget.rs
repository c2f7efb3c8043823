//! Erasing a patient from a store: what a study computed without the patient stays, what is known of it is written down, and everything
//! that the patient is in or influenced is removed. Independent of arguments, of how the study is run, and of printing.
//!
//! ```text
//! traces ─→ still: do the imports see the patient? ─→ (the study is run) ─→ survey ─┬→ objects: what goes
//!                                                                                    └→ proof: what is known of what stays
//!                                   certificate ←─ erase ←─ compared: does another store have the same bytes?
//! ```

mod certificate;
mod compared;
mod erase;
mod objects;
mod proof;
mod still;
mod survey;
mod traces;
mod trainings;

pub use certificate::{Certificate, Counts, NotReached, Private};
pub use compared::{Compared, compare};
pub use erase::{Erasure, erase};
pub use objects::{Taken, remaining};
pub use proof::{Changed, Digests, OfStage, Verdict, digests};
pub use still::{Still, still_there};
pub use survey::{Asked, Survey, survey};
pub use traces::Traces;
