//! How long the numbers of a large comparison take: 30 arms, 5,000 images of 2,500 patients.
//!
//!   cargo bench --bench comparison
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum_stages::contract::seed::Seed;
use hilum_stages::evaluation::difference::{TestChoice, difference};
use hilum_stages::evaluation::estimate::{Intervals, estimates};
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::tested::Tested;
use hilum_stages::evaluation::{METRICS, Predictions};
use std::time::Instant;

const ARMS: usize = 30;
const IMAGES: usize = 5000;
const RESAMPLES: usize = 2000;

fn main() {
    let mut stream = Seed(1).stream("bench", "comparison");
    let labels: Vec<usize> = (0..IMAGES).map(|i| usize::from(i / 2 % 4 == 0)).collect();
    let tokens: Vec<String> = (0..IMAGES).map(|i| (i / 2).to_string()).collect();
    let patients = Patients::of(&tokens, &labels, 2);
    let mut arm = || {
        let score = |label: &usize, noise: f64| 1.0 / (1.0 + (-(*label as f64) * 1.5 - noise).exp());
        let rows = labels.iter().map(|l| score(l, stream.normal())).map(|p| vec![1.0 - p, p]).collect();
        Predictions::new(2, labels.clone(), rows)
    };
    let all: Vec<Predictions> = (0..ARMS).map(|_| arm()).collect();
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
    };
    let mut tested = vec![];
    timed("all metrics, with their jackknife", &mut || tested = all.iter().map(|p| Tested::of(METRICS, p.clone(), &patients)).collect());
    timed("chosen intervals", &mut || tested.iter().for_each(|t| drop(estimates(std::slice::from_ref(t), &patients, Intervals::Auto, RESAMPLES))));
    timed("BCa intervals of all metrics, 2,000 resamples", &mut || {
        tested.iter().for_each(|t| drop(estimates(std::slice::from_ref(t), &patients, Intervals::Bca, RESAMPLES)));
    });
    let at = tested[0].measures().iter().position(|m| m.metric.name == "auroc" && m.class == Some(1)).expect("a metric");
    timed("29 tests by swapping arms, 2,000 draws", &mut || {
        let found = tested[1..].iter().filter(|t| difference(&[t], &[&tested[0]], at, &patients, TestChoice::Auto, Some(RESAMPLES)).is_some());
        assert_eq!(found.count(), ARMS - 1)
    });
}
