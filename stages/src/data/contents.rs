//! What images look like, whatever their files are called: digests of their grey values, perceptual hashes, and pairs
//! of duplicates. They belong to the pack of `prepare`, which is the first to decode an image.

use super::dicom::Applied;
use super::grey::Grey;
use crate::contract::prelude::*;
use crate::files::{csv_of, write};
use hilum_cache::Digest;

/// What one image looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The image.
    pub image: Digest,
    /// Digest of its decoded grey values with their size: equal for a file that was saved again without loss.
    pub greys: Digest,
    /// Perceptual hash, 16 hexadecimal digits; empty for a constant image, which looks like every other such image.
    pub phash: String,
}

/// How similar two images are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// Equal grey values in another file.
    Equal,
    /// Near-duplicate: compressed again, resized, brightened or slightly cropped.
    Near,
}

/// Two images that are duplicates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The image with the smaller digest.
    pub first: Digest,
    /// The other.
    pub second: Digest,
    /// How similar they are.
    pub likeness: Likeness,
}

impl Pair {
    /// A pair in canonical order.
    pub fn new(a: Digest, b: Digest, likeness: Likeness) -> Pair {
        Pair { first: a.min(b), second: a.max(b), likeness }
    }
}

/// The contents of a pack.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// One per image, sorted by image.
    pub images: Vec<Content>,
    /// Pairs within the pack, sorted.
    pub pairs: Vec<Pair>,
    /// Steps that led to the grey values of DICOM files, sorted by image.
    pub steps: Vec<Applied>,
}

/// The file of the contents within a pack.
pub const IMAGES: &str = "contents.csv";
/// The file of the pairs within a pack.
pub const PAIRS: &str = "duplicates.csv";
/// The file of the steps within a pack that has images from DICOM files.
pub const STEPS: &str = "dicom.csv";

/// Digest of grey values with their size, 16 bits each: what a file contains, however it was saved.
pub fn greys_of(grey: &Grey) -> Digest {
    let mut bytes = Vec::with_capacity(8 + grey.pixels.len() * 2);
    bytes.extend_from_slice(&grey.width.to_le_bytes());
    bytes.extend_from_slice(&grey.height.to_le_bytes());
    bytes.extend(grey.pixels.iter().flat_map(|v| v.to_le_bytes()));
    Digest::of(&bytes)
}

impl Contents {
    /// The contents of a pack of generated images, squares of this side: only their grey values are compared, since
    /// images of one generator look alike by nature.
    pub fn of_made(made: &[(Digest, Vec<u8>)], side: u32) -> Contents {
        let greys = |pixels: &[u8]| greys_of(&Grey { width: side, height: side, pixels: pixels.iter().map(|v| u16::from(*v) * 257).collect() });
        let mut images: Vec<Content> = made.iter().map(|(image, pixels)| Content { image: *image, greys: greys(pixels), phash: String::new() }).collect();
        images.sort_by_key(|c| c.image);
        images.dedup_by_key(|c| c.image);
        Contents { images, ..Contents::default() }
    }

    /// Writes both files into the directory of a pack.
    pub fn save(&self, directory: &Path) -> Result<()> {
        write(&directory.join(IMAGES), &csv_of(&self.images, &["image", "greys", "phash"])?)?;
        write(&directory.join(PAIRS), &csv_of(&self.pairs, &["first", "second", "likeness"])?)?;
        if self.steps.is_empty() { Ok(()) } else { write(&directory.join(STEPS), &csv_of(&self.steps, &["image", "steps"])?) }
    }
    /// Reads rows of either file.
    ///
    /// # Errors
    /// Where it is not this table.
    pub fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>> {
        let rows = csv::Reader::from_reader(bytes).into_deserialize().collect::<Result<_, csv::Error>>();
        rows.map_err(|e| Error::data(format!("the contents of a pack cannot be read: {e}")))
    }
}
