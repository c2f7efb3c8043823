//! How often studies find a difference: by `hilum power`, and by brute force. By force, scores of every image, training, fold and arm are
//! drawn here, written as the records that `evaluate` writes, and compared by the stage `compare` with all of its metrics and draws;
//! nothing of the command but its design and its assumptions is used. Prints a table in Markdown.
//!
//!   cargo bench --bench power -- --simulations 600
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum::language::language;
use hilum::pipeline::{self, Pipeline};
use hilum::plan::counts::counts;
use hilum::power::Effort;
use hilum::power::assumed::{AREA, ARMS_ALIKE, Asked, Assumed, BETWEEN, TRAININGS_ALIKE, WITHIN};
use hilum::power::design::{Design, comparisons, designs};
use hilum::power::search::power;
use hilum_cache::Digest;
use hilum_stages::contract::context::Context;
use hilum_stages::contract::port::Gathered;
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::contract::stage::Stage as _;
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::kinds::compare::{Compare, Inputs};
use hilum_stages::records::{Prediction, Purpose, Scores};
use hilum_stages::statistics::special::{normal_cdf, normal_quantile};
use rayon::prelude::*;
use std::collections::HashMap;

/// A study: what it is, its images, split, axes of the classifier, what is compared.
struct Case {
    what: &'static str,
    images: &'static str,
    split: &'static str,
    matrix: &'static str,
    compared: &'static str,
    differences: [f64; 3],
}

const HALF: &str = "in: { samples: images }, with: { train: 0.5, test: 0.5 }";
const CASES: [Case; 3] = [
    Case {
        what: "small, one training, three arms",
        images: "images_per_patient: 1, classes: { normal: { images: 120 }, covid: { images: 46 } }",
        split: HALF,
        matrix: "matrix: { loss: [none, balanced] },",
        compared: "against: { arm: real, loss: none }",
        differences: [0.0, 0.1, 0.15],
    },
    Case {
        what: "four folds, three repeats",
        images: "images_per_patient: 1, classes: { normal: { images: 150 }, covid: { images: 60 } }",
        split: "matrix: { fold: [0, 1, 2, 3] }, in: { samples: images }, with: { folds: 4, fold: $fold }",
        matrix: "matrix: { repeat: [0, 1, 2] },",
        compared: "against: { arm: real }",
        differences: [0.0, 0.05, 0.1],
    },
    Case {
        what: "three images a patient, sensitivity",
        images: "images_per_patient: 3, classes: { normal: { images: 240 }, covid: { images: 180 } }",
        split: HALF,
        matrix: "",
        compared: "against: { arm: real }, metric: sensitivity",
        differences: [0.0, 0.1, 0.15],
    },
];

impl Case {
    fn study(&self) -> Pipeline {
        let loss = if self.matrix.contains("loss") { "class_weights: $loss" } else { "" };
        let text = format!(
            "study: s\nseed: 1\nstages:\n  images: {{ stage: phantoms, with: {{ size: 32, {} }} }}\n  pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
             parts: {{ stage: split, {} }}\n  sets: {{ stage: oversample, matrix: {{ arm: [real, repeated] }}, in: {{ real: parts.train }}, with: {{ arm: $arm }} }}\n  \
             classifier: {{ stage: train-classifier, {} in: {{ samples: sets, images: pixels }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 1, loss: {{ {loss} }} }} }}\n  \
             scores: {{ stage: evaluate, in: {{ weights: classifier, samples: parts.test, images: pixels }}, with: {{ positive: covid }} }}\n  \
             comparison: {{ stage: compare, in: {{ scores: scores/* }}, with: {{ {} }} }}\n",
            self.images, self.split, self.matrix, self.compared
        );
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("study.yaml");
        std::fs::write(&file, text).expect("a file");
        let loaded = pipeline::load(&file, &[], &language());
        loaded.pipeline.unwrap_or_else(|| panic!("{}: {:?}", self.what, loaded.diagnostics))
    }

    /// The distance of two classes at which the metric is this, on average over trainings.
    fn distance(&self, value: f64) -> f64 {
        let z = normal_quantile(value);
        if self.compared.contains("sensitivity") { z * (4.0 + BETWEEN * BETWEEN).sqrt() } else { z * (2.0 + BETWEEN * BETWEEN).sqrt() }
    }

    fn reference(&self) -> f64 {
        let distance = 2f64.sqrt() * normal_quantile(AREA);
        if self.compared.contains("sensitivity") {
            normal_cdf(distance / (4.0 + BETWEEN * BETWEEN).sqrt())
        } else {
            normal_cdf(distance / (2.0 + BETWEEN * BETWEEN).sqrt())
        }
    }
}

/// Normal numbers of variance 1, of which those of a patient are alike.
fn drawn(design: &Design, s: &mut Stream) -> Vec<f64> {
    let mut of_patient: HashMap<&str, f64> = HashMap::new();
    let mut out = vec![];
    for token in &design.tokens {
        let common = if token.is_empty() { s.normal() } else { *of_patient.entry(token).or_insert_with(|| s.normal()) };
        out.push(WITHIN.sqrt() * common + (1.0 - WITHIN).sqrt() * s.normal());
    }
    out
}

/// The scores of every cell of a study whose first arm has one distance, and all others another.
fn cells(design: &Design, arms: &[String], better: &str, distances: (f64, f64), s: &mut Stream) -> Vec<Gathered<Scores>> {
    let positive = design.classes.iter().position(|c| c == "covid").expect("a class");
    let common = drawn(design, s);
    let mut out = vec![];
    for arm in arms {
        let mean = if arm == better { distances.0 } else { distances.1 };
        let of_arm = drawn(design, s);
        for (repeat, training) in design.trainings.iter().enumerate() {
            let own = drawn(design, s);
            for fold in 0..training.folds() {
                let distance = mean + BETWEEN * s.normal();
                let row = |i: usize| {
                    let noise = ARMS_ALIKE.sqrt() * common[i] + (TRAININGS_ALIKE - ARMS_ALIKE).sqrt() * of_arm[i] + (1.0 - TRAININGS_ALIKE).sqrt() * own[i];
                    let score = noise + if design.labels[i] == positive { distance / 2.0 } else { -distance / 2.0 };
                    let p = normal_cdf(score);
                    Prediction {
                        image: Digest::of(i.to_string().as_bytes()),
                        patient: design.tokens[i].clone(),
                        label: design.classes[design.labels[i]].clone(),
                        probabilities: (0..2).map(|c| if c == positive { p } else { 1.0 - p }).collect(),
                    }
                };
                let value = Scores {
                    purpose: Purpose::Performance,
                    classes: design.classes.clone(),
                    positive: Some("covid".into()),
                    threshold: None,
                    temperature: None,
                    training: None,
                    predictions: (0..design.labels.len()).filter(|i| training.fold[*i] == fold).map(row).collect(),
                    confusion: vec![],
                    metrics: vec![],
                };
                let folds = if training.folds() > 1 { format!("/fold={fold}") } else { String::new() };
                out.push(Gathered { cell: format!("{arm}{folds}/repeat={repeat}"), value });
            }
        }
    }
    out
}

/// The share of studies in which the stage calls the arm better; of no difference, better or worse.
fn by_force(case: &Case, p: &Pipeline, design: &Design, difference: f64, simulations: usize) -> f64 {
    let stage: Compare = serde_json::from_value(p.stages[comparisons(p)[0]].parameters.clone()).expect("parameters");
    let mut arms: Vec<String> = design.arms.iter().flat_map(|(arm, other)| [other.clone(), arm.clone()]).collect();
    arms.sort();
    arms.dedup();
    let better = &design.arms[0].0;
    let distances = (case.distance(case.reference() + difference), case.distance(case.reference()));
    let once = |k: usize| {
        let mut s = Seed(99).stream("bench", case.what).item(k as u64);
        let scores = cells(design, &arms, better, distances, &mut s);
        let out = stage.run(Inputs { scores }, &Context::bare(Compare::NAME, None)).expect("it can be compared");
        let conclusion = out.answers.rows.iter().find(|a| a.arm == *better).expect("an answer").conclusion;
        conclusion == Conclusion::Helped || difference == 0.0 && conclusion == Conclusion::Harmed
    };
    (0..simulations).into_par_iter().filter(|k| once(*k)).count() as f64 / simulations as f64
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let simulations = words.iter().position(|w| w == "--simulations").map_or(600, |at| words[at + 1].parse().expect("a number"));
    println!("| design | patients | true difference | `hilum power` | by force | apart |\n|---|---|---|---|---|---|");
    let mut farthest = 0.0f64;
    for case in &CASES {
        let p = case.study();
        let counts = counts(&p, &|_, _| Ok(None)).expect("counts");
        let design = designs(&p, &counts, &comparisons(&p)).remove(0).expect("a design");
        let patients = design.tokens.iter().collect::<std::collections::BTreeSet<_>>().len();
        let assumed = Assumed::of(&design, &Asked::default(), None).expect("it can be assumed");
        let found = power(Design { margin: None, ..design.clone() }, assumed, Effort { simulations, seed: Seed(1) }, &|_| ()).expect("an answer");
        for difference in case.differences {
            let said = match difference {
                0.0 => Some(found.false_findings),
                _ => found.table.iter().find(|r| (r.0 - difference).abs() < 1e-9).map(|r| r.1),
            };
            let Some(said) = said else { continue };
            let forced = by_force(case, &p, &design, difference, simulations);
            let apart = 100.0 * (said.value() - forced);
            farthest = farthest.max(apart.abs());
            println!("| {} | {patients} | {difference} | {:.1} | {:.1} | {apart:+.1} |", case.what, 100.0 * said.value(), 100.0 * forced);
        }
    }
    println!("\nfarthest apart: {farthest:.1} points; {simulations} studies each");
    // Both are simulated: three standard errors of their difference come on top.
    let error = 100.0 * (0.5 / simulations as f64).sqrt();
    assert!(farthest < 5.0 + 3.0 * error, "the command and brute force are more than 5 points apart");
}
