//! Networks: one architecture per file, readable beside its paper. They touch no file and draw from streams only.

pub mod bagged_trees;
pub mod blocks;
pub mod dcgan;
pub mod densenet;
pub mod diffaugment;
mod greys;
pub mod inception;
pub mod keras_cyclegan;
pub mod patchgan;
pub mod pix2pix;
pub mod resnet;
pub mod resnet_generator;
pub mod smallcnn;
pub mod stylegan2;
pub mod torchvision;
pub mod vgg;
mod weights;

pub use greys::Greys;
pub use weights::{Pretrained, Scope, Weights};

use crate::contract::prelude::*;
use hilum_ops::Value;

impl From<candle_core::Error> for Error {
    fn from(e: candle_core::Error) -> Self {
        // Where backtraces are asked for, one follows the words; it is for the log, not for people.
        let text = e.to_string();
        let text = text.split("\n   0: ").next().unwrap_or_default();
        // candle's own operations pass the driver's words on.
        if text.contains(hilum_ops::MEMORY_IS_FULL) || text.contains("OUT_OF_MEMORY") || text.contains("ALLOC_FAILED") {
            let what = if text.contains(hilum_ops::MEMORY_IS_FULL) { text.to_owned() } else { format!("{}: {text}", hilum_ops::MEMORY_IS_FULL) };
            return Error::helped(what, "train with a lower `batch`, smaller films (`size` of `prepare`) or `precision: bf16`");
        }
        Error::data(format!("a tensor operation was refused: {text}"))
    }
}

/// The classifiers that a stage may train; the tag in a study is the file's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClassifierNetwork {
    /// Six convolutions and global average pooling.
    Smallcnn64(smallcnn::Config),
    /// ResNet with 18 layers.
    Resnet18(torchvision::Config),
    /// ResNet with 50 layers.
    Resnet50(torchvision::Config),
    /// VGG with 16 layers and a mean over each map.
    Vgg16(torchvision::Config),
    /// DenseNet with 121 layers.
    Densenet121(torchvision::Config),
    /// DenseNet with 201 layers.
    Densenet201(torchvision::Config),
}

/// A classifier: `[n, side, side, 1]` in [0, 1] → logits `[n, classes]`, by way of features.
pub trait Classifier {
    /// The last maps `[n, h, w, f]`. In training, batch statistics and dropout are on.
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value>;
    /// Features before the last layer, `[n, f]`: the mean of each map.
    fn features(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        Ok(hilum_ops::global_average_pool(&self.maps(x, mode)?)?)
    }
    /// Logits `[n, classes]` of features.
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value>;
}

impl ClassifierNetwork {
    /// Builds the network with fresh weights, which it makes in `scope`.
    pub fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        use ClassifierNetwork::*;
        let channels = self.channels();
        let network: Box<dyn Classifier> = match self {
            Smallcnn64(c) => Box::new(smallcnn::SmallCnn::new(c, classes, scope)?),
            Resnet18(_) => Box::new(resnet::ResNet::new(resnet::Depth::Eighteen, channels, classes, scope)?),
            Resnet50(_) => Box::new(resnet::ResNet::new(resnet::Depth::Fifty, channels, classes, scope)?),
            Vgg16(_) => Box::new(vgg::Vgg16::new(channels, classes, false, scope)?),
            Densenet121(_) => Box::new(densenet::DenseNet::new(densenet::Depth::D121, channels, classes, scope)?),
            Densenet201(_) => Box::new(densenet::DenseNet::new(densenet::Depth::D201, channels, classes, scope)?),
        };
        Ok(if channels == 1 { network } else { Box::new(torchvision::Repeated { network, channels }) })
    }
    fn channels(&self) -> usize {
        use ClassifierNetwork::*;
        match self {
            Smallcnn64(_) => 1,
            Resnet18(c) | Resnet50(c) | Vgg16(c) | Densenet121(c) | Densenet201(c) => c.channels,
        }
    }
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let own = match self {
            ClassifierNetwork::Smallcnn64(c) => c.check(&format!("{path}.{}", self.name())),
            _ => vec![],
        };
        [own, BadParameter::unless([1, 3].contains(&self.channels()), &format!("{path}.{}.channels", self.name()), "must be 1 or 3")].concat()
    }
    /// Names of its weights.
    pub fn names(&self) -> Vec<String> {
        let mut weights = Weights::shapes_only();
        // Two classes do not change names. A network that cannot be built says so when it is trained.
        let built = self.build(2, &mut weights.scope(&mut crate::contract::seed::Seed(0).stream("names", "unused")));
        built.map_or_else(|_| vec![], |_| weights.named_trained().iter().map(|(name, _)| name.clone()).collect())
    }
    /// Sides of films smaller than this leave no map to look at.
    pub fn least_side(&self) -> usize {
        if matches!(self, ClassifierNetwork::Smallcnn64(_)) { 4 } else { 32 }
    }
    /// Says what is wrong with images of so many pixels a side.
    pub fn side_needed(&self, side: usize) -> Option<String> {
        let least = self.least_side();
        (side < least).then(|| format!("{} needs images of {least} pixels or more, the packed images have {side}", self.name()))
    }
    /// The tensors of the first convolution, whose inputs are the film's channels, and of the last layer, whose outputs are classes.
    pub fn ends(&self) -> (&'static str, &'static str) {
        use ClassifierNetwork::*;
        match self {
            Smallcnn64(_) => ("conv1.weight", "fc."),
            Resnet18(_) | Resnet50(_) => ("conv1.weight", "fc."),
            Vgg16(_) => ("features.0.weight", "fc."),
            Densenet121(_) | Densenet201(_) => ("features.conv0.weight", "classifier."),
        }
    }
    /// The name in studies and tables.
    pub fn name(&self) -> &'static str {
        use ClassifierNetwork::*;
        match self {
            Smallcnn64(_) => "smallcnn64",
            Resnet18(_) => "resnet18",
            Resnet50(_) => "resnet50",
            Vgg16(_) => "vgg16",
            Densenet121(_) => "densenet121",
            Densenet201(_) => "densenet201",
        }
    }
}

/// Training with a stream for dropout, or evaluation.
pub enum Mode<'a> {
    /// Batch statistics are used and remembered, dropout draws from the stream.
    Train(&'a mut Stream),
    /// Running statistics, no dropout.
    Evaluate,
}

impl Mode<'_> {
    /// True in training.
    pub fn is_train(&self) -> bool {
        matches!(self, Mode::Train(_))
    }
}
