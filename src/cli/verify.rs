//! `hilum verify`

use super::replay::{self, ReplayArgs};
use super::trust::{self, TrustArgs};
use super::{DAMAGED, DONE, StoreArgs, open, say, wrong};
use crate::progress::remark;
use crate::provenance::{ChangedResult, History, ResultFault, ResultsFound};
use clap::Args;
use hilum_cache::Sha256;
use hilum_cache::erasure::ErasedBy;
use hilum_cache::evidence::{self, Examined, Fault, Signed};
use hilum_cache::ledger::Lost;
use hilum_cache::verify::Report;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// Where results were written, which are compared with what was recorded [default: results/ beside the store]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    /// The head of the ledger that you noted earlier, as `hilum log` prints it: what it stands for must still be there
    #[arg(long, value_name = "SHA256", value_parser = head)]
    head: Option<Sha256>,
    #[command(flatten)]
    replay: ReplayArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// Everything that was looked at.
struct Looked {
    report: Report,
    examined: Examined,
    results: Option<ResultsFound>,
    /// A head that was noted and is not that of any checkpoint.
    lost_head: Option<Sha256>,
}

impl Looked {
    fn faults(&self) -> usize {
        let results = self.results.as_ref().map_or(0, |found| found.changed.len());
        self.report.count() + self.examined.faults.len() + results + usize::from(self.lost_head.is_some())
    }
    fn changed(&self) -> &[ChangedResult] {
        self.results.as_ref().map_or(&[], |found| &found.changed)
    }
}

fn head(text: &str) -> Result<Sha256, String> {
    Sha256::from_hex(text.strip_prefix("sha256:").unwrap_or(text)).ok_or_else(|| "a head has 64 hexadecimal digits".to_owned())
}

pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<u8> {
    if args.replay.is_wanted() {
        return replay::replay(&args.replay, args.head, &args.trust, &args.store);
    }
    if let Some(results) = args.results.as_ref().filter(|results| !results.is_dir()) {
        return Err(wrong(format!("there is no directory `{}`", results.display())).help("name the directory with a subdirectory for each study").into());
    }
    let (store, ledger) = open::store_to_change(&args.store)?;
    let trusted = args.trust.keys(store.root())?;
    let report = hilum_cache::verify::verify(&store, &ledger)?;
    let examined = evidence::chain::examine(&store, &trusted)?;
    let beside = || store.root().parent().map(|study| study.join("results")).filter(|results| results.is_dir());
    let directory = args.results.clone().or_else(beside);
    let results = directory.as_ref().map(|results| History::read(&store)?.compare_results(results)).transpose()?;
    let lost_head = args.head.filter(|head| !examined.checkpoints.iter().any(|found| found.digest == *head));
    let looked = Looked { report, examined, results, lost_head };
    match args.store.json {
        true => say(document(&looked))?,
        false => text(&looked, args.results.as_deref())?,
    }
    Ok(if looked.faults() == 0 { DONE } else { DAMAGED })
}

fn document(looked: &Looked) -> Value {
    let Looked { report, examined, results, lost_head } = looked;
    let places = |places: &[(String, usize)]| places.iter().map(|(run, line)| json!({ "run": run, "line": line })).collect::<Vec<Value>>();
    let of_result = |c: &ChangedResult| {
        let found = if let ResultFault::Changed(found) = c.fault { Some(found) } else { None };
        json!({ "path": c.path, "fault": fault_name(c.fault), "recorded": c.recorded, "found": found, "stage": c.stage, "run": c.run })
    };
    json!({
        "intact": report.intact,
        "faults": report.faults,
        "broken_journals": places(&report.broken_journals),
        "empty_journals": report.empty_journals,
        "altered_receipts": places(&report.altered_receipts),
        "erased": report.erased,
        "lost_receipts": report.lost_receipts,
        "checkpoints": examined.checkpoints,
        "checkpoint_faults": examined.faults,
        "without_checkpoint": examined.without,
        "lost_head": lost_head,
        "results": results.as_ref().map(|found| json!({ "intact": found.intact, "others": found.others, "absent": found.absent })),
        "changed_results": looked.changed().iter().map(of_result).collect::<Vec<_>>(),
    })
}

fn fault_name(fault: ResultFault) -> &'static str {
    match fault {
        ResultFault::Changed(_) => "changed",
        ResultFault::Missing => "missing",
        ResultFault::NoFile => "no-file",
        ResultFault::Unreadable => "unreadable",
    }
}

fn text(looked: &Looked, named: Option<&Path>) -> anyhow::Result<()> {
    let Looked { report, examined, results, lost_head } = looked;
    for fault in &report.faults {
        let made = if fault.made_by.is_empty() { vec!["not named by any record".to_owned()] } else { fault.made_by.clone() };
        say(format!("{}  {}  {}", fault.kind.to_uppercase(), fault.digest, made.join("; ")))?;
    }
    for (run, line) in &report.broken_journals {
        say(format!("BROKEN  journal of run {run}: line {line} or the line before it was altered"))?;
    }
    for (run, line) in &report.altered_receipts {
        say(format!("ALTERED  journal of run {run}: the key of the receipt in line {line} is not that of its recipe; one of them was altered"))?;
    }
    for run in &report.empty_journals {
        say(format!("EMPTY  journal of run {run}: its lines were removed"))?;
    }
    for Lost { key, study, stage, run } in &report.lost_receipts {
        say(format!("LOST  receipt {key}: run {run} reused it for {study} {stage}, and no journal has it"))?;
    }
    examined.faults.iter().try_for_each(|fault| say(trust::fault(fault)))?;
    if let Some(head) = lost_head {
        say(format!("LOST  head sha256:{}: no run here has it; the one that had was altered or removed since", head.hex()))?;
    }
    looked.changed().iter().try_for_each(|changed| say(line_of(changed)))?;
    for by in erasures(report) {
        let count = report.erased.iter().filter(|erased| erased.by == *by).count();
        say(format!("erased  {}, as line {} of run {} says", counted(count, "object", "objects"), by.line, by.run))?;
    }
    say(format!("{} intact, {}", counted(report.intact, "object", "objects"), counted(looked.faults(), "fault", "faults")))?;
    if let Some(found) = results {
        results_in_words(found, named)?;
    }
    signatures(examined)?;
    helps(looked);
    Ok(())
}

/// The lines by which objects were erased, each once.
fn erasures(report: &Report) -> Vec<&ErasedBy> {
    let mut all: Vec<&ErasedBy> = report.erased.iter().map(|erased| &erased.by).collect();
    all.sort_by_key(|by| (&by.run, by.line));
    all.dedup();
    all
}

fn line_of(ChangedResult { path, fault, recorded, stage, run }: &ChangedResult) -> String {
    let short = |digest: &Sha256| trust::short(&digest.hex()).to_owned();
    let (recorded, path) = (short(recorded), path.display());
    match fault {
        ResultFault::Changed(found) => {
            format!("CHANGED  {path}: recorded sha256:{recorded}, now sha256:{}, written by `{stage}` in run {run}", short(found))
        }
        ResultFault::Missing => format!("MISSING  {path}: recorded sha256:{recorded}, written by `{stage}` in run {run}"),
        ResultFault::NoFile => format!("NO FILE  {path}: a link or something else is there, where `{stage}` of run {run} wrote sha256:{recorded}"),
        ResultFault::Unreadable => format!("UNREADABLE  {path}: recorded sha256:{recorded}, written by `{stage}` in run {run}"),
    }
}

fn results_in_words(found: &ResultsFound, named: Option<&Path>) -> anyhow::Result<()> {
    if found.intact > 0 || !found.changed.is_empty() {
        let others = match found.others {
            0 => String::new(),
            n => format!("; {} there that no run wrote", counted(n, "file is", "files are")),
        };
        say(format!("{} as written{others}", counted(found.intact, "result", "results")))?;
    }
    if let Some(directory) = named {
        found.absent.iter().try_for_each(|study| say(format!("no results of {study} are in {}", directory.display())))?;
    }
    Ok(())
}

fn helps(looked: &Looked) {
    let Looked { report, examined, .. } = looked;
    if report.faults.iter().any(|fault| fault.kind != "remaining") || !looked.changed().is_empty() {
        remark(
            "help: whoever has the study runs it again: damaged and missing objects are computed again, results written again, and changed files moved aside; \
             whoever was handed it asks where it comes from",
        );
    }
    if report.faults.iter().any(|fault| fault.kind == "remaining") {
        remark("help: an erasure was interrupted; run `hilum forget` again for that patient");
    }
    let is_of_journals = |fault: &Fault| !matches!(fault, Fault::Untrusted { .. });
    if report.faults.len() < report.count() || examined.faults.iter().any(is_of_journals) {
        remark("help: journals cannot be computed again; copy the directory of the run in `runs/` from a backup, or run the study again in a new store");
    }
}

/// How far checkpoints reach, and who vouches for them.
fn signatures(examined: &Examined) -> anyhow::Result<()> {
    let Examined { checkpoints, without, .. } = examined;
    if let Some(last) = checkpoints.last() {
        let of = |is: fn(&Signed) -> bool| checkpoints.iter().filter(|c| is(&c.signed)).count();
        let parts = [
            (of(|s| matches!(s, Signed::By(_))), "signed by a key that you trust"),
            (of(|s| matches!(s, Signed::ByUnknown(_))), "with a signature that was not checked, since its key is not among those that you trust"),
            (of(|s| matches!(s, Signed::Forged(_))), "with a forged signature"),
            (of(|s| matches!(s, Signed::No)), "not signed"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        say(format!("{}: {}; head sha256:{}", counted(checkpoints.len(), "checkpoint", "checkpoints"), parts.join(", "), last.digest.hex()))?;
        for found in checkpoints {
            for cosigned in &found.cosignatures {
                let (meaning, signed) = (cosigned.says.meaning.name(), trust::signed(&cosigned.signed));
                say(format!("run {}: {meaning} of {}, {signed}", found.says.run, trust::minute(&cosigned.says.time)))?;
            }
        }
    }
    if !without.is_empty() {
        say(format!("without a checkpoint, as they may go on, have been killed or be of an older program: {}", without.join(", ")))?;
    }
    Ok(())
}
