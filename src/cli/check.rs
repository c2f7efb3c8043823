//! `hilum check`

use super::{DONE, StudyArgs, open, say, say_with_diagnostics};
use clap::Args;
use hilum_stages::words::counted;
use serde_json::json;

#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<u8> {
    let study = match open::study(&args.study) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    let (name, stages) = (&study.pipeline.study, study.pipeline.stages.len());
    if args.json {
        say_with_diagnostics(json!({ "study": name, "stages": stages }))?;
    } else {
        say(format!("{name}: {}, no errors", counted(stages, "stage", "stages")))?;
    }
    Ok(DONE)
}
