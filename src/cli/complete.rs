//! Completions that know what there is: studies, stages with their cells, kinds, codes and runs. They are asked for with every press
//! of a key, so that they say nothing if something is wrong. Also the manual pages, which are made of the same arguments.

use super::{Cli, DONE, StoreArgs, find, open, output, say_text, wrong};
use crate::checks::CHECKS;
use crate::diagnostic::codes::CODES;
use crate::language::language;
use crate::manual::summary;
use crate::pipeline;
use anyhow::{Context, anyhow};
use clap::CommandFactory;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::{CompleteEnv, Shells};
use hilum_cache::{Store, journal};
use hilum_stages::KINDS;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The variable with which a shell asks.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell that asks for completions, and ends the program; otherwise does nothing.
pub(super) fn answer() {
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
}

/// Prints what a shell has to read so that it asks.
pub(super) fn script(shell: clap_complete::Shell) -> anyhow::Result<u8> {
    let (shells, name) = (Shells::builtins(), shell.to_string());
    let shell = shells.completer(&name).ok_or_else(|| anyhow!("no completions for {name}"))?;
    let mut script = vec![];
    shell.write_registration(VARIABLE, "hilum", "hilum", "hilum", &mut script)?;
    say_text(String::from_utf8(script)?.trim_end())?;
    Ok(DONE)
}

/// Writes the manual pages into a directory: one of the program, and one of each subcommand.
pub(super) fn manual_pages(dir: &Path) -> anyhow::Result<u8> {
    if dir.exists() && !dir.is_dir() {
        return Err(wrong(format!("`{}` is a file", dir.display())).help("name a directory").into());
    }
    output::outside_stores(dir)?;
    for page in std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if page.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("hilum") && name.ends_with(".1")) {
            output::replaces_ours(&page, |text| text.contains("\n.TH hilum"), "a manual page of hilum")?;
        }
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), dir).with_context(|| format!("cannot write to `{}`", dir.display()))?;
    Ok(DONE)
}

/// Study files, and directories on the way to them.
pub(super) fn studies(current: &OsStr) -> Vec<CompletionCandidate> {
    PathCompleter::any().filter(is_yaml).complete(current)
}

fn is_yaml(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "yml")
}

/// Stages of the study on the command line, or of the one that is meant where none is named: each name, and each cell.
pub(super) fn stages() -> Vec<CompletionCandidate> {
    let named = words().map(PathBuf::from).find(|p| is_yaml(p));
    let Ok(file) = find::study(named.as_deref()) else { return vec![] };
    let Some(study) = pipeline::load(&file, &[], &language()).pipeline else { return vec![] };
    let mut names: Vec<(&str, &str)> = vec![];
    for stage in &study.stages {
        for name in [stage.base.as_str(), stage.name.as_str()] {
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, stage.kind.name));
            }
        }
    }
    names.into_iter().map(|(name, kind)| CompletionCandidate::new(name).help(Some(kind.into()))).collect()
}

/// Stage kinds.
pub(super) fn kinds() -> Vec<CompletionCandidate> {
    KINDS.iter().map(|k| CompletionCandidate::new(k.name).help(Some(summary(k).into()))).collect()
}

/// Presets of all kinds.
pub(super) fn presets() -> Vec<CompletionCandidate> {
    KINDS.iter().flat_map(|k| k.presets).map(|p| CompletionCandidate::new(p.name).help(Some(p.about.into()))).collect()
}

/// Codes and ids of checks.
pub(super) fn codes() -> Vec<CompletionCandidate> {
    let of_codes = CODES.iter().map(|c| CompletionCandidate::new(c.code).help(Some(c.title.into())));
    of_codes.chain(CHECKS.iter().map(|c| CompletionCandidate::new(c.id).help(Some(c.code.into())))).collect()
}

/// Runs of the store on the command line, or of the one that is found without a word, newest first.
pub(super) fn runs() -> Vec<CompletionCandidate> {
    let mut words = words();
    let store = words.find(|w| w == "--store").and_then(|_| words.next()).map(PathBuf::from);
    let directory = open::store_dir(&StoreArgs { store, json: false });
    let names = directory.ok().and_then(|f| Store::open(&f).ok()).and_then(|s| journal::run_names(&s).ok()).unwrap_or_default();
    names.iter().rev().enumerate().map(|(place, name)| CompletionCandidate::new(name).display_order(Some(place))).collect()
}

/// The words of the command line that is being completed, which the shell gives behind `--`.
fn words() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::args_os().skip_while(|a| a != "--").skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(candidates: &[CompletionCandidate]) -> Vec<String> {
        candidates.iter().map(|c| c.get_value().to_str().expect("text").to_owned()).collect()
    }

    #[test]
    fn every_code_and_check_and_kind_is_offered_once_with_a_few_words() {
        let (of_codes, of_kinds) = (codes(), kinds());
        let all = names(&of_codes);
        assert_eq!(all.len(), CODES.len() + CHECKS.len());
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
        assert!(all.contains(&"E0104".to_owned()) && all.contains(&"leakage.patient_overlap".to_owned()));
        assert_eq!(names(&of_kinds).len(), KINDS.len());
        for candidate in of_codes.iter().chain(&of_kinds) {
            assert!(candidate.get_help().is_some_and(|help| !help.to_string().is_empty()), "{candidate:?} is not explained");
        }
    }

    #[test]
    fn a_study_is_a_file_with_an_extension_of_yaml() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        ["a.yaml", "b.yml", "c.json", "yaml"].iter().for_each(|name| std::fs::write(path(name), "").unwrap());
        std::fs::create_dir(path("d.yaml")).unwrap();
        let found = ["a.yaml", "b.yml", "c.json", "yaml", "d.yaml", "absent.yaml"].map(|name| is_yaml(&path(name)));
        assert_eq!(found, [true, true, false, false, false, false]);
    }
}
