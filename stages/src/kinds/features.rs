//! Features of images: computed once, for everything that compares images by them.

use super::classifier::{self, ClassifierDocument};
use super::extraction::{Applied, Extract};
use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceFiles};
use crate::data::embedding::{Embedding, EmbeddingDocument, Extracted};
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::Samples;
use crate::data::weights::Trained;
use crate::models::Extractor;
use crate::training;
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::BTreeSet;

ports! {
    inputs {
        /// Images whose features are computed.
        samples: Vec<Samples> [images only],
        /// Their pixels.
        images: Vec<Images> [by samples],
        /// The classifier whose features they are, for the extractor `classifier`.
        weights: Option<Trained<ClassifierDocument>>,
    }
    outputs {
        /// The features of every image, and the probabilities of its classes where the extractor has classes.
        features: Embedding [contains samples; influenced weights images],
    }
}

/// Computes features of images: the numbers that a network makes of an image before its last layer.
///
/// `generative-quality`, `memorisation` and `umap` compare images by them. Real and synthetic images may be in one stage or in several,
/// whose features are then bound as a list. Features by a classifier of the study's own know what it was trained on: its training
/// images count as an influence on whatever follows from them. The others are trained on other images, and figures by them can be
/// compared between studies.
///
/// Weights of other extractors are in a safetensors file that the study names with its SHA-256. Where it is missing, the message has
/// the command that makes it from the weights that their authors publish. Images are resized for them from the size that `prepare` gave
/// them; detail that is lost there is not in any feature.
///
/// A left-out image stays left out: stages that use the features skip it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// What gives the features.
    #[serde(default)]
    pub extractor: Extractor,
}

/// The parameter that names the extractor.
const EXTRACTOR: &str = "extractor";

impl Stage for Features {
    const NAME: &'static str = "features";
    const VERSION: u32 = 2;
    const NEEDS: Needs = Needs::Tensor;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        self.extractor.check(EXTRACTOR)
    }
    fn sources(&self) -> Vec<Source> {
        self.extractor.source(EXTRACTOR).into_iter().collect()
    }
    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        self.extractor.check_file("extractor", files)
    }
    fn reads(&self, port: &str) -> bool {
        port != "weights" || self.extractor == Extractor::Classifier
    }
    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        if self.reads("weights") { classifier::misfit(makers, upstream) } else { vec![] }
    }
    fn requires(&self, port: &str) -> Option<&'static str> {
        (port == "weights" && self.reads(port)).then_some("`extractor: classifier` takes features of a classifier; other extractors need none")
    }
    fn disk(&self, images: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        // The features of a classifier are as many as its network has.
        let spec = self.extractor.from_file()?.spec;
        let numbers = (spec.dimensions + spec.classes.unwrap_or(0)) as u64;
        Some(images("samples")?.saturating_mul(4 * numbers))
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let (images, left_out) = images(inputs.samples, &store, cx)?;
        let device = training::open_device(cx.device)?;
        let applied = Applied::open(&self.extractor, EXTRACTOR, inputs.weights.as_ref(), store.side, &device, cx)?;
        let pixels = images.iter().map(|image| store.get(image)).collect::<Result<Vec<_>>>()?;
        let found = applied.to(&pixels, "image", |n| format!("image {}", images[n].short()), cx)?;
        let of_image = |(image, of): (&Digest, Extract)| Extracted { image: *image, features: of.features, probabilities: of.probabilities };
        let extracted: Vec<Extracted> = images.iter().zip(found).map(of_image).collect();
        let first = extracted.first().ok_or_else(|| Error::data("there are no images to compute features of"))?;
        let (dimensions, classes) = (first.features.len(), Some(first.probabilities.len()).filter(|n| *n > 0));
        cx.note(format!("{dimensions} features of {} by {}", counted(extracted.len(), "image", "images"), applied.name));
        let document = EmbeddingDocument { extractor: applied.name, weights: applied.weights, side: store.side, dimensions, classes };
        Ok(Outputs { features: Embedding::of(document, extracted, left_out)? })
    }
}

/// The images of all tables, each once, in the order of their digests: those with pixels, and those that were left out as damaged.
fn images(tables: Vec<Samples>, store: &ImageStore, cx: &Context) -> Result<(Vec<Digest>, Vec<Digest>)> {
    let rows = tables.into_iter().flat_map(|table| table.rows).collect();
    let all = Samples { rows: Samples { rows, images: vec![] }.each_image_once(), images: vec![] };
    let named: BTreeSet<Digest> = all.rows.iter().map(|row| row.image).collect();
    let whole: BTreeSet<Digest> = store.without_left_out(all, cx).rows.iter().map(|row| row.image).collect();
    let left_out = named.difference(&whole).copied().collect();
    Ok((whole.into_iter().collect(), left_out))
}

#[cfg(test)]
mod tests;
