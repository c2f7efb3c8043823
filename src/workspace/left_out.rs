//! Lists of files that stages excluded, with the reason: private, since they contain names from the source.

use super::{IMAGE_MAP, ImageMap, Workspace, lock_dir};
use hilum_cache::{Digest, Error, Result, StageKey, memo};
use hilum_stages::contract::context::LeftOut;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// The directory of the lists within the private directory.
const DIRECTORY: &str = "left-out";

/// File systems allow names of 255 bytes.
const MAX_NAME: usize = 230;

impl Workspace {
    /// Where the list of a stage lies. Each recipe has its own list: it may be used again.
    fn left_out_list(&self, stage: &str, key: &StageKey) -> PathBuf {
        let name = stage.replace('/', ".");
        let name = if name.len() > MAX_NAME { Digest::of(name.as_bytes()).hex() } else { name };
        self.private.join(DIRECTORY).join(format!("{name}-{}.csv", &key.0.hex()[..8]))
    }

    /// Writes a stage's list and gives its path.
    ///
    /// # Errors
    /// If the private directory cannot be written to.
    pub fn save_left_out(&self, stage: &str, key: &StageKey, files: &[LeftOut]) -> Result<PathBuf> {
        self.create_private()?;
        let directory = self.private.join(DIRECTORY);
        if directory.is_symlink() {
            return Err(Error::Link { path: directory });
        }
        if !directory.is_dir() {
            DirBuilder::new().mode(0o700).create(&directory).map_err(Error::io("create", &directory))?;
        }
        let _alone = lock_dir(&self.private)?;
        let images = if files.iter().any(|f| digest_in(f).is_some()) { ImageMap::load(&self.private.join(IMAGE_MAP)) } else { ImageMap::default() };
        let named = |f: &LeftOut| match digest_in(f).and_then(|d| images.0.get(&d)) {
            Some(path) => LeftOut { name: path.to_string_lossy().into_owned(), ..f.clone() },
            None => f.clone(),
        };
        let mut rows: Vec<LeftOut> = files.iter().map(named).collect();
        rows.sort();
        let path = self.left_out_list(stage, key);
        memo::write_private(&path, table(&rows).as_bytes())?;
        Ok(path)
    }
}

/// The image that a stage knows by its digest alone.
fn digest_in(file: &LeftOut) -> Option<Digest> {
    file.name.parse().ok()
}

/// A table with a row per file. Cells are quoted, and none begins with what a spreadsheet would run.
fn table(rows: &[LeftOut]) -> String {
    let cell = |text: &str| {
        let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    let row = |r: &LeftOut| format!("{},{},{}\n", cell(&r.name), cell(&r.label), cell(&r.reason));
    std::iter::once("name,label,reason\n".to_owned()).chain(rows.iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_no_spreadsheet_runs_them() {
        let row = |name: &str| LeftOut { name: name.into(), label: "covid".into(), reason: "no such file".into() };
        let rows = [row("a, \"b\".png"), row("=1+1.png")];
        assert_eq!(table(&rows), "name,label,reason\n\"a, \"\"b\"\".png\",\"covid\",\"no such file\"\n\"'=1+1.png\",\"covid\",\"no such file\"\n");
    }
}
