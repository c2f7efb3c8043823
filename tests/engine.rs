//! A study run by a library call, as a program other than the command line would.

use crate::space::{Space, root};
use hilum::diagnostic::{Diagnostic, Texts};
use hilum::engine::{self, Device, End, Error, Ran, RunOptions};
use hilum::run::event::{Event, Sink};
use hilum::run::launch::Launchers;
use hilum::workspace::Workspace;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

/// Keeps what a run says.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<String>>,
    codes: Mutex<Vec<&'static str>>,
}

impl Sink for Kept {
    fn handle(&self, event: &Event) {
        self.events.lock().unwrap().push(event.to_json()["event"].as_str().unwrap().to_owned());
    }
    fn diagnose(&self, all: &[Diagnostic], _: &Texts) {
        self.codes.lock().unwrap().extend(all.iter().map(|d| d.code));
    }
}

fn run(file: &Path, set: &[&str], cancel: bool) -> (Result<Ran, Error>, Kept) {
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    let workspace = Workspace::of(file, None, None, Default::default());
    let (study, record) = engine::load_with_record(file, &set, workspace, engine::to_repair).unwrap();
    let options = RunOptions {
        launchers: Launchers::with_program(env!("CARGO_BIN_EXE_hilum").into()),
        devices: Device::Cpu.find().unwrap(),
        only: vec![],
        force: vec![],
        jobs: None,
        keep_going: false,
        checkpoint_every: 60.0,
    };
    let kept = Kept::default();
    (engine::run(&study, record, &options, &kept, &AtomicBool::new(cancel)), kept)
}

#[test]
fn a_study_runs_once_and_then_everything_is_there() {
    let space = Space::tiny();
    let (ran, kept) = run(&space.path("study.yaml"), &[], false);
    let ran = ran.unwrap();
    assert_eq!((ran.end, ran.has_results, ran.failed.len()), (End::Finished, true, 0));
    assert!(ran.outputs.iter().all(Option::is_some) && space.path("results").is_dir());
    let events = kept.events.into_inner().unwrap();
    assert_eq!((events.first().map(String::as_str), events.last().map(String::as_str)), (Some("started"), Some("finished")));
    let (again, kept) = run(&space.path("study.yaml"), &[], false);
    assert_eq!(again.unwrap().end, End::Finished);
    assert_eq!(kept.events.into_inner().unwrap(), ["finished"], "nothing is left to do");
}

#[test]
fn a_leak_refuses_a_study_and_a_stopped_run_goes_no_further() {
    let space = Space::tiny();
    let (stopped, kept) = run(&space.path("study.yaml"), &[], true);
    assert_eq!(stopped.unwrap().end, End::Interrupted);
    assert!(!kept.events.into_inner().unwrap().contains(&"stage-finished".to_owned()));
    let (refused, kept) = run(&space.path("study.yaml"), &["stages.split.with.by=image"], false);
    let refused = refused.unwrap();
    assert_eq!((refused.end, refused.has_results), (End::Refused, false));
    assert!(kept.codes.into_inner().unwrap().contains(&"L0002"));
}

#[test]
fn what_is_wrong_comes_as_diagnostics() {
    let file = root().join("pipelines/tiny.yaml");
    let workspace = || Workspace::of(&file, None, None, Default::default());
    let rejected = engine::load(&file, &["stages.split.with.epochs=3".into()], workspace()).err().unwrap();
    assert_eq!(rejected.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0104"]);
    let space = Space::new();
    space.write("study.yaml", "study: s\nseed: 1\nstages:\n  a: { stage: import, with: { images: nowhere } }\n");
    let (none, kept) = run(&space.path("study.yaml"), &[], false);
    assert!(matches!(none, Err(Error::Rejected(why)) if why.diagnostics[0].code == "E0403"));
    assert!(kept.events.into_inner().unwrap().is_empty());
}
