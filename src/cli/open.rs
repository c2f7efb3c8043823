//! What most verbs begin with: read the study, find its directories, open the store.

use super::{StoreArgs, StudyArgs, WRONG, document, find, wrong};
use crate::checks::{self, Finding};
use crate::diagnostic::{Diagnostic, Texts, did_you_mean, render_all};
use crate::language::language;
use crate::lineage::Evidence;
use crate::pipeline::{self, Loaded, Pipeline};
use crate::plan::{Plan, World};
use crate::progress::remark;
use crate::run::execute::Outputs;
use crate::tables::Tables;
use crate::workspace::{self, Listings, Workspace};
use anyhow::{Context, bail};
use hilum_cache::lock::StoreLock;
use hilum_cache::{Ledger, Store, WritableStore, journal};
use hilum_stages::contract::context::DeviceChoice;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A study that was read without a fault.
pub(super) struct Study {
    pub(super) pipeline: Pipeline,
    pub(super) texts: Texts,
    pub(super) workspace: Workspace,
}

/// A store with what it recorded.
pub(super) type Record = hilum_cache::Result<(Store, Ledger)>;

/// Reads a study, or prints all its faults and gives the exit code.
pub(super) fn study(args: &StudyArgs) -> Result<Study, u8> {
    let (file, workspace) = named(args)?;
    checked(pipeline::load(&file, &args.set, &language()), workspace)
}

/// Reads a study and, meanwhile, the journals of its store, which `open` opens. A fault of the study is said before one
/// of the store.
pub(super) fn study_and_record(args: &StudyArgs, open: Opener) -> Result<(Study, Record), u8> {
    let (file, workspace) = named(args)?;
    let stop = AtomicBool::new(false);
    let (loaded, record) = std::thread::scope(|scope| {
        let record = scope.spawn(|| {
            let (store, mut ledger) = record(&workspace.store, open)?;
            ledger.read_ahead(&stop);
            Ok((store, ledger))
        });
        let loaded = pipeline::load(&file, &args.set, &language());
        stop.store(true, Ordering::Relaxed);
        (loaded, record.join())
    });
    let record = record.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    checked(loaded, workspace).map(|study| (study, record))
}

/// The study's file, named or found, with its directories.
fn named(args: &StudyArgs) -> Result<(PathBuf, Workspace), u8> {
    let file = find::study(args.file.as_deref()).map_err(|e| super::report_error(&e))?;
    let workspace = Workspace::of(&file, super::store_or_environment(args.store.as_ref()), args.results.clone(), args.data());
    Ok((file, workspace))
}

/// The stages that a name means: one, or all cells of one.
pub(super) fn stages(study: &Study, name: &str) -> anyhow::Result<Vec<usize>> {
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
        None => runs.last().cloned().ok_or_else(|| wrong("no run has been recorded yet").into()),
    }
}

/// How a store is opened.
pub(super) type Opener = fn(&Path) -> hilum_cache::Result<Store>;

/// For a run: damaged objects are set aside, so that they are recomputed.
pub(super) fn to_mend(root: &Path) -> hilum_cache::Result<Store> {
    WritableStore::open(root).map(WritableStore::into_store)
}

/// Opens a store, with what it recorded.
pub(super) fn record(root: &Path, open: Opener) -> Record {
    let store = open(root)?;
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

fn checked(loaded: Loaded, workspace: Workspace) -> Result<Study, u8> {
    complain(&loaded.diagnostics, &loaded.texts);
    loaded.pipeline.map(|pipeline| Study { pipeline, texts: loaded.texts, workspace }).ok_or(WRONG)
}

/// True if standard error shows colours.
pub(super) fn has_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Prints diagnostics.
pub(super) fn complain(all: &[Diagnostic], texts: &Texts) {
    if !all.is_empty() {
        document::keep(all, texts);
        remark(render_all(all, texts, has_colour()));
    }
}

/// What planning needs besides the study.
pub(super) struct Known {
    pub(super) store: Store,
    /// Nothing is cleaned away meanwhile.
    pub(super) lock: Option<StoreLock>,
    pub(super) ledger: Ledger,
    pub(super) listings: Listings,
    pub(super) tables: Tables,
    pub(super) pseudonyms: String,
    pub(super) engines: Vec<String>,
    pub(super) forced: Vec<usize>,
    pub(super) wanted: Vec<bool>,
}

impl Known {
    /// Hashes what path parameters name; faults of paths give the exit code.
    pub(super) fn of(study: &Study, record: Record, save: bool, engines: Vec<String>) -> anyhow::Result<Result<Known, u8>> {
        let (store, ledger) = record?;
        let store = store.with_memo(study.workspace.objects_memo());
        let lock = StoreLock::read(&store);
        tracing::debug!(store = %study.workspace.store.display(), locked = lock.is_some(), "reads the store");
        let mut faults = vec![];
        let listings = study.workspace.listings(&study.pipeline, save, &mut faults)?;
        if !faults.is_empty() {
            complain(&faults, &study.texts);
            return Ok(Err(WRONG));
        }
        let makes = study.pipeline.stages.iter().any(|s| s.kind.pseudonyms);
        let key = if makes { study.workspace.key()? } else { None };
        let pseudonyms = key.map_or_else(|| "none yet".to_owned(), |k| k.fingerprint());
        let wanted = vec![true; study.pipeline.stages.len()];
        Ok(Ok(Known { store, lock, ledger, listings, tables: Tables::default(), pseudonyms, engines, forced: vec![], wanted }))
    }

    pub(super) fn evidence(&self) -> Evidence<'_> {
        Evidence { store: &self.store, tables: &self.tables, ledger: &self.ledger, made: &[], listings: &self.listings, pseudonyms: &self.pseudonyms }
    }

    pub(super) fn world<'a>(&'a self, study: &'a Study) -> World<'a> {
        World {
            store: &self.store,
            ledger: &self.ledger,
            listings: &self.listings,
            pseudonyms: &self.pseudonyms,
            engines: &self.engines,
            tables: &self.tables,
            forced: &self.forced,
            wanted: &self.wanted,
            texts: &study.texts,
            whole: Default::default(),
        }
    }

    pub(super) fn plan(&self, study: &Study) -> anyhow::Result<Plan> {
        Ok(crate::plan::plan(&study.pipeline, &self.world(study))?)
    }

    /// What the checks find with the outputs that are known.
    pub(super) fn findings(&self, study: &Study, outputs: &Outputs) -> hilum_cache::Result<Vec<Finding>> {
        let lookup = |stage: usize, port: &str| outputs[stage].as_ref().and_then(|o| o.get(port).cloned());
        checks::findings(&study.pipeline, &lookup, &self.evidence())
    }
}

/// Prints findings; true where one refuses the study.
pub(super) fn refuse<'a>(study: &Study, found: impl IntoIterator<Item = &'a Finding> + Clone) -> bool {
    let all: Vec<Diagnostic> = checks::for_people(&study.pipeline, found.clone()).iter().map(|f| f.diagnostic(&study.pipeline, &study.texts)).collect();
    complain(&all, &study.texts);
    found.into_iter().any(Finding::refuses)
}

/// Says which findings are allowed and did not occur, once everything is known.
pub(super) fn remark_unused(study: &Study, found: &[Finding]) {
    let unused = checks::unused(&study.pipeline, found);
    complain(&unused, &study.texts);
}

/// Which device a study asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviceOption {
    /// A GPU where there is one.
    Auto,
    /// The processor.
    Cpu,
    /// A GPU: any, or the one of this number.
    Cuda(Option<usize>),
}

impl std::str::FromStr for DeviceOption {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(DeviceOption::Auto),
            "cpu" => Ok(DeviceOption::Cpu),
            "cuda" => Ok(DeviceOption::Cuda(None)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(|n| DeviceOption::Cuda(Some(n)))
                .ok_or_else(|| "expected auto, cpu, cuda or cuda:N".into()),
        }
    }
}

/// GPUs to run on, and engines whose receipts are accepted, the executing one first.
pub(super) fn devices(option: DeviceOption) -> anyhow::Result<(Vec<usize>, Vec<String>)> {
    let gpus = hilum_stages::gpus();
    let (cpu, cuda) = (hilum_stages::engine(DeviceChoice::Cpu), hilum_stages::engine(DeviceChoice::Cuda(0)));
    let none = if hilum_stages::HAS_CUDA { "no GPU found on this machine" } else { "this program was built without CUDA" };
    Ok(match option {
        DeviceOption::Auto if gpus.is_empty() => (vec![], vec![cpu, cuda]),
        DeviceOption::Auto => (gpus, vec![cuda, cpu]),
        DeviceOption::Cpu => (vec![], vec![cpu]),
        DeviceOption::Cuda(None) if gpus.is_empty() => bail!("`--device cuda`: {none}"),
        DeviceOption::Cuda(None) => (gpus, vec![cuda]),
        DeviceOption::Cuda(Some(n)) if !gpus.contains(&n) => {
            bail!("`--device cuda:{n}`: {}", if gpus.is_empty() { none.to_owned() } else { format!("there are {} GPUs, counted from 0", gpus.len()) })
        }
        DeviceOption::Cuda(Some(n)) => (vec![n], vec![cuda]),
    })
}

/// Finds a store without a study: here, in the parents, in `pipelines/`.
pub(super) fn store(args: &StoreArgs) -> anyhow::Result<(Store, Ledger)> {
    let store = Store::open(&store_dir(args)?)?;
    read_until_the_end(&store);
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

/// The same for `verify`, which sets aside what it finds damaged.
pub(super) fn store_to_verify(args: &StoreArgs) -> anyhow::Result<(WritableStore, Ledger)> {
    let store = WritableStore::open(&store_dir(args)?)?;
    read_until_the_end(&store);
    let ledger = Ledger::load(&store)?;
    Ok((store, ledger))
}

/// The same for `gc`, without a read lock.
pub(super) fn store_to_clean(args: &StoreArgs) -> anyhow::Result<WritableStore> {
    Ok(WritableStore::open(&store_dir(args)?)?)
}

/// Keeps `gc` out for as long as this process lives: what is read must not go meanwhile.
fn read_until_the_end(store: &Store) {
    std::mem::forget(StoreLock::read(store));
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
