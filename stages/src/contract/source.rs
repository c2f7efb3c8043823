//! Parameters that name files outside the store.

use super::conversion::Conversion;
use hilum_cache::{Digest, ingest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A path as a study writes it: `NAME:path` below a directory given on the command line, or relative to the study's
/// file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SourcePath(pub String);

/// A path parameter of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The parameter, such as `images`; dots lead into maps.
    pub parameter: String,
    /// Its value.
    pub path: SourcePath,
    /// What it must name.
    pub what: SourceKind,
    /// What to do where it is not there.
    pub help: Option<Help>,
}

/// What to do where a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// In words.
    Say(&'static str),
    /// Make the file from weights of others.
    Convert(Conversion),
}

impl Help {
    /// The help for what was looked for at this path.
    pub fn at(self, path: &Path) -> String {
        match self {
            Help::Say(what) => what.to_owned(),
            Help::Convert(conversion) => conversion.of_missing(path),
        }
    }
}

/// The files that path parameters name, before anything runs; none where there is no such file, or it cannot be read.
pub trait SourceFiles {
    /// Where the file of a parameter lies.
    fn path(&self, parameter: &str) -> Option<PathBuf>;
    /// Its SHA-256 in hexadecimal, which is remembered from one time to the next.
    fn sha256(&self, parameter: &str) -> Option<String>;
    /// Its first bytes, at most so many, and how many it has.
    fn beginning(&self, parameter: &str, bytes: u64) -> Option<(Vec<u8>, u64)> {
        let file = File::open(self.path(parameter)?).ok()?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        let mut first = vec![];
        file.take(bytes).read_to_end(&mut first).ok()?;
        Some((first, size))
    }
    /// All its bytes.
    fn read(&self, parameter: &str) -> Option<Vec<u8>> {
        ingest::read(&self.path(parameter)?).ok()
    }
}

/// What a path must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// One file, read as it is.
    File,
    /// A directory of images.
    Images,
    /// A directory of CSV tables.
    Tables,
}

/// What a path named when the stage was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The digest that stands in the recipe.
    pub digest: Digest,
    /// The files, sorted by name.
    pub files: Vec<ListedFile>,
    /// What lay there and was not looked at, sorted by name.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

/// A file or directory that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Its name below the directory.
    pub name: String,
    /// True for a directory, whose files are not known.
    pub is_directory: bool,
    /// Why, in a few words.
    pub why: String,
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its name below the directory, or the file's own name.
    pub name: String,
    /// Where it lies.
    #[serde(with = "hilum_cache::path_bytes")]
    pub path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What [`crate::data::inspect`] said of it.
    pub note: String,
}
