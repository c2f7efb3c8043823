//! Scores with every prediction: what an evaluation found, in full precision, as JSON.

use crate::contract::prelude::*;
use crate::evaluation::estimate::Estimate;
use crate::evaluation::metric::Measure;
use crate::evaluation::predictions::Decision;
use crate::files::write;
use hilum_cache::Digest;

/// What an evaluation found: metrics with intervals, and every prediction, so that arms can be compared image by image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// What was judged; scores of one purpose say nothing beside those of another.
    #[serde(default)]
    pub purpose: Purpose,
    /// Class names.
    pub classes: Vec<String>,
    /// The positive class, if the study names one.
    #[serde(default)]
    pub positive: Option<String>,
    /// From which probability of the positive class on an image is taken for positive; without it, an image is of the class with the
    /// largest probability.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// The temperature by which probabilities were scaled, if they were.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// What the classifier was trained on, if its program said so.
    #[serde(default)]
    pub training: Option<TrainingSummary>,
    /// One per image of the test set, in table order.
    pub predictions: Vec<Prediction>,
    /// Confusion matrix: rows are labels, columns predictions.
    pub confusion: Vec<Vec<u64>>,
    /// Metrics with intervals.
    pub metrics: Vec<Measured>,
}

/// What a classifier was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Training steps.
    pub steps: u64,
    /// Its images by class.
    pub classes: Vec<TrainedClass>,
}

/// The training images of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedClass {
    /// The class.
    pub class: String,
    /// Real images.
    pub real: u64,
    /// Synthetic images.
    pub synthetic: u64,
    /// Patients of the real ones.
    pub patients: u64,
}

/// What an evaluation measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To measure the classifier: on patients who must not have reached it.
    #[default]
    Performance,
    /// To measure how good synthetic images are: a classifier is trained or tested on them in place of the real ones of
    /// a class. The same patients may be on both sides, and the numbers do not tell how the classifier would do on new
    /// patients.
    SyntheticQuality,
}

/// The prediction for one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The image.
    #[serde(alias = "film")]
    pub image: Digest,
    /// Whose it is.
    pub patient: String,
    /// Its label.
    pub label: String,
    /// Probabilities in the order of the classes.
    pub probabilities: Vec<f64>,
}

/// A metric with its interval; empty where undefined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Such as `sensitivity`.
    pub metric: String,
    /// The class, or empty for the whole.
    pub class: String,
    /// The value.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// For a share of images: `17/20`.
    #[serde(default)]
    pub count: String,
    /// How the interval was computed, or why there is none.
    #[serde(default)]
    pub interval: String,
}

impl Measured {
    /// An estimate of a metric.
    pub fn of(of: &Measure, classes: &[String], estimate: &Estimate) -> Measured {
        let limits = estimate.interval.as_ref().ok();
        Measured {
            metric: of.metric.name.into(),
            class: of.class.map(|c| classes[c].clone()).unwrap_or_default(),
            value: estimate.value,
            low: limits.map(|i| i.low),
            high: limits.map(|i| i.high),
            count: estimate.counts.map(|(hits, of)| format!("{hits}/{of}")).unwrap_or_default(),
            interval: estimate.interval.as_ref().map_or_else(Clone::clone, |i| i.method.to_owned()),
        }
    }
}

impl Purpose {
    /// The warning that must stand beside numbers of this purpose wherever they are shown.
    pub fn mark(self) -> Option<&'static str> {
        (self == Purpose::SyntheticQuality)
            .then_some("this judges synthetic images (`purpose: synthetic-quality`); it does not say how the classifier would do on new patients")
    }
}

impl Scores {
    /// Takes scores from JSON. Fields that are not known are passed over.
    ///
    /// # Errors
    /// Where a field is missing, which is named, or holds something else.
    pub fn read(bytes: &[u8]) -> Result<Scores> {
        serde_json::from_slice(bytes).map_err(|e| Error::data(format!("scores do not read: {e}")))
    }
    /// The JSON bytes.
    pub fn to_json(&self) -> Vec<u8> {
        hilum_cache::canonical::to_bytes(self)
    }
    /// The class of each image; none where a label is no class.
    pub fn labels(&self) -> Option<Vec<usize>> {
        self.predictions.iter().map(|p| self.classes.iter().position(|c| *c == p.label)).collect()
    }
    /// Of which class an image is.
    pub fn decision(&self) -> Decision {
        let class = self.positive.as_ref().and_then(|p| self.classes.iter().position(|c| c == p));
        class.zip(self.threshold).map_or(Decision::Largest, |(class, threshold)| Decision::AtLeast { class, threshold })
    }
}

const SCORES: &str = "scores.json";

impl InputArtifact for Scores {
    const TYPE: ArtifactType = ArtifactType::Scores;
    fn open(files: &[File]) -> Result<Self> {
        let file = files.first().ok_or_else(|| Error::data("scores without a file"))?;
        Scores::read(&std::fs::read(&file.path).map_err(Error::io("read", &file.path))?)
    }
}
impl OutputArtifact for Scores {
    const TYPE: ArtifactType = ArtifactType::Scores;
    fn save(&self, folder: &Path) -> Result<()> {
        write(&folder.join(SCORES), &self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_read_back_and_a_missing_field_is_named() {
        let scores = Scores {
            purpose: Purpose::SyntheticQuality,
            classes: vec!["a".into(), "b".into()],
            predictions: vec![Prediction { image: Digest::of(b"x"), patient: "t1".into(), label: "b".into(), probabilities: vec![0.1, 0.9] }],
            confusion: vec![vec![0, 0], vec![0, 1]],
            positive: Some("b".into()),
            threshold: Some(0.3),
            temperature: None,
            training: Some(TrainingSummary { steps: 9, classes: vec![TrainedClass { class: "a".into(), real: 1, synthetic: 2, patients: 1 }] }),
            metrics: vec![Measured {
                metric: "auroc".into(),
                class: String::new(),
                value: None,
                low: None,
                high: Some(1.0 / 3.0),
                count: "1/2".into(),
                interval: "jackknife t".into(),
            }],
        };
        assert_eq!(scores.decision(), Decision::AtLeast { class: 1, threshold: 0.3 });
        assert_eq!(scores.labels(), Some(vec![1]));
        assert_eq!(Scores::read(&scores.to_json()).unwrap(), scores);
        let mut json: serde_json::Value = serde_json::from_slice(&scores.to_json()).unwrap();
        json["of-a-newer-program"] = 1.into();
        assert_eq!(Scores::read(json.to_string().as_bytes()).unwrap(), scores);
        json.as_object_mut().unwrap().remove("confusion");
        assert!(Scores::read(json.to_string().as_bytes()).unwrap_err().to_string().contains("`confusion`"));
    }
}
