//! Identity of patients and images: names of one patient, and files with one image, are joined before anything is counted.
//! Independent of what flows where.

use super::history::{OldImport, recorded};
use super::{Evidence, KnownOutput, Lineage, alike};
use crate::pipeline::Pipeline;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Error, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::source::SourceKind;
use hilum_stages::contract::stage::{Namespace, Needs};
use hilum_stages::data::contents::Likeness;
use hilum_stages::data::sample::Origin;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// An import of the study whose tables are known.
struct Import {
    namespace: String,
    /// Its name, where the study says one.
    declared: Option<String>,
    patients: Artifact,
    samples: Artifact,
}

/// Within which identifiers the patients of an import are told apart, as its record says what ran; none if this program does not know
/// the kind, or not these parameters.
pub fn namespace(kind: &str, parameters: &Value) -> Option<Namespace> {
    recorded(kind, parameters)?.namespace()
}

/// The pseudonyms behind each token of a table of patients.
fn pseudonyms(patients: &Artifact, evidence: &Evidence) -> Result<HashMap<String, BTreeSet<String>>> {
    let mut out: HashMap<String, BTreeSet<String>> = HashMap::new();
    for row in evidence.tables.patients(evidence.store, patients)? {
        out.entry(row.patient).or_default().insert(row.pseudonym);
    }
    Ok(out)
}

impl Lineage {
    pub(super) fn identify(&mut self, p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<()> {
        let mut packs: Vec<Artifact> = vec![];
        let mut imports: Vec<Import> = vec![];
        let mut made: Vec<Artifact> = vec![];
        for (id, stage) in p.stages.pairs() {
            let namespace = stage.stage.namespace();
            let own = namespace.as_ref().map_or_else(|| stage.name.clone(), Namespace::key);
            let inputs = stage.inputs.iter().filter(|i| i.port.by.is_empty()).flat_map(|i| &i.from);
            let mut spaces: BTreeSet<String> = inputs.flat_map(|s| self.spaces[s.stage].iter().cloned()).collect();
            if spaces.is_empty() {
                spaces.insert(own);
            }
            self.spaces.push(spaces);
            let samples = known(id, "samples").filter(|a| ArtifactType::Samples.is(a));
            match (namespace, samples) {
                (Some(n), Some(samples)) => {
                    let patients = known(id, "patients");
                    imports.extend(patients.map(|patients| Import { namespace: n.key(), declared: n.is_declared.then_some(n.name), patients, samples }));
                }
                // Drawn patients bear their tokens alone.
                (None, Some(samples)) if stage.inputs.is_empty() => {
                    let rows = evidence.tables.samples(evidence.store, &samples)?;
                    rows.iter().for_each(|r| self.roster.knows(&stage.name, &r.patient));
                }
                (None, Some(samples)) if stage.kind.synthetic => made.push(samples),
                _ => {}
            }
            for pack in stage.kind.outputs.iter().filter(|o| o.artifact == ArtifactType::Images).filter_map(|o| known(id, o.name)) {
                if !packs.iter().any(|p| p.digest == pack.digest) {
                    packs.push(pack);
                }
            }
        }
        let asks_history = self.name_patients(p, &imports, evidence)?;
        if asks_history {
            self.match_earlier_imports(&imports, evidence)?;
        }
        self.join_patients(p, known, evidence)?;
        let mut near = vec![];
        let alike = alike::of(&packs, evidence)?;
        self.not_compared = alike.not_compared;
        for pair in alike.pairs {
            match pair.likeness {
                Likeness::Equal => self.roster.same_image(pair.first, pair.second),
                Likeness::Near => near.push((pair.first, pair.second)),
            }
        }
        self.near = near.into_iter().map(|(a, b)| (self.roster.image(a), self.roster.image(b))).collect();
        self.record_synthetic(&imports, &made, evidence)
    }

    /// Joins tokens and pseudonyms; true where images or weights from outside may be of this store.
    fn name_patients(&mut self, p: &Pipeline, imports: &[Import], evidence: &Evidence) -> Result<bool> {
        let synthetic = |i: &Import| Ok(evidence.tables.samples(evidence.store, &i.samples)?.iter().any(|r| r.origin == Origin::Synthetic));
        let weights = p.stages.iter().any(|s| s.kind.needs == Needs::Tensor && s.stage.sources().iter().any(|s| s.what == SourceKind::File));
        let asks_history = weights || imports.iter().map(synthetic).collect::<Result<Vec<bool>>>()?.contains(&true);
        if let ([only], false) = (imports, asks_history) {
            // Its tokens are its patients: there is no other import in which a patient could have another one.
            self.roster.only(&only.namespace);
            return Ok(false);
        }
        for import in imports {
            for row in evidence.tables.patients(evidence.store, &import.patients)? {
                self.roster.identify(&import.namespace, &row.patient, &row.pseudonym);
            }
            let rows = evidence.tables.samples(evidence.store, &import.samples)?;
            rows.iter().filter(|r| !r.patient.is_empty()).for_each(|r| self.roster.knows(&import.namespace, &r.patient));
        }
        Ok(asks_history)
    }

    /// Patients who share a picture count as one in a table that a stage made without duplicates: then they are one in every table, so
    /// that nobody is overlooked who reached a model by the tables before it.
    fn join_patients(&mut self, p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<()> {
        for (id, stage) in p.stages.pairs() {
            for table in stage.kind.outputs.iter().filter(|o| o.artifact == ArtifactType::Table).filter_map(|o| known(id, o.name)) {
                for row in evidence.tables.joined_patients(evidence.store, &table)? {
                    self.roster.same_patient(&row.patient, &row.counts_as, self.spaces.get(id));
                }
            }
        }
        Ok(())
    }

    /// A patient whose images have changed had a different token in earlier imports. Two imports number the same patients where
    /// both studies say so, or where they have an image in common.
    fn match_earlier_imports(&mut self, imports: &[Import], evidence: &Evidence) -> Result<()> {
        let earlier = self.history.imports(evidence);
        for import in imports {
            let images: HashSet<Digest> = evidence.tables.samples(evidence.store, &import.samples)?.iter().map(|r| r.image).collect();
            for old in &earlier {
                match self.is_same_registry(import, &images, old, evidence) {
                    Ok(true) => {}
                    Ok(false) | Err(Error::Missing(_) | Error::Damaged(_)) => continue,
                    Err(e) => return Err(e),
                }
                let Ok(rows) = evidence.tables.patients(evidence.store, &old.patients) else { continue };
                rows.iter().for_each(|row| self.roster.identify(&import.namespace, &row.patient, &row.pseudonym));
            }
        }
        Ok(())
    }

    fn is_same_registry(&self, import: &Import, images: &HashSet<Digest>, old: &OldImport, evidence: &Evidence) -> Result<bool> {
        if let (Some(before), Some(now)) = (&old.declared, &import.declared) {
            return Ok(before == now);
        }
        let old_rows = evidence.tables.samples(evidence.store, &old.samples)?;
        let common: HashMap<Digest, &str> = old_rows.iter().filter(|r| images.contains(&r.image)).map(|r| (r.image, r.patient.as_str())).collect();
        if common.is_empty() {
            return Ok(false);
        }
        // A common image under one identifier says that both number the same people; under two, that they do not, or that one of
        // them was corrected: what most images say counts, and a doubt is no reason to look away.
        let before = pseudonyms(&old.patients, evidence)?;
        let now = pseudonyms(&import.patients, evidence)?;
        let rows = evidence.tables.samples(evidence.store, &import.samples)?;
        let both = rows.iter().filter_map(|r| Some((before.get(*common.get(&r.image)?)?, now.get(&r.patient)?)));
        let (alike, otherwise): (Vec<_>, Vec<_>) = both.partition(|(before, now)| !before.is_disjoint(now));
        Ok(!alike.is_empty() && alike.len() >= otherwise.len())
    }

    /// What synthetic images show and come from, for rows that do not say so: images of an import that this store made, and
    /// files that contain the picture of one.
    fn record_synthetic(&mut self, imports: &[Import], made: &[Artifact], evidence: &Evidence) -> Result<()> {
        let mut imported: HashSet<Digest> = HashSet::new();
        for import in imports {
            let rows = evidence.tables.samples(evidence.store, &import.samples)?;
            imported.extend(rows.iter().filter(|r| r.origin == Origin::Synthetic && r.patient.is_empty()).map(|r| r.image));
        }
        if !imported.is_empty() {
            let rows = self.history.rows(&imported, evidence)?;
            rows.iter().for_each(|r| self.roster.shows(r));
        }
        for table in made {
            evidence.tables.samples(evidence.store, table)?.iter().for_each(|r| self.roster.shows(r));
        }
        Ok(())
    }

    /// Patients of imports of whom one image is equal, though they bear two names.
    pub(super) fn find_sharing(&mut self, p: &Pipeline, known: KnownOutput, evidence: &Evidence) -> Result<()> {
        let mut first: HashMap<u32, u32> = HashMap::new();
        for (id, _) in p.stages.pairs().filter(|(_, s)| s.stage.namespace().is_some()) {
            let Some(table) = known(id, "samples") else { continue };
            let held = self.roster.table(&table, self.spaces.get(id), evidence)?;
            for (image, owner) in held.owners.iter().filter_map(|(i, o)| Some((*i, (*o)?))) {
                let other = *first.entry(image).or_insert(owner);
                if other != owner {
                    self.sharing.insert((other.min(owner), other.max(owner)));
                }
            }
        }
        Ok(())
    }
}
