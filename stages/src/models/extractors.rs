//! The table of extractors: networks that others trained, whose weights a study names by a file, for features of images. One
//! extractor is one file in `extractors/` and one row here; nothing else names them. Independent of what features are used for.

pub mod densenet121;
mod imagenet;
pub mod inception;
mod input;
pub mod resnet50;
pub mod torchxrayvision;

pub use input::{Channel, Input};

use crate::contract::prelude::*;
use crate::contract::source::Source;
use crate::networks::{Classifier, Conversion, Pretrained, Scope, Weights};
use candle_core::Device;

/// An extractor: the file of its weights, its network, and what its network is given.
pub trait ExtractorConfig {
    /// The file of its weights.
    fn file(&self) -> &Pretrained;
    /// How people make the file.
    fn conversion(&self) -> Conversion;
    /// How grey images become the input of its network.
    fn input(&self) -> Input;
    /// How many features it gives for an image.
    fn dimensions(&self) -> usize;
    /// How many classes it has, of which an image is one; none where its outputs are not such classes.
    fn classes(&self) -> Option<usize>;
    /// Builds its network with weights to be replaced, which it makes in `scope`.
    ///
    /// # Errors
    /// Where a device refuses them.
    fn build(&self, scope: &mut Scope) -> Result<Box<dyn Classifier>>;
}

/// Makes the enum that studies name an extractor by, and its way to the methods of [`ExtractorConfig`].
macro_rules! extractors {
    ($($(#[$doc:meta])* $variant:ident($config:ty) = $name:tt,)+) => {
        /// What gives features; the tag in a study is the file's name.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub enum Extractor {
            /// The classifier that is bound to `weights`: features before its last layer, and its probabilities.
            #[default]
            #[serde(rename = "classifier")]
            Classifier,
            $($(#[$doc])* #[serde(rename = $name)] $variant($config),)+
        }

        impl Extractor {
            /// The names of those whose weights are in a file, in the order of the table.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The name in studies and tables.
            pub fn name(&self) -> &'static str {
                match self { Self::Classifier => "classifier", $(Self::$variant(_) => $name),+ }
            }
            /// The extractor of a file; none for the classifier that is bound.
            pub fn config(&self) -> Option<&dyn ExtractorConfig> {
                match self { Self::Classifier => None, $(Self::$variant(config) => Some(config)),+ }
            }
        }
    };
}

extractors! {
    /// Inception-v3 with the weights of the FID (Heusel et al. 2017), as pytorch-fid has them: 2,048 features, and 1,008 classes as
    /// the inception score takes them, without the bias of the last layer. Images are resized to 299 × 299 without smoothing.
    Inception(inception::Config) = "inception",
    /// ResNet with 50 layers, trained on ImageNet (torchvision's names): 2,048 features, 1,000 classes.
    Resnet50(resnet50::Config) = "resnet50",
    /// DenseNet with 121 layers, trained on ImageNet (torchvision's names): 1,024 features, 1,000 classes.
    Densenet121(densenet121::Config) = "densenet121",
    /// DenseNet with 121 layers, trained on chest X-rays (torchxrayvision; Cohen et al. 2022): 1,024 features. Its outputs are
    /// findings of which an image may have several, so that there is no inception score.
    Torchxrayvision(torchxrayvision::Config) = "torchxrayvision",
}

impl Extractor {
    /// The parameter of the file of the weights; `path` is the location of this below `with:`.
    pub fn parameter(&self, path: &str) -> String {
        format!("{path}.{}.path", self.name())
    }
    /// The file of the weights as a path parameter; `path` as in [`Extractor::parameter`].
    pub fn source(&self, path: &str) -> Option<Source> {
        self.config().map(|config| config.file().source(self.parameter(path), config.conversion()))
    }
    /// What is wrong with the parameters; `path` is the location of this below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        self.config().map_or_else(Vec::new, |config| config.file().check(&format!("{path}.{}", self.name())))
    }
}

/// The network of an extractor with the weights of its file.
///
/// # Errors
/// Where the file is another one than the study says, or does not fit: names the tensor.
pub fn open(config: &dyn ExtractorConfig, bytes: &[u8], device: &Device) -> Result<Box<dyn Classifier>> {
    let mut weights = Weights::on(device);
    let network = config.build(&mut weights.scope(&mut crate::contract::seed::Seed(0).stream("open", "unused")))?;
    config.file().load(bytes, &weights, None, config.conversion(), device)?;
    Ok(network)
}

#[cfg(test)]
mod tests;
