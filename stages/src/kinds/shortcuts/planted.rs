//! Cues that are planted in phantoms, a mark at the border and the grey level of a source, are found in classifiers that were trained on
//! them, and their share of the AUROC is the true one: by the probabilities that images were drawn with, and by the same images drawn without
//! the cue.

use super::*;
use crate::data::grey;
use crate::data::pack::NewPack;
use crate::evaluation::metric::find;
use crate::kinds::{phantoms, train_classifier};
use serde_json::{Value, json};

/// Of the images with a finding, so many do not show it.
const HIDDEN: f64 = 0.6;
/// A cue is in so many images of the class with findings, and missing in as many of the other.
const WITH: f64 = 0.9;
/// The difference from the truth that is allowed.
const NEAR: f64 = 0.05;

/// A set of images and their pixels.
struct Drawn {
    samples: Samples,
    images: Images,
}

/// Phantoms with 1.5 times the usual contrast, so that a small network sees every finding that is shown. `normal` and `covid` are what is
/// planted in these classes.
fn drawn(seed: u64, images: u32, normal: &Value, covid: &Value, rest: &Value) -> Drawn {
    let with = |class: Value, planted: &Value| -> Value {
        class.as_object().unwrap().iter().chain(planted.as_object().unwrap()).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let classes = json!({
        "normal": with(json!({ "images": images }), normal),
        "covid": with(json!({ "images": images, "finding": "focal", "hidden": HIDDEN }), covid),
    });
    let stage = with(json!({ "size": 32, "contrast": 1.5, "images_per_patient": 1, "classes": classes }), rest);
    let stage: phantoms::Phantoms = serde_json::from_value(stage).unwrap();
    let cx = Context::for_tests(phantoms::Phantoms::NAME).seeded(seed);
    let samples = stage.run(phantoms::Inputs {}, &cx).unwrap().samples;
    let pixels = |bytes: &[u8]| grey::decode(bytes).unwrap().grey.pixels.iter().map(|p| (p >> 8) as u8).collect();
    let packed = samples.images.iter().map(|file| (hilum_cache::Digest::of(&file.bytes), pixels(&file.bytes))).collect();
    let dir = tempfile::tempdir().unwrap();
    NewPack::of(packed, None).save(dir.path()).unwrap();
    // The pixels are mapped, so that their file may be removed while they are read.
    let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: dir.path().join(name) });
    Drawn { samples, images: Images::open(&files).unwrap() }
}

/// What a study finds whose training and test images have a cue.
struct Found {
    groups: Vec<WithinGroupsRow>,
    probes: Vec<ProbeRow>,
    /// The AUROC on the test images drawn without the cue.
    bare: f64,
    notes: Vec<String>,
}

impl Found {
    fn of(normal: &Value, covid: &Value, rest: &Value) -> Found {
        let training = drawn(5, 600, normal, covid, rest);
        let stage = json!({
            "network": { "smallcnn64": { "width": 8, "dropout": 0 } },
            "steps": 250,
            "schedule": { "cosine": {} },
            "optimiser": { "adam": { "learning_rate": 3e-3 } },
        });
        let mut trainer: train_classifier::TrainClassifier = serde_json::from_value(stage).unwrap();
        trainer.complete();
        let cx = Context::for_tests(train_classifier::TrainClassifier::NAME).seeded(7);
        let learned = training.samples.clone();
        let inputs = train_classifier::Inputs { samples: training.samples, validation: None, images: vec![training.images] };
        let weights = trainer.run(inputs, &cx).unwrap().weights;

        let nothing = json!({});
        let bare = drawn(77, 1000, &nothing, &nothing, &nothing);
        let store_of = [bare.images];
        let store = ImageStore::of(&store_of).unwrap();
        let probabilities = classifier::probabilities(&weights, &bare.samples.rows, &store, &Context::for_tests(Shortcuts::NAME)).unwrap();
        let labels = weights.document.labels(&bare.samples.rows, "test set").unwrap();
        let covid_at = weights.document.classes.iter().position(|class| class == "covid").unwrap();
        let predictions = Predictions::new(2, labels, probabilities);
        let measure = crate::evaluation::metric::Measure { metric: find("auroc", true).unwrap(), class: Some(covid_at) };
        let on_bare = measure.value(&predictions.weighted(&vec![1.0; bare.samples.rows.len()])).unwrap();

        let tested = drawn(77, 1000, normal, covid, rest);
        let packs = vec![drawn(5, 600, normal, covid, rest).images, tested.images];
        let cx = Context::for_tests(Shortcuts::NAME);
        let stage: Shortcuts = serde_json::from_value(json!({ "positive": "covid" })).unwrap();
        let out = stage.run(Inputs { weights, samples: tested.samples, training: Some(learned), images: packs }, &cx).unwrap();
        Found {
            groups: out.groups.rows,
            probes: out.probes.rows,
            bare: on_bare,
            notes: cx.notes().into_iter().filter(Note::is_warning).map(|note| note.text).collect(),
        }
    }

    fn probe(&self, name: &str) -> &ProbeRow {
        self.probes.iter().find(|row| row.probe == name).unwrap()
    }

    fn group(&self, measure: &str) -> &WithinGroupsRow {
        self.groups.iter().find(|row| row.measure == measure).unwrap()
    }

    fn warns(&self) -> [bool; 3] {
        ["without the border", "border of the images alone", "pairs of one source"].map(|words| self.notes.iter().any(|note| note.contains(words)))
    }
}

fn near(what: &str, found: Option<f64>, truth: f64) {
    assert!((found.unwrap() - truth).abs() < NEAR, "{what}: {found:?}, and {truth:.3} is true");
}

/// The best AUROC by the finding alone: where it is hidden, images are ordered by chance.
fn by_finding() -> f64 {
    1.0 - HIDDEN / 2.0
}

/// The best AUROC with a cue as well, which orders those images as often as it tells the classes.
fn with_cue() -> f64 {
    by_finding() + HIDDEN * (WITH - 0.5)
}

/// Of what is above ½, the share that is left without the cue.
fn left() -> f64 {
    (by_finding() - 0.5) / (with_cue() - 0.5)
}

#[test]
fn the_share_of_a_mark_at_the_border_is_the_true_one() {
    let found = Found::of(&json!({ "mark": 1.0 - WITH }), &json!({ "mark": WITH }), &json!({}));
    let (plain, without, alone) = (found.probe("none"), found.probe("no-border"), found.probe("only-border"));
    near("with the mark", plain.auroc, with_cue());
    near("without the border", without.auroc, by_finding());
    near("without the border, beside the same images without a mark", without.auroc, found.bare);
    near("what the border takes", without.loss, with_cue() - by_finding());
    near("what it leaves", without.kept, left());
    near("the border alone", alone.auroc, WITH);
    assert!(without.loss_low.unwrap() > 0.0 && without.kept_high.unwrap() < 1.0 && without.p.unwrap() < 1e-6, "{without:?}");
    assert!(without.kept_low.unwrap() < left() && left() < without.kept_high.unwrap(), "{without:?}");
    assert_eq!(found.warns(), [true, true, false], "{:?}", found.notes);
}

#[test]
fn the_share_of_a_source_is_the_true_one() {
    let (normal, covid) = (json!({ "sources": [WITH, 1.0 - WITH] }), json!({ "sources": [1.0 - WITH, WITH] }));
    let found = Found::of(&normal, &covid, &json!({ "sources": 2, "levels": [0, 0.15] }));
    near("with the source", found.group("auroc").value, with_cue());
    near("within a source", found.group("auroc-within").value, by_finding());
    near("within a source, beside the same images from one source", found.group("auroc-within").value, found.bare);
    near("the source alone", found.group("auroc-of-group").value, WITH);
    let share = found.group("share-left");
    near("what is left of it", share.value, left());
    assert!(share.low.unwrap() < left() && left() < share.high.unwrap() && share.high.unwrap() < 1.0, "{share:?}");
    let equal = found.probe("equal-greys");
    near("at equal grey levels", equal.auroc, by_finding());
    near("what equal grey levels leave", equal.kept, left());
    assert!(found.warns()[2], "{:?}", found.notes);
}

#[test]
fn where_nothing_is_planted_nothing_is_found() {
    let found = Found::of(&json!({}), &json!({}), &json!({ "sources": 2 }));
    near("of the finding", found.probe("none").auroc, by_finding());
    for probe in ["no-border", "equal-greys"] {
        near(probe, found.probe(probe).kept, 1.0);
    }
    near("the border alone", found.probe("only-border").auroc, 0.5);
    near("within a source", found.group("share-left").value, 1.0);
    assert_eq!(found.warns(), [false; 3], "{:?}", found.notes);
}
