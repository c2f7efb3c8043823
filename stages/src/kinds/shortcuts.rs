//! What a classifier's area under the ROC curve rests on besides the finding: where images are from, their border, their grey level. A
//! stage of its own rather than part of `evaluate`: it applies the network to changed images, and a study that asks it of a finished
//! classifier evaluates nothing again.

mod groups;
#[cfg(test)]
mod planted;
mod probes;
#[cfg(test)]
mod tests;

use super::classifier::{self, ClassifierDocument};
use crate::contract::bounds::bounds;
use crate::contract::prelude::*;
use crate::data::cues::Common;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Sample, Samples};
use crate::data::subgroup::Subgroup;
use crate::data::weights::Trained;
use crate::evaluation::Predictions;
use crate::evaluation::patients::Patients;
use crate::records::{ProbeRow, Table, WithinGroupsRow};

ports! {
    inputs {
        /// The classifier.
        weights: Trained<ClassifierDocument>,
        /// The test set.
        samples: Samples,
        /// The training set: its mean fills what is hidden of an image, and its shares of classes say what the source alone tells. By
        /// default, the test set is used for both.
        training: Option<Samples>,
        /// Pixels of the images of both sets.
        images: Vec<Images> [by samples training],
    }
    outputs {
        /// Areas under the ROC curve within and between groups: six rows for each grouping and class.
        groups: Table<WithinGroupsRow> [contains samples; influenced weights training images],
        /// Areas under the ROC curve of changed images: five rows for each class.
        probes: Table<ProbeRow> [contains samples; influenced weights training images],
    }
}

/// Measures how much of a classifier's AUROC rests on where images are from, on their border, their grey level or their fine detail.
///
/// `groups` splits the pairs of a positive and a negative image of which an AUROC is the share in the right order:
///
/// * `auroc`: all pairs.
/// * `auroc-within`: pairs of one source. A classifier that recognises sources alone has 0.5. Each pair counts once.
/// * `auroc-within-weighted`: the same, where a source of n images has weight 1 / (n + 1) for each of its pairs (van Elteren 1960), so that
///   small sources count for more.
/// * `auroc-between`: pairs of two sources. `auroc` is the mean of this and `auroc-within`, weighted by `pairs`.
/// * `auroc-of-group`: of the share of the class in each source, in place of the classifier: what is told by the source alone.
/// * `share-left`: (`auroc-within` − 0.5) / (`auroc` − 0.5), what is left of the AUROC where source and class do not go together.
///
/// Where no source has images of the class and of others, nothing can be told, and a warning says so: no test of such images tells the
/// finding from the source.
///
/// `probes` applies the classifier to changed images of the same patients:
///
/// * `none`: as they are.
/// * `no-border`: the border is that of the mean training image. A mark or a text there is gone.
/// * `only-border`: all but the border is that of the mean training image.
/// * `equal-greys`: each image has the mean grey value and the contrast of the training images.
/// * `smooth`: under a Gaussian filter. Fine detail, noise and traces of generators are gone.
///
/// `loss` is what the AUROC loses by it, tested on the same patients (DeLong et al. 1988; Obuchowski 1997), and `kept` is the share that is
/// left of what it has above 0.5, with Fieller's interval. A classifier that loses much without the border, or keeps much with the border
/// alone, has learned something that is no finding of the lungs. The reverse is not certain: changed images are unlike those that were
/// trained on, so that a loss may have other reasons, and a cue may be in several places at once.
///
/// Intervals are at 95 %, of patients.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shortcuts {
    /// The class that is told from the others; by default, each class in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// What images are grouped by. Images whose table does not say it are left out of that grouping.
    #[serde(default = "default_by")]
    pub by: Vec<Subgroup>,
    /// Ages in years at which age groups begin, for `by: [age]`.
    #[serde(default = "default_ages")]
    pub ages: Vec<u32>,
    /// Width of the border on each edge, as a share of the side, rounded to whole pixels and at least one.
    #[serde(default = "default_border")]
    pub border: BorderWidth,
    /// What hidden parts of an image are filled with.
    #[serde(default)]
    pub fill: Fill,
    /// Standard deviation of the Gaussian filter of `smooth`, as a share of the side; 0.03 is 7 of 224 pixels.
    #[serde(default = "default_smoothing")]
    pub smoothing: Smoothing,
}

bounds! {
    /// Width of a border, as a share of the side: all four have 4 % of the image at least and 96 % at most.
    BorderWidth: from 0.01, to 0.4;
    /// Standard deviation of a filter, as a share of the side.
    Smoothing: from 0.001, to 0.5;
}

/// What hidden parts of an image are filled with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// The mean of the training images, pixel by pixel.
    #[default]
    Mean,
    /// This grey value, from 0 (black) to 255 (white).
    Grey(Whole<0, 255>),
}

fn default_by() -> Vec<Subgroup> {
    vec![Subgroup::Source]
}
fn default_ages() -> Vec<u32> {
    vec![40, 60]
}
fn default_border() -> BorderWidth {
    BorderWidth::of(0.125)
}
fn default_smoothing() -> Smoothing {
    Smoothing::of(0.03)
}

/// The test set of a classifier.
struct TestSet<'a> {
    weights: &'a Trained<ClassifierDocument>,
    store: &'a ImageStore<'a>,
    rows: Vec<Sample>,
    /// The class of each image.
    labels: Vec<usize>,
    patients: Patients,
    /// The classes that are told from the others.
    asked: Vec<usize>,
}

impl TestSet<'_> {
    fn classes(&self) -> &[String] {
        &self.weights.document.classes
    }

    fn predictions(&self, probabilities: Vec<Vec<f64>>) -> Predictions {
        Predictions::new(self.classes().len(), self.labels.clone(), probabilities)
    }
}

impl Stage for Shortcuts {
    const NAME: &'static str = "shortcuts";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Tensor;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let rising = self.ages.windows(2).all(|two| two[0] < two[1]) && !self.ages.is_empty();
        [
            BadParameter::unless(rising, "ages", "must be ages in years that rise, such as `[40, 60]`"),
            BadParameter::unless(!self.by.is_empty(), "by", "must name at least one grouping, such as `[source]`"),
            BadParameter::repeated(&self.by, "by"),
        ]
        .concat()
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        classifier::misfit(makers, upstream)
    }

    fn is_test(&self) -> bool {
        true
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let document = &inputs.weights.document;
        let store = ImageStore::of(&inputs.images)?;
        let rows = store.without_left_out(inputs.samples, cx).rows;
        if rows.is_empty() {
            return Err(Error::data("the test set has no images"));
        }
        let training = inputs.training.map(|training| store.without_left_out(training, cx).rows).filter(|rows| !rows.is_empty());
        let labels = document.labels(&rows, "test set")?;
        let tokens: Vec<String> = rows.iter().map(|row| row.patient.clone()).collect();
        let patients = Patients::of(&tokens, &labels, document.classes.len());
        let tested = TestSet { weights: &inputs.weights, store: &store, asked: self.asked(document)?, rows, labels, patients };
        let plain = tested.predictions(classifier::probabilities(&inputs.weights, &tested.rows, &store, cx)?);
        let known = training.as_ref().unwrap_or(&tested.rows);
        let groups = self.groups(&tested, &plain, training.as_deref(), cx);
        let pixels = known.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
        let common = Common::of(pixels.into_iter()).ok_or_else(|| Error::data("there are no images"))?;
        probes::remark(self, store.side, cx);
        let probes = self.probes(&tested, plain, &common, cx)?;
        Ok(Outputs { groups: Table { rows: groups }, probes: Table { rows: probes } })
    }
}

impl Shortcuts {
    /// The classes that are told from the others, by their places.
    fn asked(&self, document: &ClassifierDocument) -> Result<Vec<usize>> {
        let Some(positive) = &self.positive else { return Ok((0..document.classes.len()).collect()) };
        let at = document.classes.iter().position(|class| class == positive);
        let unknown = || Error::helped(format!("`positive`: there is no class `{positive}`"), format!("the classes are: {}", document.classes.join(", ")));
        Ok(vec![at.ok_or_else(unknown)?])
    }
}
