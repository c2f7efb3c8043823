//! Evaluates a classifier on a test set: metrics with bootstrap intervals over patients, and every prediction.

use super::classifier::{self, ClassifierDocument, Predictor};
use crate::contract::prelude::*;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Sample, Samples};
use crate::data::weights::Trained;
use crate::evaluation::bootstrap::{Clusters, estimates};
use crate::evaluation::{METRICS, Predictions};
use crate::records::{Measured, MetricRow, PredictedImage, Prediction, PredictionTable, Purpose, Scores, Table};
use crate::training;

ports! {
    inputs {
        /// The classifier.
        weights: Trained<ClassifierDocument>,
        /// The test set.
        samples: Samples,
        /// Pixels of its images.
        images: Vec<Images> [by samples],
    }
    outputs {
        /// Metrics with intervals and all predictions, for `compare`.
        scores: Scores [contains samples; influenced weights images],
        /// One row per image.
        predictions: PredictionTable [contains samples; influenced weights images],
        /// One row per metric.
        metrics: Table<MetricRow> [contains samples; influenced weights images],
    }
}

/// Evaluates a classifier on a test set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// Bootstrap resamples of the patients for the 95 % intervals.
    #[serde(default = "default_resamples")]
    pub resamples: Whole<100, 1_000_000>,
    /// What the evaluation is for.
    #[serde(default)]
    pub purpose: Purpose,
}

fn default_resamples() -> Whole<100, 1_000_000> {
    Whole::of(1000)
}

impl Stage for Evaluate {
    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn is_test(&self) -> bool {
        true
    }

    fn judges_images(&self) -> bool {
        self.purpose == Purpose::SyntheticQuality
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.purpose.mark().into_iter().for_each(|mark| cx.warn(mark));
        let document = &inputs.weights.document;
        let store = ImageStore::of(&inputs.images)?;
        let samples = store.without_left_out(inputs.samples, cx);
        let rows = &samples.rows;
        if let Some(row) = rows.iter().find(|r| !document.classes.contains(&r.label)) {
            let classes = document.classes.join(", ");
            return Err(Error::helped(
                format!("label `{}` of the test set is not one of the classifier's classes ({classes})", row.label),
                "remove images with this label from the test set, or train on some as well",
            ));
        }
        let device = training::open_device(cx.device)?;
        let network = classifier::open(&inputs.weights, store.side, &device)?;
        let images = rows.iter().map(|r| store.get(&r.image)).collect::<Result<Vec<_>>>()?;
        let probabilities =
            Predictor { network: &*network, side: store.side, device: &device, cx: Some(cx) }.probabilities(document.trees.as_ref(), &images)?;
        all_are_numbers(rows, &document.classes, &probabilities)?;
        let labels: Vec<usize> = rows.iter().map(|r| document.classes.iter().position(|c| *c == r.label).expect("BUG: checked above")).collect();
        let measured = Predictions::new(document.classes.len(), labels, probabilities.clone());
        let clusters = Clusters::of(&rows.iter().map(|r| r.patient.clone()).collect::<Vec<_>>());
        let metrics: Vec<Measured> = estimates(METRICS, &measured, &clusters, *self.resamples as usize, &mut cx.stream("bootstrap"))
            .into_iter()
            .map(|e| {
                let class = e.of.class.map(|c| document.classes[c].clone()).unwrap_or_default();
                Measured { metric: e.of.metric.name.into(), class, value: e.value, low: e.interval.map(|i| i.0), high: e.interval.map(|i| i.1) }
            })
            .collect();
        let ones = vec![1.0; rows.len()];
        let confusion = measured.weighted(&ones).confusion().iter().map(|row| row.iter().map(|n| *n as u64).collect()).collect();
        let predictions = rows
            .iter()
            .zip(&probabilities)
            .map(|(r, p)| Prediction { image: r.image, patient: r.patient.clone(), label: r.label.clone(), probabilities: p.clone() })
            .collect();
        let scores = Scores { purpose: self.purpose, classes: document.classes.clone(), predictions, confusion, metrics, resamples: *self.resamples as usize };
        Ok(Outputs { predictions: prediction_table(&scores, &measured), metrics: Table { rows: scores.metrics.iter().map(MetricRow::from).collect() }, scores })
    }
}

/// Refuses probabilities that are not finite, which can be neither ranked nor counted, and names the image.
fn all_are_numbers(rows: &[Sample], classes: &[String], probabilities: &[Vec<f64>]) -> Result<()> {
    for (row, probabilities) in rows.iter().zip(probabilities) {
        if let Some((class, p)) = classes.iter().zip(probabilities).find(|(_, p)| !p.is_finite()) {
            return Err(Error::helped(
                format!("the classifier's probability of `{class}` for image {} (label `{}`) is {p}, not a finite number", row.image.short(), row.label),
                "its training diverged: train it again with a lower learning rate",
            ));
        }
    }
    Ok(())
}

fn prediction_table(scores: &Scores, measured: &Predictions) -> PredictionTable {
    let row = |(at, p): (usize, &Prediction)| PredictedImage {
        image: p.image,
        patient: p.patient.clone(),
        label: p.label.clone(),
        predicted: scores.classes[measured.predicted(at)].clone(),
        probabilities: p.probabilities.clone(),
    };
    PredictionTable { classes: scores.classes.clone(), rows: scores.predictions.iter().enumerate().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::tests::sample;

    #[test]
    fn a_probability_that_is_not_finite_is_refused_by_image_and_class() {
        let (rows, classes) = ([sample("p", 1, "normal"), sample("p", 2, "covid")], ["covid", "normal"].map(String::from));
        let check = |p: [f64; 2]| all_are_numbers(&rows, &classes, &[vec![-0.0, 1.0], p.to_vec()]);
        assert!(check([0.0, 1.0]).is_ok() && all_are_numbers(&[], &classes, &[]).is_ok());
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let fault = check([0.5, odd]).unwrap_err().to_string();
            assert!(fault.contains("`normal`") && fault.contains(&format!("image {} (label `covid`)", rows[1].image.short())), "{fault}");
        }
    }
}
