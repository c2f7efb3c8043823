//! Parameters that name files outside the store.

use hilum_cache::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    pub help: Option<String>,
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
