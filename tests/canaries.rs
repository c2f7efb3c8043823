//! Identifiers of patients and of this machine in everything that a study reads, on images that are imported: no byte that hilum writes
//! for others may hold one of them, in whatever spelling.

mod planted;
mod sought;

use crate::space::root;
use hilum::export::EXPORTS;
use planted::Planted;
use sought::Sought;
use std::collections::BTreeSet;

/// What others may be given: the store, the results, the report, and everything in the directory for exports.
const FOR_OTHERS: [&str; 3] = [".hilum", "results", "given"];

/// Calls that answer from the store, whose output somebody may pass on. None has to name a file of the user.
const ASKED: [&[&str]; 9] = [
    &["trace", "comparison", "--json"],
    &["trace", "classifier/arm=real/repeat=0"],
    &["patients", "classifier/arm=real+synthetic/repeat=0", "--json"],
    &["patients", "split"],
    &["ls", "--json"],
    &["log", "--json"],
    &["log"],
    &["verify", "--json"],
    &["verify"],
];

#[test]
fn no_byte_that_is_written_for_others_names_a_patient_or_this_machine() {
    let planted = Planted::new();
    let space = &planted.space;
    let ran = planted.hilum(&["run", "study.yaml", "--data", &planted.data()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("images were left out: another label"), "the labels that are canaries were not left out: {}", ran.err);
    // What fails is recorded, too, and says less in the record than to the user.
    let fine = space.read("study.yaml");
    for (from, to, said) in [
        ("normal: normal", "normal: normal, nowhere: normal", "no image has the label `nowhere`"),
        ("on_damage: leave-out", "on_damage: stop", "1 image is damaged"),
    ] {
        space.edit(from, to);
        let failed = planted.hilum(&["run", "study.yaml", "--data", &planted.data()]);
        assert!(failed.code == 1 && failed.err.contains(said), "{}", failed.err);
        space.write("study.yaml", &fine);
    }
    assert_eq!(planted.hilum(&["run", "study.yaml", "--data", &planted.data()]).code, 0);
    let sought = Sought::new(&planted.identifiers, &planted.names());
    let mut found = BTreeSet::new();
    for call in ASKED {
        let said = planted.hilum(call);
        assert_eq!(said.code, 0, "{call:?}: {}", said.err);
        found.extend(sought.find(said.out.as_bytes()).into_iter().map(|what| format!("what `hilum {}` prints holds {what}", call.join(" "))));
    }
    std::fs::create_dir(space.path("given")).unwrap();
    for (name, option) in [("report", "--with-images"), ("plain", "--without-images")] {
        let page = format!("given/{name}.html");
        let more: &[&str] = if option == "--with-images" { &[] } else { &[option] };
        let said = planted.hilum(&[&["report", "-o", &page], more].concat());
        assert_eq!(said.code, 0, "{}", said.err);
    }
    for export in EXPORTS {
        let said = planted.hilum(&["export", export.name, "-o", &format!("given/{}", export.name)]);
        assert_eq!(said.code, 0, "{}: {}", export.name, said.err);
    }
    let proof = planted.hilum(&["prove", "comparison", "-o", "given/proof.json"]);
    assert_eq!(proof.code, 0, "{}", proof.err);
    let files: Vec<_> = FOR_OTHERS.iter().flat_map(|top| sought::below(&space.path(top))).collect();
    assert!(files.len() > 100, "{}", files.len());
    for path in files {
        let name = path.strip_prefix(space.path("")).unwrap().display().to_string();
        let bytes = std::fs::read(&path).unwrap();
        found.extend(sought.find(name.as_bytes()).into_iter().map(|what| format!("the name of `{name}` holds {what}")));
        found.extend(sought.find(&bytes).into_iter().map(|what| format!("`{name}` holds {what}")));
    }
    assert!(found.is_empty(), "{found:#?}");
    // The owner has the names: otherwise nobody could tell what was left out.
    let lists = sought::below(&space.path(".hilum-private/left-out"));
    let lists: String = lists.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(lists.contains(planted::LABEL) && lists.contains(planted::FILE), "{lists}");
    // The search finds what is there to be found: in the lists, in the table, and in an image of the import.
    let given =
        sought::below(&planted.images.join("images")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "png") && !path.ends_with("damaged.png"));
    for bytes in [lists.into_bytes(), std::fs::read(planted.images.join("table.csv")).unwrap(), std::fs::read(given.max().unwrap()).unwrap()] {
        assert!(!sought.find(&bytes).is_empty());
    }
}

/// The search itself: every spelling that it promises, also where a stream is compressed or in base 64.
#[test]
fn a_planted_identifier_is_found_in_every_spelling() {
    let identifiers = ["Doe, Jane ü/1931".to_owned()];
    let sought = Sought::new(&identifiers, &["/srv/ward-seven".to_owned()]);
    for (spelling, bytes) in sought::spellings(&identifiers[0]) {
        let among = [&b"\x00\xffx"[..], &bytes, b"y\x00"].concat();
        assert!(!sought.find(&among).is_empty(), "{spelling}");
    }
    let picture = planted::png(&[("Comment", "by Doe, Jane ü/1931")], None);
    assert!(!sought.find(&picture).is_empty());
    let page = format!("<img src=\"data:image/png;base64,{}\">", sought::base64(&picture));
    assert!(!sought.find(page.as_bytes()).is_empty(), "a picture within a page");
    assert!(!sought.find(b"kept in /SRV/ward-seven/x").is_empty());
    assert_eq!(sought.find(b"Doe and Jane, 1931"), BTreeSet::new());
    assert_eq!(sought.find(root().join("README.md").to_str().unwrap().as_bytes()), BTreeSet::new());
    assert!(std::panic::catch_unwind(|| sought.find(&[0x1f, 0x8b, 8, 0])).is_err(), "a compressed file is not passed over");
}
