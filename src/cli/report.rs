//! `hilum report`

use super::{DAMAGED, DONE, StoreArgs, complete, open, output, say, wrong};
use crate::progress::remark;
use crate::report::{self, ReportOptions};
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
    /// Show two runs side by side: their answers, the metrics that differ, and what changed
    #[arg(long, num_args = 2, value_names = ["RUN", "RUN"], conflicts_with = "run", add = ArgValueCandidates::new(complete::runs))]
    compare: Option<Vec<String>>,
    /// Leave out every picture that shows pixels of an image, real or synthetic
    #[arg(long)]
    without_images: bool,
    /// The file to write
    #[arg(short, long, default_value = "report.html")]
    output: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let options = ReportOptions { with_images: !args.without_images };
    let named: Vec<Option<&str>> = match &args.compare {
        Some(runs) => runs.iter().map(|run| Some(run.as_str())).collect(),
        None => vec![args.run.as_deref()],
    };
    let runs = named.into_iter().map(|run| open::run(&store, run)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(directory) = args.output.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        return Err(wrong(format!("there is no directory `{}` to write the report to", directory.display())).into());
    }
    output::outside_stores(&args.output)?;
    output::replaces_ours(&args.output, report::is_report, "a report of hilum")?;
    let written = match runs.as_slice() {
        [old, new] => report::compared(&store, &ledger, [old, new], options)?,
        _ => report::html(&store, &ledger, &runs[0], options)?,
    };
    std::fs::write(&args.output, &written.page).with_context(|| format!("cannot write `{}`", args.output.display()))?;
    let (file, doubt) = (args.output.to_string_lossy(), (!written.doubts.is_empty()).then(|| written.doubts.join(" ")));
    match runs.as_slice() {
        [old, new] if args.store.json => say(json!({ "run": new, "compared_with": old, "file": file, "doubt": doubt }))?,
        [run, ..] if args.store.json => say(json!({ "run": run, "file": file, "doubt": doubt }))?,
        _ => remark(format!("wrote {} for {} {}", args.output.display(), if runs.len() > 1 { "runs" } else { "run" }, runs.join(" and "))),
    }
    written.doubts.iter().for_each(|doubt| remark(format!("warning: {doubt}")));
    Ok(if written.is_altered { DAMAGED } else { DONE })
}
