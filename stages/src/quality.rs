//! How good synthetic images are, and whether they repeat training images: figures of sets of feature vectors.
//!
//! Pure functions of [`Features`]: no tensors, no files, no tables. What the features mean is up to the caller, and so
//! is which images belong to a set: a figure is comparable with another one only under the same features and about the
//! same numbers of images. Sums are made in float64 in an order that follows from the sizes alone, so that the same
//! features give the same bits on every machine and at every number of threads. What may take long tells a [`Watch`]
//! how much of it is done.
//!
//! | function | figure | paper |
//! |---|---|---|
//! | [`frechet_distance`] | Fréchet distance of two normal distributions (FID) | Heusel et al. 2017 |
//! | [`kernel_distance`] | unbiased squared maximum mean discrepancy (KID) | Bińkowski et al. 2018 |
//! | [`inception_score`] | how sure and how varied predictions are | Salimans et al. 2016 |
//! | [`neighbourhoods`] | precision, recall, density, coverage | Kynkäänniemi et al. 2019, Naeem et al. 2020 |
//! | [`memorisation`] | distance to training images against that of held-out images; authenticity | Alaa et al. 2022 |
//! | [`two_sample`] | whether a classifier tells synthetic images from real ones | Lopez-Paz & Oquab 2017 |
//! | [`ms_ssim`] | how alike images of a class are (of pixels, not of features) | Wang et al. 2003, Odena et al. 2017 |
//! | [`copies`] | equal pixels, as they are or mirrored | – |
//! | [`halves`] | two halves of the real images, with which each figure is computed again | – |

mod compared;
pub mod copies;
mod features;
mod frechet;
pub mod halves;
mod inception;
mod kernel;
pub mod memorisation;
pub mod ms_ssim;
pub mod near_copies;
pub mod neighbourhoods;
mod pairwise;
mod products;
mod root;
mod singular;
#[cfg(test)]
mod tests;
pub mod two_sample;

pub(crate) use crate::neighbours::part;
pub use crate::neighbours::{UNWATCHED, Watch};
pub use compared::Compared;
pub use features::Features;
pub use frechet::{frechet_distance, full_rank};
pub use inception::{LEAST as LEAST_OF_INCEPTION_SCORE, few_classes, inception_score, score_of_parts};
pub use kernel::kernel_distance;

/// A figure with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its standard error; none where there are too few images for one.
    pub error: Option<f64>,
}
