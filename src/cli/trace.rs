//! `hilum trace`: where a result, an object or a stage came from.

use super::{DONE, StoreArgs, WRONG, open, say};
use crate::progress::remark;
use clap::Args;
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Receipt, Store, journal};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Args)]
pub(super) struct TraceArgs {
    /// A file under results, a digest, or a stage
    what: String,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn trace(args: &TraceArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let receipts = ledger.receipts();
    let origins = origins(&args.what, &store, &receipts, &stood(&args.what, &store)?)?;
    if origins.is_empty() {
        remark(format!("error: nothing in the store is `{}`\nhelp: name a file under results, a digest that `hilum ls` prints, or a stage", args.what));
        return Ok(WRONG);
    }
    let mut all = vec![];
    for (receipt, run, what) in &origins {
        if args.store.json {
            all.push(tree(&receipts, receipt, run));
        } else {
            say(what)?;
            tell(&receipts, receipt, run, 0)?;
        }
    }
    if args.store.json {
        say(Value::from(all))?;
    }
    Ok(DONE)
}

type Origin<'a> = (&'a Receipt, &'a str, String);

/// Keys under which a stage of this name stood because another one had carried its recipe out.
fn stood(stage: &str, store: &Store) -> anyhow::Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    for run in journal::run_names(store)? {
        let lines = journal::lines(&store.run_folder(&run).join("journal.jsonl")).unwrap_or_default();
        keys.extend(lines.iter().filter(|l| l.kind == "reused").filter_map(|l| l.body["stages"][stage].as_str().map(str::to_owned)));
    }
    Ok(keys)
}

/// Every receipt that made it.
fn origins<'a>(what: &str, store: &Store, receipts: &'a [(Receipt, &'a str)], stood: &BTreeSet<String>) -> anyhow::Result<Vec<Origin<'a>>> {
    let path = Path::new(what);
    let digest = if path.is_file() { Some(hilum_cache::store::hash_file(path)?.0.to_string()) } else { None };
    let prefix = digest.or_else(|| what.starts_with("b3:").then(|| what.to_owned()));
    let mut out = vec![];
    for (receipt, run) in receipts {
        match &prefix {
            None if receipt.stage == what || stood.contains(&receipt.key.to_string()) => out.push((receipt, *run, format!("{what}   {}", receipt.study))),
            None => {}
            Some(prefix) if prefix.len() < 7 => {}
            Some(prefix) => {
                let is_it = |d: &Digest| d.to_string().starts_with(prefix.as_str());
                for (port, a) in receipt.outputs.iter() {
                    let file = store.files(a).unwrap_or_default().into_iter().find(|f| is_it(&f.digest));
                    if is_it(&a.digest) || file.is_some() {
                        let sha = file.as_ref().map_or(a.sha256, |f| f.sha256);
                        let name = file.map_or_else(String::new, |f| format!(" {}", f.name));
                        let synthetic = if receipt.recipe.kind == "synthesize" { "   SYNTHETIC, not for diagnosis" } else { "" };
                        out.push((receipt, *run, format!("{}.{port}{name}   sha256:{}{synthetic}", receipt.stage, sha.hex())));
                    }
                }
            }
        }
    }
    Ok(out)
}

/// Who made an artifact that stands in a recipe: the newest receipt with this output that is older than the recipe's own.
/// A stage may give the very bytes that it was given, so "the newest" alone could be the stage itself.
fn makers(all: &[(Receipt, &str)], receipt: &Receipt) -> Vec<(String, Receipt, String)> {
    let mut out = vec![];
    let own = all.iter().rposition(|(r, _)| r == receipt).unwrap_or(0);
    for (port, input) in &receipt.recipe.inputs {
        let digests: Vec<Digest> = match input {
            Input::One(d) => vec![*d],
            Input::List(l) => l.clone(),
            Input::Gathered(g) => g.iter().map(|g| g.digest).collect(),
            // Looked-up pixels are told by the table that names the films.
            Input::Lookup { .. } => vec![],
        };
        for digest in digests {
            let made = |r: &Receipt| r.study == receipt.study && r.outputs.values().any(|a: &Artifact| a.digest == digest);
            if let Some((r, run)) = all[..own].iter().rev().find(|(r, _)| made(r)) {
                out.push((port.clone(), r.clone(), (*run).to_owned()));
            }
        }
    }
    out
}

fn line(receipt: &Receipt, run: &str) -> String {
    let seed = receipt.recipe.seed.as_ref().map(|s| format!("   seed {s}")).unwrap_or_default();
    let engine = receipt.recipe.engine.as_ref().map(|e| format!("   {e}")).unwrap_or_default();
    format!("{} ({})   run {run}   {} +{}{seed}{engine}", receipt.stage, receipt.recipe.kind, receipt.started, crate::progress::words::duration(receipt.millis))
}

fn tell(all: &[(Receipt, &str)], receipt: &Receipt, run: &str, depth: usize) -> anyhow::Result<()> {
    say(format!("{}└─ {}", "   ".repeat(depth), line(receipt, run)))?;
    if depth == 0 {
        let e = &receipt.environment;
        say(format!("      code {} {}{}   {}", e.program, e.commit, if e.dirty { " with changes" } else { "" }, e.toolchain))?;
    }
    for (_, maker, run) in makers(all, receipt) {
        tell(all, &maker, &run, depth + 1)?;
    }
    Ok(())
}

fn tree(all: &[(Receipt, &str)], receipt: &Receipt, run: &str) -> Value {
    let inputs: Vec<Value> = makers(all, receipt).iter().map(|(port, r, run)| json!({ "port": port, "from": tree(all, r, run) })).collect();
    json!({ "stage": receipt.stage, "kind": receipt.recipe.kind, "run": run, "started": receipt.started, "key": receipt.key, "outputs": receipt.outputs, "inputs": inputs })
}
