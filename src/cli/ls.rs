//! `hilum ls` and `hilum show`

use super::{DONE, StoreArgs, WRONG, open, say};
use crate::progress::remark;
use crate::progress::words::{duration, size};
use hilum_cache::journal;
use serde_json::{Value, json};

pub(super) fn ls(args: &StoreArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(args)?;
    let receipts = ledger.receipts();
    let mut out = vec![];
    for run in journal::run_names(&store)? {
        let lines = journal::lines(&store.run_folder(&run).join("journal.jsonl")).unwrap_or_default();
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
        let state = if run["finished"] == true { String::new() } else { "   did not finish".into() };
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

pub(super) fn show(args: &StoreArgs, id: &str) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(args)?;
    let journal_path = store.run_folder(id).join("journal.jsonl");
    if !id.contains(['/', '.']) && journal_path.is_file() {
        for line in journal::lines(&journal_path)? {
            if args.json { say(&line.body)? } else { say(format!("{}  {}", &line.body["time"].as_str().unwrap_or_default(), summary(&line)))? }
        }
        return Ok(DONE);
    }
    let wanted = if id.starts_with("b3:") { id.to_owned() } else { format!("b3:{id}") };
    let mut found = false;
    for (receipt, run) in ledger.receipts() {
        for (port, a) in receipt.outputs.iter().filter(|(_, a)| wanted.len() >= 7 && a.digest.to_string().starts_with(&wanted)) {
            found = true;
            if args.json {
                say(serde_json::to_value(&receipt)?)?;
                continue;
            }
            say(format!("{}\n  {} of {} ({}), run {run}\n  {}, sha256 {}", a.digest, port, receipt.stage, receipt.study, size(a.bytes), a.sha256.hex()))?;
            for f in store.files(a)? {
                say(format!("  {}   {}   {}", f.name, size(f.size), f.digest.short()))?;
            }
        }
    }
    if found {
        return Ok(DONE);
    }
    remark(format!("error: there is no run or artifact `{id}`\nhelp: `hilum ls` lists them"));
    Ok(WRONG)
}

fn summary(line: &journal::Line) -> String {
    let b = &line.body;
    match line.kind.as_str() {
        "started" => format!("started {}", text(&b["study"])),
        "receipt" => format!("{} done in {}", text(&b["receipt"]["stage"]), duration(b["receipt"]["millis"].as_u64().unwrap_or(0))),
        "reused" => format!("{} stages stood", b["stages"].as_object().map_or(0, |s| s.len())),
        "failed" => format!("{} failed: {}", text(&b["stage"]), text(&b["message"])),
        "finding" => format!("{} at {}{}", text(&b["id"]), text(&b["stage"]), b["allowed"].as_str().map(|r| format!(", allowed: {r}")).unwrap_or_default()),
        "finished" => format!("finished: executed {}, reused {}, failed {}", b["executed"], b["reused"], b["failed"]),
        other => other.to_owned(),
    }
}
