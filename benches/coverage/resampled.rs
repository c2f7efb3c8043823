//! Bootstrap intervals of the area under the ROC curve.

use crate::Effort;
use crate::simulated::{Design, LEVEL, SIZES, Scores, Set, head, row, simulate, summary};
use hilum_stages::contract::seed::Stream;
use hilum_stages::statistics::bootstrap::{Strata, bca, percentile, studentised};

type Limits = Option<(f64, f64)>;
const METHODS: [&str; 4] = ["percentile", "percentile, stratified", "BCa, stratified", "studentised logit, stratified"];

/// Scores in their order, so that a resample sorts nothing.
struct Ranked<'a> {
    set: &'a Set,
    order: Vec<usize>,
}

impl Ranked<'_> {
    /// The area under weights of patients; scores have no ties.
    fn area(&self, weights: &[f64]) -> Option<f64> {
        let (mut below, mut pairs, mut positives) = (0.0, 0.0, 0.0);
        for &i in &self.order {
            let weight = weights[self.set.patient[i]];
            if self.set.positive[i] {
                pairs += weight * below;
                positives += weight;
            } else {
                below += weight;
            }
        }
        (below > 0.0 && positives > 0.0).then(|| pairs / (below * positives))
    }

    /// The area on the logit scale and its error by Obuchowski's variance; a patient who is drawn twice is two.
    fn with_error(&self, weights: &[f64]) -> Option<(f64, f64)> {
        let area = self.area(weights)?;
        let total = |class| (0..self.order.len()).filter(|i| self.set.positive[*i] == class).map(|i| weights[self.set.patient[i]]).sum::<f64>();
        let (positive, negative) = (total(true), total(false));
        let mut sums = vec![0.0; weights.len()];
        let (mut below, mut passed) = (0.0, 0.0);
        for &i in &self.order {
            let (patient, weight) = (self.set.patient[i], weights[self.set.patient[i]]);
            if self.set.positive[i] {
                sums[patient] += below / negative - area;
                passed += weight;
            } else {
                sums[patient] += (positive - passed) / positive - area;
                below += weight;
            }
        }
        let mut class = vec![false; weights.len()];
        self.set.patient.iter().zip(&self.set.positive).for_each(|(p, positive)| class[*p] = *positive);
        let part = |of: bool, images: f64| {
            let of_class = || (0..weights.len()).filter(|p| class[*p] == of);
            let patients: f64 = of_class().map(|p| weights[p]).sum();
            patients / (patients - 1.0) * of_class().map(|p| weights[p] * sums[p] * sums[p]).sum::<f64>() / (images * images)
        };
        let slope = area * (1.0 - area);
        let error = (part(true, positive) + part(false, negative)).sqrt() / slope;
        (slope > 0.0 && error > 0.0).then(|| ((area / (1.0 - area)).ln(), error))
    }
}

fn all(scores: &[f64], set: &Set, patients: usize, resamples: usize, stream: &Stream) -> [Limits; 4] {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let ranked = Ranked { set, order };
    let mut class = vec![0; patients];
    set.patient.iter().zip(&set.positive).for_each(|(p, positive)| class[*p] = usize::from(*positive));
    let (plain, strata) = (Strata::of(&vec![0; patients]), Strata::of(&class));
    let of = |k: usize| stream.item(k as u64);
    let ones = vec![1.0; patients];
    let values = strata.resample(resamples, of, |w| (ranked.area(w), ranked.with_error(w)));
    let (areas, errors): (Vec<_>, Vec<_>) = values.into_iter().unzip();
    let value = ranked.area(&ones).expect("both classes");
    let back = |z: f64| 1.0 / (1.0 + (-z).exp());
    [
        percentile(&plain.resample(resamples, of, |w| ranked.area(w)), LEVEL),
        percentile(&areas, LEVEL),
        bca(value, &areas, &strata.jackknife(|w| ranked.area(w)), LEVEL),
        ranked.with_error(&ones).and_then(|found| studentised(found, &errors, LEVEL)).map(|(low, high)| (back(low), back(high))),
    ]
}

pub(crate) fn run(effort: Effort) {
    println!("\n{} simulations, {} resamples\n", effort.simulations, effort.resamples);
    head(&[&["area", "patients", "positive"], &METHODS[..]].concat());
    for (area, prevalence) in [(0.7, 0.5), (0.7, 0.25), (0.9, 0.5), (0.9, 0.25)] {
        for patients in SIZES {
            let design = Design { patients, prevalence, mixed: false };
            let found = simulate("resampled", effort.simulations, |s| {
                let set = design.draw(s);
                all(&Scores { area, spread: 1.0 }.of(&set), &set, patients, effort.resamples, s)
            });
            let mut cells = vec![format!("{area}"), patients.to_string(), design.positives().to_string()];
            cells.extend((0..METHODS.len()).map(|m| summary(&found.iter().map(|f| f[m]).collect::<Vec<_>>(), area)));
            row(&cells);
        }
    }
}
