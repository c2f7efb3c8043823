//! Metrics of predictions against labels, weighted, so that a bootstrap is a change of weights.

use super::ranking;

/// Predictions for films of known label.
#[derive(Debug, Clone, Default)]
pub struct Predictions {
    /// How many classes there are.
    pub classes: usize,
    /// The class of each film.
    pub labels: Vec<usize>,
    /// Probabilities, `[film][class]`.
    pub scores: Vec<Vec<f64>>,
    /// Per class, the order that sorts its scores; filled by [`Predictions::new`].
    orders: Vec<Vec<usize>>,
}

/// A metric's name and the class it is of; the whole where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricName {
    /// Such as `sensitivity`.
    pub metric: &'static str,
    /// The class, one against the rest.
    pub class: Option<usize>,
}

const WHOLE: [&str; 3] = ["accuracy", "balanced-accuracy", "auroc"];
const PER_CLASS: [&str; 5] = ["sensitivity", "specificity", "precision", "f1", "auroc"];

/// The names of all metrics in the order of [`Predictions::measure`].
pub fn names(classes: usize) -> Vec<MetricName> {
    let whole = WHOLE.iter().map(|metric| MetricName { metric, class: None });
    let each = (0..classes).flat_map(|c| PER_CLASS.iter().map(move |metric| MetricName { metric, class: Some(c) }));
    whole.chain(each).collect()
}

impl Predictions {
    /// Predictions ready to be measured many times.
    pub fn new(classes: usize, labels: Vec<usize>, scores: Vec<Vec<f64>>) -> Self {
        let orders = (0..classes).map(|c| ranking::ascending(&scores.iter().map(|s| s[c]).collect::<Vec<_>>())).collect();
        Predictions { classes, labels, scores, orders }
    }

    /// The predicted class of a film: the first of the largest scores. What is no number is less than any.
    pub fn predicted(&self, film: usize) -> usize {
        let scores = &self.scores[film];
        let at = |c: usize| if scores[c].is_nan() { f64::NEG_INFINITY } else { scores[c] };
        (1..scores.len()).fold(0, |best, c| if at(c) > at(best) { c } else { best })
    }

    /// How often films of class `row` were taken for class `column`.
    pub fn confusion(&self, weights: &[f64]) -> Vec<Vec<f64>> {
        let mut table = vec![vec![0.0; self.classes]; self.classes];
        for (film, label) in self.labels.iter().enumerate() {
            table[*label][self.predicted(film)] += weights[film];
        }
        table
    }

    /// All metrics; `None` where one is undefined, such as the sensitivity for a class without films.
    pub fn measure(&self, weights: &[f64]) -> Vec<Option<f64>> {
        let table = self.confusion(weights);
        let total: f64 = table.iter().flatten().sum();
        let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        let mean = |values: &[Option<f64>]| {
            let defined: Vec<f64> = values.iter().flatten().copied().collect();
            (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
        };
        let mut each = vec![];
        for c in 0..self.classes {
            let hit = table[c][c];
            let actual: f64 = table[c].iter().sum();
            let predicted: f64 = table.iter().map(|row| row[c]).sum();
            let positive: Vec<bool> = self.labels.iter().map(|l| *l == c).collect();
            let scores: Vec<f64> = self.scores.iter().map(|s| s[c]).collect();
            each.push([
                share(hit, actual),
                share(total - actual - predicted + hit, total - actual),
                share(hit, predicted),
                share(2.0 * hit, actual + predicted),
                ranking::weighted_auroc(&scores, &positive, weights, &self.orders[c]),
            ]);
        }
        let accuracy = share((0..self.classes).map(|c| table[c][c]).sum(), total);
        let column = |i: usize| mean(&each.iter().map(|m| m[i]).collect::<Vec<_>>());
        [accuracy, column(0), column(4)].into_iter().chain(each.iter().flatten().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn metrics_agree_with_scikit_learn() {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/metrics.json")).unwrap();
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert!(cases.len() >= 50);
        for case in &cases {
            let classes = case["classes"].as_u64().unwrap() as usize;
            let labels: Vec<usize> = serde_json::from_value(case["labels"].clone()).unwrap();
            let scores: Vec<Vec<f64>> = serde_json::from_value(case["scores"].clone()).unwrap();
            let weights = vec![1.0; labels.len()];
            let found = Predictions::new(classes, labels, scores).measure(&weights);
            let expected = &case["expected"];
            for (name, value) in names(classes).iter().zip(found) {
                let key = |m: &str| if name.class.is_none() && m == "auroc" { "macro_auroc".into() } else { m.replace('-', "_") };
                let want = match name.class {
                    None => &expected[key(name.metric)],
                    Some(c) => &expected["per_class"][c][name.metric],
                };
                match (want.as_f64(), value) {
                    (Some(w), Some(v)) => assert!((w - v).abs() < 1e-12, "{name:?}: {v} where scikit-learn has {w}"),
                    (w, v) => assert!(w.is_none() && v.is_none(), "{name:?}: {v:?} where scikit-learn has {w:?}"),
                }
            }
        }
    }

    #[test]
    fn a_weight_is_a_repetition() {
        let (labels, scores) = (vec![0, 1, 1], vec![vec![0.6, 0.4], vec![0.7, 0.3], vec![0.1, 0.9]]);
        let weighted = Predictions::new(2, labels, scores.clone()).measure(&[2.0, 1.0, 0.0]);
        let repeated = Predictions::new(2, vec![0, 0, 1], vec![scores[0].clone(), scores[0].clone(), scores[1].clone()]).measure(&[1.0; 3]);
        assert_eq!(weighted, repeated);
    }

    #[test]
    fn scores_that_are_no_numbers_have_metrics_all_the_same() {
        let none = f64::NAN;
        let found = Predictions::new(2, vec![0, 1, 1], vec![vec![none, 0.4], vec![none, none], vec![f64::NEG_INFINITY, f64::INFINITY]]);
        assert_eq!([0, 1, 2].map(|film| found.predicted(film)), [1, 0, 1]);
        let values = found.measure(&[1.0; 3]);
        assert_eq!(values[2], None, "a ranking with holes is none");
        assert!(values.iter().flatten().all(|v| v.is_finite()), "{values:?}");
        assert_eq!(Predictions::new(2, vec![0], vec![vec![-0.0, 0.0]]).predicted(0), 0, "both zeros are one score");
        assert!(Predictions::new(2, vec![], vec![]).measure(&[]).iter().all(Option::is_none));
    }
}
