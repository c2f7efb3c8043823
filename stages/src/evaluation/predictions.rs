//! Predictions of images whose label is known, and how they look under weights: a weight is how often a resample drew
//! the image, so that a bootstrap is a change of weights. What does not depend on weights (orders of scores, predicted
//! classes, losses) is computed once.

use super::ranking::{Ranking, Tie};
use crate::math;
use std::cell::OnceCell;

/// Probabilities above this lose digits by which images differ.
const NEARLY_1: f64 = 1.0 - 1e-6;

/// Of which class an image is, by its probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Of the class with the largest one: the first of them. NaN is less than any.
    Largest,
    /// Of this class where its probability is at least the threshold, and otherwise of the other with the largest one.
    AtLeast {
        /// The positive class.
        class: usize,
        /// From 0 to 1.
        threshold: f64,
    },
}

/// Predictions for images of known label.
#[derive(Debug, Clone, Default)]
pub struct Predictions {
    /// How many classes there are.
    pub classes: usize,
    /// The class of each image.
    pub labels: Vec<usize>,
    /// The class that each image is predicted to be of.
    predicted: Vec<usize>,
    /// Per class, the score of each image.
    scores: Vec<Vec<f64>>,
    /// Per class, the ranking of its scores, in which the images of the class are positive.
    rankings: Vec<Option<Ranking>>,
    /// The ranking of the scores of the predicted classes, in which those that are right are positive.
    confidences: Option<Ranking>,
    /// See [`Predictions::losses`].
    losses: Vec<f64>,
}

impl Predictions {
    /// Predictions ready to be measured many times; `scores` are probabilities, `[image][class]`. An image is of the class with the
    /// largest one.
    pub fn new(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>) -> Self {
        Self::decided(classes, labels, scores, Decision::Largest)
    }

    /// The same, where a decision says of which class an image is.
    pub fn decided(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>, decision: Decision) -> Self {
        let predicted = scores.iter().map(|s| decision.of(s)).collect();
        Self::with(classes, labels, scores, predicted)
    }

    /// The same, where each image has a decision of its own, since another network decides about it.
    pub fn each_decided(classes: usize, labels: Vec<usize>, rows: Vec<(Vec<f64>, Decision)>) -> Self {
        let predicted = rows.iter().map(|(scores, decision)| decision.of(scores)).collect();
        Self::with(classes, labels, rows.into_iter().map(|r| r.0).collect(), predicted)
    }

    fn with(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>, predicted: Vec<usize>) -> Self {
        let confidences: Vec<f64> = scores.iter().zip(&predicted).map(|(s, class)| s[*class]).collect();
        let confidences = Ranking::of(&confidences, |image| predicted[image] == labels[image]);
        let losses = scores.iter().zip(&labels).map(|(s, label)| -math::ln(s[*label].clamp(f64::EPSILON, 1.0 - f64::EPSILON))).collect();
        // Probabilities that are rounded to 1 are told apart by what is left for the other classes.
        let left = |image: usize, class: usize| {
            let all: &Vec<f64> = &scores[image];
            let others = || all.iter().enumerate().filter(|(c, _)| *c != class).map(|(_, p)| p).sum::<f64>();
            if all[class] > NEARLY_1 { -others() } else { 0.0 }
        };
        let of_class: Vec<Vec<f64>> = (0..classes).map(|c| scores.iter().map(|s| s[c]).collect()).collect();
        let rankings = of_class.iter().enumerate().map(|(class, s)| Ranking::finer(s, |image| left(image, class), |image| labels[image] == class)).collect();
        let scores = of_class;
        Predictions { classes, labels, predicted, scores, rankings, confidences, losses }
    }

    /// Some of the images, by their positions.
    pub fn part(&self, images: &[usize]) -> Predictions {
        let pick = |of: &[usize]| images.iter().map(|i| of[*i]).collect::<Vec<usize>>();
        let rows = images.iter().map(|i| self.scores.iter().map(|of_class| of_class[*i]).collect()).collect();
        Self::with(self.classes, pick(&self.labels), rows, pick(&self.predicted))
    }

    /// With each score replaced by its mid-rank among the images, from 0 to 1: what depends on the order of scores alone stays the same.
    pub fn ranked(&self) -> Predictions {
        let of_class: Vec<Vec<f64>> = (0..self.classes).map(|class| self.ranks_of(class)).collect();
        let rows = (0..self.labels.len()).map(|i| of_class.iter().map(|ranks| ranks[i]).collect()).collect();
        Self::with(self.classes, self.labels.clone(), rows, self.predicted.clone())
    }

    /// These images, and after them the same ones as another training predicts them: a training is a choice of one row for each
    /// image, by weights.
    ///
    /// # Panics
    /// Where the other has other classes.
    pub fn beside(&self, other: &Predictions) -> Predictions {
        assert_eq!(self.classes, other.classes, "both have the same classes");
        let rows = |p: &Predictions| (0..p.labels.len()).map(|i| p.scores.iter().map(|of_class| of_class[i]).collect()).collect::<Vec<Vec<f64>>>();
        let (labels, predicted) = ([self.labels.clone(), other.labels.clone()].concat(), [self.predicted.clone(), other.predicted.clone()].concat());
        Self::with(self.classes, labels, [rows(self), rows(other)].concat(), predicted)
    }

    /// The predicted class of an image.
    pub fn predicted(&self, image: usize) -> usize {
        self.predicted[image]
    }

    /// The rank of each image for a class, from 0 to 1, which orders images as the scores do, and apart where probabilities are rounded
    /// to 1. The scores themselves where one is NaN.
    pub fn ranks_of(&self, class: usize) -> Vec<f64> {
        self.rankings[class].as_ref().map_or_else(|| self.scores[class].clone(), Ranking::mid_ranks)
    }

    /// The score of each image for a class.
    pub fn scores_of(&self, class: usize) -> &[f64] {
        &self.scores[class]
    }

    /// The logarithmic loss of each image: −ln of the probability of its label, which is clipped to ε and 1 − ε, ε being
    /// the machine epsilon of a double, 2⁻⁵². NaN where the probability is.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The predictions under weights, one for each image.
    ///
    /// # Panics
    /// Where there are not as many weights as images.
    pub fn weighted<'a>(&'a self, weights: &'a [f64]) -> Weighted<'a> {
        assert_eq!(weights.len(), self.labels.len(), "one weight for each image");
        let mut confusion = vec![vec![0.0; self.classes]; self.classes];
        for ((label, predicted), weight) in self.labels.iter().zip(&self.predicted).zip(weights) {
            confusion[*label][*predicted] += weight;
        }
        let total = confusion.iter().flatten().sum();
        let ties = vec![OnceCell::new(); self.classes];
        Weighted { predictions: self, weights, confusion, total, ties, confidences: OnceCell::new() }
    }
}

/// Predictions under weights: what a metric is a function of.
#[derive(Debug)]
pub struct Weighted<'a> {
    predictions: &'a Predictions,
    weights: &'a [f64],
    confusion: Vec<Vec<f64>>,
    total: f64,
    /// Per class, see [`Weighted::ties`]. Several metrics are sums over them.
    ties: Vec<OnceCell<Option<Vec<Tie>>>>,
    /// See [`Weighted::confidences`].
    confidences: OnceCell<Option<Vec<Tie>>>,
}

impl<'a> Weighted<'a> {
    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.predictions.classes
    }
    /// How often images of class `row` were taken for class `column`.
    pub fn confusion(&self) -> &[Vec<f64>] {
        &self.confusion
    }
    /// The weight of all images.
    pub fn total(&self) -> f64 {
        self.total
    }
    /// The weight of the images of a class that are predicted to be of it.
    pub fn hits(&self, class: usize) -> f64 {
        self.confusion[class][class]
    }
    /// The weight of the images of a class.
    pub fn actual(&self, class: usize) -> f64 {
        self.confusion[class].iter().sum()
    }
    /// The weight of the images that are predicted to be of a class.
    pub fn predicted(&self, class: usize) -> f64 {
        self.confusion.iter().map(|row| row[class]).sum()
    }
    /// The weight of the images of other classes that are not predicted to be of a class.
    pub fn correct_rejections(&self, class: usize) -> f64 {
        self.total - self.actual(class) - self.predicted(class) + self.hits(class)
    }
    /// The images in ascending order of their scores for a class, equal scores together; those of the class are
    /// positive. None where a score is NaN.
    pub fn ties(&self, class: usize) -> Option<&[Tie]> {
        self.ties[class].get_or_init(|| Some(self.predictions.rankings[class].as_ref()?.ties(self.weights))).as_deref()
    }
    /// The images in ascending order of the scores of their predicted classes, equal scores together; those that are
    /// predicted right are positive. None where such a score is NaN.
    pub fn confidences(&self) -> Option<&[Tie]> {
        self.confidences.get_or_init(|| Some(self.predictions.confidences.as_ref()?.ties(self.weights))).as_deref()
    }
    /// The weight of each image.
    pub fn weights(&self) -> &'a [f64] {
        self.weights
    }
    /// What does not depend on weights.
    pub fn predictions(&self) -> &'a Predictions {
        self.predictions
    }
}

impl Decision {
    /// The class of an image with these probabilities.
    pub fn of(self, scores: &[f64]) -> usize {
        let at = |c: usize| if scores[c].is_nan() { f64::NEG_INFINITY } else { scores[c] };
        let largest = |classes: &mut dyn Iterator<Item = usize>| classes.reduce(|best, c| if at(c) > at(best) { c } else { best }).unwrap_or(0);
        match self {
            Decision::Largest => largest(&mut (0..scores.len())),
            Decision::AtLeast { class, threshold } if scores[class] >= threshold => class,
            Decision::AtLeast { class, .. } => largest(&mut (0..scores.len()).filter(|c| *c != class)),
        }
    }
}
