//! Intervals of the mean area over trainings and patients.

use crate::Effort;
use crate::simulated::{Design, LEVEL, Scores, head, row, simulate, summary};
use hilum_stages::statistics::delong::{Area, area, covariance};
use hilum_stages::statistics::interval::auroc_over_trainings;
use hilum_stages::statistics::repeats::{Estimate, over_trainings};
use hilum_stages::statistics::special::normal_quantile;

type Limits = Option<(f64, f64)>;
const METHODS: [&str; 5] = ["patients alone", "trainings alone", "both, plain scale", "both, logit scale", "chosen"];
/// The part of the variance of a score that is a training's own.
const OWN: f64 = 0.2;

fn all(areas: &[Area]) -> [Limits; 5] {
    let values: Vec<f64> = areas.iter().map(|a| a.value).collect();
    let covariances: Vec<Vec<f64>> = areas.iter().map(|a| areas.iter().map(|b| covariance(a, b).expect("patients")).collect()).collect();
    let counts = areas[0].counts();
    let patients = counts.positive_patients.min(counts.negative_patients);
    let bounded = |estimate: Option<Estimate>| estimate.and_then(|e| e.mean().interval_within_0_and_1(LEVEL));
    let one = over_trainings(&values[..1], &[vec![covariances[0][0]]], patients);
    let none = vec![vec![0.0; values.len()]; values.len()];
    let both = over_trainings(&values, &covariances, patients);
    [
        bounded(one),
        bounded(over_trainings(&values, &none, patients)),
        both.and_then(|e| e.mean().interval(LEVEL)),
        bounded(both),
        auroc_over_trainings(areas, LEVEL).ok().map(|(_, i)| (i.low, i.high)),
    ]
}

pub(crate) fn run(effort: Effort) {
    println!("\n{} simulations\n", effort.simulations);
    head(&[&["area", "patients", "positive", "trainings", "deviation"], &METHODS[..]].concat());
    for truth in [0.7, 0.9, 0.97] {
        for (patients, prevalence) in [(12, 0.5), (24, 0.5), (60, 0.1), (46, 0.5), (46, 0.25), (60, 0.25), (200, 0.25), (1000, 0.25)] {
            let design = Design { patients, prevalence, mixed: false };
            // What patients contribute, on the scale of the distance.
            let z = normal_quantile(truth);
            let slope = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() / 2f64.sqrt();
            let errors = simulate("error of patients", 500, |s| {
                let set = design.draw(s);
                area(&Scores { area: truth, spread: 1.0 }.of(&set), &set.images()).expect("classes").value
            });
            let mean = errors.iter().sum::<f64>() / 500.0;
            let error = (errors.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / 499.0).sqrt();
            for trainings in [3, 5] {
                for deviation in [0.0, 0.5, 2.0] {
                    let spread = deviation * error / slope;
                    // So that the mean over trainings is the truth.
                    let distance = (2.0 + spread * spread).sqrt() * z;
                    let found = simulate("repeats", effort.simulations, |s| {
                        let set = design.draw(s);
                        let one = |_| {
                            let distance = distance + spread * s.normal();
                            area(&set.classified(distance, OWN, s), &set.images()).expect("classes")
                        };
                        all(&(0..trainings).map(one).collect::<Vec<_>>())
                    });
                    let mut cells = vec![truth.to_string(), patients.to_string(), design.positives().to_string(), trainings.to_string(), deviation.to_string()];
                    cells.extend((0..METHODS.len()).map(|m| summary(&found.iter().map(|f| f[m]).collect::<Vec<_>>(), truth)));
                    row(&cells);
                }
            }
        }
    }
}
