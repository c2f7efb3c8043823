//! Types of artifacts: what an input takes and an output makes. Independent of how artifacts are read and written.
//!
//! Recipes and receipts hold the names, so that a finer type would change everybody's keys: everything in CSV is a
//! table, and which one it is follows from the name of its file.

use hilum_cache::receipt::Artifact;
use std::fmt;
use std::str::FromStr;

/// A type of artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactType {
    /// A table of samples: images with labels and patients.
    Samples,
    /// Packed pixels.
    Images,
    /// Masks of images: which pixels are meant, such as the lungs.
    Masks,
    /// Patients, under their pseudonyms.
    Patients,
    /// A trained generator.
    Generator,
    /// A trained classifier.
    Weights,
    /// Features of images.
    Embedding,
    /// Scores of a classifier.
    Scores,
    /// Any other table.
    Table,
    /// A figure.
    Figure,
}

impl ArtifactType {
    /// All types.
    pub const ALL: [ArtifactType; 10] = {
        use ArtifactType::*;
        [Samples, Images, Masks, Patients, Generator, Weights, Embedding, Scores, Table, Figure]
    };

    /// The name in recipes, receipts and messages.
    pub const fn name(self) -> &'static str {
        match self {
            ArtifactType::Samples => "samples",
            ArtifactType::Images => "images",
            ArtifactType::Masks => "masks",
            ArtifactType::Patients => "patients",
            ArtifactType::Generator => "generator",
            ArtifactType::Weights => "weights",
            ArtifactType::Embedding => "embedding",
            ArtifactType::Scores => "scores",
            ArtifactType::Table => "table",
            ArtifactType::Figure => "figure",
        }
    }
    /// The type of a recorded artifact; none for one of a newer program.
    pub fn of(artifact: &Artifact) -> Option<ArtifactType> {
        artifact.kind.parse().ok()
    }
    /// True if a recorded artifact is of this type.
    pub fn is(self, artifact: &Artifact) -> bool {
        artifact.kind == self.name()
    }
    /// True for trained networks.
    pub const fn is_network(self) -> bool {
        matches!(self, ArtifactType::Generator | ArtifactType::Weights)
    }
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a type of artifact that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownType;

impl FromStr for ArtifactType {
    type Err = UnknownType;
    fn from_str(name: &str) -> Result<Self, UnknownType> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::{Digest, Sha256};

    #[test]
    fn names_are_read_back_and_those_of_a_newer_program_are_none() {
        assert!(ArtifactType::ALL.into_iter().all(|kind| kind.name().parse() == Ok(kind)));
        assert_eq!("volumes".parse::<ArtifactType>(), Err(UnknownType));
        let mut artifact = Artifact { kind: "volumes".into(), digest: Digest::of(b""), sha256: Sha256::of(b""), bytes: 0, file: None };
        assert!(ArtifactType::of(&artifact).is_none() && !ArtifactType::Images.is(&artifact));
        artifact.kind = "images".into();
        assert!(ArtifactType::of(&artifact) == Some(ArtifactType::Images) && ArtifactType::Images.is(&artifact));
    }
}
