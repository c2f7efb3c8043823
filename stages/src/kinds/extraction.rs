//! An extractor that was opened, and what it makes of packed images: `features` writes it down, `train-gan` watches generated images
//! by it. Independent of what features are used for.

use super::classifier::{self, ClassifierDocument};
use crate::contract::prelude::*;
use crate::data::weights::Trained;
use crate::models::Extractor;
use crate::models::extractors::{Input, Resize};
use crate::networks::bagged_trees::BaggedTrees;
use crate::networks::{Classifier, Mode};
use crate::training;
use candle_core::Device;
use hilum_cache::Digest;
use hilum_ops::without_history;

/// An extractor that was opened, for images of one size.
pub struct Applied<'a> {
    /// The name in tables.
    pub name: String,
    /// The digest of what it is made of.
    pub weights: Digest,
    network: Box<dyn Classifier>,
    input: Input,
    /// False where its outputs are no classes.
    has_classes: bool,
    /// What classifies its features in place of its last layer.
    trees: Option<&'a BaggedTrees>,
    /// Side of the packed images in pixels.
    side: usize,
    device: &'a Device,
    /// What may be wrong with it, where its features are not finite.
    suspicion: &'static str,
}

/// What an extractor makes of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// Its features.
    pub features: Vec<f32>,
    /// The probability of each class; empty without classes.
    pub probabilities: Vec<f32>,
}

impl<'a> Applied<'a> {
    /// Opens an extractor for packed images of this side in pixels: the classifier that is bound to `weights`, or one whose file is
    /// named by the parameters at `path` below `with:`. Notes how images are resized for it.
    ///
    /// # Errors
    /// Where weights do not fit, or are other ones than the study says.
    ///
    /// # Panics
    /// Where the extractor is a classifier and none is bound.
    pub fn open(
        extractor: &Extractor,
        path: &str,
        weights: Option<&'a Trained<ClassifierDocument>>,
        side: usize,
        device: &'a Device,
        cx: &Context,
    ) -> Result<Applied<'a>> {
        let name = extractor.name();
        let Some(of) = extractor.from_file() else {
            let trained = weights.expect("BUG: required");
            let document = &trained.document;
            return Ok(Applied {
                name: format!("{name} ({})", document.network.name()),
                weights: trained.identity(),
                network: classifier::open(trained, side, device)?,
                input: Input::plain(side),
                has_classes: true,
                trees: document.trees.as_ref(),
                side,
                device,
                suspicion: "its training diverged: train it again with a lower learning rate",
            });
        };
        let bytes = cx.read_source(&extractor.parameter(path))?;
        let input = of.spec.input;
        if input.side != side {
            let how = if input.side < side && input.resize == Resize::Bilinear { ", without smoothing" } else { "" };
            cx.note(format!("images of {side}×{side} are resized to {0}×{0} for {name}{how}", input.side));
        }
        Ok(Applied {
            name: name.into(),
            weights: Digest::of(&bytes),
            network: of.open(&bytes, device)?,
            input,
            has_classes: of.spec.classes.is_some(),
            trees: None,
            side,
            device,
            suspicion: "check where the file of its weights came from",
        })
    }

    /// What it makes of each image of `side × side` greys. Reports how many images of `unit` are done; `named` says which one has
    /// features that are not finite.
    ///
    /// # Errors
    /// Where there are such, a device refuses the images, or the run was asked to stop.
    pub fn to(&self, images: &[&[u8]], unit: &str, named: impl Fn(usize) -> String, cx: &Context) -> Result<Vec<Extract>> {
        let mut out: Vec<Extract> = Vec::with_capacity(images.len());
        for chunk in images.chunks(training::images_at_once(self.input.side)) {
            for (features, probabilities) in self.at_once(chunk)? {
                if features.iter().chain(&probabilities).any(|v| !v.is_finite()) {
                    let extractor = self.name.split(' ').next().unwrap_or_default();
                    return Err(Error::helped(format!("the features of {} by `{extractor}` are not finite", named(out.len())), self.suspicion));
                }
                out.push(Extract { features, probabilities });
            }
            cx.progress(out.len(), images.len(), unit, &[])?;
        }
        Ok(out)
    }

    /// Features and probabilities of a few images.
    fn at_once(&self, images: &[&[u8]]) -> Result<impl Iterator<Item = (Vec<f32>, Vec<f32>)>> {
        let input = self.input.tensor(images, self.side, self.device)?;
        let (features, logits) = without_history(|| -> Result<_> {
            let features = self.network.features(&input, &mut Mode::Evaluate)?;
            let needs_head = self.has_classes && self.trees.is_none();
            let logits = needs_head.then(|| self.network.head(&features, &mut Mode::Evaluate)).transpose()?;
            Ok((features.to_rows()?, logits.map(|logits| logits.to_rows()).transpose()?))
        })?;
        let single = |rows: Vec<Vec<f64>>| rows.into_iter().map(|row| row.into_iter().map(|p| p as f32).collect()).collect();
        let probabilities: Vec<Vec<f32>> = match (self.trees, logits) {
            (Some(trees), _) => single(trees.probabilities(&features)?),
            (None, Some(logits)) => single(logits.iter().map(|row| classifier::softmax(row)).collect()),
            (None, None) => vec![vec![]; features.len()],
        };
        Ok(features.into_iter().zip(probabilities))
    }
}
