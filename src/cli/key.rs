//! `hilum key`

use super::{DONE, complete, find, say, wrong};
use crate::workspace::Workspace;
use clap::Subcommand;
use clap_complete::engine::ArgValueCompleter;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum KeyVerb {
    /// Take over the key of pseudonyms that lies beside a study, knowing who made it
    Adopt {
        /// The study's file; hilum.yaml, or the only study here, where not given
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
            .help("name the study beside whose `.hilum-private` the key lies")
            .maybe_help(find::similar(&file))
            .into());
    }
    let workspace = Workspace::of(&file, None, None, BTreeMap::new());
    if !workspace.has_key() {
        return Err(wrong("there is no `.hilum-private/study.key` beside the study").help("name the study's file whose key you were given").into());
    }
    let fingerprint = workspace.adopt_key()?;
    if *json {
        say(json!({ "fingerprint": fingerprint }))?;
    } else {
        say(format!("adopted the key with fingerprint {fingerprint}; its pseudonyms can be undone by whoever else has it"))?;
    }
    Ok(DONE)
}
