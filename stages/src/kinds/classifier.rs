//! A trained classifier as an artifact, and how it is loaded: `train-classifier` writes it, `evaluate` applies it to
//! images, `grad-cam` shows where in them it finds a class, and `features` and `umap` take its features.

use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::pack::{self, ImageStore};
use crate::data::sample::Sample;
use crate::data::weights::{NetworkDocument, Trained};
use crate::math;
use crate::models::ClassifierNetwork;
use crate::networks::bagged_trees::BaggedTrees;
use crate::networks::{Classifier, Greys, Mode, Weights};
use crate::records::TrainingSummary;
use crate::training;
use candle_core::Device;
use hilum_ops::{Value, without_history};
use rayon::prelude::*;

/// A trained classifier.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClassifierDocument {
    /// The network.
    pub network: ClassifierNetwork,
    /// Class names in the order of its outputs.
    pub classes: Vec<String>,
    /// Side of the images that it was trained on, in pixels.
    pub side: usize,
    /// Mean and standard deviation by which grey values are normalised, if they are.
    #[serde(default)]
    pub greys: Option<Greys>,
    /// What it was trained on; none if an older program trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingSummary>,
    /// Trees that classify its features in place of its last layer, if there are any.
    pub trees: Option<BaggedTrees>,
}

impl NetworkDocument for ClassifierDocument {
    const TYPE: ArtifactType = ArtifactType::Weights;
}

impl ClassifierDocument {
    /// The class of each image, by its place among the classes; `of` says what images these are, such as `test set`.
    ///
    /// # Errors
    /// Where an image has a label that the classifier does not know.
    pub fn labels(&self, rows: &[Sample], of: &str) -> Result<Vec<usize>> {
        let class = |row: &Sample| {
            self.classes.iter().position(|c| *c == row.label).ok_or_else(|| {
                Error::helped(
                    format!("label `{}` of the {of} is not one of the classifier's classes ({})", row.label, self.classes.join(", ")),
                    format!("remove images with this label from the {of}, or train on some as well"),
                )
            })
        };
        rows.iter().map(class).collect()
    }
}

/// The fault of a stage that applies a classifier to packs of another size than that of its training images, as far as parameters say
/// them.
pub fn misfit(makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
    let of = |trainer: usize| {
        let trained = pack::sides(&upstream.makers(trainer, "images"), upstream)?;
        let (side, other) = match (trained.iter().next(), pack::sides(&makers("images"), upstream)?) {
            (Some(side), others) if trained.len() == 1 && !others.contains(side) => (*side, *others.first()?),
            _ => return None,
        };
        let (why, help) = other_size(side, other);
        Some(BadInput { port: "images", why, help: help.into() })
    };
    makers("weights").into_iter().find_map(of).into_iter().collect()
}

fn other_size(trained: usize, found: usize) -> (String, &'static str) {
    let why = format!("the classifier was trained on {trained}×{trained} images, but these are {found}×{found}");
    (why, "set `size` of `prepare` to the size that the classifier was trained on")
}

/// Builds a classifier from its document and weights, for images of this side.
///
/// # Errors
/// Where weights do not fit, or the images are not of the size that it was trained on.
pub fn open(trained: &Trained<ClassifierDocument>, side: usize, device: &Device) -> Result<Box<dyn Classifier>> {
    Ok(open_with_weights(trained, side, device)?.0)
}

/// As [`open`], with its weights by name: what is written into them, the network computes with.
///
/// # Errors
/// As [`open`].
pub fn open_with_weights(trained: &Trained<ClassifierDocument>, side: usize, device: &Device) -> Result<(Box<dyn Classifier>, Weights)> {
    let document = &trained.document;
    if side != document.side {
        let (why, help) = other_size(document.side, side);
        return Err(Error::helped(why, help));
    }
    let mut weights = Weights::on(device);
    let network = document.network.build(document.classes.len(), &mut weights.scope(&mut Seed(0).stream("open", "unused")))?;
    trained.load_into(&weights, device)?;
    Ok((Greys::before(document.greys, network), weights))
}

/// A network in evaluation mode, applied to as many images at once as their size allows.
pub struct Predictor<'a> {
    /// The network.
    pub network: &'a dyn Classifier,
    /// Side of the images.
    pub side: usize,
    /// Where tensors live.
    pub device: &'a Device,
    /// Receives the progress, if given.
    pub cx: Option<&'a Context<'a>>,
}

impl Predictor<'_> {
    /// A row of numbers for every image, from `forward` of a batch.
    fn rows(&self, images: &[&[u8]], forward: impl Fn(&Value) -> Result<Value>) -> Result<Vec<Vec<f32>>> {
        let mut out = vec![];
        for chunk in images.chunks(training::images_at_once(self.side)) {
            let chunk = training::image_tensor(chunk, self.side, self.device)?;
            out.extend(without_history(|| forward(&chunk))?.to_rows()?);
            self.cx.map_or(Ok(()), |cx| cx.progress(out.len(), images.len(), "image", &[]))?;
        }
        Ok(out)
    }

    /// Features of every image, before the last layer.
    ///
    /// # Errors
    /// Where images do not fit the network.
    pub fn features(&self, images: &[&[u8]]) -> Result<Vec<Vec<f32>>> {
        self.rows(images, |images| self.network.features(images, &mut Mode::Evaluate))
    }

    /// Probabilities of every image: from the trees if there are any, otherwise from the last layer.
    ///
    /// # Errors
    /// As [`Predictor::features`].
    pub fn probabilities(&self, trees: Option<&BaggedTrees>, images: &[&[u8]]) -> Result<Vec<Vec<f64>>> {
        if let Some(trees) = trees {
            return trees.probabilities(&self.features(images)?);
        }
        let logits = self.rows(images, |images| self.network.head(&self.network.features(images, &mut Mode::Evaluate)?, &mut Mode::Evaluate))?;
        Ok(logits.iter().map(|row| softmax(row)).collect())
    }
}

/// The classifier's features of the images of these rows, in their order.
///
/// # Errors
/// Where an image is in no pack, images are not of the size that the classifier was trained on, or features are not finite.
pub fn features(weights: &Trained<ClassifierDocument>, rows: &[Sample], store: &ImageStore, cx: &Context) -> Result<Vec<Vec<f32>>> {
    let features = applied(weights, rows, store, cx, |predictor, images| predictor.features(images))?;
    match rows.iter().zip(&features).find(|(_, f)| f.iter().any(|v| !v.is_finite())) {
        Some((row, _)) => Err(diverged("features", row)),
        None => Ok(features),
    }
}

/// The classifier's probabilities of every class for the images of these rows, in their order.
///
/// # Errors
/// As [`features`].
pub fn probabilities(weights: &Trained<ClassifierDocument>, rows: &[Sample], store: &ImageStore, cx: &Context) -> Result<Vec<Vec<f64>>> {
    let trees = weights.document.trees.as_ref();
    let probabilities = applied(weights, rows, store, cx, |predictor, images| predictor.probabilities(trees, images))?;
    match rows.iter().zip(&probabilities).find(|(_, p)| p.iter().any(|v| !v.is_finite())) {
        Some((row, _)) => Err(diverged("probabilities", row)),
        None => Ok(probabilities),
    }
}

/// Images that are changed at once: so many are in memory.
const CHANGED_AT_ONCE: usize = 1024;

/// As [`probabilities`], of what `change` makes of the pixels of each image; `done` and `total` count images for the progress.
///
/// # Errors
/// As [`features`].
pub fn probabilities_of_changed(
    weights: &Trained<ClassifierDocument>,
    rows: &[Sample],
    store: &ImageStore,
    (done, total): (usize, usize),
    cx: &Context,
    change: impl Fn(&[u8]) -> Vec<u8> + Sync,
) -> Result<Vec<Vec<f64>>> {
    let device = training::open_device(cx.device)?;
    let network = open(weights, store.side, &device)?;
    let predictor = Predictor { network: &*network, side: store.side, device: &device, cx: None };
    let mut out: Vec<Vec<f64>> = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(CHANGED_AT_ONCE) {
        let pixels = chunk.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
        let changed: Vec<Vec<u8>> = pixels.par_iter().map(|pixels| change(pixels)).collect();
        let changed: Vec<&[u8]> = changed.iter().map(Vec::as_slice).collect();
        out.extend(predictor.probabilities(weights.document.trees.as_ref(), &changed)?);
        cx.progress(done + out.len(), total, "image", &[])?;
    }
    match rows.iter().zip(&out).find(|(_, p)| p.iter().any(|v| !v.is_finite())) {
        Some((row, _)) => Err(diverged("probabilities", row)),
        None => Ok(out),
    }
}

fn applied<T>(
    weights: &Trained<ClassifierDocument>,
    rows: &[Sample],
    store: &ImageStore,
    cx: &Context,
    apply: impl Fn(&Predictor, &[&[u8]]) -> Result<T>,
) -> Result<T> {
    let images = rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
    let device = training::open_device(cx.device)?;
    let network = open(weights, store.side, &device)?;
    apply(&Predictor { network: &*network, side: store.side, device: &device, cx: Some(cx) }, &images)
}

/// The error of a classifier that gives numbers for an image which are not finite.
pub fn diverged(what: &str, row: &Sample) -> Error {
    Error::helped(
        format!("the classifier's {what} of image {} are not finite", row.image.short()),
        "its training diverged: train it again with a lower learning rate",
    )
}

/// Probabilities. An infinite logit is an overflow, not certainty: if one is not finite, all probabilities are NaN.
pub fn softmax(logits: &[f32]) -> Vec<f64> {
    if logits.iter().any(|l| !l.is_finite()) {
        return vec![f64::NAN; logits.len()];
    }
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|l| math::exp(f64::from(l - largest))).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::data::pack::{Images, NewPack};

    /// The side of the images of [`packed`], in pixels.
    const SIDE: usize = 32;

    /// A small classifier of two classes that was not trained.
    pub(crate) fn fresh() -> Trained<ClassifierDocument> {
        let network: ClassifierNetwork = serde_json::from_value(serde_json::json!({ "smallcnn64": { "width": 4 } })).unwrap();
        let weights = {
            let mut weights = Weights::on(&Device::Cpu);
            network.build(2, &mut weights.scope(&mut Seed(5).stream("test", "weights"))).unwrap();
            weights
        };
        let document = ClassifierDocument { network, classes: vec!["a".into(), "b".into()], side: SIDE, greys: None, training: None, trees: None };
        Trained::of(document, &weights).unwrap()
    }

    /// Packed noise for these rows, each from its own digest.
    pub(crate) fn packed<'a>(rows: impl IntoIterator<Item = &'a Sample>) -> Images {
        let noise = |row: &Sample| {
            let mut stream = Seed(u64::from(row.image.bytes()[0]) << 8 | u64::from(row.image.bytes()[1])).stream("test", "image");
            (0..SIDE * SIDE).map(|_| stream.below(256) as u8).collect()
        };
        let dir = tempfile::tempdir().unwrap();
        NewPack::of(rows.into_iter().map(|row| (row.image, noise(row))).collect(), None).save(dir.path()).unwrap();
        // The pixels are mapped, so that their file may be removed while they are read.
        Images::open(&["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) })).unwrap()
    }

    #[test]
    fn probabilities_add_up_to_one_or_are_nan() {
        assert_eq!(softmax(&[]), [0.0; 0]);
        for logits in [[0.0, -0.0], [f32::MAX, f32::MIN], [-1e30, -1e30], [1e-40, 3.0]] {
            assert!((softmax(&logits).iter().sum::<f64>() - 1.0).abs() < 1e-12, "{logits:?}");
        }
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(softmax(&[0.5, odd]).iter().all(|p| p.is_nan()));
        }
    }
}
