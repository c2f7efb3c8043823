//! Intervals of the area under the ROC curve without resampling, and the one that is chosen.

use crate::Effort;
use crate::simulated::{Design, LEVEL, SIZES, Scores, Set, head, row, simulate, summary};
use hilum_stages::statistics::delong::{Images, area, limits};
use hilum_stages::statistics::interval::auroc;
use hilum_stages::statistics::special::{normal_quantile, t_quantile};

type Limits = Option<(f64, f64)>;
const METHODS: [&str; 7] =
    ["DeLong, z", "logit, z", "logit, t of smaller class", "logit, t by Satterthwaite", "logit, images independent", "Newcombe, z", "chosen"];

/// The area, and its intervals; without an interval of every kind where a class has one patient.
fn all(scores: &[f64], set: &Set) -> Option<(f64, [Limits; 7])> {
    let found = area(scores, &set.images())?;
    let alone = area(scores, &Images::independent(&set.positive))?.variance()?.sqrt();
    let counts = found.counts();
    let (error, freedom) = (found.variance()?.sqrt(), found.freedom()?);
    let (positive, negative) = (counts.positive_patients as f64, counts.negative_patients as f64);
    let tail = 0.5 + LEVEL / 2.0;
    let z = normal_quantile(tail);
    let intervals = [
        Some(limits::wald(found.value, error, z)),
        limits::logit(found.value, error, z),
        limits::logit(found.value, error, t_quantile(tail, positive.min(negative) - 1.0)),
        limits::logit(found.value, error, t_quantile(tail, freedom)),
        limits::logit(found.value, alone, z),
        limits::newcombe(found.value, positive, negative, z),
        auroc(scores, &set.positive, &set.patient, LEVEL).ok().map(|i| (i.low, i.high)),
    ];
    Some((found.value, intervals))
}

fn cell(design: Design, scores: Scores, effort: Effort, methods: &[usize]) {
    let found = simulate("areas", effort.simulations, |s| {
        let set = design.draw(s);
        all(&scores.of(&set), &set)
    });
    let found: Vec<_> = found.into_iter().flatten().collect();
    // Where a patient has both classes, images of one patient are compared as well, and the truth is another one.
    let mean = found.iter().map(|f| f.0).sum::<f64>() / found.len() as f64;
    let truth = if design.mixed { mean } else { scores.area };
    let mut cells = vec![format!("{truth:.2}"), design.patients.to_string(), design.positives().to_string()];
    cells.extend(methods.iter().map(|m| summary(&found.iter().map(|f| f.1[*m]).collect::<Vec<_>>(), truth)));
    row(&cells);
}

fn table(title: &str, methods: &[usize]) {
    println!("\n{title}\n");
    let names: Vec<&str> = methods.iter().map(|m| METHODS[*m]).collect();
    head(&[&["area", "patients", "positive"], &names[..]].concat());
}

pub(crate) fn run(effort: Effort) {
    let normal = |area| Scores { area, spread: 1.0 };
    for (mixed, title) in [(false, "A patient is of one class"), (true, "Each image has a class of its own")] {
        table(&format!("{title}; {} simulations", effort.simulations), &[0, 1, 2, 3, 4, 5, 6]);
        for (area, prevalence) in [(0.7, 0.5), (0.7, 0.25), (0.9, 0.5), (0.9, 0.25)] {
            for patients in SIZES {
                cell(Design { patients, prevalence, mixed }, normal(area), effort, &[0, 1, 2, 3, 4, 5, 6]);
            }
        }
    }
    // Where the choice could fail: fewer patients still, rare classes, areas near 1, and positive scores that vary otherwise.
    for spread in [0.4, 1.0, 2.0] {
        table(&format!("Positive scores vary {spread} times as much; {} simulations", effort.simulations), &[3, 6]);
        for area in [0.5, 0.7, 0.9, 0.97] {
            for (patients, prevalence) in [(6, 0.5), (12, 0.25), (60, 0.05), (60, 0.1), (200, 0.02), (200, 0.05), (46, 0.25), (60, 0.5), (200, 0.5)] {
                cell(Design { patients, prevalence, mixed: false }, Scores { area, spread }, effort, &[3, 6]);
            }
        }
    }
    println!("\nMany images of each positive patient, one of each negative; chosen\n");
    head(&["area", "positive patients", "images of each", "negative patients", "chosen"]);
    for (positives, images, negatives, area) in
        [(8, 20, 1000, 0.95), (10, 10, 500, 0.97), (15, 10, 500, 0.97), (5, 10, 200, 0.9), (30, 10, 500, 0.9), (100, 5, 500, 0.7)]
    {
        let found = simulate("unequal", effort.simulations, |s| {
            let set = Set::unequal(positives, images, negatives, s);
            auroc(&normal(area).of(&set), &set.positive, &set.patient, LEVEL).ok().map(|i| (i.low, i.high))
        });
        row(&[area.to_string(), positives.to_string(), images.to_string(), negatives.to_string(), summary(&found, area)]);
    }
}
