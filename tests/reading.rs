//! Subcommands that only read write nothing, whatever the state of the store.

use crate::space::Space;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Everything below a directory: names, times, modes and bytes.
fn all_of(directory: &Path, out: &mut BTreeMap<PathBuf, (i128, u32, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, m) = (entry.path(), entry.metadata().unwrap());
        let time = i128::from(m.mtime()) * 1_000_000_000 + i128::from(m.mtime_nsec());
        let bytes = if m.is_dir() { vec![] } else { fs::read(&path).unwrap() };
        out.insert(path.clone(), (time, m.mode(), bytes));
        if m.is_dir() {
            all_of(&path, out);
        }
    }
}

fn snapshot(space: &Space) -> BTreeMap<PathBuf, (i128, u32, Vec<u8>)> {
    let mut out = BTreeMap::new();
    all_of(&space.path(""), &mut out);
    out
}

/// The object that a result is a copy of.
fn object_of(space: &Space, result: &str) -> PathBuf {
    let hex = hilum_cache::Digest::of(&fs::read(space.path(result)).unwrap()).hex();
    space.path(".hilum/objects").join(&hex[..2]).join(&hex[2..])
}

/// Changes a byte as a failing disk does it: no time changes.
fn flip(path: &Path) {
    let (mut bytes, m) = (fs::read(path).unwrap(), fs::metadata(path).unwrap());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(m.modified().unwrap()).unwrap();
    fs::set_permissions(path, m.permissions()).unwrap();
}

#[test]
fn verbs_that_only_read_leave_a_damaged_store_as_it_is_and_the_next_run_mends_it() {
    let space = Space::tiny();
    space.executed();
    let digests = space.digests();
    let run = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    // The plan looks images up by this table, and nothing but its bytes shows that it is damaged.
    let table = object_of(&space, "results/tiny/training-set/arm=real+synthetic/samples.csv");
    flip(&table);
    fs::remove_file(object_of(&space, "results/tiny/embedding/embedding.csv")).unwrap();
    let journal = format!(".hilum/runs/{run}/journal.jsonl");
    let text = space.read(&journal);
    assert!(text.contains("\"type\":\"stage-started\""));
    space.write(&journal, text.replacen("\"type\":\"stage-started\"", "\"type\" \"stage-started\"", 1));

    let before = snapshot(&space);
    let outside = tempfile::tempdir().unwrap();
    let page = outside.path().join("r.html");
    let generator = &digests["generator generator"][..14];
    let verbs: [&[&str]; 14] = [
        &["check", "study.yaml"],
        &["plan", "study.yaml"],
        &["plan", "study.yaml", "--json", "--counts"],
        &["plan", "study.yaml", "--resolved"],
        &["why", "study.yaml", "scores"],
        &["ls"],
        &["ls", "--json"],
        &["show", &run],
        &["show", generator],
        &["trace", "comparison"],
        &["trace", "results/tiny/comparison/table.csv"],
        &["report", "-o", page.to_str().unwrap()],
        &["graph", "study.yaml"],
        &["gc", "--keep-runs", "1", "--dry-run"],
    ];
    for verb in verbs {
        let said = space.hilum(verb);
        assert!(snapshot(&space) == before, "{verb:?} changed something");
        assert!([0, 3].contains(&said.code), "{verb:?}: {}", said.err);
    }

    let decided: BTreeMap<String, (String, serde_json::Value)> = space.plan().into_iter().map(|(stage, decision, why)| (stage, (decision, why))).collect();
    for lost in ["training-set/arm=real+synthetic", "embedding"] {
        assert_eq!((decided[lost].0.as_str(), &decided[lost].1[0]["code"]), ("execute", &serde_json::json!("lost")), "{lost}");
    }
    assert_eq!(decided["images"].0, "reuse");
    assert_eq!(space.executed(), ["embedding", "training-set/arm=real+synthetic"]);
    assert!(
        space
            .path(".hilum/quarantine")
            .join(format!("{}{}", table.parent().unwrap().file_name().unwrap().display(), table.file_name().unwrap().display()))
            .exists()
    );
    assert_eq!(space.digests(), digests);
}
