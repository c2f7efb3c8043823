//! Synthesizes images with a trained generator: marked PNG files, and a pack. Independent of how the generator was
//! trained.

#[cfg(test)]
mod tests;

use super::generator::{self, GeneratorDocument, How, Opened, Wanted};
use crate::contract::prelude::*;
use crate::data::contents::Contents;
use crate::data::marker;
use crate::data::pack::{ImageStore, Images, NewPack};
use crate::data::png;
use crate::data::sample::{ImageFile, Origin, Sample, Samples};
use crate::data::weights::Trained;
use crate::models::GanNetwork;
use crate::models::generators::images::{are_numbers, to_bytes};
use crate::training;
use crate::words::counted;
use hilum_cache::Digest;
use std::collections::BTreeSet;

ports! {
    inputs {
        /// The generator.
        generator: Trained<GeneratorDocument>,
        /// Images to translate, for generators that translate.
        source: Option<Samples>,
        /// Pixels of the images to translate.
        images: Vec<Images> [by source],
        /// The real training set, for `count: as-needed`.
        real: Option<Samples>,
    }
    outputs {
        /// The synthetic images with their table.
        samples: Samples [contains source; influenced generator],
        /// Their pixels, packed.
        images: NewPack [contains source; influenced generator],
    }
}

/// Generates images with a trained generator: from noise, or by translating images. Image k is the same whatever the number of images.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synthesize {
    /// Number of images. Generators that translate draw this many images of `source` with their label, without
    /// replacement; by default they translate all of them. `as-needed`: as many as the class needs to become as large
    /// as the largest class of `real`.
    #[serde(default)]
    pub count: Option<Amount>,
    /// The label of the images; by default that of the images that the generator was trained on.
    #[serde(default)]
    pub label: Option<String>,
    /// For generators with styles: below 1, images are closer to the mean image, with less variety and fewer failures.
    #[serde(default = "one")]
    pub truncation: Share,
    /// Stretches the grey values of each image to the full range, as Zunair & Hamza did. A classifier can recognise
    /// such images by it.
    #[serde(default)]
    pub contrast_stretch: bool,
    /// How a generator with batch norms (dcgan) is used.
    #[serde(default, skip_serializing_if = "SampleMode::is_eval")]
    pub sample: SampleMode,
    /// Translates images to the other label and back: they keep their label but bear the traces of the generator.
    #[serde(default)]
    pub reconstruct: bool,
}

/// Whose statistics batch norms use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SampleMode {
    /// Running statistics of the training: each image is independent of the others.
    #[default]
    Eval,
    /// Statistics of 64 images that are generated together, as in the DCGAN tutorial of PyTorch, which never calls `eval()`.
    Train,
}

impl SampleMode {
    fn is_eval(&self) -> bool {
        *self == SampleMode::Eval
    }
}

/// Images that are normalised together; image k is in group k / 64, whatever the number of images.
const TOGETHER: usize = 64;

/// How many images are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// This number.
    Of(Whole<1, 10_000_000>),
    /// As many as a class needs.
    Needed(Needed),
}

/// The word for as many as a class needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Needed {
    /// As many images as the class needs to become as large as the largest class of `real`.
    AsNeeded,
}

fn one() -> Share {
    Share::of(1.0)
}

impl Stage for Synthesize {
    const NAME: &'static str = "synthesize";
    const VERSION: u32 = 4;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const SYNTHETIC: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn reads(&self, port: &str) -> bool {
        port != "real" || matches!(self.count, Some(Amount::Needed(_)))
    }

    fn requires(&self, port: &str) -> Option<&'static str> {
        (port == "real" && self.reads(port)).then_some("`count: as-needed` counts its images of each class")
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let network = makers("generator").first().and_then(|m| GanNetwork::trained_by(*m, upstream));
        let fault = network.and_then(|n| self.misfit(&n, !makers("source").is_empty()));
        fault.map(|(why, help)| BadInput { port: "generator", why, help }).into_iter().collect()
    }

    fn images(&self, _: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        if let Some(Amount::Of(n)) = self.count { Some(u64::from(*n)) } else { None }
    }

    fn effort(&self) -> Option<Effort> {
        self.images(&|_| None).map(Effort::Images)
    }

    fn takes(&self, input: &str) -> Takes {
        // Which images of `source` are translated depends on the generator's labels.
        if input == "source" { Takes::Some } else { Takes::All }
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.make(&inputs, training::images_at_once(inputs.generator.document.side), cx)
    }
}

/// An image to generate: its number, and the image that is translated.
struct Request<'a> {
    number: u32,
    parent: Option<(&'a Sample, &'a [u8])>,
}

impl<'a> Request<'a> {
    fn wanted(&self) -> Wanted<'a> {
        let from_noise = Wanted { number: u64::from(self.number), parent: None };
        self.parent.map_or(from_noise, |(sample, pixels)| Wanted::translation(&sample.image, pixels))
    }
}

impl Synthesize {
    /// Generates images, `batch` at a time.
    ///
    /// # Errors
    /// Where the generator and the inputs do not fit.
    pub fn make(&self, inputs: &Inputs, batch: usize, cx: &Context) -> Result<Outputs> {
        let document = &inputs.generator.document;
        let side = document.side as u32;
        if let Some((why, help)) = self.misfit(&document.network, inputs.source.is_some()) {
            return Err(Error::helped(why, help));
        }
        let store = inputs.source.as_ref().map(|_| ImageStore::of(&inputs.images)).transpose()?;
        let source = inputs.source.clone().zip(store.as_ref()).map(|(s, g)| g.without_left_out(s, cx));
        let (label, orders) = match (document.network.config().translates(), &source, &store) {
            (Some((from, to)), Some(source), Some(store)) => {
                if store.side != document.side {
                    return Err(Error::helped(
                        format!("the generator was trained on {side}×{side} images, but those of `source` are {0}×{0}", store.side),
                        "set `size` of `prepare` to the size that it was trained on",
                    ));
                }
                let usual = if self.reconstruct { from } else { to };
                let label = self.label.clone().unwrap_or_else(|| usual.to_owned());
                let orders = translations(source, store, from, self.wanted(&label, inputs.real.as_ref())?, cx)?;
                (label, orders)
            }
            (None, None, _) => {
                let label = self.sampled_label(&document.labels)?;
                let count = self.wanted(&label, inputs.real.as_ref())?.expect("BUG: a count was asked for");
                (label, (0..count as u32).map(|number| Request { number, parent: None }).collect())
            }
            _ => unreachable!("BUG: such networks and inputs were refused"),
        };
        let batch = if self.sample == SampleMode::Train { TOGETHER } else { batch };
        let device = training::open_device(cx.device)?;
        let opened = Opened::new(&inputs.generator, &device)?;
        let noise = generator::noise(cx);
        let how = How { truncation: *self.truncation, in_training: self.sample == SampleMode::Train, and_back: self.reconstruct };
        let model = inputs.generator.digest;
        let (mut samples, mut images, mut pack) = (vec![], vec![], vec![]);
        for chunk in orders.chunks(batch) {
            let made = opened.make(&chunk.iter().map(Request::wanted).collect::<Vec<_>>(), batch, &noise, how)?;
            for (order, image) in chunk.iter().zip(made) {
                if !are_numbers(&image) {
                    return Err(Error::helped(
                        format!("generated image {} has values that are not finite", order.number),
                        "its training diverged: train it again with a lower `optimiser.learning_rate`",
                    ));
                }
                let pixels = to_bytes(&if self.contrast_stretch { stretched(image) } else { image });
                let marks = [("Description", marker::DESCRIPTION), ("Software", marker::SOFTWARE), ("Source", &*marker::origin(&model, order.number))];
                let bytes = png::encode(&pixels, side, side, &marks)?;
                let image = Digest::of(&bytes);
                images.push(ImageFile { name: format!("images/{:05}.png", order.number), bytes, path: None });
                // A translation shows the patient of its parent; a sampled image shows nobody.
                let parent = order.parent.map(|(sample, _)| sample);
                let text = |of: fn(&Sample) -> &String| parent.map(|p| of(p).clone()).unwrap_or_default();
                samples.push(Sample {
                    image,
                    patient: text(|p| &p.patient),
                    number: order.number,
                    label: label.clone(),
                    source: "synthetic".into(),
                    origin: Origin::Synthetic,
                    generator: Some(model),
                    parent: parent.map(|p| p.image),
                    age: parent.and_then(|p| p.age),
                    sex: text(|p| &p.sex),
                    view: text(|p| &p.view),
                    width: side,
                    height: side,
                });
                pack.push((image, pixels));
            }
            cx.progress(samples.len(), orders.len(), "image", &[])?;
        }
        let contents = Contents::of_made(&pack, side);
        Ok(Outputs { samples: Samples { images, ..Samples::of(samples) }, images: NewPack::of(pack, Some(contents)) })
    }

    /// What does not fit the network, and what to do.
    fn misfit(&self, network: &GanNetwork, has_source: bool) -> Option<(String, String)> {
        let fault = |why: &str, help: String| Some((why.to_owned(), help));
        let network = network.config();
        match network.translates() {
            Some((from, _)) if !has_source => {
                fault("this network translates images, but none are given", format!("bind images labelled `{from}` to `source`, and their pixels to `images`"))
            }
            None if has_source => fault("this network generates images from noise and does not translate", "remove `source`".into()),
            None if self.reconstruct => fault("this network generates images from noise and cannot translate back", "remove `reconstruct`".into()),
            None if self.count.is_none() => {
                fault("this network generates images from noise and needs their number", "set `count` to a number or `as-needed`".into())
            }
            _ if self.sample == SampleMode::Train && !network.samples_in_training() => {
                fault("this generator has no batch norms to use in training mode", "remove `sample`".into())
            }
            _ if *self.truncation < 1.0 && !network.truncates() => fault("this generator has no styles to truncate", "remove `truncation`".into()),
            _ => None,
        }
    }

    /// How many images of a label to generate, if that is given.
    ///
    /// # Errors
    /// Where none are needed.
    fn wanted(&self, label: &str, real: Option<&Samples>) -> Result<Option<usize>> {
        match (self.count, real) {
            (None, _) => Ok(None),
            (Some(Amount::Of(n)), _) => Ok(Some(*n as usize)),
            (Some(Amount::Needed(_)), real) => {
                let groups = real.expect("BUG: required").by_label();
                let largest = groups.values().map(Vec::len).max().unwrap_or(0);
                let needed = largest - groups.get(label).map_or(0, Vec::len);
                if needed == 0 {
                    let why = format!("no images of `{label}` are needed: `real` has no larger class");
                    return Err(Error::helped(why, "set `count` to a number, or `label` to a smaller class"));
                }
                Ok(Some(needed))
            }
        }
    }

    fn sampled_label(&self, known: &[String]) -> Result<String> {
        match (&self.label, known) {
            (Some(label), _) => Ok(label.clone()),
            (None, [only]) => Ok(only.clone()),
            (None, several) => Err(Error::helped(format!("the generator was trained on several labels: {}", several.join(", ")), "choose one with `label`")),
        }
    }
}

/// Images with the label to translate from, each once, in table order; `count` of them if given.
fn translations<'a>(source: &'a Samples, store: &ImageStore<'a>, from: &str, count: Option<usize>, cx: &Context) -> Result<Vec<Request<'a>>> {
    let mut seen = BTreeSet::new();
    let rows: Vec<&Sample> = source.rows.iter().filter(|r| r.label == from && seen.insert(r.image)).collect();
    if rows.is_empty() {
        return Err(Error::helped(format!("no image of `source` has the label `{from}`"), format!("the labels are: {}", source.labels().join(", "))));
    }
    let mut taken: Vec<usize> = (0..rows.len()).collect();
    if let Some(count) = count {
        if count > rows.len() {
            return Err(Error::helped(
                format!("`count` is {count}, but `source` has {} labelled `{from}`, and each is translated once", counted(rows.len(), "image", "images")),
                "lower `count`, or remove it",
            ));
        }
        let stream = cx.stream("choice");
        taken.sort_by_key(|i| rows[*i].priority(&stream));
        taken.truncate(count);
        taken.sort_unstable();
    }
    taken.into_iter().map(|i| Ok(Request { number: i as u32, parent: Some((rows[i], store.get(&rows[i].image)?)) })).collect()
}

/// Stretches grey values so that the darkest is −1 and the brightest 1. A constant image is unchanged.
fn stretched(image: Vec<f32>) -> Vec<f32> {
    let (low, high) = image.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    if low < high { image.into_iter().map(|v| (v - low) / (high - low) * 2.0 - 1.0).collect() } else { image }
}
