//! `hilum key`

use super::{DONE, complete, find, say, wrong};
use crate::diagnostic::did_you_mean_file;
use crate::workspace::Workspace;
use clap::Subcommand;
use clap_complete::engine::ArgValueCompleter;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum KeyVerb {
    /// Accept the pseudonym key that lies beside a study; do so only if you know who created it
    Adopt {
        /// The study's YAML file [default: hilum.yaml, or the only study in this directory]
        #[arg(add = ArgValueCompleter::new(complete::studies))]
        file: Option<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn key(verb: &KeyVerb) -> anyhow::Result<u8> {
    let KeyVerb::Adopt { file, json } = verb;
    let file = find::study(file.as_deref())?;
    if !file.is_file() {
        return Err(wrong(format!("there is no file `{}`", file.display()))
            .help("name the study that the key's `.hilum-private` belongs to")
            .maybe_help(did_you_mean_file(&file))
            .into());
    }
    let workspace = Workspace::of(&file, None, None, BTreeMap::new());
    if !workspace.has_key() {
        return Err(wrong("there is no `.hilum-private/study.key` beside the study").help("name the file of the study whose key you were given").into());
    }
    let fingerprint = workspace.adopt_key()?;
    if *json {
        say(json!({ "fingerprint": fingerprint }))?;
    } else {
        say(format!("adopted the key with fingerprint {fingerprint}; anyone else who has it can reverse its pseudonyms"))?;
    }
    Ok(DONE)
}
