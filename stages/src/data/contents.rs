//! What images look like, whatever their files are called: digests of their greys, perceptual hashes, and the pairs that are
//! the same picture. They travel with the pack of `prepare`, which is the first to decode an image.

use super::grey::Grey;
use crate::contract::prelude::*;
use crate::files::{csv_of, write};
use hilum_cache::Digest;

/// What one image looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The image.
    pub image: Digest,
    /// Digest of its decoded greys with their size: equal for a file that was saved again without loss.
    pub greys: Digest,
    /// Perceptual hash, 16 hexadecimal digits; empty for an image of one grey, which looks like every other such image.
    pub phash: String,
}

/// How two images are the same picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// Equal greys in another file.
    Equal,
    /// Near: compressed again, resized, brightened, cut a little.
    Near,
}

/// Two images that are one picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The image with the smaller digest.
    pub first: Digest,
    /// The other.
    pub second: Digest,
    /// In which way.
    pub likeness: Likeness,
}

impl Pair {
    /// A pair in its one order.
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
}

/// The files within a pack.
pub const IMAGES: &str = "contents.csv";
/// See [`IMAGES`].
pub const PAIRS: &str = "duplicates.csv";

/// Digest of greys with their size, 16 bits each: what a file holds, however it was saved.
pub fn greys_of(grey: &Grey) -> Digest {
    let mut bytes = Vec::with_capacity(8 + grey.pixels.len() * 2);
    bytes.extend_from_slice(&grey.width.to_le_bytes());
    bytes.extend_from_slice(&grey.height.to_le_bytes());
    bytes.extend(grey.pixels.iter().flat_map(|v| v.to_le_bytes()));
    Digest::of(&bytes)
}

impl Contents {
    /// The contents of a pack of images that were made as they are packed, squares of this side: they are known by their greys
    /// alone. Those of one generator look alike by nature.
    pub fn of_made(made: &[(Digest, Vec<u8>)], side: u32) -> Contents {
        let greys = |pixels: &[u8]| greys_of(&Grey { width: side, height: side, pixels: pixels.iter().map(|v| u16::from(*v) * 257).collect() });
        let mut images: Vec<Content> = made.iter().map(|(image, pixels)| Content { image: *image, greys: greys(pixels), phash: String::new() }).collect();
        images.sort_by_key(|c| c.image);
        images.dedup_by_key(|c| c.image);
        Contents { images, pairs: vec![] }
    }

    /// Writes both files into the folder of a pack.
    pub fn save(&self, folder: &Path) -> Result<()> {
        write(&folder.join(IMAGES), &csv_of(&self.images, &["image", "greys", "phash"])?)?;
        write(&folder.join(PAIRS), &csv_of(&self.pairs, &["first", "second", "likeness"])?)
    }
    /// Reads rows of either file.
    ///
    /// # Errors
    /// Where it is another table.
    pub fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>> {
        let rows = csv::Reader::from_reader(bytes).into_deserialize().collect::<Result<_, csv::Error>>();
        rows.map_err(|e| Error::data(format!("the contents of a pack do not read: {e}")))
    }
}
