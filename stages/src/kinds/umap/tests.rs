//! A map in memory, and who is placed in it.

use super::*;
use crate::data::embedding::tests::embedded;
use crate::data::pack::NewPack;
use crate::data::sample::tests::sample;

#[test]
fn trustworthiness_is_left_out_where_it_has_no_meaning() {
    let notes = |n: u32| {
        let dir = tempfile::tempdir().unwrap();
        let rows: Vec<Sample> = (0..n).map(|i| sample("p", i, "normal")).collect();
        NewPack::of(rows.iter().map(|r| (r.image, vec![r.number as u8 * 20; 16])).collect(), None).save(dir.path()).unwrap();
        let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) });
        let inputs = Inputs { weights: None, features: None, samples: vec![Samples::of(rows)], placed: None, images: vec![Images::open(&files).unwrap()] };
        let stage: Umap = serde_json::from_str("{}").unwrap();
        let cx = Context::for_tests(Umap::NAME).seeded(1);
        assert_eq!(stage.run(inputs, &cx).unwrap().embedding.rows.len(), n as usize);
        cx.notes().iter().map(Note::to_string).collect::<Vec<_>>()
    };
    assert!(notes(2).is_empty());
    assert!(notes(3)[0].starts_with("trustworthiness at 1 neighbour: "));
}

fn rows(patient: &str, numbers: std::ops::Range<u32>) -> Vec<Sample> {
    numbers.map(|i| sample(patient, i, if i.is_multiple_of(2) { "a" } else { "b" })).collect()
}

/// What comes of these images with these features, or of their pixels without.
fn mapped(parameters: &str, samples: &[Sample], placed: Option<&[Sample]>, features: Option<Vec<Embedding>>) -> Result<(Outputs, Vec<String>)> {
    let of = |rows: &[Sample]| vec![Samples::of(rows.to_vec())];
    let images = vec![classifier::tests::packed(samples.iter().chain(placed.unwrap_or_default()))];
    let inputs = Inputs { weights: None, features, samples: of(samples), placed: placed.map(of), images };
    let stage: Umap = serde_json::from_str(parameters).unwrap();
    let cx = Context::for_tests(Umap::NAME).seeded(1);
    stage.run(inputs, &cx).map(|out| (out, cx.notes().iter().map(Note::to_string).collect()))
}

#[test]
fn features_that_are_bound_are_mapped_in_place_of_pixels() {
    let rows = rows("p", 0..12);
    let of = |features: Option<Vec<Embedding>>| mapped(r#"{"neighbours": 4}"#, &rows, None, features).map(|(out, _)| out.embedding);
    let (of_features, of_pixels) = (of(Some(vec![embedded("inception", &rows)])).unwrap(), of(None).unwrap());
    assert!(of_features.rows.len() == 12 && of_features != of_pixels);
    let (by_angle, _) = mapped(r#"{"neighbours": 4, "metric": "cosine"}"#, &rows, None, None).unwrap();
    assert!(by_angle.embedding != of_pixels && by_angle.figure.files.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("cosine distances")));
    let of_parts = of(Some(vec![embedded("inception", &rows[7..]), embedded("inception", &rows[..7])])).unwrap();
    assert_eq!(of_parts, of_features);
    assert!(of(Some(vec![embedded("inception", &rows[..9])])).unwrap_err().to_string().ends_with("has no features by inception"));
    let two = of(Some(vec![embedded("inception", &rows), embedded("densenet121", &rows)])).unwrap_err().to_string();
    assert_eq!(two, "the features are by several extractors: inception, densenet121");
}

#[test]
fn placed_images_have_places_and_no_influence() {
    let (ours, mut others) = (rows("p", 0..14), rows("q", 0..9));
    others[3].origin = Origin::Synthetic;
    let run = |placed: Option<&[Sample]>| mapped(r#"{"neighbours": 4}"#, &ours, placed, None).unwrap();
    let (alone, notes) = run(None);
    assert!(alone.embedding.rows.iter().all(|row| row.role == Role::Fitted) && notes.len() == 1, "{notes:?}");
    let (both, notes) = run(Some(&others));
    assert_eq!(both.embedding.rows[..14], alone.embedding.rows, "to the bit");
    let placed = &both.embedding.rows[14..];
    assert_eq!(placed.iter().map(|row| row.image).collect::<Vec<_>>(), Samples::of(others.clone()).rows.iter().map(|row| row.image).collect::<Vec<_>>());
    assert!(placed.iter().all(|row| row.role == Role::Placed && row.x.is_some() && row.y.is_some()), "{placed:?}");
    assert!(placed.windows(2).all(|two| (two[0].x, two[0].y) != (two[1].x, two[1].y)), "{placed:?}");
    assert!(notes[1].contains(" of 8 placed real images lie") && notes[2].contains(" of 1 placed synthetic image lie"), "{notes:?}");
    assert_eq!(run(Some(&others)).0.embedding, both.embedding);
    // An image that joins moves nobody, and one that is fitted stays where it is.
    let more = [&others[..], &ours[..2]].concat();
    let (out, notes) = run(Some(&more));
    assert!(out.embedding == both.embedding && notes[0].starts_with("2 images of `placed` are not placed"), "{notes:?}");
    assert_eq!(run(Some(&ours)).0.embedding, alone.embedding);
    let none = mapped("{}", &[], Some(&others), None).map(|_| ()).unwrap_err().to_string();
    assert_eq!(none, "`samples` has no images, so there is no map to place others in");
}

#[test]
fn at_most_so_many_of_a_label_are_placed() {
    let (ours, others) = (rows("p", 0..20), rows("q", 0..30));
    let (out, _) = mapped(r#"{"neighbours": 4, "max_per_label": 5}"#, &ours, Some(&others), None).unwrap();
    let count = |role| out.embedding.rows.iter().filter(|row| row.role == role).count();
    assert_eq!((count(Role::Fitted), count(Role::Placed)), (10, 10));
}

/// Features are those of digests; the far image is a pack of its own numbers.
#[test]
fn images_that_are_like_none_are_counted() {
    let ours = rows("p", 0..20);
    let far = sample("far", 0, "a");
    let whole = embedded("inception", ours.iter().chain([&far]));
    let of = |row: &Sample, add: f32| crate::data::embedding::Extracted {
        image: row.image,
        features: whole.features(&row.image).unwrap().iter().map(|v| v + add).collect(),
        probabilities: whole.probabilities(&row.image).unwrap().to_vec(),
    };
    let extracted = ours.iter().map(|row| of(row, 0.0)).chain([of(&far, 100.0)]).collect();
    let features = Embedding::of(whole.document.clone(), extracted, vec![]).unwrap();
    let (out, notes) = mapped(r#"{"neighbours": 4}"#, &ours, Some(&[far]), Some(vec![features])).unwrap();
    assert!(notes[1].starts_with("1 of 1 placed real image lies farther from the nearest fitted image"), "{notes:?}");
    let svg = out.figure.files.iter().find(|(name, _)| name.ends_with(".svg")).map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap();
    for text in ["4 neighbours, min_dist 0.1, trustworthiness 0.", "20 fitted, 1 placed", "a, real, placed (1)"] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
}

#[test]
fn weights_and_features_are_not_both_mapped() {
    struct Nothing;
    impl Upstream for Nothing {
        fn kind(&self, _: usize) -> &'static str {
            unreachable!()
        }
        fn name(&self, _: usize) -> &str {
            unreachable!()
        }
        fn parameters(&self, _: usize) -> &serde_json::Value {
            unreachable!()
        }
        fn makers(&self, _: usize, _: &str) -> Vec<usize> {
            vec![]
        }
        fn gathering_all_but(&self, _: &str, _: &str) -> Option<String> {
            unreachable!()
        }
    }
    let stage: Umap = serde_json::from_str("{}").unwrap();
    let bad = |bound: &[&str]| Stage::check_inputs(&stage, &|port| if bound.contains(&port) { vec![0] } else { vec![] }, &Nothing);
    assert!(bad(&["weights"]).is_empty() && bad(&["features", "images"]).is_empty() && bad(&[]).is_empty());
    assert_eq!(bad(&["weights", "features"])[0].why, "`weights` and `features` are both bound, but one of them is mapped");
}
