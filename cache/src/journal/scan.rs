//! The fast way through a journal's bytes: lines that seem to be receipts, and their keys, without reading JSON. Only a first
//! look: whoever uses such a line reads it by [`entry`](super::entry), which may refuse it. `agreement` holds both to each other.

use crate::{Digest, StageKey};
use memchr::memmem::{find, rfind};
use std::ops::Range;

const KEY: &[u8] = br#""key":"b3:"#;
/// Where the stage of a canonical receipt is named: behind its recipe, which is an object.
const STAGE: &[u8] = br#"},"stage":""#;
/// Canonical lines end in `"time":…,"type":…,"v":1}`, which is shorter: looking there spares most of the work.
const TAIL: usize = 64;
/// Within this many bytes of the end stand the stage and the study of a canonical receipt, if their names are of usual length.
const NAMES: usize = 512;

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

/// The names of the stage and of the study of a line that may be a receipt, where they can be told without reading it. In a canonical
/// line they are the last members of the receipt, and what follows it is known to the byte: behind the type of a newer program may
/// stand a member that ends as a receipt does.
pub(crate) fn stage_and_study(line: &[u8]) -> Option<(&str, &str)> {
    let tail = &line[line.len().saturating_sub(NAMES)..];
    let (stage, rest) = text(&tail[rfind(tail, STAGE)? + STAGE.len()..])?;
    let (_, rest) = text(rest.strip_prefix(br#","started":""#)?)?;
    let (study, rest) = text(rest.strip_prefix(br#","study":""#)?)?;
    let rest = rest.strip_prefix(br#"},"seq":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (_, rest) = text(rest[digits..].strip_prefix(br#","time":""#)?)?;
    (rest == br#","type":"receipt","v":1}"#).then_some((stage, study))
}

/// A text without escapes, up to its closing quote, and what follows it.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (text, rest) = bytes.split_at(memchr::memchr2(b'"', b'\\', bytes)?);
    Some((std::str::from_utf8(text).ok()?, rest.strip_prefix(b"\"")?))
}
