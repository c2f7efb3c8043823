//! `hilum check`: errors of a study, leaks of its design, and whether leaks that are planted into it are found.

use super::plan::json::finding;
use super::{DONE, FAILED, REFUSED, StudyArgs, open, say, say_with_diagnostics};
use crate::checks::Finding;
use crate::driver::Study;
use crate::mutate::{Mutant, mutants};
use crate::rehearsal::Rehearsal;
use clap::Args;
use hilum_stages::words::counted;
use serde_json::{Value, json};

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
    // As if it had run, on made-up tables: what its design decides needs no data.
    let found: Vec<Finding> = Rehearsal::of(&study.pipeline).findings(&study.pipeline)?.into_iter().filter(|f| f.is_of_design()).collect();
    if args.mutate {
        return mutate(args, &study, &found);
    }
    let refused = open::refuse(&study, &found);
    if args.json {
        say_with_diagnostics(json!({ "study": name, "stages": stages, "findings": found.iter().map(|f| finding(&study, f)).collect::<Vec<_>>() }))?;
    } else if !refused {
        say(format!("{name}: {}, no errors", counted(stages, "stage", "stages")))?;
    }
    Ok(if refused { REFUSED } else { DONE })
}

/// Plants each leak and says whether it is found.
fn mutate(args: &CheckArgs, study: &Study, before: &[Finding]) -> anyhow::Result<u8> {
    let (mut found, mut planted, mut lines, mut all) = (0, 0, vec![], vec![]);
    let is_allowed = |m: &Mutant| study.pipeline.allow.iter().any(|a| a.id.text == m.id);
    for mutant in mutants(&study.pipeline) {
        let state = if is_allowed(&mutant) {
            "allowed"
        } else {
            match open::mutated(&args.study, &mutant.sets) {
                None => "does not fit",
                Some(changed) => {
                    planted += 1;
                    let now = Rehearsal::of(&changed.pipeline).findings(&changed.pipeline)?;
                    let same =
                        |a: &Finding, b: &Finding| a.check.id == b.check.id && changed.pipeline.stages[a.stage].name == study.pipeline.stages[b.stage].name;
                    let is_new = |f: &Finding| f.check.id == mutant.id && f.refuses() && !before.iter().any(|b| same(f, b));
                    let is_found = now.iter().any(is_new);
                    found += usize::from(is_found);
                    if is_found { "found" } else { "NOT FOUND" }
                }
            }
        };
        lines.push(format!("{state:<13} {:<34} {}", mutant.id, mutant.what));
        all.push(json!({ "id": mutant.id, "what": mutant.what, "state": state, "sets": mutant.sets }));
    }
    if args.json {
        say(json!({ "study": study.pipeline.study, "mutants": Value::from(all), "planted": planted, "found": found }))?;
    } else {
        lines.push(format!("{found} of {} found", counted(planted, "planted leak", "planted leaks")));
        say(lines.join("\n"))?;
    }
    Ok(if found == planted { DONE } else { FAILED })
}
