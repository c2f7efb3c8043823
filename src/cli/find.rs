//! Which study is meant where none is named, and which file was meant where a name is wrong. Reads no study.

use super::wrong;
use crate::pipeline::source;
use std::path::{Path, PathBuf};

/// The study that is meant in a directory without more words.
pub(super) const USUAL: &str = "hilum.yaml";
/// Studies that are listed where there are several.
const MAX_LISTED: usize = 10;

/// The study's file: the one that is named, `hilum.yaml`, or the only one in this directory.
///
/// # Errors
/// If there is none, or more than one.
pub(super) fn study(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file.to_path_buf());
    }
    if Path::new(USUAL).is_file() {
        return Ok(USUAL.into());
    }
    match studies().as_slice() {
        [] => Err(wrong("no study named, and none found in this directory").help("name its file, or create one with `hilum init DIR`").into()),
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<String> = several.iter().take(MAX_LISTED).map(|p| format!("`{}`", p.display())).collect();
            let more = if several.len() > MAX_LISTED { format!(" and {} more", several.len() - MAX_LISTED) } else { String::new() };
            Err(wrong(format!("no study named, and this directory has {}: {}{more}", several.len(), names.join(", ")))
                .help(format!("name one of them; `{USUAL}` is the default"))
                .into())
        }
    }
}

/// The studies of the current directory, by name.
pub(super) fn studies() -> Vec<PathBuf> {
    let is_yaml = |p: &Path| p.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let files = std::fs::read_dir(".").into_iter().flatten().flatten().map(|e| PathBuf::from(e.file_name()));
    let mut studies: Vec<PathBuf> = files.filter(|p| is_yaml(p) && source::is_study(p)).collect();
    studies.sort();
    studies
}
