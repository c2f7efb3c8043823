//! The file in a store that keeps an index. It is a cache: whoever reads it asks first whether it is whole and made of the journals
//! and tables that are there now, and makes it anew otherwise. It has pseudonyms, tokens and digests in it, and nothing else of a
//! patient; like the store, only its owner can read it.

use super::build::build;
use super::index::{Evidence, Head, Index, Name, Parts, Person};
use super::sets::bytes_of;
use crate::provenance::History;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Error, Receipt, Result, Store, erasure, journal, memo};
use hilum_stages::contract::artifact::ArtifactType;
use rayon::prelude::*;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::fs;

/// The name of the file in the directory of the store.
pub const FILE: &str = "patients.index";

/// Begins the file. Another form of it, or another meaning of what is in it, has another number.
const MAGIC: &[u8; 16] = b"hilum patients 2";

/// The index of a store: the one that it keeps, or one that is made now and kept where the store can be written to.
///
/// # Errors
/// If the store cannot be read.
pub fn open(store: &Store) -> Result<Index> {
    let path = store.root().join(FILE);
    let journals = journals(store)?;
    let is_current = |index: &Index| {
        let known = &index.head.evidence;
        known.program == program() && known.journals == journals && known.objects.iter().all(|(object, length)| length_of(store, object) == *length)
    };
    if let Some(index) = memo::read_private(&path).ok().and_then(|bytes| read(&bytes)).filter(is_current) {
        return Ok(index);
    }
    let history = History::read(store)?;
    let mut objects = objects(&history);
    // What was erased may be there again.
    objects.extend(erasure::all(store)?.into_keys().map(|digest| (digest, length_of(store, &digest))));
    let bytes = written(build(&history, Evidence { program: program(), journals, objects })?);
    if !store.is_new() {
        // It only saves time: a store that cannot be written to is answered from all the same.
        let _ = memo::write_private(&path, &bytes);
    }
    Ok(read(&bytes).expect("BUG: it was written a moment ago"))
}

fn program() -> String {
    format!("{} {} {}", env!("CARGO_PKG_VERSION"), env!("HILUM_COMMIT"), env!("HILUM_DIRTY"))
}

/// The journals of all runs: by their bytes, whatever they say.
fn journals(store: &Store) -> Result<Vec<(String, u64, Digest)>> {
    let mut out = vec![];
    for run in journal::run_names(store)? {
        let directory = store.run_dir(&run);
        let mut files: Vec<_> = fs::read_dir(&directory).map_err(Error::io("read", &directory))?.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
        for file in files {
            let bytes = memo::read_private(&file)?;
            out.push((run.clone(), bytes.len() as u64, Digest::of(&bytes)));
        }
    }
    Ok(out)
}

/// The objects that an index is made of: what says who and what is in artifacts.
fn objects(history: &History) -> BTreeMap<Digest, Option<u64>> {
    let store = history.store();
    let mut out = BTreeMap::new();
    let all = history.receipts().iter().flat_map(|(receipt, _): &(Receipt, usize)| receipt.outputs.values());
    let is_asked = |a: &&Artifact| {
        use ArtifactType::*;
        matches!(ArtifactType::of(a), Some(Samples | Patients | Table | Generator | Weights))
    };
    for artifact in all.filter(is_asked) {
        let files = store.files(artifact).unwrap_or_default();
        let tables = files.iter().filter(|file| file.name.ends_with(".csv")).map(|file| file.digest);
        for digest in tables.chain([artifact.digest]) {
            out.entry(digest).or_insert_with(|| length_of(store, &digest));
        }
    }
    out
}

fn length_of(store: &Store, object: &Digest) -> Option<u64> {
    store.object_path(object).symlink_metadata().ok().filter(fs::Metadata::is_file).map(|stat| stat.len())
}

/// The bytes of the file: what it is, the digest of what follows, the length of the head, the head, people, and sets.
fn written(parts: Parts) -> Vec<u8> {
    let Parts { mut head, people, sets } = parts;
    let encoded: Vec<(u64, Vec<u8>)> = sets.iter().map(|(images, set)| (*images, bytes_of(set))).collect();
    head.sets = encoded.iter().map(|(images, bytes)| (*images, bytes.len() as u64)).collect();
    let small = serde_json::to_vec(&head).expect("BUG: plain JSON");
    let mut body = (small.len() as u64).to_le_bytes().to_vec();
    body.extend(small);
    for person in &people {
        body.extend((person.names.len() as u32).to_le_bytes());
        body.extend(person.images.end.to_le_bytes());
        for name in &person.names {
            body.extend(name.namespace.to_le_bytes());
            body.push(u8::from(name.is_pseudonym));
            body.extend((name.text.len() as u32).to_le_bytes());
            body.extend(name.text.as_bytes());
        }
    }
    encoded.iter().for_each(|(_, bytes)| body.extend(bytes));
    let mut out = MAGIC.to_vec();
    out.extend(Digest::of(&body).bytes());
    out.extend(body);
    out
}

/// Reads a file; none if it is not a whole one of this form.
fn read(bytes: &[u8]) -> Option<Index> {
    let body = bytes.strip_prefix(MAGIC)?;
    let (sum, body) = body.split_at_checked(32)?;
    if Digest::of(body).bytes() != sum {
        return None;
    }
    let mut rest = Rest { bytes, at: MAGIC.len() + 32 };
    let length = usize::try_from(u64::from_le_bytes(rest.take(8)?.try_into().ok()?)).ok()?;
    let head: Head = serde_json::from_slice(rest.take(length)?).ok()?;
    let mut people = vec![];
    let mut first = 0;
    for _ in 0..head.people {
        let (names, end) = (rest.number()?, rest.number()?);
        let name = |rest: &mut Rest| {
            let (namespace, is_pseudonym, length) = (rest.number()?, rest.take(1)?[0] == 1, rest.number()?);
            Some(Name { namespace, is_pseudonym, text: String::from_utf8(rest.take(length as usize)?.to_vec()).ok()? })
        };
        people.push(Person { names: (0..names).map(|_| name(&mut rest)).collect::<Option<_>>()?, images: first..end });
        first = end;
    }
    let places = head.sets.iter().map(|(_, length)| rest.take(usize::try_from(*length).ok()?)).collect::<Option<Vec<&[u8]>>>()?;
    let sets = places.into_par_iter().map(|bytes| RoaringBitmap::deserialize_from(bytes).ok()).collect::<Option<Vec<RoaringBitmap>>>()?;
    Some(Index { head, people, sets }).filter(Index::is_sound)
}

/// What is left of a file to read.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }
    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}
