//! Features of images as an artifact, and the probabilities of their classes where the extractor has classes.
//!
//! `features.f32` contains `[n, dimensions]` numbers and `probabilities.f32` `[n, classes]`, float32, least significant byte
//! first; `index.csv` names the image of each row with a digest of its numbers, and images that were left out; `embedding.json` says
//! what the numbers are. Labels and patients stand in tables of samples: an image has the same features under another label.

use crate::contract::prelude::*;
use crate::files::{csv_of, write, write_parts};
use hilum_cache::Digest;
use std::collections::HashMap;

const DOCUMENT: &str = "embedding.json";
const INDEX: &str = "index.csv";
const FEATURES: &str = "features.f32";
const PROBABILITIES: &str = "probabilities.f32";

/// How far a sum of probabilities may be from 1: float32 of a thousand classes.
const ROUNDING: f64 = 1e-3;

/// What features are of. Those of two embeddings can be compared only if this is equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingDocument {
    /// The extractor, such as `inception`; that of a study's own classifier with its network: `classifier (NETWORK)`.
    pub extractor: String,
    /// Digest of its weights; of a study's own classifier, of all that it is made of ([`super::weights::Trained::identity`]).
    pub weights: Digest,
    /// Side of the packed images in pixels, before they were resized for the extractor.
    pub side: usize,
    /// Features of each image.
    pub dimensions: usize,
    /// Probabilities of each image; none where the extractor's outputs are no classes.
    pub classes: Option<usize>,
}

/// One row of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Indexed {
    image: Digest,
    /// Digest of the bytes of its features, followed by those of its probabilities; none for an image that was left out.
    features: Option<Digest>,
}

/// Features of images by one extractor.
#[derive(Debug)]
pub struct Embedding {
    /// What the numbers are.
    pub document: EmbeddingDocument,
    /// One row for each image in the order of their digests: its place in the matrices, none for an image that was left out.
    rows: HashMap<Digest, Option<usize>>,
    /// Row-major, finite.
    features: Vec<f32>,
    /// Row-major, each row of a sum of 1; empty without classes.
    probabilities: Vec<f32>,
}

/// The numbers of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// The image.
    pub image: Digest,
    /// Its features.
    pub features: Vec<f32>,
    /// The probability of each class; empty without classes.
    pub probabilities: Vec<f32>,
}

impl Embedding {
    /// An embedding of these images and of others that were left out, each once, in any order.
    ///
    /// # Errors
    /// Where an image is there twice, numbers are not as many as `document` says, a feature is not finite, or probabilities are not
    /// those of classes.
    pub fn of(document: EmbeddingDocument, mut images: Vec<Extracted>, left_out: Vec<Digest>) -> Result<Embedding> {
        images.sort_by_key(|e| e.image);
        let places = images.iter().zip(0..).map(|(e, place)| (e.image, Some(place)));
        let places: Vec<(Digest, Option<usize>)> = places.chain(left_out.into_iter().map(|image| (image, None))).collect();
        for row in &images {
            document.check(&row.image, &row.features, &row.probabilities)?;
        }
        let features = images.iter().flat_map(|e| e.features.iter().copied()).collect();
        let probabilities = images.iter().flat_map(|e| e.probabilities.iter().copied()).collect();
        Ok(Embedding { document, rows: each_once(places)?, features, probabilities })
    }

    /// The features of an image; none where it has none.
    pub fn features(&self, image: &Digest) -> Option<&[f32]> {
        let (place, width) = ((*self.rows.get(image)?)?, self.document.dimensions);
        Some(&self.features[place * width..(place + 1) * width])
    }
    /// The probability of each class for an image; none where it has none, empty without classes.
    pub fn probabilities(&self, image: &Digest) -> Option<&[f32]> {
        let (place, width) = ((*self.rows.get(image)?)?, self.document.width());
        Some(&self.probabilities[place * width..(place + 1) * width])
    }
    /// True for an image that was left out as damaged.
    pub fn is_left_out(&self, image: &Digest) -> bool {
        self.rows.get(image) == Some(&None)
    }

    /// The rows of the index: images in the order of their digests.
    fn index(&self) -> Vec<Indexed> {
        let mut rows: Vec<(&Digest, &Option<usize>)> = self.rows.iter().collect();
        rows.sort();
        let digest = |image: &Digest| Some(digest_of(self.features(image)?, self.probabilities(image)?));
        rows.into_iter().map(|(image, _)| Indexed { image: *image, features: digest(image) }).collect()
    }
}

impl EmbeddingDocument {
    /// Probabilities of each image.
    fn width(&self) -> usize {
        self.classes.unwrap_or(0)
    }

    /// Says what is wrong with the numbers of an image.
    fn check(&self, image: &Digest, features: &[f32], probabilities: &[f32]) -> Result<()> {
        let short = image.short();
        if (features.len(), probabilities.len()) != (self.dimensions, self.width()) {
            let (expected, found) = ((self.dimensions, self.width()), (features.len(), probabilities.len()));
            return Err(Error::data(format!(
                "image {short} has {} features and {} probabilities; expected {} and {}",
                found.0, found.1, expected.0, expected.1
            )));
        }
        if let Some(odd) = features.iter().find(|v| !v.is_finite()) {
            return Err(Error::data(format!("a feature of image {short} is {odd}")));
        }
        let sum: f64 = probabilities.iter().map(|p| f64::from(*p)).sum();
        // One that is NaN makes the sum NaN, which is near nothing.
        let is_one = (sum - 1.0).abs() <= ROUNDING && probabilities.iter().all(|p| *p >= 0.0);
        if !probabilities.is_empty() && !is_one {
            return Err(Error::data(format!("the probabilities of image {short} add up to {sum}, or one of them is negative")));
        }
        Ok(())
    }
}

fn each_once(places: Vec<(Digest, Option<usize>)>) -> Result<HashMap<Digest, Option<usize>>> {
    let mut rows = HashMap::with_capacity(places.len());
    for (image, place) in places {
        if rows.insert(image, place).is_some() {
            return Err(Error::data(format!("image {} is in an embedding twice", image.short())));
        }
    }
    Ok(rows)
}

fn bytes_of(values: &[f32]) -> impl Iterator<Item = u8> {
    values.iter().flat_map(|v| v.to_le_bytes())
}

fn digest_of(features: &[f32], probabilities: &[f32]) -> Digest {
    Digest::of(&bytes_of(features).chain(bytes_of(probabilities)).collect::<Vec<u8>>())
}

/// The numbers of a file of `rows × width`.
fn numbers(bytes: &[u8], name: &str, rows: usize, width: usize) -> Result<Vec<f32>> {
    let due = rows.checked_mul(width).and_then(|n| n.checked_mul(4));
    if due != Some(bytes.len()) {
        let found = bytes.len();
        return Err(Error::data(format!(
            "`{name}` of an embedding has {found} bytes; {rows} images with {width} numbers each have {}",
            4 * rows as u128 * width as u128
        )));
    }
    Ok(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

impl InputArtifact for Embedding {
    const TYPE: ArtifactType = ArtifactType::Embedding;
    fn open(files: &[File]) -> Result<Self> {
        let read = |name: &str| -> Result<Vec<u8>> {
            let file = files.iter().find(|f| f.name == name).ok_or_else(|| Error::data(format!("an embedding has no `{name}`")))?;
            std::fs::read(&file.path).map_err(Error::io("read", &file.path))
        };
        let document: EmbeddingDocument =
            serde_json::from_slice(&read(DOCUMENT)?).map_err(|e| Error::data(format!("`{DOCUMENT}` of an embedding cannot be read: {e}")))?;
        if document.dimensions == 0 || document.classes == Some(0) {
            return Err(Error::data(format!("`{DOCUMENT}` of an embedding says that its images have no features, or no classes")));
        }
        let index = csv::Reader::from_reader(&read(INDEX)?[..]).deserialize().collect::<Result<Vec<Indexed>, _>>();
        let index = index.map_err(|e| Error::data(format!("`{INDEX}` of an embedding cannot be read: {e}")))?;
        if !index.is_sorted_by(|a, b| a.image < b.image) {
            return Err(Error::data(format!("`{INDEX}` of an embedding does not name each image once, in order")));
        }
        let whole: Vec<&Indexed> = index.iter().filter(|row| row.features.is_some()).collect();
        let features = numbers(&read(FEATURES)?, FEATURES, whole.len(), document.dimensions)?;
        let probabilities = match document.classes {
            Some(classes) => numbers(&read(PROBABILITIES)?, PROBABILITIES, whole.len(), classes)?,
            None => vec![],
        };
        let places = whole.iter().zip(0..).map(|(row, place)| (row.image, Some(place)));
        let left_out = index.iter().filter(|row| row.features.is_none()).map(|row| (row.image, None));
        let found = Embedding { rows: each_once(places.chain(left_out).collect())?, document, features, probabilities };
        for row in whole {
            let (features, probabilities) = (found.features(&row.image).unwrap_or_default(), found.probabilities(&row.image).unwrap_or_default());
            if row.features != Some(digest_of(features, probabilities)) {
                return Err(Error::data(format!("the features of image {} are not those that the index of their embedding names", row.image.short())));
            }
            found.document.check(&row.image, features, probabilities)?;
        }
        Ok(found)
    }
}

impl OutputArtifact for Embedding {
    const TYPE: ArtifactType = ArtifactType::Embedding;
    fn save(&self, directory: &Path) -> Result<()> {
        write(&directory.join(DOCUMENT), &hilum_cache::canonical::to_bytes(&self.document))?;
        write(&directory.join(INDEX), &csv_of(&self.index(), &["image", "features"])?)?;
        let matrix = |name: &str, values: &[f32]| {
            let parts: Vec<Vec<u8>> = values.chunks(1 << 16).map(|part| bytes_of(part).collect()).collect();
            write_parts(&directory.join(name), parts.iter().map(Vec::as_slice))
        };
        matrix(FEATURES, &self.features)?;
        if self.document.classes.is_some() { matrix(PROBABILITIES, &self.probabilities) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
