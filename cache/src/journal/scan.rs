//! The fast way through a journal's bytes: lines that seem to be receipts, and their keys, without reading JSON. Only a first
//! look: whoever uses such a line reads it by [`entry`](super::entry), which may refuse it. `agreement` holds both to each other.

use crate::{Digest, StageKey};
use memchr::memmem::find;
use std::ops::Range;

const KEY: &[u8] = br#""key":"b3:"#;
/// Canonical lines end in `"time":…,"type":…,"v":1}`, which is shorter: looking there spares most of the work.
const TAIL: usize = 64;

/// Lines that are complete and not empty, from a byte that begins one.
pub(crate) fn lines(bytes: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = from;
    std::iter::from_fn(move || {
        let end = start + memchr::memchr(b'\n', &bytes[start..])?;
        Some(std::mem::replace(&mut start, end + 1)..end)
    })
    .filter(|line| !line.is_empty())
}

/// False for lines that are certainly not receipts.
pub(crate) fn may_be_receipt(line: &[u8]) -> bool {
    ends_as(line, br#""type":"receipt""#)
}

/// False for lines that certainly do not say of stages that they are up to date.
pub(crate) fn may_be_reused(line: &[u8]) -> bool {
    ends_as(line, br#""type":"reused""#)
}

fn ends_as(line: &[u8], kind: &[u8]) -> bool {
    find(&line[line.len().saturating_sub(TAIL)..], kind).is_some()
}

/// The key of a line that may be a receipt. In a canonical one it is the first member that looks so: within a text, quotes are
/// escaped.
pub(crate) fn key(line: &[u8]) -> Option<StageKey> {
    let at = find(line, KEY)? + KEY.len();
    let hex = line.get(at..at + 64)?;
    std::str::from_utf8(hex).ok().and_then(Digest::from_hex).map(StageKey)
}
