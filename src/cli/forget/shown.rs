//! What `hilum forget` says.

use super::super::sought::Question;
use super::super::{say, say_error};
use super::ForgetArgs;
use crate::driver::{Opened, Study, forecast::Forecast, text};
use crate::forget::{Certificate, Compared, Still, Survey};
use crate::plan::Plan;
use crate::progress::remark;
use crate::progress::words::size;
use hilum_stages::words::counted;
use serde_json::json;
use std::collections::BTreeMap;

/// Outputs that are listed for people.
const MAX_LISTED: usize = 10;

/// Nothing is left to do.
pub(super) fn nothing(args: &ForgetArgs, question: &Question) -> anyhow::Result<()> {
    if args.json {
        let erased: Vec<_> = question.index.erased().iter().map(|(by, count)| json!({ "run": by.run, "line": by.line, "results": count })).collect();
        return say(json!({ "done": "nothing", "certificate": null, "would": null, "erased_before": erased }));
    }
    question.erased().iter().try_for_each(say)?;
    say("nothing is left to erase of this patient")
}

/// The imports still see the patient. Whoever asks knows who it is: a count and the place are enough.
pub(super) fn still_there(all: &[Still]) -> anyhow::Result<()> {
    for Still { stage, source, rows, images, named } in all {
        let mut facts = vec![];
        facts.extend((*rows > 0).then(|| format!("would import {} of the patient", counted(*rows, "image", "images"))));
        facts
            .extend((*images > 0).then(|| format!("{} there", counted(*images, "file with images of the patient is", "files with images of the patient are"))));
        facts.extend((*named > 0).then(|| {
            format!("{} named that {} not there", counted(*named, "file of the patient is", "files of the patient are"), if *named == 1 { "is" } else { "are" })
        }));
        let message = format!("`{stage}` still sees the patient in `{source}`: {}", facts.join("; "));
        say_error(&message, Some("remove the patient's images and rows from what the study imports, and run this again; nothing was erased"));
    }
    Ok(())
}

/// What would be done.
pub(super) fn dry_run(args: &ForgetArgs, study: &Study, opened: &Opened, plan: &Plan, survey: &Survey) -> anyhow::Result<()> {
    let forecast = Forecast::of(study, &opened.session, plan);
    let taken = &survey.taken;
    if args.json {
        return say(json!({
            "done": "nothing",
            "certificate": null,
            "erased_before": [],
            "would": {
                "run": forecast.totals.to_json(),
                "results": taken.results,
                "not_known": taken.not_known,
                "objects": taken.objects.len(),
                "bytes": taken.bytes,
                "checkpoints": taken.trainings.len(),
                "resumed": survey.rest.len(),
            },
        }));
    }
    say("would compute the study without the patient:")?;
    text::lines(&study.pipeline, plan, &forecast).iter().try_for_each(|line| say(format!("  {line}")))?;
    say(format!(
        "would then erase {}, as far as it is known now: {}, {}",
        counted(taken.results + taken.not_known, "result", "results"),
        counted(taken.objects.len(), "object", "objects"),
        size(taken.bytes)
    ))?;
    remark("note: what the study will have computed without the patient stays, also where it has the same bytes");
    Ok(())
}

/// What a comparison found.
pub(super) fn compared(compared: &Compared) -> anyhow::Result<()> {
    for (title, outputs) in [("DIFFERS", &compared.differs), ("MISSING there", &compared.missing)] {
        outputs.iter().take(MAX_LISTED).try_for_each(|output| say(format!("{title}  {output}")))?;
        if outputs.len() > MAX_LISTED {
            say(format!("{title}  and {} more", outputs.len() - MAX_LISTED))?;
        }
    }
    let not_due = match compared.not_due.len() {
        0 => String::new(),
        n => format!(
            "; {} others, which is no fault: of imports, of other instruction sets, or of kinds that promise statistics only",
            counted(n, "output has", "outputs have")
        ),
    };
    say(format!("compared with the other store: {} equal{not_due}", counted(compared.equal.len(), "output is", "outputs are")))
}

/// What was done.
pub(super) fn certificate(args: &ForgetArgs, certificate: &Certificate) -> anyhow::Result<()> {
    if args.json {
        return say(json!({ "done": "erased", "certificate": certificate, "would": null, "erased_before": [] }));
    }
    let mut by_verdict: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    certificate.stages.iter().for_each(|stage| by_verdict.entry(stage.verdict.words()).or_default().push(&stage.stage));
    for (words, stages) in by_verdict {
        let more = if stages.len() > MAX_LISTED { format!(" and {} more", stages.len() - MAX_LISTED) } else { String::new() };
        let shown: Vec<&str> = stages.iter().take(MAX_LISTED).copied().collect();
        say(format!("{words}: {}{more}", shown.join(", ")))?;
    }
    certificate.compared.iter().try_for_each(compared)?;
    let erased = &certificate.erased;
    say(format!(
        "erased {}: {}, {}",
        counted(erased.results + erased.not_known, "result", "results"),
        counted(erased.objects, "object", "objects"),
        size(erased.bytes)
    ))?;
    if erased.not_known > 0 {
        say(format!("  of {} of them it was not known whether the patient reached them", erased.not_known))?;
    }
    for (count, one, many) in [
        (
            erased.equal,
            "older result stays: a result without the patient has the same bytes",
            "older results stay: results without the patient have the same bytes",
        ),
        (erased.checkpoints, "training that was stopped lost its checkpoints", "trainings that were stopped lost their checkpoints"),
        (erased.resumed, "object of an erasure that was interrupted is among them", "objects of an erasure that was interrupted are among them"),
    ] {
        if count > 0 {
            say(format!("  {}", counted(count, one, many)))?;
        }
    }
    say("not within reach:")?;
    certificate.not_reached.iter().try_for_each(|place| say(format!("  {}: {}", place.what, place.why)))?;
    if let Some(file) = &args.certificate {
        remark(format!("wrote the certificate to {}", file.display()));
    }
    Ok(())
}
