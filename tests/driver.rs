//! A study run by a library call, as a program other than the command line would.

use crate::space::{Space, root};
use hilum::diagnostic::{Diagnostic, Texts};
use hilum::driver::{self, Device, End, Error, Ran, RunOptions};
use hilum::run::event::{Event, Sink};
use hilum::run::job::{Class, Failure};
use hilum::run::launch::{Launch, Launcher, Launchers, Message, Started};
use hilum::workspace::Workspace;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Keeps what a run says.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<String>>,
    codes: Mutex<Vec<&'static str>>,
    /// The event at which the user stops the run.
    stop_at: Option<&'static str>,
    cancel: AtomicBool,
}

impl Sink for Kept {
    fn handle(&self, event: &Event) {
        let name = event.to_json()["event"].as_str().unwrap().to_owned();
        if self.stop_at == Some(name.as_str()) {
            self.cancel.store(true, Ordering::SeqCst);
        }
        self.events.lock().unwrap().push(name);
    }
    fn diagnose(&self, all: &[Diagnostic], _: &Texts) {
        self.codes.lock().unwrap().extend(all.iter().map(|d| d.code));
    }
}

fn run(file: &Path, set: &[&str]) -> (Result<Ran, Error>, Kept) {
    let kept = Kept::default();
    let ran = run_with(file, set, Launchers::with_program(env!("CARGO_BIN_EXE_hilum").into()), &kept);
    (ran, kept)
}

fn run_with(file: &Path, set: &[&str], launchers: Launchers, kept: &Kept) -> Result<Ran, Error> {
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    let workspace = Workspace::of(file, None, None, Default::default());
    let (study, record) = driver::load_with_record(file, &set, workspace, driver::to_repair).unwrap();
    let options =
        RunOptions { launchers, devices: Device::Cpu.find().unwrap(), only: vec![], force: vec![], jobs: None, keep_going: false, checkpoint_every: 60.0 };
    driver::run(&study, record, &options, kept, &kept.cancel)
}

#[test]
fn a_study_runs_once_and_then_everything_is_there() {
    let space = Space::tiny();
    let (ran, kept) = run(&space.path("study.yaml"), &[]);
    let ran = ran.unwrap();
    assert_eq!((ran.end, ran.results.is_some_and(|n| n > 0), ran.failed.len()), (End::Finished, true, 0));
    assert!(ran.outputs.iter().all(Option::is_some) && space.path("results").is_dir());
    let events = kept.events.into_inner().unwrap();
    assert_eq!((events.first().map(String::as_str), events.last().map(String::as_str)), (Some("started"), Some("finished")));
    let (again, kept) = run(&space.path("study.yaml"), &[]);
    assert_eq!(again.unwrap().end, End::Finished);
    assert_eq!(kept.events.into_inner().unwrap(), ["finished"], "nothing is left to do");
}

#[test]
fn a_leak_refuses_a_study_and_a_stopped_run_goes_no_further() {
    let space = Space::tiny();
    let kept = Kept { stop_at: Some("stage-started"), ..Kept::default() };
    let stopped = run_with(&space.path("study.yaml"), &[], Launchers::with_program(env!("CARGO_BIN_EXE_hilum").into()), &kept).unwrap();
    assert_eq!((stopped.end, stopped.failed.len()), (End::Interrupted, 0));
    let events = kept.events.into_inner().unwrap();
    assert!(events.iter().filter(|e| *e == "stage-started").count() <= 2 && !events.contains(&"skipped".to_owned()), "{events:?}");
    let (refused, kept) = run(&space.path("study.yaml"), &["stages.split.with.by=image"]);
    let refused = refused.unwrap();
    assert_eq!((refused.end, refused.results), (End::Refused, None));
    assert!(kept.codes.into_inner().unwrap().contains(&"L0002"));
}

#[test]
fn what_is_wrong_comes_as_diagnostics() {
    let file = root().join("pipelines/tiny.yaml");
    let workspace = || Workspace::of(&file, None, None, Default::default());
    let rejected = driver::load(&file, &["stages.split.with.epochs=3".into()], workspace()).err().unwrap();
    assert_eq!(rejected.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0104"]);
    let space = Space::new();
    space.write("study.yaml", "study: s\nseed: 1\nstages:\n  a: { stage: import, with: { images: nowhere } }\n");
    let (none, kept) = run(&space.path("study.yaml"), &[]);
    assert!(matches!(none, Err(Error::Rejected(why)) if why.diagnostics[0].code == "E0403"));
    assert!(kept.events.into_inner().unwrap().is_empty());
}

/// Does what it is told to stages: the first is refused, the second ends without a result, all others fail with their data.
#[derive(Default)]
struct Scripted(AtomicUsize);

struct Ended;

impl Started for Ended {
    fn stop(&self) {}
}

impl Launcher for Scripted {
    fn launch(&self, launch: Launch) -> Result<Box<dyn Started>, Failure> {
        let failure = |class| Failure { message: "as told".into(), help: None, class };
        let class = match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => return Err(failure(Class::Machine)),
            1 => Class::Machine,
            _ => Class::Data,
        };
        launch.messages.send(Message::Ended(launch.id, Err(failure(class)))).unwrap();
        Ok(Box::new(Ended))
    }
}

#[test]
fn a_stage_that_cannot_be_started_is_tried_again_as_often_as_the_study_says() {
    let space = Space::new();
    space.write("study.yaml", "study: s\nseed: 1\nstages:\n  a: { stage: phantoms, with: { classes: { covid: { images: 2 } } }, retry: 2 }\n");
    for (retry, started, retried) in [("2", 3, 2), ("1", 2, 1), ("0", 1, 0)] {
        let (kept, scripted) = (Kept::default(), Arc::new(Scripted::default()));
        let ran =
            run_with(&space.path("study.yaml"), &[&format!("stages.a.retry={retry}")], Launchers::new(scripted.clone(), scripted.clone()), &kept).unwrap();
        assert_eq!((ran.end, ran.failed.len(), scripted.0.load(Ordering::SeqCst)), (End::Failed, 1, started));
        assert_eq!(kept.events.into_inner().unwrap().iter().filter(|e| *e == "retried").count(), retried);
    }
}
