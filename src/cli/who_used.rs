//! `hilum who-used`: what contains a patient, what the patient influenced, and what the patient did not reach.

use super::sought::{PatientArgs, Question};
use super::{DONE, say};
use crate::patients::{Found, Gap, Reached, WhoUsed};
use crate::progress::remark;
use clap::Args;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Args)]
pub(super) struct WhoUsedArgs {
    #[command(flatten)]
    patient: PatientArgs,
}

pub(super) fn who_used(args: &WhoUsedArgs) -> anyhow::Result<u8> {
    let question = Question::of(&args.patient)?;
    let sought = question.sought()?;
    let answer = question.index.who_used(&sought);
    question.remark_limits(&sought);
    if args.patient.store.json {
        let mut document = question.document(&sought, answer.images, answer.shared);
        let list = |reached: Reached| of(&answer, reached).map(entry).collect::<Vec<Value>>();
        for (name, reached) in
            [("contains", Reached::Contains), ("influenced", Reached::Influenced), ("not_known", Reached::NotKnown), ("not_reached", Reached::Not)]
        {
            document[name] = list(reached).into();
        }
        say(document)?;
        return Ok(DONE);
    }
    say(question.heading(&sought, answer.images, answer.shared))?;
    for (title, reached) in [("contains", Reached::Contains), ("influenced", Reached::Influenced), ("not known", Reached::NotKnown)] {
        let found: Vec<&Found> = of(&answer, reached).collect();
        say(format!("{title}: {}", counted(found.len(), "result", "results")))?;
        found.iter().try_for_each(|found| say(line(found)))?;
    }
    let mut by_study: BTreeMap<&str, usize> = BTreeMap::new();
    of(&answer, Reached::Not).for_each(|found| *by_study.entry(&found.result.study).or_default() += 1);
    question.erased().iter().try_for_each(say)?;
    say(format!("not reached: {}", counted(by_study.values().sum::<usize>(), "result", "results")))?;
    by_study.iter().try_for_each(|(study, count)| say(format!("  {study}   {count}")))?;
    remark_outside(answer.found.iter());
    Ok(DONE)
}

fn of<'a>(answer: &'a WhoUsed<'a>, reached: Reached) -> impl Iterator<Item = &'a Found<'a>> {
    answer.found.iter().filter(move |found| found.reached == reached)
}

/// Says how many results go back to something from outside, of which no store could know whom it has seen.
pub(super) fn remark_outside<'a>(found: impl Iterator<Item = &'a Found<'a>>) {
    let outside = found.filter(|f| f.reached == Reached::Not && f.gaps.iter().any(|gap| !gap.is_missing())).count();
    if outside > 0 {
        let words = counted(outside, "result that was not reached goes", "results that were not reached go");
        remark(format!("note: {words} back to weights or synthetic images that this store did not make; whom those were made of is not known"));
    }
}

fn line(found: &Found) -> String {
    let result = found.result;
    let mut facts = vec![];
    facts.extend((found.contains > 0).then(|| counted(found.contains, "image", "images")));
    facts.extend((found.influenced > 0).then(|| format!("by {}", counted(found.influenced, "image", "images"))));
    if found.reached == Reached::NotKnown {
        facts.extend(found.gaps.iter().filter(|gap| gap.is_missing()).map(|gap| gap.words().to_owned()));
    }
    let older = if result.is_current { "" } else { ", older" };
    let runs = if result.runs > 1 { format!(" and {}", counted(result.runs - 1, "earlier one", "earlier ones")) } else { String::new() };
    format!("  {}   {}   {}   {}, run {}{runs}{older}", result.output(), result.artifact, facts.join(", "), result.study, result.run)
}

/// A result in a document.
pub(super) fn entry(found: &Found) -> Value {
    let result = found.result;
    let gaps: Vec<Gap> = found.gaps.iter().collect();
    json!({
        "study": result.study,
        "run": result.run,
        "runs": result.runs,
        "current": result.is_current,
        "stage": result.stage,
        "port": Some(&result.port).filter(|port| !port.is_empty()),
        "kind": result.kind,
        "type": result.artifact,
        "digest": result.digest,
        "contains": found.contains,
        "influenced": found.influenced,
        "gaps": gaps,
    })
}
