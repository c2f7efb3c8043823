//! `hilum gc`

use super::{DONE, StoreArgs, open, say, wrong};
use crate::pipeline::model;
use crate::progress::remark;
use crate::progress::words::size;
use anyhow::anyhow;
use clap::Args;
use hilum_cache::gc::{Keep, Removed, collect, would_remove};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::{contents, patients, sample};
use hilum_stages::words::counted;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct GcArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Keep what the newest N runs need [default: what any run needs]
    #[arg(long, value_name = "N")]
    keep_runs: Option<usize>,
    /// Then drop the oldest runs until the objects take at most SIZE, such as 20G
    #[arg(long, value_name = "SIZE")]
    max_size: Option<String>,
    /// Print what would be removed, without removing it
    #[arg(long)]
    dry_run: bool,
}

/// Files that lineage is read from.
fn is_record(artifact: &str, file: &str) -> bool {
    use ArtifactType::{Images, Patients, Samples};
    matches!((artifact.parse(), file), (Ok(Samples), sample::TABLE) | (Ok(Patients), patients::TABLE) | (Ok(Images), contents::IMAGES | contents::PAIRS))
}

pub(super) fn gc(args: &GcArgs) -> anyhow::Result<u8> {
    let size_of = |text: &str| model::bytes(text).ok_or_else(|| wrong(format!("`{text}` is not a size; write 20G or 500M")));
    let keep = Keep { runs: args.keep_runs, max_size: args.max_size.as_deref().map(size_of).transpose()? };
    let removed = if args.dry_run {
        let (store, ledger) = open::store(&args.store)?;
        would_remove(&store, &ledger, keep, &is_record)
    } else {
        let store = open::store_to_clean(&args.store)?;
        collect(&store, keep, &is_record)
    };
    let removed = removed.map_err(|e| match e {
        hilum_cache::Error::Busy => anyhow!("the store is in use by another hilum process; wait until it has finished"),
        e => e.into(),
    })?;
    if args.store.json {
        let damaged: Vec<Value> = removed.damaged.iter().map(|(run, line)| json!({ "run": run, "line": line })).collect();
        let Removed { objects, bytes, kept_bytes, .. } = removed;
        say(json!({ "dry_run": args.dry_run, "objects": objects, "bytes": bytes, "kept_bytes": kept_bytes, "damaged_journals": damaged }))?;
    } else {
        let verb = if args.dry_run { "would remove" } else { "removed" };
        say(format!("{verb} {}, {}; {} remain", counted(removed.objects, "object", "objects"), size(removed.bytes), size(removed.kept_bytes)))?;
    }
    for (run, line) in &removed.damaged {
        remark(format!("warning: line {line} of the journal of run {run} is damaged; nothing was removed, since what that run needs is unknown"));
    }
    Ok(DONE)
}
