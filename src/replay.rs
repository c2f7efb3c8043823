//! Computing results again, from a store alone, to see whether they are what their receipts say: whoever swapped an artifact and hashed
//! everything anew is found by nothing else. What is computed goes to a store of its own, which is gone afterwards.
//!
//! Which results rest on which is read from the graphs of runs ([`Population`]), a sample of them follows from the head of the ledger and
//! a number ([`draw`]), and [`Replayer`] computes one of them. Independent of how it is shown, and of how it is recorded.

mod again;
mod certificate;
mod draw;
mod inputs;
mod outside;
mod population;

pub use again::{Recomputed, Replayer};
pub use certificate::{Certificate, Drawn};
pub use draw::{Share, draw};
pub use outside::Outside;
pub use population::{Population, Unit, population};
