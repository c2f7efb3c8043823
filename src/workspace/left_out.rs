//! Lists of files that stages excluded, with the reason: private, since they contain names from the source.

use super::{IMAGE_MAP, ImageMap, Workspace, lock_dir};
use hilum_cache::{Digest, Error, Result, StageKey, memo};
use hilum_stages::contract::context::LeftOut;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// The directory of the lists within the private directory.
pub(super) const DIRECTORY: &str = "left-out";

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

/// The rows of such a table; none of what is not one.
pub(super) fn read(bytes: &[u8]) -> Vec<LeftOut> {
    let bare = |cell: &str| {
        let guarded = cell.strip_prefix('\'').filter(|rest| rest.starts_with(GUARDED));
        guarded.unwrap_or(cell).to_owned()
    };
    let rows = csv::Reader::from_reader(bytes).into_records().flatten();
    rows.filter_map(|row| Some(LeftOut { name: bare(row.get(0)?), label: bare(row.get(1)?), reason: bare(row.get(2)?) })).collect()
}

/// How cells begin that a spreadsheet would run.
const GUARDED: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A table with a row per file. Cells are quoted, and none begins with what a spreadsheet would run.
pub(super) fn table(rows: &[LeftOut]) -> String {
    let cell = |text: &str| {
        let guard = if text.starts_with(GUARDED) { "'" } else { "" };
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

    #[test]
    fn every_recipe_has_a_list_whose_name_a_file_may_have() {
        let workspace = Workspace::of(std::path::Path::new("below/study.yaml"), None, None, Default::default());
        let [one, other] = [b"one", b"two"].map(|b| StageKey(Digest::of(b)));
        let name = |stage: &str, key| workspace.left_out_list(stage, key).file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name("images/arm=a", &one), format!("images.arm=a-{}.csv", &one.0.hex()[..8]));
        assert_ne!(name("images", &one), name("images", &other));
        let long = format!("images/{}", "a".repeat(300));
        assert!(name(&long, &one).len() < 255);
        assert_ne!(name(&long, &one), name(&format!("{long}b"), &one));
        assert_eq!(workspace.left_out_list("images", &one).parent().unwrap(), std::path::Path::new("below/.hilum-private/left-out"));
    }

    #[test]
    fn an_image_that_is_known_by_its_digest_is_listed_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::of(&dir.path().join("study.yaml"), None, None, Default::default());
        let (known, unknown) = (Digest::of(b"known"), Digest::of(b"unknown"));
        workspace.create_private().unwrap();
        memo::write_private(&workspace.private.join(IMAGE_MAP), format!("{}\t/data/a.png\0", known.hex()).as_bytes()).unwrap();
        let row = |name: String| LeftOut { name, label: String::new(), reason: "damaged".into() };
        let files = [row(unknown.to_string()), row(known.to_string()), row("b.png".into())];
        let path = workspace.save_left_out("pixels", &StageKey(known), &files).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("\"/data/a.png\"") && text.contains("\"b.png\"") && text.contains(&unknown.to_string()), "{text}");
        assert!(!text.contains(&known.to_string()), "{text}");
    }
}
