//! `hilum verify --replay` and `--replay-sample`: results computed again, a line for each, and what that says of the others.

use super::trust::TrustArgs;
use super::{DAMAGED, DONE, FAILED, INTERRUPTED, StoreArgs, complete, open, say, say_error, wrong};
use crate::audit::AuditJournal;
use crate::diagnostic::did_you_mean;
use crate::driver;
use crate::pipeline::binding;
use crate::progress::remark;
use crate::progress::words::duration;
use crate::provenance::History;
use crate::replay::{Certificate, Drawn, Outside, Recomputed, Replayer, Share, Unit, draw, population};
use crate::run::launch::Launchers;
use crate::workspace::{Workspace, signing};
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use hilum_cache::evidence::{SigningKey, chain};
use hilum_cache::journal::{Audit, Event, ReplayOutcome};
use hilum_cache::{Digest, Sha256, WritableStore};
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct ReplayArgs {
    /// Compute this stage, or this cell of it, again from what is in the store, compare the bytes, and record what came of it; may be repeated
    #[arg(long, value_name = "STAGE", group = "replays", conflicts_with = "results", add = ArgValueCandidates::new(complete::stages))]
    replay: Vec<String>,
    /// The same for this share of all results, such as 5%, drawn by the seed
    #[arg(long, value_name = "SHARE", group = "replays", requires = "seed", conflicts_with = "results")]
    replay_sample: Option<Share>,
    /// The number by which an auditor draws, chosen after the head of the ledger was seen
    #[arg(long, value_name = "NUMBER", requires = "replay_sample")]
    seed: Option<u64>,
    /// Do not record what came of it, as for a store that cannot be written to
    #[arg(long, requires = "replays")]
    no_record: bool,
    /// A study whose files and images are taken where a result was made of them, and whose pseudonym key
    #[arg(long, value_name = "FILE", requires = "replays")]
    study: Option<PathBuf>,
    /// Where the data directory NAME of that study is; may be repeated
    #[arg(long, value_name = "NAME=DIR", requires = "study", value_parser = super::named_dir)]
    data: Vec<(String, PathBuf)>,
    /// Where outputs go until they are compared [default: the directory for temporary files]
    #[arg(long, value_name = "DIR", requires = "replays")]
    scratch: Option<PathBuf>,
}

impl ReplayArgs {
    /// True if something is to be computed again, which is then all that is done.
    pub(super) fn is_wanted(&self) -> bool {
        !self.replay.is_empty() || self.replay_sample.is_some()
    }
}

/// What is recorded, and where.
struct Recorded {
    store: WritableStore,
    journal: AuditJournal,
    signer: Option<SigningKey>,
}

/// Computes again what is wanted. `noted` is the head of the ledger that the auditor saw.
pub(super) fn replay(args: &ReplayArgs, noted: Option<Sha256>, trust: &TrustArgs, of: &StoreArgs) -> anyhow::Result<u8> {
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    if !scratch.is_dir() {
        return Err(wrong(format!("--scratch: there is no directory `{}`", scratch.display())).into());
    }
    let (store, ledger) = open::store(of)?;
    let trusted = trust.keys(store.root())?;
    let examined = chain::examine(&store, &trusted)?;
    open::remark_ledger(&store, &ledger)?;
    let head = examined.checkpoints.last().map(|last| last.digest);
    if let Some(noted) = noted.filter(|noted| Some(*noted) != head) {
        let now = head.map_or_else(|| "there is none".to_owned(), |head| format!("it is sha256:{}", head.hex()));
        return Err(wrong(format!("the head of the ledger is not sha256:{}: {now}", noted.hex())).help("note the head as it is, and draw then").into());
    }
    let is_altered = journals_altered(&ledger, &store)?;
    if args.replay_sample.is_some() && (is_altered || !examined.faults.is_empty()) {
        let fault = "the ledger of this store does not hold, so that no head fixes the results that would be drawn from";
        say_error(fault, Some("`hilum verify` says where; `--replay STAGE` computes a stage again all the same"));
        return Ok(DAMAGED);
    }
    let history = History::read(&store)?;
    let fixed: BTreeSet<&str> = examined.checkpoints.iter().map(|found| found.says.run.as_str()).collect();
    let mut certificate = Certificate { head, ..Certificate::default() };
    let mut units: Vec<Unit> = vec![];
    // In the order in which they are drawn: if it is stopped, those before are a sample, too.
    let wanted: Vec<usize> = match (args.replay_sample, args.seed, head) {
        (Some(_), Some(_), None) => {
            return Err(wrong("no run here has a checkpoint: there is no head of the ledger to draw by").help("`--replay STAGE` needs none").into());
        }
        (Some(share), Some(seed), Some(head)) => {
            let all = population(&history, |run| fixed.contains(run));
            let (of, without_checkpoint) = (all.units.len(), all.without_checkpoint);
            certificate.drawn = Some(Drawn { share, seed, population: all.digest(), of, without_checkpoint });
            units = all.units.keys().cloned().collect();
            draw(&units, &head, seed, share.of(of)).into_iter().map(|unit| all.units[unit]).collect()
        }
        _ => {
            let all = args.replay.iter().map(|name| named(&history, name)).collect::<anyhow::Result<Vec<_>>>()?;
            all.into_iter().flatten().collect::<BTreeMap<Unit, usize>>().into_values().collect()
        }
    };
    certificate.wanted = wanted.len();
    let outside = match outside(args, store.root())? {
        Ok(outside) => outside,
        Err(code) => return Ok(code),
    };
    let mut recorded = if args.no_record { None } else { Some(begin(&history, &wanted, of)?) };
    let replayer = Replayer::new(&history, &scratch, Launchers::here(), outside);
    let cancel = super::run::stop_on_signals()?;
    if let (false, Some(drawn)) = (of.json, &certificate.drawn) {
        let (n, all) = (wanted.len(), counted(drawn.of, "result", "results"));
        say(format!("head sha256:{}: {n} of {all} drawn with seed {}", head.map(|head| head.hex()).unwrap_or_default(), drawn.seed))?;
    }
    let mut found = vec![];
    for at in &wanted {
        let Some(one) = replayer.replay(*at, &cancel)? else { break };
        if let Some(recorded) = &mut recorded {
            recorded.journal.append(&Event::Replayed(one.replayed.clone()))?;
        }
        certificate.count(&one);
        if !of.json {
            lines(&one).into_iter().try_for_each(say)?;
        }
        found.push(one);
    }
    let run = recorded.map(|recorded| end(recorded, &certificate)).transpose()?;
    match of.json {
        true => say(document(&certificate, &units, &found, run.as_deref()))?,
        false => summary(&certificate, run.as_deref()).into_iter().try_for_each(say)?,
    }
    Ok(match () {
        () if certificate.has_fault() || is_altered || !examined.faults.is_empty() => DAMAGED,
        () if !certificate.is_whole() => INTERRUPTED,
        () if certificate.failed > 0 || certificate.compared() == 0 => FAILED,
        () => DONE,
    })
}

/// What a study names outside of the store; nothing if none is given. The exit code if it cannot be read.
fn outside(args: &ReplayArgs, store: &Path) -> anyhow::Result<Result<Outside, u8>> {
    let Some(file) = &args.study else { return Ok(Ok(Outside::default())) };
    let workspace = Workspace::of(file, Some(store.to_path_buf()), None, args.data.iter().cloned().collect());
    let study = match driver::load(file, &[], workspace) {
        Ok(study) => study,
        Err(why) => return Ok(Err(open::rejected(&why))),
    };
    let mut faults = vec![];
    let listings = study.workspace.listings(&study.pipeline, false, &mut faults)?;
    open::complain(&faults, &study.texts);
    let key = if study.pipeline.stages.iter().any(|stage| stage.kind.pseudonyms) { study.workspace.key()? } else { None };
    Ok(Ok(Outside::of(&study.pipeline, &study.workspace, &listings, key)))
}

fn journals_altered(ledger: &hilum_cache::Ledger, store: &hilum_cache::Store) -> anyhow::Result<bool> {
    let is_altered = |run: &String| ledger.soundness(run).is_some_and(|journal| journal.is_empty || journal.first_altered().is_some());
    Ok(hilum_cache::journal::run_names(store)?.iter().any(is_altered))
}

/// The results that a name means: of each study, those of its newest graph that has any.
fn named(history: &History, name: &str) -> anyhow::Result<BTreeMap<Unit, usize>> {
    let origins = binding::parse(name).filter(|wanted| wanted.port.is_none()).map(|wanted| history.selected(&wanted)).unwrap_or_default();
    let places = origins.iter().filter_map(|origin| history.result(origin.run, &origin.stage));
    let found: BTreeMap<Unit, usize> = places.map(|at| (Unit::of(history, at), at)).collect();
    if found.is_empty() {
        let help = did_you_mean(name, history.all_stages().flat_map(|stage| [stage, stage.split('/').next().unwrap_or(stage)]), "stage");
        return Err(wrong(format!("no run has a result of a stage `{name}`")).help("`hilum ls` lists what there is").maybe_help(help).into());
    }
    Ok(found)
}

/// Begins the record: it is there before anything is computed.
fn begin(history: &History, wanted: &[usize], of: &StoreArgs) -> anyhow::Result<Recorded> {
    let signer = signing::signing_key(history.store().root())?;
    let studies: BTreeSet<&str> = wanted.iter().map(|at| history.receipts()[*at].0.study.as_str()).collect();
    let study = studies.into_iter().collect::<Vec<_>>().join(", ");
    let begun = open::store_to_change(of).and_then(|(store, _)| {
        let journal = AuditJournal::begin(&store, Audit::Replay, &study)?;
        Ok(Recorded { store, journal, signer })
    });
    begun.map_err(|e| wrong(format!("what comes of it cannot be recorded: {e}")).help("for a store that cannot be written to, use `--no-record`").into())
}

/// Ends the record; gives its name among the runs.
fn end(mut recorded: Recorded, certificate: &Certificate) -> anyhow::Result<String> {
    recorded.journal.append(&Event::Certificate { certificate: certificate.to_json() })?;
    let run = recorded.journal.run().to_owned();
    recorded.journal.finish(&recorded.store, recorded.signer.as_ref())?;
    if recorded.signer.is_none() {
        remark("note: the record is not signed, since HILUM_KEY names no key");
    }
    Ok(run)
}

/// What is said of a result.
fn lines(one: &Recomputed) -> Vec<String> {
    let found = &one.replayed;
    let of = format!("{} of run {}", found.stage, found.run);
    let because = found.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let outcome = match found.outcome {
        ReplayOutcome::Same => return vec![format!("same  {of}, took {}", duration(one.millis))],
        ReplayOutcome::Differs => "DIFFERS",
        ReplayOutcome::NotComparable => "not comparable",
        ReplayOutcome::NotReplayed if one.is_unsound => "DAMAGED",
        ReplayOutcome::NotReplayed => "not replayed",
    };
    let ports: BTreeSet<&String> = found.recorded.keys().chain(found.found.keys()).filter(|_| !found.found.is_empty()).collect();
    let name = |digest: Option<&Digest>| digest.map_or_else(|| "none".to_owned(), Digest::short);
    let differing = ports.into_iter().filter(|port| found.recorded.get(*port) != found.found.get(*port));
    let of_ports = differing.map(|port| format!("  {port}: recorded {}, now {}", name(found.recorded.get(port)), name(found.found.get(port))));
    std::iter::once(format!("{outcome}  {of}{because}")).chain(of_ports).collect()
}

fn summary(c: &Certificate, run: Option<&str>) -> Vec<String> {
    let parts = [(c.same, "the same"), (c.differs, "DIFFER"), (c.not_comparable, "not comparable"), (c.not_replayed, "not replayed")];
    let parts: Vec<String> = parts.iter().filter(|(n, what)| *n > 0 || *what == "the same").map(|(n, what)| format!("{n} {what}")).collect();
    let mut out = vec![format!("{}: {}", counted(c.wanted, "result", "results"), parts.join(", "))];
    if !c.is_whole() {
        out.push("stopped before all were computed".to_owned());
    }
    if let (Some(drawn), Some(one), Some(few)) = (c.drawn, c.finds(1), c.twentieth()) {
        let several = c.finds(few).filter(|_| few > 1).map(|p| format!("; had 5 % of them been ({few}), with {}", percent(p)));
        out.push(format!(
            "had one of the {} been forged, whichever, this would have found it with a probability of {}{}",
            counted(drawn.of, "result", "results"),
            percent(one),
            several.unwrap_or_default()
        ));
        if drawn.without_checkpoint > 0 {
            let left_out = counted(drawn.without_checkpoint, "result of a run", "results of runs");
            out.push(format!("{left_out} without a checkpoint could not be drawn: no head of the ledger fixes what they are"));
        }
    }
    out.extend(run.map(|run| format!("recorded as run {run}")));
    out
}

/// Rounded down: a certainty is none before everything was computed.
fn percent(p: f64) -> String {
    format!("{:.1} %", (p * 1000.0 + 1e-9).floor() / 10.0)
}

fn document(certificate: &Certificate, units: &[Unit], found: &[Recomputed], run: Option<&str>) -> Value {
    let of = |one: &Recomputed| {
        let mut value = serde_json::to_value(&one.replayed).expect("BUG: records are plain JSON");
        value["reason"] = one.replayed.reason.clone().into();
        value["unsound"] = one.is_unsound.into();
        value["millis"] = one.millis.into();
        value
    };
    json!({ "certificate": certificate.to_json(), "population": units, "replayed": found.iter().map(of).collect::<Vec<_>>(), "recorded": run })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_not_rounded_up() {
        assert_eq!([0.25, 0.049_99, 0.999_99, 1.0, 0.0].map(percent), ["25.0 %", "4.9 %", "99.9 %", "100.0 %", "0.0 %"]);
    }
}
