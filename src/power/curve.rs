//! The value of a metric by the distance between the classes, and the distance by the value: what the model gives on very many images.

use super::design::Design;
use super::model::{dimensions, probabilities};
use hilum_stages::contract::seed::Seed;
use hilum_stages::evaluation::Predictions;
use hilum_stages::evaluation::metric::{Direction, measure, rows_of};
use hilum_stages::statistics::simulated::area;
use hilum_stages::statistics::special::normal_quantile;
use rayon::prelude::*;

/// Distances that are looked at: from classes in the wrong order to classes that are never mistaken.
const FROM: f64 = -1.0;
pub(super) const TO: f64 = 9.0;
const STEP: f64 = 0.125;
/// Images of each class.
const IMAGES: usize = 2000;
/// Trainings that a mean over them is of.
const TRAININGS: usize = 9;

/// The value of a metric by distance.
pub(super) struct Curve {
    /// At each step; none for an area of two classes, which has a formula.
    values: Option<Vec<f64>>,
    direction: Direction,
}

impl Curve {
    /// The curve of the metric that answers, with the shares of classes of the test set. None where the metric is undefined, as of a
    /// class without an image.
    pub(super) fn of(design: &Design, at: usize) -> Option<Curve> {
        let (metric, classes) = (design.measure.metric, design.classes.len());
        let counts: Vec<usize> = (0..classes).map(|c| design.labels.iter().filter(|l| **l == c).count()).collect();
        if metric.name == "auroc" && classes == 2 {
            return counts.iter().all(|n| *n > 0).then_some(Curve { values: None, direction: metric.direction });
        }
        let labels: Vec<usize> = (0..classes).filter(|c| counts[*c] > 0).flat_map(|c| std::iter::repeat_n(c, IMAGES)).collect();
        let weights: Vec<f64> = labels.iter().map(|c| counts[*c] as f64 / IMAGES as f64).collect();
        // Of two classes, quantiles of the noise do as well as very many draws.
        let mut stream = Seed(0).stream("power", "curve");
        let mut one = |image: usize| match dimensions(classes) {
            1 => vec![normal_quantile(((image % IMAGES) as f64 + 0.5) / IMAGES as f64)],
            d => (0..d).map(|_| stream.normal()).collect(),
        };
        let noise: Vec<Vec<f64>> = (0..labels.len()).map(&mut one).collect();
        let value = |step: usize| {
            let distance = FROM + STEP * step as f64;
            let rows = labels.iter().zip(&noise).map(|(label, noise)| probabilities(*label, classes, noise, distance, distance)).collect();
            measure(rows_of(metric.name), &Predictions::new(classes, labels.clone(), rows), &weights)[at].filter(|v| v.is_finite())
        };
        let mut values = (0..=((TO - FROM) / STEP) as usize).into_par_iter().map(value).collect::<Option<Vec<f64>>>()?;
        // What is left of chance would make a value have two distances.
        let sign = sign(metric.direction);
        for k in 1..values.len() {
            if sign * values[k] < sign * values[k - 1] {
                values[k] = values[k - 1];
            }
        }
        Some(Curve { values: Some(values), direction: metric.direction })
    }

    /// On average over trainings whose distances have this standard deviation.
    pub(super) fn value(&self, distance: f64, between: f64) -> f64 {
        let Some(values) = &self.values else { return area(distance, between) };
        let at = |distance: f64| {
            let place = ((distance - FROM) / STEP).clamp(0.0, (values.len() - 1) as f64);
            let below = (place as usize).min(values.len() - 2);
            let part = place - below as f64;
            values[below] * (1.0 - part) + values[below + 1] * part
        };
        let each = |k: usize| at(distance + between * normal_quantile((k as f64 + 0.5) / TRAININGS as f64));
        (0..TRAININGS).map(each).sum::<f64>() / TRAININGS as f64
    }

    /// The value of classes that are never mistaken.
    pub(super) fn best(&self) -> f64 {
        self.value(TO, 0.0)
    }

    /// The distance at which the value is this; none where it is at none.
    pub(super) fn distance(&self, value: f64, between: f64) -> Option<f64> {
        let sign = sign(self.direction);
        let is_below = |distance: f64| sign * self.value(distance, between) < sign * value;
        if !is_below(FROM) || is_below(TO) {
            return None;
        }
        let (mut low, mut high) = (FROM, TO);
        for _ in 0..50 {
            let middle = (low + high) / 2.0;
            if is_below(middle) { low = middle } else { high = middle }
        }
        Some(high)
    }

    /// By how much the value changes with the distance.
    pub(super) fn slope(&self, distance: f64) -> f64 {
        (self.value(distance + STEP, 0.0) - self.value(distance - STEP, 0.0)).abs() / (2.0 * STEP)
    }
}

/// 1 where more is better.
pub(super) fn sign(direction: Direction) -> f64 {
    match direction {
        Direction::HigherIsBetter => 1.0,
        Direction::LowerIsBetter => -1.0,
    }
}
