//! How often tests reject where two classifiers are equally good.

use crate::Effort;
use crate::simulated::{Design, SIZES, head, row, simulate};
use hilum_stages::contract::seed::Stream;
use hilum_stages::statistics::delong::area;
use hilum_stages::statistics::paired::mcnemar::{Discordant, Patient, cochran_q, durkalski};
use hilum_stages::statistics::paired::{areas, folds, permutation};
use hilum_stages::statistics::special::normal_quantile;

/// The part of the variance of a score that is a classifier's own.
const OWN: f64 = 0.4;
const TESTS: [&str; 10] = [
    "clustered DeLong, z",
    "clustered DeLong, t",
    "swapped patients, accuracy",
    "swapped patients, area",
    "Durkalski",
    "McNemar exact, all images",
    "McNemar exact",
    "McNemar mid-p",
    "McNemar χ²",
    "Cochran's Q",
];

/// P values, each if the test has one.
fn all(design: Design, distance: f64, draws: usize, s: &mut Stream) -> [Option<f64>; 10] {
    let set = design.draw(s);
    let images = set.images();
    let arms: Vec<Vec<f64>> = (0..3).map(|_| set.classified(distance, OWN, s)).collect();
    let right = |arm: usize, image: usize| (arms[arm][image] > distance / 2.0) == set.positive[image];
    let (a, b) = (area(&arms[0], &images).expect("classes"), area(&arms[1], &images).expect("classes"));
    let counts = a.counts();
    let freedom = (counts.positive_patients.min(counts.negative_patients) - 1) as f64;

    let discordant = |of: &dyn Fn(usize) -> bool| {
        let is = |first: bool, i: usize| of(i) && right(0, i) == first && right(1, i) != first;
        let count = |first| (0..set.positive.len()).filter(|i| is(first, *i)).count() as u64;
        Discordant { first: count(true), second: count(false) }
    };
    let is_first = |i: usize| i == 0 || set.patient[i] != set.patient[i - 1];
    let (every, single) = (discordant(&|_| true), discordant(&is_first));
    let mut patients = vec![Patient { discordant: Discordant { first: 0, second: 0 }, images: 0 }; design.patients];
    for (i, patient) in set.patient.iter().enumerate() {
        let p = &mut patients[*patient];
        p.images += 1;
        p.discordant.first += u64::from(right(0, i) && !right(1, i));
        p.discordant.second += u64::from(!right(0, i) && right(1, i));
    }
    let rows: Vec<Vec<bool>> = (0..set.positive.len()).filter(|i| is_first(*i)).map(|i| (0..3).map(|arm| right(arm, i)).collect()).collect();

    let stream = s.clone();
    let of = |k: usize| stream.item(k as u64);
    let differences: Vec<f64> = patients.iter().map(|p| p.discordant.first as f64 - p.discordant.second as f64).collect();
    let accuracy = |swaps: &[bool]| Some(differences.iter().zip(swaps).map(|(d, s)| if *s { -d } else { *d }).sum());
    let area_difference = |swaps: &[bool]| {
        let arm = |x: usize| (0..set.positive.len()).map(|i| arms[if swaps[set.patient[i]] { 1 - x } else { x }][i]).collect::<Vec<_>>();
        Some(area(&arm(0), &images)?.value - area(&arm(1), &images)?.value)
    };
    // Sorting twice for each draw: only where there are few.
    let by_area = (design.patients <= 60 && design.patients > permutation::EXACT_PATIENTS)
        .then(|| permutation::swapped(design.patients, permutation::Ways::of(draws), of, area_difference));
    [
        areas::difference(&a, &b, f64::INFINITY).map(|t| t.p),
        areas::difference(&a, &b, freedom).map(|t| t.p),
        permutation::swapped(design.patients, permutation::Ways::of(draws), of, accuracy).map(|t| t.p),
        by_area.flatten().map(|t| t.p),
        durkalski(&patients).map(|t| t.p),
        Some(every.exact()),
        Some(single.exact()),
        Some(single.mid_p()),
        single.chi_squared(false).map(|t| t.p),
        cochran_q(&rows).map(|t| t.p),
    ]
}

/// The share of studies in which a test rejects at 5 %, in percent; one without a p value does not reject.
fn rejected(p: &[Option<f64>]) -> String {
    if p.iter().all(Option::is_none) {
        return "–".to_owned();
    }
    let share = p.iter().flatten().filter(|p| **p <= 0.05).count() as f64 / p.len() as f64;
    format!("{:.2}", 100.0 * share)
}

pub(crate) fn run(effort: Effort) {
    println!("\n{} simulations, {} draws of permutations\n", effort.simulations, effort.resamples);
    head(&[&["area", "patients", "positive"], &TESTS[..]].concat());
    for (truth, prevalence) in [(0.7, 0.5), (0.9, 0.25)] {
        for patients in SIZES {
            let design = Design { patients, prevalence, mixed: false };
            let distance = 2f64.sqrt() * normal_quantile(truth);
            let found = simulate("nulls", effort.simulations, |s| all(design, distance, effort.resamples, s));
            let mut cells = vec![truth.to_string(), patients.to_string(), design.positives().to_string()];
            cells.extend((0..TESTS.len()).map(|t| rejected(&found.iter().map(|f| f[t]).collect::<Vec<_>>())));
            row(&cells);
        }
    }
    println!("\nFolds whose differences are correlated as test / (train + test); {} simulations\n", effort.simulations);
    head(&["folds", "test share", "Nadeau & Bengio", "t test of folds"]);
    for (count, train, test) in [(5, 80, 20), (10, 90, 10), (30, 90, 10)] {
        let correlation = test as f64 / (train + test) as f64;
        let found = simulate("folds", effort.simulations, |s| {
            let common = s.normal() * correlation.sqrt();
            let differences: Vec<f64> = (0..count).map(|_| common + (1.0 - correlation).sqrt() * s.normal()).collect();
            let p = |test| folds::corrected_t(&differences, train, test).map(|t| t.p);
            (p(test), p(0))
        });
        let (corrected, plain): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        row(&[count.to_string(), correlation.to_string(), rejected(&corrected), rejected(&plain)]);
    }
}
