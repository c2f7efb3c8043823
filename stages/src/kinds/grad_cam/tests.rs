//! The kind as a whole, on noise and a classifier that was not trained, and its parts on what is known.

use super::*;
use crate::contract::seed::Seed;
use crate::data::sample::tests::sample;
use crate::networks::bagged_trees::BaggedTrees;
use crate::records::Record;
use hilum_cache::Digest;

fn rows() -> Vec<Sample> {
    (0..6).flat_map(|p| ["a", "b"].map(|label| sample(&format!("t:{p}{label}"), 0, label))).collect()
}

fn run(stage: &str, rows: &[Sample], seed: u64) -> Result<(Outputs, Vec<Note>)> {
    let stage: GradCam = serde_json::from_str(stage).unwrap();
    let images = vec![classifier::tests::packed(rows)];
    let cx = Context::for_tests(GradCam::NAME).seeded(seed);
    let out = stage.run(Inputs { samples: Samples::of(rows.to_vec()), weights: classifier::tests::fresh(), images, masks: None }, &cx)?;
    Ok((out, cx.notes()))
}

#[test]
fn every_image_has_a_row_and_every_class_a_summary() {
    let (out, notes) = run("{}", &rows(), 1).unwrap();
    assert_eq!((out.attention.rows.len(), out.summary.rows.len(), out.figure.files.len()), (12, 9, 2));
    for row in &out.attention.rows {
        assert_eq!((&row.class, row.border_area), (&row.predicted, Some(0.4375)));
        assert!(row.probability.unwrap() >= 0.5, "of two classes, that of the predicted one");
        assert!(row.border.is_none_or(|b| (0.0..=1.0).contains(&b)));
    }
    let of = |label: &str, outcome: &str| out.summary.rows.iter().find(|s| s.label == label && s.outcome == outcome).unwrap();
    let all = of("", "");
    let found: Vec<f64> = out.attention.rows.iter().filter_map(|row| row.border).collect();
    assert!(!found.is_empty() && (all.border.unwrap() - found.iter().sum::<f64>() / found.len() as f64).abs() < 1e-12);
    assert_eq!((all.images, all.images + all.empty_maps), (found.len(), 12));
    assert!(all.low.unwrap() < all.border.unwrap() && all.border.unwrap() < all.high.unwrap());
    for label in ["", "a", "b"] {
        let [either, right, wrong] = ["", "right", "wrong"].map(|outcome| of(label, outcome));
        assert_eq!((either.images, either.empty_maps), (right.images + wrong.images, right.empty_maps + wrong.empty_maps));
    }
    let said: Vec<String> = notes.iter().map(Note::to_string).collect();
    assert!(said.iter().any(|s| s.contains("of the maps' energy is in the border, which has 43.8 % of the area")), "{said:?}");
    assert!(said.iter().any(|s| s.contains("with random weights in the last layer")), "{said:?}");
}

/// Of images of 12 pixels, maps have 3 × 3 cells: nothing is said of where they lie.
#[test]
fn of_maps_that_are_too_coarse_nothing_is_said_but_why() {
    let rows = rows();
    let small = |row: &Sample| (row.image, row.image.bytes().iter().cycle().take(12 * 12).copied().collect::<Vec<u8>>());
    let dir = tempfile::tempdir().unwrap();
    crate::data::pack::NewPack::of(rows.iter().map(small).collect(), None).save(dir.path()).unwrap();
    let images = Images::open(&["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) })).unwrap();
    let mut weights = classifier::tests::fresh();
    weights.document.side = 12;
    let masks = Masks::of(12, rows.iter().map(|row| (row.image, (0..144).map(|at| at % 12 < 6).collect())));
    let cx = Context::for_tests(GradCam::NAME).seeded(1);
    let stage: GradCam = serde_json::from_str("{}").unwrap();
    let out = stage.run(Inputs { samples: Samples::of(rows), weights, images: vec![images], masks: Some(masks) }, &cx).unwrap();
    for row in &out.attention.rows {
        assert_eq!((row.border, row.in_mask, row.x, row.y, row.randomised_ssim), (None, None, None, None, None));
        assert!(row.probability.is_some() && row.mask_area == Some(0.5));
    }
    let why = "a map has 3 × 3 cells on images of 12 × 12 pixels: shares of its energy need 4 × 4";
    for row in &out.summary.rows {
        assert_eq!((row.border, row.low, row.high, row.in_mask, row.randomised_ssim, row.reason.as_str()), (None, None, None, None, None, why));
    }
    assert_eq!(out.summary.rows[0].images + out.summary.rows[0].empty_maps, 12);
    assert!(cx.notes().contains(&Note::info(why)) && cx.notes().iter().all(|note| !note.text.contains("energy is in")), "{:?}", cx.notes());
    let svg = String::from_utf8(out.figure.files[0].1.clone()).unwrap();
    assert!(svg.contains("3 × 3 cells") && !svg.contains("border "), "{svg}");
}

/// Likeness is known of what the figure shows, and the figure shows as many images of each class and outcome as were asked for.
#[test]
fn as_many_images_as_asked_for_are_shown_and_compared() {
    let (out, _) = run(r#"{ "shown": 1, "class": "a", "colours": "jet", "strength": 0.25 }"#, &rows(), 1).unwrap();
    let kinds: BTreeSet<(&str, bool)> = out.attention.rows.iter().map(|row| (row.label.as_str(), row.label == row.predicted)).collect();
    let svg = String::from_utf8(out.figure.files[0].1.clone()).unwrap();
    assert_eq!(svg.matches("<image ").count(), 2 * kinds.len());
    assert!(out.attention.rows.iter().filter(|row| row.randomised_ssim.is_some()).count() <= kinds.len());
    assert!(out.attention.rows.iter().all(|row| row.class == "a") && svg.contains("class a"));
}

#[test]
fn the_same_recipe_gives_the_same_bytes_whatever_the_order_of_rows_and_images_beside() {
    let bytes = |rows: &[Sample], seed| {
        let (out, notes) = run("{ \"shown\": 2 }", rows, seed).unwrap();
        (out.attention.to_csv().unwrap(), out.summary.to_csv().unwrap(), out.figure.files, notes)
    };
    let mut turned = rows();
    turned.reverse();
    turned.push(turned[3].clone());
    assert!(bytes(&rows(), 1) == bytes(&turned, 1), "and a repeated image counts once");
    assert!(bytes(&rows(), 1).2 != bytes(&rows(), 2).2, "another seed shows other images");
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let said = |stage: &str, rows: &[Sample]| run(stage, rows, 1).map(|_| ()).unwrap_err().to_string();
    assert_eq!(said("{ \"class\": \"c\" }", &rows()), "`class`: there is no class `c`");
    let mut other = rows();
    other[0].label = "z".into();
    assert_eq!(said("{}", &other), "label `z` of the test set is not one of the classifier's classes (a, b)");
    for bad in [r#"{ "shown": 0 }"#, r#"{ "strength": 1.5 }"#, r#"{ "colours": "rainbow" }"#, r#"{ "layer": "layer4" }"#] {
        assert!(serde_json::from_str::<GradCam>(bad).is_err(), "{bad}");
    }
    let all = rows();
    let run = |samples: Vec<Sample>, weights| {
        let inputs = Inputs { samples: Samples::of(samples), weights, images: vec![classifier::tests::packed(&all)], masks: None };
        let stage: GradCam = serde_json::from_str("{}").unwrap();
        stage.run(inputs, &Context::for_tests(GradCam::NAME).seeded(1)).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(run(vec![], classifier::tests::fresh()), "`samples` has no images");
    let labels: Vec<u32> = (0..40).map(|i| i % 2).collect();
    let features: Vec<Vec<f32>> = labels.iter().map(|label| vec![*label as f32]).collect();
    let mut with_trees = classifier::tests::fresh();
    with_trees.document.trees = Some(BaggedTrees::grow(&features, &labels, 2, 1, &Seed(1).stream("test", "trees")).unwrap());
    assert!(run(all.clone(), with_trees).starts_with("the classifier has bagged trees in place of its last layer"));
}

/// Logits are linear in the features of `smallcnn64`, so that a map is known in closed form: the last layer's weights times the maps.
#[test]
fn the_map_of_a_linear_head_is_its_weights_times_the_feature_maps() {
    let trained = classifier::tests::fresh();
    let (network, weights) = classifier::open_with_weights(&trained, 32, &Device::Cpu).unwrap();
    let rows = rows();
    let pack = vec![classifier::tests::packed(&rows)];
    let store = ImageStore::of(&pack).unwrap();
    let images: Vec<&[u8]> = rows.iter().map(|row| store.get(&row.image).unwrap()).collect();
    let maps = last_maps(&*network, &training::image_tensor(&images, 32, &Device::Cpu).unwrap()).unwrap();
    let class = |image: usize| image % 2;
    let found = explain(&*network, &maps, |image, _| class(image)).unwrap();
    let (n, h, w, k) = maps.dims4().unwrap();
    let fc = weights.named_trained().iter().find(|(name, _)| name == "fc.weight").unwrap().1.to_vec().unwrap();
    let (values, explained) = (maps.to_vec().unwrap(), found.maps.to_vec().unwrap());
    assert_eq!((n, explained.len()), (rows.len(), n * h * w));
    let mut largest = 0.0_f64;
    for (at, map) in explained.iter().enumerate() {
        let weights = &fc[class(at / (h * w)) * k..][..k];
        let sum: f64 = weights.iter().zip(&values[at * k..][..k]).map(|(w, v)| f64::from(*w) * f64::from(*v)).sum();
        let wanted = (sum / (h * w) as f64).max(0.0);
        largest = largest.max(wanted);
        assert!((f64::from(*map) - wanted).abs() < 1e-6, "{at}: {map} where {wanted} is due");
    }
    assert!(largest > 1e-4, "some of the maps are not zero: {largest}");
    assert_eq!(Decision::Largest.of(&classifier::softmax(&found.logits[0])), usize::from(found.logits[0][1] > found.logits[0][0]));
}

#[test]
fn the_last_layer_has_its_own_weights_again_after_the_check() {
    let (network, weights) = classifier::open_with_weights(&classifier::tests::fresh(), 32, &Device::Cpu).unwrap();
    let rows = rows();
    let pack = vec![classifier::tests::packed(&rows)];
    let store = ImageStore::of(&pack).unwrap();
    let device = Device::Cpu;
    let maps = Maps { network: &*network, store: &store, masks: None, device: &device };
    let labels = vec![0; rows.len()];
    let cx = Context::for_tests(GradCam::NAME).seeded(1);
    let (seen, cells) = maps.of_all(&rows, &labels, None, &cx).unwrap();
    assert_eq!(cells, [8, 8], "two poolings of 32 pixels");
    let all: Vec<usize> = (0..rows.len()).collect();
    let chosen = maps.of_some(&all, &rows, &seen).unwrap();
    let before = weights.to_safetensors().unwrap();
    let likeness = randomised::Randomised { network: &*network, weights: &weights, head: "fc." }.likeness(&chosen, 32, &cx.stream("last layer")).unwrap();
    assert!(weights.to_safetensors().unwrap() == before);
    for (map, alike) in chosen.maps.iter().zip(&likeness) {
        assert_eq!(alike.is_some(), map.iter().any(|v| *v > 0.0));
        assert!(alike.is_none_or(|alike| alike < 0.999), "another last layer, another map: {alike:?}");
    }
    // Nothing is drawn anew: the maps are the same.
    let same =
        randomised::Randomised { network: &*network, weights: &weights, head: "no such layer." }.likeness(&chosen, 32, &cx.stream("last layer")).unwrap();
    assert!(same.iter().flatten().all(|alike| (alike - 1.0).abs() < 1e-9));
}

fn found(border: f64, label: &str, patient: &str, alike: Option<f64>) -> Attention {
    let row = sample(patient, 0, label);
    let seen =
        Seen { predicted: 0, is_right: label == "a", class: 0, probability: 0.75, place: Some(attention::Where { border, x: 0.5, y: 0.5 }), inside: None };
    Attention { randomised_ssim: alike, ..seen.row(&row, &["a".into(), "b".into()], 32) }
}

/// Masks of the left and of the right half share what a map has; images without one, and masks of other images, change nothing.
#[test]
fn the_share_in_masks_is_beside_that_of_the_border() {
    let rows = rows();
    let half = |is_left: bool| -> Vec<bool> { (0..16 * 16).map(|at| (at % 16 < 8) == is_left).collect() };
    let with = |masks: Vec<(Digest, Vec<bool>)>| {
        let stage: GradCam = serde_json::from_str("{}").unwrap();
        let cx = Context::for_tests(GradCam::NAME).seeded(1);
        let images = vec![classifier::tests::packed(&rows)];
        let inputs = Inputs { samples: Samples::of(rows.clone()), weights: classifier::tests::fresh(), images, masks: Some(Masks::of(16, masks)) };
        let out = stage.run(inputs, &cx).unwrap();
        (out, cx.notes().iter().map(Note::to_string).collect::<Vec<_>>())
    };
    let some = |is_left: bool| rows[..10].iter().map(|row| (row.image, half(is_left))).chain([(Digest::of(b"of no image"), half(true))]).collect::<Vec<_>>();
    let ((left, said), (right, _)) = (with(some(true)), with(some(false)));
    let masked: Vec<Digest> = rows[..10].iter().map(|row| row.image).collect();
    for (left, right) in left.attention.rows.iter().zip(&right.attention.rows) {
        let has_mask = masked.contains(&left.image);
        assert_eq!((left.mask_area, right.mask_area), if has_mask { (Some(0.5), Some(0.5)) } else { (None, None) });
        assert_eq!((left.in_mask.is_some(), right.in_mask.is_some()), (has_mask && left.border.is_some(), has_mask && left.border.is_some()));
        assert!(left.in_mask.zip(right.in_mask).is_none_or(|(a, b)| (a + b - 1.0).abs() < 1e-9), "two halves are the whole");
        // The centre of mass lies in the half that has more, as far as it is far enough from the middle.
        assert!(left.in_mask.zip(left.x).is_none_or(|(share, x)| (x - 0.5).abs() < 0.26 || (x < 0.5) == (share > 0.5)));
    }
    let found: Vec<f64> = left.attention.rows.iter().filter_map(|row| row.in_mask).collect();
    let all = &left.summary.rows[0];
    assert!(!found.is_empty() && (all.in_mask.unwrap() - found.iter().sum::<f64>() / found.len() as f64).abs() < 1e-12);
    assert_eq!((all.masked, all.mask_area), (found.len(), Some(0.5)));
    assert!(all.in_mask_low.unwrap() < all.in_mask.unwrap() && all.in_mask.unwrap() < all.in_mask_high.unwrap());
    assert!(said.contains(&"2 images have no mask: the shares of masks are of the others".to_owned()), "{said:?}");
    assert!(said.iter().any(|s| s.contains("of the maps' energy is in the masks of") && s.ends_with("which have 50.0 % of the area")), "{said:?}");
    assert!(String::from_utf8(left.figure.files[0].1.clone()).unwrap().contains(" %, mask "));
    let (none, said) = with(vec![(Digest::of(b"of no image"), half(true))]);
    assert!(none.attention.rows.iter().all(|row| row.in_mask.is_none()) && none.summary.rows[0].masked == 0);
    assert!(said.iter().any(|s| s.contains("no image has a mask")), "{said:?}");
    let (plain, _) = run("{}", &rows, 1).unwrap();
    let without = |table: &Table<Attention>| table.rows.iter().cloned().map(|row| Attention { in_mask: None, mask_area: None, ..row }).collect::<Vec<_>>();
    assert_eq!(without(&left.attention), plain.attention.rows);
}

#[test]
fn intervals_are_over_patients_and_need_three_of_them() {
    let rows: Vec<Attention> = (0..12).map(|i| found(0.2 + 0.02 * f64::from(i), "a", &format!("t:{}", i / 2), None)).collect();
    let one_each: Vec<Attention> = (0..12).map(|i| found(0.2 + 0.02 * f64::from(i), "a", "", None)).collect();
    let all = |rows: Vec<Attention>| summary::of(&Table { rows }, 32).rows.swap_remove(0);
    let (few, many) = (all(rows.clone()), all(one_each));
    assert_eq!((few.images, few.patients, many.patients), (12, 6, 12));
    assert!([&few, &many].iter().all(|of| (of.border.unwrap() - 0.31).abs() < 1e-12));
    assert!(few.high.unwrap() - few.low.unwrap() > many.high.unwrap() - many.low.unwrap(), "images of a patient are not independent");
    let two = all(rows[..4].to_vec());
    assert_eq!((two.low, two.reason.as_str()), (None, "an interval needs 3 patients, and there are 2"));
    assert_eq!(all((0..4).map(|i| found(0.25, "a", &format!("t:{i}"), None)).collect()).reason, "all patients have the same share");
    assert_eq!(all(vec![Attention { border: None, ..rows[0].clone() }]).reason, "there are no images");
}

#[test]
fn maps_that_do_not_follow_from_what_was_learnt_are_a_warning() {
    let said = |alike: &[f64]| {
        let rows = alike.iter().map(|alike| found(0.25, "b", "", Some(*alike))).collect();
        let (cx, table) = (Context::for_tests(GradCam::NAME), Table { rows });
        summary::report(&summary::of(&table, 32), &table, &cx);
        cx.notes().last().unwrap().clone()
    };
    let text = "with random weights in the last layer, 2 maps resemble those of the classifier by SSIM";
    assert_eq!(said(&[0.25, 0.5]), Note::info(format!("{text} 0.38 on average")));
    assert_eq!(
        said(&[0.25, 0.75]),
        Note::warning(format!("{text} 0.50 on average: they show what is in the images rather than what the classifier has learnt"))
    );
}
