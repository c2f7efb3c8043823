//! What arms predicted on one test, with no more than figures need: classes by number and probabilities, without images and
//! patients. A study may have hundreds of evaluations of many images: of all there are the counts, of a few the probabilities.

use crate::evaluation::Predictions;
use crate::records::PredictionTable;
use hilum_cache::Digest;
use std::collections::BTreeMap;

/// Arms that are drawn.
pub const ARMS: usize = 24;
/// Trainings of an arm whose probabilities are drawn.
pub const TRAININGS: usize = 3;
/// More classes than this are no classification of X-rays, and their matrices would need much memory.
const CLASSES: usize = 100;

/// What the arms of a study predicted on one test.
#[derive(Debug, Clone)]
pub struct TestPredictions {
    name: String,
    classes: Vec<String>,
    positive: Option<usize>,
    arms: Vec<ArmPredictions>,
    /// The number of each patient by his token, and the next number.
    patients: (BTreeMap<String, usize>, usize),
}

/// What an arm predicted.
#[derive(Debug, Clone)]
pub struct ArmPredictions {
    name: String,
    confusion: Vec<Vec<u64>>,
    evaluations: usize,
    left_out: u64,
    trainings: Vec<TrainingPredictions>,
    /// Evaluations that are only counted.
    not_drawn: usize,
}

/// What one training predicted, with folds the trainings of all folds.
#[derive(Debug, Clone, Default)]
pub(super) struct TrainingPredictions {
    repeat: String,
    /// The first image of each table.
    firsts: Vec<Digest>,
    labels: Vec<usize>,
    predicted: Vec<usize>,
    /// The number of the patient of each image; one without a patient is one of its own.
    patients: Vec<usize>,
    /// Image by image, of every class.
    probabilities: Vec<f64>,
}

impl TestPredictions {
    /// No predictions yet; none ever where there is no class, or more than a hundred. Curves are of the positive class, if it is known.
    pub fn of(name: &str, classes: &[String], positive: Option<&str>) -> Option<TestPredictions> {
        let positive = positive.and_then(|p| classes.iter().position(|c| c == p));
        let is_sane = (1..=CLASSES).contains(&classes.len());
        is_sane.then(|| TestPredictions { name: name.to_owned(), classes: classes.to_vec(), positive, arms: vec![], patients: (BTreeMap::new(), 0) })
    }

    /// Adds an evaluation of an arm, whose classes are those of the test. Those of one repeat are folds, unless they are of the same
    /// images.
    pub fn add(&mut self, arm: &str, repeat: &str, table: &PredictionTable) {
        let number = self.classes.len();
        let at = self.arms.iter().position(|a| a.name == arm).unwrap_or_else(|| {
            self.arms.push(ArmPredictions::of(arm, number));
            self.arms.len() - 1
        });
        let (arm, classes, (known, next)) = (&mut self.arms[at], &self.classes, &mut self.patients);
        let mut number_of = |token: &str| {
            let is_known = known.get(token).copied();
            let new = is_known.unwrap_or(*next);
            *next += usize::from(is_known.is_none());
            if is_known.is_none() && !token.is_empty() {
                known.insert(token.to_owned(), new);
            }
            new
        };
        let class = |name: &str| classes.iter().position(|c| c == name);
        arm.evaluations += 1;
        let mut training = if at < ARMS { arm.trainings.iter().position(|t| t.is_another_fold(repeat, table)) } else { None };
        if training.is_none() && at < ARMS && arm.trainings.len() < TRAININGS {
            arm.trainings.push(TrainingPredictions { repeat: repeat.to_owned(), ..TrainingPredictions::default() });
            training = Some(arm.trainings.len() - 1);
        }
        let mut training = training.map(|t| &mut arm.trainings[t]);
        match &mut training {
            Some(training) => training.firsts.extend(table.rows.first().map(|row| row.image)),
            None => arm.not_drawn += 1,
        }
        for row in &table.rows {
            let (Some(label), Some(predicted)) = (class(&row.label), class(&row.predicted)) else {
                arm.left_out += 1;
                continue;
            };
            arm.confusion[label][predicted] += 1;
            if let Some(training) = training.as_mut().filter(|_| row.probabilities.len() == number) {
                training.labels.push(label);
                training.predicted.push(predicted);
                training.patients.push(number_of(&row.patient));
                training.probabilities.extend(&row.probabilities);
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The classes, in the order of the matrices.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }
    /// The arms, in the order in which they were added.
    pub fn arms(&self) -> &[ArmPredictions] {
        &self.arms
    }
    /// The arms that are drawn.
    pub(super) fn drawn(&self) -> &[ArmPredictions] {
        &self.arms[..self.arms.len().min(ARMS)]
    }
    /// The class that curves are of: the positive one, otherwise the rarest of those that have images.
    pub(super) fn positive(&self) -> Option<usize> {
        let images = |class: usize| self.arms.first().map_or(0, |arm| arm.confusion[class].iter().sum::<u64>());
        self.positive.or_else(|| (0..self.classes.len()).filter(|c| images(*c) > 0).min_by_key(|c| images(*c)))
    }
    /// How many evaluations are not drawn, in words.
    pub(super) fn note(&self) -> Option<String> {
        let (of, not) = self.arms.iter().fold((0, 0), |(of, not), arm| (of + arm.evaluations, not + arm.not_drawn));
        (not > 0).then(|| format!("{not} of {of} evaluations not drawn"))
    }
}

impl ArmPredictions {
    fn of(name: &str, classes: usize) -> ArmPredictions {
        let confusion = vec![vec![0; classes]; classes];
        ArmPredictions { name: name.to_owned(), confusion, evaluations: 0, left_out: 0, trainings: vec![], not_drawn: 0 }
    }
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// How many images of class `row` were predicted to be of class `column`, in all its evaluations.
    pub fn confusion(&self) -> &[Vec<u64>] {
        &self.confusion
    }
    /// How many evaluations it has: one for each fold of each repeat.
    pub fn evaluations(&self) -> usize {
        self.evaluations
    }
    /// Images whose label, or whose predicted class, is no class: they are not counted.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
    /// The trainings that are drawn.
    pub(super) fn trainings(&self) -> &[TrainingPredictions] {
        &self.trainings
    }
}

impl TrainingPredictions {
    fn is_another_fold(&self, repeat: &str, table: &PredictionTable) -> bool {
        self.repeat == repeat && !table.rows.iter().any(|row| self.firsts.contains(&row.image))
    }
    /// The probability of a class for each of its images, in their order.
    pub(super) fn of_class(&self, class: usize) -> Vec<f64> {
        self.rows().zip(&self.labels).filter(|(_, label)| **label == class).map(|(row, _)| row[class]).collect()
    }
    /// The probability of a class for every image.
    pub(super) fn scores_of(&self, class: usize) -> Vec<f64> {
        self.rows().map(|row| row[class]).collect()
    }
    /// Of which class each image is.
    pub(super) fn labels(&self) -> &[usize] {
        &self.labels
    }
    /// The number of the patient of each image.
    pub(super) fn patients(&self) -> &[usize] {
        &self.patients
    }
    /// The probability from which on images are taken for a class, where all are above it and no other is: one half where it may be
    /// that, and otherwise the least probability of an image that is taken for it.
    pub(super) fn threshold(&self, class: usize) -> Option<f64> {
        let (mut taken, mut not) = (f64::INFINITY, f64::NEG_INFINITY);
        for (row, predicted) in self.rows().zip(&self.predicted) {
            if *predicted == class { taken = taken.min(row[class]) } else { not = not.max(row[class]) }
        }
        let at = if not <= 0.5 && 0.5 <= taken { 0.5 } else { taken };
        (not <= at && at <= 1.0).then_some(at)
    }
    /// The same for metrics.
    pub(super) fn predictions(&self, classes: usize) -> Predictions {
        Predictions::new(classes, self.labels.clone(), self.rows().map(<[f64]>::to_vec).collect())
    }
    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.probabilities.chunks(self.probabilities.len().checked_div(self.labels.len()).unwrap_or(1).max(1))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::records::PredictedImage;

    /// A table of classes `a` and `b`: image, label, and the probability of `b`.
    pub(in crate::figures) fn table(rows: &[(u32, &str, f64)]) -> PredictionTable {
        let row = |(image, label, p): &(u32, &str, f64)| PredictedImage {
            image: Digest::of(&image.to_le_bytes()),
            patient: String::new(),
            label: (*label).into(),
            predicted: if *p > 0.5 { "b" } else { "a" }.into(),
            probabilities: vec![1.0 - p, *p],
        };
        PredictionTable { classes: vec!["a".into(), "b".into()], rows: rows.iter().map(row).collect() }
    }

    pub(in crate::figures) fn test() -> TestPredictions {
        TestPredictions::of("scores", &["a".into(), "b".into()], None).unwrap()
    }

    #[test]
    fn repeats_and_folds_are_summed_and_of_a_few_the_probabilities_are_kept() {
        let mut all = test();
        all.add("real", "0", &table(&[(1, "a", 0.25), (2, "b", 0.75)]));
        all.add("real", "0", &table(&[(3, "a", 0.75), (4, "?", 0.75), (5, "a", 0.25)]));
        all.add("real", "1", &table(&[(2, "b", 0.25)]));
        let arm = &all.arms()[0];
        assert_eq!(arm.confusion(), [[2, 1], [1, 1]], "true classes are rows");
        assert_eq!((arm.evaluations(), arm.left_out(), arm.trainings().len()), (3, 1, 2), "folds are one training");
        assert_eq!((arm.trainings()[0].of_class(0), arm.trainings()[0].of_class(1)), (vec![0.75, 0.25, 0.75], vec![0.75]));
        assert_eq!(all.positive(), Some(1), "the rarest class");
        assert_eq!(all.note(), None);
        // Classifiers of several folds that are tested on the same images are no folds of a test set.
        (0..4).for_each(|_| all.add("cv", "", &table(&[(1, "a", 0.25), (2, "b", 0.75)])));
        assert_eq!(all.arms()[1].trainings().iter().map(|t| t.labels.len()).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(all.note().as_deref(), Some("1 of 7 evaluations not drawn"));
        (0..24).for_each(|n| all.add(&format!("arm {n}"), "", &table(&[(1, "a", 0.25)])));
        assert_eq!((all.arms().len(), all.drawn().len()), (26, ARMS));
        assert!(all.arms()[ARMS..].iter().all(|arm| arm.trainings().is_empty() && arm.confusion()[0][0] == 1));
    }

    #[test]
    fn the_study_says_which_class_is_positive_and_odd_classes_have_no_predictions() {
        let classes = ["a".to_owned(), "b".to_owned()];
        assert_eq!(TestPredictions::of("t", &classes, Some("a")).unwrap().positive(), Some(0));
        assert_eq!(TestPredictions::of("t", &classes, Some("c")).unwrap().positive(), None, "nothing was added");
        assert!(TestPredictions::of("t", &[], None).is_none() && TestPredictions::of("t", &vec!["a".to_owned(); 101], None).is_none());
    }
}
