//! Runs and workers that are killed, damaged objects, two runs at once, full disks.

use crate::space::{Space, done, finished, said};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// Kills the run after a number of events, then runs to the end.
fn kill_after(space: &Space, lines: usize) {
    let mut child = space.command(&["run", "study.yaml", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..lines {
        if events.next().is_none() {
            break;
        }
    }
    // SIGKILL, wherever it is.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_run_needs_no_manual_step() {
    let undisturbed = Space::tiny();
    undisturbed.executed();
    let expected = undisturbed.digests();
    for lines in [1, 4, 9, 16, 25, 40] {
        let space = Space::tiny();
        kill_after(&space, lines);
        let said = space.hilum(&["run", "study.yaml", "--json"]);
        assert_eq!(said.code, 0, "killed after {lines} events: {}", said.err);
        assert_eq!(space.digests(), expected, "killed after {lines} events");
        let verify = space.hilum(&["verify"]);
        assert_eq!(verify.code, 0, "{}", verify.out);
        let locks: Vec<_> = fs::read_dir(space.path(".hilum/locks")).unwrap().map(|e| e.unwrap().file_name()).filter(|n| n != "store").collect();
        assert!(locks.is_empty(), "locks are left: {locks:?}");
        assert_eq!(fs::read_dir(space.path(".hilum/tmp")).unwrap().count(), 0, "work is left behind");
    }
}

#[test]
fn damaged_objects_are_found_named_and_recomputed() {
    let space = Space::tiny();
    space.executed();
    let expected = space.digests();
    for stage in ["pixels images", "generator generator", "training-set/arm=real samples", "images samples"] {
        let digest = &expected[stage][3..];
        let path = space.path(".hilum/objects").join(&digest[..2]).join(&digest[2..]);
        let flip = || {
            let mut bytes = fs::read(&path).unwrap();
            let (times, at) = (fs::metadata(&path).unwrap().modified().unwrap(), bytes.len() / 2);
            bytes[at] ^= 4;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            fs::write(&path, bytes).unwrap();
            // As a failing disk does it: no time changes.
            fs::File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
        };
        flip();
        let verify = space.hilum(&["verify"]);
        assert_eq!(verify.code, 3, "{stage}");
        assert!(verify.out.contains(&format!("DAMAGED  b3:{digest}")) && verify.out.contains(&stage.replace(' ', ".")), "{stage}: {}", verify.out);
        assert!(!space.executed().is_empty());
        assert_eq!(space.hilum(&["verify"]).code, 0);
        assert_eq!(space.digests(), expected);
    }
}

#[test]
fn a_damaged_input_is_noticed_on_use() {
    let space = Space::tiny();
    space.executed();
    let digest = space.digests()["generator generator"][3..].to_owned();
    let tree: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(space.path(".hilum/objects").join(&digest[..2]).join(&digest[2..])).unwrap()).unwrap();
    let weights = tree["files"].as_array().unwrap().iter().find(|f| f["name"] == "weights.safetensors").unwrap()["digest"].as_str().unwrap()[3..].to_owned();
    let path = space.path(".hilum/objects").join(&weights[..2]).join(&weights[2..]);
    let (mut bytes, times) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
    // Synthesizing again reads the weights.
    space.edit("count: 24", "count: 25");
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("of `generator` is damaged or missing; it will be recomputed"), "{}", said.err);
    assert_eq!(space.hilum(&["verify"]).code, 0);
}

#[test]
fn a_damaged_image_that_several_stages_read_is_recomputed_once() {
    let space = Space::new();
    space.write(
        "study.yaml",
        "study: readers\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 32, classes: { normal: { images: 30 } } } }\n  \
         split: { stage: split, in: { samples: images }, with: { by: patient, train: 0.7, test: 0.3 } }\n  \
         pixels:\n    stage: prepare\n    matrix: { side: [16, 24, 32] }\n    in: { samples: split.train }\n    with: { size: $side, fit: stretch }\n",
    );
    let split = space.hilum(&["run", "study.yaml", "--only", "split"]);
    assert_eq!(split.code, 0, "{}", split.err);
    let object = |hex: &str| space.path(".hilum/objects").join(&hex[..2]).join(&hex[2..]);
    let table = fs::read_to_string(object(&space.digests()["split train"][3..])).unwrap();
    let image = table.lines().nth(1).unwrap().split(',').next().unwrap().trim_start_matches("b3:").to_owned();
    let (mut bytes, times) = (fs::read(object(&image)).unwrap(), fs::metadata(object(&image)).unwrap().modified().unwrap());
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    fs::remove_file(object(&image)).unwrap();
    fs::write(object(&image), bytes).unwrap();
    fs::File::options().write(true).open(object(&image)).unwrap().set_modified(times).unwrap();
    // The images come from further up than the table that names them, and every reader meets the damaged one.
    let said = space.hilum(&["run", "study.yaml", "--json", "--jobs", "8"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(done(&said.out), ["images", "pixels/side=16", "pixels/side=24", "pixels/side=32"]);
    assert_eq!(space.hilum(&["verify"]).code, 0);
}

#[test]
fn two_runs_at_once_compute_nothing_twice() {
    let space = Space::tiny();
    let start = || space.command(&["run", "study.yaml", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let both = [start(), start()].map(|c| said(c.wait_with_output().unwrap()));
    let mut executed: Vec<String> = vec![];
    for run in &both {
        assert_eq!(run.code, 0, "{}", run.err);
        executed.extend(done(&run.out));
        let end = finished(&run.out);
        assert_eq!(end["executed"].as_u64().unwrap() + end["reused"].as_u64().unwrap(), 18);
    }
    executed.sort();
    let before = executed.len();
    executed.dedup();
    assert_eq!((executed.len(), before), (18, 18), "a stage was computed twice");
    assert_eq!(space.hilum(&["verify"]).code, 0);
}

#[test]
fn different_studies_at_once_on_one_store_share_what_is_equal() {
    let space = Space::tiny();
    // The other study has a GAN of its own, and shares images, split and the classifiers of real images with the first.
    space.write("other.yaml", space.read("study.yaml").replace("study: tiny", "study: other").replace("steps: 20", "steps: 21"));
    let start = |file| space.command(&["run", file, "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let both = [start("study.yaml"), start("other.yaml")].map(|c| said(c.wait_with_output().unwrap()));
    let mut executed: Vec<String> = vec![];
    for run in &both {
        assert_eq!(run.code, 0, "{}", run.err);
        executed.extend(done(&run.out));
    }
    let twice = |stage: &str| executed.iter().filter(|s| *s == stage).count();
    for shared in ["images", "split", "pixels", "balanced", "training-set/arm=real", "classifier/arm=real/repeat=0", "classifier/arm=real/repeat=1"] {
        assert_eq!(twice(shared), 1, "{shared}: {executed:?}");
    }
    for own in ["generator", "synthetic", "comparison", "embedding"] {
        assert_eq!(twice(own), 2, "{own}: {executed:?}");
    }
    assert_eq!(space.hilum(&["verify"]).code, 0);
    assert!(space.executed().is_empty());
}

#[test]
fn a_torn_journal_is_repaired_and_reported() {
    let space = Space::tiny();
    space.hilum(&["run", "study.yaml", "--only", "split"]);
    let run = fs::read_dir(space.path(".hilum/runs")).unwrap().next().unwrap().unwrap().path();
    let mut text = fs::read(run.join("journal.jsonl")).unwrap();
    text.extend_from_slice(b"{\"half\": ");
    fs::write(run.join("journal.jsonl"), text).unwrap();
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 0);
    assert!(said.err.contains("ended in the middle of a line; moved 9 bytes aside"), "{}", said.err);
    assert_eq!(space.hilum(&["verify"]).code, 0);
}

#[test]
fn a_run_with_nothing_to_do_writes_nothing() {
    let space = Space::tiny();
    space.executed();
    let listing = || {
        let mut all: Vec<_> = walk(&space.path(""));
        all.sort();
        all
    };
    let before = listing();
    assert!(space.executed().is_empty());
    assert_eq!(listing(), before);
}

fn walk(directory: &std::path::Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut out = vec![];
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let m = entry.metadata().unwrap();
        out.push((entry.path(), m.modified().unwrap()));
        if m.is_dir() {
            out.extend(walk(&entry.path()));
        }
    }
    out
}
