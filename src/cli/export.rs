//! `hilum export`: a run in a format that programs of others read.

use super::{DAMAGED, DONE, StoreArgs, complete, open, output, say, say_error, wrong};
use crate::export::{self, EXPORTS, Export, Forbidden, Licence, Terms};
use crate::progress::remark;
use crate::progress::words::size;
use crate::workspace::signing;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::engine::ArgValueCandidates;
use hilum_stages::words::counted;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct ExportArgs {
    /// The format
    #[arg(value_parser = formats())]
    format: String,
    /// The run [default: the newest]
    #[arg(add = ArgValueCandidates::new(complete::runs))]
    run: Option<String>,
    /// The directory to write: a new one, or one that is empty
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The licence under which it is passed on: an SPDX identifier such as CC-BY-4.0, an address, or a sentence [default: it is said that
    /// none was stated]
    #[arg(long, value_name = "LICENCE")]
    license: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

fn formats() -> PossibleValuesParser {
    EXPORTS.iter().map(|export| PossibleValue::new(export.name).help(export.about)).collect::<Vec<_>>().into()
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<u8> {
    let export = Export::find(&args.format).ok_or_else(|| wrong(format!("there is no format `{}`", args.format)))?;
    let (store, ledger) = open::store(&args.store)?;
    let run = open::run(&store, args.run.as_deref())?;
    output::outside_stores(&args.output)?;
    if args.license.as_deref().is_some_and(|licence| licence.trim().is_empty()) {
        return Err(wrong("the licence is empty").help("name one, such as `--license CC-BY-4.0`, or leave the option out").into());
    }
    let signer = if export.is_signed { signing::signing_key(store.root())? } else { None };
    let terms = Terms { licence: Licence::of(args.license.as_deref()), signer: signer.as_ref() };
    let forbidden = of_this_machine(store.root(), &args.output);
    match export.write(&store, &ledger, &run, &args.output, &terms, &forbidden) {
        Ok(done) => {
            if args.store.json {
                say(json!({
                    "run": run, "format": export.name, "directory": args.output.to_string_lossy(), "document": export.document, "files": done.files,
                    "bytes": done.bytes, "remarks": done.remarks,
                }))?;
            } else {
                let files = counted(done.files, "file", "files");
                remark(format!("wrote {} for run {run}: {files}, {}, all read again and found as described", args.output.display(), size(done.bytes)));
            }
            done.remarks.iter().for_each(|text| remark(format!("note: {text}")));
            Ok(DONE)
        }
        Err(export::Error::Store(e)) => Err(e.into()),
        Err(e) if e.is_of_call() => Err(wrong(e.to_string()).maybe_help(e.help().map(str::to_owned)).into()),
        Err(e) => {
            say_error(&e.to_string(), e.help());
            Ok(if e.is_damage() { DAMAGED } else { super::FAILED })
        }
    }
}

/// What names this machine, its directories and whoever uses it.
fn of_this_machine(store: &std::path::Path, to: &std::path::Path) -> Forbidden {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let absolute = std::path::absolute(store).ok();
    let study = absolute.as_ref().and_then(|store| store.parent().map(std::path::Path::to_path_buf));
    let mut directories: Vec<PathBuf> = vec![store.to_owned(), to.to_owned()];
    directories.extend(study);
    directories.extend(variable("HOME").map(PathBuf::from));
    directories.extend(std::env::current_dir().ok());
    let users: Vec<String> = ["USER", "LOGNAME", "SUDO_USER"].into_iter().filter_map(variable).collect();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let hosts: Vec<String> = host.into_iter().chain(variable("HOSTNAME")).collect();
    Forbidden::of_machine(&directories, &users, &hosts)
}
