//! Pages for people about a run: a card for each trained network, a data sheet, and checklists of which the record answers some items.
//! Every number and every answer names the artifact that it is from. The pages help produce the evidence for a paper or a file; they
//! claim compliance with nothing.

mod data_sheet;
mod lists;
mod markdown;
mod model_card;
mod references;

use super::claims::Claim;
use super::directory::Directory;
use super::error::Result;
use super::facts::Facts;
use super::{Export, Terms, plain_name, vouched};
use crate::checklists::{CHECKLISTS, Gathered};
use hilum_stages::contract::artifact::ArtifactType;
use references::Places;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const EXPORT: Export = Export {
    name: "cards",
    about: "pages in Markdown: a model card for each network, a data sheet, and what of CLAIM 2024 and TRIPOD+AI the record answers",
    document: "index.json",
    is_signed: false,
    write,
    claims,
};

fn write(facts: &Facts, terms: &Terms, directory: &mut Directory) -> Result<Value> {
    let places = Places::of(facts)?;
    let (mut files, mut names) = (vec![], BTreeSet::new());
    let mut put = |name: String, about: String, page: String, directory: &mut Directory| -> Result<()> {
        let written = directory.put(&name, page.as_bytes())?;
        files.push(json!({ "file": name, "about": about, "sha256": written.sha256.hex() }));
        Ok(())
    };
    for made in facts.made() {
        for (port, artifact) in made.result.outputs.iter().filter(|(_, a)| ArtifactType::of(a).is_some_and(ArtifactType::is_network)) {
            let output = made.output(port);
            let page = model_card::page(facts, &places, made, (port, artifact), &terms.licence)?;
            put(format!("model-card-{}.md", plain_name(&output, &mut names)), format!("model card of {output}"), page, directory)?;
        }
    }
    put("data-sheet.md".into(), "data sheet".into(), data_sheet::page(facts, &places, &terms.licence)?, directory)?;
    let gathered = gathered(facts, &places);
    let mut lists = vec![];
    for list in &CHECKLISTS {
        let [answered, in_part, open] = list.counts(&gathered);
        lists.push(json!({ "checklist": list.name, "items": list.items.len(), "answered": answered, "in_part": in_part, "open": open }));
        put(format!("{}.md", list.name), list.title.to_owned(), lists::page(list, &gathered, facts, &places), directory)?;
    }
    Ok(json!({
        "run": facts.run, "study": facts.record.study, "ended": facts.ended, "license": terms.licence.line(), "checkpoint": vouched::document(facts.checkpoint.as_ref()),
        "checklists": lists, "pages": files,
    }))
}

/// What the record of the run is evidence for.
fn gathered(facts: &Facts, places: &Places) -> Gathered {
    let mut out = Gathered::of_journal(facts.record.resolved.is_object(), places.checks.is_some());
    facts.made().for_each(|made| out.receipt(&made.node.stage, made.receipt));
    out
}

/// The files that the document names, with their digests.
fn claims(document: &Value) -> Vec<Claim> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    document["pages"].as_array().into_iter().flatten().map(|p| Claim { file: text(&p["file"]), sha256: text(&p["sha256"]) }).collect()
}
