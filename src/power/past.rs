//! What earlier results say of the networks of a study: how good they are, how much trainings differ, how alike their scores are.
//! Independent of where the scores were found.

use super::design::Design;
use hilum_stages::evaluation::Predictions;
use hilum_stages::evaluation::arms::{self, fold};
use hilum_stages::evaluation::metric::rows_of;
use hilum_stages::evaluation::patients::Patients;
use hilum_stages::evaluation::tested::Tested;
use hilum_stages::records::Scores;
use hilum_stages::statistics::repeats::{Estimate, over_trainings};
use hilum_stages::statistics::special::normal_quantile;
use std::collections::BTreeMap;

/// What was found; none of each where there was too little to tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// Where it comes from.
    pub from: String,
    /// The metric's value for the arm that others are compared with.
    pub base: Option<f64>,
    /// The standard deviation of the metric between trainings, less what is due to the patients.
    pub between: Option<f64>,
    /// Correlation of scores of one image.
    pub trainings_alike: Option<f64>,
    /// The same of two arms.
    pub arms_alike: Option<f64>,
    /// Correlation of scores of two images of a patient.
    pub within: Option<f64>,
}

/// Scores of one cell, measured.
struct Found {
    arm: usize,
    fold: String,
    tested: Tested,
    patients: Patients,
    images: Vec<hilum_cache::Digest>,
    /// For each image, where its score for its class lies among the scores of its class, as a normal number.
    normal: Vec<f64>,
}

impl Past {
    /// What the scores of a comparison's cells say. None where they have other classes, or are of no use.
    pub fn of(design: &Design, scores: &[(String, Scores)]) -> Option<Past> {
        let all = arms::arms(scores.iter().map(|s| s.0.as_str()));
        let number = |cell: usize| all.iter().position(|a| a.trainings.iter().any(|t| t.cells.contains(&cell)));
        let found = scores.iter().enumerate().map(|(at, (cell, s))| one(design, number(at)?, cell, s)).collect::<Option<Vec<_>>>()?;
        let at = design.place();
        let reference = |f: &&Found| design.arms.iter().any(|(_, other)| *other == all[f.arm].name);
        let values: Vec<f64> = found.iter().filter(reference).filter_map(|f| f.tested.value(at)).collect();
        let images = found.first()?.images.len();
        let (mut same, mut others, mut within) = (vec![], vec![], vec![]);
        for (k, a) in found.iter().enumerate() {
            within.extend(within_patients(a));
            for b in found[k + 1..].iter().filter(|b| b.images == a.images) {
                let alike = mean(a.normal.iter().zip(&b.normal).map(|(a, b)| a * b));
                if a.arm == b.arm { same.extend(alike) } else { others.extend(alike) }
            }
        }
        Some(Past {
            from: format!(
                "from the newest results of this study in the store, of {images} images{}",
                if scores.iter().any(|s| !fold(&s.0).is_empty()) { " a fold" } else { "" }
            ),
            base: mean(values.into_iter()),
            between: between(&found, at),
            trainings_alike: mean(same.into_iter()).map(|r| r.clamp(0.0, 0.99)),
            arms_alike: mean(others.into_iter()).map(|r| r.clamp(0.0, 0.99)),
            within: mean(within.into_iter()).map(|r| r.clamp(0.0, 0.95)),
        })
    }
}

fn one(design: &Design, arm: usize, cell: &str, scores: &Scores) -> Option<Found> {
    if scores.classes != design.classes {
        return None;
    }
    let labels = scores.labels()?;
    let tokens: Vec<String> = scores.predictions.iter().map(|p| p.patient.clone()).collect();
    let patients = Patients::of(&tokens, &labels, scores.classes.len());
    let rows = scores.predictions.iter().map(|p| p.probabilities.clone()).collect();
    let predictions = Predictions::decided(scores.classes.len(), labels.clone(), rows, scores.decision());
    let mut normal = vec![0.0; labels.len()];
    for class in 0..scores.classes.len() {
        let ranks = predictions.ranks_of(class);
        let mut of: Vec<usize> = (0..labels.len()).filter(|i| labels[*i] == class).collect();
        of.sort_by(|a, b| ranks[*a].total_cmp(&ranks[*b]));
        let count = of.len() as f64;
        of.iter().enumerate().for_each(|(rank, image)| normal[*image] = normal_quantile((rank as f64 + 0.5) / count));
    }
    let tested = Tested::of(rows_of(design.measure.metric.name), predictions, &patients);
    Some(Found { arm, fold: fold(cell), tested, patients, images: scores.predictions.iter().map(|p| p.image).collect(), normal })
}

/// Products of the scores of two images of one patient and class.
fn within_patients(found: &Found) -> Vec<f64> {
    let labels = &found.tested.predictions().labels;
    let mut of: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    found.patients.of_image().iter().zip(labels).zip(&found.normal).for_each(|((p, l), z)| of.entry((*p, *l)).or_default().push(*z));
    let pairs = |z: &Vec<f64>| {
        let (sum, squares) = (z.iter().sum::<f64>(), z.iter().map(|z| z * z).sum::<f64>());
        let count = z.len() as f64;
        (z.len() > 1).then(|| (sum * sum - squares) / (count * (count - 1.0)))
    };
    of.values().filter_map(pairs).collect()
}

/// Over trainings of an arm on the same images, averaged over arms and folds.
fn between(found: &[Found], at: usize) -> Option<f64> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Found>> = BTreeMap::new();
    found.iter().for_each(|f| groups.entry((f.arm, &f.fold)).or_default().push(f));
    let variance = |of: &Vec<&Found>| {
        if of.len() < 2 || of.iter().any(|f| f.images != of[0].images) {
            return None;
        }
        let values = of.iter().map(|f| f.tested.value(at)).collect::<Option<Vec<f64>>>()?;
        let covariance = of.iter().map(|a| of.iter().map(|b| a.tested.covariance(&b.tested, at)).collect::<Option<Vec<f64>>>()).collect::<Option<Vec<_>>>()?;
        match over_trainings(&values, &covariance, of[0].patients.count())? {
            Estimate::OfTrainings(_, components) => Some(components.between_trainings),
            Estimate::OfThisTraining(_) => None,
        }
    };
    mean(groups.values().filter_map(variance)).map(f64::sqrt)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.filter(|v| v.is_finite()).fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
