//! A trained classifier as an artifact, and how it is opened again: `train-classifier` writes it, `evaluate` and `umap` look
//! at films with it.

use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::weights::{NetworkDocument, Trained};
use crate::networks::bagged_trees::BaggedTrees;
use crate::networks::{Classifier, ClassifierNetwork, Mode, Weights};
use crate::training;
use candle_core::Device;
use hilum_ops::{Value, without_history};

/// A trained classifier.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClassifierDocument {
    /// The network.
    pub network: ClassifierNetwork,
    /// Class names in the order of its outputs.
    pub classes: Vec<String>,
    /// Side of the films it was trained on.
    pub side: usize,
    /// Trees that decide by its features, where they do so in place of its last layer.
    pub trees: Option<BaggedTrees>,
}

impl NetworkDocument for ClassifierDocument {
    const TYPE: &'static str = "weights";
}

/// Films that are looked at together; they do not influence each other.
const BATCH: usize = 64;

/// Builds a classifier from its document and weights.
///
/// # Errors
/// Where weights do not fit.
pub fn open(trained: &Trained<ClassifierDocument>, device: &Device) -> Result<Box<dyn Classifier>> {
    let mut weights = Weights::on(device);
    let network = trained.document.network.build(trained.document.classes.len(), &mut weights.scope(&mut Seed(0).stream("open", "unused")))?;
    trained.load_into(&weights, device)?;
    Ok(network)
}

/// A row of numbers for every film: of what `look` makes of a batch.
fn rows(films: &[&[u8]], side: usize, device: &Device, look: impl Fn(&Value) -> Result<Value>) -> Result<Vec<Vec<f32>>> {
    let mut out = vec![];
    for chunk in films.chunks(BATCH) {
        let films = training::film_tensor(chunk, side, device)?;
        out.extend(without_history(|| look(&films))?.data().to_vec2::<f32>()?);
    }
    Ok(out)
}

/// Features of every film before the last layer.
///
/// # Errors
/// Where films do not fit the network.
pub fn features(network: &dyn Classifier, films: &[&[u8]], side: usize, device: &Device) -> Result<Vec<Vec<f32>>> {
    rows(films, side, device, |films| network.features(films, &mut Mode::Evaluate))
}

/// Probabilities of every film: of trees where there are some, of the last layer otherwise.
///
/// # Errors
/// As [`features`].
pub fn probabilities(network: &dyn Classifier, trees: Option<&BaggedTrees>, films: &[&[u8]], side: usize, device: &Device) -> Result<Vec<Vec<f64>>> {
    if let Some(trees) = trees {
        return trees.probabilities(&features(network, films, side, device)?);
    }
    let logits = rows(films, side, device, |films| network.head(&network.features(films, &mut Mode::Evaluate)?, &mut Mode::Evaluate))?;
    Ok(logits.iter().map(|row| softmax(row)).collect())
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|l| f64::from(l - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}
