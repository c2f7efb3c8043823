//! `hilum explain`

use super::{DONE, say, say_text, wrong};
use crate::checks::CHECKS;
use crate::diagnostic::{codes, did_you_mean};
use serde_json::json;

pub(super) fn explain(code: &str, json: bool) -> anyhow::Result<u8> {
    // A finding is known by two names.
    let of_check = CHECKS.iter().find(|c| c.id == code).map(|c| c.code);
    let Some(c) = codes::find(of_check.unwrap_or(code)) else {
        let known = codes::CODES.iter().map(|c| c.code).chain(CHECKS.iter().map(|c| c.id));
        return Err(wrong(format!("there is no code `{code}`")).maybe_help(did_you_mean(code, known, "code")).into());
    };
    if json {
        let check = CHECKS.iter().find(|check| check.code == c.code).map(|check| check.id);
        say(json!({ "code": c.code, "check": check, "title": c.title, "text": c.text }))?;
    } else {
        say_text(format!("{}: {}\n\n{}", c.code, c.title, c.text))?;
    }
    Ok(DONE)
}
