//! The table of adversarial networks. One network is one file in `generators/`, with a directory for its parts if there
//! are several, and one row here; nothing else names them. Independent of stages.

pub mod adversaries;
pub mod cyclegan;
pub mod cyclegan_zunair;
pub mod dcgan;
pub mod images;
pub mod pix2pix;
pub mod pool;
mod sampling;
pub mod stylegan2;
#[cfg(test)]
mod tests;
mod trainer;
mod translation;

pub use trainer::{PREVIEWS, Trainer, TrainingSetup};

use crate::contract::prelude::*;
use crate::networks::Scope;
use crate::training::AdamParameters;
use hilum_ops::Value;

/// The parameters of an adversarial network, and how it is built from them.
pub trait GeneratorConfig {
    /// The defaults of its reference implementation.
    fn defaults() -> Defaults
    where
        Self: Sized;
    /// Finds invalid parameters beyond their ranges; `path` is their location below `with:`.
    fn check(&self, _path: &str) -> Vec<BadParameter> {
        vec![]
    }
    /// Labels translated from and to; None for networks that generate images from noise.
    fn translates(&self) -> Option<(&str, &str)> {
        None
    }
    /// The minimum number of images per step.
    fn min_batch(&self) -> u32 {
        1
    }
    /// Says what else is wrong with this number of images per step.
    fn batch_fault(&self, _batch: u32) -> Option<&'static str> {
        None
    }
    /// Says which images the network needs, if those of this side in pixels do not fit.
    fn side_needed(&self, side: usize) -> Option<String>;
    /// True if images can be normalised by their own statistics, as while training.
    fn samples_in_training(&self) -> bool {
        false
    }
    /// True if images can be generated with styles closer to the mean style.
    fn truncates(&self) -> bool {
        false
    }
    /// If a moving average of the weights generates images: the share of initial weights in it after `steps`, in [0,
    /// 1].
    fn ema_initial_share(&self, _steps: usize, _batch: usize) -> f64 {
        0.0
    }
    /// What reduces that share, besides longer training.
    fn ema_help(&self) -> &'static str {
        "lower `ema_decay`"
    }
    /// Networks with initial weights, and their input.
    ///
    /// # Errors
    /// Where a device refuses them, or the images cannot be paired.
    fn trainer<'s>(&self, setup: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>>;
    /// The networks that generate images, with initial weights in `scope` that trained ones replace.
    ///
    /// # Errors
    /// Where a device refuses them.
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn Generator>>;
}

/// Defaults of a reference implementation.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// Images per step.
    pub batch: u32,
    /// Parameters of the optimiser.
    pub adam: AdamParameters,
}

/// Networks that generate images from noise or translate images. Each image is independent of the others in its batch.
pub trait Generator {
    /// Images `first`, `first + 1`, … from noise, `[n, side, side, c]` in [−1, 1]. `truncation` below 1 moves styles
    /// towards the mean style, if the network has styles.
    ///
    /// # Errors
    /// Where the network translates.
    fn sample(&self, _noise: &Stream, _first: u64, _n: usize, _truncation: f64) -> Result<Value> {
        Err(Error::data("BUG: this generator translates images"))
    }
    /// As [`Generator::sample`], normalised by the statistics of these images, as while training.
    ///
    /// # Errors
    /// Where the network has no such norms.
    fn sample_in_training(&self, _noise: &Stream, _first: u64, _n: usize) -> Result<Value> {
        Err(Error::data("BUG: this generator has no norms over a batch"))
    }
    /// Translates grey images `[n, side, side, 1]` in [−1, 1]; `and_back`: to the other label and back. If translation
    /// is random, image `k` draws from stream `numbers[k]`.
    ///
    /// # Errors
    /// Where the network does not translate, or not in that direction.
    fn translate(&self, _images: &Value, _numbers: &[u64], _draws: &Stream, _and_back: bool) -> Result<Value> {
        Err(no_reconstruction())
    }
}

fn no_reconstruction() -> Error {
    Error::helped("this generator does not translate images back", "remove `reconstruct`")
}

/// Makes the enum that studies name a network by, and its way to [`GeneratorConfig`].
macro_rules! generators {
    ($($(#[$doc:meta])* $variant:ident($config:ty) = $name:tt,)+) => {
        /// The adversarial networks that a stage may train; the tag in a study is the file's name.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub enum GanNetwork {
            $($(#[$doc])* #[serde(rename = $name)] $variant($config),)+
        }

        impl GanNetwork {
            /// The name in studies.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }
            /// Its parameters, as those of any network.
            pub fn config(&self) -> &dyn GeneratorConfig {
                match self { $(Self::$variant(config) => config),+ }
            }
            /// See [`GeneratorConfig::defaults`].
            pub fn defaults(&self) -> Defaults {
                match self { $(Self::$variant(_) => <$config>::defaults()),+ }
            }
            /// The names and defaults of all, in the order of the table.
            pub fn table() -> Vec<(&'static str, Defaults)> {
                vec![$(($name, <$config>::defaults())),+]
            }
        }
    };
}

generators! {
    /// DCGAN: images from noise.
    Dcgan(dcgan::Config) = "dcgan",
    /// CycleGAN of Zhu et al.: images of one label translated to another.
    Cyclegan(cyclegan::Config) = "cyclegan",
    /// CycleGAN of Zunair & Hamza.
    CycleganZunair(cyclegan_zunair::Config) = "cyclegan-zunair",
    /// pix2pix of Liang et al.: images of one label translated to another.
    Pix2pix(pix2pix::Config) = "pix2pix",
    /// StyleGAN2 with DiffAugment: images from noise, trained on few images.
    Stylegan2(stylegan2::Config) = "stylegan2",
}

impl GanNetwork {
    /// Finds invalid parameters; `path` is the location of this below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        self.config().check(&format!("{path}.{}", self.name()))
    }
    /// Says what is wrong with images of this side in pixels, and what to do.
    pub fn side_needed(&self, side: usize) -> Option<(String, &'static str)> {
        let needs = self.config().side_needed(side)?;
        Some((format!("{} needs {needs}, but the packed images are {side}×{side}", self.name()), "change `size` of `prepare`, or the network"))
    }
    /// The network of a generator, from the parameters of the stage that trains it; None for stages of other kinds.
    pub fn trained_by(stage: usize, upstream: &dyn Upstream) -> Option<GanNetwork> {
        serde_json::from_value(upstream.parameters(stage).get("network")?.clone()).ok()
    }
    /// A default of every network in words, such as `32 for dcgan; 1 for cyclegan and pix2pix`.
    pub fn defaults_in_words(of: impl Fn(&Defaults) -> String) -> String {
        grouped(GanNetwork::table().iter().map(|(name, defaults)| (*name, of(defaults))))
    }
}

/// Values with the names that have them, in the order in which they first come.
fn grouped<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = vec![];
    for (name, value) in rows {
        match groups.iter_mut().find(|g| g.0 == value) {
            Some(group) => group.1.push(name),
            None => groups.push((value, vec![name])),
        }
    }
    let names = |all: &[&str]| match all {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        few => few.join(""),
    };
    groups.iter().map(|(value, all)| format!("{value} for {}", names(all))).collect::<Vec<_>>().join("; ")
}

/// Which images are needed by a network that takes one size only.
fn exactly(size: usize, side: usize) -> Option<String> {
    (side != size).then(|| format!("{size}×{size} images"))
}

/// Which images are needed by a network that takes multiples of `of`, at least `min`.
fn multiple(of: usize, min: usize, side: usize) -> Option<String> {
    if side < min {
        return Some(format!("images of at least {min}×{min}"));
    }
    (!side.is_multiple_of(of)).then(|| format!("images whose side is a multiple of {of}"))
}
