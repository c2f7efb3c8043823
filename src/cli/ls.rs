//! `hilum ls`: runs and what they made.

use super::{DONE, StoreArgs, open, say};
use crate::progress::words::duration;
use hilum_cache::journal;
use serde_json::{Value, json};

pub(super) fn ls(args: &StoreArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(args)?;
    let receipts = ledger.receipts();
    let mut out = vec![];
    for run in journal::run_names(&store)? {
        let lines = journal::lines(&store.run_dir(&run).join("journal.jsonl")).unwrap_or_default();
        let study = lines.first().and_then(|l| l.body["study"].as_str()).unwrap_or("?").to_owned();
        let end = lines.iter().find(|l| l.kind == "finished").map(|l| l.body.clone()).unwrap_or(Value::Null);
        let executed = lines.iter().filter(|l| l.kind == "receipt").count();
        out.push(json!({ "run": run, "study": study, "executed": executed, "reused": end["reused"], "failed": end["failed"], "finished": !end.is_null() }));
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
