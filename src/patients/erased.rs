//! What was erased of a store and is not there again: it is not missing, and nobody is in it. Independent of who was erased.

use super::index::Tombstone;
use hilum_cache::{Digest, Result, Store, erasure};
use std::collections::HashMap;

/// Objects that were erased, ever.
#[derive(Default)]
pub(super) struct Erasures(HashMap<Digest, Tombstone>);

impl Erasures {
    /// Reads what the journals of a store say of it.
    ///
    /// # Errors
    /// If a journal cannot be read.
    pub(super) fn read(store: &Store) -> Result<Erasures> {
        let all = erasure::all(store)?.into_iter();
        Ok(Erasures(all.map(|(digest, by)| (digest, Tombstone { run: by.run, line: by.line })).collect()))
    }

    /// True if nothing ever was.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where it stands that an object was erased; none if it was not, or if a later run made it again.
    pub(super) fn of(&self, store: &Store, digest: &Digest) -> Option<&Tombstone> {
        self.0.get(digest).filter(|_| store.object_path(digest).symlink_metadata().is_err())
    }
}
