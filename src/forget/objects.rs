//! Which objects of a store an erasure takes: all that no clean result needs. Independent of who is erased, and of how they are removed.

use super::trainings;
use crate::patients::{Found, Reached};
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Ledger, Receipt, Result, StageKey, Store, erasure, journal};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What an erasure takes.
#[derive(Debug, Default)]
pub struct Taken {
    /// Objects.
    pub objects: BTreeSet<Digest>,
    /// Their bytes.
    pub bytes: u64,
    /// Trainings whose checkpoints go.
    pub trainings: Vec<StageKey>,
    /// Results that contain the patient or were influenced, and are there.
    pub results: usize,
    /// Results of which it was not known, and that are there.
    pub not_known: usize,
    /// Such results of which the same bytes are a clean result, too, and stay.
    pub equal: usize,
    /// Lists of images among the objects.
    pub lists: usize,
    /// Objects among them that no result has: of runs that were killed, or whose journals are gone.
    pub unclaimed: usize,
    /// Objects that no result has and that stay, since a journal cannot be read to its end.
    pub unreadable: usize,
    /// Studies other than this one whose newest results go, too.
    pub other_studies: BTreeSet<String>,
}

/// What the erasure of someone takes. `found` says what the patient has to do with each result of the store, `images` which images are the
/// patient's, `rest` what an earlier erasure was about to remove.
///
/// # Errors
/// If the store cannot be read.
pub(super) fn taken(store: &Store, ledger: &Ledger, found: &[Found], study: &str, images: &BTreeSet<Digest>, rest: &BTreeSet<Digest>) -> Result<Taken> {
    let receipts = ledger.receipts();
    let artifacts: HashMap<Digest, &Artifact> = receipts.iter().flat_map(|(r, _)| r.outputs.values()).map(|a| (a.digest, a)).collect();
    let all_of = |digest: &Digest| {
        let files = artifacts.get(digest).map(|artifact| store.files(artifact).unwrap_or_default()).unwrap_or_default();
        files.into_iter().map(|file| file.digest).chain([*digest]).collect::<Vec<Digest>>()
    };
    let is_clean = |found: &&Found| found.reached == Reached::Not;
    let clean_keys: HashSet<StageKey> = found.iter().filter(is_clean).filter_map(|found| found.result.key).collect();
    let mut keep: HashSet<Digest> = found.iter().filter(is_clean).filter_map(|found| found.result.digest).flat_map(|digest| all_of(&digest)).collect();
    let lists = lists(&receipts);
    // What is recomputed from a list is known by the list; one that names the patient's images is not kept for anybody.
    keep.extend(lists.iter().filter(|(list, keys)| keys.iter().any(|key| clean_keys.contains(key)) && !names(store, list, images)).map(|(list, _)| *list));
    let mut claimed: HashSet<Digest> = lists.keys().copied().collect();
    for digest in artifacts.keys() {
        claimed.extend(all_of(digest));
    }
    let is_whole = is_whole(ledger, store)?;
    let mut taken = Taken::default();
    for (object, size) in store.objects()? {
        let is_claimed = claimed.contains(&object) || rest.contains(&object);
        match () {
            // What an earlier erasure was about to remove was kept for nobody then, and nobody has made it again.
            () if keep.contains(&object) && !rest.contains(&object) => continue,
            () if !is_claimed && !is_whole => {
                taken.unreadable += 1;
                continue;
            }
            () => taken.objects.insert(object),
        };
        taken.bytes += size;
        taken.unclaimed += usize::from(!is_claimed);
        taken.lists += usize::from(lists.contains_key(&object));
    }
    for found in found.iter().filter(|found| !matches!(found.reached, Reached::Not | Reached::Erased)) {
        let Some(digest) = found.result.digest.filter(|digest| store.object_path(digest).exists()) else { continue };
        let count = match (keep.contains(&digest), found.reached) {
            (true, _) => &mut taken.equal,
            (false, Reached::NotKnown) => &mut taken.not_known,
            (false, _) => &mut taken.results,
        };
        *count += 1;
        if found.result.is_current && found.result.study != study {
            taken.other_studies.insert(found.result.study.clone());
        }
    }
    taken.trainings = trainings::taken(store, found, &clean_keys)?;
    Ok(taken)
}

/// Lists of images that recipes name, with the keys of these.
fn lists(receipts: &[(Receipt, &str)]) -> BTreeMap<Digest, Vec<StageKey>> {
    let mut out: BTreeMap<Digest, Vec<StageKey>> = BTreeMap::new();
    for (receipt, _) in receipts {
        for list in receipt.recipe.inputs.values().filter_map(|input| input.list()) {
            out.entry(*list).or_default().push(receipt.key);
        }
    }
    out
}

/// True if a list of images names one of these. One that cannot be read may.
pub(super) fn names(store: &Store, list: &Digest, images: &BTreeSet<Digest>) -> bool {
    let Ok(bytes) = store.read(list) else { return true };
    let text = String::from_utf8_lossy(&bytes);
    text.lines().any(|line| {
        let image = line.split_once(' ').map_or(line, |(image, _)| image);
        Digest::from_hex(image).is_none_or(|image| images.contains(&image))
    })
}

/// True if all journals can be read to their ends: what no receipt names is then needed by none.
fn is_whole(ledger: &Ledger, store: &Store) -> Result<bool> {
    let soundness = |run: &String| ledger.soundness(run).is_some_and(|read| read.altered.is_none() && read.unknown.is_none() && !read.is_empty);
    Ok(journal::run_names(store)?.iter().all(soundness))
}

/// What an erasure wrote down and did not come to remove, as where its process was killed. What a later run made again is not meant.
///
/// # Errors
/// If the store cannot be read.
pub fn remaining(store: &Store, ledger: &Ledger) -> Result<BTreeSet<Digest>> {
    let mut there = erasure::all(store)?;
    there.retain(|digest, _| store.object_path(digest).symlink_metadata().is_ok());
    if there.is_empty() {
        return Ok(BTreeSet::new());
    }
    let order: HashMap<String, usize> = journal::run_names(store)?.into_iter().zip(0..).collect();
    let mut newest: HashMap<Digest, usize> = HashMap::new();
    for (receipt, run) in ledger.receipts() {
        let at = order.get(run).copied().unwrap_or_default();
        let files = receipt.outputs.values().flat_map(|a| store.files(a).unwrap_or_default()).map(|file| file.digest);
        let outputs = receipt.outputs.values().map(|a| a.digest);
        let lists = receipt.recipe.inputs.values().filter_map(|input| input.list()).copied();
        for digest in files.chain(outputs).chain(lists) {
            let known = newest.entry(digest).or_insert(at);
            *known = at.max(*known);
        }
    }
    let is_after = |digest: &Digest, by: &str| newest.get(digest).is_some_and(|made| order.get(by).is_none_or(|erased| made > erased));
    Ok(there.into_iter().filter(|(digest, by)| !is_after(digest, &by.run)).map(|(digest, _)| digest).collect())
}
