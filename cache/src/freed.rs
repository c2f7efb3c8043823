//! What `gc` removed on purpose, so that nobody takes it for lost: a line `NUMBER b3:…` for each object, with the number of the
//! newest run at that time. An object that a later run made again is due again.

use crate::memo::write_private;
use crate::store::sync_folder;
use crate::{Digest, Result, Store, WritableStore, journal};
use std::collections::HashMap;
use std::fs;

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
    write_private(&store.root().join(FILE), lines.concat().as_bytes())?;
    sync_folder(store.root())
}
