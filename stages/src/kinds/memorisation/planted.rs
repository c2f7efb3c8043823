//! Copies that are planted among images of other patients are found, and where none are planted few images are called copies.

use super::*;
use crate::contract::seed::Seed;
use crate::data::embedding::tests::embedded;
use crate::data::grey;
use crate::data::pack::NewPack;
use crate::data::sample::Origin;
use crate::data::sample::tests::sample;
use crate::kinds::phantoms::{self, Phantoms};
use crate::quality::UNWATCHED;
use crate::records::Likeness;
use hilum_cache::Digest;
use serde_json::json;
use std::collections::BTreeMap;

const SIDE: usize = 64;

/// Pixels of phantoms, one of each patient.
fn drawn(seed: u64, images: usize) -> Vec<Vec<u8>> {
    let classes = json!({ "covid": { "images": images, "finding": "focal" } });
    let stage: Phantoms = serde_json::from_value(json!({ "size": SIDE, "images_per_patient": 1, "classes": classes })).unwrap();
    let files = stage.run(phantoms::Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(seed)).unwrap().samples.images;
    files.iter().map(|file| grey::decode(&file.bytes).unwrap().grey.pixels.iter().map(|p| (p >> 8) as u8).collect()).collect()
}

fn mirrored(greys: &[u8]) -> Vec<u8> {
    greys.chunks(SIDE).flat_map(|row| row.iter().rev().copied()).collect()
}

/// Moved by whole pixels, the edge going on.
fn moved(greys: &[u8], right: i64, down: i64) -> Vec<u8> {
    let at = |i: usize, by: i64| (i as i64 + by).clamp(0, SIDE as i64 - 1) as usize;
    (0..SIDE * SIDE).map(|i| greys[at(i / SIDE, down) * SIDE + at(i % SIDE, right)]).collect()
}

fn noisy(greys: &[u8], n: usize) -> Vec<u8> {
    let mut stream = Seed(3).stream("test", "noise").item(n as u64);
    greys.iter().map(|grey| (f64::from(*grey) + 5.0 * stream.normal()).round().clamp(0.0, 255.0) as u8).collect()
}

/// Sets of images by name, and their pixels.
#[derive(Default)]
struct Images {
    rows: BTreeMap<&'static str, Vec<Sample>>,
    pixels: Vec<(Digest, Vec<u8>)>,
}

impl Images {
    fn add(&mut self, set: &'static str, origin: Origin, pixels: Vec<Vec<u8>>) {
        for greys in pixels {
            let rows = self.rows.entry(set).or_default();
            // Equal pixels may lie in two files.
            let image = Digest::of(&[set.as_bytes(), &greys].concat());
            let patient = if origin == Origin::Real { format!("{set}-{}", rows.len()) } else { String::new() };
            rows.push(Sample { image, origin, patient, ..sample(set, rows.len() as u32, "covid") });
            self.pixels.push((image, greys));
        }
    }

    fn outputs(mut self) -> Outputs {
        let dir = tempfile::tempdir().unwrap();
        NewPack::of(self.pixels, None).save(dir.path()).unwrap();
        let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) });
        let images = vec![crate::data::pack::Images::open(&files).unwrap()];
        let [training, held_out] = ["training", "held-out"].map(|set| self.rows.remove(set).unwrap());
        let synthetic: Vec<Sample> = self.rows.into_values().flatten().collect();
        let features = vec![embedded("x", training.iter().chain(&held_out).chain(&synthetic))];
        let inputs = Inputs { training: Samples::of(training), held_out: Samples::of(held_out), synthetic: Samples::of(synthetic), features, images };
        let stage: Memorisation = serde_json::from_str("{}").unwrap();
        stage.run(inputs, &Context::for_tests(Memorisation::NAME)).unwrap()
    }
}

#[test]
fn copies_are_found_as_they_are_mirrored_moved_and_noisy() {
    const EACH: usize = 40;
    let [training, held_out, others] = [drawn(1, 150), drawn(2, 60), drawn(3, 150)];
    let mut images = Images::default();
    let planted = |change: &dyn Fn(usize, &[u8]) -> Vec<u8>| training.iter().take(EACH).enumerate().map(|(n, greys)| change(n, greys)).collect::<Vec<_>>();
    // Up to a sixteenth of the width to any side.
    let by = |n: usize| ((n % 9) as i64 - 4, (n / 4 % 9) as i64 - 4);
    let is_moved = |n: usize| if by(n) == (0, 0) { (1, 2) } else { by(n) };
    images.add("exact", Origin::Synthetic, planted(&|_, greys| greys.to_vec()));
    images.add("mirrored", Origin::Synthetic, planted(&|_, greys| mirrored(greys)));
    images.add("moved", Origin::Synthetic, planted(&|n, greys| moved(greys, is_moved(n).0, is_moved(n).1)));
    images.add("noisy", Origin::Synthetic, planted(&|n, greys| noisy(greys, n)));
    images.add("all-at-once", Origin::Synthetic, planted(&|n, greys| noisy(&moved(&mirrored(greys), is_moved(n).0, is_moved(n).1), n)));
    images.add("others", Origin::Synthetic, others);
    images.add("held-out", Origin::Real, held_out);
    images.add("training", Origin::Real, training);
    let rows = images.rows.clone();
    let found = images.outputs();
    // Phantoms of other patients vary as training images do; each training image five times over varies less.
    let alike = found.summary.rows.iter().find(|row| row.metric == "ms-ssim").unwrap();
    assert!(alike.limit > alike.baseline && alike.limit < Some(1.0), "{alike:?}");
    let share = |set: &str, flag: Likeness| {
        let is_found = |(n, row): (usize, &Sample)| {
            let pair = found.pairs.rows.iter().find(|pair| pair.image == row.image).unwrap();
            pair.flag == flag && (set == "others" || pair.training == rows["training"][n].image)
        };
        rows[set].iter().enumerate().filter(|row| is_found(*row)).count() as f64 / rows[set].len() as f64
    };
    assert_eq!([share("exact", Likeness::Copy), share("mirrored", Likeness::MirroredCopy)], [1.0, 1.0]);
    for set in ["moved", "noisy", "all-at-once"] {
        assert!(share(set, Likeness::NearCopy) >= 0.95, "{set}: {}", share(set, Likeness::NearCopy));
    }
    let wrong = [Likeness::Copy, Likeness::MirroredCopy, Likeness::NearCopy].map(|flag| share("others", flag));
    assert_eq!(wrong, [0.0; 3], "images of other patients");
    let row = |metric: &str| found.summary.rows.iter().find(|row| row.class.is_empty() && row.metric == metric).unwrap();
    assert_eq!([row("copies").value, row("mirrored-copies").value], [Some(EACH as f64); 2]);
    assert_eq!([row("near-copies").baseline, row("training-copies").value], [Some(0.0); 2], "held-out images are no copies");
}

#[test]
fn copies_among_the_training_images_are_told_apart() {
    let mut training = drawn(1, 30);
    training.extend([training[0].clone(), mirrored(&training[1]), noisy(&training[2], 0)]);
    let mut images = Images::default();
    images.add("synthetic", Origin::Synthetic, drawn(3, 10));
    images.add("held-out", Origin::Real, drawn(2, 10));
    // Two files with the same pixels.
    let again = training.split_off(30);
    images.add("training", Origin::Real, training);
    for (n, greys) in again.into_iter().enumerate() {
        let image = Digest::of(&[n as u8]);
        images.rows.get_mut("training").unwrap().push(Sample { image, ..sample("again", n as u32, "covid") });
        images.pixels.push((image, greys));
    }
    let found = images.outputs();
    let values: Vec<_> = found.summary.rows.iter().filter(|row| row.metric == "training-copies").map(|row| row.value).collect();
    assert_eq!(values, [Some(6.0); 2], "both of each pair");
}

/// Synthetic images that are drawn as held-out ones are: whatever is called nearer is called so wrongly.
#[test]
fn sets_without_copies_are_called_nearer_no_more_often_than_the_rate_says() {
    const SETS: usize = 200;
    const RATE: f64 = 0.1;
    let mut stream = Seed(11).stream("test", "sets");
    let mut features = |count: usize, scale: f64| -> crate::quality::Features {
        crate::quality::Features::of((0..count * 6).map(|_| scale * stream.normal()).collect(), 6).unwrap()
    };
    let (mut wrong, mut found) = (0, 0);
    for _ in 0..SETS {
        let training = features(60, 1.0);
        let distances =
            |set: &crate::quality::Features| nearest_training(set, &training, UNWATCHED).unwrap().iter().map(|near| near.distance).collect::<Vec<_>>();
        let (held_out, synthetic) = (distances(&features(99, 1.0)), distances(&features(40, 1.0)));
        let is_nearer = |distances: &[f64]| discoveries(&p_values(distances, &held_out), &vec![held_out.len(); distances.len()], RATE).unwrap();
        wrong += usize::from(is_nearer(&synthetic).contains(&true));
        // Ten of forty lie upon training images.
        let mut planted = synthetic.clone();
        planted[..10].fill(1e-6);
        found += is_nearer(&planted)[..10].iter().filter(|is| **is).count();
    }
    let error = (RATE * (1.0 - RATE) / SETS as f64).sqrt();
    assert!(wrong as f64 / SETS as f64 <= RATE + 2.0 * error, "{wrong} of {SETS} sets");
    assert!(found as f64 / (10 * SETS) as f64 > 0.95, "{found} of {} planted copies", 10 * SETS);
}
