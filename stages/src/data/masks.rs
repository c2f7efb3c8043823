//! Masks of images as an artifact: which pixels of an image are meant, such as those of the lungs. An artifact of its own, since a mask is
//! no picture of anybody: two images with the same mask are not alike. Independent of where masks come from and of what is asked of them.
//!
//! Three files: `masks.json` with the side, `index.csv` with the images in the order of their digests, and `masks.bits`, a bit for each pixel,
//! rows from the top, the first pixel in the lowest bit of a byte, each mask in whole bytes.

use crate::contract::prelude::*;
use crate::files::{csv_of, write, write_parts};
use hilum_cache::Digest;
use std::collections::BTreeMap;

const DOCUMENT: &str = "masks.json";
const INDEX: &str = "index.csv";
const BITS: &str = "masks.bits";

/// Square masks of one size, by image.
#[derive(Debug, Clone, PartialEq)]
pub struct Masks {
    side: usize,
    bits: BTreeMap<Digest, Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    side: usize,
}

#[derive(Serialize, Deserialize)]
struct Row {
    image: Digest,
}

impl Masks {
    /// Masks of `side × side` pixels each.
    ///
    /// # Panics
    /// Where one has another number of pixels.
    pub fn of(side: usize, masks: impl IntoIterator<Item = (Digest, Vec<bool>)>) -> Masks {
        let packed = |pixels: Vec<bool>| {
            assert_eq!(pixels.len(), side * side, "BUG: masks are of one size");
            let byte = |eight: &[bool]| eight.iter().rev().fold(0, |byte, pixel| (byte << 1) | u8::from(*pixel));
            pixels.chunks(8).map(byte).collect()
        };
        Masks { side, bits: masks.into_iter().map(|(image, pixels)| (image, packed(pixels))).collect() }
    }
    /// How many images have a mask.
    pub fn len(&self) -> usize {
        self.bits.len()
    }
    /// True where no image has a mask.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }
    /// The mask of an image for `side × side` pixels; of another size, each pixel is that of the mask that its centre lies in. None where
    /// the image has no mask.
    pub fn get(&self, image: &Digest, side: usize) -> Option<Vec<bool>> {
        let bits = self.bits.get(image)?;
        let nearest: Vec<usize> = (0..side).map(|at| (2 * at + 1) * self.side / (2 * side)).collect();
        let pixel = |at: usize| (bits[at / 8] >> (at % 8)) & 1 == 1;
        Some(nearest.iter().flat_map(|y| nearest.iter().map(move |x| pixel(y * self.side + x))).collect())
    }
}

impl OutputArtifact for Masks {
    const TYPE: ArtifactType = ArtifactType::Masks;
    fn save(&self, directory: &Path) -> Result<()> {
        write(&directory.join(DOCUMENT), &hilum_cache::canonical::to_bytes(&Document { side: self.side }))?;
        let index: Vec<Row> = self.bits.keys().map(|image| Row { image: *image }).collect();
        write(&directory.join(INDEX), &csv_of(&index, &["image"])?)?;
        write_parts(&directory.join(BITS), self.bits.values().map(Vec::as_slice))
    }
}

impl InputArtifact for Masks {
    const TYPE: ArtifactType = ArtifactType::Masks;
    fn open(files: &[File]) -> Result<Self> {
        let read = |name: &str| -> Result<Vec<u8>> {
            let file = files.iter().find(|f| f.name == name).ok_or_else(|| Error::data(format!("masks have no `{name}`")))?;
            std::fs::read(&file.path).map_err(Error::io("read", &file.path))
        };
        let unreadable = |name: &str, e: &dyn std::fmt::Display| Error::data(format!("`{name}` of masks cannot be read: {e}"));
        let Document { side } = serde_json::from_slice(&read(DOCUMENT)?).map_err(|e| unreadable(DOCUMENT, &e))?;
        let index = csv::Reader::from_reader(&read(INDEX)?[..]).deserialize().collect::<Result<Vec<Row>, _>>().map_err(|e| unreadable(INDEX, &e))?;
        let (bytes, each) = (read(BITS)?, side.saturating_mul(side).div_ceil(8));
        if side == 0 || index.len().checked_mul(each) != Some(bytes.len()) || !index.is_sorted_by(|a, b| a.image < b.image) {
            return Err(Error::data("masks do not match their index"));
        }
        Ok(Masks { side, bits: index.into_iter().map(|row| row.image).zip(bytes.chunks_exact(each).map(<[u8]>::to_vec)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(directory: &Path) -> Result<Masks> {
        Masks::open(&[DOCUMENT, INDEX, BITS].map(|name| File { name: name.into(), path: directory.join(name) }))
    }

    #[test]
    fn masks_read_back_and_files_that_do_not_match_are_refused() {
        let masks = Masks::of(3, (0..5u8).map(|i| (Digest::of(&[i]), (0..9).map(|at| at % (i as usize + 2) == 0).collect())));
        let directory = tempfile::tempdir().unwrap();
        masks.save(directory.path()).unwrap();
        assert_eq!(opened(directory.path()).unwrap(), masks);
        assert_eq!((masks.len(), masks.get(&Digest::of(b"none"), 3)), (5, None));
        let wanted = [true, false, false, true, false, false, true, false, false];
        assert_eq!(masks.get(&Digest::of(&[1]), 3).unwrap(), wanted);
        let bits = std::fs::read(directory.path().join(BITS)).unwrap();
        write(&directory.path().join(BITS), &bits[1..]).unwrap();
        assert_eq!(opened(directory.path()).unwrap_err().to_string(), "masks do not match their index");
        write(&directory.path().join(DOCUMENT), b"{}").unwrap();
        assert!(opened(directory.path()).unwrap_err().to_string().starts_with("`masks.json` of masks cannot be read"));
    }

    #[test]
    fn another_size_takes_the_nearest_pixel() {
        let image = Digest::of(b"x");
        let masks = Masks::of(2, [(image, vec![true, false, false, true])]);
        let of = |side: usize| {
            masks.get(&image, side).unwrap().chunks(side).map(|row| row.iter().map(|p| if *p { '#' } else { '.' }).collect()).collect::<Vec<String>>()
        };
        assert_eq!(of(4), ["##..", "##..", "..##", "..##"]);
        assert_eq!(of(3), ["#..", ".##", ".##"], "the middle of three lies on the edge, and belongs to what follows");
        assert_eq!(of(1), ["#"]);
        let large = Masks::of(6, [(image, (0..36).map(|at| at % 6 < 2).collect())]);
        assert_eq!(large.get(&image, 3).unwrap()[..3], [true, false, false]);
    }
}
