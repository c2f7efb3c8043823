//! `hilum check`

use super::{DONE, StudyArgs, open, say};
use hilum_stages::words::counted;

pub(super) fn check(args: &StudyArgs) -> anyhow::Result<u8> {
    let study = match open::study(args) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    say(format!("{}: {}, no fault", study.pipeline.study, counted(study.pipeline.stages.len(), "stage", "stages")))?;
    Ok(DONE)
}
