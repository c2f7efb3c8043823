//! The table of adversarial networks, whose generators make images. One network is one file in `generators/`, with a directory
//! below it where it has parts, and one row here; nothing else names them. Ignorant of stages.

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

/// The parameters of an adversarial network, and what is made of them.
pub trait GeneratorConfig {
    /// The numbers of its reference implementation, for studies that give none.
    fn defaults() -> Defaults
    where
        Self: Sized;
    /// Finds parameters that make no sense; `path` is where they stand below `with:`.
    fn check(&self, path: &str) -> Vec<BadParameter>;
    /// Labels translated from and to; None for networks that make images from noise.
    fn translates(&self) -> Option<(&str, &str)> {
        None
    }
    /// Images that a step needs at least.
    fn min_batch(&self) -> u32 {
        1
    }
    /// Says what else is wrong with so many images a step.
    fn batch_fault(&self, _batch: u32) -> Option<&'static str> {
        None
    }
    /// Says which images the network needs where those of so many pixels a side are others.
    fn side_needed(&self, side: usize) -> Option<String>;
    /// True where images can be made with styles nearer to the mean one.
    fn truncates(&self) -> bool {
        false
    }
    /// Where a moving average of the weights makes images: what share of it are the initial weights after so many steps, in [0, 1].
    fn ema_initial_share(&self, _steps: usize, _batch: usize) -> f64 {
        0.0
    }
    /// What makes that share smaller, besides a longer training.
    fn ema_help(&self) -> &'static str {
        "lower `average`"
    }
    /// Networks with fresh weights, and what feeds them.
    ///
    /// # Errors
    /// Where a device refuses them, or the images cannot be paired.
    fn trainer<'s>(&self, setup: TrainingSetup<'s, '_>) -> Result<Box<dyn Trainer + 's>>;
    /// The networks that make images, with fresh weights in `scope` in whose place trained ones are put.
    ///
    /// # Errors
    /// Where a device refuses them.
    fn open(&self, scope: &mut Scope) -> Result<Box<dyn Generator>>;
}

/// Numbers of a reference implementation.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// Images per step.
    pub batch: u32,
    /// How weights are moved.
    pub adam: AdamParameters,
}

/// Networks that make images: from noise, or of others. Each image is the same whichever others are made with it.
pub trait Generator {
    /// Images `first`, `first + 1`, … from noise, `[n, side, side, c]` in [−1, 1]. `truncation` below 1 draws styles nearer to the
    /// mean one, where the network has styles.
    ///
    /// # Errors
    /// Where the network translates.
    fn sample(&self, _noise: &Stream, _first: u64, _n: usize, _truncation: f64) -> Result<Value> {
        Err(Error::data("BUG: this generator translates images"))
    }
    /// Grey images `[n, side, side, 1]` in [−1, 1] translated; `and_back`: there and back again. Where generation draws, image `k`
    /// does so from stream `numbers[k]`.
    ///
    /// # Errors
    /// Where the network translates nothing, or not in that direction.
    fn translate(&self, _images: &Value, _numbers: &[u64], _draws: &Stream, _and_back: bool) -> Result<Value> {
        Err(no_way_back())
    }
}

fn no_way_back() -> Error {
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
    /// StyleGAN2 with DiffAugment: images from noise, learnt from few.
    Stylegan2(stylegan2::Config) = "stylegan2",
}

impl GanNetwork {
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        self.config().check(&format!("{path}.{}", self.name()))
    }
    /// Says what is wrong with images of so many pixels a side, and what to do.
    pub fn side_needed(&self, side: usize) -> Option<(String, &'static str)> {
        let needs = self.config().side_needed(side)?;
        Some((format!("{} needs {needs}, the packed images have {side}", self.name()), "change `size` of `prepare`, or the network"))
    }
    /// The network of a generator by the parameters of the stage that trains it; none for stages of other kinds.
    pub fn trained_by(stage: usize, upstream: &dyn Upstream) -> Option<GanNetwork> {
        serde_json::from_value(upstream.parameters(stage).get("network")?.clone()).ok()
    }
    /// A default of every network in words, such as `32 for dcgan; 1 for cyclegan and pix2pix`.
    pub fn defaults_in_words(of: impl Fn(&Defaults) -> String) -> String {
        let mut groups: Vec<(String, Vec<&str>)> = vec![];
        for (name, defaults) in GanNetwork::table() {
            let value = of(&defaults);
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
}

/// Which images a network needs that takes those of one size.
fn exactly(size: usize, side: usize) -> Option<String> {
    (side != size).then(|| format!("images of {size} pixels"))
}

/// Which images a network needs that takes sides of at least `min` which `of` divides.
fn multiple(of: usize, min: usize, side: usize) -> Option<String> {
    if side < min {
        return Some(format!("images of {min} pixels or more"));
    }
    (!side.is_multiple_of(of)).then(|| format!("images whose side is a multiple of {of}"))
}
