//! What was done to the stored values of a DICOM file before they became grey values: a word for each step.

use crate::words::counted;
use hilum_cache::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $word:literal,)+) => {
        /// A step from stored values to grey values.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Step {
            $($(#[$doc])* $step,)+
        }
        impl Step {
            /// Its word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Step::$step => $word,)+
                }
            }
        }
    };
}

// In the order in which they are done.
steps! {
    /// One of several frames was chosen.
    Frame = "frame",
    /// Colours became grey.
    Colour = "colour",
    /// Bits beyond Bits Stored were set to zero.
    Masked = "masked",
    /// Stored values have a sign.
    Signed = "signed",
    /// The values of a JPEG 2000 image were read with the sign that the header gives them instead of their own.
    Resigned = "sign-of-header",
    /// Modality LUT Sequence.
    ModalityLut = "modality-lut",
    /// Rescale Slope and Intercept other than 1 and 0.
    Rescale = "rescale",
    /// VOI LUT Sequence.
    VoiLut = "voi-lut",
    /// A window, by the function LINEAR.
    Linear = "linear",
    /// A window, by the function LINEAR_EXACT.
    LinearExact = "linear-exact",
    /// A window, by the function SIGMOID.
    Sigmoid = "sigmoid",
    /// Neither VOI LUT nor window: the full range of what can be stored.
    FullRange = "full-range",
    /// MONOCHROME1.
    Inverted = "inverted",
    /// Pixels of padding took the darkest grey value of the others.
    Padding = "padding",
}

/// The steps of one image.
pub type Steps = Vec<Step>;

/// A row of the table of steps in a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The image.
    pub image: Digest,
    /// The words of its steps, separated by spaces.
    pub steps: String,
}

impl Applied {
    /// The row of an image.
    pub fn new(image: Digest, steps: &[Step]) -> Applied {
        Applied { image, steps: steps.iter().map(|s| s.word()).collect::<Vec<_>>().join(" ") }
    }
}

/// How many images each step was applied to, in words; none without images.
pub fn summary<'a>(images: impl Iterator<Item = &'a Steps>) -> Option<String> {
    let (mut n, mut counts) = (0, BTreeMap::new());
    for steps in images {
        n += 1;
        steps.iter().for_each(|step| *counts.entry(*step).or_insert(0) += 1);
    }
    let counts: Vec<String> = counts.iter().map(|(step, n)| format!("{} {n}", step.word())).collect();
    (n > 0).then(|| format!("{} by these steps: {}", counted(n, "DICOM image became grey values", "DICOM images became grey values"), counts.join(", ")))
}
