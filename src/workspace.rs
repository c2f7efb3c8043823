//! The directories of a study: its file, store, results, data, and the private directory, which only the owner may see.
//!
//! ```text
//! study.yaml              the study
//! .hilum/                 the store (or --store, or HILUM_STORE)
//! .hilum-private/         0700: study.key (pseudonyms), memo-5, sha256 and objects (paths, times), images-2 (digest → path), laid-out-… (results), left-out/ (files by stage)
//! results/STUDY/          laid out for people (or --results)
//! ```

mod forgotten;
mod image_map;
mod key;
mod left_out;
mod named_files;
mod places;
pub mod signing;

pub use forgotten::{Forgotten, Theirs};
pub use image_map::{IMAGE_MAP, ImageMap};
pub use key::is_own;
pub use places::Places;

use crate::diagnostic::Diagnostic;
use crate::pipeline::model::StageId;
use crate::pipeline::node::Node;
use crate::pipeline::{Pipeline, path};
use hilum_cache::checkout;
use hilum_cache::ingest::{self, Passed, Place};
use hilum_cache::memo::Memo;
use hilum_cache::{Digest, Error, Result, Store};
use hilum_stages::contract::error::Error as StageError;
use hilum_stages::contract::source::{ListedFile, Listing, PassedOver, Source, SourceKind};
use hilum_stages::contract::stage::BadSource;
use hilum_stages::data::inspect;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the memo in the private directory. It contains what [`inspect::note`] says: where that comes to say more, what
/// older programs remembered must not be trusted, and the file gets another name.
const MEMO: &str = "memo-5";
/// The memo of verified objects of the store.
const OBJECTS: &str = "objects";
/// The memo of SHA-256 digests of single files.
const SHA256: &str = "sha256";
/// What it was called while notes said less.
const OLD_MEMOS: [&str; 4] = ["memo", "memo-2", "memo-3", "memo-4"];

/// The directories of a study.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The directory of the study's file.
    pub directory: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// Results of all studies.
    pub results: PathBuf,
    /// Key, memo and the map of images.
    pub private: PathBuf,
    /// Data directories by name.
    pub data: BTreeMap<String, PathBuf>,
}

/// What the path parameters of a study name, by stage and parameter.
pub type Listings = HashMap<StageId, BTreeMap<String, Arc<Listing>>>;

impl Workspace {
    /// The directories of a study's file.
    pub fn of(file: &Path, store: Option<PathBuf>, results: Option<PathBuf>, data: BTreeMap<String, PathBuf>) -> Workspace {
        let directory = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
        Workspace {
            store: store.unwrap_or_else(|| directory.join(".hilum")),
            results: results.unwrap_or_else(|| directory.join("results")),
            private: directory.join(".hilum-private"),
            directory,
            data,
        }
    }

    fn create_private(&self) -> Result<()> {
        if !self.private.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.private).map_err(Error::io("create", &self.private))?;
            let ignore = self.private.join(".gitignore");
            fs::write(&ignore, "*\n").map_err(Error::io("write", &ignore))?;
        }
        checkout::check_writable(&self.private)
    }

    /// Creates the directory of a study's results and finds the place of its note: what stands in their way is known before hours
    /// are spent.
    ///
    /// # Errors
    /// If one of them cannot be written to.
    pub fn prepare_results(&self, study: &str) -> Result<()> {
        checkout::prepare(&self.results.join(study))?;
        self.laid_out(study).map(drop)
    }

    /// Merges the memo into its file, which other runs may have changed. It only saves time: a directory that cannot be
    /// written to is not an error.
    fn save_memo(&self, path: &Path, memo: &Memo) {
        if memo.is_fresh() && self.create_private().is_ok() && lock_dir(&self.private).is_ok_and(|_alone| memo.save_onto(path).is_ok()) {
            // It names paths and is no longer used; it may be missing.
            OLD_MEMOS.iter().for_each(|name| drop(fs::remove_file(self.private.join(name))));
        }
    }

    /// The note of what was laid out of a study in these results. Results below the study's directory move with it. Where the
    /// private directory cannot be written to, the note lies in the user's directory of state.
    ///
    /// # Errors
    /// If no directory for it can be created.
    pub fn laid_out(&self, study: &str) -> Result<PathBuf> {
        let (results, directory) = (real(&self.results.join(study)), real(&self.directory));
        let name = |place: &Path| format!("laid-out-{}", &Digest::of(place.as_os_str().as_bytes()).hex()[..16]);
        let private = match self.create_private() {
            Ok(()) => return Ok(self.private.join(name(results.strip_prefix(&directory).unwrap_or(&results)))),
            Err(e) => e,
        };
        let Some(state) = key::state_of_user() else { return Err(private) };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&state).map_err(|_| private)?;
        Ok(state.join(name(&results)))
    }

    /// The memo of verified objects of the store.
    pub fn objects_memo(&self) -> Memo {
        Memo::load(&self.private.join(OBJECTS))
    }
    /// Saves the memo of verified objects.
    pub fn save_objects_memo(&self, store: &Store) {
        store.with_memo_of(|memo| self.save_memo(&self.private.join(OBJECTS), memo));
    }

    /// Hashes what path parameters name, with the help of the memo. `save` writes the memo.
    pub fn listings(&self, p: &Pipeline, save: bool, diagnostics: &mut Vec<Diagnostic>) -> Result<Listings> {
        let mut out = Listings::new();
        let sourced: Vec<(StageId, Vec<Source>)> = p.stages.pairs().map(|(i, s)| (i, s.stage.sources())).filter(|s| !s.1.is_empty()).collect();
        if sourced.is_empty() {
            return Ok(out);
        }
        let memo_path = self.private.join(MEMO);
        let mut memo = Memo::load(&memo_path);
        let written = self.written(&p.study);
        // Several cells may name one path: it is walked once.
        let mut known: HashMap<(String, SourceKind), Option<Arc<Listing>>> = HashMap::new();
        for (id, sources) in sourced {
            for source in sources {
                let listing = match known.get(&(source.path.0.clone(), source.what)) {
                    Some(listing) => listing.clone(),
                    None => {
                        let listing = match self.locate(&source, p.stages[id].places.with.place_of_parameter(&source.parameter), &written) {
                            Ok(found) => Some(Arc::new(list(&found.path, &found.within, source.what, &written, &mut memo)?)),
                            Err(fault) => {
                                // A directory that was not given is asked for once.
                                if !diagnostics.iter().any(|d| d.message == fault.message && d.help == fault.help) {
                                    diagnostics.push(*fault);
                                }
                                None
                            }
                        };
                        known.insert((source.path.0.clone(), source.what), listing.clone());
                        listing
                    }
                };
                if let Some(listing) = listing {
                    out.entry(id).or_default().insert(source.parameter, listing);
                }
            }
        }
        if save {
            self.save_memo(&memo_path, &memo);
        }
        Ok(out)
    }

    /// What path parameters name, as far as it is there, with images known by their names alone: none of them is opened.
    pub fn unread(&self, p: &Pipeline) -> Listings {
        let written = self.written(&p.study);
        let list = |source: &Source| -> Option<Listing> {
            let found = self.locate(source, crate::diagnostic::Span::default(), &written).ok()?;
            if source.what != SourceKind::Images {
                return list(&found.path, &found.within, source.what, &written, &mut Memo::default()).ok();
            }
            let place = Place { directory: &found.path, within: &found.within, except: &written };
            let named = |(name, path): (String, PathBuf)| {
                let digest = Digest::of(path.as_os_str().as_bytes());
                ListedFile { name, path, digest, note: inspect::UNREAD.to_owned() }
            };
            let files = ingest::names(&place, &is_image).ok()?.into_iter().map(named).collect();
            Some(Listing { digest: Digest::of(source.path.0.as_bytes()), files, passed_over: vec![] })
        };
        let mut known: HashMap<(String, SourceKind), Option<Arc<Listing>>> = HashMap::new();
        let mut out = Listings::new();
        for (id, stage) in p.stages.pairs().filter(|(_, stage)| stage.kind.pseudonyms) {
            for source in stage.stage.sources() {
                let listing = known.entry((source.path.0.clone(), source.what)).or_insert_with(|| list(&source).map(Arc::new));
                if let Some(listing) = listing {
                    out.entry(id).or_default().insert(source.parameter, listing.clone());
                }
            }
        }
        out
    }

    /// What does not fit in the files that path parameters name, as far as stages look into them beforehand and they are there. It
    /// writes nothing but a memo, and that only where there is a private directory.
    pub fn misfits(&self, p: &Pipeline) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = vec![];
        let (known, written) = (named_files::Known::new(self.private.join(SHA256)), self.written(&p.study));
        for stage in p.stages.iter() {
            let files = named_files::NamedFiles { workspace: self, written: &written, sources: stage.stage.sources(), known: &known };
            let fault = stage.stage.check_sources(&files).map(|bad| does_not_fit(&bad, &stage.places.with));
            if let Some(fault) = fault.filter(|f| !found.contains(f)) {
                found.push(fault);
            }
        }
        if let Some((path, memo)) = known.memo().filter(|_| self.private.is_dir()) {
            self.save_memo(&path, &memo);
        }
        found
    }

    /// Where a path parameter that names a file points, if there is one.
    pub fn file(&self, study: &str, source: &Source) -> Option<PathBuf> {
        self.locate(source, crate::diagnostic::Span::default(), &self.written(study)).ok().map(|found| found.path)
    }

    /// What runs write to, as paths without links: the private directory, the store and the results.
    fn written(&self, study: &str) -> Vec<PathBuf> {
        let directory = real(&self.directory);
        let (results, store) = (real(&self.results), real(&self.store));
        // A directory that contains the study itself, as with `--results .`, is excluded only below its own results.
        let results = if directory.starts_with(&results) { results.join(study) } else { results };
        [real(&self.private), results].into_iter().chain(Some(store).filter(|s| !directory.starts_with(s))).collect()
    }

    /// Where a path parameter points, inside its directory and outside of what runs write.
    fn locate(&self, source: &Source, span: crate::diagnostic::Span, written: &[PathBuf]) -> std::result::Result<Located, Box<Diagnostic>> {
        let text = &source.path.0;
        let written_path = path::read(text);
        let root = match written_path.name {
            Some(name) => self.data.get(name).ok_or_else(|| {
                let known: Vec<String> = self.data.keys().map(|k| format!("`{k}`")).collect();
                let given = if known.is_empty() { "none was given".to_owned() } else { format!("given: {}", known.join(", ")) };
                let fault = Diagnostic::new("E0402", format!("no location given for the data directory `{name}`")).at(span, given);
                Box::new(fault.help(format!("pass `--data {name}=DIR`")))
            })?,
            None => &self.directory,
        };
        if let Some(fault) = written_path.outside(span) {
            return Err(Box::new(fault));
        }
        let path = root.join(written_path.path);
        if written.iter().any(|w| real(&path).starts_with(w)) {
            return Err(Box::new(
                Diagnostic::new("E0404", format!("`{text}` is inside hilum's own output"))
                    .at(span, "this path")
                    .note("runs write there, so the input would change with every run")
                    .help("copy the input to a directory of its own and name that"),
            ));
        }
        let missing = |message: String| {
            let usual = || "paths are relative to the study's file; what lies elsewhere is written `NAME:path`, with `--data NAME=DIR`".to_owned();
            let help = source.help.map(|help| help.at(&path)).or_else(|| written_path.name.is_none().then(usual));
            let fault = Diagnostic::new("E0403", message).at(span, "no such file or directory").maybe_help(help);
            // Where it was looked for: this is the user's own terminal, and no record.
            Box::new(if let Some(name) = written_path.name { fault.note(format!("`--data {name}` names `{}`", root.display())) } else { fault })
        };
        let whose = written_path.root();
        let real_root = root.canonicalize().map_err(|_| missing(format!("{whose} does not exist")))?;
        let real = path.canonicalize().map_err(|_| missing(format!("`{text}` does not exist in {whose}")))?;
        if !real.starts_with(&real_root) {
            return Err(Box::new(written_path.leaves(span)));
        }
        match named_files::misnamed(source.what, &real) {
            Some((why, expected)) => {
                let help = format!("`{}` names {}", source.parameter, expected.trim_start_matches("expected "));
                Err(Box::new(Diagnostic::new("E0403", format!("`{text}` {why}")).at(span, expected).help(help)))
            }
            None => Ok(Located { path, within: real_root }),
        }
    }
}

/// What is said of a file that parameters do not fit.
fn does_not_fit(bad: &BadSource, with: &Node) -> Diagnostic {
    let (message, help) = match &bad.why {
        StageError::Data { message, help } => (message.clone(), help.clone()),
        other => (other.to_string(), None),
    };
    Diagnostic::new("E0405", message).at(with.place_of_parameter(&bad.parameter), "this does not fit").maybe_help(help)
}

/// Where a path parameter points.
struct Located {
    path: PathBuf,
    /// The directory out of which nothing leads.
    within: PathBuf,
}

/// A path without links, as far as it exists.
pub(crate) fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut there = path.as_path();
    while let Some(above) = there.parent() {
        if let Ok(real) = there.canonicalize() {
            return path.strip_prefix(there).map_or_else(|_| path.clone(), |rest| if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
        there = above;
    }
    path
}

/// Keeps other runs out of a private directory for as long as the result lives.
fn lock_dir(directory: &Path) -> Result<fs::File> {
    let file = fs::File::open(directory).map_err(Error::io("open", directory))?;
    file.lock().map_err(Error::io("lock", directory))?;
    Ok(file)
}

/// Extensions of image formats, supported or only known by name. A file without an extension may be an image.
const IMAGES: &[&str] = &["png", "jpg", "jpeg", "jpe", "jfif", "jif", "tif", "tiff", "bmp", "gif", "webp", "dcm", "dicom", "dic", "ima", "jp2", "j2k"];

fn is_image(name: &str) -> bool {
    inspect::ending(name).is_none_or(|ending| IMAGES.contains(&ending.to_ascii_lowercase().as_str()))
}

fn list(path: &Path, within: &Path, what: SourceKind, written: &[PathBuf], memo: &mut Memo) -> Result<Listing> {
    let place = Place { directory: path, within, except: written };
    let found = match what {
        SourceKind::Images => ingest::directory(&place, memo, &is_image, &inspect::note)?,
        SourceKind::Tables => ingest::directory(&place, memo, &|name| name.ends_with(".csv"), &|_| String::new())?,
        SourceKind::File => ingest::Contents { files: vec![ingest::file(path, memo, &|_| String::new())?], passed_over: vec![] },
    };
    let digest = match what {
        SourceKind::File => found.files[0].digest,
        // Skipped entries count, so that a change of them changes the digest.
        _ if !found.passed_over.is_empty() => Digest::of(format!("{} {:?}", ingest::digest_of(&found.files), found.passed_over).as_bytes()),
        _ => ingest::digest_of(&found.files),
    };
    let files = found.files.into_iter().map(|f| ListedFile { name: f.name, path: f.path, digest: f.digest, note: f.note }).collect();
    let why = |p: &ingest::PassedOver| match (p.why, p.is_directory) {
        (Passed::Link, _) => "a link that leads out of the data directory, nowhere or in a cycle",
        (Passed::Unreadable, _) => "permission denied",
    };
    let passed_over = found.passed_over.iter().map(|p| PassedOver { name: p.name.clone(), is_directory: p.is_directory, why: why(p).into() }).collect();
    Ok(Listing { digest, files, passed_over })
}
