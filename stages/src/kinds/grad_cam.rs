//! Where in images a classifier finds a class (Grad-CAM), in figures and in numbers.

mod randomised;
mod shown;
mod summary;
#[cfg(test)]
mod tests;

use super::classifier::{self, ClassifierDocument};
use crate::attention::{self, border_area};
use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use crate::data::masks::Masks;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Sample, Samples};
use crate::data::weights::Trained;
use crate::evaluation::Decision;
use crate::figures;
use crate::figures::attention::{Colours, Overlay};
use crate::networks::Classifier;
use crate::networks::grad_cam::{explain, last_maps, spread};
use crate::records::{Attention, AttentionSummary, Table};
use crate::training;
use crate::words::counted;
use candle_core::Device;
use std::collections::BTreeSet;

ports! {
    inputs {
        /// The images, such as a test set.
        samples: Samples,
        /// The classifier. One with bagged trees in place of its last layer has no gradient, and is refused.
        weights: Trained<ClassifierDocument>,
        /// Pixels of the images.
        images: Vec<Images> [by samples],
        /// Masks of the images, such as of their lungs, from `masks`. Images without one are counted.
        masks: Option<Masks>,
    }
    outputs {
        /// One row per image: what its map explains, and where it lies.
        attention: Table<Attention> [contains samples; influenced weights images],
        /// Means over all images, those of a class, and those whose class has the largest probability (`right`) or has not (`wrong`).
        summary: Table<AttentionSummary> [contains samples; influenced weights images],
        /// Some images of every class, right and wrong by the largest probability, each beside an overlay of its map.
        figure: FigureFiles [contains samples; influenced weights images],
    }
}

/// Shows where in images a classifier finds a class, by Grad-CAM (Selvaraju et al. 2017), and says how much of it is in the border, and in
/// masks such as of the lungs.
///
/// The map of an image is `ReLU(Σ α A)`: the sum of the classifier's last feature maps `A`, each weighted by the mean gradient `α` of the
/// class's logit with respect to it. Maps are those after the last ReLU: `features.29` of VGG-16, `layer4` of a ResNet, `relu(norm5)` of
/// a DenseNet. A map is interpolated to the size of the image and divided by its maximum. It is as coarse as the feature maps are: of
/// 8 × 8 numbers for a ResNet on images of 256 × 256, and of 16 × 16 for VGG-16.
///
/// The border is the outer eighth of the side on each of the four sides. Letters, scanners' marks and edges of the detector lie there, and
/// no disease does; it has 44 % of the area, so that a map that is the same everywhere has this share of its energy (the sum of its
/// numbers) there. Compare shares with that of the area, and those of wrong predictions with those of right ones. Intervals at 95 % are
/// over patients, by the jackknife and Student's t on the logit scale, and need three patients.
///
/// Where images have `masks`, the share of a map's energy in the mask and the mask's share of the area are columns as well, and means and
/// intervals over the images that have one. A mask of another size is resized, each pixel by the nearest one.
///
/// The class that an image is predicted to be of, and whether that is right, go by the largest probability, also where `evaluate` has a
/// `threshold`.
///
/// A map may look the same whatever a network has learnt (Adebayo et al. 2018). So maps of the images in the figure are computed again with
/// random numbers in place of the last layer's weights, five times, and compared by structural similarity (SSIM, from 1 for equal maps to
/// about 0). From a mean of 0.5 on, a warning says that maps show the image rather than the classifier.
///
/// Of small images, a map may have so few numbers, such as 1 × 1 or 2 × 2, that no share of it means anything. With fewer than 4 × 4,
/// nothing is said of where it lies and what it resembles, and the column `reason` says why.
///
/// Maps say where, not why: a class that is found in the lungs may be found by a wrong sign there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GradCam {
    /// The class to explain; by default, the one with the largest probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Images in the figure of each class and outcome (right, wrong), drawn at random.
    #[serde(default = "default_shown")]
    pub shown: Whole<1, 64>,
    /// Colours of maps in the figure.
    #[serde(default)]
    pub colours: Colours,
    /// The share of a map's colours in an overlay; the image has the rest.
    #[serde(default = "default_strength")]
    pub strength: Share,
}

/// Why a classifier with trees is refused, and what to do.
const TREES: (&str, &str) = (
    "the classifier has bagged trees in place of its last layer: no gradient leads from a class through trees to feature maps",
    "train one without `trees` for `grad-cam`",
);

fn default_shown() -> Whole<1, 64> {
    Whole::of(4)
}
fn default_strength() -> Share {
    Share::of(0.5)
}

impl Stage for GradCam {
    const NAME: &'static str = "grad-cam";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let has_trees = makers("weights").iter().any(|trainer| upstream.parameters(*trainer).get("trees").is_some_and(|trees| !trees.is_null()));
        let trees = has_trees.then(|| BadInput { port: "weights", why: TREES.0.into(), help: TREES.1.into() });
        trees.into_iter().chain(classifier::misfit(makers, upstream)).collect()
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let document = &inputs.weights.document;
        if document.trees.is_some() {
            return Err(Error::helped(TREES.0, TREES.1));
        }
        let class = self.class.as_ref().map(|class| place_of(class, &document.classes)).transpose()?;
        let store = ImageStore::of(&inputs.images)?;
        let mut known = BTreeSet::new();
        let rows: Vec<Sample> = store.without_left_out(inputs.samples, cx).rows.into_iter().filter(|row| known.insert(row.image)).collect();
        if rows.is_empty() {
            return Err(Error::data("`samples` has no images"));
        }
        let labels = document.labels(&rows, "test set")?;
        let device = training::open_device(cx.device)?;
        let (network, weights) = classifier::open_with_weights(&inputs.weights, store.side, &device)?;
        let maps = Maps { network: &*network, store: &store, masks: inputs.masks.as_ref(), device: &device };
        let (seen, grid) = maps.of_all(&rows, &labels, class, cx)?;
        let coarse = attention::too_coarse(grid, store.side);
        let mut table = Table { rows: rows.iter().zip(&seen).map(|(row, seen)| seen.row(row, &document.classes, store.side)).collect() };
        say_of_empty_maps(&table, cx);
        if inputs.masks.is_some() {
            say_of_missing_masks(&table, cx);
        }
        let shown = shown::choose(&rows, &seen, *self.shown as usize, &cx.stream("draw"));
        let chosen = maps.of_some(&shown, &rows, &seen)?;
        let summary = match &coarse {
            Some(why) => {
                cx.note(why.clone());
                let whole = summary::of(&table, store.side);
                summary::withheld(whole, &mut table, why)
            }
            None => {
                let randomised = randomised::Randomised { network: &*network, weights: &weights, head: document.network.head() };
                for (at, likeness) in shown.iter().zip(randomised.likeness(&chosen, store.side, &cx.stream("last layer"))?) {
                    table.rows[*at].randomised_ssim = likeness;
                }
                let summary = summary::of(&table, store.side);
                summary::report(&summary, &table, cx);
                summary
            }
        };
        let overlay = Overlay { colours: self.colours, strength: *self.strength };
        let caption =
            format!("Grad-CAM of {}: {}", document.network.name(), self.class.as_ref().map_or("the predicted class".into(), |c| format!("class {c}")));
        let unknown = if coarse.is_some() { format!("{} × {} cells", grid[0], grid[1]) } else { "no map".into() };
        let figure = figures::attention(&shown::bands(&table, &shown, &chosen, &store, &unknown)?, store.side, overlay, &caption)?;
        Ok(Outputs { attention: table, summary, figure })
    }
}

fn place_of(class: &str, classes: &[String]) -> Result<usize> {
    let unknown = || Error::helped(format!("`class`: there is no class `{class}`"), format!("the classes are: {}", classes.join(", ")));
    classes.iter().position(|c| c == class).ok_or_else(unknown)
}

/// What was found in an image.
struct Seen {
    predicted: usize,
    is_right: bool,
    /// The class that the map explains.
    class: usize,
    probability: f64,
    place: Option<attention::Where>,
    /// How much lies in the image's mask; none without a mask.
    inside: Option<attention::Inside>,
}

impl Seen {
    fn row(&self, row: &Sample, classes: &[String], side: usize) -> Attention {
        Attention {
            image: row.image,
            patient: row.patient.clone(),
            label: row.label.clone(),
            predicted: classes[self.predicted].clone(),
            class: classes[self.class].clone(),
            probability: Some(self.probability),
            border: self.place.map(|place| place.border),
            border_area: Some(border_area(side)),
            in_mask: self.inside.and_then(|inside| inside.energy),
            mask_area: self.inside.map(|inside| inside.area),
            x: self.place.map(|place| place.x),
            y: self.place.map(|place| place.y),
            randomised_ssim: None,
        }
    }
}

/// The feature maps of some images, and the maps that explain a class of each by them.
struct Chosen {
    /// In batches: feature maps, and the class of each image.
    batches: Vec<(hilum_ops::Value, Vec<usize>)>,
    /// Maps of the size of the images.
    maps: Vec<Vec<f32>>,
}

/// Computes maps in batches.
struct Maps<'a> {
    network: &'a dyn Classifier,
    store: &'a ImageStore<'a>,
    masks: Option<&'a Masks>,
    device: &'a Device,
}

impl Maps<'_> {
    fn last_maps(&self, rows: &[&Sample]) -> Result<hilum_ops::Value> {
        let images = rows.iter().map(|row| self.store.get(&row.image)).collect::<Result<Vec<_>>>()?;
        last_maps(self.network, &training::image_tensor(&images, self.store.side, self.device)?)
    }

    /// What maps of all images say, and how many cells each has; the maps themselves are not kept.
    fn of_all(&self, rows: &[Sample], labels: &[usize], class: Option<usize>, cx: &Context) -> Result<(Vec<Seen>, [usize; 2])> {
        let (mut seen, side, mut cells) = (vec![], self.store.side, [0; 2]);
        for (chunk, labels) in rows.chunks(training::images_at_once(side)).zip(labels.chunks(training::images_at_once(side))) {
            let maps = self.last_maps(&chunk.iter().collect::<Vec<_>>())?;
            let (_, h, w, _) = maps.dims4()?;
            cells = [h, w];
            let predicted = |logits: &[f32]| Decision::Largest.of(&classifier::softmax(logits));
            let explained = explain(self.network, &maps, |_, logits| class.unwrap_or_else(|| predicted(logits)))?;
            for (((row, label), logits), map) in chunk.iter().zip(labels).zip(&explained.logits).zip(spread(&explained.maps, side)?) {
                if logits.iter().chain(&map).any(|v| !v.is_finite()) {
                    return Err(classifier::diverged("logits or feature maps", row));
                }
                let predicted = predicted(logits);
                let class = class.unwrap_or(predicted);
                let probability = classifier::softmax(logits)[class];
                let mask = self.masks.and_then(|masks| masks.get(&row.image, side));
                let inside = mask.map(|mask| attention::inside(&map, &mask));
                seen.push(Seen { predicted, is_right: predicted == *label, class, probability, place: attention::energy(&map, side), inside });
            }
            cx.progress(seen.len(), rows.len(), "image", &[])?;
        }
        Ok((seen, cells))
    }

    /// The maps of some images.
    fn of_some(&self, which: &[usize], rows: &[Sample], seen: &[Seen]) -> Result<Chosen> {
        let mut chosen = Chosen { batches: vec![], maps: vec![] };
        for chunk in which.chunks(training::images_at_once(self.store.side)) {
            let maps = self.last_maps(&chunk.iter().map(|at| &rows[*at]).collect::<Vec<_>>())?;
            let classes: Vec<usize> = chunk.iter().map(|at| seen[*at].class).collect();
            chosen.maps.extend(spread(&explain(self.network, &maps, |image, _| classes[image])?.maps, self.store.side)?);
            chosen.batches.push((maps, classes));
        }
        Ok(chosen)
    }
}

fn say_of_empty_maps(table: &Table<Attention>, cx: &Context) {
    let empty = table.rows.iter().filter(|row| row.border.is_none()).count();
    if empty > 0 {
        let (one, several) = ("image has a map that is zero everywhere", "images have maps that are zero everywhere");
        cx.note(format!("{}: no feature speaks for the class, and nothing is said of where it is found", counted(empty, one, several)));
    }
}

fn say_of_missing_masks(table: &Table<Attention>, cx: &Context) {
    let missing = table.rows.iter().filter(|row| row.mask_area.is_none()).count();
    if missing == table.rows.len() {
        cx.warn("no image has a mask: `masks` looks for them by the files of the images, which must be those that were imported");
    } else if missing > 0 {
        cx.note(format!("{}: the shares of masks are of the others", counted(missing, "image has no mask", "images have no mask")));
    }
}
