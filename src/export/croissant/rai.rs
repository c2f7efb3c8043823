//! What has to be known of synthetic images, from the record alone: how they came about, what they may reveal, and what nobody has
//! checked.

use crate::export::error::Result;
use crate::export::facts::{Facts, Made, kind};
use crate::export::synthetic::Set;
use crate::export::taken;
use hilum_cache::canonical;
use hilum_cache::journal::{Finding, Severity};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{MemorisationRow, QualityRow, Row};
use hilum_stages::words::counted;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the data set is, in a few sentences.
pub(super) fn description(facts: &Facts, sets: &[Set]) -> String {
    let images: usize = sets.iter().map(|s| s.images.len()).sum();
    format!(
        "{} that generators of the study `{}` made in run {} of hilum, in {}. They are synthetic and not for diagnosis. Every file says so in a text \
         chunk, too.",
        counted(images, "chest X-ray image", "chest X-ray images"),
        facts.record.study,
        facts.run,
        counted(sets.len(), "set", "sets")
    )
}

/// The fields of the vocabulary, by name.
///
/// # Errors
/// If a table that is counted is damaged.
pub(super) fn fields(facts: &Facts, sets: &[Set]) -> Result<Vec<(&'static str, Value)>> {
    let mut collection = vec!["No data were collected for this set: its images were generated.".to_owned()];
    for set in sets {
        collection.push(origin(facts, set)?);
    }
    Ok(vec![
        ("rai:dataCollection", collection.join(" ").into()),
        ("rai:dataCollectionType", json!(["Synthetic data generation"])),
        ("rai:dataCollectionTimeframe", json!([facts.record.started, facts.ended])),
        ("rai:dataPreprocessingProtocol", preprocessing(facts).into()),
        ("rai:dataAnnotationProtocol", json!(["A label is the class that the generator was asked for. No reader has looked at the images."])),
        ("rai:dataLimitations", limitations(facts, sets).into()),
        ("rai:dataBiases", biases(facts).into()),
        ("rai:personalSensitiveInformation", sensitive(facts, sets).into()),
        (
            "rai:dataUseCases",
            json!(["Research on whether synthetic images help classifiers, as in the study that made them. Not for diagnosis, and not as images of patients."]),
        ),
        ("rai:dataReleaseMaintenancePlan", "None is recorded. The run and its digests stay the same; another run is another set.".into()),
    ])
}

/// How a set came about: the stage, the generator, and what that was trained on.
fn origin(facts: &Facts, set: &Set) -> Result<String> {
    let mut out = format!("`{}`: {} by the stage `{}` ({})", set.output, counted(set.images.len(), "image", "images"), set.made.node.stage, set.made.node.kind);
    let generators = set.made.inputs().filter_map(|(_, from, port)| {
        let made = facts.made_by(from)?;
        made.result.outputs.get(port).filter(|a| ArtifactType::Generator.is(a)).map(|a| (made, a))
    });
    for (generator, artifact) in generators {
        let digests = match facts.weights(artifact)? {
            Some(file) => format!("weights: sha256 {}, blake3 {}", file.sha256.hex(), file.digest.hex()),
            None => format!("sha256 of the list of its files: {}", artifact.sha256.hex()),
        };
        let network = generator.receipt.recipe.parameters.get("network").map(canonical::to_string).unwrap_or_default();
        out += &format!(" with the generator `{}` ({digests}, network {network}", generator.node.stage);
        if let Some(seed) = &generator.result.seed {
            out += &format!(", seed {seed}");
        }
        out += &format!("){}", trained_on(facts, generator)?);
    }
    Ok(out + ".")
}

/// What a network was trained on: the rows that it took of its tables.
fn trained_on(facts: &Facts, made: Made) -> Result<String> {
    let mut tables = vec![];
    for (port, from, output) in made.inputs() {
        let Some(source) = facts.made_by(from) else { continue };
        let Some(artifact) = source.result.outputs.get(output).filter(|a| ArtifactType::Samples.is(a)) else { continue };
        let table = format!("`{}` (sha256 {})", source.output(output), artifact.sha256.hex());
        tables.push(match taken::of(facts, made, port, artifact)? {
            Some(taken) => {
                let summary = &taken.summary;
                let labels: Vec<String> = summary.labels.iter().map(|(label, c)| format!("{} `{label}`", c.real + c.synthetic)).collect();
                let images = counted(summary.rows, "image", "images");
                let at_most = if taken.is_exact { "" } else { "at most " };
                let whole = if taken.all == summary.rows { String::new() } else { format!("the {} of ", taken.all) };
                format!("{at_most}{images} ({}) of {} from {whole}{table}", labels.join(", "), counted(summary.patients, "patient", "patients"))
            }
            None => format!("images of {table}, which was removed from the store"),
        });
    }
    Ok(if tables.is_empty() { String::new() } else { format!(", trained on {}", tables.join(" and ")) })
}

fn preprocessing(facts: &Facts) -> Vec<String> {
    let prepared = facts.made().filter(|m| m.of_type(ArtifactType::Images).next().is_some() && !kind(&m.node.kind).is_some_and(|k| k.synthetic));
    let said = prepared.map(|m| format!("`{}` ({}): {}", m.node.stage, m.node.kind, canonical::to_string(&m.receipt.recipe.parameters)));
    said.collect()
}

/// True if a stage of the run wrote this record.
fn was_measured(facts: &Facts, record: &str) -> bool {
    let file = format!("{record}.csv");
    facts.made().any(|m| m.result.outputs.values().any(|a| a.file.as_deref() == Some(&*file)))
}

fn limitations(facts: &Facts, sets: &[Set]) -> Vec<String> {
    let mut out = vec!["Not for diagnosis. The images show what a generator learnt, which may be wrong anatomy, wrong findings, or none.".to_owned()];
    out.push(match was_measured(facts, QualityRow::RECORD) {
        true => "How close the images are to real ones was measured in this run; the figures are in its results, not here.".to_owned(),
        false => "How close the images are to real ones was not measured in this run.".to_owned(),
    });
    if facts.is_drawn() {
        out.push("The generators were trained on phantoms, which are drawings by a program: nothing here is like a real X-ray.".to_owned());
    }
    if sets.iter().any(|s| s.translated() > 0) {
        out.push("Some images are translations: they are no samples independent of the images that they were translated from.".to_owned());
    }
    // Of other findings, such as small test sets, the images are not to blame.
    let concerned: BTreeSet<&str> = sets.iter().flat_map(|set| facts.ancestors(set.made.id)).map(|id| facts.graph.nodes[id].stage.as_str()).collect();
    let concerns = |f: &&Finding| f.severity != Severity::Info && (f.id.starts_with("synthetic.") || concerned.contains(f.stage.as_str()));
    let warnings = facts.record.findings.iter().filter(concerns).filter_map(|f| {
        let allowed = f.allowed.as_ref().map_or_else(String::new, |why| format!(" (allowed by the study: {why})"));
        Some(format!("A check of the study found at `{}`: {}{allowed}", f.stage, f.message.as_ref()?))
    });
    out.extend(warnings);
    out
}

fn biases(facts: &Facts) -> Vec<String> {
    let mut out =
        vec!["A generator repeats the biases of its training images, such as their hospitals, devices, ages and sexes, and may strengthen them.".to_owned()];
    let confounds: BTreeSet<&str> = facts.record.findings.iter().filter(|f| f.id.starts_with("confound.")).filter_map(|f| f.message.as_deref()).collect();
    out.extend(confounds.iter().map(|text| format!("A check of the study found: {text}")));
    if confounds.is_empty() {
        out.push("The checks of the study for confounded sources and cues found nothing, or were not decided; that is no proof of their absence.".to_owned());
    }
    out
}

fn sensitive(facts: &Facts, sets: &[Set]) -> Vec<String> {
    if facts.is_drawn() {
        return vec!["None: every image that the generators were trained on is a drawing by a program and shows no person.".to_owned()];
    }
    let mut out = vec![
        "The generators were trained on chest X-rays, which are health data. The set holds no identifier, pseudonym or token of a patient, no age or sex, and no \
         digest of a real image."
            .to_owned(),
        "A synthetic image may resemble a training image so closely that it reveals something of a patient.".to_owned(),
    ];
    out.push(match was_measured(facts, MemorisationRow::RECORD) {
        true => "Whether images repeat training images was measured in this run; the figures are in its results, not here.".to_owned(),
        false => "Whether images repeat training images was not measured in this run.".to_owned(),
    });
    if sets.iter().any(|s| s.translated() > 0) {
        out.push(
            "Images that were translated from others (`translated` in the tables) show the anatomy of those: treat them as images of patients.".to_owned(),
        );
    }
    out
}
