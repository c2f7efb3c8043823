//! `hilum stages` and `hilum schema`.

use super::{DONE, WRONG, say};
use crate::diagnostic::did_you_mean;
use crate::manual::{manual, summary};
use crate::pipeline::schema as study_schema;
use crate::progress::remark;
use hilum_stages::KINDS;

pub(super) fn stages(name: Option<&str>) -> anyhow::Result<u8> {
    let Some(name) = name else {
        for kind in KINDS {
            say(format!("{:<18} {}", kind.name, summary(kind)))?;
        }
        return Ok(DONE);
    };
    match KINDS.iter().find(|k| k.name == name) {
        Some(kind) => {
            say(manual(kind))?;
            Ok(DONE)
        }
        None => {
            remark(format!("error: there is no stage kind `{name}`"));
            did_you_mean(name, KINDS.iter().map(|k| k.name), "kind").into_iter().for_each(|h| remark(format!("help: {h}")));
            Ok(WRONG)
        }
    }
}

pub(super) fn schema() -> anyhow::Result<u8> {
    say(serde_json::to_string_pretty(&study_schema::schema(KINDS))?)?;
    Ok(DONE)
}
