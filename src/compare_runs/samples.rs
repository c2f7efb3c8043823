//! Tables of images that differ: how many images and patients were added and removed, and how many of each class there were and are.
//! Patients are told apart by tokens; none is named.

use super::Comparison;
use super::pairs::pairs;
use crate::tables::{Summary, Tables};
use hilum_cache::{Digest, Error, Receipt, Result, Store};
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::{Origin, Sample};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many there were and are, and how many came and went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// In the first run.
    pub old: usize,
    /// In the second run.
    pub new: usize,
    /// In the second run only.
    pub added: usize,
    /// In the first run only.
    pub removed: usize,
}

impl Moved {
    fn of<T: Ord>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Moved {
        Moved { old: old.len(), new: new.len(), added: new.difference(old).count(), removed: old.difference(new).count() }
    }
}

/// Images and patients of a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfClass {
    /// Rows.
    pub images: usize,
    /// Patients with a real image of it.
    pub patients: usize,
}

/// A table of images that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamplesChange {
    /// The stage.
    pub stage: String,
    /// Its output.
    pub port: String,
    /// Images, by digest.
    pub images: Moved,
    /// Patients of real images, by token.
    pub patients: Moved,
    /// Images in both that have another label.
    pub relabelled: usize,
    /// Each class, before and after.
    pub classes: BTreeMap<String, [OfClass; 2]>,
}

/// The tables of images that differ, but for those of synthetic or changed images. Tables that `gc` removed are passed over.
///
/// # Errors
/// If a table is damaged.
pub fn samples(store: &Store, c: &Comparison) -> Result<Vec<SamplesChange>> {
    let tables = Tables::default();
    let mut out = vec![];
    for pair in pairs(&c.old, &c.new) {
        let (Some(before), Some(after)) = (c.old.receipts.get(pair.old), c.new.receipts.get(pair.new)) else { continue };
        if !has_images_of_patients(after) {
            continue;
        }
        for (port, old) in before.outputs.iter().filter(|(_, artifact)| ArtifactType::Samples.is(artifact)) {
            let Some(new) = after.outputs.get(port).filter(|new| new.digest != old.digest) else { continue };
            match (tables.samples(store, old), tables.samples(store, new)) {
                (Ok(old), Ok(new)) => out.push(change(pair.name(), port, &old, &new)),
                (Err(Error::Missing(_)), _) | (_, Err(Error::Missing(_))) => {}
                (Err(e), _) | (_, Err(e)) => return Err(e),
            }
        }
    }
    Ok(out)
}

fn has_images_of_patients(receipt: &Receipt) -> bool {
    KINDS.iter().any(|kind| kind.name == receipt.recipe.kind && !kind.synthetic && !kind.copies)
}

fn change(stage: String, port: &str, old: &[Sample], new: &[Sample]) -> SamplesChange {
    let images = |rows: &[Sample]| rows.iter().map(|row| row.image).collect::<BTreeSet<Digest>>();
    let is_of_patient = |row: &&Sample| row.origin == Origin::Real && !row.patient.is_empty();
    let patients = |rows: &[Sample]| rows.iter().filter(is_of_patient).map(|row| row.patient.clone()).collect::<BTreeSet<String>>();
    let labels: HashMap<Digest, &str> = old.iter().map(|row| (row.image, row.label.as_str())).collect();
    let relabelled: BTreeSet<Digest> = new.iter().filter(|row| labels.get(&row.image).is_some_and(|label| *label != row.label)).map(|row| row.image).collect();
    let mut classes: BTreeMap<String, [OfClass; 2]> = BTreeMap::new();
    for (at, rows) in [old, new].into_iter().enumerate() {
        for (label, of) in Summary::of(rows).labels {
            classes.entry(label).or_default()[at] = OfClass { images: of.real + of.synthetic, patients: of.patients };
        }
    }
    SamplesChange {
        stage,
        port: port.to_owned(),
        images: Moved::of(&images(old), &images(new)),
        patients: Moved::of(&patients(old), &patients(new)),
        relabelled: relabelled.len(),
        classes,
    }
}
