//! `hilum forget --check`: whether a study that never had the patient has the bytes of which a certificate says that it must.

use super::super::{DONE, FAILED, open, say, wrong};
use super::{ForgetArgs, shown};
use crate::forget::{self, Certificate};
use hilum_cache::Store;
use serde_json::json;
use std::path::Path;

pub(super) fn check(args: &ForgetArgs, file: &Path) -> anyhow::Result<u8> {
    let not_one = || wrong(format!("`{}` is no certificate of an erasure", file.display())).help("`hilum forget --certificate FILE` writes such a document");
    let certificate = open::handed(file)?.and_then(|bytes| Certificate::read(&bytes)).ok_or_else(not_one)?;
    let study = match open::study(&args.study) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    if study.pipeline.study != certificate.study {
        return Err(wrong(format!("the certificate is of the study `{}`, and this is `{}`", certificate.study, study.pipeline.study)).into());
    }
    let store = Store::open(&study.workspace.store)?;
    let compared = forget::compare(&certificate.stages, &certificate.study, &store)?;
    match args.json {
        true => say(json!({ "done": "compared", "compared": compared }))?,
        false => shown::compared(&compared)?,
    }
    Ok(if compared.is_equal() { DONE } else { FAILED })
}
