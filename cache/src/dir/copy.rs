//! Copies into a directory, which share their blocks with what was copied where the file system can.

use super::Dir;
use crate::effects;
use crate::{Error, Result};
use std::fs::File;
use std::io::Seek;

impl Dir {
    /// Copies an open file to a name under which nothing lies, sharing its blocks where the file system can.
    pub(crate) fn copy_in(&self, mut from: &File, name: &str) -> Result<File> {
        let path = self.path().join(name);
        #[cfg(any(target_os = "macos", target_os = "ios"))]
        let clone = || Ok(rustix::fs::fclonefileat(from, &self.file, name, rustix::fs::CloneFlags::empty())?);
        #[cfg(any(target_os = "macos", target_os = "ios"))]
        if effects::perform(effects::Op::New((&self.file, name.as_ref())), clone).is_ok() {
            return self.open_file(name);
        }
        let file = self.create_new(name, 0o600)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if effects::perform(effects::Op::Write(&file), || Ok(rustix::fs::ioctl_ficlone(&file, from)?)).is_ok() {
            return Ok(file);
        }
        from.rewind().and_then(|()| effects::copy(from, &file)).map_err(Error::io("write", &path))?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;

    #[test]
    fn a_copy_is_complete_and_overwrites_nothing() {
        let outer = tempfile::tempdir().unwrap();
        let dir = Dir::named(outer.path()).unwrap();
        fs::write(outer.path().join("a"), "image").unwrap();
        fs::write(outer.path().join("victim"), "mine").unwrap();
        let mut from = dir.open_file("a").unwrap();
        from.read_to_end(&mut vec![]).unwrap();
        dir.copy_in(&from, "b").unwrap();
        assert_eq!(dir.read("b", 5).unwrap(), b"image", "from the beginning, wherever it was read to");
        std::os::unix::fs::symlink("victim", outer.path().join("link")).unwrap();
        assert!(dir.copy_in(&from, "b").is_err() && dir.copy_in(&from, "link").is_err());
        assert_eq!(dir.read("victim", 4).unwrap(), b"mine");
    }
}
