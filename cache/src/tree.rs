//! Artifacts of several files: a tree document that names each file's object, so that equal files are stored once.

use crate::receipt::Artifact;
use crate::store::Presence;
use crate::{Digest, Error, Result, Sha256, Store, WritableStore, canonical, names, regular};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The document behind an artifact of several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The version of this record.
    pub v: u32,
    /// Files by name, sorted; a name may contain `/`.
    pub files: Vec<Entry>,
}

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name below the artifact.
    pub name: String,
    /// Its object.
    pub digest: Digest,
    /// For outside readers.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

impl WritableStore {
    /// Stores a finished directory below `tmp` as an artifact: a single file as itself, several as a tree.
    /// Nothing can be seen of it under its digest until every byte is durable.
    pub fn put_dir(&self, kind: &str, directory: &Path) -> Result<Artifact> {
        let mut names = vec![];
        for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
            let entry = entry.map_err(|e| Error::io("list", directory)(e.into()))?;
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(directory).expect("BUG: walked below").to_string_lossy().into_owned();
                names.push((name, entry.into_path()));
            }
        }
        names.sort();
        let files: Vec<Entry> = names
            .par_iter()
            .map(|(name, path)| self.take(path).map(|b| Entry { name: name.clone(), digest: b.digest, sha256: b.sha256, size: b.size }))
            .collect::<Result<_>>()?;
        self.sync_shards(files.iter().map(|f| &f.digest))?;
        if let [only] = files.as_slice()
            && !only.name.contains('/')
        {
            return Ok(Artifact { kind: kind.into(), digest: only.digest, sha256: only.sha256, bytes: only.size, file: Some(only.name.clone()) });
        }
        let bytes = files.iter().map(|f| f.size).sum();
        let document = canonical::to_bytes(&Tree { v: 1, files });
        if document.len() as u64 > regular::TREE {
            return Err(Error::TooLarge { path: directory.to_path_buf(), what: "would need a file list of", limit: regular::TREE });
        }
        let document = self.put(&document)?;
        Ok(Artifact { kind: kind.into(), digest: document.digest, sha256: document.sha256, bytes, file: None })
    }
}

impl Store {
    /// The files of an artifact.
    pub fn files(&self, artifact: &Artifact) -> Result<Vec<Entry>> {
        let fault = |why: String| Error::Record { path: self.object_path(&artifact.digest), why };
        let refused = |name: &str| fault(format!("it contains a file called `{}`, which is not a plain name", name.escape_debug()));
        if let Some(name) = &artifact.file {
            if !names::is_plain(name) {
                return Err(refused(name));
            }
            return Ok(vec![Entry { name: name.clone(), digest: artifact.digest, sha256: artifact.sha256, size: artifact.bytes }]);
        }
        let bytes = self.read_tree(&artifact.digest)?;
        let tree: Tree = serde_json::from_slice(&bytes).map_err(|e| fault(e.to_string()))?;
        if let Some(bad) = tree.files.iter().find(|f| !names::is_plain(&f.name)) {
            return Err(refused(&bad.name));
        }
        Ok(tree.files)
    }

    /// True if every object of an artifact is there and untouched, as far as `stat` can tell.
    pub fn has_intact(&self, artifact: &Artifact) -> bool {
        let size = artifact.file.as_ref().map(|_| artifact.bytes);
        self.presence(&artifact.digest, size) == Presence::Intact
            && (artifact.file.is_some()
                || self.files(artifact).is_ok_and(|files| files.iter().all(|f| self.presence(&f.digest, Some(f.size)) == Presence::Intact)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// As many as a stage may draw, by the length of an entry: names of seven digits, and files of a megabyte.
    #[test]
    fn a_list_of_three_million_files_is_within_the_limit() {
        let entry = |n: u32| Entry { name: format!("images/{n:05}.png"), digest: Digest::of(b""), sha256: Sha256::of(b""), size: 1_000_000 };
        let length = |files: u32| canonical::to_bytes(&Tree { v: 1, files: (3_000_000 - files..3_000_000).map(entry).collect() }).len() as u64;
        let each = length(2) - length(1);
        assert!(each * 3_000_000 + length(0) <= regular::TREE, "{each}");
    }

    #[test]
    fn one_file_is_itself_and_several_are_a_tree() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        let write = |names: &[&str]| {
            let work = store.scratch().unwrap();
            for name in names {
                let path = work.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, format!("bytes of {name}")).unwrap();
            }
            store.put_dir("table", work.path()).unwrap()
        };
        let single = write(&["a.csv"]);
        assert_eq!((single.file.as_deref(), single.digest), (Some("a.csv"), Digest::of(b"bytes of a.csv")));
        let tree = write(&["b/x.png", "a.csv"]);
        assert_eq!(store.files(&tree).unwrap().iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a.csv", "b/x.png"]);
        assert!(store.has_intact(&tree));
        fs::remove_file(store.object_path(&single.digest)).unwrap();
        assert!(!store.has_intact(&tree), "a tree is whole only with all its files");
        for name in ["../../x", "/etc/x", "a/../../x", ".x", "a\u{1b}[2J"] {
            let file = Entry { name: name.into(), digest: single.digest, sha256: single.sha256, size: single.bytes };
            let document = store.put(&canonical::to_bytes(&Tree { v: 1, files: vec![file] })).unwrap();
            let hostile = Artifact { digest: document.digest, file: None, ..tree.clone() };
            assert!(matches!(store.files(&hostile), Err(Error::Record { .. })), "{name}");
            assert!(matches!(store.files(&Artifact { file: Some(name.into()), ..single.clone() }), Err(Error::Record { .. })), "{name}");
        }
    }
}
