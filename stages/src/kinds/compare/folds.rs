//! Differences of arms fold by fold, for the corrected resampled t test. Independent of how arms are otherwise compared.

use crate::contract::prelude::*;
use crate::evaluation::Predictions;
use crate::evaluation::arms::{Training, fold};
use crate::evaluation::difference::OverFolds;
use crate::evaluation::metric::{METRICS, measure};
use crate::records::Scores;
use std::collections::BTreeMap;

/// Every metric of each fold of a training.
pub(super) struct FoldValues(Vec<BTreeMap<String, Fold>>);

struct Fold {
    values: Vec<Option<f64>>,
    tested: usize,
    trained: usize,
}

/// The values of the trainings of an arm, fold by fold; none where the arm has no folds.
///
/// # Errors
/// If an image has a label that is no class.
pub(super) fn values(trainings: &[Training], scores: &[Gathered<Scores>]) -> Result<Option<FoldValues>> {
    if trainings.iter().any(|t| t.cells.len() < 2) {
        return Ok(None);
    }
    let of = |training: &Training| {
        let images: usize = training.cells.iter().map(|cell| scores[*cell].value.predictions.len()).sum();
        training.cells.iter().map(|cell| Ok((fold(&scores[*cell].cell), one(&scores[*cell].value, images)?))).collect::<Result<BTreeMap<_, _>>>()
    };
    Ok(Some(FoldValues(trainings.iter().map(of).collect::<Result<_>>()?)))
}

fn one(scores: &Scores, images: usize) -> Result<Fold> {
    let class = |label: &String| scores.classes.iter().position(|c| c == label).ok_or_else(|| Error::data(format!("`{label}` is not a class of the scores")));
    let labels = scores.predictions.iter().map(|p| class(&p.label)).collect::<Result<Vec<_>>>()?;
    let tested = labels.len();
    let rows = scores.predictions.iter().map(|p| (p.probabilities.clone(), scores.decision())).collect();
    let values = measure(METRICS, &Predictions::each_decided(scores.classes.len(), labels, rows), &vec![1.0; tested]);
    // Copies of images add nothing: no more are trained on than are in the other folds.
    let others = images - tested;
    let trained = scores.training.as_ref().map_or(others, |t| (t.classes.iter().map(|c| c.real).sum::<u64>() as usize).min(others));
    Ok(Fold { values, tested, trained })
}

/// The differences of a measure between two arms, for each fold the mean over the repeats that both have: repeats of a fold share all
/// of its images, and are no further folds.
pub(super) fn differences(a: &FoldValues, b: &FoldValues, pairs: &[(usize, usize)], at: usize) -> Option<OverFolds> {
    let mut out = OverFolds { differences: vec![], trained: 0, tested: 0 };
    for (name, first) in &a.0[pairs.first()?.0] {
        let of_repeat = |(one, two): &(usize, usize)| Some(a.0[*one].get(name)?.values[at]? - b.0[*two].get(name)?.values[at]?);
        let differences = pairs.iter().map(of_repeat).collect::<Option<Vec<f64>>>()?;
        out.differences.push(differences.iter().sum::<f64>() / differences.len() as f64);
        out.trained += first.trained.min(b.0[pairs[0].1].get(name)?.trained);
        out.tested += first.tested;
    }
    Some(out)
}
