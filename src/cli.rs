//! The command line: one verb per file. The only module besides `progress` that prints.
//!
//! Data goes to standard output, everything else to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod again;
mod check;
mod complete;
mod diff;
mod doctor;
mod document;
mod explain;
mod find;
mod gc;
mod graph;
mod image;
mod init;
mod key;
mod ls;
mod open;
mod plan;
mod report;
mod run;
mod show;
mod stages;
mod trace;
mod verify;
mod why;

use crate::progress::remark;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use document::{Form, say, say_with_diagnostics};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Done.
pub const DONE: u8 = 0;
/// A stage failed.
pub const FAILED: u8 = 1;
/// The pipeline or the call is wrong.
pub const WRONG: u8 = 2;
/// The store is damaged.
pub const DAMAGED: u8 = 3;
/// A check refused the study.
pub const REFUSED: u8 = 4;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;

#[derive(Parser)]
#[command(name = "hilum", version, about = "Runs studies of synthetic chest X-rays as a graph of cached stages, and proves where every number came from")]
struct Cli {
    /// More words for maintainers, on standard error.
    #[arg(long, global = true, env = "HILUM_LOG", hide = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Lay out a runnable study in a new directory
    Init { dir: PathBuf },
    /// Check a study: 0, or 2 with every fault
    Check(check::CheckArgs),
    /// What would run, and why; executes nothing, writes nothing
    Plan(plan::PlanArgs),
    /// Run a study
    Run(run::RunArgs),
    /// Why a stage runs, or does not
    #[command(allow_missing_positional = true)]
    Why {
        #[command(flatten)]
        study: StudyArgs,
        /// The stage, with its cell where it has one
        #[arg(add = ArgValueCandidates::new(complete::stages))]
        stage: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// The graph of a study
    Graph(graph::GraphArgs),
    /// Runs and artifacts
    Ls(StoreArgs),
    /// One run or artifact
    Show {
        #[command(flatten)]
        store: StoreArgs,
        /// A run, or the beginning of a digest
        #[arg(add = ArgValueCandidates::new(complete::runs))]
        id: String,
    },
    /// What differs between two runs
    Diff(diff::DiffArgs),
    /// Where something came from
    Trace(trace::TraceArgs),
    /// The file that an image came from, by its digest
    Image(image::ImageArgs),
    /// Hash everything again: 0 whole, 3 damaged
    Verify(verify::VerifyArgs),
    /// Remove what no kept run needs
    Gc(gc::GcArgs),
    /// One self-contained HTML file about a run
    Report(report::ReportArgs),
    /// The key of pseudonyms beside a study
    Key {
        #[command(subcommand)]
        verb: key::KeyVerb,
    },
    /// The stage kinds, or the manual of one
    Stages {
        /// The kind
        #[arg(add = ArgValueCandidates::new(complete::kinds))]
        kind: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// The JSON schema of study files, for editors
    Schema,
    /// What a code means
    Explain {
        /// A code, such as E0104, or the id of a check
        #[arg(add = ArgValueCandidates::new(complete::codes))]
        code: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// What this machine and build can do
    Doctor {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Manual pages, for packagers
    #[command(hide = true)]
    Man {
        /// The directory to write them to
        dir: PathBuf,
    },
    /// The other end of a heavy stage; not for people
    #[command(hide = true)]
    Worker,
}

/// A study and its directories.
#[derive(Args, Clone)]
pub struct StudyArgs {
    /// The study's YAML file; hilum.yaml, or the only study here, where not given
    #[arg(add = ArgValueCompleter::new(complete::studies))]
    pub file: Option<PathBuf>,
    /// Change a key of the study, such as stages.classifier.with.epochs=5
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Say where a data directory lies
    #[arg(long, value_name = "NAME=DIR", value_parser = named_dir)]
    pub data: Vec<(String, PathBuf)>,
    /// The store; $HILUM_STORE, or .hilum beside the study, where not given
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Where results are laid out; results/ beside the study where not given
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
}

/// A store without a study.
#[derive(Args, Clone)]
pub struct StoreArgs {
    /// The store; looked for here, in the parents, and in pipelines/
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
    fn data(&self) -> BTreeMap<String, PathBuf> {
        self.data.iter().cloned().collect()
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    complete::answer();
    let cli = match Cli::command().try_get_matches().and_then(|matches| {
        document::begin(form_of(&matches));
        Cli::from_arg_matches(&matches)
    }) {
        Ok(cli) => cli,
        Err(e) => return not_understood(&e),
    };
    // What a worker says on standard error is kept as that of its stage.
    if let Some(filter) = cli.log.as_ref().filter(|_| !matches!(cli.verb, Verb::Worker)) {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(open::has_colour()).init();
    }
    // For tests: bits are the same, and come from the code that every machine runs. Workers inherit it.
    if std::env::var_os("HILUM_PORTABLE").is_some() {
        hilum_ops::stay_portable();
    }
    let result = match cli.verb {
        Verb::Init { dir } => init::init(&dir),
        Verb::Check(args) => check::check(&args),
        Verb::Plan(args) => plan::plan(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Why { study, stage, json } => why::why(&study, &stage, json),
        Verb::Graph(args) => graph::graph(&args),
        Verb::Ls(args) => ls::ls(&args),
        Verb::Show { store, id } => show::show(&store, &id),
        Verb::Diff(args) => diff::diff(&args),
        Verb::Trace(args) => trace::trace(&args),
        Verb::Image(args) => image::image(&args),
        Verb::Verify(args) => verify::verify(&args),
        Verb::Gc(args) => gc::gc(&args),
        Verb::Key { verb } => key::key(&verb),
        Verb::Report(args) => report::report(&args),
        Verb::Stages { kind, json } => stages::stages(kind.as_deref(), json),
        Verb::Schema => stages::schema(),
        Verb::Explain { code, json } => explain::explain(&code, json),
        Verb::Doctor { json } => doctor::doctor(json),
        Verb::Completions { shell } => complete::script(shell),
        Verb::Man { dir } => complete::manual_pages(&dir),
        Verb::Worker => return ExitCode::from(crate::run::worker::main()),
    };
    let code = result.unwrap_or_else(|e| told(&e));
    ExitCode::from(document::end().map_or_else(|e| told(&e), |()| code))
}

/// What a verb prints: `run` one event per line, every other verb one document.
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

/// Tells why arguments do not parse, or the help that was asked for.
fn not_understood(e: &clap::Error) -> ExitCode {
    // A terminal that went away is no reason to fail in another way.
    let _ = e.print();
    if e.use_stderr() && std::env::args_os().any(|a| a == "--json") {
        document::begin(Form::Document);
        let text = e.to_string();
        document::keep_fault(text.lines().next().unwrap_or_default().trim_start_matches("error: "), None);
        let _ = document::end();
    }
    ExitCode::from(if e.use_stderr() { WRONG } else { DONE })
}

/// Says an error, and gives the exit code.
fn told(e: &anyhow::Error) -> u8 {
    // A reader that went away is no failure.
    if e.chain().any(|c| c.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)) {
        return DONE;
    }
    let message = in_words(e);
    let of_call = e.chain().find_map(|c| c.downcast_ref::<WrongCall>()?.help.clone());
    let help = of_call.or_else(|| e.chain().find_map(|c| c.downcast_ref::<hilum_cache::Error>()?.help()).map(str::to_owned));
    remark(format!("error: {message}"));
    help.iter().for_each(|h| remark(format!("help: {h}")));
    document::keep_fault(&message, help.as_deref());
    let is_damage = |c: &(dyn std::error::Error + 'static)| {
        matches!(c.downcast_ref(), Some(hilum_cache::Error::Damaged(_) | hilum_cache::Error::Missing(_) | hilum_cache::Error::Record { .. }))
    };
    match e.chain().any(|c| c.is::<WrongCall>()) {
        true => WRONG,
        false if e.chain().any(is_damage) => DAMAGED,
        false => FAILED,
    }
}

/// The store that an argument names, or the environment; a variable that is set and empty is as good as none.
fn store_or_environment(given: Option<&PathBuf>) -> Option<PathBuf> {
    given.cloned().or_else(|| std::env::var_os("HILUM_STORE").filter(|s| !s.is_empty()).map(PathBuf::from))
}

/// What was asked for cannot be meant: the exit code says so, as for arguments that do not parse.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct WrongCall {
    message: String,
    help: Option<String>,
}

/// A call that cannot be meant.
fn wrong(message: impl Into<String>) -> WrongCall {
    WrongCall { message: message.into(), help: None }
}

impl WrongCall {
    /// Gives advice.
    fn help(self, help: impl Into<String>) -> Self {
        WrongCall { help: Some(help.into()), ..self }
    }
    /// Gives advice where there is any; it comes before advice that was given already.
    fn maybe_help(self, help: Option<String>) -> Self {
        WrongCall { help: help.or(self.help), ..self }
    }
}

/// An error with what it comes from; a fault of the store says its own reason.
fn in_words(e: &anyhow::Error) -> String {
    let mut parts = vec![];
    for cause in e.chain() {
        parts.push(cause.to_string());
        if cause.is::<hilum_cache::Error>() {
            break;
        }
    }
    parts.join(": ")
}
