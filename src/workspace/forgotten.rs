//! Removing what the private directory knows of a patient's files: where they are, and that they were left out. Independent of who it is.

use super::{IMAGE_MAP, ImageMap, MEMO, SHA256, Workspace, left_out, lock_dir};
use hilum_cache::memo::Memo;
use hilum_cache::{Digest, Error, Result, memo};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Whose files are meant.
pub struct Theirs<'a> {
    /// The images.
    pub images: &'a BTreeSet<Digest>,
    /// True for the name of a file, as a list spells it.
    pub is_named: &'a dyn Fn(&str) -> bool,
    /// True for the beginning of a key whose list of left-out files is still of use.
    pub is_kept: &'a dyn Fn(&str) -> bool,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Paths of images.
    pub paths: usize,
    /// Entries of memos.
    pub remembered: usize,
    /// Rows of lists of left-out files.
    pub rows: usize,
    /// Such lists.
    pub lists: usize,
}

impl Workspace {
    /// Where these images are, or were when an import saw them last.
    pub fn paths_of(&self, images: &BTreeSet<Digest>) -> Vec<PathBuf> {
        let known = ImageMap::load(&self.private.join(IMAGE_MAP));
        images.iter().filter_map(|image| known.0.get(image).cloned()).collect()
    }

    /// Removes what it knows of someone's files. What is there again with other bytes stays.
    ///
    /// # Errors
    /// If a file cannot be written or removed.
    pub fn forget(&self, theirs: &Theirs) -> Result<Forgotten> {
        let mut out = Forgotten::default();
        if !self.private.is_dir() {
            return Ok(out);
        }
        let _alone = lock_dir(&self.private)?;
        let path = self.private.join(IMAGE_MAP);
        let mut images = ImageMap::load(&path);
        let before = images.0.len();
        images.0.retain(|image, _| !theirs.images.contains(image));
        out.paths = before - images.0.len();
        if out.paths > 0 {
            images.save(&path)?;
        }
        for name in [MEMO, SHA256] {
            // A file that is gone may have been the patient's: nothing is lost with what was known of it.
            let is_gone = |path: &Path, digest: Option<Digest>| digest.is_some_and(|digest| theirs.images.contains(&digest)) || !path.exists();
            out.remembered += Memo::remove(&self.private.join(name), &is_gone)?;
        }
        let directory = self.private.join(left_out::DIRECTORY);
        if directory.is_symlink() || !directory.is_dir() {
            return Ok(out);
        }
        for entry in fs::read_dir(&directory).map_err(Error::io("read", &directory))?.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let Some(key) = name.strip_suffix(".csv").and_then(|name| name.rsplit_once('-')).map(|(_, key)| key) else { continue };
            let remove = || fs::remove_file(&path).map_err(Error::io("remove", &path));
            if !(theirs.is_kept)(key) {
                remove()?;
                out.lists += 1;
                continue;
            }
            let rows = left_out::read(&memo::read_private(&path)?);
            let kept: Vec<_> = rows.iter().filter(|row| !(theirs.is_named)(&row.name)).cloned().collect();
            out.rows += rows.len() - kept.len();
            match () {
                () if kept.len() == rows.len() => {}
                () if kept.is_empty() => {
                    remove()?;
                    out.lists += 1;
                }
                () => memo::write_private(&path, left_out::table(&kept).as_bytes())?,
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_cache::StageKey;
    use hilum_stages::contract::context::LeftOut;

    #[test]
    fn what_is_known_of_files_goes_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::of(&dir.path().join("study.yaml"), None, None, std::collections::BTreeMap::new());
        let [theirs, other] = [b"theirs", b"others"].map(|bytes| Digest::of(bytes));
        assert_eq!(workspace.forget(&Theirs { images: &[theirs].into(), is_named: &|_| true, is_kept: &|_| true }).unwrap(), Forgotten::default());
        workspace.create_private().unwrap();
        let map = format!("{}\t/data/a.png\0{}\t/data/b.png\0", theirs.hex(), other.hex());
        memo::write_private(&workspace.private.join(IMAGE_MAP), map.as_bytes()).unwrap();
        let row = |name: &str| LeftOut { name: name.into(), label: "=covid".into(), reason: "a \"quoted\", reason".into() };
        let [kept, old] = [StageKey(Digest::of(b"kept")), StageKey(Digest::of(b"old"))];
        let path = workspace.save_left_out("images", &kept, &[row("P1.png"), row("-P2.png")]).unwrap();
        let old_path = workspace.save_left_out("images", &old, &[row("P2.png")]).unwrap();
        assert_eq!(workspace.paths_of(&[theirs].into()), [PathBuf::from("/data/a.png")]);
        let of_key = kept.0.hex()[..8].to_owned();
        let asked = Theirs { images: &[theirs].into(), is_named: &|name| name == "P1.png", is_kept: &|key| key == of_key };
        assert_eq!(workspace.forget(&asked).unwrap(), Forgotten { paths: 1, remembered: 0, rows: 1, lists: 1 });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "name,label,reason\n\"'-P2.png\",\"'=covid\",\"a \"\"quoted\"\", reason\"\n", "a guard is not guarded again");
        assert!(!old_path.exists() && ImageMap::load(&workspace.private.join(IMAGE_MAP)).0.len() == 1);
        assert_eq!(workspace.forget(&asked).unwrap(), Forgotten::default(), "once more, there is nothing left to do");
    }
}
