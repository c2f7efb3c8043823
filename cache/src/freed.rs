//! What `gc` removed on purpose, so that it does not count as missing: a line `NUMBER b3:…` for each object, with the number of the
//! newest run at that time. An object that a later run made again is expected to exist again.

use crate::dir::Dir;
use crate::{Digest, Result, Store, WritableStore, journal, regular};
use std::collections::HashMap;

const FILE: &str = "freed";

/// Objects that were removed on purpose, each with the number of the newest run at that time.
pub(crate) fn all(store: &Store) -> Result<HashMap<Digest, u64>> {
    let text = match Dir::named(store.root()).and_then(|root| root.read(FILE, regular::WHOLE)) {
        Err(e) if e.is_not_found() => return Ok(HashMap::new()),
        read => read?,
    };
    let text = String::from_utf8_lossy(&text);
    let line = |l: &str| {
        let (number, digest) = l.split_once(' ')?;
        Some((digest.parse().ok()?, number.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

/// Notes objects before they are removed.
pub(crate) fn note(store: &WritableStore, objects: &[Digest]) -> Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    let newest = journal::runs(store)?.last().map_or(0, |r| r.0);
    let mut freed = all(store)?;
    freed.extend(objects.iter().map(|d| (*d, newest)));
    let mut lines: Vec<String> = freed.into_iter().map(|(digest, number)| format!("{number} {digest}\n")).collect();
    lines.sort();
    let root = Dir::named(store.root())?;
    root.replace(FILE, &[lines.concat().as_bytes()])?;
    root.sync()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regular::tests::with_hostile;

    #[test]
    fn what_is_not_a_list_is_reported_and_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let store = WritableStore::create(dir.path()).unwrap();
        with_hostile(&dir.path().join(FILE), move |form| {
            assert!(all(&store).is_err() && note(&store, &[Digest::of(b"")]).is_err(), "{form}");
        });
    }
}
