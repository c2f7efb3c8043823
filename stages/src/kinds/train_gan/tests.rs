//! What is watched changes nothing, is what the stages after a training would say, and goes on after an interruption at any moment.

use super::*;
use crate::contract::context::{Checkpoints, Progress, Said};
use crate::contract::fit::NotWritten;
use crate::contract::kind::StageKind;
use crate::data::embedding::Embedding;
use crate::data::sample::Sample;
use crate::data::sample::tests::sample;
use crate::kinds::classifier::tests::{fresh, packed};
use crate::kinds::features::{self, Features};
use crate::kinds::generative_quality::{self, GenerativeQuality};
use crate::kinds::synthesize::{self, Synthesize};
use crate::records::Record;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Images of patients with two each: more than the classifier has features.
fn rows(label: &str, count: u32) -> Vec<Sample> {
    (0..count).map(|i| sample(&format!("{label}{:02}", i / 2), i % 2, label)).collect()
}

fn inputs() -> Inputs {
    let rows = [rows("normal", 12), rows("covid", 20)].concat();
    Inputs { images: vec![packed(&rows)], samples: Samples::of(rows), weights: Some(fresh()) }
}

fn stage(with: Value) -> TrainGan {
    let mut stage: TrainGan = serde_json::from_value(with).unwrap();
    stage.complete();
    stage
}

fn dcgan(steps: u32, watch: Value) -> TrainGan {
    let network = json!({ "dcgan": { "size": 32, "width": 2, "latent": 4 } });
    stage(json!({ "network": network, "label": "covid", "steps": steps, "batch": 4, "optimiser": { "learning_rate": 0.02 }, "watch": watch }))
}

fn run(stage: &TrainGan) -> (Outputs, Vec<Note>) {
    let cx = Context::for_tests(TrainGan::NAME).seeded(5);
    (stage.run(inputs(), &cx).unwrap(), cx.notes())
}

/// All that a training gives, as bytes: generator, history, grid and what was watched.
fn bytes(out: &Outputs) -> [Vec<u8>; 4] {
    let watched = out.watched.as_ref().map_or_else(Vec::new, |table| table.to_csv().unwrap());
    [out.generator.tensors.clone(), out.history.to_csv().unwrap(), out.grid.files[0].1.clone(), watched]
}

#[test]
fn every_network_is_trained_alike_with_and_without_watching() {
    let pair = json!({ "from": "normal", "to": "covid" });
    let of = |pair: &Value, more: Value| {
        let mut all = pair.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        Value::Object(all)
    };
    let networks = [
        json!({ "dcgan": { "size": 32, "width": 2, "latent": 4 } }),
        json!({ "stylegan2": { "size": 32, "width": 0.015625, "latent": 4, "ramp": 0.05 } }),
        json!({ "cyclegan": of(&pair, json!({ "width": 2, "blocks": 1, "pool": 2, "ema_decay": 0.5 })) }),
        json!({ "cyclegan-zunair": of(&pair, json!({ "channels": 1 })) }),
        json!({ "pix2pix": of(&pair, json!({ "levels": 2 })) }),
    ];
    for (name, _) in GanNetwork::table() {
        assert!(networks.iter().any(|network| network.get(name).is_some()), "a small {name} is trained, too");
    }
    for network in networks {
        let translates = network.to_string().contains("from");
        let with = |watch: Option<Value>| {
            let mut with = json!({ "network": network, "steps": 2, "batch": if translates { 1 } else { 2 }, "optimiser": { "learning_rate": 0.02 } });
            if !translates {
                with["label"] = json!("covid");
            }
            with["watch"] = watch.unwrap_or(Value::Null);
            run(&stage(with)).0
        };
        let (watched, alone) = (with(Some(json!({ "every": 1, "images": 15, "metrics": ["kid"] }))), with(None));
        assert_eq!(bytes(&watched)[..3], bytes(&alone)[..3], "{network}");
        assert!(alone.watched.is_none());
        let rows = watched.watched.unwrap().rows;
        let made = if translates { 12 } else { 15 };
        assert_eq!(rows.iter().map(|row| (row.step, row.real, row.synthetic)).collect::<Vec<_>>(), [(1, 15, made), (2, 15, made)], "{network}");
        assert!(rows.iter().all(|row| row.value.is_some() && row.baseline.is_some() && row.reason.is_empty()), "{rows:?}");
        assert_ne!(rows[0].value, rows[1].value, "{network}: the generator of each step is watched");
    }
}

#[test]
fn the_last_values_are_those_of_the_stages_that_follow() {
    let (out, notes) = run(&dcgan(3, json!({ "every": 2, "images": 20 })));
    let watched = out.watched.unwrap();
    let seen = |step: usize| watched.rows.iter().filter(move |row| row.step == step);
    assert_eq!(watched.rows.iter().map(|row| row.step).collect::<Vec<_>>(), [2, 2, 3, 3], "and after the last step");
    assert_eq!(notes.last(), Some(&Note::info("watched by 16 features of classifier (smallcnn64), of 20 training images and 20 generated ones")));

    let making: Synthesize = serde_json::from_value(json!({ "count": 20 })).unwrap();
    let given = synthesize::Inputs { generator: out.generator, source: None, images: vec![], real: None };
    let made = making.run(given, &Context::for_tests(Synthesize::NAME).seeded(5)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    made.images.save(directory.path()).unwrap();
    let files = ["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: directory.path().join(name) });
    let covid = || Samples::of(rows("covid", 20));
    let features = |samples: Samples, images: Images| -> Embedding {
        let stage: Features = serde_json::from_str("{}").unwrap();
        let given = features::Inputs { samples: vec![samples], images: vec![images], weights: Some(fresh()) };
        stage.run(given, &Context::for_tests(Features::NAME)).unwrap().features
    };
    let features = vec![features(covid(), inputs().images.remove(0)), features(made.samples.clone(), Images::open(&files).unwrap())];
    let given = generative_quality::Inputs { real: covid(), synthetic: made.samples, features };
    let quality = GenerativeQuality {}.run(given, &Context::for_tests(GenerativeQuality::NAME).seeded(5)).unwrap().figures;
    for row in seen(3) {
        let wanted = quality.rows.iter().find(|other| other.metric == row.metric && other.class.is_empty()).unwrap();
        // Images are in another order there, in which sums are rounded and blocks of a jackknife are made.
        let is_near = |a: Option<f64>, b: Option<f64>, parts: f64| a.is_some() == b.is_some() && a.zip(b).is_none_or(|(a, b)| (a - b).abs() <= parts * b.abs());
        assert!(is_near(row.value, wanted.value, 1e-12) && is_near(row.standard_error, wanted.standard_error, 0.5), "{row:?} {wanted:?}");
        assert_eq!((row.real, row.synthetic), (wanted.real, wanted.synthetic));
        assert_eq!(row.extractor, wanted.extractor);
        match row.metric.as_str() {
            // Halves of ten images have fewer than they have features.
            "fid" => assert_eq!((row.baseline, row.reason.starts_with("no baseline: 10 real images")), (None, true), "{row:?}"),
            "kid" => assert!(row.baseline.is_some() && row.baseline != wanted.baseline, "halves are drawn by each stage"),
            _ => assert_eq!(row.baseline, wanted.baseline),
        }
    }
    assert_eq!(seen(3).map(|row| row.metric.as_str()).collect::<Vec<_>>(), ["fid", "kid"]);
    assert!(seen(2).zip(seen(3)).all(|(a, b)| a.value != b.value && a.baseline == b.baseline));
}

/// Keeps the newest checkpoint in memory; one is written only where a training is stopped.
#[derive(Default)]
struct Newest(Mutex<Option<(u64, Vec<u8>)>>);

impl Checkpoints for Newest {
    fn due(&self) -> bool {
        false
    }
    fn save(&self, step: u64, bytes: &[u8]) -> Result<()> {
        *self.0.lock().unwrap() = Some((step, bytes.to_vec()));
        Ok(())
    }
    fn latest(&self) -> Option<(u64, Vec<u8>)> {
        self.0.lock().unwrap().clone()
    }
}

/// What was reported and kept until a training was stopped, and what it gave when it went on.
struct Interrupted {
    reported: Vec<Progress>,
    kept: Option<u64>,
    out: Outputs,
    notes: Vec<Note>,
}

/// Stops a training after so many reports, and lets it go on; or all reports of one that ended before.
fn interrupted(stage: &TrainGan, after: usize) -> Result<Interrupted, Vec<Progress>> {
    let (newest, reported, stop) = (Newest::default(), Mutex::new(vec![]), AtomicBool::new(false));
    let report = |said: Said| {
        if let Said::Progress(progress) = said {
            let mut reported = reported.lock().unwrap();
            reported.push(progress);
            stop.store(reported.len() > after, Ordering::SeqCst);
        }
    };
    let cancelled = || stop.load(Ordering::SeqCst);
    let cx = || Context { checkpoints: &newest, ..Context::for_tests(TrainGan::NAME).seeded(5) };
    let first = stage.run(inputs(), &Context { report: &report, cancelled: &cancelled, ..cx() });
    let so_far = reported.lock().unwrap().clone();
    match first {
        Ok(_) => return Err(so_far),
        Err(why) => assert!(matches!(why, Error::Cancelled), "{why}"),
    }
    let (kept, again) = (newest.latest().map(|(step, _)| step), cx());
    let out = stage.run(inputs(), &again).unwrap();
    Ok(Interrupted { reported: so_far, kept, out, notes: again.notes() })
}

#[test]
fn a_training_that_was_stopped_at_any_report_goes_on_to_the_same_table() {
    let watch = dcgan(3, json!({ "every": 2, "images": 20, "metrics": ["kid", "fid"] }));
    let (whole, notes) = run(&watch);
    let (expected, mut seen) = (bytes(&whole), vec![]);
    let all = (0..).find_map(|after| match interrupted(&watch, after) {
        Ok(found) => {
            assert!(bytes(&found.out) == expected && found.notes == notes, "stopped after {after} reports");
            seen.push((found.reported[after].unit.clone(), found.kept));
            None
        }
        Err(all) => Some(all),
    });
    // While images of a step are looked at, the checkpoint is of that step.
    for at in [("training image", None), ("generated image", Some(2)), ("watched image", Some(2)), ("percent", Some(2)), ("watched image", Some(3))] {
        assert!(seen.contains(&(at.0.into(), at.1)), "{at:?} is not in {seen:?}");
    }
    let values = |progress: &Progress| progress.values.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let of_steps: Vec<Vec<String>> = all.unwrap().iter().filter(|progress| progress.unit == "step").map(values).collect();
    let watched = ["D", "G", "kid", "fid"].map(String::from);
    assert_eq!(of_steps, [watched[..2].to_vec(), watched.to_vec(), watched.to_vec()]);
}

#[test]
fn a_covariance_without_full_rank_is_warned_of_before_the_training() {
    let (out, notes) = run(&dcgan(1, json!({ "every": 1, "images": 16, "metrics": ["fid"] })));
    let why = "16 real images with 16 features each: a covariance of full rank needs 17 (see kid)";
    assert_eq!(notes.last(), Some(&Note::warning(format!("`fid` is not watched: {why}"))));
    let rows = out.watched.unwrap().rows;
    assert_eq!((rows.len(), rows[0].value, rows[0].reason.as_str()), (1, None, why));
}

#[test]
fn precisely_the_ports_that_are_watched_by_are_read_and_filled() {
    let alone = dcgan(1, Value::Null);
    assert!(serde_json::to_value(&alone).unwrap().get("watch").is_none(), "recipes stay as they are");
    assert!(!alone.reads("weights") && alone.requires("weights").is_none() && !alone.fills("watched") && alone.sources().is_empty());
    assert!(alone.reads("samples") && alone.fills("generator"));
    let own = dcgan(1, json!({ "every": 1, "images": 2 }));
    assert!(own.reads("weights") && own.requires("weights").is_some() && own.fills("watched") && own.sources().is_empty());
    let of_others = dcgan(1, json!({ "every": 1, "images": 2, "extractor": { "inception": { "path": "w.safetensors", "sha256": "0".repeat(64) } } }));
    assert!(!of_others.reads("weights") && of_others.requires("weights").is_none() && of_others.fills("watched"));
    assert_eq!(of_others.sources().iter().map(|s| s.parameter.as_str()).collect::<Vec<_>>(), ["watch.extractor.inception.path"]);
}

#[test]
fn what_cannot_be_watched_is_refused_when_the_study_is_read() {
    let faults = |watch: Value| {
        let with = json!({ "network": { "dcgan": {} }, "steps": 1, "watch": watch });
        let bad = (StageKind::of::<TrainGan>().decode)(with, &NotWritten).err().unwrap_or_default();
        bad.iter().map(|b| format!("{}: {:?}", b.path.join("."), b.what)).collect::<Vec<_>>()
    };
    assert_eq!(faults(json!({ "every": 1, "images": 2 })), [""; 0]);
    let one = |watch: Value, words: &[&str]| {
        let found = faults(watch);
        assert!(found.len() == 1 && words.iter().all(|word| found[0].contains(word)), "{found:?}");
    };
    one(json!({ "every": 0, "images": 2 }), &["watch.every: ", "at least 1"]);
    one(json!({ "every": 1, "images": 1 }), &["watch.images: ", "2"]);
    one(json!({ "every": 1 }), &["watch", "images"]);
    one(json!({ "every": 1, "images": 2, "metrics": ["fud"] }), &["watch.metrics", "fud", "inception-score"]);
    one(json!({ "every": 1, "images": 9, "metrics": ["inception-score"] }), &["watch.metrics: ", "images: 100"]);
}
