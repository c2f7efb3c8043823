//! Events of a run, for display and for records.

use crate::diagnostic::{Diagnostic, Texts};
use hilum_stages::contract::context::Progress;
use hilum_stages::contract::note::Note;
use hilum_stages::records::Answer;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run has started.
    Started {
        /// Its name.
        run: String,
        /// Stages in all.
        stages: usize,
    },
    /// What the run is going to do.
    Planned {
        /// The plan for people.
        lines: Vec<String>,
        /// How many stages have each status.
        totals: Value,
        /// How long they may take.
        estimate: Value,
    },
    /// Stages that are up to date.
    Reused {
        /// Their names.
        stages: Vec<String>,
    },
    /// A stage has started.
    StageStarted {
        /// The stage.
        stage: String,
        /// Why it runs.
        reasons: Vec<String>,
        /// The device, for tensor kinds.
        device: Option<String>,
        /// How long it took last time.
        last_millis: Option<u64>,
    },
    /// Progress of a running stage.
    Progress {
        /// The stage.
        stage: String,
        /// How far it is.
        progress: Progress,
    },
    /// A stage has a note for the user.
    Note {
        /// The stage.
        stage: String,
        /// What.
        note: Note,
    },
    /// A stage excluded files.
    LeftOut {
        /// The stage.
        stage: String,
        /// How many.
        files: usize,
        /// Where they are listed.
        list: PathBuf,
    },
    /// A stage has finished.
    StageFinished {
        /// The stage.
        stage: String,
        /// How long it took.
        millis: u64,
        /// Peak memory of its process.
        peak_memory: Option<u64>,
        /// Its notes.
        notes: Vec<Note>,
        /// True if `--force` gave other bytes than before.
        differs: bool,
    },
    /// A stage is up to date although something above it ran: its inputs came out the same; or it has the recipe of another.
    CutOff {
        /// The stage.
        stage: String,
        /// The stage of this run that ran its recipe.
        of: Option<String>,
    },
    /// Another run is computing this stage.
    Elsewhere {
        /// The stage.
        stage: String,
    },
    /// A worker died and is retried.
    Retried {
        /// The stage.
        stage: String,
        /// What happened.
        why: String,
    },
    /// A stage failed.
    Failed {
        /// The stage.
        stage: String,
        /// Why.
        message: String,
        /// What can be done.
        help: Option<String>,
    },
    /// A stage was stopped with the run.
    Interrupted {
        /// The stage.
        stage: String,
        /// How far it got, if known.
        progress: Option<Progress>,
        /// The step after which its newest checkpoint was written, if any.
        checkpoint: Option<u64>,
    },
    /// A stage cannot run because one above it failed.
    Skipped {
        /// The stage.
        stage: String,
    },
    /// A warning for the user.
    Warning {
        /// What.
        message: String,
    },
    /// The run has finished.
    Finished {
        /// Its name; none if nothing was executed.
        run: Option<String>,
        /// Stages executed.
        executed: usize,
        /// Stages reused, including cut-offs.
        reused: usize,
        /// Stages failed.
        failed: usize,
        /// Stages that did not run: one that they need failed, or the run ended before.
        skipped: usize,
        /// True if the run was stopped.
        interrupted: bool,
        /// What its comparisons answer, each with its stage.
        answers: Vec<(String, Answer)>,
    },
}

impl Event {
    /// The event as one line of JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Event::Started { run, stages } => json!({ "event": "started", "run": run, "stages": stages }),
            Event::Planned { totals, estimate, lines: _ } => json!({ "event": "planned", "totals": totals, "estimate": estimate }),
            Event::Reused { stages } => json!({ "event": "reused", "stages": stages }),
            Event::StageStarted { stage, reasons, device, .. } => json!({ "event": "stage-started", "stage": stage, "reasons": reasons, "device": device }),
            Event::Progress { stage, progress } => {
                json!({ "event": "progress", "stage": stage, "done": progress.done, "total": progress.total, "unit": progress.unit, "values": progress.values.iter().cloned().collect::<std::collections::BTreeMap<_, _>>() })
            }
            Event::Note { stage, note } => json!({ "event": "note", "stage": stage, "severity": note.severity, "text": note.text }),
            Event::LeftOut { stage, files, list } => json!({ "event": "left-out", "stage": stage, "files": files, "list": list.to_string_lossy() }),
            Event::StageFinished { stage, millis, peak_memory, notes, differs } => {
                let notes: Vec<Value> = notes.iter().map(|n| json!({ "severity": n.severity, "text": n.text })).collect();
                json!({ "event": "stage-finished", "stage": stage, "millis": millis, "peak_memory": peak_memory, "notes": notes, "differs": differs })
            }
            Event::CutOff { stage, of } => json!({ "event": "cut-off", "stage": stage, "of": of }),
            Event::Elsewhere { stage } => json!({ "event": "elsewhere", "stage": stage }),
            Event::Retried { stage, why } => json!({ "event": "retried", "stage": stage, "why": why }),
            Event::Failed { stage, message, help } => json!({ "event": "failed", "stage": stage, "message": message, "help": help }),
            Event::Interrupted { stage, progress, checkpoint } => {
                let at = |of: fn(&Progress) -> u64| progress.as_ref().map(of);
                json!({ "event": "interrupted", "stage": stage, "done": at(|p| p.done), "total": at(|p| p.total), "checkpoint": checkpoint })
            }
            Event::Skipped { stage } => json!({ "event": "skipped", "stage": stage }),
            Event::Warning { message } => json!({ "event": "warning", "message": message }),
            Event::Finished { run, executed, reused, failed, skipped, interrupted, answers } => {
                let answers: Vec<Value> = answers.iter().map(|(stage, a)| answer(stage, a)).collect();
                json!({
                    "event": "finished", "run": run, "executed": executed, "reused": reused, "failed": failed, "skipped": skipped, "interrupted": interrupted,
                    "answers": answers,
                })
            }
        }
    }
}

fn answer(stage: &str, a: &Answer) -> Value {
    json!({
        "stage": stage, "set": a.set, "arm": a.arm, "against": a.against, "metric": a.metric, "class": a.class, "conclusion": a.conclusion, "difference": a.difference,
        "low": a.low, "high": a.high, "p": a.p, "trainings": a.trainings, "patients": a.patients, "sentence": a.sentence,
    })
}

/// Receives what a run has to say.
pub trait Sink: Sync {
    /// Handles an event.
    fn handle(&self, event: &Event);
    /// Handles what is wrong with the study, or worth a warning; `texts` are those that its places point into. It may be nothing.
    fn diagnose(&self, all: &[Diagnostic], texts: &Texts);
}
