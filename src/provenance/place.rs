//! What a path below laid-out results means: `…/STUDY/CELL/PORT`. The bytes there say from which of the study's runs they are;
//! a study that was changed back lays out what an older run computed. Knows how results are laid out; writes none.

use super::find::{Origin, Part};
use super::history::{History, RunId};
use crate::run::results;
use hilum_cache::{Digest, Result, store};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Results of these stages.
    Results(Vec<Origin>),
    /// This file, which contains other bytes than any run of its study laid out there.
    Changed(PathBuf),
    /// No results of a study in this store.
    Elsewhere,
}

impl History<'_> {
    /// What lies at a path: a file or a directory of a study's results.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn at(&self, path: &Path) -> Result<Place> {
        let mut changed = None;
        let spellings = [path.canonicalize().ok(), std::path::absolute(path).ok()];
        for full in spellings.into_iter().flatten() {
            // A study's name may also be that of a directory further up.
            for directory in full.ancestors() {
                let study = directory.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                let (Some(below), true) = (full.strip_prefix(directory).ok().and_then(Path::to_str), self.runs.iter().any(|r| r.study == study)) else {
                    continue;
                };
                match self.below(study, directory, below)? {
                    Place::Results(origins) => return Ok(Place::Results(origins)),
                    Place::Changed(file) => changed = changed.or(Some(file)),
                    Place::Elsewhere => {}
                }
            }
        }
        Ok(changed.map_or(Place::Elsewhere, Place::Changed))
    }

    /// What lies at `below` in the directory of a study's results; all of it where that is empty.
    fn below(&self, study: &str, directory: &Path, below: &str) -> Result<Place> {
        let mut look = ResultFiles { directory, below, digests: HashMap::new() };
        let mut found: BTreeMap<String, Vec<Origin>> = BTreeMap::new();
        let mut changed: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        let mut tried = BTreeSet::new();
        for run in (0..self.runs.len()).rev().filter(|run| self.runs[*run].study == study) {
            for stage in self.stages(run).filter(|stage| is_within(stage, below) || is_within(below, stage)) {
                let Some(at) = self.receipt_in_run(run, stage).filter(|at| !found.contains_key(stage) && tried.insert((stage.to_owned(), *at))) else {
                    continue;
                };
                match self.compare(&mut look, run, stage, at)? {
                    Compared::Same(origins) => drop(found.insert(stage.to_owned(), origins)),
                    Compared::Differs(files) => {
                        // A file that no run made says more than one that only the newest did not.
                        let known = changed.entry(stage.to_owned()).or_insert_with(|| files.clone());
                        if known.iter().any(|file| files.contains(file)) {
                            known.retain(|file| files.contains(file));
                        }
                    }
                    Compared::Absent => {}
                }
            }
        }
        if let Some(file) = changed.into_iter().filter(|(stage, _)| !found.contains_key(stage)).find_map(|(_, files)| files.into_iter().next()) {
            return Ok(Place::Changed(file));
        }
        let origins: Vec<Origin> = found.into_values().flatten().collect();
        Ok(match origins.is_empty() {
            true => Place::Elsewhere,
            false if below.is_empty() => Place::Results(self.ends_of(origins)),
            false => Place::Results(origins),
        })
    }

    /// Compares what lies there with what a stage gave.
    fn compare(&self, look: &mut ResultFiles, run: RunId, stage: &str, at: usize) -> Result<Compared> {
        let (mut parts, mut differ) = (vec![], vec![]);
        let mut is_there = false;
        for (port, artifact) in self.receipts[at].0.outputs.iter() {
            // What was removed from the store has no files to compare with.
            let files = results::laid_out(stage, port, artifact, self.store).unwrap_or_default();
            let mut is_meant = false;
            for (name, file) in files.iter().filter(|(name, _)| is_within(name, look.below)) {
                let Some(digest) = look.digest(name)? else { continue };
                if digest != file.digest {
                    differ.push(look.directory.join(name));
                }
                is_meant = true;
                if name == look.below {
                    parts.push(Part::file(port, file));
                }
            }
            is_there |= is_meant;
            if is_meant && parts.is_empty() && look.below.len() > stage.len() {
                parts.push(Part::whole(port, artifact));
            }
        }
        let origin = |part| Origin { run, stage: stage.to_owned(), part };
        Ok(match (is_there, differ.is_empty(), parts.is_empty()) {
            (false, ..) => Compared::Absent,
            (true, false, _) => Compared::Differs(differ),
            (true, true, true) => Compared::Same(vec![origin(None)]),
            (true, true, false) => Compared::Same(parts.into_iter().map(|part| origin(Some(part))).collect()),
        })
    }

    /// Those that no other one was made from: their own inputs are shown with them.
    fn ends_of(&self, origins: Vec<Origin>) -> Vec<Origin> {
        let graph = self.walk(origins.iter().map(|o| (o.run, o.stage.as_str())));
        let ends = graph.ends();
        origins.into_iter().zip(&graph.roots).filter(|(_, node)| ends.contains(node)).map(|(origin, _)| origin).collect()
    }
}

/// What lies there, beside what a stage gave.
enum Compared {
    /// The same, which is meant by these.
    Same(Vec<Origin>),
    /// These files are others.
    Differs(Vec<PathBuf>),
    /// Nothing.
    Absent,
}

/// A look at the results of a study.
struct ResultFiles<'a> {
    directory: &'a Path,
    below: &'a str,
    digests: HashMap<String, Option<Digest>>,
}

impl ResultFiles<'_> {
    /// The digest of a file of the results; none if there is none.
    fn digest(&mut self, name: &str) -> Result<Option<Digest>> {
        if let Some(known) = self.digests.get(name) {
            return Ok(*known);
        }
        let path = self.directory.join(name);
        let digest = if path.is_file() { Some(store::hash_file(&path)?.0) } else { None };
        self.digests.insert(name.to_owned(), digest);
        Ok(digest)
    }
}

/// True for a path that is `directory` or lies below it.
fn is_within(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
