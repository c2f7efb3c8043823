//! `hilum ls`: runs, and what each made.

use super::{DONE, StoreArgs, complete, open, say};
use crate::progress::remark;
use crate::progress::words::duration;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::{RunRecord, journal};
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct LsArgs {
    /// List the stages that this run executed, with digests of what they made [default: list the runs]
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    run: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn ls(LsArgs { run, store: args }: &LsArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(args)?;
    let only = run.as_deref().map(|name| open::run(&store, Some(name))).transpose()?;
    if let Some(run) = &only {
        open::remark_altered(&ledger, run);
    }
    let is_wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let receipts = ledger.receipts();
    let mut out = vec![];
    for run in journal::run_names(&store)?.into_iter().filter(|name| is_wanted(name)) {
        let record = RunRecord::read(&store, &run).unwrap_or_default();
        // What is no run of a study is in `hilum log`.
        if record.audit.is_some() {
            continue;
        }
        let study = if record.study.is_empty() { "?" } else { &record.study };
        let (executed, end) = (record.receipts().count(), record.finished);
        let (reused, failed) = (end.map(|f| f.reused), end.map(|f| f.failed));
        out.push(json!({ "run": run, "study": study, "executed": executed, "reused": reused, "failed": failed, "finished": end.is_some() }));
    }
    if args.json {
        let artifacts: Vec<Value> = receipts
            .iter()
            .filter(|(_, run)| is_wanted(run))
            .flat_map(|(r, run)| r.outputs.iter().map(move |(port, a)| json!({ "run": run, "study": r.study, "stage": r.stage, "port": port, "type": a.kind, "digest": a.digest, "bytes": a.bytes })))
            .collect();
        say(json!({ "runs": out, "artifacts": artifacts }))?;
        return Ok(DONE);
    }
    for run in &out {
        let state = if run["finished"] == true { String::new() } else { "   unfinished".into() };
        say(format!("{}   {}   executed {}{state}", text(&run["run"]), text(&run["study"]), run["executed"]))?;
        for (r, _) in receipts.iter().filter(|(_, name)| only.as_deref() == Some(name)) {
            let ports: Vec<String> = r.outputs.iter().map(|(port, a)| format!("{port} {}", a.digest.short())).collect();
            say(format!("  {}   {}   {}", r.stage, duration(r.millis), ports.join("  ")))?;
        }
    }
    if only.is_none() && !out.is_empty() {
        remark("`hilum ls RUN` lists what a run made, `hilum show RUN` what happened in it");
    }
    Ok(DONE)
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or("?")
}
