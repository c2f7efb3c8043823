//! Where imported images are: a private list, since it names paths.

use super::{Listings, Workspace, lock_dir};
use hilum_cache::{Digest, Result, memo};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The file of the map in the private directory: `digest TAB path NUL` each. What it was called while lines ended it, and before
/// store format 2.
pub const IMAGE_MAP: &str = "images-2";
const OLDER: [&str; 2] = ["images", "films"];

/// Paths of imported images, by digest.
#[derive(Default, Clone, PartialEq)]
pub struct ImageMap(pub BTreeMap<Digest, PathBuf>);

impl ImageMap {
    /// Reads the map; one that does not exist is empty.
    pub fn load(path: &Path) -> ImageMap {
        if let Ok(bytes) = memo::read_private(path) {
            return ImageMap(bytes.split(|b| *b == 0).filter_map(entry).collect());
        }
        let older = OLDER.iter().find_map(|name| memo::read_private(&path.with_file_name(name)).ok()).unwrap_or_default();
        ImageMap(older.split(|b| *b == b'\n').filter_map(entry).collect())
    }

    /// The images of these listings, wherever they lie.
    pub fn of(listings: &Listings) -> ImageMap {
        let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let files = listings.values().flat_map(BTreeMap::values).flat_map(|listing| &listing.files);
        ImageMap(files.map(|file| (file.digest, place(&file.path))).collect())
    }

    /// Writes the map where only its owner can read it.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn save(&self, path: &Path) -> Result<()> {
        memo::write_private(path, &self.to_bytes())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![];
        for (digest, path) in &self.0 {
            out.extend_from_slice(digest.hex().as_bytes());
            out.push(b'\t');
            out.extend_from_slice(path.as_os_str().as_bytes());
            out.push(0);
        }
        out
    }
}

fn entry(line: &[u8]) -> Option<(Digest, PathBuf)> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let digest = Digest::from_hex(std::str::from_utf8(&line[..tab]).ok()?)?;
    Some((digest, PathBuf::from(OsStr::from_bytes(&line[tab + 1..]))))
}

impl Workspace {
    /// Records the paths of the images of these listings, for stages that will open them, next to those of other runs.
    ///
    /// # Errors
    /// If the private directory cannot be written to.
    pub fn save_images(&self, listings: &Listings) -> Result<()> {
        let path = self.private.join(IMAGE_MAP);
        let (new, known) = (ImageMap::of(listings), ImageMap::load(&path));
        if new.0.is_empty() || path.exists() && new.0.iter().all(|(image, file)| known.0.get(image) == Some(file)) {
            return Ok(());
        }
        self.create_private()?;
        let _alone = lock_dir(&self.private)?;
        let mut images = ImageMap::load(&path);
        images.0.extend(new.0);
        images.save(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn any_path_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(IMAGE_MAP);
        let of = |name: &[u8]| (Digest::of(name), PathBuf::from(OsStr::from_bytes(name)));
        let map = ImageMap(BTreeMap::from([of(b"/a/f\xe9.png"), of(b"/a/new\nline.png"), of(b"/a/tab\t.png")]));
        fs::write(&path, map.to_bytes()).unwrap();
        assert!(ImageMap::load(&path) == map);
        fs::remove_file(&path).unwrap();
        let (digest, place) = of(b"/old.png");
        fs::write(dir.path().join("films"), format!("{}\t{}\n", digest.hex(), place.display())).unwrap();
        assert_eq!(ImageMap::load(&path).0.get(&digest), Some(&place));
    }
}
