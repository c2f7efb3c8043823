//! Patients with one to three images each, whose scores have a part in common, and what is counted over simulations.

use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::statistics::delong::Images;
use hilum_stages::statistics::simulated::{alike, mixed};
use hilum_stages::statistics::special::normal_quantile;
use rayon::prelude::*;

/// Correlation of two images of one patient.
const WITHIN: f64 = 0.5;

/// The numbers of patients of a table.
pub(crate) const SIZES: [usize; 6] = [12, 24, 46, 60, 200, 1000];
pub(crate) const LEVEL: f64 = 0.95;

/// How patients are made.
#[derive(Clone, Copy)]
pub(crate) struct Design {
    pub(crate) patients: usize,
    /// The share of patients, or of images, that are positive.
    pub(crate) prevalence: f64,
    /// Each image has a class of its own, so that a patient may have both.
    pub(crate) mixed: bool,
}

/// One test set.
pub(crate) struct Set {
    pub(crate) positive: Vec<bool>,
    pub(crate) patient: Vec<usize>,
    /// What images have in common with those of the same patient, plus what is their own: variance 1.
    pub(crate) noise: Vec<f64>,
}

impl Design {
    pub(crate) fn positives(&self) -> usize {
        (self.patients as f64 * self.prevalence).round() as usize
    }

    pub(crate) fn draw(&self, s: &mut Stream) -> Set {
        let mut set = Set { positive: vec![], patient: vec![], noise: vec![] };
        for patient in 0..self.patients {
            let common = s.normal() * WITHIN.sqrt();
            for _ in 0..1 + s.below(3) {
                let is_positive = if self.mixed { s.chance(self.prevalence) } else { patient < self.positives() };
                set.positive.push(is_positive);
                set.patient.push(patient);
                set.noise.push(common + s.normal() * (1.0 - WITHIN).sqrt());
            }
        }
        set
    }
}

impl Set {
    /// Positive patients with so many images each, and negative ones with one.
    pub(crate) fn unequal(positives: usize, images: usize, negatives: usize, s: &mut Stream) -> Set {
        let mut set = Set { positive: vec![], patient: vec![], noise: vec![] };
        for patient in 0..positives + negatives {
            for _ in 0..if patient < positives { images } else { 1 } {
                set.positive.push(patient < positives);
                set.patient.push(patient);
            }
        }
        set.noise = alike(&set.patient, WITHIN, s);
        set
    }

    pub(crate) fn images(&self) -> Images {
        Images::of_patients(&self.positive, &self.patient)
    }

    /// Scores of a classifier for classes that are so far apart: of their variance, this part is the classifier's own, and of
    /// that as much is common to the images of a patient as of the rest.
    pub(crate) fn classified(&self, distance: f64, own: f64, s: &mut Stream) -> Vec<f64> {
        let all = mixed(&self.noise, &[(own, &alike(&self.patient, WITHIN, s))]);
        all.iter().zip(&self.positive).map(|(score, positive)| distance * f64::from(*positive) + score).collect()
    }
}

/// Normal scores of two classes.
#[derive(Clone, Copy)]
pub(crate) struct Scores {
    /// The area that they have.
    pub(crate) area: f64,
    /// How many times as much those of positive images vary.
    pub(crate) spread: f64,
}

impl Scores {
    pub(crate) fn of(&self, set: &Set) -> Vec<f64> {
        let distance = (1.0 + self.spread * self.spread).sqrt() * normal_quantile(self.area);
        let score = |(noise, positive): (&f64, &bool)| if *positive { distance + self.spread * noise } else { *noise };
        set.noise.iter().zip(&set.positive).map(score).collect()
    }
}

/// What is simulated, each with its own numbers.
pub(crate) fn simulate<T: Send>(name: &str, simulations: usize, once: impl Fn(&mut Stream) -> T + Sync) -> Vec<T> {
    let stream = Seed(2026).stream("coverage", name);
    (0..simulations).into_par_iter().map(|k| once(&mut stream.item(k as u64))).collect()
}

/// Coverage of the intervals that there are, in percent, their mean width, and in how many simulations there is one.
pub(crate) fn summary(intervals: &[Option<(f64, f64)>], truth: f64) -> String {
    let given: Vec<(f64, f64)> = intervals.iter().flatten().copied().collect();
    if given.is_empty() {
        return "–".to_owned();
    }
    let n = given.len() as f64;
    let covered = given.iter().filter(|(low, high)| *low <= truth && truth <= *high).count() as f64;
    let width = given.iter().map(|(low, high)| high - low).sum::<f64>() / n;
    let narrow = given.iter().filter(|(low, high)| low >= high).count();
    let missing = intervals.len() - given.len();
    let mut out = format!("{:.1} ({width:.3})", 100.0 * covered / n);
    if narrow > 0 {
        out += &format!(", {narrow} of no width");
    }
    if missing > 0 {
        out += &format!(", {:.0} % none", 100.0 * missing as f64 / intervals.len() as f64);
    }
    out
}

/// The first lines of a table.
pub(crate) fn head(columns: &[&str]) {
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
}

pub(crate) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}
