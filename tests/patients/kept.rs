//! The file that keeps the index: whatever is wrong with it, the answers stay the same, and are those of what is in the store now.

use super::drawn::{Content, draw};
use hilum::patients::{FILE, Gap, Index, open};
use hilum_cache::journal::{Event, Journal};
use hilum_cache::{Digest, WritableStore};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Everything that an index says.
fn said(index: &Index) -> String {
    let mut out = format!("{:?}", index.people);
    for result in index.results() {
        let [contains, influenced] = index.patients_of(result).map(|h| (h.images, h.of_no_patient, h.patients.iter().map(|p| p.images).collect::<Vec<_>>()));
        out += &format!("{result:?} {contains:?} {influenced:?} {:?}", index.flow(result).gaps);
    }
    out
}

#[test]
fn a_file_that_is_damaged_old_or_foreign_is_made_anew() {
    let drawn = draw(3);
    let (store, path) = (drawn.opened(), drawn.path().join(FILE));
    let first = said(&open(&store).unwrap());
    let whole = fs::read(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(said(&open(&store).unwrap()), first, "kept");
    let unchanged = fs::metadata(&path).unwrap().modified().unwrap();
    open(&store).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), unchanged, "what is current is not written again");
    let flipped = (0..whole.len()).step_by(whole.len() / 60 + 1).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    });
    let cut = [0, 1, 16, 48, 56, whole.len() / 2, whole.len() - 1].map(|at| whole[..at].to_vec());
    let longer = [whole.clone(), vec![0; 7]].concat();
    for bad in flipped.chain(cut).chain([longer, b"something else".to_vec()]) {
        fs::write(&path, &bad).unwrap();
        assert_eq!(said(&open(&store).unwrap()), first);
        assert_eq!(fs::read(&path).unwrap(), whole, "mended");
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    assert_eq!(said(&open(&store).unwrap()), first, "a link is not followed");
    // Where nothing can be written, the answer is the same.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(said(&open(&store).unwrap()), first);
}

#[test]
fn what_is_removed_or_added_counts_at_once() {
    let drawn = draw(5);
    let (store, path) = (drawn.opened(), drawn.path().join(FILE));
    let first = said(&open(&store).unwrap());
    let is_there = |digest: &&Digest| !drawn.gone.contains(*digest);
    let mut tables: Vec<&Digest> = drawn.contents.iter().filter(|(_, c)| matches!(c, Content::Samples(_))).map(|(digest, _)| digest).filter(is_there).collect();
    tables.sort();
    let object = store.object_path(tables[0]);
    let aside = drawn.path().join("aside");
    fs::rename(&object, &aside).unwrap();
    let without = open(&store).unwrap();
    let of_table = without.results().iter().filter(|r| r.digest.as_ref() == Some(tables[0]));
    assert!(of_table.clone().count() > 0 && of_table.clone().all(|r| without.flow(r).gaps.has(Gap::Table)), "not known, and not nobody");
    assert_ne!(said(&without), first);
    fs::rename(&aside, &object).unwrap();
    assert_eq!(said(&open(&store).unwrap()), first);
    // A run more.
    let before = fs::read(&path).unwrap();
    let mut journal = Journal::begin(&WritableStore::open(drawn.path()).unwrap()).unwrap();
    journal.append(&Event::Reused { study: "three".into(), stages: [("x".to_owned(), drawn.receipts[0].key)].into() }).unwrap();
    let after = open(&store).unwrap();
    assert!(after.results().iter().any(|r| r.study == "three" && r.stage == "x"));
    assert_ne!(fs::read(&path).unwrap(), before);
}

#[test]
fn stages_above_themselves_are_answered_and_not_known() {
    // Equal bytes of stages without a recorded graph may lead back to where one came from.
    let cyclic = (0..3000).map(draw).find(|drawn| super::plain::Plain::of(drawn).is_cyclic()).expect("some of so many are");
    let index = open(&cyclic.opened()).unwrap();
    assert!(index.results().iter().any(|r| index.flow(r).gaps.has(Gap::Record)));
    // A store that is not there has nobody in it.
    let empty = tempfile::tempdir().unwrap();
    let index = open(&hilum_cache::Store::open(&empty.path().join("none")).unwrap()).unwrap();
    assert!(index.people.is_empty() && index.results().is_empty() && !empty.path().join("none").exists());
}
