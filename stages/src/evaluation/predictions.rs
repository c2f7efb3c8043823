//! Predictions of images whose label is known, and how they look under weights: a weight is how often a resample drew
//! the image, so that a bootstrap is a change of weights. What does not depend on weights (orders of scores, predicted
//! classes) is computed once.

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
    /// Per class, the order that sorts its scores.
    orders: Vec<Vec<usize>>,
}

impl Predictions {
    /// Predictions ready to be measured many times; `scores` are probabilities, `[image][class]`.
    pub fn new(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>) -> Self {
        let predicted = scores.iter().map(|s| largest(s)).collect();
        let scores: Vec<Vec<f64>> = (0..classes).map(|c| scores.iter().map(|s| s[c]).collect()).collect();
        let orders = scores.iter().map(|s| ascending(s)).collect();
        Predictions { classes, labels, predicted, scores, orders }
    }

    /// The predicted class of an image: the first of the largest scores. What is not a number is less than any.
    pub fn predicted(&self, image: usize) -> usize {
        self.predicted[image]
    }

    /// The score of each image for a class.
    pub fn scores_of(&self, class: usize) -> &[f64] {
        &self.scores[class]
    }

    /// The images in ascending order of their scores for a class, ties by index.
    pub fn ascending(&self, class: usize) -> &[usize] {
        &self.orders[class]
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
        Weighted { predictions: self, weights, confusion, total }
    }
}

/// Predictions under weights: what a metric is a function of.
#[derive(Debug)]
pub struct Weighted<'a> {
    predictions: &'a Predictions,
    weights: &'a [f64],
    confusion: Vec<Vec<f64>>,
    total: f64,
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
    /// The weight of each image.
    pub fn weights(&self) -> &'a [f64] {
        self.weights
    }
    /// What does not depend on weights.
    pub fn predictions(&self) -> &'a Predictions {
        self.predictions
    }
}

fn largest(scores: &[f64]) -> usize {
    let at = |c: usize| if scores[c].is_nan() { f64::NEG_INFINITY } else { scores[c] };
    (1..scores.len()).fold(0, |best, c| if at(c) > at(best) { c } else { best })
}

/// The order that sorts scores ascending, ties by index.
pub(super) fn ascending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(a.cmp(b)));
    order
}
