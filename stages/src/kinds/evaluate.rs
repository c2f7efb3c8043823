//! Evaluates a classifier on a test set: metrics with intervals by a bootstrap over patients, and every prediction.

use super::classifier::{self, ClassifierDocument, Onlooker};
use super::documents::{Measured, Prediction, Purpose, Scores};
use crate::contract::prelude::*;
use crate::data::pack::{Gallery, Images};
use crate::data::sample::{Sample, Samples};
use crate::data::table::{Table, number};
use crate::data::weights::Trained;
use crate::metrics::bootstrap::{Clusters, percentile_interval};
use crate::metrics::classification::{Predictions, names};
use crate::training;

ports! {
    inputs {
        /// The classifier.
        weights: Trained<ClassifierDocument>,
        /// The test set.
        samples: Samples,
        /// Pixels of its films.
        images: Vec<Images> [by samples],
    }
    outputs {
        /// Metrics with intervals and all predictions, for `compare`.
        scores: Scores [contains samples; influenced weights images],
        /// One row per film.
        predictions: Table [contains samples; influenced weights images],
        /// One row per metric.
        metrics: Table [contains samples; influenced weights images],
    }
}

/// Measures a classifier on a test set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// Resamples of the patients for the 95 % intervals.
    #[serde(default = "default_resamples")]
    #[schemars(range(min = 100))]
    pub resamples: u32,
    /// What is judged.
    #[serde(default)]
    pub purpose: Purpose,
}

fn default_resamples() -> u32 {
    1000
}

impl Stage for Evaluate {
    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 2;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        BadParameter::unless((100..=1_000_000).contains(&self.resamples), "resamples", "must lie between 100 and 1000000")
    }

    fn is_test(&self) -> bool {
        true
    }

    fn judges_images(&self) -> bool {
        self.purpose == Purpose::SyntheticQuality
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.purpose.mark().into_iter().for_each(|mark| cx.note(mark));
        let document = &inputs.weights.document;
        let gallery = Gallery::of(&inputs.images)?;
        let samples = gallery.without_left_out(inputs.samples, cx);
        let rows = &samples.rows;
        if let Some(row) = rows.iter().find(|r| !document.classes.contains(&r.label)) {
            let classes = document.classes.join(", ");
            return Err(Error::helped(
                format!("label `{}` of the test set is none of the classifier's classes ({classes})", row.label),
                "leave films of that label out of the test set, or train on films of it, too",
            ));
        }
        let device = training::open_device(cx.device)?;
        let network = classifier::open(&inputs.weights, gallery.side, &device)?;
        let films = rows.iter().map(|r| gallery.get(&r.image)).collect::<Result<Vec<_>>>()?;
        let probabilities =
            Onlooker { network: &*network, side: gallery.side, device: &device, cx: Some(cx) }.probabilities(document.trees.as_ref(), &films)?;
        all_are_numbers(rows, &document.classes, &probabilities)?;
        let labels: Vec<usize> = rows.iter().map(|r| document.classes.iter().position(|c| *c == r.label).expect("BUG: checked above")).collect();
        let measured = Predictions::new(document.classes.len(), labels, probabilities.clone());

        let ones = vec![1.0; rows.len()];
        let values = measured.measure(&ones);
        let clusters = Clusters::of(&rows.iter().map(|r| r.patient.clone()).collect::<Vec<_>>());
        let mut stream = cx.stream("bootstrap");
        let resampled: Vec<Vec<Option<f64>>> = (0..self.resamples).map(|_| measured.measure(&clusters.resample(&mut stream))).collect();
        let metrics: Vec<Measured> = names(document.classes.len())
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let interval = values[i].and_then(|_| percentile_interval(&resampled.iter().map(|r| r[i]).collect::<Vec<_>>(), 0.95));
                let class = name.class.map(|c| document.classes[c].clone()).unwrap_or_default();
                Measured { metric: name.metric.into(), class, value: values[i], low: interval.map(|i| i.0), high: interval.map(|i| i.1) }
            })
            .collect();
        let confusion = measured.confusion(&ones).into_iter().map(|row| row.into_iter().map(|n| n as u64).collect()).collect();
        let predictions = rows
            .iter()
            .zip(&probabilities)
            .map(|(r, p)| Prediction { image: r.image, patient: r.patient.clone(), label: r.label.clone(), probabilities: p.clone() })
            .collect();
        let scores = Scores { purpose: self.purpose, classes: document.classes.clone(), predictions, confusion, metrics, resamples: self.resamples as usize };
        Ok(Outputs { predictions: prediction_table(&scores, &measured), metrics: metric_table(&scores), scores })
    }
}

/// What is no number can be neither ranked nor counted: the image that got it is named, and nothing is measured.
fn all_are_numbers(rows: &[Sample], classes: &[String], probabilities: &[Vec<f64>]) -> Result<()> {
    for (row, probabilities) in rows.iter().zip(probabilities) {
        if let Some((class, p)) = classes.iter().zip(probabilities).find(|(_, p)| !p.is_finite()) {
            return Err(Error::helped(
                format!("the probability of `{class}` that the classifier gives image {} (label `{}`) is {p}, not a number", row.image.short(), row.label),
                "its training diverged: train it again with a lower learning rate",
            ));
        }
    }
    Ok(())
}

fn prediction_table(scores: &Scores, measured: &Predictions) -> Table {
    let mut header: Vec<String> = ["image", "patient", "label", "predicted"].map(String::from).to_vec();
    header.extend(scores.classes.iter().map(|c| format!("p-{c}")));
    let mut table = Table { name: "predictions", header, rows: vec![] };
    for (i, p) in scores.predictions.iter().enumerate() {
        let mut row = vec![p.image.to_string(), p.patient.clone(), p.label.clone(), scores.classes[measured.predicted(i)].clone()];
        row.extend(p.probabilities.iter().map(|v| number(*v)));
        table.push(row);
    }
    table
}

fn metric_table(scores: &Scores) -> Table {
    let mut table = Table::new("metrics", &["metric", "class", "value", "low", "high"]);
    let cell = |v: Option<f64>| v.map(number).unwrap_or_default();
    for m in &scores.metrics {
        table.push(vec![m.metric.clone(), m.class.clone(), cell(m.value), cell(m.low), cell(m.high)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::tests::sample;

    #[test]
    fn a_probability_that_is_no_number_is_refused_by_image_and_class() {
        let (rows, classes) = ([sample("p", 1, "normal"), sample("p", 2, "covid")], ["covid", "normal"].map(String::from));
        let said = |p: [f64; 2]| all_are_numbers(&rows, &classes, &[vec![-0.0, 1.0], p.to_vec()]);
        assert!(said([0.0, 1.0]).is_ok() && all_are_numbers(&[], &classes, &[]).is_ok());
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let fault = said([0.5, odd]).unwrap_err().to_string();
            assert!(fault.contains("`normal`") && fault.contains(&format!("image {} (label `covid`)", rows[1].image.short())), "{fault}");
        }
    }
}
