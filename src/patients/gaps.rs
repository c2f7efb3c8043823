//! Why it is not known of an artifact whom it contains, or who influenced it.

use serde::{Deserialize, Serialize};

/// Something that the store does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Gap {
    /// A table that says whom something contains was removed, or is damaged.
    Table,
    /// An input was not recorded, or the receipt of what made it is gone.
    Record,
    /// A table that says which tokens are one patient was removed, or is damaged.
    Pseudonyms,
    /// Synthetic images do not say which generator made them, or this store did not make it.
    Generator,
    /// It began with weights that this store did not make.
    Weights,
}

impl Gap {
    /// All of them.
    pub const ALL: [Gap; 5] = [Gap::Table, Gap::Record, Gap::Pseudonyms, Gap::Generator, Gap::Weights];

    /// True for what was recorded and is gone; false for what came from outside, of which no store could know.
    pub fn is_missing(self) -> bool {
        match self {
            Gap::Table | Gap::Record | Gap::Pseudonyms => true,
            Gap::Generator | Gap::Weights => false,
        }
    }

    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Gap::Table => "a table of samples was removed or is damaged",
            Gap::Record => "an input was not recorded, or its receipt is gone",
            Gap::Pseudonyms => "a table of pseudonyms or of joined patients was removed or is damaged",
            Gap::Generator => "it has synthetic images of a generator that this store did not make",
            Gap::Weights => "it began with weights that this store did not make",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Some of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gaps(u8);

impl Gaps {
    /// None.
    pub const NONE: Gaps = Gaps(0);

    /// With one more.
    #[must_use]
    pub fn with(self, gap: Gap) -> Gaps {
        Gaps(self.0 | gap.bit())
    }
    /// With those of another.
    #[must_use]
    pub fn and(self, other: Gaps) -> Gaps {
        Gaps(self.0 | other.0)
    }
    /// True if this is one of them.
    pub fn has(self, gap: Gap) -> bool {
        self.0 & gap.bit() != 0
    }
    /// They, in order.
    pub fn iter(self) -> impl Iterator<Item = Gap> {
        Gap::ALL.into_iter().filter(move |gap| self.has(*gap))
    }
    /// True if something that was recorded is gone: who is not found may be there all the same.
    pub fn is_missing(self) -> bool {
        self.iter().any(Gap::is_missing)
    }
}

impl From<Gap> for Gaps {
    fn from(gap: Gap) -> Gaps {
        Gaps::NONE.with(gap)
    }
}
