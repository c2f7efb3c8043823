//! How much is free where a store lies. Independent of who needs it.

use std::path::Path;

/// Bytes that this user may still write to the file system that contains a path, or will contain it: what is not there yet is
/// asked of the directory above. None if the system does not say.
pub fn free(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|p| p.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_is_on_the_disk_of_the_directory_above() {
        let directory = tempfile::tempdir().unwrap();
        let below = free(&directory.path().join("a/b/.hilum")).unwrap();
        let here = free(directory.path()).unwrap();
        // Others write meanwhile.
        assert!(here > 0 && below.abs_diff(here) < here / 2 + (1 << 30), "{below} {here}");
    }
}
