//! What a stage is: its parameters, its ports, what it may use while it runs. Independent of tensor libraries and YAML.

pub mod artifact;
pub mod bad_parameter;
pub mod bounds;
pub mod context;
pub mod conversion;
pub mod decode;
pub mod error;
pub mod fit;
pub mod kind;
pub mod label;
pub mod note;
pub mod one_of;
pub mod port;
pub mod preset;
pub mod pseudonym;
pub mod seed;
pub mod source;
pub mod stage;
pub mod word;

/// What every stage kind imports.
pub mod prelude {
    pub use super::artifact::ArtifactType;
    pub use super::bad_parameter::BadParameter;
    pub use super::bounds::{Count, Dropout, InnerShare, Multiple, NonNegative, PartialShare, Positive, Reduction, Share, Size, Whole};
    pub use super::context::Context;
    pub use super::error::{Error, Result};
    pub use super::note::Note;
    pub use super::one_of::Channels;
    pub use super::port::{File, Gathered, InputArtifact, OutputArtifact};
    pub use super::preset::Preset;
    pub use super::seed::Stream;
    pub use super::stage::{BadInput, BadSource, Effort, NamedCell, Namespace, Needs, Stage, Takes, Upstream};
    pub use crate::ports;
    pub use hilum_cache::receipt::Determinism;
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use std::path::Path;
}
