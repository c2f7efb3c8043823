//! Whether the imports of a study would see a patient again, by the files that they name now. Independent of the store.

use super::traces::Traces;
use crate::driver::Study;
use crate::pipeline::model::{Stage, StageId};
use crate::workspace::Listings;
use hilum_cache::Digest;
use hilum_stages::contract::pseudonym::PseudonymKey;
use hilum_stages::contract::source::Listing;
use hilum_stages::contract::stage::Namespace;
use hilum_stages::counted::{Imported, imported_with};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// What a stage would still see of a patient. At least one of the numbers is not 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    /// The stage.
    pub stage: String,
    /// What it reads, as the study writes it.
    pub source: String,
    /// Images that its table would have of the patient.
    pub rows: usize,
    /// Files with images of the patient, whether or not its table would have them.
    pub images: usize,
    /// Files that its table names as the patient's, and that are not there.
    pub named: usize,
}

/// What stages of a study would still see of a patient; of one namespace, if that is given.
pub fn still_there(study: &Study, listings: &Listings, key: Option<&PseudonymKey>, namespaces: Option<&BTreeSet<String>>, traces: &Traces) -> Vec<Still> {
    let mut stages: Vec<(&StageId, &BTreeMap<String, Arc<Listing>>)> = listings.iter().collect();
    stages.sort_by_key(|(id, _)| **id);
    let look = |(id, sources): (&StageId, &BTreeMap<String, Arc<Listing>>)| {
        let stage = &study.pipeline.stages[*id];
        let is_asked = |space: &Namespace| namespaces.is_none_or(|wanted| wanted.contains(&space.key()));
        let would = would_import(stage, sources, key);
        let is_theirs = |pseudonym: &String| traces.pseudonyms.contains(pseudonym);
        let rows = match (&would, stage.stage.namespace()) {
            (Some(would), Some(space)) if is_asked(&space) => images_of(would, &is_theirs),
            _ => HashSet::new(),
        };
        // Old tables cannot tell apart those who shared an image: what is filed under another of them now is not the patient's.
        let of_others = would.as_ref().map(|would| images_of(would, &|pseudonym| traces.others.contains(pseudonym))).unwrap_or_default();
        let files = sources.values().flat_map(|listing| &listing.files).map(|file| file.digest);
        let images: BTreeSet<Digest> = files.filter(|image| traces.images.contains(image) && !of_others.contains(image)).collect();
        let named = would.iter().flat_map(|would| &would.left_out).filter(|file| traces.has_file(&file.name)).count();
        // Of an import, the directory of images comes first.
        let source = stage.stage.sources().into_iter().next().map(|source| source.path.0).unwrap_or_default();
        Still { stage: stage.name.clone(), source, rows: rows.len(), images: images.len(), named }
    };
    stages.into_iter().map(look).filter(|still| still.rows + still.images + still.named > 0).collect()
}

/// What an import would make; none of other stages, and where it would fail.
fn would_import(stage: &Stage, sources: &BTreeMap<String, Arc<Listing>>, key: Option<&PseudonymKey>) -> Option<Imported> {
    let sources = sources.iter().map(|(parameter, listing)| (parameter.clone(), Listing::clone(listing))).collect();
    imported_with(stage.kind.name, &stage.parameters, sources, key?.clone())
}

/// The images of patients with such a pseudonym.
fn images_of(would: &Imported, is_meant: &dyn Fn(&String) -> bool) -> HashSet<Digest> {
    let tokens: HashSet<&str> = would.patients.iter().filter(|row| is_meant(&row.pseudonym)).map(|row| row.patient.as_str()).collect();
    would.samples.rows.iter().filter(|row| tokens.contains(row.patient.as_str())).map(|row| row.image).collect()
}
