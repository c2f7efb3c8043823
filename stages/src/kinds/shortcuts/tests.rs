//! Areas of groups and of changed images, beside those that are computed pair by pair.

use super::*;
use crate::data::pack::NewPack;
use crate::data::sample::Origin;
use crate::data::sample::tests::sample;
use crate::kinds::classifier::tests::{fresh, packed};

const SIDE: usize = 32;

/// Images that a classifier orders by their labels `a` and `b`, but for every seventh, with its probabilities of `b`. Patients have two
/// images each.
fn ordered(count: u32) -> (Vec<Sample>, Vec<f64>) {
    let mut rows: Vec<Sample> = (0..count).map(|n| sample(&format!("p{}", n / 2), n % 2, "a")).collect();
    let images = [packed(&rows)];
    let store = ImageStore::of(&images).unwrap();
    let found = classifier::probabilities(&fresh(), &rows, &store, &Context::for_tests(Shortcuts::NAME)).unwrap();
    let of_b: Vec<f64> = found.iter().map(|p| p[1]).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|i, j| of_b[*i].total_cmp(&of_b[*j]));
    for (place, image) in order.iter().enumerate() {
        if (place >= rows.len() / 2) != (place % 7 == 0) {
            rows[*image].label = "b".into();
        }
    }
    (rows, of_b)
}

fn ran(parameters: serde_json::Value, rows: &[Sample], training: Option<&[Sample]>) -> (Result<Outputs>, Vec<Note>) {
    let stage: Shortcuts = serde_json::from_value(parameters).unwrap();
    let cx = Context::for_tests(Shortcuts::NAME);
    let samples = Samples { rows: rows.to_vec(), images: vec![] };
    let training = training.map(|rows| Samples { rows: rows.to_vec(), images: vec![] });
    let all = rows.iter().chain(training.iter().flat_map(|t| &t.rows));
    let images = vec![packed(all)];
    (stage.run(Inputs { weights: fresh(), samples, training, images }, &cx), cx.notes())
}

/// The share of pairs in the right order, pair by pair.
fn area(rows: &[Sample], scores: &[f64], takes: impl Fn(&Sample, &Sample) -> bool) -> (f64, u64) {
    let (mut right, mut pairs) = (0.0, 0);
    for (one, high) in rows.iter().zip(scores).filter(|(row, _)| row.label == "b") {
        for (other, low) in rows.iter().zip(scores).filter(|(row, _)| row.label == "a") {
            if takes(one, other) {
                right += if high > low { 1.0 } else { f64::from(u8::from(high == low)) / 2.0 };
                pairs += 1;
            }
        }
    }
    (right / pairs as f64, pairs)
}

fn of_measure<'a>(rows: &'a [WithinGroupsRow], measure: &str) -> &'a WithinGroupsRow {
    rows.iter().find(|row| row.measure == measure).unwrap()
}

#[test]
fn areas_of_groups_are_those_of_their_pairs() {
    let (mut rows, scores) = ordered(80);
    for (at, row) in rows.iter_mut().enumerate() {
        row.source = if (row.label == "b") != (at % 5 == 0) { "north".into() } else { "south".into() };
        row.view = if at < 4 { String::new() } else { "PA".into() };
    }
    let (done, said) = ran(serde_json::json!({ "positive": "b", "by": ["source", "view"] }), &rows, None);
    let found = done.unwrap().groups.rows;
    assert_eq!(found.len(), 12, "six of each grouping");
    let (by_source, by_view) = found.split_at(6);
    let wanted = [("auroc", area(&rows, &scores, |_, _| true)), ("auroc-within", area(&rows, &scores, |a, b| a.source == b.source))];
    for (measure, (value, pairs)) in wanted.into_iter().chain([("auroc-between", area(&rows, &scores, |a, b| a.source != b.source))]) {
        let row = of_measure(by_source, measure);
        assert!((row.value.unwrap() - value).abs() < 1e-12 && row.pairs == pairs, "{row:?} {value} {pairs}");
        assert!(row.low.unwrap() < value && value < row.high.unwrap() && (row.images, row.patients, row.groups) == (80, 40, 2));
    }
    let left = of_measure(by_source, "share-left");
    assert!((left.value.unwrap() - (wanted[1].1.0 - 0.5) / (wanted[0].1.0 - 0.5)).abs() < 1e-12, "{left:?}");
    // Four of five of a class are from one source: 0.8² + 0.8 · 0.2, give or take an image.
    assert!((of_measure(by_source, "auroc-of-group").value.unwrap() - 0.8).abs() < 0.05);
    // Images whose view is unknown are left out; of one view, all pairs are within it, and nothing is to be warned of.
    assert_eq!((by_view[0].images, of_measure(by_view, "auroc-between").pairs, of_measure(by_view, "share-left").value), (76, 0, Some(1.0)));
    assert!(of_measure(by_view, "auroc-between").value.is_none());
    assert!(!said.iter().any(|note| note.text.contains("view")), "{said:?}");
}

/// As in four of the five studies in `pipelines`.
#[test]
fn where_each_class_has_its_own_source_nothing_can_be_told_and_it_is_said() {
    let (mut rows, _) = ordered(60);
    rows.iter_mut().for_each(|row| row.source = format!("of-{}", row.label));
    let (done, said) = ran(serde_json::json!({ "positive": "b" }), &rows, None);
    let found = done.unwrap().groups.rows;
    let (within, alone, left) = (of_measure(&found, "auroc-within"), of_measure(&found, "auroc-of-group"), of_measure(&found, "share-left"));
    assert_eq!((within.value, within.pairs, alone.value, left.value), (None, 0, Some(1.0), None));
    assert_eq!(left.interval, "no source has images of the class and of others");
    let warning = said.iter().find(|note| note.is_warning() && note.text.contains("nothing tells")).unwrap();
    assert!(warning.text.starts_with("no source of the test set has images both of `b` and of others"), "{warning}");
}

#[test]
fn what_a_source_tells_is_known_from_the_training_set_if_there_is_one() {
    let (mut rows, _) = ordered(60);
    rows.iter_mut().for_each(|row| row.source = format!("of-{}", row.label));
    // In the training set, sources tell nothing, and `of-a` is not there at all.
    let training: Vec<Sample> = (0..8).map(|n| Sample { source: "of-b".into(), label: if n < 4 { "a" } else { "b" }.into(), ..sample("t", n, "a") }).collect();
    let (done, _) = ran(serde_json::json!({ "positive": "b" }), &rows, Some(&training));
    assert_eq!(of_measure(&done.unwrap().groups.rows, "auroc-of-group").value, Some(0.5));
}

#[test]
fn areas_of_changed_images_are_those_of_a_pack_of_such_images() {
    let (rows, _) = ordered(60);
    let training: Vec<Sample> = (0..20).map(|n| sample("t", n, "a")).collect();
    let (done, _) = ran(serde_json::json!({ "positive": "b", "border": 0.25, "smoothing": 0.05 }), &rows, Some(&training));
    let found = done.unwrap().probes.rows;
    assert_eq!(found.iter().map(|row| row.probe.as_str()).collect::<Vec<_>>(), ["none", "no-border", "only-border", "equal-greys", "smooth"]);
    let (all, known) = (packed(&rows), packed(&training));
    let common = Common::of(training.iter().map(|row| known.get(&row.image).unwrap())).unwrap();
    let plain = found[0].auroc.unwrap();
    for row in &found {
        let change = |pixels: &[u8]| match row.probe.as_str() {
            "none" => pixels.to_vec(),
            "equal-greys" => common.equalised(pixels),
            "smooth" => crate::data::cues::smoothed(pixels, SIDE, 0.05 * SIDE as f64),
            name => (0..SIDE * SIDE)
                .map(|at| {
                    let is_inside = (8..24).contains(&(at / SIDE)) && (8..24).contains(&(at % SIDE));
                    if is_inside == (name == "only-border") { common.mean[at] } else { pixels[at] }
                })
                .collect(),
        };
        let dir = tempfile::tempdir().unwrap();
        NewPack::of(rows.iter().map(|r| (r.image, change(all.get(&r.image).unwrap()))).collect(), None).save(dir.path()).unwrap();
        let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) });
        let changed = [Images::open(&files).unwrap()];
        let store = ImageStore::of(&changed).unwrap();
        let scores: Vec<f64> = classifier::probabilities(&fresh(), &rows, &store, &Context::for_tests(Shortcuts::NAME)).unwrap().iter().map(|p| p[1]).collect();
        let wanted = area(&rows, &scores, |_, _| true).0;
        assert!((row.auroc.unwrap() - wanted).abs() < 1e-12, "{row:?} {wanted}");
        if row.probe != "none" {
            assert!((row.loss.unwrap() - (plain - wanted)).abs() < 1e-12 && (row.kept.unwrap() - (wanted - 0.5) / (plain - 0.5)).abs() < 1e-12, "{row:?}");
            assert!(row.loss_low.unwrap() < row.loss.unwrap() && row.p.is_some() && (row.images, row.patients) == (60, 30), "{row:?}");
        }
    }
}

#[test]
fn a_grey_value_may_fill_what_is_hidden_and_the_same_inputs_give_the_same_tables() {
    let (rows, _) = ordered(40);
    let of = |fill: serde_json::Value| ran(serde_json::json!({ "fill": fill }), &rows, None).0.unwrap();
    let (mean, black, again) = (of("mean".into()), of(serde_json::json!({ "grey": 0 })), of("mean".into()));
    assert_eq!(mean.probes.rows.len(), 10, "both classes");
    assert_ne!(mean.probes, black.probes);
    assert!(mean.probes == again.probes && mean.groups == again.groups && mean.groups == black.groups);
}

#[test]
fn what_does_not_fit_is_said() {
    let (rows, _) = ordered(20);
    let said = |parameters: serde_json::Value, rows: &[Sample]| ran(parameters, rows, None).0.err().unwrap().to_string();
    assert!(said(serde_json::json!({ "positive": "c" }), &rows).contains("`positive`: there is no class `c`"));
    assert!(said(serde_json::json!({}), &[]).contains("the packed images are empty"));
    let other = [rows.clone(), vec![Sample { label: "c".into(), origin: Origin::Real, ..rows[0].clone() }]].concat();
    assert!(said(serde_json::json!({}), &other).contains("label `c` of the test set is not one of the classifier's classes (a, b)"));
    let stage: Shortcuts = serde_json::from_value(serde_json::json!({ "ages": [60, 40] })).unwrap();
    assert_eq!(stage.check().len(), 1);
    for bad in [serde_json::json!({ "border": 0.5 }), serde_json::json!({ "smoothing": 0 }), serde_json::json!({ "fill": { "grey": 256 } })] {
        assert!(serde_json::from_value::<Shortcuts>(bad.clone()).is_err(), "{bad}");
    }
    // A class that the test set lacks has no area, and there is nothing to compare.
    let one: Vec<Sample> = rows.iter().filter(|row| row.label == "a").cloned().collect();
    let found = ran(serde_json::json!({ "positive": "b" }), &one, None).0.unwrap();
    assert!(found.probes.rows.iter().all(|row| row.auroc.is_none() && row.kept.is_none()));
    assert!(found.groups.rows.iter().all(|row| row.value.is_none()), "{:?}", found.groups.rows);
}
