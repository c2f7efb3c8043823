//! Kinds of artifacts: what an input takes and an output makes. Ignorant of how artifacts are read and written.
//!
//! Recipes and receipts hold the names, so that a finer kind would change everybody's keys: everything in CSV is a
//! table, and which one it is follows from the name of its file.

use hilum_cache::receipt::Artifact;
use std::fmt;
use std::str::FromStr;

/// A kind of artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactKind {
    /// A table of samples: images with labels and patients.
    Samples,
    /// Packed pixels.
    Images,
    /// Patients, under their pseudonyms.
    Patients,
    /// A trained generator.
    Generator,
    /// A trained classifier.
    Weights,
    /// Scores of a classifier.
    Scores,
    /// Any other table.
    Table,
    /// A figure.
    Figure,
}

impl ArtifactKind {
    /// All kinds.
    pub const ALL: [ArtifactKind; 8] = {
        use ArtifactKind::*;
        [Samples, Images, Patients, Generator, Weights, Scores, Table, Figure]
    };

    /// The name in recipes, receipts and messages.
    pub const fn name(self) -> &'static str {
        match self {
            ArtifactKind::Samples => "samples",
            ArtifactKind::Images => "images",
            ArtifactKind::Patients => "patients",
            ArtifactKind::Generator => "generator",
            ArtifactKind::Weights => "weights",
            ArtifactKind::Scores => "scores",
            ArtifactKind::Table => "table",
            ArtifactKind::Figure => "figure",
        }
    }
    /// The kind of a recorded artifact; none for one of a newer program.
    pub fn of(artifact: &Artifact) -> Option<ArtifactKind> {
        artifact.kind.parse().ok()
    }
    /// True if a recorded artifact is of this kind.
    pub fn is(self, artifact: &Artifact) -> bool {
        artifact.kind == self.name()
    }
    /// True for trained networks.
    pub const fn is_network(self) -> bool {
        matches!(self, ArtifactKind::Generator | ArtifactKind::Weights)
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no kind of artifact that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownKind;

impl FromStr for ArtifactKind {
    type Err = UnknownKind;
    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::{Digest, Sha256};

    #[test]
    fn names_are_read_back_and_those_of_a_newer_program_are_none() {
        assert!(ArtifactKind::ALL.into_iter().all(|kind| kind.name().parse() == Ok(kind)));
        assert_eq!("volumes".parse::<ArtifactKind>(), Err(UnknownKind));
        let mut artifact = Artifact { kind: "volumes".into(), digest: Digest::of(b""), sha256: Sha256::of(b""), bytes: 0, file: None };
        assert!(ArtifactKind::of(&artifact).is_none() && !ArtifactKind::Images.is(&artifact));
        artifact.kind = "images".into();
        assert!(ArtifactKind::of(&artifact) == Some(ArtifactKind::Images) && ArtifactKind::Images.is(&artifact));
    }
}
