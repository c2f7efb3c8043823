//! The card of a trained network: what it is, on what it was trained, what was measured of it, and what it is not for.

use super::markdown::{code, plain, table};
use super::references::{Places, References};
use crate::checklists::Evidence;
use crate::export::artifacts::REMOVED;
use crate::export::error::Result;
use crate::export::facts::{Facts, Made};
use crate::export::licence::Licence;
use crate::export::{measured, taken};
use hilum_cache::canonical;
use hilum_cache::journal::Severity;
use hilum_cache::receipt::Artifact;
use hilum_stages::contract::artifact::ArtifactType;

/// The page.
///
/// # Errors
/// If a table is damaged.
pub(super) fn page(facts: &Facts, places: &Places, made: Made, (port, artifact): (&str, &Artifact), licence: &Licence) -> Result<String> {
    let references = References::new(places);
    let is_generator = ArtifactType::Generator.is(artifact);
    let what = if is_generator { "generator of images" } else { "classifier" };
    let sections = [
        format!("## What it is\n\n{}", details(facts, made, port, artifact, &references)?),
        format!("## What it is for\n\n{}", uses(is_generator)),
        format!("## What it was trained on\n\n{}", training(facts, made, &references)?),
        format!("## What was measured\n\n{}", measurements(facts, made, port, is_generator, &references)?),
        format!("## Limits\n\n{}", limits(facts, made, &references)),
        format!("## Whom it may concern\n\n{}", people(facts)),
        format!("## Licence\n\n{}\n", plain(&licence.line())),
    ];
    Ok(format!(
        "# Model card: {name}\n\nA trained {what} of the study {study}, as the record of run `{run}` describes it. The network itself is not enclosed. Not a medical \
         device, and not for diagnosis.\n\n{sections}\n{evidence}",
        name = code(&made.output(port)),
        study = plain(&facts.record.study),
        run = facts.run,
        sections = sections.join("\n"),
        evidence = references.table(),
    ))
}

fn details(facts: &Facts, made: Made, port: &str, artifact: &Artifact, references: &References) -> Result<String> {
    let (result, recipe, receipt) = (made.result, &made.receipt.recipe, references.receipt(made));
    let environment = &result.environment;
    let changed = if environment.dirty { ", with uncommitted changes" } else { "" };
    let mut rows: Vec<Vec<String>> = vec![];
    match facts.weights(artifact)? {
        Some(file) => {
            let output = references.output(made, port, artifact);
            rows.push(vec!["SHA-256 of the file of the weights".into(), code(&file.sha256.hex()), output.clone()]);
            rows.push(vec!["BLAKE3 of the same file".into(), code(&file.digest.hex()), output]);
        }
        None => rows.push(vec!["weights".into(), REMOVED.into(), references.output(made, port, artifact)]),
    }
    rows.push(vec!["made by".into(), format!("{} (kind {} version {})", code(&made.node.stage), code(&recipe.kind), recipe.version), receipt.clone()]);
    let parameters = recipe.parameters.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    rows.extend(parameters.map(|(name, value)| vec![format!("parameter {}", code(name)), code(&canonical::to_string(value)), receipt.clone()]));
    rows.extend(result.seed.iter().map(|seed| vec!["seed".into(), code(seed), receipt.clone()]));
    rows.extend(recipe.sources.iter().map(|(name, digest)| vec![format!("file {}", code(name)), code(&digest.to_string()), receipt.clone()]));
    rows.push(vec!["started".into(), format!("{}, took {:.1} s", result.started, result.millis as f64 / 1000.0), receipt.clone()]);
    rows.push(vec![
        "program".into(),
        format!("hilum {}, commit {}{changed}, Cargo.lock {}", environment.program, code(&environment.commit), code(&environment.lockfile)),
        receipt.clone(),
    ]);
    rows.push(vec!["compiler, machine".into(), format!("{}; {}", plain(&environment.toolchain), plain(&environment.fingerprint)), receipt]);
    Ok(table(&["what", "value", "evidence"], &rows))
}

fn uses(is_generator: bool) -> &'static str {
    match is_generator {
        true => {
            "For the comparison that the study makes, by researchers. Its images are not of patients, and are no evidence of anything that is in a patient.\n"
        }
        false => "For the comparison that the study makes, by researchers. Not for any decision about a patient.\n",
    }
}

fn training(facts: &Facts, made: Made, references: &References) -> Result<String> {
    let mut rows = vec![];
    for (port, from, output) in made.inputs() {
        let Some(source) = facts.made_by(from) else { continue };
        let Some(artifact) = source.result.outputs.get(output).filter(|a| ArtifactType::Samples.is(a)) else { continue };
        let reference = references.output(source, output, artifact);
        rows.push(match taken::of(facts, made, port, artifact)? {
            Some(taken) => {
                let labels = taken.summary.labels.iter().map(|(label, n)| format!("{}: {} real, {} synthetic", plain(label), n.real, n.synthetic));
                let at_most = if taken.is_exact { "" } else { "at most " };
                vec![
                    code(port),
                    code(&source.output(output)),
                    format!("{at_most}{} of {}", taken.summary.rows, taken.all),
                    taken.summary.patients.to_string(),
                    labels.collect::<Vec<_>>().join("; "),
                    reference,
                ]
            }
            None => vec![code(port), code(&source.output(output)), "removed from the store".into(), String::new(), String::new(), reference],
        });
    }
    Ok(match rows.is_empty() {
        true => "The record names no table of images.\n".to_owned(),
        false => format!(
            "Images that the stage took of the tables that it was given. Those of `validation` chose epochs or weights.\n\n{}",
            table(&["input", "table", "images", "patients", "by class", "evidence"], &rows)
        ),
    })
}

fn measurements(facts: &Facts, made: Made, port: &str, is_generator: bool, references: &References) -> Result<String> {
    let mut rows = vec![];
    for measured in measured::of(facts, made, port)? {
        let reference = references.output(measured.made, measured.port, measured.artifact);
        let on: Vec<String> = measured
            .looked_at(facts)
            .map(|seen| format!("{} {}", code(&seen.made.output(seen.from)), references.output(seen.made, seen.from, seen.artifact)))
            .collect();
        let Some(values) = &measured.rows else {
            rows.push(vec![code(&measured.output()), String::new(), "removed from the store".into(), String::new(), String::new(), on.join(", "), reference]);
            continue;
        };
        for value in values {
            let interval = value.ends.map_or_else(|| "–".to_owned(), |[low, high]| format!("{low:.4} to {high:.4}"));
            rows.push(vec![
                code(&value.metric),
                plain(&value.class),
                format!("{:.4}", value.value),
                interval,
                plain(&value.told),
                on.join(", "),
                reference.clone(),
            ]);
        }
    }
    Ok(match (rows.is_empty(), is_generator) {
        (true, true) => "This run measured nothing of its images. Whether they repeat training images is not known.\n".to_owned(),
        (true, false) => "This run measured nothing of it.\n".to_owned(),
        (false, _) => format!(
            "Values are rounded to four digits; the tables have all of them. They hold for the tables of images that they name, and for no other hospital, device or \
             population.\n\n{}",
            table(&["metric", "class", "value", "95 % interval", "how", "measured on", "evidence"], &rows)
        ),
    })
}

fn limits(facts: &Facts, made: Made, references: &References) -> String {
    let receipt = references.receipt(made);
    let mut rows: Vec<Vec<String>> = vec![];
    if facts.is_drawn() {
        rows.push(vec!["It was trained on phantoms, which are drawings by a program: it has seen no X-ray.".into(), references.journal(Evidence::Study)]);
    }
    rows.extend(
        made.receipt
            .notes
            .iter()
            .filter_map(|note| note.strip_prefix("warning: "))
            .map(|note| vec![format!("The training warned: {}", plain(note)), receipt.clone()]),
    );
    let concerns = |stage: &str, path: &[String]| stage == made.node.stage || path.contains(&made.node.stage);
    let found = facts.record.findings.iter().filter(|f| f.severity != Severity::Info && concerns(&f.stage, &f.path));
    rows.extend(found.filter_map(|f| {
        let allowed = f.allowed.as_ref().map_or_else(String::new, |why| format!(" (allowed by the study: {})", plain(why)));
        Some(vec![format!("A check found at {}: {}{allowed}", code(&f.stage), plain(f.message.as_ref()?)), references.journal(Evidence::Checks)])
    }));
    match rows.is_empty() {
        true => "No warning of the training and no finding of a check concerns it. There are limits that no check knows.\n".to_owned(),
        false => table(&["limit", "evidence"], &rows),
    }
}

fn people(facts: &Facts) -> &'static str {
    match facts.is_drawn() {
        true => "Nobody: every image that it was trained on is a drawing by a program.\n",
        false => {
            "A network that was trained on images of patients may reveal something of them. Identifiers are not recorded; images and patients are named by digests and tokens.\n"
        }
    }
}
