//! Features of images: computed once, for everything that compares images by them.

use super::classifier::{self, ClassifierDocument};
use crate::contract::prelude::*;
use crate::contract::source::Source;
use crate::data::embedding::{Embedding, EmbeddingDocument, Extracted};
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::Samples;
use crate::data::weights::Trained;
use crate::models::Extractor;
use crate::models::extractors::{Input, Resize};
use crate::networks::bagged_trees::BaggedTrees;
use crate::networks::{Classifier, Mode};
use crate::training;
use crate::words::counted;
use candle_core::Device;
use hilum_cache::Digest;
use hilum_ops::without_history;
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

impl Stage for Features {
    const NAME: &'static str = "features";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Tensor;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        self.extractor.check("extractor")
    }
    fn sources(&self) -> Vec<Source> {
        self.extractor.source().into_iter().collect()
    }
    fn reads(&self, port: &str) -> bool {
        port != "weights" || self.extractor == Extractor::Classifier
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
        let applied = self.opened(inputs.weights.as_ref(), store.side, &device, cx)?;
        let side = applied.input.side;
        if side != store.side {
            let how = if side < store.side && applied.input.resize == Resize::Bilinear { ", without smoothing" } else { "" };
            cx.note(format!("images of {0}×{0} are resized to {side}×{side} for {1}{how}", store.side, applied.name));
        }

        let mut extracted: Vec<Extracted> = vec![];
        for chunk in images.chunks(training::images_at_once(side)) {
            let pixels = chunk.iter().map(|image| store.get(image)).collect::<Result<Vec<_>>>()?;
            let (features, probabilities) = applied.to(&pixels, store.side, &device)?;
            for ((image, features), probabilities) in chunk.iter().zip(features).zip(probabilities) {
                if features.iter().chain(&probabilities).any(|v| !v.is_finite()) {
                    return Err(self.diverged(image));
                }
                extracted.push(Extracted { image: *image, features, probabilities });
            }
            cx.progress(extracted.len(), images.len(), "image", &[])?;
        }
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

/// An extractor that was opened.
struct Applied<'a> {
    /// The name in tables.
    name: String,
    /// The digest of its weights.
    weights: Digest,
    network: Box<dyn Classifier>,
    input: Input,
    /// False where its outputs are no classes.
    has_classes: bool,
    /// What classifies its features in place of its last layer.
    trees: Option<&'a BaggedTrees>,
}

impl Applied<'_> {
    /// Features and probabilities of each image of `side × side` greys.
    fn to(&self, images: &[&[u8]], side: usize, device: &Device) -> Result<(Vec<Vec<f32>>, Vec<Vec<f32>>)> {
        let input = self.input.tensor(images, side, device)?;
        let (features, logits) = without_history(|| -> Result<_> {
            let features = self.network.features(&input, &mut Mode::Evaluate)?;
            let needs_head = self.has_classes && self.trees.is_none();
            let logits = needs_head.then(|| self.network.head(&features, &mut Mode::Evaluate)).transpose()?;
            Ok((features.to_rows()?, logits.map(|logits| logits.to_rows()).transpose()?))
        })?;
        let single = |rows: Vec<Vec<f64>>| rows.into_iter().map(|row| row.into_iter().map(|p| p as f32).collect()).collect();
        let probabilities = match (self.trees, logits) {
            (Some(trees), _) => single(trees.probabilities(&features)?),
            (None, Some(logits)) => single(logits.iter().map(|row| classifier::softmax(row)).collect()),
            (None, None) => vec![vec![]; features.len()],
        };
        Ok((features, probabilities))
    }
}

impl Features {
    fn opened<'a>(&self, weights: Option<&'a Trained<ClassifierDocument>>, side: usize, device: &Device, cx: &Context) -> Result<Applied<'a>> {
        let name = self.extractor.name();
        let Some(of) = self.extractor.from_file() else {
            let trained = weights.expect("BUG: required");
            let document = &trained.document;
            return Ok(Applied {
                name: format!("{name} ({})", document.network.name()),
                weights: trained.digest,
                network: classifier::open(trained, side, device)?,
                input: Input::plain(side),
                has_classes: true,
                trees: document.trees.as_ref(),
            });
        };
        let bytes = cx.read_source(of.parameter)?;
        Ok(Applied {
            name: name.into(),
            weights: Digest::of(&bytes),
            network: of.open(&bytes, device)?,
            input: of.spec.input,
            has_classes: of.spec.classes.is_some(),
            trees: None,
        })
    }

    fn diverged(&self, image: &Digest) -> Error {
        let message = format!("the features of image {} by `{}` are not finite", image.short(), self.extractor.name());
        match self.extractor {
            Extractor::Classifier => Error::helped(message, "its training diverged: train it again with a lower learning rate"),
            _ => Error::helped(message, "check where the file of its weights came from"),
        }
    }
}

#[cfg(test)]
mod tests;
