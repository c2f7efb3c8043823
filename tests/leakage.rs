//! Studies whose test patients reach training are refused, and their sound twins pass.

use crate::space::{Said, Space};
use hilum_cache::Digest;
use hilum_stages::data::patients::tokens;

#[test]
fn a_split_by_image_is_refused_before_anything_is_trained() {
    let space = Space::tiny();
    space.edit("by: patient", "by: image");
    let said = space.hilum(&["run", "study.yaml", "--json"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("error[L0002]: `classifier` would be tested on patients whose images it was trained on"), "{}", said.err);
    assert!(said.err.contains("study.yaml:") && said.err.contains("`classifier/arm=real/repeat=0` (study.yaml:50)"), "{}", said.err);
    let executed = crate::space::done(&said.out);
    assert!(executed.iter().all(|s| !s.starts_with("classifier") && !s.starts_with("generator")), "{executed:?}");
}

#[test]
fn a_generator_trained_on_the_test_part_is_refused() {
    let space = Space::tiny();
    space.edit("in: { samples: balanced, images: pixels }", "in: { samples: split.test, images: pixels }");
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("error[L0001]"), "{}", said.err);
    let path = "path: `classifier/arm=real+synthetic/repeat=0` (study.yaml:50) ← `training-set/arm=real+synthetic` (study.yaml:44) ← `synthetic` (study.yaml:39) ← `generator` (study.yaml:30)";
    assert!(said.err.contains(path), "{}", said.err);
    assert!(said.err.contains("help: train the generator on other patients, or allow `leakage.generator_trained_on_eval` with a reason"));
}

#[test]
fn an_allowed_finding_runs_and_the_report_says_so() {
    let space = Space::tiny();
    space.edit("by: patient", "by: image");
    space.edit("seed: 7\n", "seed: 7\nchecks: { allow: [{ id: leakage.patient_overlap, reason: as published by them }, { id: leakage.generator_trained_on_eval, reason: they did }] }\n");
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    space.hilum(&["report", "-o", "r.html"]);
    assert!(space.read("r.html").contains("Allowed: as published by them"));
    // Everything is cached, and yet the study is refused once the finding is no longer allowed.
    space.edit(
        "checks: { allow: [{ id: leakage.patient_overlap, reason: as published by them }, { id: leakage.generator_trained_on_eval, reason: they did }] }\n",
        "",
    );
    assert_eq!(space.hilum(&["run", "study.yaml"]).code, 4);
}

#[test]
fn a_leak_is_still_found_when_everything_is_cached_and_unused_allowances_are_reported() {
    let space = Space::tiny();
    let allow = "checks: { allow: [{ id: leakage.generator_trained_on_eval, reason: they did }, { id: leakage.duplicate, reason: no need }] }\n";
    space.edit("in: { samples: balanced, images: pixels }", "in: { samples: split.test, images: pixels }");
    space.edit("seed: 7\n", &format!("seed: 7\n{allow}"));
    for verb in ["run", "run", "plan"] {
        let said = space.hilum(&[verb, "study.yaml"]);
        assert!(said.code == 0 && said.err.contains("warning[L0001]") && said.err.contains("allowed: they did"), "{}", said.err);
        assert!(said.err.contains("warning[W0001]: `leakage.duplicate` is allowed"), "{verb}: {}", said.err);
    }
    space.edit(allow, "");
    for verb in ["plan", "run"] {
        let said = space.hilum(&[verb, "study.yaml"]);
        assert!(said.code == 4 && said.err.contains("error[L0001]"), "{}", said.err);
    }
    // A test of synthetic images is one only if they are in place of real ones.
    space.edit("with: { resamples: 200 }", "with: { resamples: 200, purpose: synthetic-quality }");
    let said = space.hilum(&["plan", "study.yaml"]);
    assert!(said.code == 4 && said.err.contains("error[L0001]"), "{}", said.err);
}

/// A study of two sources that share a picture: a network is trained on another image of a patient of the second, in a third table.
fn patients_who_share_a_picture(trained: &str) -> Said {
    let space = Space::new();
    let noise = |seed: u64| {
        let pixels: Vec<u8> = (0..64 * 64u64).map(|at| ((at * 64 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        hilum_stages::data::png::encode(&pixels, 64, 64, &[]).unwrap()
    };
    let shared = noise(1);
    // The patient of the second source has a token of their own, and loses it to that of the first.
    let token = |image: &[u8]| tokens([((), Digest::of(image))])[&()].clone();
    let own = (100..).map(noise).find(|own| Digest::of(own) < Digest::of(&shared) && token(own) > token(&shared)).unwrap();
    for n in 2..6 {
        space.write(&format!("data/ours/normal/P{n}/{n}.png"), noise(n));
        space.write(&format!("data/ours/covid/P{n}0/{n}.png"), noise(10 + n));
    }
    space.write("data/ours/normal/P1/1.png", &shared);
    space.write("data/theirs/normal/Q1/1.png", &shared);
    space.write("data/theirs/covid/Q2/2.png", noise(20));
    space.write("data/theirs/normal/Q1/own.png", &own);
    space.write(&format!("data/more/normal/{trained}/30.png"), noise(30));
    space.write("data/more/covid/Q3/31.png", noise(31));
    space.write(
        "study.yaml",
        "study: s
seed: 1
stages:
  ours: { stage: import, with: { images: data/ours, source: ours } }
  theirs: { stage: import, with: { images: data/theirs, source: theirs, patients: theirs } }
  more: { stage: import, with: { images: data/more, patients: theirs } }
  all: { stage: combine, in: { samples: [ours, theirs, more] } }
  pixels: { stage: prepare, in: { samples: all }, with: { size: 32 } }
  unique: { stage: deduplicate, in: { samples: [ours, theirs] }, with: { by: file } }
  classifier: { stage: train-classifier, in: { samples: more, images: pixels }, with: { network: { smallcnn64: { width: 2 } }, steps: 1, batch: 2 } }
  scores: { stage: evaluate, in: { weights: classifier, samples: unique, images: pixels } }
",
    );
    space.hilum(&["run", "study.yaml", "--device", "cpu"])
}

#[test]
fn patients_who_share_a_picture_are_one_in_every_table() {
    let said = patients_who_share_a_picture("Q1");
    assert!(said.code == 4 && said.err.contains("error[L0002]"), "{}", said.err);
    let said = patients_who_share_a_picture("Q4");
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn no_patient_is_in_two_parts() {
    let space = Space::tiny();
    space.executed();
    let patients = |part: &str| -> std::collections::BTreeSet<String> {
        space.read(&format!("results/tiny/split/{part}.csv")).lines().skip(1).map(|l| l.split(',').nth(1).unwrap().to_owned()).collect()
    };
    assert!(patients("train").is_disjoint(&patients("test")) && !patients("test").is_empty());
}
