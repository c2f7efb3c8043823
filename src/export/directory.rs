//! The directory that an export is written to: first beside its place, under another name, and there only when it was found to be
//! what its document says. Independent of formats.

use super::Export;
use super::claims::Claim;
use super::error::{Error, Result};
use super::forbidden::Forbidden;
use hilum_cache::evidence::Envelope;
use hilum_cache::tree::Entry;
use hilum_cache::{Error as StoreError, Sha256, Store, store};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The type of payloads that files may hold in envelopes: a statement of in-toto.
pub(super) const STATEMENT: &str = "application/vnd.in-toto+json";

/// A directory that is being written.
pub(super) struct Directory {
    /// Where it will be.
    to: PathBuf,
    /// Holds the files until then, and is removed with them if it does not come to that.
    held: tempfile::TempDir,
    remarks: Vec<String>,
}

/// A file that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) sha256: Sha256,
    pub(super) size: u64,
}

/// The name of the files' directory while it is written.
const FILES: &str = "export";

impl Directory {
    /// A directory beside the place where it will be, which does not exist or is empty.
    ///
    /// # Errors
    /// If something is there, or nothing can be written.
    pub(super) fn beside(to: &Path) -> Result<Directory> {
        let above = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match fs::read_dir(to).map(|mut entries| entries.next().is_none()) {
            Ok(false) => return Err(Error::NotEmpty(to.to_owned())),
            Ok(true) => {}
            Err(_) if to.symlink_metadata().is_ok() => return Err(Error::File(to.to_owned())),
            Err(_) if !above.is_dir() => return Err(Error::NoParent(above.to_owned())),
            Err(_) => {}
        }
        let held = tempfile::Builder::new().prefix(".hilum-export-").tempdir_in(above).map_err(StoreError::io("write to", above))?;
        let files = held.path().join(FILES);
        fs::create_dir(&files).map_err(StoreError::io("create", &files))?;
        Ok(Directory { to: to.to_owned(), held, remarks: vec![] })
    }

    /// Where a file is while it is written; its directories are created.
    ///
    /// # Errors
    /// If they cannot be.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.held.path().join(FILES).join(name);
        let above = path.parent().expect("BUG: it is below the files' directory");
        fs::create_dir_all(above).map_err(StoreError::io("create", above))?;
        Ok(path)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<Written> {
        let path = self.path(name)?;
        fs::write(&path, bytes).map_err(StoreError::io("write", &path))?;
        Ok(Written { sha256: Sha256::of(bytes), size: bytes.len() as u64 })
    }

    /// Writes a file of the store under this name.
    ///
    /// # Errors
    /// If it is damaged or missing, or cannot be written.
    pub(super) fn copy(&mut self, name: &str, file: &Entry, store: &Store) -> Result<Written> {
        self.put(name, &store.read(&file.digest)?)
    }

    /// Keeps a sentence for whoever passes the export on.
    pub(super) fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    pub(super) fn take_remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    /// Reads everything again: the document must name every file beside it with its digest, and no file may hold what is forbidden.
    /// Gives how many files and bytes there are.
    ///
    /// # Errors
    /// At the first file where this is not so.
    pub(super) fn check(&self, export: &Export, forbidden: &Forbidden) -> Result<(usize, u64)> {
        let top = self.held.path().join(FILES);
        let document = top.join(export.document);
        let bytes = fs::read(&document).map_err(StoreError::io("read", &document))?;
        let value = serde_json::from_slice(&bytes).map_err(|e| Error::Record { what: export.document.to_owned(), why: e.to_string() })?;
        let mut claims: BTreeMap<String, String> = (export.claims)(&value).into_iter().map(|Claim { file, sha256 }| (file, sha256)).collect();
        let (mut files, mut size) = (0, 0);
        for file in below(&top, "")? {
            let path = top.join(&file);
            let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
            // What is in an envelope is not in its bytes.
            let payload = Envelope::read(&bytes).and_then(|envelope| envelope.payload(STATEMENT)).unwrap_or_default();
            if let Some(what) = [bytes.as_slice(), &payload, file.as_bytes()].iter().find_map(|bytes| forbidden.find(bytes)) {
                return Err(Error::Forbidden { file, what });
            }
            (files, size) = (files + 1, size + bytes.len() as u64);
            if file == export.document {
                continue;
            }
            let found = store::hash_file(&path)?.1.hex();
            match claims.remove(&file) {
                None => return Err(Error::Unclaimed { file, why: "is not described" }),
                Some(expected) if expected != found => return Err(Error::Differs { file, expected, found }),
                Some(_) => {}
            }
        }
        match claims.into_keys().next() {
            Some(file) => Err(Error::Unclaimed { file, why: "is described, but was not written" }),
            None => Ok((files, size)),
        }
    }

    /// Moves it to its place.
    ///
    /// # Errors
    /// If that cannot be done, as where something has come to be there meanwhile.
    pub(super) fn finish(self) -> Result<()> {
        // An empty directory in its place is replaced by it, and one that is not is left as it is.
        Ok(fs::rename(self.held.path().join(FILES), &self.to).map_err(StoreError::io("move the export to", &self.to))?)
    }
}

/// The files below a directory, by their paths in it, sorted.
fn below(top: &Path, directory: &str) -> Result<Vec<String>> {
    let here = top.join(directory);
    let (mut out, mut entries) = (vec![], vec![]);
    for entry in fs::read_dir(&here).map_err(StoreError::io("list", &here))? {
        let entry = entry.map_err(StoreError::io("list", &here))?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir()));
    }
    entries.sort();
    for (name, is_directory) in entries {
        let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        if is_directory { out.extend(below(top, &path)?) } else { out.push(path) }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn claims(document: &Value) -> Vec<Claim> {
        let claim = |(file, sha256): (&String, &Value)| Claim { file: file.clone(), sha256: sha256.as_str().unwrap().to_owned() };
        document.as_object().unwrap().iter().map(claim).collect()
    }

    const EXPORT: Export = Export { name: "e", about: "", document: "all.json", is_signed: false, write: |_, _, _| Ok(Value::Null), claims };

    fn written(files: &[(&str, &str)], held: &tempfile::TempDir) -> Directory {
        let mut directory = Directory::beside(&held.path().join("out")).unwrap();
        let mut all = serde_json::Map::new();
        for (name, text) in files {
            all.insert((*name).to_owned(), json!(directory.put(name, text.as_bytes()).unwrap().sha256.hex()));
        }
        directory.put("all.json", &serde_json::to_vec(&all).unwrap()).unwrap();
        directory
    }

    #[test]
    fn what_is_as_described_gets_to_its_place() {
        let held = tempfile::tempdir().unwrap();
        fs::create_dir(held.path().join("out")).unwrap();
        let directory = written(&[("a.csv", "1"), ("b/c.csv", "2")], &held);
        assert_eq!(directory.check(&EXPORT, &Forbidden::default()).unwrap().0, 3);
        directory.finish().unwrap();
        assert_eq!(fs::read_to_string(held.path().join("out/b/c.csv")).unwrap(), "2");
        assert_eq!(fs::read_dir(held.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(matches!(Directory::beside(&held.path().join("out")), Err(Error::NotEmpty(_))));
        assert!(matches!(Directory::beside(&held.path().join("out/a.csv")), Err(Error::File(_))));
        assert!(matches!(Directory::beside(&held.path().join("no/out")), Err(Error::NoParent(_))));
    }

    #[test]
    fn a_changed_a_missing_and_a_further_file_are_found_and_leave_nothing() {
        let held = tempfile::tempdir().unwrap();
        let check = |spoil: &dyn Fn(&mut Directory)| {
            let mut directory = written(&[("a.csv", "1")], &held);
            spoil(&mut directory);
            directory.check(&EXPORT, &Forbidden::default()).unwrap_err()
        };
        assert!(matches!(check(&|d| drop(d.put("a.csv", b"2"))), Error::Differs { file, .. } if file == "a.csv"));
        assert!(matches!(check(&|d| fs::remove_file(d.path("a.csv").unwrap()).unwrap()), Error::Unclaimed { file, .. } if file == "a.csv"));
        assert!(matches!(check(&|d| drop(d.put("z/b.csv", b"2"))), Error::Unclaimed { file, .. } if file == "z/b.csv"));
        assert_eq!(fs::read_dir(held.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_planted_string_is_found_in_every_file_and_in_names_of_files() {
        let held = tempfile::tempdir().unwrap();
        let forbidden = Forbidden::of_machine(&[held.path().to_owned()], &["jdoe".into()], &[]);
        let here = held.path().canonicalize().unwrap().display().to_string();
        for (name, text) in [("a.csv", here.as_str()), ("b.png", "\u{1}jdoe\u{1}"), ("c/jdoe/x.csv", "1"), ("d", "p:09896efb8ef114158c91ec36490f5867")] {
            let found = written(&[("fine.csv", "1"), (name, text)], &held).check(&EXPORT, &forbidden).unwrap_err();
            assert!(matches!(&found, Error::Forbidden { file, .. } if file == name || file == "all.json"), "{name}: {found}");
        }
    }
}
