//! Evaluates a classifier on a test set: every metric with its interval, every prediction, and metrics by subgroup of patients.

mod decide;
mod subgroups;

use super::classifier::{self, ClassifierDocument, Predictor};
use crate::contract::prelude::*;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::Samples;
use crate::data::subgroup::Subgroup;
use crate::data::weights::Trained;
use crate::evaluation::estimate::{Intervals, estimates};
use crate::evaluation::patients::Patients;
use crate::evaluation::tested::Tested;
use crate::evaluation::threshold::ThresholdRule;
use crate::evaluation::{METRICS, Predictions};
use crate::records::{Measured, MetricRow, PredictedImage, Prediction, PredictionTable, Purpose, Scores, SubgroupRow, Table};
use crate::training;
use decide::Judged;

ports! {
    inputs {
        /// The classifier.
        weights: Trained<ClassifierDocument>,
        /// The test set.
        samples: Samples,
        /// Images that a threshold is chosen on, or probabilities are calibrated on: neither trained nor tested on.
        validation: Option<Samples>,
        /// Pixels of the images of both sets.
        images: Vec<Images> [by samples validation],
    }
    outputs {
        /// Metrics with intervals and all predictions, for `compare`.
        scores: Scores [contains samples; influenced weights validation images],
        /// One row per image.
        predictions: PredictionTable [contains samples; influenced weights validation images],
        /// One row per metric.
        metrics: Table<MetricRow> [contains samples; influenced weights validation images],
        /// One row per subgroup and metric, and the gaps between subgroups.
        subgroups: Option<Table<SubgroupRow>> [contains samples; influenced weights validation images],
    }
}

/// Evaluates a classifier on a test set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// The positive class: metrics of one class are shown for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// From which probability of the positive class on an image is taken for positive. By default, an image is of the class with the
    /// largest probability. All but `at` choose it on the validation images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ThresholdRule>,
    /// Calibrates probabilities on the validation images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrate: Option<Calibration>,
    /// Metrics of subgroups of patients, too, with the gap between the best and the worst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Subgroup>,
    /// Ages in years at which age groups begin, for `by: [age]`.
    #[serde(default = "default_ages")]
    pub ages: Vec<u32>,
    /// How intervals are computed.
    #[serde(default, skip_serializing_if = "Intervals::is_auto")]
    pub intervals: Intervals,
    /// Resamples of bootstrap intervals.
    #[serde(default = "default_resamples")]
    pub resamples: Whole<100, 1_000_000>,
    /// What the evaluation is for.
    #[serde(default)]
    pub purpose: Purpose,
}

/// How probabilities are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Calibration {
    /// By one temperature, at which the logarithmic loss is smallest (Guo et al. 2017). The order of images stays the same in tasks of
    /// two classes, but for probabilities that become 1.
    Temperature,
}

fn default_resamples() -> Whole<100, 1_000_000> {
    Whole::of(2000)
}

fn default_ages() -> Vec<u32> {
    vec![40, 60]
}

impl Stage for Evaluate {
    const NAME: &'static str = "evaluate";
    const VERSION: u32 = 5;
    const NEEDS: Needs = Needs::Tensor;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let rising = self.ages.windows(2).all(|two| two[0] < two[1]) && !self.ages.is_empty();
        [
            BadParameter::unless(self.threshold.is_none() || self.positive.is_some(), "threshold", "`threshold` requires `positive`: of which class is it?"),
            BadParameter::repeated(&self.by, "by"),
            BadParameter::unless(rising, "ages", "must be ages in years that rise, such as `[40, 60]`"),
        ]
        .concat()
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        classifier::misfit(makers, upstream)
    }

    fn requires(&self, port: &str) -> Option<&'static str> {
        let chooses = self.threshold.is_some_and(ThresholdRule::is_chosen) || self.calibrate.is_some();
        (port == "validation" && chooses).then_some("a threshold is chosen, and probabilities are calibrated, on images that are neither trained nor tested on")
    }

    fn reads(&self, port: &str) -> bool {
        port != "validation" || self.requires(port).is_some()
    }

    fn fills(&self, port: &str) -> bool {
        port != "subgroups" || !self.by.is_empty()
    }

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
        let device = training::open_device(cx.device)?;
        let network = classifier::open(&inputs.weights, store.side, &device)?;
        let predictor = Predictor { network: &*network, side: store.side, device: &device, cx: Some(cx) };
        let judge = |samples: Samples, of: &str| decide::judge(&predictor, document, &store, store.without_left_out(samples, cx), of);
        let mut tested = judge(inputs.samples, "test set")?;
        let validation = inputs.validation.filter(|_| self.requires("validation").is_some()).map(|v| judge(v, "validation set")).transpose()?;
        let decided = self.decide(&mut tested, validation, document, cx)?;
        let Judged { rows, labels, probabilities } = tested;
        let classes = &document.classes;
        let missing: Vec<&str> = classes.iter().filter(|c| !rows.iter().any(|r| r.label == **c)).map(String::as_str).collect();
        if !missing.is_empty() {
            cx.warn(format!("the test set has no image of `{}`: metrics of it, and means over classes, are undefined", missing.join("`, `")));
        }
        let decision = decided.decision();
        let tokens: Vec<String> = rows.iter().map(|r| r.patient.clone()).collect();
        let patients = Patients::of(&tokens, &labels, classes.len());
        let measured = Tested::of(METRICS, Predictions::decided(classes.len(), labels.clone(), probabilities.clone(), decision), &patients);
        let found = estimates(std::slice::from_ref(&measured), &patients, self.intervals, *self.resamples as usize);
        let metrics: Vec<Measured> = measured.measures().iter().zip(&found).map(|(of, e)| Measured::of(of, classes, e)).collect();
        let subgroups = (!self.by.is_empty()).then(|| Table { rows: self.subgroups(&rows, classes, measured.predictions()) });
        let ones = vec![1.0; rows.len()];
        let confusion = measured.predictions().weighted(&ones).confusion().iter().map(|row| row.iter().map(|n| *n as u64).collect()).collect();
        let predictions = rows
            .iter()
            .zip(&probabilities)
            .map(|(r, p)| Prediction { image: r.image, patient: r.patient.clone(), label: r.label.clone(), probabilities: p.clone() })
            .collect();
        let scores = Scores {
            purpose: self.purpose,
            classes: classes.clone(),
            positive: self.positive.clone(),
            threshold: decided.threshold,
            temperature: decided.temperature,
            training: document.training.clone(),
            predictions,
            confusion,
            metrics,
        };
        let table = Table { rows: scores.metrics.iter().map(MetricRow::from).collect() };
        Ok(Outputs { predictions: prediction_table(&scores, measured.predictions()), metrics: table, subgroups, scores })
    }
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
