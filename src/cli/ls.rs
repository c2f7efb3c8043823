//! `hilum ls`: runs and what they made.

use super::{DONE, StoreArgs, open, say};
use crate::progress::words::duration;
use hilum_cache::{RunRecord, journal};
use serde_json::{Value, json};

pub(super) fn ls(args: &StoreArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(args)?;
    let receipts = ledger.receipts();
    let mut out = vec![];
    for run in journal::run_names(&store)? {
        let record = RunRecord::read(&store, &run).unwrap_or_default();
        let study = if record.study.is_empty() { "?" } else { &record.study };
        let (executed, end) = (record.receipts().count(), record.finished);
        let (reused, failed) = (end.map(|f| f.reused), end.map(|f| f.failed));
        out.push(json!({ "run": run, "study": study, "executed": executed, "reused": reused, "failed": failed, "finished": end.is_some() }));
    }
    if args.json {
        let artifacts: Vec<Value> = receipts
            .iter()
            .flat_map(|(r, run)| r.outputs.iter().map(move |(port, a)| json!({ "run": run, "study": r.study, "stage": r.stage, "port": port, "type": a.kind, "digest": a.digest, "bytes": a.bytes })))
            .collect();
        say(json!({ "runs": out, "artifacts": artifacts }))?;
        return Ok(DONE);
    }
    for run in &out {
        let state = if run["finished"] == true { String::new() } else { "   unfinished".into() };
        say(format!("{}   {}   executed {}{state}", text(&run["run"]), text(&run["study"]), run["executed"]))?;
        for (r, _) in receipts.iter().filter(|(_, name)| run["run"].as_str() == Some(name)) {
            let ports: Vec<String> = r.outputs.iter().map(|(port, a)| format!("{port} {}", a.digest.short())).collect();
            say(format!("  {}   {}   {}", r.stage, duration(r.millis), ports.join("  ")))?;
        }
    }
    Ok(DONE)
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or("?")
}
