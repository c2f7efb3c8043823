//! The one reader of journals: lines as typed entries. Independent of what a run is.

use super::event::Event;
use super::scan;
use crate::{Result, Store};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;

/// The version of lines that this program writes and reads.
pub(super) const VERSION: u64 = 1;
const RECEIPT: &str = "receipt";

/// A line of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number within the journal, from 0.
    pub seq: u64,
    /// When it was written (RFC 3339, UTC).
    pub time: String,
    /// The name of its type.
    pub kind: String,
    /// What it says. None where this program does not know: the type is one of a newer program, or the line was altered.
    pub event: Option<Event>,
}

impl Entry {
    /// True if the line is of a type that this program writes, and cannot be read all the same: nobody wrote it so.
    pub fn is_spoilt(&self) -> bool {
        self.event.is_none() && super::event::is_known(&self.kind)
    }
}

/// What is read of every line.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default)]
    v: u64,
    #[serde(default)]
    seq: u64,
    #[serde(default, borrow)]
    time: Cow<'a, str>,
    #[serde(default, borrow, rename = "type")]
    kind: Cow<'a, str>,
}

/// The lines of a run's journal that can be read, in order: neither a torn last line nor a damaged one hides the others.
/// [`super::first_broken_line`] says whether one is missing.
///
/// # Errors
/// If the journal cannot be opened as a file of its store, by no link, or is too long.
pub fn entries(store: &Store, run: &str) -> Result<Vec<Entry>> {
    Ok(of_bytes(&super::read(store, run)?))
}

/// The same of a journal's bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> Vec<Entry> {
    scan::lines(bytes, 0).filter_map(|line| entry(&bytes[line])).collect()
}

/// What a line says. The only place that decides whether this program knows it.
pub(crate) fn entry(line: &[u8]) -> Option<Entry> {
    let head: Head = serde_json::from_slice(line).ok()?;
    let event = match &*head.kind {
        _ if head.v != VERSION => None,
        RECEIPT => receipt(line).map(|receipt| Event::Receipt { receipt: Box::new(receipt) }),
        _ => serde_json::from_slice(line).ok(),
    };
    Some(Entry { seq: head.seq, time: head.time.into_owned(), kind: head.kind.into_owned(), event })
}

/// The parts of a receipt that `T` names, if the line is a receipt: all of it is read only where all of it is asked for. A line with
/// more members is none, as is a receipt with more: what they mean for a result that may be reused is not known.
pub(crate) fn receipt<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line<'a, T> {
        v: u64,
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        receipt: T,
        #[serde(rename = "number")]
        _number: Option<IgnoredAny>,
        #[serde(rename = "seq")]
        _seq: IgnoredAny,
        #[serde(rename = "prev")]
        _prev: IgnoredAny,
        #[serde(rename = "time")]
        _time: IgnoredAny,
    }
    // Looked at once as a whole, it need not be again for every name in it.
    let line: Line<T> = serde_json::from_str(std::str::from_utf8(line).ok()?).ok()?;
    (line.v == VERSION && line.kind == RECEIPT).then_some(line.receipt)
}

/// The lines of a run's journal as they are, to be shown and not to be interpreted: whoever asks what a line says takes [`entries`].
///
/// # Errors
/// As [`entries`].
pub fn objects(store: &Store, run: &str) -> Result<Vec<Value>> {
    let bytes = super::read(store, run)?;
    Ok(scan::lines(&bytes, 0).filter_map(|line| serde_json::from_slice(&bytes[line]).ok()).collect())
}
