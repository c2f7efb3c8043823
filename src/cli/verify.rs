//! `hilum verify`

use super::trust::{self, TrustArgs};
use super::{DAMAGED, DONE, StoreArgs, open, say};
use crate::progress::remark;
use crate::provenance::{ChangedResult, History};
use clap::Args;
use hilum_cache::evidence::{self, Examined, Fault, Signed};
use hilum_cache::ledger::Lost;
use hilum_cache::verify::Report;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// Where results were written, which are compared with what was recorded [default: results/ beside the store]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store_to_change(&args.store)?;
    let trusted = args.trust.keys(store.root())?;
    let report = hilum_cache::verify::verify(&store, &ledger)?;
    let examined = evidence::chain::examine(&store, &trusted)?;
    let beside = || store.root().parent().map(|study| study.join("results")).filter(|results| results.is_dir());
    let changed = match args.results.clone().or_else(beside) {
        Some(results) => History::read(&store)?.changed_results(&results)?,
        None => vec![],
    };
    match args.store.json {
        true => say(document(&report, &examined, &changed))?,
        false => text(&report, &examined, &changed)?,
    }
    let is_intact = report.is_intact() && examined.faults.is_empty() && changed.is_empty();
    Ok(if is_intact { DONE } else { DAMAGED })
}

fn document(report: &Report, examined: &Examined, changed: &[ChangedResult]) -> Value {
    let broken: Vec<Value> = report.broken_journals.iter().map(|(run, line)| json!({ "run": run, "line": line })).collect();
    let of_result = |c: &ChangedResult| json!({ "path": c.path, "recorded": c.recorded, "found": c.found, "stage": c.stage, "run": c.run });
    json!({
        "intact": report.intact,
        "faults": report.faults,
        "broken_journals": broken,
        "empty_journals": report.empty_journals,
        "lost_receipts": report.lost_receipts,
        "checkpoints": examined.checkpoints,
        "checkpoint_faults": examined.faults,
        "without_checkpoint": examined.without,
        "changed_results": changed.iter().map(of_result).collect::<Vec<_>>(),
    })
}

fn text(report: &Report, examined: &Examined, changed: &[ChangedResult]) -> anyhow::Result<()> {
    for fault in &report.faults {
        let made = if fault.made_by.is_empty() { vec!["not named by any record".to_owned()] } else { fault.made_by.clone() };
        say(format!("{}  {}  {}", fault.kind.to_uppercase(), fault.digest, made.join("; ")))?;
    }
    for (run, line) in &report.broken_journals {
        say(format!("BROKEN  journal of run {run}: line {line} or the line before it was altered"))?;
    }
    for run in &report.empty_journals {
        say(format!("EMPTY  journal of run {run}: its lines were removed"))?;
    }
    for Lost { key, study, stage, run } in &report.lost_receipts {
        say(format!("LOST  receipt {key}: run {run} reused it for {study} {stage}, and no journal has it"))?;
    }
    examined.faults.iter().try_for_each(|fault| say(trust::fault(fault)))?;
    for ChangedResult { path, recorded, found, stage, run } in changed {
        let [recorded, found] = [recorded, found].map(|digest| trust::short(&digest.hex()).to_owned());
        say(format!("CHANGED  {}: recorded sha256:{recorded}, now sha256:{found}, written by `{stage}` in run {run}", path.display()))?;
    }
    let faults = report.count() + examined.faults.len() + changed.len();
    say(format!("{} intact, {}", counted(report.intact, "object", "objects"), counted(faults, "fault", "faults")))?;
    signatures(examined)?;
    if !report.faults.is_empty() || !changed.is_empty() {
        remark("help: run the study again; damaged and missing objects will be recomputed, changed results written again, and the changed files moved aside");
    }
    let is_of_journals = |fault: &Fault| !matches!(fault, Fault::Untrusted { .. });
    if report.faults.len() < report.count() || examined.faults.iter().any(is_of_journals) {
        remark("help: journals cannot be computed again; copy the directory of the run in `runs/` from a backup, or run the study again in a new store");
    }
    Ok(())
}

/// How far checkpoints reach, and who vouches for them.
fn signatures(examined: &Examined) -> anyhow::Result<()> {
    let Examined { checkpoints, without, .. } = examined;
    let Some(last) = checkpoints.last() else { return Ok(()) };
    let of = |is: fn(&Signed) -> bool| checkpoints.iter().filter(|c| is(&c.signed)).count();
    let [by, unknown, none] = [of(|s| matches!(s, Signed::By(_))), of(|s| matches!(s, Signed::ByUnknown(_))), of(|s| matches!(s, Signed::No))];
    let parts = [
        (by, "signed by a key that you trust"),
        (unknown, "with a signature that was not checked, since its key is not among those that you trust"),
        (none, "not signed"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    say(format!("{}: {}; head sha256:{}", counted(checkpoints.len(), "checkpoint", "checkpoints"), parts.join(", "), last.digest.hex()))?;
    if !without.is_empty() {
        say(format!("without a checkpoint, as they may go on, have been killed or be of an older program: {}", without.join(", ")))?;
    }
    Ok(())
}
