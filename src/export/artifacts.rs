//! Which files of an artifact may leave this machine: decided by what they are and what is in them, never by the stage that made
//! them. What may not is named by its digest, with the reason.

use super::error::Result;
use super::facts::{Facts, Files, Made};
use super::forbidden::{names_digest, names_patient};
use super::synthetic;
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_stages::contract::artifact::ArtifactType;
use std::collections::BTreeSet;

/// A file of an artifact.
pub(super) struct Part {
    pub(super) file: Entry,
    /// None if it may be passed on; otherwise why it is not.
    pub(super) left_out: Option<&'static str>,
}

/// Why a file is not passed on.
pub(super) const REMOVED: &str = "removed from the store by `hilum gc`, or erased with a patient";
const PIXELS: &str = "shows pixels of images, which may be those of patients";
const TOKENS: &str = "names images or patients, by digests or tokens";
const TRANSLATED: &str = "shows the anatomy of the image that it was translated from";
const REAL: &str = "is an image that no generator of the study made";
const NETWORK: &str = "is a trained network, which may hold what it was trained on";
const UNKNOWN: &str = "is of a sort that is not passed on";

/// The files of an artifact; none if the list of them was removed.
///
/// # Errors
/// If one of them has to be looked at and is damaged, or missing without having been removed.
pub(super) fn parts(facts: &Facts, made: Made, artifact: &Artifact) -> Result<Option<Vec<Part>>> {
    let Files::Known(files) = facts.files(artifact)? else { return Ok(None) };
    let sampled = match ArtifactType::of(artifact) {
        Some(ArtifactType::Samples) => synthetic::set(facts, made, artifact)?.map(|set| set.sampled()),
        _ => None,
    };
    let mut out = vec![];
    for file in files {
        let left_out = why_not(facts, artifact, &file, sampled.as_ref())?;
        out.push(Part { file, left_out });
    }
    Ok(Some(out))
}

/// Why a file is not passed on, if it is not; `sampled` are images that were generated from noise.
fn why_not(facts: &Facts, artifact: &Artifact, file: &Entry, sampled: Option<&BTreeSet<hilum_cache::Digest>>) -> Result<Option<&'static str>> {
    if facts.is_removed(&file.digest) {
        return Ok(Some(REMOVED));
    }
    let ending = file.name.rsplit_once('.').map_or("", |(_, ending)| ending);
    Ok(match (ArtifactType::of(artifact), ending) {
        (Some(ArtifactType::Table), "csv") => names_somebody(&facts.store.read(&file.digest)?),
        (Some(ArtifactType::Figure), "svg") => {
            let bytes = facts.store.read(&file.digest)?;
            if has_raster(&bytes) { Some(PIXELS) } else { names_somebody(&bytes) }
        }
        (Some(ArtifactType::Figure | ArtifactType::Images | ArtifactType::Masks), _) => Some(PIXELS),
        (Some(ArtifactType::Samples), "png") => match sampled {
            Some(sampled) if sampled.contains(&file.digest) => None,
            Some(_) => Some(TRANSLATED),
            None => Some(REAL),
        },
        (Some(ArtifactType::Samples | ArtifactType::Patients | ArtifactType::Scores), _) => Some(TOKENS),
        (Some(ArtifactType::Embedding), _) => Some(TOKENS),
        (Some(ArtifactType::Generator | ArtifactType::Weights), _) => Some(NETWORK),
        _ => Some(UNKNOWN),
    })
}

/// A table whose cells name an image or a patient would tell whoever has the images which of them were used.
fn names_somebody(bytes: &[u8]) -> Option<&'static str> {
    (names_digest(bytes) || names_patient(bytes)).then_some(TOKENS)
}

/// True for a drawing with a picture in it.
fn has_raster(svg: &[u8]) -> bool {
    [&b"<image"[..], b"data:", b"<foreignObject"].iter().any(|part| svg.windows(part.len()).any(|w| w == *part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_numbers_are_passed_on_and_those_that_name_somebody_are_not() {
        assert_eq!(names_somebody(b"metric,class,value\nauroc,,0.75\n"), None);
        let image = format!("image,x\nb3:{},1\n", "0f".repeat(32));
        assert_eq!(names_somebody(image.as_bytes()), Some(TOKENS));
        assert_eq!(names_somebody(b"patient\np:09896efb8ef114158c91ec36490f5867\n"), Some(TOKENS));
    }

    #[test]
    fn a_drawing_with_pixels_is_found() {
        assert!(has_raster(b"<svg><image href=\"x\"/></svg>") && has_raster(b"<svg href=\"data:image/png\"/>") && !has_raster(b"<svg><path/></svg>"));
    }
}
