//! `hilum key`

use super::{DONE, WrongCall, say};
use crate::workspace::Workspace;
use anyhow::bail;
use clap::Subcommand;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum KeyVerb {
    /// Take over the key of pseudonyms that lies beside a study, knowing who made it
    Adopt {
        /// The study's file
        file: PathBuf,
    },
}

pub(super) fn key(verb: &KeyVerb) -> anyhow::Result<u8> {
    let KeyVerb::Adopt { file } = verb;
    if !file.is_file() {
        bail!(WrongCall(format!("there is no file `{}`: name the study beside whose `.hilum-private` the key lies", file.display())));
    }
    let fingerprint = Workspace::of(file, None, None, BTreeMap::new()).adopt_key()?;
    say(format!("adopted the key with fingerprint {fingerprint}; its pseudonyms can be undone by whoever else has it"))?;
    Ok(DONE)
}
