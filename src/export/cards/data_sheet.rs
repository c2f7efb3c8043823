//! The data sheet of a run: which images there are, where they come from, what was done with them, and what somebody else has to say.

use super::markdown::{code, plain, table};
use super::references::{Places, References};
use crate::checklists::Evidence;
use crate::export::error::Result;
use crate::export::facts::{Facts, kind};
use crate::export::licence::Licence;
use hilum_cache::canonical;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::sample::{Origin, Sample};

/// The page.
///
/// # Errors
/// If a table is damaged.
pub(super) fn page(facts: &Facts, places: &Places, licence: &Licence) -> Result<String> {
    let references = References::new(places);
    let described = facts.record.resolved["description"].as_str().unwrap_or_default().trim();
    let sections = [
        format!(
            "## Why it was made\n\n{} {}\n",
            if described.is_empty() { "The study does not say.".to_owned() } else { plain(described) },
            references.journal(Evidence::Study)
        ),
        format!("## What is in it\n\n{}", composition(facts, &references)?),
        format!("## How it was collected\n\n{}", collection(facts, &references)),
        format!("## How it was prepared\n\n{}", preparation(facts, &references)),
        format!("## Where it may be used\n\nFor the comparison that the study makes. Not for diagnosis.\n\n## Licence\n\n{}\n", plain(&licence.line())),
        OPEN.to_owned(),
    ];
    Ok(format!(
        "# Data sheet of the study {study}\n\nThe images of run `{run}`, as its record describes them. No image, no table of images or patients and no identifier is \
         enclosed.\n\n{sections}\n{evidence}",
        study = plain(&facts.record.study),
        run = facts.run,
        sections = sections.join("\n"),
        evidence = references.table(),
    ))
}

/// What no record says.
const OPEN: &str = "## Open\n\nWhat the record does not say, and whoever took the images, labelled them or passes them on has to: hospitals, devices and dates; how \
                    patients were chosen; consent and approval; who labelled the images and from what; what was removed from the images before they were imported; \
                    rights of others; who keeps the data, and for how long.\n";

fn composition(facts: &Facts, references: &References) -> Result<String> {
    let mut rows = vec![];
    for made in facts.made() {
        for (port, artifact) in made.of_type(ArtifactType::Samples) {
            let (name, reference) = (code(&made.output(port)), references.output(made, port, artifact));
            let Some(summary) = facts.summary(artifact)? else {
                rows.push(vec![name, "removed from the store".into(), String::new(), String::new(), String::new(), reference]);
                continue;
            };
            let labels = summary.labels.iter().map(|(label, n)| format!("{}: {} real, {} synthetic", plain(label), n.real, n.synthetic));
            rows.push(vec![
                name,
                summary.rows.to_string(),
                summary.patients.to_string(),
                labels.collect::<Vec<_>>().join("; "),
                known(&facts.samples(artifact)?),
                reference,
            ]);
        }
    }
    let drawn = if facts.is_drawn() { "All images that are called real are phantoms: drawings by a program, which show nobody.\n\n" } else { "" };
    Ok(format!(
        "{drawn}Tables of images. An image may be in several of them, and in one of them several times.\n\n{}",
        table(&["table", "images", "patients", "by class", "known of real images", "evidence"], &rows)
    ))
}

/// Of how many rows of real images a characteristic is known. Groups are not counted: few patients could be recognised by them.
fn known(rows: &[Sample]) -> String {
    let real = || rows.iter().filter(|row| row.origin == Origin::Real);
    let all = real().count();
    if all == 0 {
        return String::new();
    }
    let count = |is: fn(&&Sample) -> bool| real().filter(is).count();
    let counts = [("age", count(|r| r.age.is_some())), ("sex", count(|r| !r.sex.is_empty())), ("view", count(|r| !r.view.is_empty()))];
    counts.map(|(what, n)| format!("{what} of {n} of {all}")).join(", ")
}

fn collection(facts: &Facts, references: &References) -> String {
    let mut rows = vec![];
    for made in facts.made().filter(|made| made.inputs().next().is_none() && made.of_type(ArtifactType::Samples).next().is_some()) {
        let recipe = &made.receipt.recipe;
        let sources: Vec<String> = recipe.sources.iter().map(|(name, digest)| format!("{} (BLAKE3 {})", code(name), code(digest.hex().as_str()))).collect();
        let drawn = kind(&made.node.kind).is_some_and(|kind| kind.drawn);
        let from = if drawn { "drawn by the program".to_owned() } else { sources.join(", ") };
        let notes =
            if made.receipt.notes.is_empty() { "–".to_owned() } else { made.receipt.notes.iter().map(|note| plain(note)).collect::<Vec<_>>().join("; ") };
        rows.push(vec![code(&made.node.stage), from, code(&canonical::to_string(&recipe.parameters)), notes, references.receipt(made)]);
    }
    table(&["stage", "from", "parameters", "notes", "evidence"], &rows)
}

fn preparation(facts: &Facts, references: &References) -> String {
    let mut rows = vec![];
    // What was made of tables or images without a network: parts, subsets, pixels.
    let is_made = |artifact: &hilum_cache::receipt::Artifact| ArtifactType::Samples.is(artifact) || ArtifactType::Images.is(artifact);
    for made in facts.made().filter(|made| made.inputs().next().is_some() && made.result.outputs.values().any(is_made)) {
        let recipe = &made.receipt.recipe;
        let seed = made.result.seed.as_deref().map_or_else(|| "–".to_owned(), code);
        let notes =
            if made.receipt.notes.is_empty() { "–".to_owned() } else { made.receipt.notes.iter().map(|note| plain(note)).collect::<Vec<_>>().join("; ") };
        rows.push(vec![code(&made.node.stage), code(&recipe.kind), code(&canonical::to_string(&recipe.parameters)), seed, notes, references.receipt(made)]);
    }
    if rows.is_empty() { "Nothing was done with the images.\n".to_owned() } else { table(&["stage", "kind", "parameters", "seed", "notes", "evidence"], &rows) }
}
