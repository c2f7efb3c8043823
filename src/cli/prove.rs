//! `hilum prove`: that a result was recorded, in a document that needs no store to be checked.

use super::trust::{self, TrustArgs, short};
use super::{DAMAGED, DONE, StoreArgs, open, output, say, trace, wrong};
use crate::progress::remark;
use crate::provenance::History;
use anyhow::Context;
use clap::Args;
use hilum_cache::evidence::{Proof, Proven, PublicKey, proof};
use hilum_cache::journal::{self, Event};
use hilum_cache::{Receipt, Store};
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct ProveArgs {
    /// A file under results, a digest or its first digits, or a stage (`scores`, `scores/arm=real`)
    #[arg(required_unless_present = "check")]
    what: Option<String>,
    /// The file to write
    #[arg(short, long, default_value = "proof.json")]
    output: PathBuf,
    /// Check such a document instead, without a store
    #[arg(long, value_name = "FILE", conflicts_with = "what")]
    check: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn prove(args: &ProveArgs) -> anyhow::Result<u8> {
    if let Some(file) = &args.check {
        // Beside the document, a key proves no more than beside a store.
        let directory = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return check(file, &args.trust.keys(&directory.join(".hilum"))?, args.store.json);
    }
    let (store, _) = open::store(&args.store)?;
    let history = History::read(&store)?;
    let what = args.what.as_deref().unwrap_or_default();
    let origins = trace::origins_of(&history, what)??;
    let graph = history.walk(origins.iter().map(|o| (o.run, o.stage.as_str())));
    let mut found: Vec<_> = graph.roots.iter().filter_map(|root| graph.nodes[*root].result.as_ref()).collect();
    // Files of one stage, and stages of several studies with one result, have one receipt.
    found.dedup_by_key(|computed| (computed.key, computed.run.as_str()));
    let computed = match found.as_slice() {
        [] => return Err(wrong(format!("no run in this store has a receipt of `{what}`")).into()),
        [one] => one,
        [first, ..] => {
            let message = format!("`{what}` is {} with a receipt each, and a proof is of one", counted(found.len(), "result", "results"));
            return Err(wrong(message).help(format!("name one of them, such as `{}`", first.stage)).into());
        }
    };
    let index = line(&store, &computed.run, |receipt| receipt.key == computed.key && receipt.stage == computed.stage)?;
    let proof = proof::prove(&store, &computed.run, index)?;
    output::outside_stores(&args.output)?;
    let is_ours = |file: &Path| std::fs::read(file).is_ok_and(|bytes| bytes.is_empty() || Proof::read(&bytes).is_some());
    if args.output.is_file() && !is_ours(&args.output) {
        let message = format!("`{}` exists and is not a proof of hilum; it is left as it is", args.output.display());
        return Err(wrong(message).help("name another file, or remove it first").into());
    }
    let mut bytes = serde_json::to_vec_pretty(&proof)?;
    bytes.push(b'\n');
    std::fs::write(&args.output, bytes).with_context(|| format!("cannot write `{}`", args.output.display()))?;
    match args.store.json {
        true => say(json!({ "file": args.output, "run": computed.run, "stage": computed.stage, "index": index }))?,
        false => remark(format!("wrote {}: line {} of run {} has the receipt of `{}`", args.output.display(), index + 1, computed.run, computed.stage)),
    }
    Ok(DONE)
}

/// The place of the last receipt in a journal that is this.
fn line(store: &Store, run: &str, is_it: impl Fn(&Receipt) -> bool) -> anyhow::Result<u64> {
    let entries = journal::entries(store, run)?;
    let found = entries.iter().rev().find(|entry| matches!(&entry.event, Some(Event::Receipt { receipt }) if is_it(receipt)));
    found.map(|entry| entry.seq).with_context(|| format!("the journal of run {run} has no such receipt any more"))
}

fn check(file: &Path, trusted: &[PublicKey], json: bool) -> anyhow::Result<u8> {
    let not_one = || wrong(format!("`{}` is no proof of hilum", file.display())).help("`hilum prove` writes such a document");
    let proof = open::handed(file)?.and_then(|bytes| Proof::read(&bytes)).ok_or_else(not_one)?;
    let proven = proof.check(trusted);
    let receipt = serde_json::from_str::<serde_json::Value>(&proof.line).map(|line| line["receipt"].clone()).unwrap_or_default();
    let is_good = proven.as_ref().is_some_and(|proven| if trusted.is_empty() { !proven.is_forged() } else { proven.is_trusted() });
    if json {
        let (checkpoint, signed) = proven.as_ref().map_or((None, None), |proven| (Some(&proven.says), Some(&proven.signed)));
        let cosignatures = proven.as_ref().map(|proven| &proven.cosignatures);
        say(json!({ "proven": is_good, "checkpoint": checkpoint, "signature": signed, "cosignatures": cosignatures, "receipt": receipt }))?;
    } else {
        match &proven {
            None => say("NOT PROVEN: the line is not in the journal that the checkpoint is of")?,
            Some(proven) => lines(&proof, proven, &receipt, is_good)?,
        }
    }
    Ok(if is_good { DONE } else { DAMAGED })
}

fn lines(proof: &Proof, Proven { says, signed, cosignatures }: &Proven, receipt: &Value, is_good: bool) -> anyhow::Result<()> {
    let stage = receipt["stage"].as_str().unwrap_or("?");
    let verdict = if is_good { "PROVEN" } else { "UNTRUSTED" };
    say(format!("{verdict}: line {} of {} of run {}, study {}: the receipt of `{stage}`", proof.index + 1, says.size, says.run, says.study))?;
    for (port, artifact) in receipt["outputs"].as_object().into_iter().flatten() {
        let sha256 = artifact["sha256"].as_str().unwrap_or("?");
        match artifact["file"].as_str() {
            Some(file) => say(format!("  {port} sha256:{sha256}  {file}"))?,
            None => say(format!("  {port} sha256:{sha256}  the list of its files, with the digest of each"))?,
        }
    }
    say(format!("checkpoint {} of {}, root sha256:{}: {}", says.index, says.time, short(&says.root.hex()), trust::signed(signed)))?;
    cosignatures
        .iter()
        .try_for_each(|found| say(format!("{}, {}: {}", found.says.meaning.name(), trust::minute(&found.says.time), trust::signed(&found.signed))))
}
