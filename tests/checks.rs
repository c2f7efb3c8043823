//! Each check that looks at a study's design: a study that fails it, and a twin that nearly does.

use crate::space::Space;
use serde_json::Value;

/// A study in which no check finds anything.
const SOUND: &str = "study: sound
seed: 1
stages:
  images: { stage: phantoms, with: { size: 32, images_per_patient: 1, classes: { normal: { images: 240 }, covid: { images: 220, finding: peripheral } } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  parts: { stage: split, in: { samples: images }, with: { train: 0.3, validation: 0.2, test: 0.5 } }
  training-set: { stage: oversample, matrix: { arm: [real, repeated] }, in: { real: parts.train }, with: { arm: $arm } }
  classifier:
    stage: train-classifier
    matrix: { repeat: [0, 1] }
    in: { samples: training-set, validation: parts.validation, images: pixels }
    with: { network: { smallcnn64: { width: 2 } }, steps: 4, batch: 16, early_stop: {} }
  scores: { stage: evaluate, in: { weights: classifier, samples: parts.test, images: pixels }, with: { positive: covid } }
  comparison: { stage: compare, in: { scores: scores/* }, with: { against: { arm: real }, resamples: 100 } }
";

/// Ids of what `plan` finds in the edited study, once all tables are there. `only` makes them.
fn found(edits: &[(&str, &str)], only: &str) -> Vec<String> {
    let space = Space::new();
    space.write("study.yaml", SOUND);
    edits.iter().for_each(|(from, to)| space.edit(from, to));
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu", "--only", only]);
    assert!([0, 4].contains(&said.code), "{edits:?}: {}", said.err);
    let said = space.hilum(&["plan", "study.yaml", "--json"]);
    let plan: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{edits:?}: {}", said.err));
    plan["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect()
}

/// A study that fails the check, and the sound twin of it.
fn fails(id: &str, bad: &[(&str, &str)], twin: &[(&str, &str)]) {
    let of = |edits: &[(&str, &str)]| found(edits, "training-set");
    let ids = of(bad);
    assert!(ids.iter().any(|found| found == id), "{id}: {ids:?}");
    let ids = of(twin);
    assert!(!ids.iter().any(|found| found == id), "the twin of {id}: {ids:?}");
}

#[test]
fn a_sound_study_has_no_finding() {
    assert_eq!(found(&[], "training-set"), Vec::<String>::new());
}

#[test]
fn choices_on_the_test_set() {
    fails("selection.on_test", &[("validation: parts.validation", "validation: parts.test")], &[]);
    let threshold = |from: &'static str| {
        [
            (
                "samples: parts.test, images: pixels }, with: { positive: covid }",
                "samples: parts.test, validation: parts.XX, images: pixels }, with: { positive: covid, threshold: { youden: {} } }",
            ),
            ("parts.XX", from),
        ]
    };
    fails("selection.on_test", &threshold("parts.test"), &threshold("parts.validation"));
    fails("selection.on_training", &threshold("parts.train"), &threshold("parts.validation"));
    let widths = [("matrix: { repeat: [0, 1] }", "matrix: { width: [2, 3], repeat: [0, 1] }"), ("{ width: 2 }", "{ width: $width }")];
    let unwatched = [widths[0], widths[1], (" validation: parts.validation,", ""), (", early_stop: {}", "")];
    fails("selection.no_validation", &unwatched, &widths);
}

#[test]
fn comparisons_that_say_too_much() {
    fails("eval.small_n", &[("images: 240", "images: 90"), ("images: 220", "images: 80")], &[]);
    let show = |names: &'static str| [("resamples: 100", "metric: sensitivity, show: SHOWN, resamples: 100"), ("SHOWN", names)];
    fails("eval.one_sided_metric", &show("[sensitivity]"), &show("[sensitivity, specificity]"));
    fails("eval.single_seed", &[("repeat: [0, 1]", "repeat: [0]")], &[]);
    let tests =
        |values: &'static str| [("parts: { stage: split,", "parts: { stage: split, matrix: { size: SIZES },"), ("test: 0.5", "test: $size"), ("SIZES", values)];
    fails("eval.unequal_test_sets", &tests("[0.5, 0.4]"), &tests("[0.5]"));
    let rare = ("images: 220", "images: 120");
    fails("compute.unequal_budget", &[rare, ("steps: 4", "epochs: 2")], &[rare]);
}

#[test]
fn training_sets_in_which_something_else_tells_the_class() {
    let from = |sources: &'static str| {
        [
            (
                "covid: { images: 220, finding: peripheral } } } }",
                "other: { images: 20 } } } }\n  more: { stage: phantoms, seed: 2, with: { size: 32, images_per_patient: 1, sources: N, classes: { covid: { images: 220, finding: peripheral } } } }\n  all: { stage: combine, in: { samples: [images, more] }, with: { labels: [normal, covid] } }",
            ),
            ("sources: N", sources),
            ("pixels: { stage: prepare, in: { samples: images }", "pixels: { stage: prepare, in: { samples: all }"),
            ("split, in: { samples: images }", "split, in: { samples: all }"),
        ]
    };
    fails("confound.source_label", &from("sources: 9"), &from("sources: 1"));
    let arms = |arms: &'static str| {
        [
            (
                "  training-set:",
                "  gan: { stage: train-gan, in: { samples: parts.train, images: pixels }, with: { network: { dcgan: { size: 32, width: 2 } }, label: covid, steps: 1, batch: 4 } }\n  made: { stage: synthesize, in: { generator: gan }, with: { count: 80 } }\n  training-set:",
            ),
            ("real: parts.train }", "real: parts.train, synthetic: made }"),
            ("arm: [real, repeated]", arms),
            ("images: pixels }\n    with", "images: [pixels, made.images] }\n    with"),
        ]
    };
    fails("synthetic.label_confounded", &arms("arm: [real, only-synthetic]"), &arms("arm: [real, repeated]"));
}

#[test]
fn copies_and_translations_of_test_images() {
    let split = |by: &'static str| {
        [
            (
                "  parts: { stage: split, in: { samples: images }, with: {",
                "  more: { stage: augment, in: { samples: images, images: pixels }, with: { images: 260, augment: { rotation: 5 } } }\n  parts: { stage: split, in: { samples: more }, with: { by: BY,",
            ),
            ("BY", by),
            ("validation: parts.validation, images: pixels }", "validation: parts.validation, images: [pixels, more.images] }"),
            ("samples: parts.test, images: pixels }", "samples: parts.test, images: [pixels, more.images] }"),
        ]
    };
    fails("leakage.augmented_before_split", &split("image"), &split("patient"));
    // Copies of the training part, dealt out to training and validation: nobody is tested on them.
    let inner = [
        (
            "parts: { stage: split, in: { samples: images }, with: { train: 0.3, validation: 0.2, test: 0.5 } }",
            "parts: { stage: split, in: { samples: images }, with: { train: 0.5, test: 0.5 } }\n  more: { stage: augment, in: { samples: parts.train, images: pixels }, with: { images: 150, augment: { rotation: 5 } } }\n  inner: { stage: split, in: { samples: more }, with: { by: image, train: 0.7, validation: 0.3 } }",
        ),
        ("real: parts.train", "real: inner.train"),
        ("validation: parts.validation, images: pixels }", "validation: inner.validation, images: [pixels, more.images] }"),
    ];
    assert!(!found(&inner, "training-set").iter().any(|id| id == "leakage.augmented_before_split"));
    let translated = |source: &'static str| {
        [
            (
                "  training-set:",
                "  gan: { stage: train-gan, in: { samples: parts.train, images: pixels }, with: { network: { cyclegan: { from: normal, to: covid, width: 2, blocks: 1 } }, steps: 1 } }\n  made: { stage: synthesize, in: { generator: gan, source: SOURCE, images: pixels }, with: {} }\n  training-set:",
            ),
            ("SOURCE", source),
            ("real: parts.train }", "real: parts.train, synthetic: made }"),
            ("arm: [real, repeated]", "arm: [real, only-synthetic]"),
            ("with: { arm: $arm }", "with: { arm: $arm, ratio: 0.1 }"),
            ("images: pixels }\n    with", "images: [pixels, made.images] }\n    with"),
        ]
    };
    fails("leakage.parent_in_eval", &translated("images"), &translated("parts.train"));
    // Tested on translations of training images, by a generator of other patients.
    let tested = |source: &'static str| {
        [
            (
                "  training-set:",
                "  gan: { stage: train-gan, in: { samples: parts.validation, images: pixels }, with: { network: { cyclegan: { from: normal, to: covid, width: 2, blocks: 1 } }, steps: 1 } }\n  made: { stage: synthesize, in: { generator: gan, source: SOURCE, images: pixels } }\n  mixed: { stage: combine, in: { samples: [parts.test, made] } }\n  training-set:",
            ),
            ("SOURCE", source),
            (" validation: parts.validation,", ""),
            (", early_stop: {}", ""),
            ("samples: parts.test, images: pixels }", "samples: mixed, images: [pixels, made.images] }"),
        ]
    };
    let of = |source| found(&tested(source), "mixed");
    assert!(of("parts.train").iter().any(|id| id == "leakage.synthetic_in_eval"), "{:?}", of("parts.train"));
    assert!(!of("parts.test").iter().any(|id| id == "leakage.synthetic_in_eval"), "{:?}", of("parts.test"));
    fails("aug.hflip_cxr", &[("early_stop: {}", "early_stop: {}, augment: { flip: true }")], &[("early_stop: {}", "early_stop: {}, augment: { rotation: 5 }")]);
}

/// The generator is trained on a part of the images, the classifier on `parts.train`.
#[test]
fn real_images_that_were_trained_on() {
    let compared = |generator: &'static str, stage: &'static str, with: &'static str| {
        [
            (
                "  comparison:",
                "  gan: { stage: train-gan, in: { samples: GENERATOR, images: pixels }, with: { network: { dcgan: { size: 32, width: 2 } }, label: covid, steps: 1, batch: 4 } }
  made: { stage: synthesize, in: { generator: gan }, with: { count: 30 } }
  vectors: { stage: features, in: { samples: [images, made], images: [pixels, made.images], weights: classifier/arm=real/repeat=0 } }
  figures: { COMPARED, features: vectors } }
  comparison:",
            ),
            ("GENERATOR", generator),
            ("COMPARED", stage),
            ("WITH", with),
        ]
    };
    let id = "synthetic.on_training";
    let quality = "stage: generative-quality, in: { real: WITH, synthetic: made";
    fails(id, &compared("parts.test", quality, "parts.test"), &compared("parts.train", quality, "parts.test"));
    fails(id, &compared("parts.test", quality, "parts.train"), &compared("parts.validation", quality, "parts.test"));
    let memory = "stage: memorisation, in: { images: [pixels, made.images], training: parts.validation, held_out: WITH, synthetic: made";
    fails(id, &compared("parts.train", memory, "parts.train"), &compared("parts.validation", memory, "parts.train"));
    let id = "synthetic.other_training";
    let memory = "stage: memorisation, in: { images: [pixels, made.images], training: WITH, held_out: parts.test, synthetic: made";
    fails(id, &compared("parts.train", memory, "parts.validation"), &compared("parts.train", memory, "parts.train"));
    let id = "features.other_pixels";
    let stretched = |of: &'static str| {
        let mut edits = compared("parts.train", quality, "parts.test").to_vec();
        edits.push(("with: { count: 30 }", of));
        edits
    };
    fails(id, &stretched("with: { count: 30, contrast_stretch: true }"), &stretched("with: { count: 30 }"));
}

/// Two sources, one of each class, of which the grey values of one are stretched.
const SOURCES: &str = "study: sources
seed: 1
stages:
  sick: { stage: phantoms, with: { size: 32, images_per_patient: 1, classes: { covid: { images: 60 } } } }
  well: { stage: phantoms, seed: 2, with: { size: 32, images_per_patient: 1, classes: { normal: { images: 60 } } } }
  all: { stage: combine, in: { samples: [sick, well] } }
  pixels: { stage: prepare, in: { samples: sick }, with: { size: 32, contrast_stretch: true } }
  others: { stage: prepare, in: { samples: well }, with: { size: 32 } }
  parts: { stage: split, in: { samples: all }, with: { train: 0.5, test: 0.5 } }
  net: { stage: train-classifier, in: { samples: parts.train, images: [pixels, others] }, with: { network: { smallcnn64: { width: 2 } }, epochs: 2, batch: 16 } }
  scores: { stage: evaluate, in: { weights: net, samples: parts.test, images: [pixels, others] } }
";

/// Ids of what a whole run of this study finds.
fn found_at_the_end(edits: &[(&str, &str)]) -> Vec<String> {
    let space = Space::new();
    space.write("study.yaml", SOURCES);
    edits.iter().for_each(|(from, to)| space.edit(from, to));
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{edits:?}: {}", said.err);
    let plan: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
    plan["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_class_that_one_number_tells() {
    let has = |ids: Vec<String>| ids.iter().any(|id| id == "confound.shortcut");
    assert!(has(found_at_the_end(&[])), "the brightest pixel tells the sources");
    assert!(!has(found_at_the_end(&[(", contrast_stretch: true", "")])));
}

#[test]
fn a_training_that_ends_too_early() {
    let has = |budget: &str| found_at_the_end(&[("epochs: 2", budget)]).iter().any(|id| id == "compute.undertrained");
    assert!(has("epochs: 10, optimiser: { sgd: { learning_rate: 1e-5 } }"), "it has hardly begun");
    assert!(!has("epochs: 2, optimiser: { sgd: { learning_rate: 1e-5 } }"), "two epochs tell no trend");
    assert!(!has("epochs: 30, optimiser: { adam: { learning_rate: 0.01 } }"), "it has settled");
}

#[test]
fn a_test_set_without_a_class() {
    let id = "metric.undefined";
    let few = "  few: { stage: combine, in: { samples: parts.test }, with: { labels: [LABELS] } }\n  scores:";
    let of = |labels: &str| {
        let few = few.replace("LABELS", labels);
        found_at_the_end(&[("  scores:", &few), ("weights: net, samples: parts.test", "weights: net, samples: few")])
    };
    assert!(of("normal").iter().any(|found| found == id));
    assert!(!of("normal, covid").iter().any(|found| found == id));
}
