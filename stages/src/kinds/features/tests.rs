//! What is computed is what the classifier says, whichever tables name an image, and what does not fit is refused.

use super::*;
use crate::data::sample::Sample;
use crate::data::sample::tests::sample;
use crate::kinds::classifier::{
    self,
    tests::{fresh, packed},
};
use crate::networks::bagged_trees::BaggedTrees;

fn rows(patient: &str, count: u32) -> Vec<Sample> {
    (0..count).map(|i| sample(patient, i, "a")).collect()
}

fn run(samples: Vec<Samples>, images: Vec<Images>, weights: Trained<ClassifierDocument>) -> Result<(Embedding, Vec<Note>)> {
    let cx = Context::for_tests(Features::NAME);
    let stage: Features = serde_json::from_str("{}").unwrap();
    stage.run(Inputs { samples, images, weights: Some(weights) }, &cx).map(|out| (out.features, cx.notes()))
}

#[test]
fn features_and_probabilities_are_those_of_the_classifier() {
    let (a, b) = (rows("a", 3), rows("b", 70));
    let all = [a.clone(), b.clone()].concat();
    let (found, notes) = run(vec![Samples::of(a.clone()), Samples::of(all.clone())], vec![packed(&all)], fresh()).unwrap();
    let store = [packed(&all)];
    let store = ImageStore::of(&store).unwrap();
    let cx = Context::for_tests(Features::NAME);
    let features = classifier::features(&fresh(), &all, &store, &cx).unwrap();
    let probabilities = classifier::probabilities(&fresh(), &all, &store, &cx).unwrap();
    for ((row, features), probabilities) in all.iter().zip(&features).zip(&probabilities) {
        assert_eq!(found.features(&row.image), Some(features.as_slice()));
        assert_eq!(found.probabilities(&row.image).unwrap(), probabilities.iter().map(|p| *p as f32).collect::<Vec<_>>());
    }
    let wanted = EmbeddingDocument { extractor: "classifier (smallcnn64)".into(), weights: fresh().identity(), side: 32, dimensions: 16, classes: Some(2) };
    assert_eq!(found.document, wanted);
    assert_eq!(notes, [Note::info("16 features of 73 images by classifier (smallcnn64)")]);
}

#[test]
fn trees_give_the_probabilities_in_place_of_the_last_layer() {
    let rows = rows("a", 12);
    let store = [packed(&rows)];
    let cx = Context::for_tests(Features::NAME).seeded(1);
    let features = classifier::features(&fresh(), &rows, &ImageStore::of(&store).unwrap(), &cx).unwrap();
    let labels: Vec<u32> = (0..12).map(|i| i % 2).collect();
    let trees = BaggedTrees::grow(&features, &labels, 2, 3, &cx.stream("trees")).unwrap();
    let wanted = trees.probabilities(&features).unwrap();
    let mut weights = fresh();
    weights.document.trees = Some(trees);
    let (found, _) = run(vec![Samples::of(rows.clone())], vec![packed(&rows)], weights).unwrap();
    for (row, wanted) in rows.iter().zip(wanted) {
        assert_eq!(found.probabilities(&row.image).unwrap(), wanted.iter().map(|p| *p as f32).collect::<Vec<_>>());
    }
}

/// Two arms may train trees on the features of one network, or normalise greys before it: their probabilities, or features, differ
/// though their tensors are equal.
#[test]
fn classifiers_of_equal_tensors_are_different_extractors() {
    let rows = rows("a", 12);
    let store = [packed(&rows)];
    let cx = Context::for_tests(Features::NAME).seeded(1);
    let features = classifier::features(&fresh(), &rows, &ImageStore::of(&store).unwrap(), &cx).unwrap();
    let with_trees = |labels: [u32; 12]| {
        let mut weights = fresh();
        weights.document.trees = Some(BaggedTrees::grow(&features, &labels, 2, 3, &cx.stream("trees")).unwrap());
        weights
    };
    let [one, other] = [std::array::from_fn(|i| i as u32 % 2), std::array::from_fn(|i| i as u32 / 6)].map(with_trees);
    let mut scaled = fresh();
    scaled.document.greys = Some(serde_json::from_value(serde_json::json!({ "mean": 0.5, "std": 0.25 })).unwrap());
    assert!([&one, &other, &scaled].iter().all(|weights| weights.digest == fresh().digest));
    let of = |weights| run(vec![Samples::of(rows.clone())], vec![packed(&rows)], weights).unwrap().0;
    let bound = [fresh(), one, other, scaled, fresh()].map(of);
    let spaces = crate::kinds::spaces::spaces(&bound).unwrap();
    let names: BTreeSet<&str> = spaces.iter().map(|space| space.name.as_str()).collect();
    assert_eq!((spaces.len(), names.len()), (4, 4), "{names:?}");
}

#[test]
fn damaged_images_stay_left_out_and_missing_ones_and_none_are_refused() {
    let all = rows("a", 4);
    let directory = tempfile::tempdir().unwrap();
    let mut pack = crate::data::pack::PackWriter::create(&directory.path().join("work")).unwrap();
    let mut images: Vec<Digest> = all.iter().map(|row| row.image).collect();
    images.sort();
    for image in &images[..3] {
        pack.push(*image, (*image != images[1]).then_some(&[7u8; 32 * 32][..])).unwrap();
    }
    pack.finish(crate::data::contents::Contents::default()).unwrap().save(directory.path()).unwrap();
    let opened = || {
        let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: directory.path().join(name) });
        vec![Images::open(&files).unwrap()]
    };
    let of = |images: &[Digest]| Samples::of(all.iter().filter(|row| images.contains(&row.image)).cloned().collect());
    let (found, notes) = run(vec![of(&images[..3]), of(&images[..2])], opened(), fresh()).unwrap();
    assert!(found.is_left_out(&images[1]) && found.features(&images[0]).is_some() && found.features(&images[1]).is_none());
    assert_eq!(notes[0], Note::info("1 row is skipped: its image was left out by `prepare`"));
    let missing = run(vec![of(&images)], opened(), fresh()).unwrap_err().to_string();
    assert_eq!(missing, format!("image {} is not in any of the packed images", images[3].short()));
    assert_eq!(run(vec![of(&images[1..2])], opened(), fresh()).unwrap_err().to_string(), "there are no images to compute features of");
}

#[test]
fn features_that_are_not_finite_are_refused() {
    let rows = rows("a", 2);
    let mut weights = fresh();
    // Every weight NaN: the header of the file stays.
    let header = u64::from_le_bytes(weights.tensors[..8].try_into().unwrap()) as usize + 8;
    weights.tensors[header..].fill(0xff);
    let refused = run(vec![Samples::of(rows.clone())], vec![packed(&rows)], weights).unwrap_err().to_string();
    assert!(refused.starts_with("the features of image ") && refused.ends_with("by `classifier` are not finite"), "{refused}");
}

#[test]
fn weights_are_read_and_needed_by_the_extractor_that_is_a_classifier() {
    let classifier: Features = serde_json::from_str("{}").unwrap();
    assert!(classifier.reads("weights") && classifier.requires("weights").is_some() && classifier.sources().is_empty());
    assert_eq!(classifier.disk(&|_| Some(10)), None);
    for name in Extractor::NAMES {
        let of =
            |sha256: &str| serde_json::from_value::<Features>(serde_json::json!({ "extractor": { *name: { "path": "w.safetensors", "sha256": sha256 } } }));
        let stage = of(&"0".repeat(64)).unwrap();
        assert!(!stage.reads("weights") && stage.reads("images") && stage.requires("weights").is_none() && stage.check().is_empty());
        let sources = stage.sources();
        assert_eq!(sources.iter().map(|s| s.parameter.clone()).collect::<Vec<_>>(), [format!("extractor.{name}.path")]);
        assert!(stage.disk(&|_| Some(10)).unwrap() >= 40 * 768 && stage.disk(&|_| None).is_none());
        let bad = of("12").unwrap().check();
        assert_eq!(bad[0].path, ["extractor", *name, "sha256"]);
    }
}
