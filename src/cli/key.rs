//! `hilum key`

use super::{DONE, complete, find, output, say, wrong};
use crate::diagnostic::did_you_mean_file;
use crate::progress::remark;
use crate::workspace::Workspace;
use crate::workspace::signing::VARIABLE;
use anyhow::Context;
use clap::Subcommand;
use clap_complete::engine::ArgValueCompleter;
use hilum_cache::evidence::SigningKey;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum KeyVerb {
    /// Draw a key that signs runs, and write it to FILE and its public half to FILE.pub
    New {
        /// The file to write, outside of studies and stores
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
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
    match verb {
        KeyVerb::New { file, json } => new(file, *json),
        KeyVerb::Adopt { file, json } => adopt(file.as_deref(), *json),
    }
}

fn new(file: &Path, json: bool) -> anyhow::Result<u8> {
    output::outside_stores(file)?;
    if let Some(directory) = file.parent().filter(|d| !d.as_os_str().is_empty() && !d.is_dir()) {
        return Err(wrong(format!("there is no directory `{}` to write the key to", directory.display())).into());
    }
    let mut public = file.as_os_str().to_owned();
    public.push(".pub");
    let (public, key) = (PathBuf::from(public), SigningKey::draw()?);
    if public.symlink_metadata().is_ok() {
        return Err(wrong(format!("`{}` exists; a key is never replaced", public.display())).help("name another file").into());
    }
    key.write_new(file)?;
    std::fs::write(&public, key.public().to_pem()).with_context(|| format!("cannot write `{}`", public.display()))?;
    let id = key.public().id();
    if json {
        say(json!({ "key": id, "file": file, "public": public }))?;
    } else {
        say(format!("key {id}"))?;
        remark(format!("wrote {0}, which signs runs where {VARIABLE} is set to its path, and {1}", file.display(), public.display()));
        remark(format!("keep {} to yourself; give {} to whoever is to check your signatures", file.display(), public.display()));
    }
    Ok(DONE)
}

fn adopt(file: Option<&Path>, json: bool) -> anyhow::Result<u8> {
    let file = find::study(file)?;
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
    if json {
        say(json!({ "fingerprint": fingerprint }))?;
    } else {
        say(format!("adopted the key with fingerprint {fingerprint}; anyone else who has it can reverse its pseudonyms"))?;
    }
    Ok(DONE)
}
