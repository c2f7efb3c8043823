//! Which frame of a file with several is meant.

use super::NOT_READ;
use crate::contract::bounds::Count;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A frame of a DICOM file that has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FrameChoice {
    /// By its place.
    Named(FrameName),
    /// By its number, from 1.
    Number(Count),
}

/// A frame by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrameName {
    /// The first.
    First,
    /// The one in the middle; of two, the later.
    Middle,
}

/// The chosen one of so many frames, from 0; the only one needs no choice.
///
/// # Errors
/// Where none is chosen, or there is no such frame.
pub(super) fn chosen(choice: Option<FrameChoice>, frames: u32) -> Result<u32, String> {
    match choice {
        _ if frames == 1 => Ok(0),
        None => Err(format!("DICOM with several frames{NOT_READ} unless `frame` chooses one")),
        Some(FrameChoice::Named(FrameName::First)) => Ok(0),
        Some(FrameChoice::Named(FrameName::Middle)) => Ok(frames / 2),
        Some(FrameChoice::Number(number)) if *number <= frames => Ok(*number - 1),
        Some(FrameChoice::Number(_)) => Err("DICOM with fewer frames than `frame` says".into()),
    }
}
