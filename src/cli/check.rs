//! `hilum check`

use super::{DONE, StudyArgs, open, say};

pub(super) fn check(args: &StudyArgs) -> anyhow::Result<u8> {
    let study = match open::study(args) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    say(format!("{}: {} stages, no fault", study.pipeline.study, study.pipeline.stages.len()))?;
    Ok(DONE)
}
