//! Scores with their predictions, which `evaluate` gives to `compare`.

use crate::contract::prelude::*;
use crate::data::sample::write;
use crate::metrics::classification::Predictions;
use hilum_cache::Digest;

/// What an evaluation found: metrics with intervals, and every prediction, so that arms can be compared film by film.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scores {
    /// What was judged; scores of one purpose say nothing beside those of another.
    #[serde(default)]
    pub purpose: Purpose,
    /// Class names.
    pub classes: Vec<String>,
    /// One per film of the test set, in table order.
    pub predictions: Vec<Prediction>,
    /// Confusion matrix: rows are labels, columns predictions.
    pub confusion: Vec<Vec<u64>>,
    /// Metrics with intervals.
    pub metrics: Vec<Measured>,
    /// How many resamples the intervals are of.
    pub resamples: usize,
}

/// What an evaluation judges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The classifier, by patients who may not have reached it.
    #[default]
    Performance,
    /// Synthetic images, by a classifier that is trained or tested on them in place of the real ones of a class: patients may
    /// stand on both sides, and the numbers say nothing of how the classifier would do on new patients.
    SyntheticQuality,
}

/// The prediction for one film.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prediction {
    /// The film.
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// What must stand beside numbers of this purpose wherever they are shown.
    pub fn mark(self) -> Option<&'static str> {
        (self == Purpose::SyntheticQuality)
            .then_some("warning: this judges synthetic images (`purpose: synthetic-quality`); it does not say how the classifier would do on new patients")
    }
}

impl Scores {
    /// The predictions as numbers.
    pub fn predictions(&self) -> Predictions {
        let class = |label: &str| self.classes.iter().position(|c| c == label).expect("BUG: labels of scores are classes");
        let labels = self.predictions.iter().map(|p| class(&p.label)).collect();
        Predictions::new(self.classes.len(), labels, self.predictions.iter().map(|p| p.probabilities.clone()).collect())
    }
}

const SCORES: &str = "scores.json";

impl ArtifactType for Scores {
    const TYPE: &'static str = "scores";
    fn open(files: &[File]) -> Result<Self> {
        let file = files.first().ok_or_else(|| Error::data("scores without a file"))?;
        let bytes = std::fs::read(&file.path).map_err(Error::io("read", &file.path))?;
        serde_json::from_slice(&bytes).map_err(|e| Error::data(format!("scores do not read: {e}")))
    }
}
impl OutputType for Scores {
    const TYPE: &'static str = "scores";
    fn save(&self, folder: &Path) -> Result<()> {
        write(&folder.join(SCORES), &hilum_cache::canonical::to_bytes(self))
    }
}
