//! What changes a disk: every directory made, file created, written, renamed, removed, dated or synced passes [`perform`], and every
//! lock that may wait passes [`lock`]. In non-test builds they only do what they are asked to; in tests the simulator
//! (`simulator`) fails them, tears them, ends the process there, or remembers what a power failure would lose.
//! Independent of what is written, and why.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;

/// A name in an open directory.
pub(crate) type Place<'a> = (&'a File, &'a OsStr);

/// A change of the disk, by what it is done to.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), allow(dead_code, reason = "only the simulator looks at them"))]
pub(crate) enum Op<'a> {
    /// A directory or a file that is created, unless it is there.
    New(Place<'a>),
    /// A directory that is created by its path.
    NewPath(&'a Path),
    /// An entry that goes from one place to another.
    Rename(Place<'a>, Place<'a>),
    /// A file that goes from a path to a place.
    Adopt(&'a Path, Place<'a>),
    /// An entry that is removed.
    Remove(Place<'a>),
    /// Bytes that are written to a file.
    Write(&'a File),
    /// The length, the times or the mode of a file.
    Change(&'a File),
    /// A file that is made durable.
    SyncFile(&'a File),
    /// The entries of a directory that are made durable.
    SyncDir(&'a File),
    /// Everything on the file system of a directory that is made durable.
    SyncAll(&'a File),
}

/// Changes the disk.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn perform<T>(_: Op, act: impl FnOnce() -> Result<T>) -> Result<T> {
    act()
}

/// Before something is looked at: another process may change it first.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn look() {}

/// As many of the bytes as one write takes.
#[cfg(not(test))]
#[inline(always)]
fn taken(bytes: &[u8]) -> &[u8] {
    bytes
}

/// Takes a lock, which another process may hold: waits for it.
#[cfg(not(test))]
pub(crate) fn lock(file: &File, is_shared: bool) -> Result<()> {
    if is_shared { file.lock_shared() } else { file.lock() }
}

/// A file, each write to which is a change of the disk.
struct Written<'a>(&'a File);

impl Write for Written<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut file = self.0;
        let bytes = taken(bytes);
        perform(Op::Write(file), || file.write(bytes))
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Writes bytes at the end of what was written.
pub(crate) fn write_all(file: &File, bytes: &[u8]) -> Result<()> {
    Written(file).write_all(bytes)
}

/// Copies what is left to read of a file to another.
pub(crate) fn copy(mut from: &File, to: &File) -> Result<u64> {
    // From file to file, the system copies without showing us the bytes.
    #[cfg(not(test))]
    let mut to = to;
    #[cfg(test)]
    let mut to = Written(to);
    std::io::copy(&mut from, &mut to)
}

/// Makes the bytes of a file durable, with its times and its mode.
pub(crate) fn sync(file: &File) -> Result<()> {
    perform(Op::SyncFile(file), || file.sync_all())
}

#[cfg(test)]
pub(crate) use crate::simulator::process::{lock, look, perform, taken};
