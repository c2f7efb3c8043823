//! Objects: opened through no link, verified when they are used, moved aside where they are damaged. Whatever lies in the place of
//! an object and is not a file is a damaged object.

use super::{Store, hash};
use crate::marks::mark;
use crate::memo::Stamp;
use crate::{Digest, Error, Result, regular};
use rustix::fs::FileType;
use std::fs::File;
use std::io::Seek;
use std::path::PathBuf;

impl Store {
    /// An object, whatever its bytes are.
    pub(super) fn open_object(&self, digest: &Digest) -> Result<File> {
        self.open_in_place(digest).map_err(|e| match e {
            Error::Foreign { due: "file", .. } => self.found_damaged(digest),
            e if e.is_not_found() => Error::Missing(*digest),
            e => e,
        })
    }

    fn open_in_place(&self, digest: &Digest) -> Result<File> {
        let hex = digest.hex();
        self.directory("objects")?.sub(&hex[..2])?.open_file(&hex[2..])
    }

    /// The bytes of an object, verified.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>> {
        self.read_at_most(digest, regular::WHOLE)
    }

    /// The bytes of an object that lists files, verified.
    pub(crate) fn read_tree(&self, digest: &Digest) -> Result<Vec<u8>> {
        self.read_at_most(digest, regular::TREE)
    }

    fn read_at_most(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>> {
        let bytes = regular::read_open(self.open_object(digest)?, &self.object_path(digest), limit)?;
        if Digest::of(&bytes) != *digest {
            return Err(self.found_damaged(digest));
        }
        self.found.verified.lock().expect("BUG: poisoned").insert(*digest);
        Ok(bytes)
    }

    /// The path of an object whose bytes this process has hashed at least once and found whole.
    pub fn verified_path(&self, digest: &Digest) -> Result<PathBuf> {
        let path = self.object_path(digest);
        if !self.found.verified.lock().expect("BUG: poisoned").contains(digest) {
            self.open_verified(digest)?;
        }
        Ok(path)
    }

    /// The path of an object that lies there as a file, whatever its bytes are.
    ///
    /// # Errors
    /// If nothing lies there, or something else.
    pub fn plain_path(&self, digest: &Digest) -> Result<PathBuf> {
        self.open_object(digest).map(|_| self.object_path(digest))
    }

    /// An object whose bytes this process has hashed at least once and found whole, opened.
    pub(crate) fn open_verified(&self, digest: &Digest) -> Result<File> {
        let (path, mut file) = (self.object_path(digest), self.open_object(digest)?);
        if self.found.verified.lock().expect("BUG: poisoned").contains(digest) {
            return Ok(file);
        }
        if hash(&mut file, &path)?.0 != *digest {
            return Err(self.found_damaged(digest));
        }
        self.found.verified.lock().expect("BUG: poisoned").insert(*digest);
        file.rewind().map_err(Error::io("read", &path))?;
        Ok(file)
    }

    /// The bytes of a list of files as they are: `verify` wants to know what a damaged one says.
    pub(crate) fn read_unverified(&self, digest: &Digest) -> Result<Vec<u8>> {
        regular::read_open(self.open_object(digest)?, &self.object_path(digest), regular::TREE)
    }

    /// The digest of the bytes that an object has now; none if something else lies in its place.
    pub(crate) fn found(&self, digest: &Digest) -> Result<Option<Digest>> {
        match self.open_in_place(digest) {
            Ok(mut file) => Ok(Some(hash(&mut file, &self.object_path(digest))?.0)),
            Err(Error::Foreign { due: "file", .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// An object is damaged. Where it stays in its place, it counts as absent from now on.
    pub(super) fn found_damaged(&self, digest: &Digest) -> Error {
        if !self.sets_aside || self.move_to_quarantine(digest).is_err() {
            mark!("damaged-object-stays");
            self.found.damaged.lock().expect("BUG: poisoned").insert(*digest);
        }
        Error::Damaged(*digest)
    }

    pub(super) fn move_to_quarantine(&self, digest: &Digest) -> Result<()> {
        let (hex, quarantine) = (digest.hex(), self.directory("quarantine")?);
        // What was damaged before goes: a directory could not take its place.
        let _ = quarantine.remove_all(&hex);
        mark!("damaged-object-aside");
        self.directory("objects")?.sub(&hex[..2])?.rename(&hex[2..], &quarantine, &hex)
    }

    /// Digests of all objects, sorted, with their sizes. What lies in the place of one counts as one, of no size.
    pub fn objects(&self) -> Result<Vec<(Digest, u64)>> {
        let objects = match self.directory("objects") {
            Err(e) if e.is_not_found() => return Ok(vec![]),
            opened => opened?,
        };
        let mut out = vec![];
        // Foreign files, such as those of a desktop, are not shards.
        for name in objects.names()?.iter().filter_map(|name| name.to_str()).filter(|name| name.len() == 2 && objects.kind(name) != Some(FileType::RegularFile))
        {
            let shard = objects.sub(name)?;
            for rest in shard.names()? {
                let Some(digest) = rest.to_str().and_then(|rest| Digest::from_hex(&format!("{name}{rest}"))) else { continue };
                let file = shard.metadata(&rest)?.filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
                out.push((digest, file.map_or(0, |stat| Stamp::of_handle(&stat).size())));
            }
        }
        out.sort_unstable();
        Ok(out)
    }
}
