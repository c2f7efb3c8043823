//! Prepare: images are decoded once, resized to one size and packed, so that no epoch decodes an image.

mod alike;
mod remarks;

use crate::contract::context::LeftOut;
use crate::contract::prelude::*;
use crate::data::grey::{self, Fit, OnDamage};
use crate::data::pack::{NewPack, PackWriter};
use crate::data::sample::Samples;
use crate::words::counted;
use alike::ImageSignature;
use hilum_cache::Digest;
use rayon::prelude::*;
use remarks::Remarks;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Images are decoded in groups of this many pixels, so that memory does not grow with their number.
const GROUP: u64 = 64_000_000;

ports! {
    inputs {
        /// The images to decode. Only the images matter: if labels change, nothing is decoded again.
        samples: Samples [images only],
    }
    outputs {
        /// Their pixels, packed.
        images: NewPack [contains samples],
    }
}

/// Decodes images (PNG or JPEG, 8 or 16 bits, grey or colour), resizes them to grey squares of one size and packs them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prepare {
    /// Side of the packed images in pixels.
    pub size: Whole<8, 2048>,
    /// How an image that is not square is made square.
    #[serde(default)]
    pub fit: Fit,
    /// Stretches the grey values of each image to the full range.
    #[serde(default)]
    pub contrast_stretch: bool,
    /// How many bits of 16-bit images are in use; by default all. Many scanners use 12, and their images would be
    /// nearly black without this.
    #[serde(default)]
    pub bits: Option<Whole<8, 16>>,
    /// What to do if an image cannot be decoded, or is incomplete.
    #[serde(default)]
    pub on_damage: OnDamage,
}

/// A decoded image, or why it could not be decoded.
type DecodedImage = std::result::Result<(Vec<u8>, ImageSignature, remarks::Kind), String>;

impl Stage for Prepare {
    const NAME: &'static str = "prepare";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Heavy;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn disk(&self, images: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        // A byte for each pixel.
        Some(images("samples")?.saturating_mul(u64::from(*self.size).pow(2)))
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let images: BTreeMap<Digest, (u64, &str)> =
            inputs.samples.rows.iter().map(|r| (r.image, (u64::from(r.width) * u64::from(r.height), r.label.as_str()))).collect();
        let mut pack = PackWriter::create(&cx.work)?;
        let (mut looks, mut damaged, mut remarks) = (vec![], vec![], Remarks::default());
        let done = AtomicUsize::new(0);
        for group in groups(&images) {
            let decoded: Vec<DecodedImage> = group.par_iter().map(|image| self.decode(image, images.len(), &done, cx)).collect::<Result<_>>()?;
            for (image, result) in group.into_iter().zip(decoded) {
                pack.push(image, result.as_ref().ok().map(|s| s.0.as_slice()))?;
                match result {
                    Ok((_, look, kind)) => {
                        remarks.add(kind);
                        looks.push((image, look));
                    }
                    Err(reason) => damaged.push(LeftOut { name: image.to_string(), label: images[&image].1.to_owned(), reason }),
                }
            }
        }
        self.report(damaged, images.len(), cx)?;
        remarks.report(self.contrast_stretch || self.bits.is_some(), cx);
        Ok(Outputs { images: pack.finish(alike::contents(&looks, cx))? })
    }
}

impl Prepare {
    fn decode(&self, image: &Digest, all: usize, done: &AtomicUsize, cx: &Context) -> Result<DecodedImage> {
        let bytes = cx.images.bytes(image)?;
        let result = grey::decode(&bytes).map(|decoded| {
            let kind = remarks::Kind::of(&decoded);
            let grey = match self.bits.filter(|_| decoded.is_deep) {
                Some(bits) => decoded.grey.of_bits(*bits),
                None => decoded.grey,
            };
            (grey::to_square(&grey, *self.size, self.fit, self.contrast_stretch), ImageSignature::at(&grey), kind)
        });
        let n = done.fetch_add(1, Ordering::Relaxed) + 1;
        if n.is_multiple_of(64) {
            cx.progress(n, all, "image", &[])?;
        }
        Ok(result)
    }

    /// Reports which images were left out, and fails if none is left or the study does not continue without them.
    fn report(&self, damaged: Vec<LeftOut>, all: usize, cx: &Context) -> Result<()> {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        damaged.iter().for_each(|d| *reasons.entry(d.reason.clone()).or_default() += 1);
        for (reason, n) in &reasons {
            cx.warn(format!("{}: {reason}", counted(*n, "image was left out", "images were left out")));
        }
        let n = damaged.len();
        cx.left_out(damaged);
        if n > 0 && n == all {
            return Err(Error::helped("no image could be decoded", "the list of left-out images gives the reason for each"));
        }
        if n > 0 && self.on_damage == OnDamage::Stop {
            return Err(Error::helped(
                format!("{n} of {all} images {} damaged", if n == 1 { "is" } else { "are" }),
                "`on_damage: leave-out` continues without them",
            ));
        }
        Ok(())
    }
}

/// Images in the order of their digests, in groups of about [`GROUP`] pixels.
fn groups(images: &BTreeMap<Digest, (u64, &str)>) -> Vec<Vec<Digest>> {
    let (mut out, mut pixels) = (vec![vec![]], 0);
    for (image, (size, _)) in images {
        if pixels + size > GROUP && pixels > 0 {
            out.push(vec![]);
            pixels = 0;
        }
        out.last_mut().expect("BUG: there is a group").push(*image);
        pixels += size;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_has_a_byte_for_each_pixel() {
        let stage: Prepare = serde_json::from_str(r#"{"size": 2048}"#).unwrap();
        assert_eq!([Some(10), Some(u64::MAX), None].map(|n| stage.disk(&|port| n.filter(|_| port == "samples"))), [Some(10 << 22), Some(u64::MAX), None]);
    }

    #[test]
    fn groups_are_bounded_by_pixels() {
        let sizes = [10, 63_999_995, 5, 100_000_000, 1, 1];
        let digests: std::collections::BTreeSet<Digest> = (0..sizes.len()).map(|i| Digest::of(&[i as u8])).collect();
        let images = digests.into_iter().zip(sizes).map(|(d, n)| (d, (n, ""))).collect();
        assert_eq!(groups(&images).iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1, 2]);
    }
}
