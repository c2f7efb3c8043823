//! Every sort of training in small: it runs, goes on after a kill, and says what is wrong where something is.

use crate::resume::{given, go_on, until};
use crate::space::{Space, said};
use std::fs;

/// Images of phantoms and one stage for each sort of generator, with what it makes.
const GENERATORS: &str = r#"
study: trainings
seed: 7
stages:
  images: { stage: phantoms, with: { size: 32, contrast: 1.5, classes: { normal: { images: 20 }, covid: { images: 12, finding: peripheral } } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  dcgan:
    stage: train-gan
    in: { samples: images, images: pixels }
    with: { network: { dcgan: { size: 32, width: 8, latent: 16 } }, label: covid, steps: 60, batch: 8, augment: { flip: true, crop: 0.1 } }
  cyclegan:
    stage: train-gan
    in: { samples: images, images: pixels }
    with: { network: { cyclegan: { from: normal, to: covid, width: 4, blocks: 1, pool: 4, ema_decay: 0.9 } }, epochs: 2, augment: { flip: true } }
  zunair:
    stage: train-gan
    in: { samples: images, images: pixels }
    with: { network: { cyclegan-zunair: { from: normal, to: covid, channels: 1 } }, steps: 14, augment: { flip: true } }
  pix2pix:
    stage: train-gan
    in: { samples: images, images: pixels }
    with: { network: { pix2pix: { from: normal, to: covid, levels: 3, pairing: nearest } }, steps: 40 }
  stylegan2:
    stage: train-gan
    in: { samples: images, images: pixels }
    with: { network: { stylegan2: { size: 32, width: 0.015625, latent: 16 } }, label: covid, steps: 40, batch: 4 }
  of-dcgan: { stage: synthesize, in: { generator: dcgan }, with: { count: 5 } }
  of-cyclegan: { stage: synthesize, in: { generator: cyclegan, source: images, images: pixels } }
  and-back: { stage: synthesize, in: { generator: cyclegan, source: images, images: pixels }, with: { count: 3, reconstruct: true } }
  of-zunair: { stage: synthesize, in: { generator: zunair, source: images, images: pixels }, with: { contrast_stretch: true } }
  of-pix2pix: { stage: synthesize, in: { generator: pix2pix, source: images, images: pixels }, with: { count: 7 } }
  of-stylegan2: { stage: synthesize, in: { generator: stylegan2 }, with: { count: 5, truncation: 0.7 } }
"#;

fn generators() -> Space {
    let space = Space::new();
    space.write("study.yaml", GENERATORS);
    space
}
fn rows(space: &Space, stage: &str) -> Vec<Vec<String>> {
    let text = space.read(&format!("results/trainings/{stage}/samples/samples.csv"));
    text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn every_generator_goes_on_after_a_kill_and_makes_images() {
    let (whole, killed) = (generators(), generators());
    assert_eq!(whole.hilum(&["run", "study.yaml"]).code, 0);
    for (stage, step) in [("dcgan", 25), ("cyclegan", 17), ("zunair", 5), ("pix2pix", 13), ("stylegan2", 18)] {
        let mut under = until(&killed, &["--checkpoint-every", "0"], stage, step);
        under.run.kill().unwrap();
        under.run.wait().unwrap();
        // The report of a run that is not over shows what there is.
        assert_eq!(killed.hilum(&["report"]).code, 0);
        let report = killed.read("report.html");
        for words in ["In progress", &format!("{stage}, after step "), &format!("{stage}: losses so far")] {
            assert!(report.contains(words), "{stage}: no `{words}`");
        }
        assert!(report.contains("samples during training (top: earliest)"), "{stage}");
        assert!(go_on(&killed, stage).contains("resumes after step "), "{stage}");
        assert_eq!(given(&killed, stage), given(&whole, stage), "{stage}");
    }
    // Images that are translated have a parent, its patient and a label of their own; sampled ones have no patient.
    let images = rows(&whole, "images");
    let normal: Vec<&Vec<String>> = images.iter().filter(|r| r[3] == "normal").collect();
    for (stage, count, label) in [("of-cyclegan", 20, "covid"), ("of-zunair", 20, "covid"), ("of-pix2pix", 7, "covid"), ("and-back", 3, "normal")] {
        let made = rows(&whole, stage);
        assert_eq!(made.len(), count, "{stage}");
        for row in &made {
            let parent = normal.iter().find(|r| r[0] == row[7]).unwrap_or_else(|| panic!("{stage}: the parent of {row:?} is not an image of the source"));
            assert_eq!((row[1].as_str(), row[3].as_str(), row[5].as_str()), (parent[1].as_str(), label, "synthetic"), "{stage}");
        }
    }
    for stage in ["of-dcgan", "of-stylegan2"] {
        assert!(rows(&whole, stage).len() == 5 && rows(&whole, stage).iter().all(|r| r[1].is_empty() && r[7].is_empty()));
    }
    let header = |stage: &str| whole.read(&format!("results/trainings/{stage}/history.csv")).lines().next().unwrap().to_owned();
    let common = "step,loss-discriminator,loss-generator,d-real,d-fake,gradient-discriminator,gradient-generator";
    for (stage, own) in [("dcgan", "d-fake-after"), ("cyclegan", "adversarial,cycle,identity"), ("pix2pix", "adversarial,l1"), ("stylegan2", "r1,path-length")]
    {
        assert_eq!(header(stage), format!("{common},{own}"));
    }
    // Losses of every step; norms now and then, and in so short a training always.
    let history = whole.read("results/trainings/dcgan/history.csv");
    let steps: Vec<usize> = history.lines().skip(1).map(|l| l.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(steps, (1..=60).collect::<Vec<_>>());
    assert!(history.lines().all(|l| l.split(',').all(|cell| !cell.is_empty())), "{history}");
    // A default is part of the recipe: a change of it is reported.
    whole.edit("epochs: 2, augment: { flip: true }", "epochs: 2, batch: 2, augment: { flip: true }");
    let plan = whole.hilum(&["plan", "study.yaml"]).out;
    assert!(plan.contains("cyclegan   will run: batch 1 → 2 "), "{plan}");
}

/// A generator that is watched by the features of a classifier.
const WATCHED: &str = r#"
study: trainings
seed: 7
stages:
  images: { stage: phantoms, with: { size: 32, contrast: 1.5, classes: { normal: { images: 20 }, covid: { images: 12, finding: peripheral } } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  seen-by:
    stage: train-classifier
    in: { samples: images, images: pixels }
    with: { network: { smallcnn64: { width: 4 } }, steps: 10, batch: 8 }
  gan:
    stage: train-gan
    in: { samples: images, images: pixels, weights: seen-by }
    with:
      network: { dcgan: { size: 32, width: 8, latent: 16 } }
      label: covid
      steps: 60
      batch: 8
      watch: { every: 20, images: 12, metrics: [kid] }
"#;

#[test]
fn a_training_that_is_watched_goes_on_after_a_kill_is_shown_and_makes_the_same_generator() {
    let study = || {
        let space = Space::new();
        space.write("study.yaml", WATCHED);
        space
    };
    let (whole, killed) = (study(), study());
    assert_eq!(whole.hilum(&["run", "study.yaml"]).code, 0);
    let mut under = until(&killed, &["--checkpoint-every", "0"], "gan", 45);
    under.run.kill().unwrap();
    under.run.wait().unwrap();
    assert_eq!(killed.hilum(&["report"]).code, 0);
    let curve = "gan: kernel distance (KID) by classifier (smallcnn64)";
    let shows = |space: &Space, words: &str| assert!(space.read("report.html").contains(words), "no `{words}`");
    shows(&killed, curve);
    go_on(&killed, "gan");
    assert_eq!(given(&killed, "gan"), given(&whole, "gan"));
    let watched = whole.read("results/trainings/gan/watched.csv");
    let rows: Vec<Vec<&str>> = watched.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0].join(","), "step,extractor,metric,value,standard-error,baseline,real,synthetic,reason");
    let steps: Vec<[&str; 2]> = rows[1..].iter().map(|row| [row[0], row[2]]).collect();
    assert_eq!(steps, ["20", "40", "60"].map(|step| [step, "kid"]));
    assert!(rows[1..].iter().all(|row| !row[3].is_empty() && row[6..] == ["12", "12", ""]), "{watched}");
    assert_eq!(whole.hilum(&["report"]).code, 0);
    shows(&whole, curve);
    shows(&whole, "gan, watched");
    // Without it, there is no such output, and nothing else differs.
    let with = given(&whole, "gan");
    whole.edit("      watch: { every: 20, images: 12, metrics: [kid] }\n", "");
    whole.edit(", weights: seen-by }", " }");
    assert_eq!(whole.hilum(&["run", "study.yaml"]).code, 0);
    let mut without = given(&whole, "gan");
    without.extend(with.iter().filter(|(name, _)| name.contains("watched")).map(|(name, digest)| (name.clone(), digest.clone())));
    assert!(without == with && with.len() == 4, "{with:?} {without:?}");
}

/// The tiny study with classifiers that have two phases.
#[test]
fn phases_go_on_after_a_kill_and_frozen_layers_stay() {
    let study = || {
        let space = Space::tiny();
        space.edit("train: 0.7, test: 0.3", "train: 0.5, validation: 0.2, test: 0.3");
        space.edit("samples: training-set, images", "samples: training-set, validation: split.validation, images");
        space.edit(
            "      epochs: 2\n",
            "      phases:\n        - { train: head, epochs: 4, learning_rate: 0.01 }\n        - { epochs: 8, learning_rate: 0.006, schedule: { one-cycle: { div_factor: 6 } } }\n      \
             optimiser: { adam: {} }\n      frozen_norms: eval\n      normalise: training-set\n      loss: { class_weights: { given: { covid: 2, normal: 1 } }, label_smoothing: 0.1 }\n      sampling: balanced\n      keep: best\n      trees: { count: 3 }\n",
        );
        space
    };
    let stage = "classifier/arm=real/repeat=0";
    let space = study();
    let run = space.hilum(&["run", "study.yaml"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let expected = given(&space, stage);
    let history = space.read("results/tiny/classifier/arm=real/repeat=0/history.csv");
    let rates: Vec<f64> = history.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(rates.len() == 12 && rates[..4] == [0.01; 4] && rates[5] > rates[11], "{history}");
    for steps in [7, 12, 20] {
        let space = study();
        let mut under = until(&space, &["--checkpoint-every", "0"], stage, steps);
        under.run.kill().unwrap();
        under.run.wait().unwrap();
        go_on(&space, stage);
        assert_eq!(given(&space, stage), expected, "killed after step {steps}");
    }
}

fn fails(edits: &[(&str, &str)], stage: &str, words: &[&str]) {
    let space = generators();
    edits.iter().for_each(|(from, to)| space.edit(from, to));
    let run = said(space.command(&["run", "study.yaml", "--only", stage, "--checkpoint-every", "0"]).output().unwrap());
    assert!(run.code != 0, "{}", run.err);
    words.iter().for_each(|w| assert!(run.err.contains(w), "`{w}` is not in: {}", run.err));
}

#[test]
fn errors_of_a_training_are_reported() {
    // An absurd rate: weights grow past every number, and the last state that was whole is kept.
    fails(
        &[("label: covid, steps: 60", "label: covid, optimiser: { learning_rate: 1e30 }, steps: 60")],
        "dcgan",
        &["the training diverged", "lower `optimiser.learning_rate`"],
    );
    fails(
        &[("{ dcgan: { size: 32,", "{ dcgan: { size: 64,")],
        "dcgan",
        &["dcgan needs 64×64 images, but the packed images are 32×32", "change `size` of `prepare`"],
    );
    fails(
        &[("from: normal, to: covid, width: 4", "from: normal, to: flu, width: 4")],
        "cyclegan",
        &["asks for images of the class `flu`", "the classes are: `covid`, `normal`"],
    );
    fails(&[("levels: 3", "levels: 6")], "pix2pix", &["pix2pix needs images whose side is a multiple of 64"]);
    fails(
        &[("in: { generator: dcgan }", "in: { generator: dcgan, source: images, images: pixels }")],
        "of-dcgan",
        &["generates images from noise and does not translate"],
    );
    fails(
        &[("in: { generator: zunair, source: images, images: pixels }", "in: { generator: zunair }")],
        "of-zunair",
        &["this network translates images, but none are given"],
    );
    fails(&[("count: 7", "count: 21")], "of-pix2pix", &["`count` is 21, but `source` has 20 images labelled `normal`"]);
    fails(&[("with: { count: 5, truncation: 0.7 }", "with: { count: 5, reconstruct: true }")], "of-stylegan2", &["cannot translate back"]);
    fails(&[("with: { count: 5 }", "with: { count: 5, truncation: 0.7 }")], "of-dcgan", &["no styles to truncate"]);
    fails(&[("steps: 40, batch: 4", "steps: 40, batch: 6")], "stylegan2", &["`batch`", "must be a multiple of the network's `group`"]);
}

#[test]
fn one_image_and_a_batch_larger_than_the_set_are_trained_on() {
    let space = generators();
    space.edit("covid: { images: 12,", "covid: { images: 1,");
    // Down to a map of one pixel, of which a batch norm leaves its bias.
    space.edit("levels: 3, pairing: nearest } }, steps: 40", "levels: 5 } }, steps: 2");
    for stage in ["dcgan", "cyclegan", "zunair", "pix2pix", "stylegan2"] {
        let run = space.hilum(&["run", "study.yaml", "--only", stage]);
        assert_eq!(run.code, 0, "{stage}: {}", run.err);
        let at = |words: &str| run.err.find(words).unwrap_or_else(|| panic!("`{words}` was not printed: {}", run.err));
        assert!(at(&format!("{stage}   warning: there is 1 image to train on")) < at(&format!("{stage}   finished, took")), "warned too late");
        assert_eq!(run.err.matches("there is 1 image to train on").count(), 1, "warned twice");
    }
    assert_eq!(space.hilum(&["report"]).code, 0);
    assert!(space.read("report.html").contains("<div class=\"warn\"><b>stylegan2</b> warning: there is 1 image to train on"));
}

#[test]
fn a_diverged_training_keeps_its_last_good_state() {
    let space = generators();
    // The first step is made with weights as they began, the second with weights whose products are infinite.
    space.edit("epochs: 2, augment", "epochs: 2, optimiser: { learning_rate: 1e25 }, augment");
    let run = space.hilum(&["run", "study.yaml", "--only", "cyclegan", "--checkpoint-every", "0"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let kept = run.err.split("the last good checkpoint, after step ").nth(1).expect(&run.err);
    let step: u64 = kept.split(',').next().unwrap().parse().unwrap();
    let directory = crate::resume::kept(&space).remove(0);
    let newest = fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).max().unwrap();
    assert_eq!(newest, format!("{step:012}"));
}

/// What the last update did is seen by no loss that follows.
#[test]
fn a_training_that_diverges_in_its_last_step_is_refused() {
    let rate = "optimiser: { learning_rate: 1e38 }";
    fails(&[("label: covid, steps: 60", &format!("label: covid, {rate}, steps: 1"))], "dcgan", &["the training diverged", "at step 1 of 1"]);
    fails(&[("epochs: 2, augment", &format!("steps: 1, {rate}, augment"))], "cyclegan", &["the training diverged", "at step 1 of 1"]);
    fails(&[("steps: 40 }", &format!("steps: 1, {rate} }}"))], "pix2pix", &["the training diverged", "at step 1 of 1"]);
    let classifier = |with: &str| {
        format!(
            "steps: 40, batch: 4 }}\n  classifier:\n    stage: train-classifier\n    in: {{ samples: images, images: pixels }}\n    \
             with: {{ network: {{ smallcnn64: {{ width: 4 }} }}, {with} }}"
        )
    };
    for with in ["steps: 1, optimiser: { sgd: { learning_rate: 1e25 } }", "phases: [{ steps: 1 }], optimiser: { adam: { learning_rate: 1e25 } }"] {
        fails(&[("steps: 40, batch: 4 }", &classifier(with))], "classifier", &["the training diverged", "at step 1 of 1", "lower the learning rate"]);
    }
}

/// A translation shows the patient of its image: a model tested on that patient must not have seen it.
#[test]
fn translations_belong_to_the_patients_of_their_images() {
    let study = |source: &str| {
        let space = Space::new();
        space.write(
            "study.yaml",
            format!(
                "study: translations\nseed: 1\nstages:\n  \
                 images: {{ stage: phantoms, with: {{ size: 32, classes: {{ normal: {{ images: 40 }}, covid: {{ images: 16 }} }} }} }}\n  \
                 pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
                 split: {{ stage: split, in: {{ samples: images }}, with: {{ by: patient, train: 0.5, validation: 0.25, test: 0.25 }} }}\n  \
                 translator: {{ stage: train-gan, in: {{ samples: split.train, images: pixels }}, with: {{ network: {{ cyclegan: {{ from: normal, to: covid, width: 2, blocks: 1 }} }}, steps: 2 }} }}\n  \
                 translated: {{ stage: synthesize, in: {{ generator: translator, source: {source}, images: pixels }} }}\n  \
                 both: {{ stage: oversample, in: {{ real: split.train, synthetic: translated }}, with: {{ arm: real+synthetic }} }}\n  \
                 parts: {{ stage: split, in: {{ samples: both }}, with: {{ by: patient, train: 0.6, test: 0.4 }} }}\n  \
                 classifier: {{ stage: train-classifier, in: {{ samples: both, images: [pixels, translated.images] }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 2 }} }}\n  \
                 scores: {{ stage: evaluate, in: {{ weights: classifier, samples: split.test, images: pixels }} }}\n"
            ),
        );
        let run = space.hilum(&["run", "study.yaml"]);
        (space, run)
    };
    let (space, run) = study("split.train");
    assert_eq!(run.code, 0, "{}", run.err);
    // All images of a patient, the translations too, are dealt out as one.
    let patients = |part: &str| -> Vec<(String, String)> {
        let text = space.read(&format!("results/translations/parts/{part}.csv"));
        text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()).map(|c| (c[1].clone(), c[5].clone())).collect()
    };
    let (train, test) = (patients("train"), patients("test"));
    assert!(train.iter().all(|(p, _)| !test.iter().any(|(q, _)| p == q)));
    assert!([&train, &test].iter().all(|part| part.iter().any(|(_, origin)| origin == "synthetic")));

    let (_, run) = study("split.test");
    assert!(run.code == 4 && !run.err.contains("translator   started") && run.err.contains("L0002") && run.err.contains("split by patient"), "{}", run.err);
    // Images of another size than the generator learned from are not cut to pieces.
    let space = study("split.train").0;
    space.edit("pixels: { stage: prepare", "large: { stage: prepare, in: { samples: images }, with: { size: 64 } }\n  pixels: { stage: prepare");
    space.edit("source: split.train, images: pixels", "source: split.train, images: large");
    let run = space.hilum(&["run", "study.yaml"]);
    assert!(run.code == 1 && run.err.contains("the generator was trained on 32×32 images, but those of `source` are 64×64"), "{}", run.err);
}
