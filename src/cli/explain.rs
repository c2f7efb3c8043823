//! `hilum explain`

use super::{DONE, WRONG, say};
use crate::checks::CHECKS;
use crate::diagnostic::{codes, did_you_mean};
use crate::progress::remark;

pub(super) fn explain(code: &str) -> anyhow::Result<u8> {
    // A finding is known by two names.
    let of_check = CHECKS.iter().find(|c| c.id == code).map(|c| c.code);
    match codes::find(of_check.unwrap_or(code)) {
        Some(c) => {
            say(format!("{}: {}\n\n{}", c.code, c.title, c.text))?;
            Ok(DONE)
        }
        None => {
            remark(format!("error: there is no code `{code}`"));
            did_you_mean(code, codes::CODES.iter().map(|c| c.code), "code").into_iter().for_each(|h| remark(format!("help: {h}")));
            Ok(WRONG)
        }
    }
}
