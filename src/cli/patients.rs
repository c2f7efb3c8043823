//! `hilum patients`: who is in an artifact, and who influenced it.

use super::trace::origins_of;
use super::{DONE, StoreArgs, open, say, wrong};
use crate::patients::{self, Gap, Holding, Index, Patient, Recorded};
use crate::progress::remark;
use crate::provenance::{History, Origin};
use clap::Args;
use hilum_stages::words::counted;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct PatientsArgs {
    /// A file or directory under results, a digest or its first digits, or a stage (`scores`, `scores/arm=real`, `split.train`)
    artifact: String,
    #[command(flatten)]
    store: StoreArgs,
}

/// Patients that are listed for people; `--json` lists all.
const MAX_LISTED: usize = 20;

pub(super) fn patients(args: &PatientsArgs) -> anyhow::Result<u8> {
    let (store, ledger) = open::store(&args.store)?;
    let history = History::read(&store)?;
    let origins = origins_of(&history, &args.artifact)?.map_err(anyhow::Error::from)?;
    open::remark_ledger(&store, &ledger)?;
    let index = patients::open(&store)?;
    let results = results(&history, &index, &origins);
    if results.is_empty() {
        return Err(wrong("what that stage gave is not recorded").help("its receipt is gone: `hilum verify` says which are").into());
    }
    if args.store.json {
        say(json!({ "outputs": results.iter().map(|result| document(&index, result)).collect::<Vec<Value>>() }))?;
        return Ok(DONE);
    }
    results.iter().try_for_each(|result| lines(&index, result))?;
    if origins.iter().any(|origin| origin.part.as_ref().is_some_and(|part| part.file.is_some())) {
        remark("note: the answer is for the whole output that the file belongs to");
    }
    Ok(DONE)
}

/// The results that are meant, newest first. Runs that had the same bytes from other inputs count, too.
fn results<'i>(history: &History, index: &'i Index, origins: &[Origin]) -> Vec<&'i Recorded> {
    let is_meant = |result: &&Recorded| {
        origins.iter().any(|origin| {
            let made = history.result(origin.run, &origin.stage).map(|at| &history.receipts()[at].0);
            let port = origin.part.as_ref().map(|part| part.port.as_str());
            let digest = made.and_then(|receipt| receipt.outputs.get(&result.port)).map(|artifact| artifact.digest);
            result.study == history.study(origin.run)
                && result.stage == origin.stage
                && port.is_none_or(|port| result.port == port)
                && digest.is_some()
                && result.digest == digest
        })
    };
    index.results().iter().filter(is_meant).collect()
}

fn lines(index: &Index, result: &Recorded) -> anyhow::Result<()> {
    say(format!("{}   {}   study {}, run {}", result.output(), result.artifact, result.study, result.run))?;
    let [contains, influenced] = index.patients_of(result);
    for (title, holding) in [("contains", &contains), ("influenced by", &influenced)] {
        say(format!("  {title} {}, {}", counted(holding.patients.len(), "patient", "patients"), counted(holding.images, "image", "images")))?;
        for Patient { person, images } in holding.patients.iter().take(MAX_LISTED) {
            let no_pseudonym = if person.has_pseudonym() { "" } else { "   no pseudonym, a token" };
            say(format!("    {}   {}{no_pseudonym}", person.called().join(" = "), counted(*images as usize, "image", "images")))?;
        }
        if holding.patients.len() > MAX_LISTED {
            say(format!("    and {} more; --json lists all", holding.patients.len() - MAX_LISTED))?;
        }
        if holding.of_no_patient > 0 {
            say(format!("    of no known patient   {}", counted(holding.of_no_patient, "image", "images")))?;
        }
    }
    index.flow(result).gaps.iter().try_for_each(|gap| say(format!("  not known: {}", gap.words())))
}

fn document(index: &Index, result: &Recorded) -> Value {
    let [contains, influenced] = index.patients_of(result);
    let gaps: Vec<Gap> = index.flow(result).gaps.iter().collect();
    json!({
        "study": result.study,
        "run": result.run,
        "runs": result.runs,
        "stage": result.stage,
        "port": result.port,
        "kind": result.kind,
        "type": result.artifact,
        "digest": result.digest,
        "contains": holding(&contains),
        "influenced": holding(&influenced),
        "gaps": gaps,
    })
}

fn holding(holding: &Holding) -> Value {
    let one = |Patient { person, images }: &Patient| json!({ "called": person.called(), "has_pseudonym": person.has_pseudonym(), "images": images });
    json!({ "patients": holding.patients.iter().map(one).collect::<Vec<_>>(), "images": holding.images, "of_no_patient": holding.of_no_patient })
}
