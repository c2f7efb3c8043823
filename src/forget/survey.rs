//! What a patient has to do with the results of a store, once the study has been computed without the patient: what goes, and what is known
//! of what stays. Independent of how the study was run.

use super::objects::{Taken, remaining, taken};
use super::proof::{Digests, OfStage, stages};
use super::traces::Traces;
use crate::patients::{Index, Reached, Recorded, Sought};
use crate::provenance;
use crate::tables::Tables;
use hilum_cache::{Digest, Ledger, Result, Store};
use hilum_stages::KINDS;
use hilum_stages::contract::artifact::ArtifactType;
use roaring::RoaringBitmap;
use std::collections::BTreeSet;

/// Who is to be erased, and from which store.
pub struct Asked<'a> {
    /// The store.
    pub store: &'a Store,
    /// What it recorded.
    pub ledger: &'a Ledger,
    /// Who reached which of its results.
    pub index: &'a Index,
    /// The patient; nobody, where only an interrupted erasure is to be finished.
    pub sought: &'a Sought<'a>,
    /// The study that was computed again.
    pub study: &'a str,
    /// The digests that its results had before.
    pub before: &'a Digests,
}

/// What was found.
pub struct Survey {
    /// The images that are the patient's alone.
    pub images: BTreeSet<Digest>,
    /// What goes.
    pub taken: Taken,
    /// Objects that an earlier erasure was about to remove.
    pub rest: BTreeSet<Digest>,
    /// What is known of each stage of the study.
    pub stages: Vec<OfStage>,
    /// Current results of the study with which the patient has to do still.
    pub reached: Vec<String>,
    /// Current results of the study of which that is not known.
    pub not_known: Vec<String>,
    /// Images that were filed under the patient and others together, and are still filed under others.
    pub shared: usize,
    /// The beginnings of the keys of results that stay.
    pub kept_keys: BTreeSet<String>,
}

/// Looks at all results of a store.
///
/// # Errors
/// If the store cannot be read.
pub fn survey(asked: &Asked, traces: &Traces) -> Result<Survey> {
    let Asked { store, ledger, index, sought, study, before } = *asked;
    let imported: Vec<&Recorded> = index.results().iter().filter(|result| is_imported(result, study)).collect();
    let (mut others, mut images, mut shared) = (RoaringBitmap::new(), traces.images.clone(), 0);
    if !traces.others.is_empty() {
        // Old tables cannot tell apart those who shared an image: what the imports file under somebody now is not the patient's.
        others = index.images_in(imported.iter().copied());
        let now = images_of(&imported, store, ledger)?;
        shared = images.iter().filter(|image| now.contains(image)).count();
        images.retain(|image| !now.contains(image));
    }
    let found = index.who_used_but(sought, &others).found;
    let rest = remaining(store, ledger)?;
    let outputs = |is_meant: fn(Reached) -> bool| {
        let current = found.iter().filter(|found| found.result.is_current && found.result.study == study && is_meant(found.reached));
        current.map(|found| found.result.output()).collect::<Vec<String>>()
    };
    let mut reached = outputs(|reached| matches!(reached, Reached::Contains | Reached::Influenced));
    // Whoever shared an image with others is taken to have none that is theirs now; the tables of pseudonyms say whether that is so.
    let names = named_by(&imported, store, ledger, &traces.pseudonyms)?;
    reached.extend(names.into_iter().filter(|name| !reached.contains(name)).collect::<Vec<String>>());
    Ok(Survey {
        taken: taken(store, ledger, &found, study, &images, &rest)?,
        stages: stages(store, ledger, &found, study, before, &images),
        reached,
        not_known: outputs(|reached| reached == Reached::NotKnown),
        kept_keys: found.iter().filter(|found| found.reached == Reached::Not).filter_map(|f| Some(f.result.key?.0.hex()[..8].to_owned())).collect(),
        images,
        rest,
        shared,
    })
}

/// True for the table of an import of the study, as it is now.
fn is_imported(result: &Recorded, study: &str) -> bool {
    let names_patients = || KINDS.iter().any(|kind| kind.name == result.kind && kind.pseudonyms);
    result.is_current && result.study == study && result.artifact.parse() == Ok(ArtifactType::Samples) && names_patients()
}

/// Tables of pseudonyms of these imports that have one of these.
fn named_by(imported: &[&Recorded], store: &Store, ledger: &Ledger, pseudonyms: &BTreeSet<String>) -> Result<Vec<String>> {
    let tables = Tables::default();
    let mut out = vec![];
    for result in imported {
        let Some((receipt, _)) = result.key.as_ref().and_then(|key| ledger.find(key)) else { continue };
        for (port, table) in receipt.outputs.iter().filter(|(_, a)| ArtifactType::Patients.is(a)) {
            if tables.patients(store, table)?.iter().any(|row| pseudonyms.contains(&row.pseudonym)) {
                out.push(provenance::output(&result.stage, port));
            }
        }
    }
    Ok(out)
}

fn images_of(imported: &[&Recorded], store: &Store, ledger: &Ledger) -> Result<BTreeSet<Digest>> {
    let tables = Tables::default();
    let mut out = BTreeSet::new();
    for result in imported {
        let Some((receipt, _)) = result.key.as_ref().and_then(|key| ledger.find(key)) else { continue };
        let Some(table) = receipt.outputs.get(&result.port) else { continue };
        out.extend(tables.samples(store, table)?.iter().map(|row| row.image));
    }
    Ok(out)
}
