//! Checkpoints, cosignatures and proofs under every kind of tampering.

use super::*;
use crate::evidence::{Meaning, Proof, SigningKey, cosignature, proof};
use crate::journal::{Event, Finished, Journal};
use crate::marks::hit;
use crate::receipt::tests::receipt;
use crate::{Digest, StageKey, WritableStore};
use std::fs;
use std::path::PathBuf;

const KEY: [u8; 32] = [7; 32];

/// A run of some receipts with its checkpoint.
fn run(store: &WritableStore, receipts: usize, key: Option<&SigningKey>) -> String {
    let journal = killed(store, receipts);
    checkpoint::write(store, journal.run(), key).unwrap();
    journal.run().to_owned()
}

/// The same before its checkpoint.
fn killed(store: &WritableStore, receipts: usize) -> Journal {
    let mut journal = Journal::begin(store).unwrap();
    journal.append(&Event::Started { study: "t".into(), pipeline: Digest::of(b""), resolved: serde_json::Value::Null }).unwrap();
    for n in 0..receipts {
        let name = format!("a{n}");
        let key = StageKey(Digest::of(name.as_bytes()));
        journal.append(&Event::Receipt { receipt: Box::new(receipt(&name, key)) }).unwrap();
    }
    journal.append(&Event::Finished(Finished { executed: receipts, reused: 0, failed: 0, skipped: 0, cancelled: false })).unwrap();
    journal
}

fn store() -> (tempfile::TempDir, WritableStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = WritableStore::create(dir.path()).unwrap();
    (dir, store)
}

fn file(store: &WritableStore, run: &str, name: &str) -> PathBuf {
    store.run_dir(run).join(name)
}

fn faults(store: &WritableStore) -> Vec<Fault> {
    examine(store, &[]).unwrap().faults
}

#[test]
fn a_store_that_nobody_touched_has_no_fault() {
    let (_dir, store) = store();
    let key = SigningKey::new(KEY);
    let runs = [run(&store, 3, Some(&key)), run(&store, 0, Some(&key)), run(&store, 1, Some(&key))];
    let examined = examine(&store, &[key.public()]).unwrap();
    assert_eq!((examined.faults.as_slice(), examined.without.as_slice()), ([].as_slice(), [].as_slice()));
    let read: Vec<_> = examined.checkpoints.iter().map(|c| (c.says.run.clone(), c.says.index, c.says.size, c.signed.clone())).collect();
    assert_eq!(read, [(0, 5), (1, 2), (2, 3)].map(|(n, size)| (runs[n as usize].clone(), n, size, Signed::By(key.public().id()))));
    assert_eq!(examined.checkpoints[1].says.prev_checkpoint, Some(examined.checkpoints[0].digest));
    // Nobody has said whom to trust: who signed is said, and that it was not checked.
    let untold = examine(&store, &[]).unwrap();
    assert!(untold.faults.is_empty() && untold.checkpoints.iter().all(|c| c.signed == Signed::ByUnknown(key.public().id())));
}

/// Every line edited, dropped, doubled, swapped with the next, and the journal cut before it, each time in every place.
#[test]
fn every_change_of_a_line_is_found_at_its_line_or_the_next() {
    let (_dir, store) = store();
    let name = run(&store, 4, None);
    run(&store, 1, None);
    let path = file(&store, &name, "journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let said = |changed: &[&str]| {
        fs::write(&path, changed.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        match faults(&store).as_slice() {
            [Fault::Shorter { run, line, size: 6 } | Fault::Longer { run, line } | Fault::Altered { run, line, .. }] if *run == name => *line,
            other => panic!("{other:?}"),
        }
    };
    for at in 0..lines.len() {
        let place = at + 1;
        let edited = lines[at].replace("\"v\":1", "\"v\":1 ");
        let [mut edit, mut dropped, mut doubled, mut swapped, mut empty] = [(); 5].map(|()| lines.clone());
        edit[at] = &edited;
        assert!([place, place + 1].contains(&said(&edit)), "edited {place}");
        dropped.remove(at);
        assert!([place, place + 1].contains(&said(&dropped)), "dropped {place}");
        doubled.insert(at, lines[at]);
        assert!([place, place + 1].contains(&said(&doubled)), "doubled {place}");
        if place < lines.len() {
            swapped.swap(at, at + 1);
            assert!([place, place + 1].contains(&said(&swapped)), "swapped {place}");
        }
        empty.insert(at, "");
        assert_eq!(said(&empty), place, "an empty line before {place}");
        if at > 0 {
            assert_eq!(said(&lines[..at]), place, "cut before {place}");
        }
    }
    fs::write(&path, format!("{text}{{\"half")).unwrap();
    assert_eq!(faults(&store), [Fault::Longer { run: name, line: 7 }]);
    fs::write(&path, &text).unwrap();
    assert_eq!(faults(&store), []);
}

/// Whoever writes all lines after an altered one anew makes a whole chain, and not the one that was signed.
#[test]
fn a_journal_that_was_written_anew_is_not_that_of_its_checkpoint() {
    let (_dir, store) = store();
    let name = run(&store, 2, None);
    let path = file(&store, &name, "journal.jsonl");
    let mut prev = Sha256::of(b"");
    let mut text = String::new();
    for line in fs::read_to_string(&path).unwrap().lines() {
        let mut line: serde_json::Value = serde_json::from_str(&line.replace("\"millis\":1", "\"millis\":2")).unwrap();
        line["prev"] = prev.hex().into();
        let line = crate::canonical::to_string(&line);
        prev = Sha256::of(line.as_bytes());
        text += &format!("{line}\n");
    }
    fs::write(&path, text).unwrap();
    assert_eq!(journal::first_broken_line(&fs::read(&path).unwrap()), None);
    assert_eq!(faults(&store), [Fault::Altered { run: name, line: 4, is_chained: true }]);
}

#[test]
fn checkpoints_that_were_removed_swapped_or_copied_are_found() {
    let (_dir, store) = store();
    let key = SigningKey::new(KEY);
    let runs: Vec<String> = (0..3).map(|n| run(&store, n, Some(&key))).collect();
    let paths: Vec<PathBuf> = runs.iter().map(|run| file(&store, run, checkpoint::FILE)).collect();
    let bytes: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let digests: Vec<Sha256> = examine(&store, &[]).unwrap().checkpoints.iter().map(|c| c.digest).collect();
    fs::write(&paths[1], &bytes[0]).unwrap();
    let found = faults(&store);
    assert!(found.contains(&Fault::OfAnotherRun { run: runs[1].clone(), of: runs[0].clone() }), "{found:?}");
    assert!(found.contains(&Fault::Gap { run: runs[2].clone(), prev_checkpoint: digests[1] }), "{found:?}");
    fs::remove_file(&paths[1]).unwrap();
    let examined = examine(&store, &[]).unwrap();
    let expected = [Fault::Gap { run: runs[2].clone(), prev_checkpoint: digests[1] }, Fault::Removed { run: runs[1].clone() }];
    assert_eq!((examined.faults.as_slice(), examined.without.as_slice()), (expected.as_slice(), [runs[1].clone()].as_slice()));
    fs::rename(store.run_dir(&runs[1]), store.root().join("elsewhere")).unwrap();
    assert_eq!(faults(&store), [Fault::Gap { run: runs[2].clone(), prev_checkpoint: digests[1] }], "a whole run is gone");
    let last = file(&store, &runs[2], "journal.jsonl");
    fs::rename(&last, store.root().join("journal")).unwrap();
    let gap = Fault::Gap { run: runs[2].clone(), prev_checkpoint: digests[1] };
    assert_eq!(faults(&store), [Fault::Shorter { run: runs[2].clone(), line: 1, size: 4 }, gap], "a whole journal is gone, and the run is the newest");
    fs::rename(store.root().join("journal"), last).unwrap();
    fs::rename(store.root().join("elsewhere"), store.run_dir(&runs[1])).unwrap();
    // A blank, which no reader of JSON minds.
    fs::write(&paths[1], [b" ".as_slice(), &bytes[1]].concat()).unwrap();
    assert!(faults(&store).contains(&Fault::Unreadable { run: runs[1].clone(), file: checkpoint::FILE.into() }));
    // The same without its signature is another file: whoever says whom he trusts is told.
    let unsigned = super::super::Envelope::of(checkpoint::KIND, &checkpoint::of_run(&store, &runs[0]).unwrap().0.payload(checkpoint::KIND).unwrap(), None);
    fs::write(&paths[1], &bytes[1]).unwrap();
    fs::write(&paths[0], unsigned.to_bytes()).unwrap();
    assert_eq!(faults(&store), []);
    assert_eq!(examine(&store, &[key.public()]).unwrap().faults, [Fault::Untrusted { run: runs[0].clone() }]);
    // Signed again by somebody else: under a name of his own, and under that of the key.
    let other = SigningKey::new([8; 32]);
    let payload = unsigned.payload(checkpoint::KIND).unwrap();
    let again = super::super::Envelope::of(checkpoint::KIND, &payload, Some(&other));
    fs::write(&paths[0], again.to_bytes()).unwrap();
    assert_eq!(examine(&store, &[key.public()]).unwrap().faults, [Fault::Untrusted { run: runs[0].clone() }]);
    let renamed = String::from_utf8(again.to_bytes()).unwrap().replace(&other.public().id(), &key.public().id());
    fs::write(&paths[0], renamed).unwrap();
    assert_eq!(examine(&store, &[key.public()]).unwrap().faults, [Fault::Forged { run: runs[0].clone(), key: key.public().id() }]);
}

#[test]
fn a_run_that_was_killed_gets_its_checkpoint_from_the_next() {
    let (_dir, store) = store();
    let key = SigningKey::new(KEY);
    let [dead, active] = [killed(&store, 1), killed(&store, 1)];
    let first = dead.run().to_owned();
    drop(dead);
    hit!("checkpoint-for-another");
    let last = run(&store, 0, Some(&key));
    let examined = examine(&store, &[]).unwrap();
    assert_eq!(examined.faults, []);
    // The holder of the key vouches for no lines that somebody else wrote, until they were looked at.
    assert_eq!(examine(&store, &[key.public()]).unwrap().faults, [Fault::Untrusted { run: first.clone() }]);
    cosignature::add(&store, &first, Meaning::Review, &key).unwrap();
    assert_eq!(examine(&store, &[key.public()]).unwrap().faults, []);
    // One that was put there has no checkpoint, and is trusted by nobody.
    let planted = killed(&store, 2);
    let name = planted.run().to_owned();
    drop(planted);
    assert_eq!(examine(&store, &[key.public()]).unwrap().faults, [Fault::Untrusted { run: name.clone() }]);
    fs::remove_dir_all(store.run_dir(&name)).unwrap();
    assert_eq!(examined.without, [active.run()], "it goes on");
    assert_eq!(examined.checkpoints.iter().map(|c| c.says.run.as_str()).collect::<Vec<_>>(), [&first, &last]);
}

#[test]
fn a_cosignature_has_a_meaning_and_is_of_one_checkpoint() {
    let (_dir, store) = store();
    let [key, reviewer] = [KEY, [9; 32]].map(SigningKey::new);
    let [one, two] = [run(&store, 1, Some(&key)), run(&store, 2, Some(&key))];
    cosignature::add(&store, &one, Meaning::Review, &reviewer).unwrap();
    cosignature::add(&store, &one, Meaning::Approval, &reviewer).unwrap();
    let trusted = [key.public(), reviewer.public()];
    let examined = examine(&store, &trusted).unwrap();
    assert_eq!(examined.faults, []);
    let of_one: Vec<_> = examined.checkpoints[0].cosignatures.iter().map(|c| (c.says.meaning, c.signed.clone())).collect();
    assert_eq!(of_one, [Meaning::Approval, Meaning::Review].map(|meaning| (meaning, Signed::By(reviewer.public().id()))));
    let name = format!("cosignature-review-{}.dsse.json", &reviewer.public().id()[..16]);
    fs::copy(file(&store, &one, &name), file(&store, &two, &name)).unwrap();
    assert_eq!(examine(&store, &trusted).unwrap().faults, [Fault::Elsewhere { run: two, key: reviewer.public().id() }]);
}

#[test]
fn a_proof_holds_for_its_line_alone() {
    let (_dir, store) = store();
    let key = SigningKey::new(KEY);
    let name = run(&store, 5, Some(&key));
    for at in 0..7 {
        let proof = proof::prove(&store, &name, at).unwrap();
        let read = Proof::read(&serde_json::to_vec(&proof).unwrap()).unwrap();
        let proven = read.check(&[key.public()]).unwrap();
        assert_eq!((proven.says.run.as_str(), proven.says.size, &proven.signed), (name.as_str(), 7, &Signed::By(key.public().id())));
        assert!(proven.is_trusted() && !proven.is_forged() && !read.check(&[]).unwrap().is_trusted());
        assert_eq!(Proof { line: read.line.replace("\"v\":1", "\"v\":2"), ..read.clone() }.check(&[]), None);
        assert_eq!(Proof { index: (at + 1) % 7, ..read.clone() }.check(&[]), None);
        assert_eq!(Proof { path: read.path[1..].to_vec(), ..read }.check(&[]), None);
    }
    assert!(proof::prove(&store, &name, 7).is_err());
    // Who trusts the reviewer alone is shown what the reviewer signed; a cosignature of another checkpoint is none of it.
    let reviewer = SigningKey::new([9; 32]);
    cosignature::add(&store, &name, Meaning::Review, &reviewer).unwrap();
    let proof = Proof::read(&serde_json::to_vec(&proof::prove(&store, &name, 1).unwrap()).unwrap()).unwrap();
    assert!(proof.check(&[reviewer.public()]).unwrap().is_trusted());
    let other = run(&store, 1, Some(&key));
    cosignature::add(&store, &other, Meaning::Review, &reviewer).unwrap();
    let elsewhere = Proof { cosignatures: proof::prove(&store, &other, 1).unwrap().cosignatures, ..proof };
    assert!(!elsewhere.check(&[reviewer.public()]).unwrap().is_trusted());
    fs::write(file(&store, &name, "journal.jsonl"), fs::read_to_string(file(&store, &name, "journal.jsonl")).unwrap().replace("a1", "a9")).unwrap();
    assert!(proof::prove(&store, &name, 0).unwrap_err().to_string().contains("not that of its checkpoint"));
}
