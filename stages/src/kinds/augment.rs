//! Writes augmented copies of images, so that a training set has a fixed number of them. Independent of augmentation while training,
//! which draws anew in each epoch.

use crate::contract::prelude::*;
use crate::data::augment::Augment;
use crate::data::contents::Contents;
use crate::data::pack::{ImageStore, Images, NewPack};
use crate::data::sample::{Sample, Samples};
use crate::words::counted;
use hilum_cache::Digest;

ports! {
    inputs {
        /// The images to copy.
        samples: Samples,
        /// Their pixels, packed.
        images: Vec<Images> [by samples],
    }
    outputs {
        /// The images and their augmented copies, each of the patient of its original.
        samples: Samples [contains samples],
        /// The pixels of the copies, packed. Bind them beside those of the originals.
        images: NewPack [contains samples],
    }
}

/// Adds augmented copies of images, as some papers do before they split: the copies of an image are of its patient, and belong to its part.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AugmentStage {
    /// How many images each label has afterwards, originals included. Labels that have more stay as they are.
    pub images: Whole<1, 1_000_000>,
    /// What is done to a copy.
    pub augment: Augment,
}

impl Stage for AugmentStage {
    const NAME: &'static str = "augment";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Heavy;
    const SEEDED: bool = true;
    const COPIES: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        BadParameter::unless(!self.augment.is_none(), "augment", "nothing is augmented: set `flip`, `rotation`, `shift`, `zoom` or `crop`")
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let originals = store.without_left_out(inputs.samples, cx);
        let stream = cx.stream("copies");
        let (mut rows, mut pack) = (originals.rows.clone(), vec![]);
        for (label, mut images) in originals.by_label() {
            let wanted = (*self.images as usize).saturating_sub(images.len());
            images.sort_by_key(|row| row.priority(&stream));
            // An image that is in the table several times is one original.
            images.dedup_by_key(|row| row.image);
            // Complete rounds, so that no image has more than one copy more than another.
            for (n, original) in images.iter().cycle().take(wanted).enumerate() {
                let round = n / images.len();
                let (row, pixels) = self.copy(original, &store, &stream, round)?;
                pack.push((row.image, pixels));
                rows.push(row);
                cx.progress(n + 1, wanted, "copy", &[])?;
            }
            cx.note(format!("{} of `{label}` added", counted(wanted, "copy", "copies")));
        }
        Samples::number(&mut rows);
        let contents = Contents::of_made(&pack, store.side as u32);
        Ok(Outputs { samples: Samples::of(rows), images: NewPack::of(pack, Some(contents)) })
    }
}

impl AugmentStage {
    /// A copy of an image; its draws follow from the image and the round, and not from other images.
    fn copy(&self, original: &Sample, store: &ImageStore, stream: &Stream, round: usize) -> Result<(Sample, Vec<u8>)> {
        let side = store.side;
        let first = u64::from_le_bytes(original.image.bytes()[..8].try_into().expect("BUG: eight bytes"));
        let mut draws = stream.item(first.wrapping_add(round as u64));
        let mut values = vec![0.0; side * side];
        self.augment.apply(store.get(&original.image)?, side, &mut draws, (0.0, 255.0), &mut values);
        let pixels: Vec<u8> = values.iter().map(|v| v.round().clamp(0.0, 255.0) as u8).collect();
        // Two copies may have the same pixels, and still are two images.
        let image = Digest::of(&[original.image.bytes().as_slice(), &(round as u64).to_le_bytes(), &pixels].concat());
        let row = Sample { image, parent: Some(original.image), width: side as u32, height: side as u32, ..original.clone() };
        Ok((row, pixels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::Origin;
    use crate::data::sample::tests::sample;
    use std::collections::BTreeMap;

    fn made(rows: Vec<Sample>, images: u32) -> (Samples, Vec<(Digest, Vec<u8>)>) {
        let dir = tempfile::tempdir().unwrap();
        let pixels = |row: &Sample| (0..64).map(|i| (i * 3) as u8 ^ row.image.bytes()[0]).collect::<Vec<u8>>();
        NewPack::of(rows.iter().map(|r| (r.image, pixels(r))).collect(), None).save(dir.path()).unwrap();
        let open = |path: &Path| ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: path.join(name) });
        let inputs = Inputs { samples: Samples::of(rows), images: vec![Images::open(&open(dir.path())).unwrap()] };
        let stage: AugmentStage = serde_json::from_value(serde_json::json!({ "images": images, "augment": { "flip": true, "rotation": 10 } })).unwrap();
        let out = stage.run(inputs, &Context::for_tests(AugmentStage::NAME).seeded(3)).unwrap();
        let copies = tempfile::tempdir().unwrap();
        out.images.save(copies.path()).unwrap();
        let pack = Images::open(&open(copies.path())).unwrap();
        let of = |row: &Sample| Some((row.image, pack.get(&row.image)?.to_vec()));
        let found = out.samples.rows.iter().filter_map(of).collect();
        (out.samples, found)
    }

    #[test]
    fn copies_are_of_the_patient_of_their_original() {
        let rows: Vec<Sample> = (0..3).map(|i| sample("p1", i, "covid")).chain((0..5).map(|i| sample("p2", i, "normal"))).collect();
        let (samples, copies) = made(rows.clone(), 7);
        assert_eq!(crate::data::sample::counts(&samples.rows), BTreeMap::from([("covid".into(), 7), ("normal".into(), 7)]));
        assert_eq!(copies.len(), 6);
        for row in samples.rows.iter().filter(|r| r.parent.is_some()) {
            let original = rows.iter().find(|r| Some(r.image) == row.parent).unwrap();
            assert_eq!((&row.patient, &row.label, row.origin), (&original.patient, &original.label, Origin::Real));
        }
        let of_each = |image: Digest| samples.rows.iter().filter(|r| r.parent == Some(image)).count();
        assert!(rows.iter().filter(|r| r.label == "covid").all(|r| (1..=2).contains(&of_each(r.image))), "complete rounds");
        let mut names: Vec<Digest> = samples.rows.iter().map(|r| r.image).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 14);
    }

    #[test]
    fn rows_of_one_image_are_one_original() {
        let rows: Vec<Sample> = (0..3).flat_map(|i| [sample("p1", i, "covid"), sample("p1", i, "covid")]).collect();
        let (samples, copies) = made(rows, 12);
        let mut distinct: Vec<Digest> = copies.iter().map(|c| c.0).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!((samples.rows.len(), copies.len(), distinct.len()), (12, 6, 6));
    }

    #[test]
    fn a_copy_does_not_depend_on_other_images() {
        let rows: Vec<Sample> = (0..3).map(|i| sample("p1", i, "covid")).collect();
        let (_, few) = made(rows.clone(), 6);
        let (_, many) = made(rows.into_iter().chain((3..6).map(|i| sample("p1", i, "covid"))).collect(), 12);
        assert!(few.iter().all(|copy| many.contains(copy)));
    }
}
