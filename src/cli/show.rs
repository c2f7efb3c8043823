//! `hilum show`: the journal of a run, or an artifact with those who made it.

use super::{DONE, StoreArgs, journal_line, open, say, wrong};
use crate::checks::CHECKS;
use crate::diagnostic::did_you_mean;
use crate::progress::words::{duration, size};
use hilum_cache::journal::{Entry as Line, Event};
use hilum_cache::receipt::Artifact;
use hilum_cache::tree::Entry;
use hilum_cache::{Error, Ledger, Receipt, Store, journal};
use hilum_stages::words::counted;
use serde_json::{Value, json};

/// Minimum characters of a digest, `b3:` included: fewer match too many artifacts.
const MIN_PREFIX: usize = 7;

pub(super) fn show(args: &StoreArgs, id: &str) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(args)?;
    let runs = journal::run_names(&store)?;
    if runs.iter().any(|r| r == id) {
        open::remark_altered(&ledger, id);
        return show_run(args, &store, id);
    }
    let wanted = if id.starts_with("b3:") { id.to_owned() } else { format!("b3:{id}") };
    let made = if wanted.len() < MIN_PREFIX { vec![] } else { artifacts(&store, &ledger, &wanted)? };
    if made.is_empty() {
        let receipts = ledger.receipts();
        // Digests are compared with as many digits as were given: all others are far from each of them.
        let digests: Vec<String> = receipts.iter().flat_map(|(r, _)| r.outputs.values().map(|a| a.digest.to_string())).collect();
        let prefixes = digests.iter().filter_map(|d| d.get(..wanted.len().max(MIN_PREFIX)));
        let prefixes = prefixes.map(|d| if id.starts_with("b3:") { d } else { &d[3..] });
        let help = did_you_mean(id, runs.iter().map(String::as_str), "run").or_else(|| did_you_mean(id, prefixes, "digest"));
        return Err(wrong(format!("there is no run or artifact `{id}`")).help("`hilum ls` lists runs, `hilum ls RUN` what a run made").maybe_help(help).into());
    }
    if args.json {
        say(json!({ "artifacts": made.iter().map(RecordedArtifact::to_json).collect::<Vec<_>>() }))?;
        return Ok(DONE);
    }
    for RecordedArtifact { receipt, run, port, artifact: a, files } in &made {
        say(a.digest)?;
        say(format!("  {} of {} ({}), run {run}", port, receipt.stage, receipt.study))?;
        say(format!("  {}, sha256 {}", size(a.bytes), a.sha256.hex()))?;
        match files {
            Some(files) => files.iter().try_for_each(|f| say(format!("  {}   {}   {}", f.name, size(f.size), f.digest.short())))?,
            None => say("  its bytes are not in the store; they will be recomputed when needed")?,
        }
    }
    Ok(DONE)
}

/// An artifact with the record of who made it.
struct RecordedArtifact {
    receipt: Receipt,
    run: String,
    port: String,
    artifact: Artifact,
    /// None if the bytes are gone.
    files: Option<Vec<Entry>>,
}

impl RecordedArtifact {
    fn to_json(&self) -> Value {
        let a = &self.artifact;
        let file = |f: &Entry| json!({ "name": f.name, "bytes": f.size, "digest": f.digest });
        let files = self.files.as_ref().map(|files| files.iter().map(file).collect::<Vec<_>>());
        json!({ "digest": a.digest, "sha256": a.sha256, "type": a.kind, "bytes": a.bytes, "run": self.run, "port": self.port, "files": files, "receipt": self.receipt })
    }
}

fn artifacts(store: &Store, ledger: &Ledger, wanted: &str) -> anyhow::Result<Vec<RecordedArtifact>> {
    let mut out = vec![];
    for (receipt, run) in ledger.receipts() {
        for (port, artifact) in receipt.outputs.iter().filter(|(_, a)| a.digest.to_string().starts_with(wanted)) {
            let files = match store.files(artifact) {
                Err(Error::Missing(_)) => None,
                files => Some(files?),
            };
            out.push(RecordedArtifact { receipt: receipt.clone(), run: run.to_owned(), port: port.clone(), artifact: artifact.clone(), files });
        }
    }
    Ok(out)
}

fn show_run(args: &StoreArgs, store: &Store, run: &str) -> anyhow::Result<u8> {
    if args.json {
        say(json!({ "run": run, "journal": journal::objects(store, run)? }))?;
        return Ok(DONE);
    }
    // A run that had nothing to reuse says so with an empty list.
    let is_empty = |line: &&Line| matches!(&line.event, Some(Event::Reused { stages, .. }) if stages.is_empty());
    journal::entries(store, run)?.iter().filter(|line| !is_empty(line)).try_for_each(|line| say(format!("{}  {}", line.time, summary(line))))?;
    Ok(DONE)
}

fn summary(line: &Line) -> String {
    match &line.event {
        Some(Event::Started { study, .. }) => format!("started {study}"),
        Some(Event::Receipt { receipt }) => format!("{} finished, took {}", receipt.stage, duration(receipt.millis)),
        Some(Event::Reused { stages, .. }) => format!("{} up to date", counted(stages.len(), "stage", "stages")),
        Some(Event::Failed(failure)) => format!("{} failed: {}", failure.stage, failure.message),
        Some(Event::Finding(f)) => format!("{} at {}{}", f.id, f.stage, f.allowed.as_ref().map(|r| format!(", allowed: {r}")).unwrap_or_default()),
        Some(Event::Checked { decided, .. }) => format!("checks made: {} of {} decided", decided.len(), CHECKS.len()),
        Some(Event::Finished(f)) => format!("finished: executed {}, reused {}, failed {}", f.executed, f.reused, f.failed),
        Some(Event::StageStarted { stage, .. }) => format!("{stage} started"),
        Some(Event::AuditStarted { .. } | Event::Erased { .. } | Event::Replayed(_) | Event::Sealed { .. } | Event::Certificate { .. }) => {
            format!("{}: {}", line.kind, journal_line::what(line))
        }
        Some(Event::Recovered { of, bytes }) => format!("moved {bytes} bytes of an unfinished line of run {of} aside"),
        None => line.kind.clone(),
    }
}
