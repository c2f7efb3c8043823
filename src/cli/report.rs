//! `hilum report`

use super::{DONE, StoreArgs, WRONG, open};
use crate::progress::remark;
use crate::report;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct ReportArgs {
    /// The run; the newest where none is named
    run: Option<String>,
    /// The file to write
    #[arg(short, long, default_value = "report.html")]
    output: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let runs = hilum_cache::journal::run_names(&store)?;
    let run = match &args.run {
        Some(run) if runs.contains(run) => run,
        Some(run) => {
            remark(format!("error: there is no run `{run}`\nhelp: `hilum ls` lists the runs"));
            return Ok(WRONG);
        }
        None => runs.last().context("no run has executed anything yet")?,
    };
    let html = report::html(&store, &ledger, run)?;
    std::fs::write(&args.output, html).with_context(|| format!("cannot write `{}`", args.output.display()))?;
    remark(format!("{} tells of run {run}", args.output.display()));
    Ok(DONE)
}
