//! `hilum check`: errors of a study, leaks of its design, and whether leaks that are planted into it are found.

use super::plan::json::finding;
use super::{DONE, FAILED, REFUSED, StudyArgs, open, say, say_with_diagnostics};
use crate::checks::Finding;
use crate::driver::Study;
use crate::mutate::{Mutant, mutants};
use crate::progress::remark;
use crate::rehearsal::{Rehearsal, tables_of_files};
use clap::Args;
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Plant leaks into the study, one at a time, and show whether the checks find them; changes no file
    #[arg(long)]
    mutate: bool,
}

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<u8> {
    let study = match open::study(&args.study) {
        Ok(study) => study,
        Err(code) => return Ok(code),
    };
    let (name, stages) = (&study.pipeline.study, study.pipeline.stages.len());
    // As if it had run, on made-up tables: what its design decides needs no data. Mutants are of the design, too.
    let read = if args.mutate { HashMap::new() } else { tables_of_files(&study.pipeline, || study.workspace.unread(&study.pipeline)) };
    let rehearsal = Rehearsal::with(&study.pipeline, &read);
    let found: Vec<Finding> = rehearsal.findings(&study.pipeline)?;
    if args.mutate {
        return mutate(args, &study, &rehearsal, &found);
    }
    let refused = open::refuse(&study, &found);
    let unknown: Vec<&str> = rehearsal.unmade.iter().map(|(id, _)| study.pipeline.stages[*id].name.as_str()).collect();
    if let Some((id, why)) = rehearsal.unmade.first() {
        let stages = counted(unknown.len(), "stage", "stages");
        remark(format!(
            "note: tables of {stages} are not known before the data are, so that leaks by way of them show in a run: `{}`: {why}",
            study.pipeline.stages[*id].name
        ));
    }
    if !found.is_empty() && !args.json {
        let what = if read.is_empty() { "the data were not read" } else { "of the data, names of files and tables were read, and no images" };
        remark(format!("note: {what}: how many patients and images a finding concerns is an estimate"));
    }
    if args.json {
        say_with_diagnostics(
            json!({ "study": name, "stages": stages, "not_examined": unknown, "findings": found.iter().map(|f| finding(&study, f)).collect::<Vec<_>>() }),
        )?;
    } else if !refused {
        let allowed = found.iter().filter(|f| f.reason.is_some()).map(|f| f.check.id).collect::<BTreeSet<_>>().len();
        let allowed = if allowed > 0 { format!(", {}", counted(allowed, "allowed finding", "allowed findings")) } else { String::new() };
        say(format!("{name}: {}, no errors{allowed}", counted(stages, "stage", "stages")))?;
    }
    Ok(if refused { REFUSED } else { DONE })
}

/// Plants each leak and says whether it is found.
fn mutate(args: &CheckArgs, study: &Study, rehearsal: &Rehearsal, before: &[Finding]) -> anyhow::Result<u8> {
    let (mut found, mut planted, mut lines, mut all) = (0, 0, vec![], vec![]);
    let is_allowed = |m: &Mutant| study.pipeline.allow.iter().any(|a| a.id.text == m.id);
    for mutant in mutants(&study.pipeline) {
        let state = if is_allowed(&mutant) {
            "allowed"
        } else {
            let planted_in = |changed: Study| {
                let now = Rehearsal::of(&changed.pipeline);
                (changed, now)
            };
            match open::mutated(&args.study, &mutant.sets).map(planted_in) {
                None => "does not fit",
                Some((_, now)) if now.unmade.len() > rehearsal.unmade.len() => "does not fit",
                Some((changed, now)) => {
                    planted += 1;
                    let now = now.findings(&changed.pipeline)?;
                    let same =
                        |a: &Finding, b: &Finding| a.check.id == b.check.id && changed.pipeline.stages[a.stage].name == study.pipeline.stages[b.stage].name;
                    // One leak may be several: copies of test images in the training set are of test patients, too.
                    let is_of = |f: &Finding| f.check.id == mutant.id || f.check.id.starts_with("leakage.") && mutant.id.starts_with("leakage.");
                    let is_new = |f: &Finding| is_of(f) && f.refuses() && !before.iter().any(|b| same(f, b));
                    let is_found = now.iter().any(is_new);
                    found += usize::from(is_found);
                    if is_found { "found" } else { "NOT FOUND" }
                }
            }
        };
        // Cells of one stage are planted one by one, and said once.
        let line = format!("{state:<13} {:<34} {}", mutant.id, mutant.what);
        if !lines.contains(&line) {
            lines.push(line);
        }
        all.push(json!({ "id": mutant.id, "what": mutant.what, "state": state, "sets": mutant.sets }));
    }
    if args.json {
        say(json!({ "study": study.pipeline.study, "mutants": Value::from(all), "planted": planted, "found": found }))?;
    } else {
        let unfit = all.iter().filter(|m| m["state"] == "does not fit").count();
        if unfit > 0 {
            lines.push(format!(
                "{} not fit: with them the study is no longer sound in another way, as with too few images",
                if unfit == 1 { "1 does".to_owned() } else { format!("{unfit} do") }
            ));
        }
        lines.push(format!("{found} of {} found", counted(planted, "planted leak", "planted leaks")));
        lines.iter().try_for_each(say)?;
    }
    Ok(if found == planted { DONE } else { FAILED })
}
