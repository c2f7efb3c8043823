//! What `gc` removed on purpose, so that nobody takes it for lost: a line `NUMBER b3:…` for each object, with the number of the
//! newest run at that time. An object that a later run made again is due again.

use crate::store::sync_folder;
use crate::{Digest, Error, Result, Store, WritableStore, journal};
use std::collections::HashMap;
use std::fs;
use std::io::Write;

const FILE: &str = "freed";

/// Objects that were removed on purpose, each with the number of the newest run at that time.
pub(crate) fn all(store: &Store) -> HashMap<Digest, u64> {
    let text = fs::read_to_string(store.root().join(FILE)).unwrap_or_default();
    let line = |l: &str| {
        let (number, digest) = l.split_once(' ')?;
        Some((digest.parse().ok()?, number.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// Notes objects before they are removed.
pub(crate) fn note(store: &WritableStore, objects: &[Digest]) -> Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    let newest = journal::runs(store)?.last().map_or(0, |r| r.0);
    let mut freed = all(store);
    freed.extend(objects.iter().map(|d| (*d, newest)));
    let mut lines: Vec<String> = freed.into_iter().map(|(digest, number)| format!("{number} {digest}\n")).collect();
    lines.sort();
    let (path, tmp) = (store.root().join(FILE), store.root().join("tmp"));
    let mut new = tempfile::Builder::new().prefix("freed-").tempfile_in(&tmp).map_err(Error::io("write in", &tmp))?;
    new.write_all(lines.concat().as_bytes()).and_then(|()| new.as_file().sync_all()).map_err(Error::io("write in", &tmp))?;
    new.persist(&path).map_err(|e| Error::io("write", &path)(e.error))?;
    sync_folder(store.root())
}
