//! Intervals of all metrics as `evaluate` gives them, by the jackknife where there is no better way: coverage of the value on very many
//! patients.

use crate::Effort;
use crate::simulated::{Design, SIZES, Set, head, row, simulate, summary};
use hilum_stages::contract::seed::Seed;
use hilum_stages::evaluation::estimate::{Intervals, estimates};
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::tested::Tested;
use hilum_stages::evaluation::{METRICS, Predictions};
use hilum_stages::statistics::special::{normal_cdf, normal_quantile};

const SHOWN: [(&str, Option<usize>); 11] = [
    ("balanced-accuracy", None),
    ("mcc", None),
    ("kappa", None),
    ("brier", None),
    ("log-loss", None),
    ("auprc", Some(1)),
    ("f1", Some(1)),
    ("hm-sens-spec", Some(1)),
    ("partial-auroc", Some(1)),
    ("net-benefit", Some(1)),
    ("sens-at-spec", Some(1)),
];

/// Probabilities of a classifier of this area: of a normal score, calibrated for equal classes.
fn tested(set: &Set, area: f64) -> (Tested, Patients) {
    let distance = 2f64.sqrt() * normal_quantile(area);
    let labels: Vec<usize> = set.positive.iter().map(|p| usize::from(*p)).collect();
    let probability = |(noise, positive): (&f64, &bool)| normal_cdf((distance * f64::from(*positive) + noise - distance / 2.0) * 1.2);
    let scores = set.noise.iter().zip(&set.positive).map(probability).map(|p| vec![1.0 - p, p]).collect();
    let tokens: Vec<String> = set.patient.iter().map(|p| p.to_string()).collect();
    let patients = Patients::of(&tokens, &labels, 2);
    (Tested::of(METRICS, Predictions::new(2, labels, scores), &patients), patients)
}

pub(crate) fn run(effort: Effort) {
    println!("\n{} simulations\n", effort.simulations);
    let names: Vec<&str> = SHOWN.iter().map(|s| s.0).collect();
    head(&[&["area", "patients", "positive"], &names[..]].concat());
    for (area, prevalence) in [(0.7, 0.5), (0.9, 0.25)] {
        let places = |t: &Tested| SHOWN.map(|(name, class)| t.measures().iter().position(|m| m.metric.name == name && m.class == class).expect("a metric"));
        let many = Design { patients: 60_000, prevalence, mixed: false }.draw(&mut Seed(5).stream("coverage", "truth"));
        let (truth, _) = tested(&many, area);
        let at = places(&truth);
        for patients in SIZES {
            let design = Design { patients, prevalence, mixed: false };
            let effort = if patients > 200 { Effort { simulations: effort.simulations.min(1000), ..effort } } else { effort };
            let found = simulate("metrics", effort.simulations, |s| {
                let (one, patients) = tested(&design.draw(s), area);
                let all = estimates(std::slice::from_ref(&one), &patients, Intervals::Auto, 100);
                at.map(|at| all[at].interval.as_ref().ok().map(|i| (i.low, i.high)))
            });
            let mut cells = vec![area.to_string(), patients.to_string(), design.positives().to_string()];
            cells.extend((0..at.len()).map(|m| summary(&found.iter().map(|f| f[m]).collect::<Vec<_>>(), truth.value(at[m]).expect("a value"))));
            row(&cells);
        }
    }
}
