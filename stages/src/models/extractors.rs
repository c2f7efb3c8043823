//! The table of extractors: networks that others trained, whose weights a study names by a file, for features of images. One
//! extractor is one file in `extractors/`, which says what is known of it as data, and one row here; nothing else names them.
//! Independent of what features are used for.

mod densenet121;
mod imagenet;
mod inception;
mod input;
mod rad_dino;
mod resnet50;
mod torchxrayvision;

pub use input::{Channel, Input, Resize};

use crate::contract::conversion::Conversion;
use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceFiles};
use crate::networks::{Classifier, Pretrained, Scope, Weights};
use candle_core::Device;

/// What is known of an extractor, whatever file a study names.
pub struct ExtractorSpec {
    /// How people get the file of its weights.
    pub conversion: Conversion,
    /// How grey images become the input of its network.
    pub input: Input,
    /// How many features it gives for an image.
    pub dimensions: usize,
    /// How many classes it has, of which an image is one; none where its outputs are not such classes.
    pub classes: Option<usize>,
    /// Builds its network with weights to be replaced, which it makes in the scope.
    pub build: fn(&mut Scope) -> Result<Box<dyn Classifier>>,
}

/// An extractor whose weights are in a file.
#[derive(Clone, Copy)]
pub struct FromFile<'a> {
    /// The file of its weights.
    pub file: &'a Pretrained,
    /// What is known of it.
    pub spec: &'static ExtractorSpec,
}

/// Makes the enum that studies name an extractor by, and its way to what the files say.
macro_rules! extractors {
    ($($(#[$doc:meta])* $variant:ident($module:ident) = $name:tt,)+) => {
        /// What gives features; the tag in a study is the name in its row.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub enum Extractor {
            /// The classifier that is bound to `weights`: features before its last layer, and its probabilities.
            #[default]
            #[serde(rename = "classifier")]
            Classifier,
            $($(#[$doc])* #[serde(rename = $name)] $variant(Pretrained),)+
        }

        impl Extractor {
            /// The names of those whose weights are in a file, in the order of the table.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The name in studies and tables.
            pub fn name(&self) -> &'static str {
                match self { Self::Classifier => "classifier", $(Self::$variant(_) => $name),+ }
            }
            /// The extractor of a file; none for the classifier that is bound.
            pub fn from_file(&self) -> Option<FromFile<'_>> {
                match self {
                    Self::Classifier => None,
                    $(Self::$variant(file) => Some(FromFile { file, spec: &$module::SPEC }),)+
                }
            }
        }
    };
}

extractors! {
    /// Inception-v3 with the weights of the FID (Heusel et al. 2017), as pytorch-fid has them: 2,048 features, and 1,008 classes as
    /// the inception score takes them, without the bias of the last layer. Images are resized to 299 × 299 without smoothing.
    Inception(inception) = "inception",
    /// ResNet with 50 layers, trained on ImageNet (torchvision's names): 2,048 features, 1,000 classes.
    Resnet50(resnet50) = "resnet50",
    /// DenseNet with 121 layers, trained on ImageNet (torchvision's names): 1,024 features, 1,000 classes.
    Densenet121(densenet121) = "densenet121",
    /// DenseNet with 121 layers, trained on chest X-rays (torchxrayvision; Cohen et al. 2022): 1,024 features. Its outputs are
    /// findings of which an image may have several, so that there is no inception score.
    Torchxrayvision(torchxrayvision) = "torchxrayvision",
    /// RAD-DINO, a vision transformer (ViT-B/14) that DINOv2 trained on chest X-rays without labels (Pérez-García et al. 2025), with
    /// the names of Hugging Face's `Dinov2Model`: 768 features, the class token, and no classes. Images are resized to 518 × 518, so
    /// that a `size` of `prepare` well below that leaves it little to see.
    RadDino(rad_dino) = "rad-dino",
}

impl Extractor {
    /// The parameter of the file of the weights; `path` is the location of this below `with:`.
    pub fn parameter(&self, path: &str) -> String {
        format!("{path}.{}.path", self.name())
    }
    /// The file of the weights as a path parameter; `path` as in [`Extractor::parameter`].
    pub fn source(&self, path: &str) -> Option<Source> {
        self.from_file().map(|of| of.file.source(self.parameter(path), of.spec.conversion))
    }
    /// What does not fit in the file of the weights; `path` is the location of this below `with:`.
    pub fn check_file(&self, path: &str, files: &dyn SourceFiles) -> Option<BadSource> {
        let of = self.from_file()?;
        let mut weights = Weights::shapes_only();
        (of.spec.build)(&mut weights.scope(&mut crate::contract::seed::Seed(0).stream("names", "unused"))).ok()?;
        of.file.check_file(&format!("{path}.{}", self.name()), files, &weights, None, of.spec.conversion)
    }
    /// What is wrong with the parameters; `path` is the location of this below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        self.from_file().map_or_else(Vec::new, |of| of.file.check(&format!("{path}.{}", self.name())))
    }
}

impl FromFile<'_> {
    /// The network with the weights of the file.
    ///
    /// # Errors
    /// Where the file is another one than the study says, or does not fit: names the tensor.
    pub fn open(&self, bytes: &[u8], device: &Device) -> Result<Box<dyn Classifier>> {
        let mut weights = Weights::to_be_loaded(device);
        let network = (self.spec.build)(&mut weights.scope(&mut crate::contract::seed::Seed(0).stream("open", "unused")))?;
        self.file.load(bytes, &weights, None, self.spec.conversion, device)?;
        Ok(network)
    }
}

#[cfg(test)]
mod tests;
