//! Prepare: images are decoded once, resized to one size and packed, so that no epoch decodes an image.

mod alike;
mod remarks;

use crate::contract::context::LeftOut;
use crate::contract::prelude::*;
use crate::data::dicom::{self, Applied, FrameChoice, Steps};
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

/// Decodes images (PNG, JPEG or DICOM, 8 to 16 bits, grey or colour), resizes them to grey squares of one size and packs them.
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
    /// Which frame is taken of a DICOM file that has several: `first`, `middle`, or its number from 1. By default, such
    /// a file is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameChoice>,
    /// What to do if an image cannot be decoded, or is incomplete.
    #[serde(default)]
    pub on_damage: OnDamage,
}

/// A decoded image, or why it could not be decoded.
type DecodedImage = std::result::Result<(Vec<u8>, ImageSignature, remarks::Kind, Option<Steps>), String>;

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
        let (mut looks, mut damaged, mut steps, mut remarks) = (vec![], vec![], vec![], Remarks::default());
        let done = AtomicUsize::new(0);
        for group in groups(&images) {
            let decoded: Vec<DecodedImage> = group.par_iter().map(|image| self.decode(image, images.len(), &done, cx)).collect::<Result<_>>()?;
            for (image, result) in group.into_iter().zip(decoded) {
                pack.push(image, result.as_ref().ok().map(|s| s.0.as_slice()))?;
                match result {
                    Ok((_, look, kind, of_dicom)) => {
                        remarks.add(kind);
                        steps.extend(of_dicom.map(|steps| (image, steps)));
                        looks.push((image, look));
                    }
                    Err(reason) => damaged.push(LeftOut { name: image.to_string(), label: images[&image].1.to_owned(), reason }),
                }
            }
        }
        self.report(damaged, images.len(), cx)?;
        remarks.report(self.contrast_stretch || self.bits.is_some(), cx);
        dicom::summary(steps.iter().map(|(_, steps)| steps)).into_iter().for_each(|said| cx.note(said));
        let mut contents = alike::contents(&looks, cx);
        contents.steps = steps.iter().map(|(image, steps)| Applied::new(*image, steps)).collect();
        Ok(Outputs { images: pack.finish(contents)? })
    }
}

impl Prepare {
    fn decode(&self, image: &Digest, all: usize, done: &AtomicUsize, cx: &Context) -> Result<DecodedImage> {
        let bytes = cx.images.bytes(image)?;
        let result = grey::decode_frame(&bytes, self.frame).map(|decoded| {
            let kind = remarks::Kind::of(&decoded);
            let grey = match self.bits.filter(|_| decoded.is_deep) {
                Some(bits) => decoded.grey.of_bits(*bits),
                None => decoded.grey,
            };
            (grey::to_square(&grey, *self.size, self.fit, self.contrast_stretch), ImageSignature::at(&grey), kind, decoded.dicom)
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
    fn steps_of_dicom_files_are_listed_and_counted() {
        struct Files(BTreeMap<Digest, Vec<u8>>);
        impl crate::contract::context::ImageBytes for Files {
            fn bytes(&self, image: &Digest) -> Result<Vec<u8>> {
                Ok(self.0[image].clone())
            }
        }
        let dicom = ["rescale", "sigmoid", "middle of three frames"].map(crate::data::dicom::tests::bytes_of);
        let png = crate::data::png::encode(&[7; 64], 8, 8, &[]).unwrap();
        let files = Files(dicom.iter().chain([&png]).map(|bytes| (Digest::of(bytes), bytes.clone())).collect());
        let run = |with: &str| {
            let dir = tempfile::tempdir().unwrap();
            let cx = Context { images: &files, work: dir.path().join("work"), ..Context::for_tests(Prepare::NAME) };
            std::fs::create_dir_all(&cx.work).unwrap();
            let row = |image: &Digest| crate::data::sample::Sample { image: *image, ..crate::data::sample::tests::sample("p", 0, "x") };
            let samples = Samples::of(files.0.keys().map(row).collect());
            let out = serde_json::from_str::<Prepare>(with).unwrap().run(Inputs { samples }, &cx).unwrap();
            crate::contract::prelude::OutputArtifact::save(&out.images, dir.path()).unwrap();
            let notes: Vec<String> = cx.notes().iter().map(Note::to_string).collect();
            (std::fs::read_to_string(dir.path().join("dicom.csv")).unwrap(), notes.join("\n"))
        };
        let row = |bytes: &[u8], steps: &str| format!("{},{steps}\n", Digest::of(bytes));
        let (table, notes) = run(r#"{"size": 8}"#);
        assert_eq!(table.lines().count(), 3);
        assert!(table.contains(&row(&dicom[0], "signed rescale full-range")) && table.contains(&row(&dicom[1], "sigmoid")), "{table}");
        assert!(notes.contains("2 DICOM images became grey values by these steps: signed 1, rescale 1, sigmoid 1, full-range 1"), "{notes}");
        assert!(notes.contains("1 image was left out: DICOM with several frames, which is not read unless `frame` chooses one"), "{notes}");
        assert!(run(r#"{"size": 8, "frame": 3}"#).0.contains(&row(&dicom[2], "frame full-range")));
    }

    #[test]
    fn groups_are_bounded_by_pixels() {
        let sizes = [10, 63_999_995, 5, 100_000_000, 1, 1];
        let digests: std::collections::BTreeSet<Digest> = (0..sizes.len()).map(|i| Digest::of(&[i as u8])).collect();
        let images = digests.into_iter().zip(sizes).map(|(d, n)| (d, (n, ""))).collect();
        assert_eq!(groups(&images).iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1, 2]);
    }
}
