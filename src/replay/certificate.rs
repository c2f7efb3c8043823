//! What came of a replay, as it is recorded and signed: counts, how the sample was drawn, and what it would have found. Independent of how
//! it is shown.

use super::again::Recomputed;
use super::draw::Share;
use crate::run::environment::environment;
use hilum_cache::Sha256;
use hilum_cache::journal::ReplayOutcome;
use serde_json::{Value, json};

/// How a sample was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// The share that was asked for.
    pub share: Share,
    /// The number of whoever drew.
    pub seed: u64,
    /// The SHA-256 of the list of results that it was drawn from.
    pub population: Sha256,
    /// How many these are.
    pub of: usize,
    /// Results that could not be drawn, since no head fixes their runs.
    pub without_checkpoint: usize,
}

/// What came of a replay.
#[derive(Debug, Clone, Default)]
pub struct Certificate {
    /// The head of the ledger before anything was drawn or computed; none of a store without a checkpoint.
    pub head: Option<Sha256>,
    /// How the sample was drawn; none where stages were named.
    pub drawn: Option<Drawn>,
    /// How many results were to be computed.
    pub wanted: usize,
    /// Those that had the same bytes.
    pub same: usize,
    /// Those that had others.
    pub differs: usize,
    /// Those that had others, and may have them.
    pub not_comparable: usize,
    /// Those that were not computed.
    pub not_replayed: usize,
    /// Of these, those of which the store says what does not fit together.
    pub unsound: usize,
    /// Of these, those that failed.
    pub failed: usize,
}

impl Certificate {
    /// Counts a result.
    pub fn count(&mut self, found: &Recomputed) {
        *match found.replayed.outcome {
            ReplayOutcome::Same => &mut self.same,
            ReplayOutcome::Differs => &mut self.differs,
            ReplayOutcome::NotComparable => &mut self.not_comparable,
            ReplayOutcome::NotReplayed => &mut self.not_replayed,
        } += 1;
        self.unsound += usize::from(found.is_unsound);
        self.failed += usize::from(found.has_failed);
    }

    /// True if something is not what was recorded.
    pub fn has_fault(&self) -> bool {
        self.differs + self.unsound > 0
    }

    /// How many were computed and could be compared.
    pub fn compared(&self) -> usize {
        self.same + self.differs
    }

    /// True if all that were wanted were looked at, whatever came of it.
    pub fn is_whole(&self) -> bool {
        self.compared() + self.not_comparable + self.not_replayed == self.wanted
    }

    /// With which probability at least one would have been found if this many results of all, chosen without knowing the draw, had been
    /// forged: only what was compared counts.
    pub fn finds(&self, forged: usize) -> Option<f64> {
        Some(at_least_one(self.drawn?.of, self.compared(), forged))
    }

    /// How many results 5 % are.
    pub fn twentieth(&self) -> Option<usize> {
        Some(self.drawn?.of.div_ceil(20))
    }

    /// As it is recorded. A ledger has whole numbers only: probabilities are in millionths, rounded down.
    pub fn to_json(&self) -> Value {
        let millionths = |forged: Option<usize>| forged.and_then(|forged| self.finds(forged)).map(|p| (p * 1e6).floor() as u64);
        let here = environment(1, None);
        let drawn = self.drawn.map(|drawn| {
            json!({
                "share": drawn.share.to_string(),
                "seed": drawn.seed.to_string(),
                "population": drawn.population,
                "of": drawn.of,
                "without_checkpoint": drawn.without_checkpoint,
                "finds_one_forged": millionths(Some(1)),
                "finds_a_twentieth_forged": millionths(self.twentieth()),
            })
        });
        json!({
            "v": 1,
            "audit": "replay",
            "head": self.head,
            "drawn": drawn,
            "wanted": self.wanted,
            "same": self.same,
            "differs": self.differs,
            "not_comparable": self.not_comparable,
            "not_replayed": self.not_replayed,
            "unsound": self.unsound,
            "failed": self.failed,
            "is_whole": self.is_whole(),
            "program": here.program,
            "commit": here.commit,
            "dirty": here.dirty,
        })
    }
}

/// The probability that a sample of `drawn` out of `all` has one of `marked` in it, without replacement (hypergeometric).
fn at_least_one(all: usize, drawn: usize, marked: usize) -> f64 {
    let (drawn, marked) = (drawn.min(all), marked.min(all));
    // One after the other of the marked ones is among those that were not drawn.
    let none: f64 = (0..marked).map(|n| (all - drawn).saturating_sub(n) as f64 / (all - n) as f64).product();
    1.0 - none
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As scipy.stats.hypergeom.sf(0, all, marked, drawn) has it.
    #[test]
    fn the_probability_is_that_of_draws_without_replacement() {
        for (all, drawn, marked, expected) in [
            (20, 5, 1, 0.25),
            (20, 1, 1, 0.05),
            (100, 5, 5, 0.230_410_0),
            (1000, 50, 50, 0.928_023_0),
            (20, 20, 1, 1.0),
            (20, 0, 1, 0.0),
            (20, 16, 5, 1.0),
            (1, 1, 1, 1.0),
            (0, 0, 0, 0.0),
        ] {
            let found = at_least_one(all, drawn, marked);
            assert!((found - expected).abs() < 1e-6, "{all} {drawn} {marked}: {found}");
        }
    }
}
