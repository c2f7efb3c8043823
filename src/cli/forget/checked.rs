//! `hilum forget --check`: whether a study that never had the patient has the bytes of which a certificate says that it must.

use super::super::{DONE, FAILED, open, say, wrong};
use super::{ForgetArgs, shown};
use crate::forget::{self, Certificate};
use anyhow::Context;
use hilum_cache::Store;
use serde_json::json;
use std::io::Read;
use std::path::Path;

/// A certificate is of the size of a study.
const LARGEST: u64 = 256 << 20;

pub(super) fn check(args: &ForgetArgs, file: &Path) -> anyhow::Result<u8> {
    let not_one = || wrong(format!("`{}` is no certificate of an erasure", file.display())).help("`hilum forget --certificate FILE` writes such a document");
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    if !opened.metadata().is_ok_and(|stat| stat.is_file() && stat.len() <= LARGEST) {
        return Err(not_one().into());
    }
    let mut bytes = vec![];
    opened.take(LARGEST).read_to_end(&mut bytes).with_context(|| format!("cannot read `{}`", file.display()))?;
    let certificate = Certificate::read(&bytes).ok_or_else(not_one)?;
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
