//! Results that are not what a run wrote: the files below a directory of results, against what the runs of their studies laid out
//! there. Independent of where results should lie.

use super::history::{History, RunId};
use crate::run::results;
use hilum_cache::{Result, Sha256, store};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFault {
    /// It has other bytes than any run of its study wrote there: those with this digest.
    Changed(Sha256),
    /// The newest run that wrote all results wrote it, and it is not there.
    Missing,
    /// In its place, or in that of a directory on the way to it, is a link or something else that no run wrote.
    NoFile,
    /// It cannot be read.
    Unreadable,
}

/// A result that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedResult {
    /// The file.
    pub path: PathBuf,
    /// What became of it.
    pub fault: ResultFault,
    /// What the newest run that has it recorded.
    pub recorded: Sha256,
    /// The stage that wrote it.
    pub stage: String,
    /// The run in which it did.
    pub run: String,
}

/// What a directory of results holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultsFound {
    /// Results that are as they were written.
    pub intact: usize,
    /// Those that are not, in the order of their paths.
    pub changed: Vec<ChangedResult>,
    /// Files that no run wrote, of which nothing is known.
    pub others: usize,
    /// Studies of this store without a directory there.
    pub absent: Vec<String>,
}

/// What is known of one name among the results of a study: all digests that were laid out there, and who was the last.
struct Known {
    digests: HashSet<String>,
    recorded: Sha256,
    stage: String,
    run: String,
    /// True if it belongs to the newest run that wrote all results.
    is_due: bool,
}

impl History<'_> {
    /// Compares the files below `results/STUDY` of all studies with what their runs wrote there. No link is followed.
    ///
    /// # Errors
    /// If a directory cannot be read.
    pub fn compare_results(&self, results: &Path) -> Result<ResultsFound> {
        let studies: BTreeSet<&str> = self.runs.iter().map(|run| run.study.as_str()).filter(|study| is_below(study)).collect();
        let mut found = ResultsFound::default();
        for study in studies {
            let directory = results.join(study);
            if directory.symlink_metadata().is_err() {
                found.absent.push(study.to_owned());
                continue;
            }
            let known = self.laid_out_of(study);
            for (name, known) in &known {
                match fault(&directory, name, known)? {
                    None => found.intact += usize::from(directory.join(name).exists()),
                    Some(fault) => {
                        let (stage, run) = (known.stage.clone(), known.run.clone());
                        found.changed.push(ChangedResult { path: directory.join(name), fault, recorded: known.recorded, stage, run });
                    }
                }
            }
            // What cannot be walked holds no file that is known, either: those were looked at by their names.
            let files = WalkDir::new(&directory).follow_root_links(false).into_iter().filter_map(std::result::Result::ok).filter(|e| !e.file_type().is_dir());
            let is_known = |path: &Path| path.strip_prefix(&directory).ok().and_then(Path::to_str).is_some_and(|name| known.contains_key(name));
            found.others += files.filter(|entry| !is_known(entry.path())).count();
        }
        Ok(found)
    }

    /// Everything that the runs of a study laid out, by names below its results.
    fn laid_out_of(&self, study: &str) -> BTreeMap<String, Known> {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let mut seen = HashSet::new();
        let of_study = || (0..self.runs.len()).rev().filter(|run| self.runs[*run].study == study);
        let newest = of_study().find(|run| self.is_complete(*run));
        for run in of_study() {
            for stage in self.stages(run) {
                let Some(at) = self.receipt_in_run(run, stage).filter(|at| seen.insert((stage.to_owned(), *at)) || newest == Some(run)) else { continue };
                let (receipt, by) = &self.receipts[at];
                for (port, artifact) in receipt.outputs.iter() {
                    for (name, file) in results::laid_out(stage, port, artifact, self.store).unwrap_or_default() {
                        let new = || Known {
                            digests: HashSet::new(),
                            recorded: file.sha256,
                            stage: stage.to_owned(),
                            run: self.runs[*by].name.clone(),
                            is_due: false,
                        };
                        let known = known.entry(name).or_insert_with(new);
                        known.digests.insert(file.digest.hex());
                        known.is_due |= newest == Some(run);
                    }
                }
            }
        }
        known
    }

    /// True for a run that ended with a result of every stage and wrote them.
    fn is_complete(&self, run: RunId) -> bool {
        self.runs[run].has_written && self.stages(run).all(|stage| self.runs[run].keys.contains_key(stage))
    }
}

/// What became of a result; none if it is as it was written, or is not there and need not be.
fn fault(directory: &Path, name: &str, known: &Known) -> Result<Option<ResultFault>> {
    if !is_below(name) {
        return Ok(Some(ResultFault::NoFile));
    }
    let mut path = directory.to_path_buf();
    // The directory of the study itself, those below it, and the file.
    let steps = std::iter::once(Component::CurDir).chain(Path::new(name).components());
    let count = steps.clone().count();
    for (at, step) in steps.enumerate() {
        if at > 0 {
            path.push(step);
        }
        match path.symlink_metadata() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(known.is_due.then_some(ResultFault::Missing)),
            Err(_) => return Ok(Some(ResultFault::Unreadable)),
            Ok(stat) if at + 1 < count && !stat.is_dir() => return Ok(Some(ResultFault::NoFile)),
            Ok(stat) if at + 1 == count && !stat.is_file() => return Ok(Some(ResultFault::NoFile)),
            Ok(_) => {}
        }
    }
    let Ok((digest, found, _)) = store::hash_file(&path) else { return Ok(Some(ResultFault::Unreadable)) };
    Ok((!known.digests.contains(&digest.hex())).then_some(ResultFault::Changed(found)))
}

/// True for a name that leads down and nowhere else: it comes from a store of anybody.
fn is_below(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}
