//! An embedding of images in two dimensions (UMAP, McInnes, Healy & Melville 2018): images that are close to each other
//! have similar features or pixels. The embedding's trustworthiness is printed on its plot; separation in an embedding
//! proves nothing.

use super::classifier::{self, ClassifierDocument};
use super::spaces;
use crate::contract::prelude::*;
use crate::data::embedding::Embedding;
use crate::data::figure::FigureFiles;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Origin, Sample, Samples};
use crate::data::weights::Trained;
use crate::figures::{self, ColouredBy};
use crate::records::{Embedded, Table};
use crate::umap::{self, UmapParameters};
use crate::words::counted;

ports! {
    inputs {
        /// A classifier whose features are mapped; pixels are mapped without it and without `features`.
        weights: Option<Trained<ClassifierDocument>>,
        /// Features of all images, which are mapped. In place of `weights`.
        features: Option<Embedding>,
        /// The images to embed.
        samples: Vec<Samples>,
        /// Their pixels.
        images: Vec<Images> [by samples],
    }
    outputs {
        /// One row per image.
        embedding: Table<Embedded> [contains samples; influenced weights features images],
        /// The embedding.
        figure: FigureFiles [contains samples; influenced weights features images],
    }
}

/// Maps images in two dimensions by their features, which are bound or those of a classifier, or by their pixels.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Umap {
    /// Neighbours of each image that the embedding preserves.
    #[serde(default = "default_neighbours")]
    pub neighbours: Whole<2, 200>,
    /// Minimum distance between points of the embedding.
    #[serde(default = "default_min_dist")]
    pub min_dist: Share,
    /// Maximum number of images of each label and origin, drawn at random.
    #[serde(default = "default_max_per_label")]
    pub max_per_label: Whole<3>,
    /// What colours and shapes of the figure stand for.
    #[serde(default)]
    pub colour: ColouredBy,
}

fn default_neighbours() -> Whole<2, 200> {
    Whole::of(15)
}
fn default_min_dist() -> Share {
    Share::of(0.1)
}
fn default_max_per_label() -> Whole<3> {
    Whole::of(2000)
}

impl Stage for Umap {
    const NAME: &'static str = "umap";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let are_both = ["weights", "features"].iter().all(|port| !makers(port).is_empty());
        let bad = || BadInput {
            port: "features",
            why: "`weights` and `features` are both bound, but one of them is mapped".into(),
            help: "remove one of them".into(),
        };
        if are_both { vec![bad()] } else { classifier::misfit(makers, upstream) }
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let bound: Vec<Embedding> = inputs.features.into_iter().collect();
        let spaces = spaces::spaces(&bound)?;
        let tables: Vec<Samples> = inputs.samples.into_iter().map(|t| store.without_left_out(t, cx)).collect();
        let rows = self.rows(&tables, cx);
        let (data, dimensions, what) = match (spaces.first(), &inputs.weights) {
            (Some(space), _) => {
                let features = space.of_rows(&rows)?;
                let dimensions = features.first().map_or(0, Vec::len);
                (features.concat(), dimensions, format!("{dimensions} features of {}", space.name))
            }
            (None, Some(weights)) => {
                let features = classifier::features(weights, &rows, &store, cx)?;
                let dimensions = features.first().map_or(0, Vec::len);
                (features.concat(), dimensions, format!("{dimensions} features of {}", weights.document.network.name()))
            }
            (None, None) => (pixels(&rows, &store)?, store.side * store.side, format!("{} pixels", store.side * store.side)),
        };
        let parameters = UmapParameters { neighbours: *self.neighbours as usize, min_dist: *self.min_dist, epochs: None };
        let embedding = umap::embed(&data, dimensions, &parameters, cx.stream("layout").bits()).map_err(Error::data)?;
        let k = (*self.neighbours as usize).min(rows.len().saturating_sub(1) / 2).max(1);
        let trust = umap::trustworthiness(&data, dimensions, &embedding, k);
        // So few images have no neighbours to keep.
        let trust = (!trust.is_nan()).then(|| format!("{trust:.3}"));
        if let Some(trust) = &trust {
            cx.note(format!("trustworthiness at {}: {trust}", counted(k, "neighbour", "neighbours")));
        }

        let mut table = Table::default();
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        for (row, at) in rows.iter().zip(&embedding) {
            let (label, source) = (row.label.clone(), row.source.clone());
            table.rows.push(Embedded { image: row.image, label, origin: row.origin, x: finite(at[0]), y: finite(at[1]), source });
        }
        let trust = trust.map(|t| format!(", trustworthiness {t}")).unwrap_or_default();
        let caption = format!("UMAP of {what}; {} neighbours, min_dist {}{trust}", *self.neighbours, *self.min_dist);
        let drawn = figures::Embedding { title: "", how: "", table: &table, by: self.colour };
        Ok(Outputs { figure: figures::of_embedding(drawn, &caption)?, embedding: table })
    }
}

impl Umap {
    /// The images of all tables, each once, at most `max_per_label` of each label and origin.
    fn rows(&self, tables: &[Samples], cx: &Context) -> Vec<Sample> {
        let mut groups: std::collections::BTreeMap<(Origin, String), Vec<Sample>> = std::collections::BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        for row in tables.iter().flat_map(|t| &t.rows).filter(|r| seen.insert(r.image)) {
            groups.entry((row.origin, row.label.clone())).or_default().push(row.clone());
        }
        let mut rows = vec![];
        for (_, mut images) in groups {
            if images.len() > *self.max_per_label as usize {
                let stream = cx.stream("draw");
                images.sort_by_key(|row| row.priority(&stream));
                images.truncate(*self.max_per_label as usize);
            }
            rows.extend(images);
        }
        Samples::of(rows).rows
    }
}

fn pixels(rows: &[Sample], store: &ImageStore) -> Result<Vec<f32>> {
    let images = rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
    Ok(images.iter().flat_map(|image| image.iter().map(|v| f32::from(*v) / 255.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::embedding::tests::embedded;
    use crate::data::pack::NewPack;
    use crate::data::sample::tests::sample;

    #[test]
    fn trustworthiness_is_left_out_where_it_has_no_meaning() {
        let notes = |n: u32| {
            let dir = tempfile::tempdir().unwrap();
            let rows: Vec<Sample> = (0..n).map(|i| sample("p", i, "normal")).collect();
            NewPack::of(rows.iter().map(|r| (r.image, vec![r.number as u8 * 20; 16])).collect(), None).save(dir.path()).unwrap();
            let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) });
            let inputs = Inputs { weights: None, features: None, samples: vec![Samples::of(rows)], images: vec![Images::open(&files).unwrap()] };
            let stage: Umap = serde_json::from_str("{}").unwrap();
            let cx = Context::for_tests(Umap::NAME).seeded(1);
            assert_eq!(stage.run(inputs, &cx).unwrap().embedding.rows.len(), n as usize);
            cx.notes().iter().map(Note::to_string).collect::<Vec<_>>()
        };
        assert!(notes(2).is_empty());
        assert!(notes(3)[0].starts_with("trustworthiness at 1 neighbour: "));
    }

    #[test]
    fn features_that_are_bound_are_mapped_in_place_of_pixels() {
        let rows: Vec<Sample> = (0..12).map(|i| sample("p", i, if i < 6 { "a" } else { "b" })).collect();
        let mapped = |features: Option<Embedding>| {
            let images = vec![classifier::tests::packed(&rows)];
            let inputs = Inputs { weights: None, features, samples: vec![Samples::of(rows.clone())], images };
            let stage: Umap = serde_json::from_str(r#"{"neighbours": 4}"#).unwrap();
            stage.run(inputs, &Context::for_tests(Umap::NAME).seeded(1)).map(|out| out.embedding)
        };
        let (of_features, of_pixels) = (mapped(Some(embedded("inception", &rows))).unwrap(), mapped(None).unwrap());
        assert!(of_features.rows.len() == 12 && of_features != of_pixels);
        assert!(mapped(Some(embedded("inception", &rows[..9]))).unwrap_err().to_string().ends_with("has no features by inception"));
    }

    #[test]
    fn weights_and_features_are_not_both_mapped() {
        struct Nothing;
        impl Upstream for Nothing {
            fn kind(&self, _: usize) -> &'static str {
                unreachable!()
            }
            fn name(&self, _: usize) -> &str {
                unreachable!()
            }
            fn parameters(&self, _: usize) -> &serde_json::Value {
                unreachable!()
            }
            fn makers(&self, _: usize, _: &str) -> Vec<usize> {
                unreachable!()
            }
            fn gathering_all_but(&self, _: &str, _: &str) -> Option<String> {
                unreachable!()
            }
        }
        let stage: Umap = serde_json::from_str("{}").unwrap();
        let bad = |bound: &[&str]| Stage::check_inputs(&stage, &|port| if bound.contains(&port) { vec![0] } else { vec![] }, &Nothing);
        assert!(bad(&["weights"]).is_empty() && bad(&["features", "images"]).is_empty() && bad(&[]).is_empty());
        assert_eq!(bad(&["weights", "features"])[0].why, "`weights` and `features` are both bound, but one of them is mapped");
    }
}
