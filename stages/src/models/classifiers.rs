//! The table of classifiers. One classifier is one file in `classifiers/` and one row here; nothing else names them.
//! Independent of how they are trained.

pub mod densenet121;
pub mod densenet201;
pub mod resnet18;
pub mod resnet50;
pub mod smallcnn64;
pub mod torchvision;
pub mod vgg16;

use crate::contract::prelude::*;
use crate::networks::{Classifier, Ends, Scope, Weights};
use torchvision::Repeated;

/// The parameters of a classifier, and how it is built from them.
pub trait ClassifierConfig {
    /// Builds the network for images `[n, side, side, channels]` with fresh weights, which it makes in `scope`.
    ///
    /// # Errors
    /// Where a device refuses them.
    fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>>;
    /// Finds invalid parameters beyond their ranges; `path` is their location below `with:`.
    fn check(&self, _path: &str) -> Vec<BadParameter> {
        vec![]
    }
    /// Channels in which it receives a grey image: 1 or 3.
    fn channels(&self) -> usize {
        1
    }
    /// The minimum side of images in pixels; smaller ones leave no feature map.
    fn min_side(&self) -> usize;
    /// The tensor of the first convolution, whose inputs are the image's channels.
    fn first_conv(&self) -> &'static str;
    /// The prefix of the names of the last layer's tensors, whose outputs are classes.
    fn head(&self) -> &'static str;
}

/// Makes the enum that studies name a network by, and its way to the methods of [`ClassifierConfig`].
macro_rules! classifiers {
    ($($(#[$doc:meta])* $variant:ident($config:ty) = $name:tt,)+) => {
        /// The classifiers that a stage may train; the tag in a study is the file's name.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub enum ClassifierNetwork {
            $($(#[$doc])* #[serde(rename = $name)] $variant($config),)+
        }

        impl ClassifierNetwork {
            /// The names of all, in the order of the table.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The name in studies and tables.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }
            fn config(&self) -> &dyn ClassifierConfig {
                match self { $(Self::$variant(config) => config),+ }
            }
        }
    };
}

classifiers! {
    /// Six convolutions and global average pooling.
    Smallcnn64(smallcnn64::Config) = "smallcnn64",
    /// ResNet with 18 layers.
    Resnet18(resnet18::Config) = "resnet18",
    /// ResNet with 50 layers.
    Resnet50(resnet50::Config) = "resnet50",
    /// VGG with 16 layers and global average pooling.
    Vgg16(vgg16::Config) = "vgg16",
    /// DenseNet with 121 layers.
    Densenet121(densenet121::Config) = "densenet121",
    /// DenseNet with 201 layers.
    Densenet201(densenet201::Config) = "densenet201",
}

impl ClassifierNetwork {
    /// Builds the network for grey images `[n, side, side, 1]` with fresh weights, which it makes in `scope`.
    ///
    /// # Errors
    /// Where a device refuses them.
    pub fn build(&self, classes: usize, scope: &mut Scope) -> Result<Box<dyn Classifier>> {
        let (network, channels) = (self.config().build(classes, scope)?, self.config().channels());
        Ok(if channels == 1 { network } else { Box::new(Repeated { network, channels }) })
    }
    /// Finds invalid parameters; `path` is the location of this below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        self.config().check(&format!("{path}.{}", self.name()))
    }
    /// Names of its weights.
    pub fn weight_names(&self) -> Vec<String> {
        self.shapes().named_trained().iter().map(|(name, _)| name.clone()).collect()
    }
    /// Its weights by name, with their shapes alone: of two classes, which decide the shape of the last layer and nothing else.
    pub fn shapes(&self) -> Weights {
        let mut weights = Weights::shapes_only();
        // A network that cannot be built is reported when it is trained.
        match self.build(2, &mut weights.scope(&mut crate::contract::seed::Seed(0).stream("names", "unused"))) {
            Ok(_) => weights,
            Err(_) => Weights::shapes_only(),
        }
    }
    /// Says what is wrong with images of this side in pixels.
    pub fn side_needed(&self, side: usize) -> Option<(String, &'static str)> {
        let min = self.config().min_side();
        let why = || format!("{} needs images of at least {min}×{min}, but the packed images are {side}×{side}", self.name());
        (side < min).then(|| (why(), "raise `size` of `prepare`"))
    }
    /// What may differ between it and a pretrained one.
    pub fn ends(&self) -> Ends<'static> {
        Ends { first_conv: self.first_conv(), head: self.head() }
    }
    /// See [`ClassifierConfig::first_conv`].
    pub fn first_conv(&self) -> &'static str {
        self.config().first_conv()
    }
    /// See [`ClassifierConfig::head`].
    pub fn head(&self) -> &'static str {
        self.config().head()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every row must do, whichever networks there are: a classifier has no required parameter.
    #[test]
    fn every_classifier_is_written_under_its_name_and_has_the_weights_that_it_names() {
        for name in ClassifierNetwork::NAMES {
            let network: ClassifierNetwork = serde_json::from_value(serde_json::json!({ *name: {} })).unwrap();
            assert_eq!(network.name(), *name);
            assert!(serde_json::to_value(&network).unwrap().get(name).is_some(), "{name}");
            assert!(network.check("network").is_empty(), "{name}: defaults make sense");
            let weights = network.weight_names();
            assert!(weights.iter().any(|w| w == network.first_conv()), "{name} has no {}", network.first_conv());
            assert!(weights.iter().any(|w| w.starts_with(network.head())), "{name} has no {}", network.head());
            assert!(network.side_needed(224).is_none() && network.side_needed(network.config().min_side() - 1).is_some());
        }
    }
}
