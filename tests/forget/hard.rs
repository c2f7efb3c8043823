//! Erasures that are interrupted, patients who share an image, identifiers within longer texts, and calls that make no sense.

use super::{CANARY, assert_gone, forget, known, parsed, picture, pseudonym, remove, row, run, space, typed};
use crate::resume::{go_on, kept, until};
use crate::space::Space;
use hilum::audit::AuditJournal;
use hilum_cache::journal::{Audit, Event};
use hilum_cache::{Digest, WritableStore};
use hilum_stages::contract::pseudonym::PseudonymKey;

const STUDY: &str = "study: s
seed: 1
stages:
  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label }, patients: registry } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  parts: { stage: split, in: { samples: images }, with: { by: patient, train: 0.5, test: 0.5 } }
";

fn object(space: &Space, digest: &str) -> std::path::PathBuf {
    let hex = digest.trim_start_matches("b3:");
    space.path(&format!(".hilum/objects/{}/{}", &hex[..2], &hex[2..]))
}

fn faults(space: &Space) -> (i32, String) {
    let said = space.hilum(&["verify"]);
    (said.code, said.out)
}

#[test]
fn an_erasure_that_was_interrupted_is_finished_by_the_next() {
    let space = space(STUDY, 0..12);
    run(&space);
    let (about, digests) = (known(&space), space.digests());
    remove(&space, 3..12);
    // Killed once the line was on the disk, and before anything was removed.
    let store = WritableStore::open(&space.path(".hilum")).unwrap();
    let mut audit = AuditJournal::begin(&store, Audit::Erasure, "s").unwrap();
    let due: Vec<Digest> = ["images samples", "images patients"].map(|name| digests[name].parse().unwrap()).to_vec();
    audit.append(&Event::Erased { objects: due }).unwrap();
    drop((audit, store));
    let (code, out) = faults(&space);
    assert!(code == 3 && out.matches("REMAINING").count() == 2, "{out}");
    let said = forget(&space, &["--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(parsed(&said)["certificate"]["erased"]["resumed"], 2);
    assert_gone(&space, &about);
    assert_eq!(faults(&space).0, 0);
    let again = forget(&space, &[]);
    assert!(again.code == 0 && again.out.contains("nothing is left to erase"), "{}{}", again.out, again.err);
}

#[test]
fn objects_that_outlived_their_erasure_go_although_nobody_knows_whose_they_are() {
    let space = space(STUDY, 0..12);
    run(&space);
    let (about, digests) = (known(&space), space.digests());
    let pack = object(&space, &digests["pixels images"]);
    let bytes = std::fs::read(&pack).unwrap();
    remove(&space, 3..12);
    assert_eq!(forget(&space, &[]).code, 0);
    let store = WritableStore::open(&space.path(".hilum")).unwrap();
    store.put(&bytes).unwrap();
    drop(store);
    assert!(pack.exists() && faults(&space).1.contains("REMAINING"));
    let said = forget(&space, &["--json"]);
    assert_eq!((said.code, parsed(&said)["certificate"]["erased"]["resumed"].as_u64()), (0, Some(1)), "{}", said.err);
    assert!(!pack.exists() && faults(&space).0 == 0);
    assert_gone(&space, &about);
}

#[test]
fn whoever_shared_an_image_with_the_patient_stays() {
    let space = space(STUDY, 0..12);
    // Somebody has, besides two images, one of the patient's under another name; the smallest digest of all, which gives their common token,
    // is none of these two.
    let digest = |n: u32| Digest::of(&picture(n));
    let smallest = (0..3).map(digest).min();
    let own: Vec<u32> = (30..).filter(|n| Some(digest(*n)) > smallest).take(2).collect();
    let rows = |names: &[String]| names.iter().map(|name| format!("P900,{name}.png,covid\n")).collect::<String>();
    let theirs: Vec<String> = own.iter().map(u32::to_string).collect();
    own.iter().for_each(|n| space.write(&format!("img/{n}.png"), picture(*n)));
    space.write("img/shared.png", picture(0));
    let shared = [&theirs[..], &["shared".to_owned()]].concat();
    space.write("t.csv", format!("who,file,label\n{}{}", (0..12).map(row).collect::<String>(), rows(&shared)));
    run(&space);
    let about = known(&space);
    (0..3).for_each(|n| std::fs::remove_file(space.path(&format!("img/{n}.png"))).unwrap());
    space.write("t.csv", format!("who,file,label\n{}{}", (3..12).map(row).collect::<String>(), rows(&theirs)));
    let said = forget(&space, &[]);
    assert!(said.code == 4 && said.err.contains("1 file with images of the patient is there"), "no table says whose it is: {}", said.err);
    std::fs::remove_file(space.path("img/shared.png")).unwrap();
    let said = forget(&space, &["--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_gone(&space, &about);
    let other = PseudonymKey::new(super::KEY).pseudonym("P900");
    let who = space.hilum(&["who-used", "--pseudonym", &other]);
    assert!(who.code == 0 && who.out.contains("contains: ") && !who.out.contains("contains: 0 results"), "{}{}", who.out, who.err);
    let reasons = parsed(&said)["certificate"]["not_reached"].to_string();
    assert!(reasons.contains("under the patient and others together in older tables"), "{reasons}");
}

#[test]
fn what_only_helps_to_find_the_patient_goes_too() {
    let space = space(STUDY, 0..12);
    let named = format!("{CANARY},gone.png,covid\n{CANARY},{CANARY}.png,covid\nP200,other.png,covid\n");
    space.write("t.csv", format!("who,file,label\n{}{named}", (0..12).map(row).collect::<String>()));
    // What changed a moment ago is not remembered.
    std::thread::sleep(std::time::Duration::from_millis(50));
    run(&space);
    let about = known(&space);
    assert!(space.left_out("images").contains(CANARY));
    std::fs::create_dir_all(space.path(".hilum/checkpoints").join("a".repeat(64))).unwrap();
    space.write(&format!(".hilum/checkpoints/{}/000000000001", "a".repeat(64)), "of a training that was stopped");
    space.write(".hilum/quarantine/aside", &about.token);
    space.write("results/s/images/note.csv.edited-1", "a copy");
    (0..3).for_each(|n| std::fs::remove_file(space.path(&format!("img/{n}.png"))).unwrap());
    space.write("t.csv", format!("who,file,label\n{}P200,other.png,covid\n", (3..12).map(row).collect::<String>()));
    let said = forget(&space, &["--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_gone(&space, &about);
    assert!(space.left_out("images").contains("other.png"), "of others, the list stays");
    let done = parsed(&said);
    assert_eq!(done["certificate"]["erased"]["checkpoints"], 1);
    let private = &done["certificate"]["private"];
    assert!(private["image_paths"] == 3 && private["left_out_lists"] == 1 && private["remembered_files"].as_u64() >= Some(3), "{private}");
    assert!(done["certificate"]["not_reached"].to_string().contains("changed results"), "{done}");
    assert!(!space.path(".hilum/checkpoints").join("a".repeat(64)).exists());
}

/// A training on everybody, and one on nobody.
const TRAININGS: &str = "study: s
seed: 1
stages:
  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label }, patients: registry } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  theirs:
    stage: train-gan
    in: { samples: images, images: pixels }
    with: { network: { dcgan: { size: 32, width: 8, latent: 16 } }, label: covid, steps: 400, batch: 4 }
  drawn: { stage: phantoms, with: { size: 32, classes: { normal: { images: 8 }, covid: { images: 8, finding: peripheral } } } }
  drawn-pixels: { stage: prepare, in: { samples: drawn }, with: { size: 32 } }
  others:
    stage: train-gan
    in: { samples: drawn, images: drawn-pixels }
    with: { network: { dcgan: { size: 32, width: 8, latent: 16 } }, label: covid, steps: 400, batch: 4 }
";

#[test]
fn a_training_that_was_stopped_goes_unless_it_saw_nothing_of_the_patient() {
    let space = space(TRAININGS, 0..12);
    for stage in ["theirs", "others"] {
        let mut under = until(&space, &["--checkpoint-every", "0"], stage, 5);
        under.run.kill().unwrap();
        under.run.wait().unwrap();
    }
    assert_eq!(kept(&space).len(), 2);
    space.write("study.yaml", STUDY);
    run(&space);
    remove(&space, 3..12);
    let said = forget(&space, &["--json"]);
    assert_eq!((said.code, parsed(&said)["certificate"]["erased"]["checkpoints"].as_u64()), (0, Some(1)), "{}", said.err);
    assert_eq!(kept(&space).len(), 1);
    space.write("study.yaml", TRAININGS);
    assert!(go_on(&space, "others").contains("resumes after step "));
}

#[test]
fn an_identifier_is_read_as_the_import_reads_it() {
    let space = Space::new();
    (0..8).for_each(|n| space.write(&format!("img/{}/P{}_{n}.png", ["a", "b"][n as usize % 2], n / 2), picture(n)));
    space.write("img/a/Jose\u{301}_9.png", picture(20));
    let with = "images: img, patient: { from: path, pattern: '([^/]+)_[0-9]+' }";
    space.write("study.yaml", format!("study: s\nseed: 1\nstages:\n  images: {{ stage: import, with: {{ {with} }} }}\n"));
    space.give_key([3; 32]);
    run(&space);
    let asked = |text: &str| {
        let mut child = space.command(&["who-used", "--patient-stdin", "study.yaml", "--json"]);
        let child = child.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = child.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let said = crate::space::said(child.wait_with_output().unwrap());
        serde_json::from_str::<serde_json::Value>(&said.out).unwrap()["images"].as_u64()
    };
    for (text, images) in [("p1", Some(2)), ("a/P1_2.png", Some(2)), ("Jos\u{e9}", Some(1)), ("JOSE\u{301}", Some(1)), ("P9", None), ("a/P9_1.png", None)] {
        assert_eq!(asked(text), images, "{text}");
    }
}

#[test]
fn wrong_calls_say_what_to_do_and_repeat_no_identifier() {
    let space = space(STUDY, 0..8);
    let without = forget(&space, &[]);
    assert!(without.code == 2 && without.err.contains("there is no store at"), "{}", without.err);
    run(&space);
    let other = pseudonym().replace('a', "0").replace('1', "b");
    for (args, why) in [
        (&["forget", "study.yaml"][..], "the arguments do not fit"),
        (&["forget", CANARY, "--patient-stdin"], "the argument is not the file of a study"),
        (&["forget", "--patient", CANARY, "study.yaml"], "the arguments do not fit"),
        (&["forget", "--pseudonym", CANARY, "study.yaml"], "--pseudonym is not a pseudonym"),
        (&["forget", "--pseudonym", &other, "study.yaml"], "no import in this store has this patient"),
        (&["forget", "--patient-stdin", "study.yaml", "--namespace", "other"], "no import with this namespace has the patient"),
        (&["forget", "--patient-stdin", "study.yaml", "--against", "img"], "there is no store at"),
        (&["forget", "--patient-stdin", "study.yaml", "--certificate", "t.csv"], "exists and is not a certificate of an erasure"),
        (&["forget", "--patient-stdin", "study.yaml", "--certificate", ".hilum/c.json"], "where hilum keeps what it needs"),
        (&["forget", "--check", "t.csv", "study.yaml"], "is no certificate of an erasure"),
    ] {
        let said = typed(&space, args);
        assert!(said.code == 2 && said.err.contains(why) && said.err.contains("help: "), "{args:?} {}: {}", said.code, said.err);
    }
}
