//! Artifacts as the report looks for them: by what they are, never by the kind of stage that made them.

use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_cache::{Digest, Receipt, Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::{ClassCount, Samples};
use hilum_stages::records::{PredictionTable, Record};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

/// Something that a chapter can be about. The artifact type alone is too coarse: everything in CSV is a `table`, and recipes of
/// stores that people have name the type, so that a finer one would change their keys. The name of a file within, which is that of
/// a record, a figure or a table of samples, tells what the artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    /// The type of artifact.
    pub(super) artifact: ArtifactType,
    /// The name of a file in it, without its extension.
    pub(super) name: &'static str,
}

impl Subject {
    /// Tables of images.
    pub(super) const SAMPLES: Subject = Subject { artifact: ArtifactType::Samples, name: "samples" };
    /// Pixels of images.
    pub(super) const PACK: Subject = Subject { artifact: ArtifactType::Images, name: "pixels" };
    /// Predictions for test images.
    pub(super) const PREDICTIONS: Subject = Subject { artifact: ArtifactType::Table, name: PredictionTable::NAME };
}

/// An artifact of a run, before it is looked at.
pub(super) struct Known {
    /// The place of its stage in the study.
    pub(super) stage: usize,
    /// The output port.
    port: String,
    pub(super) artifact: Artifact,
    pub(super) kind: ArtifactType,
    /// The names of its files without extensions; of several files those that are in no directory.
    names: Vec<String>,
}

impl Known {
    /// All artifacts of these stages, by their places, of types that this program knows.
    ///
    /// # Errors
    /// If the list of an artifact's files cannot be read.
    pub(super) fn all(receipts: impl Iterator<Item = (usize, Rc<Receipt>)>, store: &Store) -> Result<Vec<Known>> {
        let (mut all, mut trees): (Vec<Known>, BTreeMap<Digest, Vec<String>>) = (vec![], BTreeMap::new());
        for (stage, receipt) in receipts {
            for (port, artifact) in receipt.outputs.iter() {
                let Some(kind) = ArtifactType::of(artifact) else { continue };
                let names = match (trees.get(&artifact.digest), &artifact.file) {
                    (Some(names), None) => names.clone(),
                    _ => {
                        let files = store.files(artifact)?;
                        let mut names: Vec<String> = files.iter().filter(|f| !f.name.contains('/')).filter_map(|f| stem(&f.name)).collect();
                        names.dedup();
                        if artifact.file.is_none() {
                            trees.insert(artifact.digest, names.clone());
                        }
                        names
                    }
                };
                all.push(Known { stage, port: port.clone(), artifact: artifact.clone(), kind, names });
            }
        }
        Ok(all)
    }

    /// True if it is that.
    pub(super) fn is(&self, subject: Subject) -> bool {
        self.kind == subject.artifact && self.names.iter().any(|name| name == subject.name)
    }
}

/// The name of a file without its extension.
fn stem(name: &str) -> Option<String> {
    Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned())
}

/// An artifact of a run.
pub(super) struct ReportArtifact {
    pub(super) subject: Subject,
    pub(super) receipt: Rc<Receipt>,
    /// The output port.
    pub(super) port: String,
    /// Its object.
    pub(super) digest: Digest,
    /// As its receipt has it.
    pub(super) artifact: Artifact,
    files: Vec<Entry>,
    /// Files of it that are no longer in the store.
    pub(super) removed: usize,
}

impl ReportArtifact {
    /// The artifact as that subject.
    pub(super) fn of(subject: Subject, receipt: Rc<Receipt>, known: &Known, store: &Store) -> Result<ReportArtifact> {
        let files = store.files(&known.artifact)?;
        Ok(ReportArtifact { subject, receipt, port: known.port.clone(), digest: known.artifact.digest, artifact: known.artifact.clone(), files, removed: 0 })
    }

    /// Leaves out the files that were removed from the store; false if the one that makes it what it is for the report is among them.
    ///
    /// # Errors
    /// Those of `is_removed`.
    pub(super) fn leave_out(&mut self, is_removed: impl Fn(&Digest) -> Result<bool>) -> Result<bool> {
        let mut is_whole = true;
        for file in std::mem::take(&mut self.files) {
            if is_removed(&file.digest)? {
                self.removed += 1;
                is_whole &= stem(&file.name).as_deref() != Some(self.subject.name);
            } else {
                self.files.push(file);
            }
        }
        Ok(is_whole)
    }

    /// The stage that made it, with its cell.
    pub(super) fn stage(&self) -> &str {
        &self.receipt.stage
    }

    /// Its files whose name ends like this.
    pub(super) fn ending<'s>(&'s self, ending: &'s str) -> impl Iterator<Item = &'s Entry> {
        self.files.iter().filter(move |e| e.name.ends_with(ending))
    }

    /// The bytes of the first file whose name ends like this; none if there is none.
    ///
    /// # Errors
    /// If it is damaged or gone.
    pub(super) fn bytes(&self, store: &Store, ending: &str) -> Result<Option<Vec<u8>>> {
        self.ending(ending).next().map(|e| store.read(&e.digest)).transpose()
    }

    /// The record that it contains, or why it cannot be read, in words.
    ///
    /// # Errors
    /// If the file is damaged or gone.
    pub(super) fn record<R: Record>(&self, store: &Store) -> Result<Result<R, String>> {
        let bytes = self.bytes(store, &R::file_name())?.unwrap_or_default();
        Ok(R::read(&bytes).map_err(|e| e.to_string()))
    }

    /// Images per class of a table of samples; none if it cannot be read.
    ///
    /// # Errors
    /// If the file is damaged or gone.
    pub(super) fn class_counts(&self, store: &Store) -> Result<Vec<ClassCount>> {
        Ok(self.bytes(store, "samples.csv")?.map_or(vec![], |bytes| Samples::class_counts(&bytes)))
    }
}
