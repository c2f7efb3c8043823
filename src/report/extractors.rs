//! What extractors of one name are called on the page. Stages tell them apart by the digest of their weights, since a recipe knows no
//! names; here they are told apart by the training that made the weights, or by the file that the study names. Independent of what is
//! computed from features.

use super::artifacts::{ReportArtifact, Subject};
use super::material::Material;
use super::reach::digests;
use hilum_cache::{Digest, Receipt, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::data::embedding::EmbeddingDocument;
use std::collections::BTreeMap;
use std::path::Path;

/// Features of images by an extractor.
pub(super) const FEATURES: Subject = Subject { artifact: ArtifactType::Embedding, name: "features" };

/// Names by what stands in records.
#[derive(Default)]
pub(super) struct Extractors(BTreeMap<String, String>);

impl Extractors {
    /// Those of all features of the run, for a chapter that is about something else.
    ///
    /// # Errors
    /// If a file is damaged, or the list of an artifact's files cannot be read.
    pub(super) fn of_run(m: &Material) -> Result<Extractors> {
        let features = m.facts.found(m.store, &[FEATURES])?.found;
        Extractors::of(m, features.iter())
    }

    /// Those of these features.
    ///
    /// # Errors
    /// If a file is damaged, or the list of an artifact's files cannot be read.
    pub(super) fn of<'r>(m: &Material, features: impl Iterator<Item = &'r ReportArtifact>) -> Result<Extractors> {
        // Of equal weights, as of arms that came to the same training set, those of the first stage count.
        let known = m.facts.known(m.store)?.iter().rev().filter(|known| known.kind.is_network());
        let networks: BTreeMap<Digest, &str> = known.map(|known| (known.artifact.digest, m.facts.stages[known.stage].0.as_str())).collect();
        let mut out = BTreeMap::new();
        for found in features {
            let document = found.bytes(m.store, "embedding.json")?;
            let Some(document) = document.and_then(|bytes| serde_json::from_slice::<EmbeddingDocument>(&bytes).ok()) else { continue };
            let EmbeddingDocument { extractor, weights, .. } = document;
            let name = || format!("{}: {extractor}", weights_of(m, &found.receipt, &networks));
            out.entry(format!("{extractor} {}", weights.short())).or_insert_with(name);
        }
        Ok(Extractors(out))
    }

    /// The name of an extractor; as it stands in the record where its features are not of this run, or no other has its name.
    pub(super) fn name(&self, recorded: &str) -> String {
        self.0.get(recorded).map_or(recorded, String::as_str).to_owned()
    }

    /// A note with these names.
    pub(super) fn in_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (recorded, name)| text.replace(recorded, name))
    }
}

/// Where the weights of an extractor came from: a stage of the run, a file without its directory, or else the stage of the features.
fn weights_of(m: &Material, receipt: &Receipt, networks: &BTreeMap<Digest, &str>) -> String {
    if let Some(training) = receipt.recipe.inputs.values().flat_map(digests).find_map(|digest| networks.get(&digest)) {
        return (*training).to_owned();
    }
    let parameters = &m.facts.resolved["stages"][receipt.stage.as_str()]["with"];
    let file = |parameter: &String| parameter.split('.').fold(parameters, |value, name| &value[name]).as_str();
    let named = receipt.recipe.sources.keys().find_map(file).and_then(|path| Path::new(path).file_name());
    named.map_or_else(|| receipt.stage.clone(), |file| file.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chapters::Chapter;
    use crate::report::facts::Facts;
    use crate::report::tests::{Made, empty_store, made, output};
    use hilum_cache::WritableStore;
    use maud::html;
    use serde_json::{Value, json};

    #[test]
    fn an_extractor_is_called_by_its_training_or_its_file() {
        let (held, store) = empty_store();
        let writable = WritableStore::open(&held.path().join("store")).unwrap();
        let features = |stage: &str, weights: &str, recipe: Value| {
            let document = json!({ "extractor": "classifier (x)", "weights": Digest::of(weights.as_bytes()), "side": 8, "dimensions": 2, "classes": null });
            made(&writable, stage, ("embedding", "embedding.json"), &serde_json::to_vec(&document).unwrap(), recipe)
        };
        let network: Made = made(&writable, "classifier/arm=real", ("weights", "weights.safetensors"), b"w", Value::Null);
        let stages = vec![
            features("a", "1", json!({ "inputs": { "weights": output(&network) } })),
            network,
            features("b", "2", json!({ "sources": { "extractor.inception.weights": Digest::of(b"file") } })),
            features("c", "3", Value::Null),
        ];
        let with = json!({ "extractor": { "inception": { "weights": "/home/me/second.safetensors" } } });
        let facts = Facts { stages, resolved: json!({ "stages": { "b": { "with": with } } }), ..Facts::default() };
        const FEATURES: Subject = Subject { artifact: ArtifactType::Embedding, name: "embedding" };
        const NAMED: Chapter = Chapter {
            id: "named",
            title: "",
            about: &[FEATURES],
            render: |m| {
                let extractors = Extractors::of(m, m.of(FEATURES))?;
                let recorded = |weights: &str| format!("classifier (x) {}", Digest::of(weights.as_bytes()).short());
                let names = ["1", "2", "3", "4"].map(|weights| extractors.name(&recorded(weights)));
                Ok(Some(html! { (names.join("; ")) " " (extractors.in_text(&format!("features of {}.", recorded("1")))) }))
            },
        };
        let unknown = format!("classifier (x) {}", Digest::of(b"4").short());
        assert_eq!(
            NAMED.content(&facts, &store).unwrap().unwrap().into_string().split("<p class=\"evidence\">").next().unwrap(),
            format!(
                "classifier/arm=real: classifier (x); second.safetensors: classifier (x); c: classifier (x); {unknown} features of classifier/arm=real: classifier (x)."
            )
        );
    }
}
