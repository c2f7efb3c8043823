//! A trained generator as an artifact, and how it is loaded: `train-gan` writes it, `synthesize` generates images with
//! it.

use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::weights::{NetworkDocument, Trained};
use crate::models::GanNetwork;
use crate::models::generators::Generator;
use crate::models::generators::images::grey;
use crate::networks::Weights;
use crate::training;
use candle_core::Device;
use hilum_cache::Digest;
use hilum_ops::without_history;

/// A trained generator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GeneratorDocument {
    /// The network.
    pub network: GanNetwork,
    /// The labels of the images that it generates.
    pub labels: Vec<String>,
    /// Side of its images in pixels.
    pub side: usize,
}

impl NetworkDocument for GeneratorDocument {
    const TYPE: ArtifactType = ArtifactType::Generator;
}

/// An image to make.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The number of its random draws; of images from noise, numbers follow each other.
    pub number: u64,
    /// The greys of the image that is translated; none for an image from noise.
    pub parent: Option<&'a [u8]>,
}

impl<'a> Wanted<'a> {
    /// A translation, whose draws follow from the image that is translated, so that they do not depend on other images.
    pub fn translation(of: &Digest, parent: &'a [u8]) -> Wanted<'a> {
        let number = u64::from_le_bytes(of.bytes()[..8].try_into().expect("BUG: eight bytes"));
        Wanted { number, parent: Some(parent) }
    }
}

/// How images are made.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// See [`Generator::sample`].
    pub truncation: f64,
    /// Normalised by the statistics of the batch; see [`Generator::sample_in_training`].
    pub in_training: bool,
    /// Translated to the other label and back.
    pub and_back: bool,
}

impl Default for How {
    fn default() -> Self {
        How { truncation: 1.0, in_training: false, and_back: false }
    }
}

/// The stream of the draws of images: one for whoever makes images under this seed, so that `train-gan` watches those that `synthesize`
/// would make.
///
/// # Panics
/// Where the kind did not declare that it draws.
pub fn noise(cx: &Context) -> Stream {
    cx.seed.expect("BUG: the kind does not declare a seed").stream("synthesize", "noise")
}

/// A generator that was loaded.
pub struct Opened {
    generator: Box<dyn Generator>,
    side: usize,
    device: Device,
}

impl Opened {
    /// Builds the network and loads its weights.
    ///
    /// # Errors
    /// Where weights do not fit the document.
    pub fn new(trained: &Trained<GeneratorDocument>, device: &Device) -> Result<Opened> {
        let mut weights = Weights::on(device);
        let mut unused = Seed(0).stream("open", "unused");
        let generator = trained.document.network.config().open(&mut weights.scope(&mut unused))?;
        trained.load_into(&weights, device)?;
        Ok(Opened { generator, side: trained.document.side, device: device.clone() })
    }

    /// Makes these images as grey values in [−1, 1], in one batch of `batch` at most; all are translations, or none is.
    ///
    /// # Errors
    /// Where the network cannot make such images.
    pub fn make(&self, wanted: &[Wanted], batch: usize, noise: &Stream, how: How) -> Result<Vec<Vec<f32>>> {
        let Some(last) = wanted.last() else { return Ok(vec![]) };
        // On a GPU, sums may be computed differently for another number of images: a smaller batch is padded.
        let padding = if self.device.is_cpu() { 0 } else { batch - wanted.len() };
        let all = || wanted.iter().chain(std::iter::repeat_n(last, padding));
        let parents: Vec<&[u8]> = all().filter_map(|w| w.parent).collect();
        let numbers: Vec<u64> = all().map(|w| w.number).collect();
        let made = without_history(|| match parents.is_empty() {
            true if how.in_training => self.generator.sample_in_training(noise, numbers[0], batch),
            true => self.generator.sample(noise, numbers[0], numbers.len(), how.truncation),
            false => {
                let x = training::image_tensor(&parents, self.side, &self.device)?.scale(2.0)?.shift(-1.0)?;
                self.generator.translate(&x, &numbers, noise, how.and_back)
            }
        })?;
        let mut made = grey(&made)?;
        made.truncate(wanted.len());
        Ok(made)
    }
}
