//! `hilum forget`: computes a study without a patient who was removed from its files, and erases from the store what the patient is in or
//! influenced; with a certificate that says what is known of the rest.

mod checked;
mod shown;

use super::run::stop_on_signals;
use super::sought::{Named, Question, is_file};
use super::{DONE, FAILED, INTERRUPTED, REFUSED, StudyArgs, open, output, say_error, wrong};
use crate::driver::{self, Device, Devices, End, Opened, RunOptions, Study};
use crate::forget::{self, Asked, Certificate, Digests, Erasure, NotReached, Survey, Traces, Verdict};
use crate::patients;
use crate::progress::{self, remark};
use crate::run::launch::Launchers;
use crate::workspace::{self, signing};
use anyhow::{Context, anyhow};
use clap::Args;
use hilum_cache::{Error, Ledger, Store};
use hilum_stages::words::counted;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct ForgetArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Read the patient's identifier from standard input, as the imported table had it
    #[arg(long, conflicts_with_all = ["pseudonym", "check"], required_unless_present_any = ["pseudonym", "check"])]
    patient_stdin: bool,
    /// Erase the patient with a pseudonym, `p:` and 32 digits
    #[arg(long, conflicts_with = "check")]
    pseudonym: Option<String>,
    /// Only the patient of this set of identifiers: the `patients: NAME` of imports, or their directory
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Write the certificate to this file, too
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Before anything is erased, compare the results with those in the store of a study that never had the patient
    #[arg(long, value_name = "STORE", conflicts_with = "dry_run")]
    against: Option<PathBuf>,
    /// Compare the results of this study, which never had the patient, with a certificate; erases nothing
    #[arg(long, value_name = "CERTIFICATE", conflicts_with_all = ["dry_run", "certificate", "against"])]
    check: Option<PathBuf>,
    /// Maximum number of stages that run at once [default: the number of cores]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Device: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: Device,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Who is asked for, and what is known of a study before it is computed again.
struct Known {
    whom: Named,
    traces: Traces,
    before: Digests,
}

pub(super) fn forget(args: &ForgetArgs) -> anyhow::Result<u8> {
    if let Some(file) = &args.check {
        return checked::check(args, file);
    }
    if let Some(file) = &args.certificate {
        output::outside_stores(file)?;
        // Nobody should learn that only once everything is erased.
        if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir()) {
            return Err(wrong(format!("there is no directory `{}` to write the certificate to", directory.display())).into());
        }
        output::replaces_ours(file, |text| text.starts_with("{\"certificate\":\"erasure\""), "a certificate of an erasure")?;
    }
    args.study.file.as_deref().map_or(Ok(()), is_file)?;
    let against = args.against.as_deref().map(other_store).transpose()?;
    let study = match open::study(&args.study) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    if !study.workspace.store.join("format").is_file() {
        return Err(wrong(format!("there is no store at `{}`", study.workspace.store.display())).help("a study that never ran has nothing to erase").into());
    }
    if against.as_ref().is_some_and(|other| workspace::real(other.root()) == workspace::real(&study.workspace.store)) {
        return Err(wrong("`--against` names the store of this study").help("name that of a study that never had the patient").into());
    }
    let devices = open::devices(args.device)?;
    let whom = Named::of(args.pseudonym.as_deref(), Some(&study.workspace))?;
    let known = match look(args, &study, whom, &devices)? {
        Ok(known) => known,
        Err(code) => return Ok(code),
    };
    let code = run_without(args, &study, devices)?;
    if code != DONE {
        remark("nothing was erased: the study has to be computed without the patient first");
        return Ok(code);
    }
    erase(args, &study, &known, against.as_ref())
}

/// Finds out who is meant, and whether the imports still see the patient. Ends the command where they do, where there is nothing to do,
/// and where it is only to be said what would be done.
fn look(args: &ForgetArgs, study: &Study, whom: Named, devices: &Devices) -> anyhow::Result<Result<Known, u8>> {
    let record = driver::record(&study.workspace.store, Store::open);
    // A refusal writes nothing: what is found of the files is saved by the run.
    let opened = match Opened::new(study, record, false, devices.engines.clone()) {
        Ok(opened) => opened,
        Err(e) => return open::code(e).map(Err),
    };
    let (store, ledger) = (&opened.session.store, &opened.session.ledger);
    open::remark_ledger(store, ledger)?;
    let question = Question::to(patients::open(store)?, &whom, args.namespace.as_deref());
    let sought = question.sought()?;
    question.remark_limits(&sought);
    let rest = forget::remaining(store, ledger)?;
    if sought.people.is_empty() && rest.is_empty() {
        shown::nothing(args, &question)?;
        return Ok(Err(DONE));
    }
    let traces = traces(study, store, ledger, &question, &sought)?;
    let namespaces: Option<BTreeSet<String>> = args.namespace.as_ref().map(|_| sought.namespaces(&question.index).into_iter().map(str::to_owned).collect());
    let still = forget::still_there(study, &opened.session.listings, whom.key(), namespaces.as_ref(), &traces);
    if !still.is_empty() {
        return shown::still_there(&still).map(|()| Err(REFUSED));
    }
    let before = forget::digests(question.index.results(), &study.pipeline.study);
    if args.dry_run {
        let asked = Asked { store, ledger, index: &question.index, sought: &sought, study: &study.pipeline.study, before: &before };
        let survey = forget::survey(&asked, &traces)?;
        let plan = opened.plan()?;
        shown::dry_run(args, study, &opened, &plan, &survey)?;
        return Ok(Err(DONE));
    }
    Ok(Ok(Known { whom, traces, before }))
}

/// What the store and the private directory know of the patient.
fn traces(study: &Study, store: &Store, ledger: &Ledger, question: &Question, sought: &patients::Sought) -> anyhow::Result<Traces> {
    let mut traces = Traces::of(sought, &question.pseudonyms, store, ledger)?;
    traces.paths = study.workspace.paths_of(&traces.images);
    traces.patterns = question.index.imports().iter().flat_map(|import| import.patterns.iter().cloned()).collect();
    Ok(traces)
}

/// Runs the study; gives the exit code.
fn run_without(args: &ForgetArgs, study: &Study, devices: Devices) -> anyhow::Result<u8> {
    let options = RunOptions { launchers: Launchers::here(), devices, only: vec![], force: vec![], jobs: args.jobs, keep_going: false, checkpoint_every: 60.0 };
    // What happens is for people: the document is of the erasure.
    let sink = progress::sink(false, &study.pipeline);
    let record = driver::record(&study.workspace.store, driver::to_repair);
    let ran = match driver::run(study, record, &options, &*sink, &*stop_on_signals()?) {
        Ok(ran) => ran,
        Err(e) => return open::code(e),
    };
    Ok(match ran.end {
        End::Finished => DONE,
        End::Failed => FAILED,
        End::Interrupted => INTERRUPTED,
        End::Refused => REFUSED,
    })
}

/// Looks at everything again, now that the study is computed without the patient, and erases.
fn erase(args: &ForgetArgs, study: &Study, known: &Known, against: Option<&Store>) -> anyhow::Result<u8> {
    let name = &study.pipeline.study;
    let (store, ledger) = open::store_to_erase(&study.workspace.store)?;
    let question = Question::to(patients::open(&store)?, &known.whom, args.namespace.as_deref());
    let sought = question.sought()?;
    let asked = Asked { store: &store, ledger: &ledger, index: &question.index, sought: &sought, study: name, before: &known.before };
    let survey = forget::survey(&asked, &traces(study, &store, &ledger, &question, &sought)?)?;
    if !survey.reached.is_empty() {
        say_error(
            &format!("{} of the study still {} to do with the patient: {}", of(&survey.reached), has(survey.reached.len()), survey.reached.join(", ")),
            Some("nothing was erased; look for files that were made of the patient elsewhere, such as weights that a training begins with"),
        );
        return Ok(REFUSED);
    }
    if !survey.not_known.is_empty() {
        let help = "nothing was erased; `hilum run --force STAGE` computes them again, and what they are made of";
        say_error(&format!("of {} of the study it is not known whom they have seen: {}", of(&survey.not_known), survey.not_known.join(", ")), Some(help));
        return Ok(REFUSED);
    }
    // Newest first.
    let run = question.index.results().iter().find(|result| result.is_current && result.study == *name).map(|result| result.run.clone());
    let compared = against.map(|other| forget::compare(&survey.stages, name, other)).transpose()?;
    if compared.as_ref().is_some_and(|compared| !compared.is_equal()) {
        let compared = compared.unwrap_or_default();
        shown::compared(&compared)?;
        say_error("the results are not those of the other store", Some("nothing was erased; without `--against`, it is erased all the same"));
        return Ok(FAILED);
    }
    let certificate = Certificate {
        certificate: "erasure".into(),
        v: 1,
        study: name.clone(),
        run,
        head: None,
        stages: survey.stages.clone(),
        erased: forget::Counts::default(),
        private: forget::Private::default(),
        compared,
        shown: vec![],
        not_reached: vec![],
    };
    let certificate = certificate.reaching(&survey.taken, beyond(study, &survey, &question));
    let signer = signing::signing_key(&study.workspace.store)?;
    // Without those images that others have now.
    let theirs = Traces { paths: study.workspace.paths_of(&survey.images), images: survey.images.clone(), ..known.traces.clone() };
    let is_named = |file: &str| theirs.has_name(file, known.whom.key());
    let erasure = Erasure { store: &store, workspace: &study.workspace, survey: &survey, is_named: &is_named, signer: signer.as_ref() };
    let certificate = forget::erase(&erasure, certificate).map_err(|e| match e {
        Error::Busy => anyhow!("the store is in use by another hilum process; wait until it has finished, and run this again: nothing was erased"),
        e => e.into(),
    })?;
    if let Some(file) = &args.certificate {
        std::fs::write(file, certificate.to_bytes()).with_context(|| format!("the patient was erased, but `{}` could not be written", file.display()))?;
    }
    shown::certificate(args, &certificate)?;
    Ok(if certificate.stages.iter().any(|stage| stage.verdict == Verdict::NotShown) { FAILED } else { DONE })
}

/// What is out of reach here, besides what always is.
fn beyond(study: &Study, survey: &Survey, question: &Question) -> Vec<NotReached> {
    let mut out: Vec<NotReached> = question.limits().into_iter().map(|(what, why)| NotReached { what: what.to_owned(), why }).collect();
    let edited = edited(&study.workspace.results.join(&study.pipeline.study));
    if edited > 0 {
        let why = format!(
            "{} of an earlier result that was changed and set aside; it may be of the patient: look at it and remove it",
            counted(edited, "copy", "copies")
        );
        out.push(NotReached { what: "changed results".into(), why });
    }
    if survey.shared > 0 {
        let why = format!(
            "{} under the patient and others together in older tables, and {} under others now: it stays",
            counted(survey.shared, "image was filed", "images were filed"),
            if survey.shared == 1 { "is filed" } else { "are filed" }
        );
        out.push(NotReached { what: "images of several patients".into(), why });
    }
    out
}

/// How many changed results were set aside below a directory.
fn edited(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => edited(&entry.path()),
            false => usize::from(entry.file_name().to_string_lossy().contains(".edited-")),
        })
        .sum()
}

/// Another store, which is only read.
fn other_store(path: &Path) -> anyhow::Result<Store> {
    let at = if path.join("format").is_file() { path.to_path_buf() } else { path.join(".hilum") };
    if !at.join("format").is_file() {
        return Err(wrong(format!("there is no store at `{}`", path.display())).help("name the `.hilum` of the study that never had the patient").into());
    }
    Ok(Store::open(&at)?)
}

fn of(all: &[String]) -> String {
    counted(all.len(), "result", "results")
}

fn has(n: usize) -> &'static str {
    if n == 1 { "has" } else { "have" }
}
