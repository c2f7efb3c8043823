//! Scores with every prediction: what an evaluation found, in full precision, as JSON.

use crate::contract::prelude::*;
use crate::evaluation::Predictions;
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
    /// One per image of the test set, in table order.
    pub predictions: Vec<Prediction>,
    /// Confusion matrix: rows are labels, columns predictions.
    pub confusion: Vec<Vec<u64>>,
    /// Metrics with intervals.
    pub metrics: Vec<Measured>,
    /// How many resamples the intervals are of.
    pub resamples: usize,
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
    /// The predictions as numbers.
    pub fn predictions(&self) -> Predictions {
        let class = |label: &str| self.classes.iter().position(|c| c == label).expect("BUG: labels of scores are classes");
        let labels = self.predictions.iter().map(|p| class(&p.label)).collect();
        Predictions::new(self.classes.len(), labels, self.predictions.iter().map(|p| p.probabilities.clone()).collect())
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
            metrics: vec![Measured { metric: "auroc".into(), class: String::new(), value: None, low: None, high: Some(1.0 / 3.0) }],
            resamples: 100,
        };
        assert_eq!(Scores::read(&scores.to_json()).unwrap(), scores);
        let mut json: serde_json::Value = serde_json::from_slice(&scores.to_json()).unwrap();
        json["of-a-newer-program"] = 1.into();
        assert_eq!(Scores::read(json.to_string().as_bytes()).unwrap(), scores);
        json.as_object_mut().unwrap().remove("resamples");
        assert!(Scores::read(json.to_string().as_bytes()).unwrap_err().to_string().contains("`resamples`"));
    }
}
