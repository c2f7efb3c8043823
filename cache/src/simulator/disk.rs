//! What is on a simulated disk: the files and directories as processes see them, and as they would be found after a power failure.
//!
//! ```text
//!   write ──► seen ──sync of the file──────► durable bytes      (not synced: old bytes, the first ones, or zeros)
//!  rename ──► seen ──sync of the directory─► durable entry      (not synced: each name as before, or as it is)
//! ```
//! The real files are below a directory of a real file system; this only follows what is done to them. A rename is never durable by
//! half, since no file system in use forgets a file that it renames. Independent of stores.

use crate::effects::{Op, Place};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

pub(super) type Id = usize;
pub(super) type Names = BTreeMap<OsString, Id>;

/// The disk of a schedule.
pub(crate) struct Disk {
    pub(super) base: PathBuf,
    pub(super) nodes: Vec<Node>,
    by_inode: HashMap<u64, Id>,
    /// Changes of directories that were not made durable, in their order.
    pub(super) pending: Vec<Change>,
    serial: usize,
}

#[derive(Default)]
pub(super) struct Node {
    inode: u64,
    /// The directory that it is in, and its name there.
    place: Option<(Id, OsString)>,
    /// The entries of a directory.
    pub(super) names: Option<Seen<Names>>,
    /// The bytes of a file.
    pub(super) bytes: Seen<Bytes>,
    /// Bytes that a sync failed to write: the system forgets that they are not on the disk.
    lost: Option<Range<usize>>,
}

/// What is seen, and what is durable of it.
#[derive(Default)]
pub(super) struct Seen<T> {
    pub(super) now: T,
    pub(super) durable: T,
}

/// The bytes of a file, with its mode and time.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Bytes {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
    pub(super) seconds: i64,
}

/// A name that leads to something else, or nowhere.
pub(super) struct Change {
    pub(super) serial: usize,
    pub(super) dir: Id,
    pub(super) name: OsString,
    pub(super) to: Option<Id>,
    /// The change without which this one cannot be durable: a renamed file has its new name before it loses the old one.
    pub(super) needs: Option<usize>,
}

impl Disk {
    /// A disk whose files are all durable.
    pub(crate) fn of(base: &Path) -> Disk {
        let mut disk = Disk { base: base.to_path_buf(), nodes: vec![], by_inode: HashMap::new(), pending: vec![], serial: 0 };
        disk.scan(base);
        disk
    }

    fn scan(&mut self, path: &Path) -> Id {
        let stat = fs::symlink_metadata(path).unwrap();
        let id = self.add(stat.ino(), stat.is_dir());
        if stat.is_dir() {
            let entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            let names: Names = entries.into_iter().map(|name| (name.clone(), self.scan(&path.join(name)))).collect();
            names.iter().for_each(|(name, inner)| self.nodes[*inner].place = Some((id, name.clone())));
            self.nodes[id].names = Some(Seen { now: names.clone(), durable: names });
        } else {
            let bytes = bytes_of(&File::open(path).unwrap());
            self.nodes[id].bytes = Seen { now: bytes.clone(), durable: bytes };
        }
        id
    }

    /// Everything reached the disk meanwhile.
    pub(crate) fn settle(&mut self) {
        *self = Disk::of(&self.base);
    }

    fn add(&mut self, inode: u64, is_dir: bool) -> Id {
        self.by_inode.insert(inode, self.nodes.len());
        self.nodes.push(Node { inode, names: is_dir.then(Seen::default), ..Node::default() });
        self.nodes.len() - 1
    }

    fn id(&self, file: &File) -> Option<Id> {
        self.by_inode.get(&file.metadata().ok()?.ino()).copied()
    }

    fn names(&mut self, dir: Id) -> &mut Names {
        &mut self.nodes[dir].names.as_mut().expect("a directory").now
    }

    /// Notes a change that was made.
    pub(crate) fn after(&mut self, op: Op) {
        match op {
            Op::New((dir, name)) => {
                if let Some(dir) = self.id(dir) {
                    self.is_new(dir, name, None);
                }
            }
            Op::NewPath(path) => {
                let above = path.parent().and_then(|above| self.by_inode.get(&fs::metadata(above).ok()?.ino()).copied());
                if let Some((dir, name)) = above.zip(path.file_name()) {
                    self.is_new(dir, name, None);
                }
            }
            Op::Rename(from, to) => self.renamed(self.id(from.0).map(|dir| (dir, from.1)), to),
            Op::Adopt(path, to) => {
                let above = path.parent().and_then(|above| self.by_inode.get(&fs::metadata(above).ok()?.ino()).copied());
                self.renamed(above.zip(path.file_name()), to);
            }
            Op::Remove((dir, name)) => {
                if let Some(dir) = self.id(dir).filter(|dir| self.nodes[*dir].names.as_ref().is_some_and(|names| names.now.contains_key(name))) {
                    self.change(dir, name, None, None);
                }
            }
            Op::Write(file) | Op::Change(file) => {
                self.read(file);
            }
            Op::SyncFile(file) => {
                let id = self.read(file);
                let node = &mut self.nodes[id];
                node.bytes.durable = node.bytes.now.clone();
                if let Some(lost) = node.lost.clone() {
                    let end = lost.end.min(node.bytes.durable.bytes.len());
                    node.bytes.durable.bytes[lost.start.min(end)..end].fill(0);
                }
            }
            Op::SyncDir(dir) => {
                if let Some(dir) = self.id(dir) {
                    let all = self.pending.iter().filter(|change| change.dir == dir).map(|change| change.serial).collect();
                    self.make_durable(all);
                }
            }
            Op::SyncAll(_) => {
                self.make_durable(self.pending.iter().map(|change| change.serial).collect());
                self.nodes.iter_mut().for_each(|node| node.bytes.durable = node.bytes.now.clone());
            }
        }
    }

    /// Notes a change that failed: after a sync that failed, another one does not try the same bytes again.
    pub(crate) fn failed(&mut self, op: Op) {
        if let Op::SyncFile(file) = op {
            let id = self.read(file);
            let node = &mut self.nodes[id];
            node.lost = Some(node.bytes.durable.bytes.len()..node.bytes.now.bytes.len());
        }
    }

    /// Something lies at a place, which may have been there before.
    fn is_new(&mut self, dir: Id, name: &OsStr, from: Option<(Id, &OsStr)>) {
        let Ok(stat) = fs::symlink_metadata(self.path(dir).join(name)) else { return };
        let known = self.by_inode.get(&stat.ino()).copied();
        if known.is_none() || self.names(dir).get(name) != known.as_ref() {
            let id = known.unwrap_or_else(|| self.add(stat.ino(), stat.is_dir()));
            let added = self.change(dir, name, Some(id), None);
            if let Some((from, old)) = from.filter(|(from, old)| self.names(*from).get(*old) == Some(&id)) {
                self.change(from, old, None, Some(added));
                self.by_inode.insert(stat.ino(), id);
            }
        }
    }

    fn renamed(&mut self, from: Option<(Id, &OsStr)>, (dir, name): Place) {
        if let Some(dir) = self.id(dir) {
            self.is_new(dir, name, from);
        }
    }

    fn change(&mut self, dir: Id, name: &OsStr, to: Option<Id>, needs: Option<usize>) -> usize {
        let before = match to {
            Some(to) => self.names(dir).insert(name.to_owned(), to),
            None => self.names(dir).remove(name),
        };
        // The system may use its number again.
        if let Some(before) = before {
            let inode = self.nodes[before].inode;
            self.by_inode.remove(&inode);
        }
        if let Some(to) = to {
            self.nodes[to].place = Some((dir, name.to_owned()));
        }
        self.serial += 1;
        self.pending.push(Change { serial: self.serial, dir, name: name.to_owned(), to, needs });
        self.serial
    }

    fn read(&mut self, file: &File) -> Id {
        let id = self.id(file).unwrap_or_else(|| self.add(file.metadata().unwrap().ino(), false));
        self.nodes[id].bytes.now = bytes_of(file);
        id
    }

    /// Makes changes durable, with those that they need and those of the same names before them.
    fn make_durable(&mut self, mut all: BTreeSet<usize>) {
        loop {
            let chosen = self.pending.iter().filter(|change| all.contains(&change.serial));
            let mut more: BTreeSet<usize> = chosen.clone().filter_map(|change| change.needs).collect();
            for one in chosen {
                let same = self.pending.iter().filter(|other| other.serial < one.serial && (other.dir, &other.name) == (one.dir, &one.name));
                more.extend(same.map(|other| other.serial));
            }
            let before = all.len();
            all.append(&mut more);
            if all.len() == before {
                break;
            }
        }
        let (done, rest) = std::mem::take(&mut self.pending).into_iter().partition(|change| all.contains(&change.serial));
        self.pending = rest;
        done.into_iter().for_each(|change: Change| self.apply(change));
    }

    pub(super) fn apply(&mut self, change: Change) {
        let names = &mut self.nodes[change.dir].names.as_mut().expect("a directory").durable;
        match change.to {
            Some(to) => names.insert(change.name, to),
            None => names.remove(&change.name),
        };
    }

    /// Where something was last.
    fn path(&self, dir: Id) -> PathBuf {
        match &self.nodes[dir].place {
            Some((above, name)) => self.path(*above).join(name),
            None if dir == 0 => self.base.clone(),
            None => self.base.join("?"),
        }
    }

    /// A change in words.
    pub(crate) fn said(&self, op: Op) -> String {
        let short = |path: &Path| {
            let name = |part: std::path::Component| part.as_os_str().to_str().map_or("?", |name| if name.len() > 60 { &name[..6] } else { name }).to_owned();
            path.strip_prefix(&self.base).unwrap_or(path).components().map(name).collect::<Vec<_>>().join("/")
        };
        let at = |file: &File| self.id(file).map_or("?".into(), |id| short(&self.path(id)));
        let place = |(dir, name): Place| format!("{}/{}", at(dir), short(Path::new(name)));
        match op {
            Op::New(to) => format!("create {}", place(to)),
            Op::NewPath(path) => format!("create {}", short(path)),
            Op::Rename(from, to) => format!("rename {} to {}", place(from), place(to)),
            Op::Adopt(_, to) => format!("adopt {}", place(to)),
            Op::Remove(from) => format!("remove {}", place(from)),
            Op::Write(file) => format!("write {}", at(file)),
            Op::Change(file) => format!("change {}", at(file)),
            Op::SyncFile(file) => format!("sync file {}", at(file)),
            Op::SyncDir(dir) => format!("sync {}", at(dir)),
            Op::SyncAll(dir) => format!("sync all from {}", at(dir)),
        }
    }
}

fn bytes_of(file: &File) -> Bytes {
    let stat = file.metadata().unwrap();
    let mut bytes = vec![0; stat.len() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    Bytes { bytes, mode: stat.mode(), seconds: stat.mtime() }
}
