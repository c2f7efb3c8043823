//! A power failure: what was not made durable is lost or not, as it is drawn, and the disk is as it would be found.

use super::Random;
use super::disk::{Bytes, Disk, Id, Seen};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

impl Disk {
    /// Lets the power fail.
    pub(crate) fn lose_power(&mut self, random: &mut Random) {
        // All, none or some of what is pending survives.
        let chance = random.below(4);
        let mut lost_names = BTreeSet::new();
        let mut lost = BTreeSet::new();
        for change in std::mem::take(&mut self.pending) {
            let survives = match chance {
                0 => false,
                1 => true,
                _ => !random.once_in(chance),
            };
            let place = (change.dir, change.name.clone());
            if survives && !lost_names.contains(&place) && !change.needs.is_some_and(|needs| lost.contains(&needs)) {
                self.apply(change);
            } else {
                lost_names.insert(place);
                lost.insert(change.serial);
            }
        }
        let base = self.base.clone();
        for entry in fs::read_dir(&base).unwrap().map(Result::unwrap) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
        self.write(0, &base, random);
        self.settle();
    }

    /// Writes what is left below a directory.
    fn write(&self, dir: Id, path: &Path, random: &mut Random) {
        for (name, id) in &self.nodes[dir].names.as_ref().expect("a directory").durable {
            let path = path.join(name);
            if self.nodes[*id].names.is_some() {
                fs::create_dir(&path).unwrap();
                fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
                self.write(*id, &path, random);
            } else {
                let left = left(&self.nodes[*id].bytes, random);
                fs::write(&path, &left.bytes).unwrap();
                let file = fs::File::options().write(true).open(&path).unwrap();
                // A file that was never synced may have lost even these.
                file.set_modified(UNIX_EPOCH + Duration::from_secs(left.seconds.unsigned_abs())).unwrap();
                file.set_permissions(Permissions::from_mode(left.mode & 0o777)).unwrap();
            }
        }
    }
}

/// What is left of a file: of bytes that were not synced, all, none, the first ones, or zeros where some should be.
fn left(file: &Seen<Bytes>, random: &mut Random) -> Bytes {
    let Seen { now, durable } = file;
    if now == durable {
        return now.clone();
    }
    let from = if now.bytes.starts_with(&durable.bytes) { durable.bytes.len() } else { 0 };
    let cut = from + random.below(now.bytes.len() - from.min(now.bytes.len()) + 1);
    let mut bytes = now.bytes.clone();
    match random.below(5) {
        0 => return durable.clone(),
        1 => {}
        2 => bytes.truncate(cut),
        3 => bytes[cut..].fill(0),
        _ => bytes[from..cut].fill(0),
    }
    Bytes { bytes, mode: if random.once_in(2) { now.mode } else { durable.mode | 0o600 }, seconds: now.seconds }
}
