//! What is not in a store on purpose. Independent of who asks.

use hilum_cache::{Digest, Result, Store, erasure, gc};
use std::collections::HashSet;

/// Objects that `hilum gc` removed, or that were erased with a patient, ever: one that a later run made again may be there.
///
/// # Errors
/// If a journal, or the list of what was removed, cannot be read.
pub fn removed(store: &Store) -> Result<HashSet<Digest>> {
    let mut all = gc::removed(store)?;
    all.extend(erasure::all(store)?.into_keys());
    Ok(all)
}
