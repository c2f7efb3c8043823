//! The command line: one subcommand per file. The only module besides `progress` that prints.
//!
//! Data goes to standard output, everything else to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod again;
mod check;
mod complete;
mod cosign;
mod diff;
mod doctor;
mod document;
mod erase_plan;
mod errors;
mod explain;
mod export;
mod find;
mod forget;
mod gc;
mod graph;
mod image;
mod init;
mod journal_line;
mod key;
mod log;
mod ls;
mod open;
mod output;
mod patients;
mod plan;
mod power;
mod prove;
mod replay;
mod report;
mod run;
mod seal;
mod show;
mod sought;
mod stages;
mod trace;
mod trust;
mod verify;
mod who_used;
mod why;

use crate::progress::remark;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use document::{Form, say, say_text, say_with_diagnostics};
use errors::{WrongCall, report_error, say_error, wrong};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Done.
pub const DONE: u8 = 0;
/// A stage failed.
pub const FAILED: u8 = 1;
/// The study or the command line is wrong.
pub const WRONG: u8 = 2;
/// The store is damaged.
pub const DAMAGED: u8 = 3;
/// A check refused the study.
pub const REFUSED: u8 = 4;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;

#[derive(Parser)]
#[command(name = "hilum", version, about = "Runs studies of synthetic chest X-rays as a graph of cached stages, and traces every number to its origin")]
struct Cli {
    /// Log for maintainers, on standard error.
    #[arg(long, global = true, env = "HILUM_LOG", hide = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Create a runnable study in a new directory
    Init {
        /// The directory to create
        dir: PathBuf,
    },
    /// Check a study and report every error
    Check(check::CheckArgs),
    /// Show what would run, and why, without running or writing anything
    Plan(plan::PlanArgs),
    /// Say how large a difference a study can show, and how often its design would find it
    Power(power::PowerArgs),
    /// Run a study
    Run(run::RunArgs),
    /// Explain why a stage will or will not run
    #[command(allow_missing_positional = true)]
    Why {
        #[command(flatten)]
        study: StudyArgs,
        /// The stage, or a cell of it such as classifier/arm=real
        #[arg(add = ArgValueCandidates::new(complete::stages))]
        stage: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Print the graph of a study
    Graph(graph::GraphArgs),
    /// List runs and artifacts
    Ls(ls::LsArgs),
    /// Show a run or an artifact
    Show {
        #[command(flatten)]
        store: StoreArgs,
        /// A run, or the first digits of a digest
        #[arg(add = ArgValueCandidates::new(complete::runs))]
        id: String,
    },
    /// Show what differs between two runs
    Diff(diff::DiffArgs),
    /// Show where a result came from
    Trace(trace::TraceArgs),
    /// Show which patients are in an artifact, and which influenced it
    Patients(patients::PatientsArgs),
    /// Show what contains a patient, what the patient influenced, and what not
    WhoUsed(who_used::WhoUsedArgs),
    /// Plan what the erasure of a patient would take, without changing anything
    ErasePlan(erase_plan::ErasePlanArgs),
    /// Compute a study without a patient, and erase from the store what the patient is in or influenced
    Forget(forget::ForgetArgs),
    /// Find the source file of an image by its digest
    Image(image::ImageArgs),
    /// Hash everything in the store again, follow its ledger, and set damaged objects aside
    Verify(verify::VerifyArgs),
    /// Show the ledger: the runs with their checkpoints and signatures, or the lines of one run
    Log(log::LogArgs),
    /// Write a proof that a result was recorded, or check one
    Prove(prove::ProveArgs),
    /// Sign the checkpoint of a run, as a reviewer or to approve it
    Cosign(cosign::CosignArgs),
    /// Remove objects that no kept run needs
    Gc(gc::GcArgs),
    /// Write a self-contained HTML report of a run
    Report(report::ReportArgs),
    /// Write a run in a format that programs of others read
    Export(export::ExportArgs),
    /// Manage the keys of signatures and pseudonyms
    Key {
        #[command(subcommand)]
        verb: key::KeyVerb,
    },
    /// List the stage kinds, or print the manual of one
    Stages {
        /// The kind
        #[arg(add = ArgValueCandidates::new(complete::kinds))]
        kind: Option<String>,
        /// Print the parameters of one of its presets
        #[arg(long, value_name = "NAME", requires = "kind", conflicts_with = "json", add = ArgValueCandidates::new(complete::presets))]
        preset: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of study files, for editors
    Schema,
    /// Explain an error code or a check
    Explain {
        /// A code such as E0104, or the id of a check
        #[arg(add = ArgValueCandidates::new(complete::codes))]
        code: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show what this machine and build can do
    Doctor {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages, for packagers
    Man {
        /// The directory to write them to
        dir: PathBuf,
    },
    /// The worker process of a heavy stage; internal
    #[command(hide = true)]
    Worker {
        #[arg(long)]
        threads: u32,
        #[arg(long)]
        has_environment: bool,
    },
}

/// A study and its directories.
#[derive(Args, Clone)]
pub struct StudyArgs {
    /// The study's YAML file [default: hilum.yaml, or the only study in this directory]
    #[arg(add = ArgValueCompleter::new(complete::studies))]
    pub file: Option<PathBuf>,
    /// Override a key of the study, such as stages.classifier.with.epochs=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Lay this scale of the study over it, such as ci; the same as --set scale=NAME
    #[arg(long, value_name = "NAME")]
    pub scale: Option<String>,
    /// Where the data directory NAME of the study is; may be repeated
    #[arg(long, value_name = "NAME=DIR", value_parser = named_dir)]
    pub data: Vec<(String, PathBuf)>,
    /// The store [default: $HILUM_STORE, or .hilum beside the study]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Directory for results [default: results/ beside the study]
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
}

/// A store without a study.
#[derive(Args, Clone)]
pub struct StoreArgs {
    /// The store [default: .hilum here, in a parent directory, or in pipelines/]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

fn named_dir(text: &str) -> Result<(String, PathBuf), String> {
    let (name, dir) = text.split_once('=').filter(|(n, d)| !n.is_empty() && !d.is_empty()).ok_or("write NAME=DIR")?;
    if PathBuf::from(dir).is_dir() { Ok((name.into(), dir.into())) } else { Err(format!("there is no directory `{dir}`")) }
}

impl StudyArgs {
    /// What is set on the command line, the scale first.
    fn sets(&self) -> Vec<String> {
        self.scale.iter().map(|name| format!("scale={name}")).chain(self.set.iter().cloned()).collect()
    }
    fn data(&self) -> BTreeMap<String, PathBuf> {
        self.data.iter().cloned().collect()
    }
}

/// Parses the command line and runs the subcommand.
pub fn main() -> ExitCode {
    complete::answer();
    let cli = match Cli::command().try_get_matches().and_then(|matches| {
        document::begin(form_of(&matches));
        Cli::from_arg_matches(&matches)
    }) {
        Ok(cli) => cli,
        Err(e) => return not_understood(&e),
    };
    // A worker's standard error is stored with its stage.
    if let Some(filter) = cli.log.as_ref().filter(|_| !matches!(cli.verb, Verb::Worker { .. })) {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(crate::progress::has_colour()).init();
    }
    // For tests: the portable code gives the same bits. Workers inherit the variable.
    if std::env::var_os("HILUM_PORTABLE").is_some() {
        hilum_ops::stay_portable();
    }
    let result = match cli.verb {
        Verb::Init { dir } => init::init(&dir),
        Verb::Check(args) => check::check(&args),
        Verb::Plan(args) => plan::plan(&args),
        Verb::Power(args) => power::power(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Why { study, stage, json } => why::why(&study, &stage, json),
        Verb::Graph(args) => graph::graph(&args),
        Verb::Ls(args) => ls::ls(&args),
        Verb::Show { store, id } => show::show(&store, &id),
        Verb::Diff(args) => diff::diff(&args),
        Verb::Trace(args) => trace::trace(&args),
        Verb::Patients(args) => patients::patients(&args),
        Verb::WhoUsed(args) => who_used::who_used(&args),
        Verb::ErasePlan(args) => erase_plan::erase_plan(&args),
        Verb::Forget(args) => forget::forget(&args),
        Verb::Image(args) => image::image(&args),
        Verb::Verify(args) => verify::verify(&args),
        Verb::Log(args) => log::log(&args),
        Verb::Prove(args) => prove::prove(&args),
        Verb::Cosign(args) => cosign::cosign(&args),
        Verb::Gc(args) => gc::gc(&args),
        Verb::Key { verb } => key::key(&verb),
        Verb::Report(args) => report::report(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Stages { kind, preset, json } => stages::stages(kind.as_deref(), preset.as_deref(), json),
        Verb::Schema => stages::schema(),
        Verb::Explain { code, json } => explain::explain(&code, json),
        Verb::Doctor { json } => doctor::doctor(json),
        Verb::Completions { shell } => complete::script(shell),
        Verb::Man { dir } => complete::manual_pages(&dir),
        Verb::Worker { has_environment: true, .. } => return ExitCode::from(crate::run::worker::main()),
        Verb::Worker { threads, .. } => return ExitCode::from(crate::run::worker::exec(threads)),
    };
    let code = result.unwrap_or_else(|e| report_error(&e));
    ExitCode::from(document::end().map_or_else(|e| report_error(&e), |()| code))
}

/// What a subcommand prints: `run` one event per line, all others one document.
fn form_of(matches: &ArgMatches) -> Form {
    let (mut verb, mut matches) = ("", matches);
    while let Some((name, below)) = matches.subcommand() {
        (verb, matches) = (name, below);
    }
    match matches.try_get_one("json") {
        Ok(Some(true)) if verb == "run" => Form::Events,
        Ok(Some(true)) => Form::Document,
        _ => Form::Text,
    }
}

/// Prints why arguments do not parse, or the requested help.
fn not_understood(e: &clap::Error) -> ExitCode {
    // What does not belong there may be a patient's identifier, which is not repeated.
    if e.use_stderr() && std::env::args_os().skip(1).any(|word| sought::VERBS.iter().any(|of_patient| word == *of_patient)) {
        if std::env::args_os().any(|a| a == "--json") {
            document::begin(Form::Document);
        }
        let fault = wrong(format!("the arguments do not fit: {}", e.kind())).help(sought::HELP);
        let code = report_error(&fault.into());
        let _ = document::end();
        return ExitCode::from(code);
    }
    // A closed terminal is no reason to fail.
    let _ = e.print();
    if e.use_stderr() && std::env::args_os().any(|a| a == "--json") {
        // Of a call that does not parse, the first word is all that is known.
        document::begin(if std::env::args_os().nth(1).is_some_and(|verb| verb == "run") { Form::Events } else { Form::Document });
        let text = e.to_string();
        document::keep_fault(text.lines().next().unwrap_or_default().trim_start_matches("error: "), None);
        let _ = document::end();
    }
    ExitCode::from(if e.use_stderr() { WRONG } else { DONE })
}

/// The store named by an argument or the environment; an empty variable counts as unset.
fn store_or_environment(given: Option<&PathBuf>) -> Option<PathBuf> {
    given.cloned().or_else(|| std::env::var_os("HILUM_STORE").filter(|s| !s.is_empty()).map(PathBuf::from))
}
