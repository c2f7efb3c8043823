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

    /// Images from noise as grey values in [−1, 1]; see [`Generator::sample`].
    ///
    /// # Errors
    /// As there.
    pub fn sample(&self, noise: &Stream, first: u64, n: usize, truncation: f64) -> Result<Vec<Vec<f32>>> {
        grey(&without_history(|| self.generator.sample(noise, first, n, truncation))?)
    }

    /// Images from noise, normalised by their own statistics; see [`Generator::sample_in_training`].
    ///
    /// # Errors
    /// As there.
    pub fn sample_in_training(&self, noise: &Stream, first: u64, n: usize) -> Result<Vec<Vec<f32>>> {
        grey(&without_history(|| self.generator.sample_in_training(noise, first, n))?)
    }

    /// Translated images as grey values in [−1, 1]; see [`Generator::translate`].
    ///
    /// # Errors
    /// As there.
    pub fn translate(&self, images: &[&[u8]], numbers: &[u64], draws: &Stream, and_back: bool) -> Result<Vec<Vec<f32>>> {
        let x = training::image_tensor(images, self.side, &self.device)?.scale(2.0)?.shift(-1.0)?;
        grey(&without_history(|| self.generator.translate(&x, numbers, draws, and_back))?)
    }
}
