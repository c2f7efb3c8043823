//! A run as a Provenance Run Crate 0.5 on RO-Crate 1.1: what was run, of what it was made, and what it made. Files are tables of
//! numbers, drawings and images that a generator sampled; everything else is named by its digest.

mod actions;
mod graph;
mod outputs;
mod tools;

use super::claims::Claim;
use super::directory::Directory;
use super::error::Result;
use super::facts::Facts;
use super::licence::Licence;
use super::{Export, Terms, pretty, vouched};
use crate::pipeline::resolved;
use graph::{Graph, decoded, one_or_list, reference};
use hilum_stages::words::counted;
use outputs::Outputs;
use serde_json::{Value, json};

pub(super) const EXPORT: Export = Export {
    name: "ro-crate",
    about: "what was run, of what and by what, with tables of numbers, drawings and sampled synthetic images: a Provenance Run Crate 0.5",
    document: "ro-crate-metadata.json",
    is_signed: false,
    write,
    claims,
};

/// The study as it was run.
const STUDY: &str = "study.yaml";
/// What the crate is, for people.
const README: &str = "README.md";
/// What the journal says.
const JOURNAL: &str = "run.json";
/// What the engine is called in the crate.
const ENGINE: &str = "#hilum";
const LANGUAGE: &str = "#study-language";
const WHOLE: &str = "#run";
const ORGANIZE: &str = "#organize";

fn write(facts: &Facts, terms: &Terms, directory: &mut Directory) -> Result<Value> {
    let licence = &terms.licence;
    let mut graph = Graph::default();
    let study = directory.put(STUDY, resolved::recorded(&facts.record.resolved).as_bytes())?;
    let outputs = Outputs::write(facts, directory, &mut graph)?;
    let journal = directory.put(JOURNAL, &pretty(&json!({ "journal": facts.journal(), "left_out": outputs.left_out })))?;
    let tools = tools::tools(facts, &mut graph);
    let actions = actions::actions(facts, &outputs, &mut graph);
    let about = about(facts, &outputs);
    let readme = directory.put(README, readme(facts, &about).as_bytes())?;
    graph.file(README, &readme, json!({ "name": "What is in this crate", "about": reference("./") }));
    let description = "What the journal says: stages with their recipes and environments, findings, failures, and what is not in this crate";
    graph.file(JOURNAL, &journal, json!({ "name": "Journal of the run", "description": description }));
    let workflow = json!({
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"], "name": facts.record.study, "hasPart": one_or_list(tools),
        "description": "The study as it was run: every cell with its parameters, defaults filled in", "programmingLanguage": reference(LANGUAGE),
        "step": one_or_list(actions.steps.clone()), "version": study.sha256.hex(),
    });
    graph.file(STUDY, &study, workflow);
    graph.add(json!({ "@id": LANGUAGE, "@type": "ComputerLanguage", "name": "hilum study (YAML)" }));
    add_licence_and_profiles(licence, &mut graph);
    let mut parts = vec![reference(README), reference(STUDY), reference(JOURNAL)];
    parts.extend(outputs.files.iter().cloned());
    let mut mentions = vec![reference(WHOLE), reference(ORGANIZE)];
    mentions.extend(actions.mentions.iter().chain(&outputs.collections).cloned());
    let root = json!({
        "@id": "./", "@type": "Dataset", "name": format!("{}: run {} of hilum", facts.record.study, facts.run), "description": about,
        "datePublished": facts.ended, "license": reference(id_of(&licence.entity())), "mainEntity": reference(STUDY), "hasPart": parts,
        "mentions": mentions, "conformsTo": PROFILES.map(|(id, _, _)| reference(id)),
    });
    let descriptor = json!({
        "@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": reference("./"),
        "conformsTo": [reference("https://w3id.org/ro/crate/1.1"), reference("https://w3id.org/workflowhub/workflow-ro-crate/1.0")],
    });
    if !outputs.left_out.is_empty() {
        directory.remark(format!(
            "{} of the results are named by their digests alone; `{JOURNAL}` lists them with the reasons",
            counted(outputs.left_out.len(), "file or output", "files and outputs")
        ));
    }
    let entities: Vec<Value> = [descriptor, root].into_iter().chain(graph.into_entities()).collect();
    Ok(json!({ "@context": context(), "@graph": entities }))
}

/// The profiles that the crate conforms to: address, name and version.
const PROFILES: [(&str, &str, &str); 4] = [
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
];

fn add_licence_and_profiles(licence: &Licence, graph: &mut Graph) {
    graph.add(licence.entity());
    for (id, name, version) in PROFILES {
        graph.add(json!({ "@id": id, "@type": "CreativeWork", "name": name, "version": version }));
    }
}

fn id_of(entity: &Value) -> &str {
    entity["@id"].as_str().expect("BUG: an entity has an id")
}

/// The terms of runs that the context of RO-Crate 1.1 does not have.
fn context() -> Value {
    let term = |name: &str| (name.to_owned(), Value::from(format!("https://w3id.org/ro/terms/workflow-run#{name}")));
    let terms: serde_json::Map<String, Value> = ["sha256", "environment"].map(term).into_iter().collect();
    json!(["https://w3id.org/ro/crate/1.1/context", terms])
}

/// What there is to know of the crate before anything in it.
fn about(facts: &Facts, outputs: &Outputs) -> String {
    let described = facts.record.resolved["description"].as_str().unwrap_or_default().trim();
    let mut out = described.to_owned();
    if !described.is_empty() {
        out += if described.ends_with(['.', '?', '!']) { " " } else { ". " };
    }
    out += &format!("A run of the study `{}`, as its journal records it; the journal {}. ", facts.record.study, vouched::sentence(facts.checkpoint.as_ref()));
    if let Some(why) = facts.incomplete() {
        out += &format!("{}{}. ", why[..1].to_uppercase(), &why[1..]);
    }
    out += "No pixel of a real image, no table of images or patients and no trained network is in this crate: they are named by their digests. ";
    if outputs.removed > 0 {
        out += &format!("Removed from the store before the export: {}. ", counted(outputs.removed, "file or output", "files and outputs"));
    }
    out + "Synthetic images are not for diagnosis."
}

/// What the crate is, for people who open it without a program for crates.
fn readme(facts: &Facts, about: &str) -> String {
    format!(
        "# {study}\n\n{about}\n\n\
         | file | contains |\n|---|---|\n\
         | `{STUDY}` | the study as it was run, every cell with its parameters |\n\
         | `{JOURNAL}` | what the journal of the run says, and what is left out here, with digests and reasons |\n\
         | `results/` | tables of numbers, drawings, and synthetic images that were generated from noise |\n\
         | `ro-crate-metadata.json` | what was made of what, by which stage, with which parameters: a Provenance Run Crate 0.5 |\n\n\
         Everything that is named has its SHA-256. A crate shows what was recorded; it does not prove it.\n",
        study = facts.record.study,
    )
}

/// The files that the document names, with their digests.
fn claims(document: &Value) -> Vec<Claim> {
    let entities = document["@graph"].as_array().into_iter().flatten();
    let files = entities.filter(|e| e["@type"] == "File" || e["@type"].as_array().is_some_and(|types| types.iter().any(|t| t == "File")));
    files.filter_map(|e| Some(Claim { file: decoded(e["@id"].as_str()?), sha256: e["sha256"].as_str().unwrap_or_default().to_owned() })).collect()
}
