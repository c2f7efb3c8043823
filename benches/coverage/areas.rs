//! Intervals of the area under the ROC curve without resampling.

use crate::Effort;
use crate::simulated::{Design, LEVEL, SIZES, distance, head, row, simulate, summary};
use hilum_stages::statistics::delong::{area, limits};
use hilum_stages::statistics::special::{normal_quantile, t_quantile};

type Limits = Option<(f64, f64)>;
const METHODS: [&str; 10] = [
    "DeLong, z", "logit, z", "logit, t smaller", "logit, t Satt.", "Wilson, z", "Wilson, t Satt.", "Newcombe patients", "Newcombe eff.", "Newcombe eff. t", "max(logit t, Newc)",
];

fn all(scores: &[f64], set: &crate::simulated::Set) -> (f64, [Limits; 10]) {
    let a = area(scores, &set.images()).expect("both classes");
    let plain = area(scores, &hilum_stages::statistics::delong::Images::independent(&set.positive)).expect("both classes");
    let counts = a.counts();
    let error = a.variance().unwrap_or(0.0).sqrt();
    let smaller = counts.positive_patients.min(counts.negative_patients) as f64;
    let (m, n) = (counts.positive_patients as f64, counts.negative_patients as f64);
    let z = normal_quantile(0.5 + LEVEL / 2.0);
    let t = |f: f64| t_quantile(0.5 + LEVEL / 2.0, f);
    let satt = a.freedom().unwrap_or(1.0);
    let pv = plain.variance().unwrap_or(0.0);
    let mi = counts.positive as f64;
    let ni = counts.negative as f64;
    let deff = if pv > 0.0 { (error * error / pv).clamp(1.0, (mi + ni) / (m + n)) } else { (mi + ni) / (m + n) };
    let nc = limits::newcombe(a.value, mi / deff, ni / deff, z);
    let nct = limits::newcombe(a.value, mi / deff, ni / deff, t(satt));
    let lt = limits::logit(a.value, error, t(satt));
    let union = match (lt, nc) { (Some(x), Some(y)) => Some((x.0.min(y.0), x.1.max(y.1))), (_, y) => y };
    (a.value, [
        Some(limits::wald(a.value, error, z)),
        limits::logit(a.value, error, z),
        limits::logit(a.value, error, t(smaller - 1.0)),
        lt,
        limits::wilson(a.value, error, smaller, z),
        limits::wilson(a.value, error, smaller, t(satt)),
        limits::newcombe(a.value, m, n, z),
        nc, nct, union,
    ])
}

pub fn run(effort: Effort) {
    for mixed in [false, true] {
        println!("\nClasses of {}, {} simulations\n", if mixed { "images" } else { "patients" }, effort.simulations);
        head(&[&["area", "patients", "positive"], &METHODS[..]].concat());
        for truth in [0.7, 0.9] {
            for prevalence in [0.5, 0.25] {
                for patients in SIZES {
                    let design = Design { patients, prevalence, mixed };
                    let found = simulate("areas", effort.simulations, |s| {
                        let set = design.draw(s);
                        (set.positive.contains(&true) && set.positive.contains(&false)).then(|| all(&set.scores(distance(truth)), &set))
                    });
                    let found: Vec<_> = found.into_iter().flatten().collect();
                    // Where a patient may have both classes, images of one patient are compared as well.
                    let mean = found.iter().map(|f| f.0).sum::<f64>() / found.len() as f64;
                    let truth_here = if mixed { mean } else { truth };
                    let mut cells = vec![format!("{truth}"), patients.to_string(), design.positives().to_string()];
                    cells.extend((0..METHODS.len()).map(|m| summary(&found.iter().map(|f| f.1[m]).collect::<Vec<_>>(), truth_here)));
                    row(&cells);
                }
            }
        }
    }
}
