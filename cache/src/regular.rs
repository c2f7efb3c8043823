//! Untrusted files: opened without blocking and without following links, accepted only if they are regular, and read up to a
//! limit. Independent of what they hold, and of the directories above them (`dir`).

use crate::{Error, Result};
use rustix::fs::{FileType, OFlags};
use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// The longest line of a journal, and the longest other record. A line of a million stages fits.
pub(crate) const RECORD: u64 = 64 << 20;
/// The longest list of the files of an artifact. One of three million fits.
pub(crate) const TREE: u64 = 640 << 20;
/// The longest file that is read whole into memory: journals, tables, lists, memos.
pub(crate) const WHOLE: u64 = 1 << 30;

/// How such a file is opened: a pipe would block, a terminal could become the controlling one.
pub(crate) const UNTRUSTED: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Opens a file for reading. The directory that it lies in is the caller's; the file itself may be no link.
pub(crate) fn open(path: &Path) -> Result<File> {
    // Bits of flags fit into what the standard library passes on.
    let file = File::options().read(true).custom_flags(UNTRUSTED.bits() as i32).open(path);
    checked(file, "read", path, || path.symlink_metadata().ok().map(|stat| kind(&stat)))
}

/// Opens a file that the user named, by whatever links.
pub(crate) fn open_named(path: &Path) -> Result<File> {
    let file = File::options().read(true).custom_flags(UNTRUSTED.difference(OFlags::NOFOLLOW).bits() as i32).open(path);
    checked(file, "read", path, || path.metadata().ok().map(|stat| kind(&stat)))
}

/// What was opened to do `what` with it, if it is a regular file. Of what did not open, `look` says what lies there.
pub(crate) fn checked(opened: std::io::Result<File>, what: &'static str, path: &Path, look: impl FnOnce() -> Option<FileType>) -> Result<File> {
    let foreign = |kind| Error::Foreign { path: path.to_path_buf(), what: named(kind), due: "file" };
    match opened {
        Ok(file) => match kind(&file.metadata().map_err(Error::io("read", path))?) {
            FileType::RegularFile => Ok(file),
            other => Err(foreign(other)),
        },
        Err(e) => match look().filter(|kind| *kind != FileType::RegularFile && e.kind() != std::io::ErrorKind::PermissionDenied) {
            Some(other) => Err(foreign(other)),
            None => Err(Error::io(what, path)(e)),
        },
    }
}

fn kind(stat: &Metadata) -> FileType {
    let kind = stat.file_type();
    match () {
        () if kind.is_file() => FileType::RegularFile,
        () if kind.is_dir() => FileType::Directory,
        () if kind.is_symlink() => FileType::Symlink,
        () if kind.is_fifo() => FileType::Fifo,
        () if kind.is_socket() => FileType::Socket,
        () => FileType::Unknown,
    }
}

/// A kind of thing in the user's words.
pub(crate) fn named(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    }
}

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    read_open(open(path)?, path, limit)
}

/// Reads an open file of at most `limit` bytes. Its size is looked at first: a file of holes costs no disk and would fill the memory.
pub(crate) fn read_open(file: File, path: &Path, limit: u64) -> Result<Vec<u8>> {
    let size = file.metadata().map_err(Error::io("read", path))?.len();
    let too_large = || Error::TooLarge { path: path.to_path_buf(), what: "has", limit };
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    // It may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Reads an open file of lines, none of them longer than [`RECORD`]; if one is, little more than that was read.
pub(crate) fn read_lines(file: File, path: &Path) -> Result<Vec<u8>> {
    let size = file.metadata().map_err(Error::io("read", path))?.len();
    if !(RECORD..=WHOLE).contains(&size) {
        return read_open(file, path, WHOLE);
    }
    let mut file = BufReader::with_capacity(1 << 20, file.take(WHOLE));
    let mut bytes = vec![];
    loop {
        match file.by_ref().take(RECORD + 1).read_until(b'\n', &mut bytes).map_err(Error::io("read", path))? as u64 {
            0 => return Ok(bytes),
            length if length > RECORD => return Err(Error::TooLarge { path: path.to_path_buf(), what: "has a line of", limit: RECORD }),
            _ => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;
    use std::time::Duration;

    /// Puts everything but a file in the place of a file, one after the other, and a file of holes of 100 GB; each time `look` must
    /// come to an end.
    pub(crate) fn with_hostile(place: &Path, look: impl Fn(&'static str) + Send + Sync + 'static) {
        let outside = tempfile::tempdir().unwrap();
        let victim = outside.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        let look = std::sync::Arc::new(look);
        for form in ["link", "dangling", "pipe", "socket", "directory", "holes"] {
            let _ = fs::remove_file(place);
            match form {
                "link" => std::os::unix::fs::symlink(&victim, place).unwrap(),
                "dangling" => std::os::unix::fs::symlink(outside.path().join("new"), place).unwrap(),
                // Not by a program: until it runs, it would hold the locks that other tests have just then.
                "pipe" => rustix::fs::mknodat(rustix::fs::CWD, place, FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0).unwrap(),
                "socket" => drop(std::os::unix::net::UnixListener::bind(place).unwrap()),
                "directory" => fs::create_dir(place).unwrap(),
                _ => File::create(place).unwrap().set_len(100 << 30).unwrap(),
            }
            let (told, ended) = std::sync::mpsc::channel();
            let asked = look.clone();
            std::thread::spawn(move || {
                asked(form);
                told.send(())
            });
            ended.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{form}: no answer"));
            assert_eq!(fs::read(&victim).unwrap(), b"mine", "{form}");
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "{form}: something was written outside");
            let _ = fs::remove_dir_all(place);
        }
    }

    /// The place of a file in a directory that is there.
    pub(crate) fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        (dir, path)
    }

    #[test]
    fn only_files_are_opened_and_only_small_ones_are_read() {
        let (_dir, path) = place();
        let asked = path.clone();
        with_hostile(&path, move |form| match (form, read(&asked, RECORD)) {
            ("holes", Err(e @ Error::TooLarge { .. })) => assert!(e.to_string().ends_with("has more than 64 MiB; it is not read"), "{e}"),
            (_, Err(e @ Error::Foreign { .. })) => assert!(e.to_string().ends_with("; expected a file"), "{e}"),
            (_, other) => panic!("{form}: {other:?}"),
        });
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert!(matches!(read(&path, 3), Err(Error::TooLarge { .. })));
        let link = path.with_file_name("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(open_named(&link).is_ok() && open(&link).is_err(), "the user's own links are followed");
    }

    #[test]
    fn a_long_line_is_refused_and_many_short_ones_are_not() {
        let (_dir, path) = place();
        File::create(&path).unwrap().set_len(RECORD + 1).unwrap();
        let said = read_lines(open(&path).unwrap(), &path).unwrap_err().to_string();
        assert!(said.contains("has a line of more than 64 MiB"), "{said}");
        let line = [vec![b'x'; RECORD as usize / 2 - 1], vec![b'\n']].concat();
        fs::write(&path, line.repeat(3)).unwrap();
        assert_eq!(read_lines(open(&path).unwrap(), &path).unwrap(), line.repeat(3));
    }
}
