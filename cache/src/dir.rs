//! Handles of directories. What lies below a directory that was opened once is named by its handle, one plain name at a time, so that a
//! link is never followed, even if it appears meanwhile: what is read, written, moved or removed lies below the directory.
//! Independent of whose directories these are: stores, results and private directories are all the same here.

mod copy;
mod temporary;

use crate::effects::{self, Op};
use crate::marks::mark;
use crate::{Error, Result, regular};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawMode, Stat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Directories of ours hold only directories in directories as deep as this.
const MAX_DEPTH: usize = 64;

/// A directory that was opened.
#[derive(Debug)]
pub(crate) struct Dir {
    file: File,
    /// For messages.
    path: PathBuf,
}

impl Dir {
    /// Opens a directory that the user named: links on the way to it are the user's own.
    pub(crate) fn named(path: &Path) -> Result<Dir> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let directory = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        Ok(Dir { file: directory.map_err(|e| Error::io("open", path)(e.into()))?.into(), path: path.to_path_buf() })
    }

    /// Opens a directory in this one.
    pub(crate) fn sub(&self, name: impl AsRef<OsStr>) -> Result<Dir> {
        let (name, path) = self.place(name.as_ref())?;
        match rustix::fs::openat(&self.file, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
            Ok(directory) => Ok(Dir { file: directory.into(), path }),
            // Systems differ in what they say of a link here.
            Err(e) => match self.kind(name).filter(|kind| *kind != FileType::Directory) {
                Some(other) => Err(Error::Foreign { path, what: regular::named(other), due: "directory" }),
                None => Err(Error::io("open", &path)(e.into())),
            },
        }
    }

    /// Opens a directory in this one, creating it if missing.
    pub(crate) fn sub_or_create(&self, name: impl AsRef<OsStr>, mode: RawMode) -> Result<Dir> {
        let name = name.as_ref();
        match self.sub(name) {
            Err(e) if e.is_not_found() => match self.create_dir(name, mode) {
                // Another run may have been first.
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                    mark!("directory-made-by-another");
                    self.sub(name)
                }
                made => made.and_then(|()| self.sub(name)),
            },
            other => other,
        }
    }

    /// Creates a directory in this one; fails if the name exists.
    pub(crate) fn create_dir(&self, name: &OsStr, mode: RawMode) -> Result<()> {
        let (name, path) = self.place(name)?;
        let make = || Ok(rustix::fs::mkdirat(&self.file, name, Mode::from_raw_mode(mode))?);
        effects::perform(Op::New((&self.file, name)), make).map_err(Error::io("create", &path))
    }

    /// Opens a file for reading.
    pub(crate) fn open_file(&self, name: impl AsRef<OsStr>) -> Result<File> {
        self.open(name.as_ref(), "read", OFlags::RDONLY, 0)
    }

    /// Opens a file to be locked, creating it if missing.
    pub(crate) fn open_or_create(&self, name: impl AsRef<OsStr>) -> Result<File> {
        self.open(name.as_ref(), "lock", OFlags::RDWR | OFlags::CREATE, 0o666)
    }

    /// Creates a file, which must not exist, for writing.
    pub(crate) fn create_new(&self, name: impl AsRef<OsStr>, mode: RawMode) -> Result<File> {
        self.create(name.as_ref(), OFlags::empty(), mode)
    }

    /// Creates a file, which must not exist, for appending.
    pub(crate) fn create_log(&self, name: impl AsRef<OsStr>) -> Result<File> {
        self.create(name.as_ref(), OFlags::APPEND, 0o666)
    }

    fn create(&self, name: &OsStr, flags: OFlags, mode: RawMode) -> Result<File> {
        let (name, path) = self.place(name)?;
        let flags = flags | OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || Ok(File::from(rustix::fs::openat(&self.file, name, flags, Mode::from_raw_mode(mode))?));
        effects::perform(Op::New((&self.file, name)), open).map_err(Error::io("create", &path))
    }

    fn open(&self, name: &OsStr, what: &'static str, flags: OFlags, mode: RawMode) -> Result<File> {
        let (name, path) = self.place(name)?;
        let open = || Ok(File::from(rustix::fs::openat(&self.file, name, flags | regular::UNTRUSTED, Mode::from_raw_mode(mode))?));
        let opened = if flags.contains(OFlags::CREATE) { effects::perform(Op::New((&self.file, name)), open) } else { open() };
        regular::checked(opened, what, &path, || self.kind(name))
    }

    /// Reads a whole file of at most `limit` bytes.
    pub(crate) fn read(&self, name: impl AsRef<OsStr>, limit: u64) -> Result<Vec<u8>> {
        let name = name.as_ref();
        regular::read_open(self.open_file(name)?, &self.path.join(name), limit)
    }

    /// Metadata of a name, if it exists; links are not followed.
    pub(crate) fn metadata(&self, name: impl AsRef<OsStr>) -> Result<Option<Stat>> {
        let (name, path) = self.place(name.as_ref())?;
        match rustix::fs::statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(e) => Err(Error::io("read", &path)(e.into())),
        }
    }

    /// The file type of a name; links are not followed.
    pub(crate) fn kind(&self, name: impl AsRef<OsStr>) -> Option<FileType> {
        self.metadata(name).ok().flatten().map(|stat| FileType::from_raw_mode(stat.st_mode))
    }

    /// Renames an entry, within this directory or into another. A link itself is moved.
    pub(crate) fn rename(&self, from: impl AsRef<OsStr>, to: &Dir, name: impl AsRef<OsStr>) -> Result<()> {
        let ((from, _), (name, path)) = (self.place(from.as_ref())?, to.place(name.as_ref())?);
        let rename = || Ok(rustix::fs::renameat(&self.file, from, &to.file, name)?);
        effects::perform(Op::Rename((&self.file, from), (&to.file, name)), rename).map_err(Error::io("write", &path))
    }

    /// Moves one of our files, given by path, into this directory.
    pub(crate) fn adopt(&self, path: &Path, name: impl AsRef<OsStr>) -> Result<()> {
        let (name, target) = self.place(name.as_ref())?;
        let rename = || Ok(rustix::fs::renameat(CWD, path, &self.file, name)?);
        effects::perform(Op::Adopt(path, (&self.file, name)), rename).map_err(Error::io("store", &target))
    }

    /// Removes a file, or a link itself.
    pub(crate) fn remove_file(&self, name: impl AsRef<OsStr>) -> Result<()> {
        self.unlink(name.as_ref(), AtFlags::empty())
    }

    /// Removes an empty directory.
    pub(crate) fn remove_dir(&self, name: impl AsRef<OsStr>) -> Result<()> {
        self.unlink(name.as_ref(), AtFlags::REMOVEDIR)
    }

    fn unlink(&self, name: &OsStr, flags: AtFlags) -> Result<()> {
        let (name, path) = self.place(name)?;
        let remove = || Ok(rustix::fs::unlinkat(&self.file, name, flags)?);
        effects::perform(Op::Remove((&self.file, name)), remove).map_err(Error::io("remove", &path))
    }

    /// Removes an entry recursively; a link itself, not its target.
    pub(crate) fn remove_all(&self, name: impl AsRef<OsStr>) -> Result<()> {
        self.remove_as_deep_as(name.as_ref(), MAX_DEPTH)
    }

    fn remove_as_deep_as(&self, name: &OsStr, depth: usize) -> Result<()> {
        if self.kind(name) != Some(FileType::Directory) {
            return self.remove_file(name);
        }
        // Each level keeps a handle open; endlessly nested directories are left to the user.
        if depth > 0 {
            let directory = self.sub(name)?;
            directory.names()?.iter().try_for_each(|inner| directory.remove_as_deep_as(inner, depth - 1))?;
        }
        self.remove_dir(name)
    }

    /// Names of all entries, in no particular order.
    pub(crate) fn names(&self) -> Result<Vec<OsString>> {
        let failed = |e: rustix::io::Errno| Error::io("list", &self.path)(e.into());
        let names = rustix::fs::Dir::read_from(&self.file).map_err(failed)?.map(|e| Ok(OsString::from_vec(e.map_err(failed)?.file_name().to_bytes().to_vec())));
        names.filter(|name| !matches!(name, Ok(name) if name == "." || name == "..")).collect()
    }

    /// Syncs the directory itself.
    pub(crate) fn sync(&self) -> Result<()> {
        effects::perform(Op::SyncDir(&self.file), || self.file.sync_all()).map_err(Error::io("sync", &self.path))
    }

    /// Makes everything on the file system of this directory durable, in one go: many files below it were written.
    pub(crate) fn sync_all(&self) -> Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let sync = || Ok(rustix::fs::syncfs(&self.file)?);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let sync = || Ok(rustix::fs::sync());
        effects::perform(Op::SyncAll(&self.file), sync).map_err(Error::io("sync", &self.path))
    }

    /// Locks this directory exclusively for as long as the handle lives.
    pub(crate) fn lock(&self) -> Result<()> {
        effects::lock(&self.file, false).map_err(Error::io("lock", &self.path))
    }

    /// Where the directory was when it was opened, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A name of one part, and its path for messages.
    fn place<'a>(&self, name: &'a OsStr) -> Result<(&'a OsStr, PathBuf)> {
        effects::look();
        let path = self.path.join(name);
        if matches!(name.as_bytes(), b"" | b"." | b"..") || name.as_bytes().contains(&b'/') {
            return Err(Error::io("open", &path)(std::io::ErrorKind::InvalidInput.into()));
        }
        Ok((name, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_lead_down_by_one_and_links_nowhere() {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("inner")).unwrap();
        fs::write(outer.path().join("inner/a"), "a").unwrap();
        std::os::unix::fs::symlink("inner", outer.path().join("link")).unwrap();
        let dir = Dir::named(outer.path()).unwrap();
        for name in ["", ".", "..", "inner/a", "/etc"] {
            assert!(dir.sub(name).is_err() && dir.open_file(name).is_err() && dir.create_new(name, 0o600).is_err(), "{name:?}");
            assert!(dir.remove_all(name).is_err() && dir.rename("inner", &dir, name).is_err(), "{name:?}");
        }
        assert!(matches!(dir.sub("link"), Err(Error::Foreign { what: "a link", due: "directory", .. })));
        assert!(matches!(dir.sub_or_create("link", 0o700), Err(Error::Foreign { .. })));
        assert!(Dir::named(&outer.path().join("link")).is_ok(), "the user's own links are followed");
        dir.remove_all("link").unwrap();
        assert_eq!(dir.sub("inner").unwrap().read("a", 1).unwrap(), b"a");
        dir.remove_all("inner").unwrap();
        assert!(dir.names().unwrap().is_empty());
    }

    #[test]
    fn endlessly_nested_directories_do_not_crash() {
        let outer = tempfile::tempdir().unwrap();
        let mut at = Dir::named(outer.path()).unwrap();
        for _ in 0..200 {
            at = at.sub_or_create("d", 0o700).unwrap();
        }
        assert!(Dir::named(outer.path()).unwrap().remove_all("d").is_err());
    }

    #[test]
    fn a_file_is_replaced_atomically_and_not_through_a_link() {
        let outer = tempfile::tempdir().unwrap();
        let dir = Dir::named(outer.path()).unwrap();
        fs::write(outer.path().join("victim"), "mine").unwrap();
        std::os::unix::fs::symlink("victim", outer.path().join("a")).unwrap();
        dir.replace("a", &[b"one", b"two"]).unwrap();
        assert_eq!((dir.read("a", 6).unwrap(), dir.read("victim", 4).unwrap()), (b"onetwo".to_vec(), b"mine".to_vec()));
        assert!(dir.names().unwrap().iter().all(|name| !name.as_bytes().starts_with(b".")));
    }
}
