//! Runs, imports, cleaning and laying out that are killed at any moment, alone and two at once: at the end the digests are those of
//! an undisturbed study, and nothing is lost. `HILUM_KILLS=40` sets the number of kills.

use crate::space::Space;
use hilum_stages::contract::seed::{Seed, Stream};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

const STUDY: &str = r#"study: k
seed: 4
stages:
  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  parts: { stage: split, in: { samples: images }, with: { train: 0.6, test: 0.4 } }
  few: { stage: undersample, in: { samples: parts.train } }
  drawn: { stage: phantoms, with: { size: 32, classes: { a: { images: 120 } } } }
  net: { stage: train-classifier, in: { samples: few, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, steps: 20, batch: 4 } }
  scores: { stage: evaluate, in: { weights: net, samples: parts.test, images: pixels }, with: { resamples: 200 } }
"#;

fn study() -> Space {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    let mut stream = Seed(2).stream("test", "kills");
    let mut table = "who,file,label\n".to_owned();
    for i in 0..40 {
        space.write(&format!("img/{i}.png"), crate::repeatable::picture(&mut stream));
        table += &format!("P{},{i}.png,{}\n", i / 2, ["x", "y"][i / 2 % 2]);
    }
    space.write("t.csv", table);
    space.give_key([3; 32]);
    space
}

fn results(space: &Space) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(dir: &Path, top: &Path, out: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), top, out);
            } else {
                out.insert(entry.path().strip_prefix(top).unwrap().to_path_buf(), fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&space.path("results/k"), &space.path("results/k"), &mut out);
    out
}

fn begin(space: &Space, call: &[&str]) -> Child {
    space.command(call).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What is going on when the power fails.
fn disturb(space: &Space, draws: &mut Stream) -> &'static str {
    let run = &["run", "study.yaml", "--device", "cpu"][..];
    let (what, calls): (&str, Vec<&[&str]>) = match draws.below(6) {
        0 => {
            fs::remove_dir_all(space.path(".hilum")).unwrap();
            ("a first run", vec![run])
        }
        1 => ("a run again", vec![&["run", "study.yaml", "--device", "cpu", "--force", "images", "--force", "pixels"]]),
        2 => ("an import of changed images", vec![&["run", "study.yaml", "--device", "cpu", "--set", "seed=5"]]),
        3 => ("cleaning", vec![&["gc", "--keep-runs", "1"]]),
        4 => {
            fs::remove_dir_all(space.path("results")).unwrap();
            ("laying out", vec![run])
        }
        _ => {
            fs::remove_dir_all(space.path(".hilum")).unwrap();
            ("two runs at once", vec![run, run])
        }
    };
    let mut under: Vec<Child> = calls.into_iter().map(|c| begin(space, c)).collect();
    std::thread::sleep(Duration::from_micros(draws.below(if what == "cleaning" || what == "laying out" { 40_000 } else { 500_000 }) as u64));
    let first = draws.below(under.len());
    under[first].kill().unwrap();
    for child in &mut under {
        child.wait().unwrap();
    }
    what
}

#[test]
fn whatever_is_killed_nothing_is_lost() {
    let kills = std::env::var("HILUM_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    let space = study();
    assert_eq!(space.hilum(&["run", "study.yaml", "--device", "cpu"]).code, 0);
    let laid = results(&space);
    let key = fs::read(space.path(".hilum-private/study.key")).unwrap();
    let mut draws = Seed(u64::from(std::process::id())).stream("test", "kills");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for n in 0..kills {
        let what = disturb(&space, &mut draws);
        *counts.entry(what).or_default() += 1;
        let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
        let told = || format!("kill {n}, {what}\n{}", said.err);
        assert_eq!(said.code, 0, "{}", told());
        assert!(!said.err.contains("was modified; moved it"), "{}", told());
        assert!(results(&space) == laid, "the results differ from those of an undisturbed run: {}", told());
        assert_eq!(fs::read(space.path(".hilum-private/study.key")).unwrap(), key, "{}", told());
        let verify = space.hilum(&["verify"]);
        assert_eq!(verify.code, 0, "{}{}", verify.out, told());
        assert_eq!(space.hilum(&["plan", "study.yaml", "--device", "cpu"]).code, 0, "{}", told());
    }
    println!("{kills} kills: {counts:?}; results and key as before, byte for byte");
}
