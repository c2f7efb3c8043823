//! `hilum verify`

use super::{DAMAGED, DONE, StoreArgs, open, say};
use crate::progress::remark;
use clap::Args;
use hilum_cache::ledger::Lost;
use hilum_stages::words::counted;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store_to_verify(&args.store)?;
    let report = hilum_cache::verify::verify(&store, &ledger)?;
    if args.store.json {
        let broken: Vec<Value> = report.broken_journals.iter().map(|(run, line)| json!({ "run": run, "line": line })).collect();
        say(
            json!({ "intact": report.intact, "faults": report.faults, "broken_journals": broken, "empty_journals": report.empty_journals, "lost_receipts": report.lost_receipts }),
        )?;
    } else {
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
        for lost in &report.lost_receipts {
            let Lost { key, study, stage, run } = lost;
            say(format!("LOST  receipt {key}: run {run} reused it for {study} {stage}, and no journal has it"))?;
        }
        say(format!("{} intact, {}", counted(report.intact, "object", "objects"), counted(report.count(), "fault", "faults")))?;
        if !report.faults.is_empty() {
            remark("help: run the study again; damaged and missing results will be recomputed");
        }
        if report.faults.len() < report.count() {
            remark("help: journals cannot be computed again; copy the directory of the run in `runs/` from a backup, or run the study again in a new store");
        }
    }
    Ok(if report.is_intact() { DONE } else { DAMAGED })
}
