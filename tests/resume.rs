//! Trainings that are stopped at any time resume, and end with the bytes of an undisturbed run.

use crate::space::{Space, finished, said};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// The tiny study with trainings of some seconds.
fn study() -> Space {
    let space = Space::tiny();
    space.edit("steps: 20", "steps: 150");
    space.edit("epochs: 2", "steps: 100");
    space
}

/// The output of the stage in an undisturbed run.
fn undisturbed(stage: &str) -> BTreeMap<String, String> {
    let space = study();
    assert_eq!(space.hilum(&["run", "study.yaml", "--only", stage]).code, 0);
    given(&space, stage)
}

/// Digests of a stage's artifacts.
pub(crate) fn given(space: &Space, stage: &str) -> BTreeMap<String, String> {
    let all: BTreeMap<_, _> = space.digests().into_iter().filter(|(name, _)| name.split(' ').next() == Some(stage)).collect();
    assert!(!all.is_empty(), "{stage} gave nothing");
    all
}

/// A run that has got so far.
pub(crate) struct Under {
    pub(crate) run: Child,
    pub(crate) events: Lines<BufReader<ChildStdout>>,
}

/// Runs until the stage has done a number of steps.
pub(crate) fn until(space: &Space, options: &[&str], stage: &str, steps: u64) -> Under {
    let args = [&["run", "study.yaml", "--json", "--jobs", "1", "--only", stage], options].concat();
    let mut run = space.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut events = BufReader::new(run.stdout.take().unwrap()).lines();
    let far_enough = |e: &Value| e["event"] == "progress" && e["stage"] == stage && e["unit"] == "step" && e["done"].as_u64().unwrap() >= steps;
    let found = events.by_ref().map_while(Result::ok).any(|l| far_enough(&serde_json::from_str(&l).unwrap()));
    assert!(found, "{stage} never did {steps} steps");
    Under { run, events }
}

pub(crate) fn signal(pid: u32, name: &str) {
    assert!(Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap().success());
}

/// Processes that a process started.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let stat = |pid: u32| fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let parent = |text: String| text.rsplit(") ").next()?.split(' ').nth(1)?.parse::<u32>().ok();
    let all = fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|pid| stat(*pid).and_then(parent) == Some(of)).collect()
}

/// Directories of checkpoints.
pub(crate) fn kept(space: &Space) -> Vec<PathBuf> {
    fs::read_dir(space.path(".hilum/checkpoints")).into_iter().flatten().map(|e| e.unwrap().path()).collect()
}

/// Runs to the end; gives what the stage said when it began.
pub(crate) fn go_on(space: &Space, stage: &str) -> String {
    let said = space.hilum(&["run", "study.yaml", "--json", "--only", stage]);
    assert_eq!(said.code, 0, "{}", said.err);
    let events = said.out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    let begun: Vec<String> = events.filter(|e| e["event"] == "stage-started" && e["stage"] == stage).map(|e| e["reasons"].to_string()).collect();
    assert_eq!(begun.len(), 1, "{stage} runs once");
    assert_eq!(kept(space), Vec::<PathBuf>::new(), "checkpoints must be removed when their stage has finished");
    assert_eq!(space.hilum(&["verify"]).code, 0);
    begun[0].clone()
}

#[test]
fn a_killed_worker_and_a_killed_run_lose_nothing() {
    for (stage, steps) in [("generator", 1), ("generator", 90), ("classifier/arm=real/repeat=0", 40)] {
        let expected = undisturbed(stage);
        for whole in [false, true] {
            let space = study();
            let mut under = until(&space, &["--checkpoint-every", "0"], stage, steps);
            if whole {
                under.run.kill().unwrap();
                under.run.wait().unwrap();
            } else {
                children(under.run.id()).into_iter().for_each(|worker| signal(worker, "KILL"));
                let end = under.events.map_while(Result::ok).last().unwrap();
                assert_eq!(finished(&end)["failed"], 1, "{end}");
                under.run.wait().unwrap();
            }
            let plan = space.hilum(&["plan", "study.yaml"]).out;
            assert!(plan.contains("; resumes after step "), "{plan}");
            let reasons = go_on(&space, stage);
            assert!(reasons.contains("resumes after step "), "{reasons}");
            assert_eq!(given(&space, stage), expected, "{stage} killed after step {steps}, the whole run: {whole}");
        }
    }
}

/// What a watched training remembers of its validation losses and of its best weights survives, too.
#[test]
fn a_watched_training_keeps_its_best_weights_across_a_kill() {
    let watched = |early_stop: &str| {
        let space = Space::tiny();
        space.edit("train: 0.7, test: 0.3", "train: 0.5, validation: 0.2, test: 0.3");
        space.edit("samples: training-set, images", "samples: training-set, validation: split.validation, images");
        space.edit("epochs: 2", &format!("epochs: 60\n      {early_stop}"));
        space
    };
    let stage = "classifier/arm=real/repeat=0";
    // The digests, and what was said about the end of the training.
    let of = |space: &Space| {
        let said = space.hilum(&["run", "study.yaml", "--json", "--only", stage]);
        assert_eq!(said.code, 0, "{}", said.err);
        let events = said.out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
        let done: Vec<Value> = events.filter(|e| e["event"] == "stage-finished" && e["stage"] == stage).collect();
        (given(space, stage), done[0]["notes"].to_string())
    };
    // Lower rates go on lowering the loss a little for long; falls that small do not count, so that it ends on any split.
    let stopping = "early_stop: { patience: 6, min_delta: 0.02 }\n      plateau: { patience: 1 }";
    let space = watched(stopping);
    let (expected, note) = of(&space);
    assert!(note.contains("training stopped after step ") && note.contains(": the validation loss no longer improved"), "{note}");
    let (to_the_end, note) = of(&watched("plateau: { patience: 1 }"));
    // What is said of the images does not depend on the training.
    let mut of_training = to_the_end.iter().filter(|(name, _)| !name.ends_with(" shortcuts"));
    assert!(note == "[]" && of_training.all(|(port, digest)| expected[port] != *digest), "{note}");

    let space = watched(stopping);
    let mut under = until(&space, &["--checkpoint-every", "0"], stage, 12);
    under.run.kill().unwrap();
    under.run.wait().unwrap();
    assert!(go_on(&space, stage).contains("resumes after step "));
    assert_eq!(given(&space, stage), expected);

    // Without a set to watch there is nothing to stop by.
    let space = Space::tiny();
    space.edit("epochs: 2", &format!("epochs: 2\n      {stopping}"));
    let said = space.hilum(&["check", "study.yaml"]);
    for words in ["E0204", "`classifier` (train-classifier) needs the input `validation`", "`early_stop`, `plateau` and `keep: best` need a set"] {
        assert!(said.code == 2 && said.err.contains(words), "expected exit code 2 and `{words}`, found {}: {}", said.code, said.err);
    }
}

#[test]
fn ctrl_c_and_sigterm_write_a_checkpoint_first() {
    // Long enough for a signal to arrive on a fast machine.
    let longer = || {
        let space = study();
        space.edit("steps: 150", "steps: 2400");
        space
    };
    let space = longer();
    assert_eq!(space.hilum(&["run", "study.yaml", "--only", "generator"]).code, 0);
    let expected = given(&space, "generator");
    for (name, to_worker) in [("INT", false), ("TERM", false), ("TERM", true)] {
        let space = longer();
        // No checkpoint is due for an hour.
        let mut under = until(&space, &["--checkpoint-every", "3600"], "generator", 40);
        assert!(kept(&space).is_empty());
        let whom = if to_worker { children(under.run.id()) } else { vec![under.run.id()] };
        whom.into_iter().for_each(|pid| signal(pid, name));
        let end = under.events.map_while(Result::ok).last().unwrap();
        under.run.wait().unwrap();
        assert_eq!(kept(&space).len(), 1, "{name}: {end}");
        let plan: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
        let stages = plan["stages"].as_array().unwrap();
        let after = stages.iter().find(|s| s["id"] == "generator").unwrap()["resumes_after_step"].as_u64().unwrap();
        assert!((40..2400).contains(&after), "{name}: after step {after}");
        assert!(go_on(&space, "generator").contains(&format!("resumes after step {after}")));
        assert_eq!(given(&space, "generator"), expected, "{name}");
    }
}

#[test]
fn a_damaged_checkpoint_is_skipped_and_one_that_cannot_be_written_is_reported() {
    let expected = undisturbed("generator");
    let space = study();
    let mut under = until(&space, &["--checkpoint-every", "0"], "generator", 60);
    under.run.kill().unwrap();
    under.run.wait().unwrap();
    let directory = kept(&space).remove(0);
    let mut files: Vec<PathBuf> = fs::read_dir(&directory).unwrap().map(|e| e.unwrap().path()).filter(|p| !p.to_string_lossy().contains(".new-")).collect();
    files.sort();
    assert_eq!(files.len(), 2, "a training keeps two checkpoints, found {files:?}");
    let newest = files.pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    go_on(&space, "generator");
    assert_eq!(given(&space, "generator"), expected);

    // A file is where the directory of checkpoints should be: each one fails, and the training continues.
    let space = study();
    space.hilum(&["plan", "study.yaml"]);
    space.write(".hilum/checkpoints", "in the way");
    let run = said(space.command(&["run", "study.yaml", "--only", "generator", "--checkpoint-every", "0"]).output().unwrap());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("warning: a checkpoint could not be written: "), "{}", run.err);
    assert!(!run.err.contains("checkpoints/"), "no path in a note: {}", run.err);
    assert_eq!(given(&space, "generator"), expected);
}
