//! Intervals of differences of two arms on the same patients, one training each, and how often a difference as large as the margin is
//! called irrelevant.

use crate::Effort;
use crate::simulated::{Design, Set, head, row, simulate, summary};
use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::evaluation::difference::{TestChoice, difference};
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::tested::Tested;
use hilum_stages::evaluation::{METRICS, Predictions};
use hilum_stages::statistics::special::{normal_cdf, normal_quantile};

const SHOWN: [(&str, Option<usize>); 6] =
    [("auroc", Some(1)), ("sensitivity", Some(1)), ("specificity", Some(1)), ("accuracy", None), ("f1", Some(1)), ("brier", Some(1))];

fn tested(set: &Set, area: f64, own: f64, s: &mut Stream, patients: &Patients, labels: &[usize]) -> Tested {
    let distance = 2f64.sqrt() * normal_quantile(area);
    let scores = set.classified(distance, own, s).iter().map(|x| normal_cdf(*x - distance / 2.0)).map(|p| vec![1.0 - p, p]).collect();
    Tested::of(METRICS, Predictions::new(2, labels.to_vec(), scores), patients)
}

/// Two arms, and their patients.
fn pair(design: Design, (one, other): (f64, f64), own: f64, s: &mut Stream) -> (Tested, Tested, Patients) {
    let set = design.draw(s);
    let labels: Vec<usize> = set.positive.iter().map(|p| usize::from(*p)).collect();
    let tokens: Vec<String> = set.patient.iter().map(|p| p.to_string()).collect();
    let patients = Patients::of(&tokens, &labels, 2);
    let (a, b) = (tested(&set, one, own, s, &patients, &labels), tested(&set, other, own, s, &patients, &labels));
    (a, b, patients)
}

pub(crate) fn run(effort: Effort) {
    println!(
        "\n{} simulations; in brackets after the width, per cent of \"no relevant difference\" with the true difference as the margin\n",
        effort.simulations
    );
    let names: Vec<&str> = SHOWN.iter().map(|s| s.0).collect();
    head(&[&["areas", "own part of the variance", "patients", "positive"], &names[..]].concat());
    for (areas, own) in [((0.8, 0.7), 0.2), ((0.9, 0.9), 0.2), ((0.97, 0.95), 0.2), ((0.97, 0.97), 0.02), ((0.9, 0.89), 0.01)] {
        let places = |t: &Tested| SHOWN.map(|(name, class)| t.measures().iter().position(|m| m.metric.name == name && m.class == class).expect("a metric"));
        let many = Design { patients: 60_000, prevalence: 0.25, mixed: false };
        let (a, b, _) = pair(many, areas, own, &mut Seed(7).stream("coverage", "truth"));
        let at = places(&a);
        let truth = at.map(|at| a.value(at).expect("a value") - b.value(at).expect("a value"));
        for patients in [24, 46, 100, 200, 1000] {
            let design = Design { patients, prevalence: 0.25, mixed: false };
            let effort = if patients > 200 { Effort { simulations: effort.simulations.min(1000), ..effort } } else { effort };
            let found = simulate("differences", effort.simulations, |s| {
                let (a, b, patients) = pair(design, areas, own, s);
                at.map(|at| difference(&[&a], &[&b], at, &patients, TestChoice::T, None).and_then(|d| d.interval))
            });
            let mut cells = vec![format!("{} and {}", areas.0, areas.1), own.to_string(), patients.to_string(), design.positives().to_string()];
            cells.extend((0..at.len()).map(|m| {
                let intervals: Vec<_> = found.iter().map(|f| f[m]).collect();
                let is_none = |i: &&Option<(f64, f64)>| Conclusion::of(**i, Some(1.0), Some(truth[m].abs())) == Conclusion::NoRelevantDifference;
                let irrelevant = 100.0 * intervals.iter().filter(is_none).count() as f64 / intervals.len() as f64;
                let margin = if truth[m].abs() > 0.002 { format!(" [{irrelevant:.1}]") } else { String::new() };
                summary(&intervals, truth[m]) + &margin
            }));
            row(&cells);
        }
    }
}
