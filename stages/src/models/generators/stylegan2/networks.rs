//! The networks of StyleGAN2 (Karras et al. 2020) as in the PyTorch version of Karras et al. 2020a that DiffAugment
//! builds on: equalised learning rates, modulated convolutions, images summed over sizes, a residual discriminator.
//! Tensor names are that version's.

mod discriminator;
mod generator;
mod layers;

pub use discriminator::Discriminator;
pub use generator::{Generator, Noise};

/// What both networks are built by.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Side of the images in pixels: 32, 64, 128 or 256.
    pub size: usize,
    /// Channels of an image: 1 or 3.
    pub channels: usize,
    /// Layers between noise and style: 2 for few images, 8 in the paper.
    pub mapping_depth: usize,
    /// Channels of all maps, as a share of the paper's.
    pub width: f64,
    /// Numbers of noise, and of a style.
    pub latent: usize,
    /// Images whose deviation from each other the discriminator sees.
    pub group: usize,
}

impl Default for Architecture {
    fn default() -> Self {
        Architecture { size: 64, channels: 1, mapping_depth: 2, width: 1.0, latent: 512, group: 4 }
    }
}

impl Architecture {
    /// Channels of the maps of a size.
    fn maps(&self, side: usize) -> usize {
        ((32_768.0 * self.width) as usize / side).min(512)
    }
    /// Sizes from the smallest.
    fn sides(&self) -> Vec<usize> {
        (2..=self.size.ilog2()).map(|i| 1 << i).collect()
    }
}
