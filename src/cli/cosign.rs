//! `hilum cosign`: a further signature under the checkpoint of a run.

use super::trust::{self, short};
use super::{DONE, StoreArgs, complete, open, say, wrong};
use crate::workspace::signing::{self, VARIABLE};
use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::evidence::{Meaning, cosignature};
use serde_json::json;

#[derive(Args)]
pub(super) struct CosignArgs {
    /// The run [default: the newest]
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    run: Option<String>,
    /// What you mean by it
    #[arg(long = "as", value_name = "MEANING", value_parser = PossibleValuesParser::new(Meaning::ALL.map(Meaning::name)).map(|name| meaning(&name)))]
    meaning: Meaning,
    #[command(flatten)]
    store: StoreArgs,
}

fn meaning(name: &str) -> Meaning {
    Meaning::ALL.into_iter().find(|meaning| meaning.name() == name).unwrap_or(Meaning::Witness)
}

pub(super) fn cosign(args: &CosignArgs) -> anyhow::Result<u8> {
    let (store, _) = open::store_to_change(&args.store)?;
    let run = open::run(&store, args.run.as_deref())?;
    let Some(key) = signing::signing_key(store.root())? else {
        return Err(wrong(format!("{VARIABLE} names no key to sign with")).help("make one with `hilum key new FILE`, and set the variable to its path").into());
    };
    if let Some(fault) = signing::faults(&store)?.iter().find(|fault| fault.run() == run) {
        return Err(anyhow::anyhow!("run {run} is not signed, since its record does not fit: {}", trust::fault(fault)));
    }
    let signed = cosignature::add(&store, &run, args.meaning, &key)?;
    let id = key.public().id();
    match args.store.json {
        true => say(json!({ "run": run, "checkpoint": signed.checkpoint, "meaning": signed.meaning, "time": signed.time, "key": id }))?,
        false => say(format!("signed run {run} as {}: checkpoint sha256:{}, key {}", args.meaning.name(), short(&signed.checkpoint.hex()), short(&id)))?,
    }
    Ok(DONE)
}
