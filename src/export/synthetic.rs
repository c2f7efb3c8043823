//! The synthetic images of a run: tables whose artifact holds the files of images that a generator of the study made.

use super::error::{Error, Result};
use super::facts::{Facts, Files, Made};
use hilum_cache::Digest;
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::{Origin, Sample, Samples, TABLE};
use std::collections::{BTreeMap, BTreeSet};

/// The synthetic images of an output.
pub(super) struct Set<'a> {
    pub(super) made: Made<'a>,
    /// The output, as a study writes it.
    pub(super) output: String,
    pub(super) artifact: Artifact,
    /// Images that are there, in the order of the table.
    pub(super) images: Vec<Synthetic>,
    /// How many were removed from the store.
    pub(super) removed: usize,
}

/// A synthetic image.
pub(super) struct Synthetic {
    pub(super) file: Entry,
    pub(super) row: Sample,
}

impl Set<'_> {
    /// The images that were generated from noise: none shows the anatomy of an image that it was translated from.
    pub(super) fn sampled(&self) -> BTreeSet<Digest> {
        self.images.iter().filter(|i| i.row.parent.is_none() && i.row.patient.is_empty()).map(|i| i.file.digest).collect()
    }

    /// How many images are translations.
    pub(super) fn translated(&self) -> usize {
        self.images.len() - self.images.iter().filter(|i| i.row.parent.is_none() && i.row.patient.is_empty()).count()
    }
}

/// All sets of a run, and the outputs whose tables were removed from the store.
///
/// # Errors
/// As [`set`].
pub(super) fn sets<'f>(facts: &'f Facts) -> Result<(Vec<Set<'f>>, Vec<String>)> {
    let (mut sets, mut removed) = (vec![], vec![]);
    for made in facts.made() {
        for (port, artifact) in made.of_type(ArtifactType::Samples) {
            let is_made = super::facts::kind(&made.node.kind).is_some_and(|k| k.synthetic);
            match set(facts, made, artifact)? {
                Some(set) => sets.push(Set { output: made.output(port), ..set }),
                None if is_made => removed.push(made.output(port)),
                None => {}
            }
        }
    }
    Ok((sets, removed))
}

/// The synthetic images of an output; none if it has no file of one, or its table was removed.
///
/// # Errors
/// If the table is damaged, or missing without having been removed.
pub(super) fn set<'f>(facts: &Facts, made: Made<'f>, artifact: &Artifact) -> Result<Option<Set<'f>>> {
    let Files::Known(files) = facts.files(artifact)? else { return Ok(None) };
    // A single file is a table alone.
    let Some(table) = files.iter().find(|f| f.name == TABLE).filter(|f| files.len() > 1 && !facts.is_removed(&f.digest)) else { return Ok(None) };
    let rows = Samples::read_rows(&facts.store.read(&table.digest)?);
    let rows = rows.map_err(|e| Error::Record { what: made.node.stage.clone(), why: e.to_string() })?;
    // Two images may have equal bytes: then the number in the name says which is which.
    let mut known: BTreeMap<Digest, Vec<Sample>> = BTreeMap::new();
    rows.into_iter().filter(|row| row.origin == Origin::Synthetic).for_each(|row| known.entry(row.image).or_default().push(row));
    let (mut images, mut removed) = (vec![], 0);
    for file in files.into_iter().filter(|f| f.name != TABLE) {
        let of_bytes = known.get(&file.digest).map_or(&[][..], Vec::as_slice);
        let Some(row) = of_bytes.iter().find(|row| number_of(&file.name) == Some(row.number)).or(of_bytes.first()).cloned() else { continue };
        match facts.is_removed(&file.digest) {
            true => removed += 1,
            false => images.push(Synthetic { file, row }),
        }
    }
    if images.is_empty() && removed == 0 {
        return Ok(None);
    }
    Ok(Some(Set { made, output: String::new(), artifact: artifact.clone(), images, removed }))
}

/// The number that the file of an image is named by.
fn number_of(name: &str) -> Option<u32> {
    name.rsplit('/').next()?.split('.').next()?.parse().ok()
}
