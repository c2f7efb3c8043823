//! How large a difference the test set of a study can show, and how often its design would find it, before anything is trained: by
//! simulated studies with the images, patients, trainings, folds and test of each comparison. Independent of YAML, of how the store is
//! opened, and of the terminal.
//!
//! ```text
//! design (graph + counted tables) ─┐
//! past (scores in the store) ──────┼→ assumed → networks (scores of images that are not there) → simulated (found or not) → search
//! ```

pub mod assumed;
mod curve;
pub mod design;
mod model;
mod networks;
pub mod past;
pub mod search;
mod simulated;
#[cfg(test)]
mod tests;

use hilum_stages::contract::seed::Seed;

/// How much is simulated, and from which random numbers.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Studies for each share.
    pub simulations: usize,
    /// The seed of the study.
    pub seed: Seed,
}

/// A comparison that no simulation answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Unanswered {
    /// The comparison.
    pub stage: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub help: String,
}

/// In how many of the simulated studies something was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// In these.
    pub found: usize,
    /// Of these.
    pub of: usize,
}

impl Share {
    /// From 0 to 1.
    pub fn value(self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }
    /// The standard error of the simulation; where all or none were so, that of one who is not.
    pub fn error(self) -> f64 {
        let n = self.of.max(1) as f64;
        let p = self.value().clamp(1.0 / (n + 1.0), n / (n + 1.0));
        (p * (1.0 - p) / n).sqrt()
    }
}
