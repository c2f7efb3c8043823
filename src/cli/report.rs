//! `hilum report`

use super::{DONE, StoreArgs, complete, open, say, wrong};
use crate::progress::remark;
use crate::report;
use anyhow::Context;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct ReportArgs {
    /// The run [default: the newest]
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    run: Option<String>,
    /// The file to write
    #[arg(short, long, default_value = "report.html")]
    output: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let run = open::run(&store, args.run.as_deref())?;
    let html = report::html(&store, &ledger, &run)?;
    if let Some(directory) = args.output.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        return Err(wrong(format!("there is no directory `{}` to write the report to", directory.display())).into());
    }
    std::fs::write(&args.output, html).with_context(|| format!("cannot write `{}`", args.output.display()))?;
    if args.store.json {
        say(json!({ "run": run, "file": args.output.to_string_lossy() }))?;
    } else {
        remark(format!("wrote {} for run {run}", args.output.display()));
    }
    Ok(DONE)
}
