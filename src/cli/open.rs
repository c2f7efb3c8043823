//! What most verbs begin with: read the study, find its directories, open the store.

use super::{StoreArgs, StudyArgs, WRONG, document, find, output, trust, wrong};
use crate::checks::{self, Finding};
use crate::diagnostic::{Diagnostic, Texts, did_you_mean};
use crate::driver::{self, Device, Devices, Opener, Record, Rejected, Study};
use crate::pipeline::model::StageId;
use crate::progress::{remark, remark_text, rendered};
use crate::workspace::{self, Workspace, signing};
use anyhow::Context;
use hilum_cache::lock::StoreLock;
use hilum_cache::{Ledger, Store, WritableStore, journal};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Reads a study, or prints all its errors and gives the exit code.
pub(super) fn study(args: &StudyArgs) -> Result<Study, u8> {
    let (file, workspace) = named(args)?;
    driver::load(&file, &args.sets(), workspace).map(warned).map_err(|e| rejected(&e))
}

/// Reads a study and, meanwhile, the journals of its store, which `open` opens.
pub(super) fn study_and_record(args: &StudyArgs, open: Opener) -> Result<(Study, Record), u8> {
    let (file, workspace) = named(args)?;
    let both = driver::load_with_record(&file, &args.sets(), workspace, open);
    both.map(|(study, record)| (warned(study), record)).map_err(|e| rejected(&e))
}

/// A study with further settings, or nothing where these do not fit; nothing is said of it.
pub(super) fn mutated(args: &StudyArgs, sets: &[String]) -> Option<Study> {
    let (file, workspace) = named(args).ok()?;
    driver::load(&file, &[args.sets(), sets.to_vec()].concat(), workspace).ok()
}

/// Says what is to be said of a study.
fn warned(study: Study) -> Study {
    complain(&study.warnings, &study.texts);
    study
}

/// Says why a study cannot be used; gives the exit code.
pub(super) fn rejected(why: &Rejected) -> u8 {
    complain(&why.diagnostics, &why.texts);
    WRONG
}

/// The exit code of a command that could not be carried out, where what is wrong with the study says it all.
pub(super) fn code(e: driver::Error) -> anyhow::Result<u8> {
    match e {
        driver::Error::Rejected(why) => Ok(rejected(&why)),
        driver::Error::Store(e) => Err(e.into()),
        driver::Error::Results(e) => Err(wrong(e.to_string()).maybe_help(e.help().map(str::to_owned)).into()),
    }
}

/// The study's file, named or found, with its directories.
fn named(args: &StudyArgs) -> Result<(PathBuf, Workspace), u8> {
    let file = find::study(args.file.as_deref()).map_err(|e| super::report_error(&e))?;
    let store = super::store_or_environment(args.store.as_ref());
    for (option, dir) in [("--store", &store), ("--results", &args.results)] {
        if let Some(dir) = dir.as_ref().filter(|dir| dir.exists() && !dir.is_dir()) {
            return Err(super::report_error(&wrong(format!("{option}: `{}` is not a directory", dir.display())).into()));
        }
    }
    // Results are laid out in it, and what lies there is removed once no study has it any more.
    args.results.as_deref().map_or(Ok(()), output::outside_stores).map_err(|e| super::report_error(&e))?;
    let workspace = Workspace::of(&file, store, args.results.clone(), args.data());
    Ok((file, workspace))
}

/// The device that a call asks for; one that is not there is a wrong call.
pub(super) fn devices(device: Device) -> anyhow::Result<Devices> {
    device.find().map_err(|e| wrong(e.to_string()).into())
}

/// The stages that a name means: one, or all cells of one.
pub(super) fn stages(study: &Study, name: &str) -> anyhow::Result<Vec<StageId>> {
    let found = study.pipeline.matching(name);
    if found.is_empty() {
        let known = study.pipeline.stages.iter().flat_map(|s| [s.name.as_str(), s.base.as_str()]);
        return Err(wrong(format!("there is no stage `{name}`")).maybe_help(did_you_mean(name, known, "stage")).into());
    }
    Ok(found)
}

/// The run of this name, or the newest one.
pub(super) fn run(store: &Store, name: Option<&str>) -> anyhow::Result<String> {
    let runs = journal::run_names(store)?;
    match name {
        Some(name) if runs.iter().any(|r| r == name) => Ok(name.to_owned()),
        Some(name) => {
            let help = did_you_mean(name, runs.iter().map(String::as_str), "run");
            Err(wrong(format!("there is no run `{name}`")).help("`hilum ls` lists the runs").maybe_help(help).into())
        }
        None => journal::study_runs(store)?.pop().ok_or_else(|| wrong("no run has been recorded yet").into()),
    }
}

/// Says that the journal of a run was altered, if it was.
pub(super) fn remark_altered(ledger: &Ledger, run: &str) {
    let Some(journal) = ledger.soundness(run) else { return };
    if journal.is_empty {
        remark(format!("warning: the journal of run {run} is empty: its lines were removed, and what the run did is not known"));
    } else if let Some(line) = journal.first_altered() {
        remark(format!("warning: the journal of run {run} was altered at line {line} or the line before it: what it says from there on cannot be relied on"));
    }
}

/// Says where what the runs of a store say cannot be relied on, or a part of it is gone: for answers that go by all of them.
pub(super) fn remark_ledger(store: &Store, ledger: &Ledger) -> anyhow::Result<()> {
    for run in journal::run_names(store)? {
        remark_altered(ledger, &run);
    }
    let faults = signing::faults(store)?;
    faults.iter().for_each(|fault| remark(format!("warning: {}", trust::fault(fault))));
    if !faults.is_empty() {
        remark("warning: the answer goes by what is left, and may be incomplete");
    }
    Ok(())
}

/// Prints diagnostics.
pub(super) fn complain(all: &[Diagnostic], texts: &Texts) {
    if !all.is_empty() {
        document::keep(all, texts);
        remark_text(rendered(all, texts));
    }
}

/// Prints findings; true where one refuses the study.
pub(super) fn refuse(study: &Study, found: &[Finding]) -> bool {
    complain(&checks::diagnostics(&study.pipeline, &study.texts, found, &[]), &study.texts);
    found.iter().any(Finding::refuses)
}

/// Says which findings are allowed and did not occur, once everything is known.
pub(super) fn remark_unused(study: &Study, found: &[Finding]) {
    let unused = checks::unused(&study.pipeline, found);
    complain(&unused, &study.texts);
}

/// Finds a store without a study: here, in the parents, in `pipelines/`.
pub(super) fn store(args: &StoreArgs) -> anyhow::Result<(Store, Ledger)> {
    let store = Store::open(&store_dir(args)?)?;
    read_until_the_end(&store);
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

/// The same for `verify`, which sets aside what it finds damaged, and for `cosign`, which adds a signature.
pub(super) fn store_to_change(args: &StoreArgs) -> anyhow::Result<(WritableStore, Ledger)> {
    let store = WritableStore::open(&store_dir(args)?)?;
    read_until_the_end(&store);
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

/// A store out of which something is erased, with what it recorded; without a read lock.
pub(super) fn store_to_erase(root: &Path) -> anyhow::Result<(WritableStore, Ledger)> {
    let store = WritableStore::open(root)?;
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

/// The same for `gc`, without a read lock.
pub(super) fn store_to_clean(args: &StoreArgs) -> anyhow::Result<WritableStore> {
    Ok(WritableStore::open(&store_dir(args)?)?)
}

/// The store of a study, to write down what was decided about it; laid out where it is new.
pub(super) fn to_record(store: &Store) -> anyhow::Result<WritableStore> {
    Ok(WritableStore::of(store)?)
}

/// Keeps `gc` out for as long as this process lives: what is read must not go meanwhile.
fn read_until_the_end(store: &Store) {
    std::mem::forget(StoreLock::read(store));
}

/// What is larger is no document of hilum that somebody was handed: one holds a line of a journal, or is of the size of a study.
const LARGEST: u64 = 256 << 20;

/// The bytes of a document that somebody was handed; none of what is no regular file, or too large.
pub(super) fn handed(file: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let cannot = || format!("cannot read `{}`", file.display());
    let opened = File::open(file).with_context(cannot)?;
    if !opened.metadata().is_ok_and(|stat| stat.is_file() && stat.len() <= LARGEST) {
        return Ok(None);
    }
    let mut bytes = vec![];
    opened.take(LARGEST).read_to_end(&mut bytes).with_context(cannot)?;
    Ok(Some(bytes))
}

/// Where the store lies that is named, or found.
pub(super) fn store_dir(args: &StoreArgs) -> anyhow::Result<PathBuf> {
    let root = match super::store_or_environment(args.store.as_ref()) {
        Some(root) => root,
        None => find_store()?,
    };
    if !root.join("format").is_file() {
        return Err(wrong(format!("there is no store at `{}`", root.display())).into());
    }
    Ok(root)
}

fn find_store() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot determine the current directory")?;
    let candidates = here.ancestors().map(|d| d.join(".hilum")).chain([here.join("pipelines/.hilum")]);
    let found = candidates.into_iter().find(|d| d.join("format").is_file());
    if let Some(of_another) = found.as_ref().filter(|d| !workspace::is_own(d)) {
        return Err(wrong(format!("the store at `{}` belongs to another user; to use it anyway, name it with --store", of_another.display())).into());
    }
    found.ok_or_else(|| wrong("no store found here, in a parent directory, or in pipelines/; name one with --store").into())
}
