//! `hilum log`: the ledger, newest run first, or the lines of one run.

use super::journal_line::{audit_name, what};
use super::trust::{self, TrustArgs, minute, short};
use super::{DAMAGED, DONE, StoreArgs, complete, open, say, show};
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::evidence::{self, Checkpointed, Examined};
use hilum_cache::journal::{self, Entry};
use hilum_cache::{RunRecord, Store};
use hilum_stages::words::counted;
use serde_json::json;

#[derive(Args)]
pub(super) struct LogArgs {
    /// Show the lines of this run [default: all runs, newest first]
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    run: Option<String>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn log(args: &LogArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let trusted = args.trust.keys(store.root())?;
    if let Some(run) = &args.run {
        let run = open::run(&store, Some(run))?;
        open::remark_altered(&ledger, &run);
        match args.store.json {
            true => return show::show(&args.store, &run),
            false => journal::entries(&store, &run)?.iter().try_for_each(|entry| say(line(entry)))?,
        }
        return Ok(DONE);
    }
    let examined = evidence::chain::examine(&store, &trusted)?;
    match args.store.json {
        true => say(json!({ "checkpoints": examined.checkpoints, "faults": examined.faults, "without_checkpoint": examined.without }))?,
        false => runs(&store, &examined)?,
    }
    Ok(if examined.faults.is_empty() { DONE } else { DAMAGED })
}

fn runs(store: &Store, examined: &Examined) -> anyhow::Result<()> {
    if let Some(last) = examined.checkpoints.last() {
        let all = counted(examined.checkpoints.len(), "run", "runs");
        say(format!("head sha256:{} of {all}: whoever has noted it can tell later whether one was removed or altered", last.digest.hex()))?;
    }
    let listed = journal::run_names(store)?;
    examined.faults.iter().filter(|fault| !listed.iter().any(|run| fault.run() == run)).try_for_each(|fault| say(trust::fault(fault)))?;
    for run in listed.into_iter().rev() {
        let record = RunRecord::read(store, &run).unwrap_or_default();
        let study = match &record.audit {
            Some((audit, study)) => format!("{study}: {}", audit_name(*audit)),
            None if record.study.is_empty() => "?".to_owned(),
            None => record.study,
        };
        say(format!("{run}   {study}   {}", minute(&record.started)))?;
        match examined.checkpoints.iter().find(|c| c.says.run == run) {
            Some(found) => checkpoint(found)?,
            None => say("  no checkpoint: the run may go on, have been killed, or be of an older program; or it was removed")?,
        }
        examined.faults.iter().filter(|fault| fault.run() == run).try_for_each(|fault| say(format!("  {}", trust::fault(fault))))?;
    }
    Ok(())
}

fn checkpoint(found: &Checkpointed) -> anyhow::Result<()> {
    let lines = counted(found.says.size as usize, "line", "lines");
    say(format!("  checkpoint {}: {lines}, root sha256:{}, {}", found.says.index, short(&found.says.root.hex()), trust::signed(&found.signed)))?;
    found.cosignatures.iter().try_for_each(|c| say(format!("  {}, {}, {}", c.says.meaning.name(), minute(&c.says.time), trust::signed(&c.signed))))
}

/// A line of a journal in short.
fn line(entry: &Entry) -> String {
    format!("{:>5}  {}  {:<13} {}", entry.seq, entry.time, entry.kind, what(entry))
}
