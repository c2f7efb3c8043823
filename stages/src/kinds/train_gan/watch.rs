//! What is watched while a generator is trained, as parameters. Independent of how it is computed.

use crate::contract::prelude::*;
use crate::contract::source::Source;
use crate::models::Extractor;
use crate::quality;

/// Figures of images as the generator generates them during the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchParameters {
    /// Steps from one time to the next; after the last step, too.
    pub every: Count,
    /// Images that are generated each time, and training images that they are compared with, drawn once; all where there are
    /// fewer. Values of different numbers of images cannot be compared.
    pub images: Whole<2, 1_000_000>,
    /// What is computed; by default all metrics that the extractor and the number of images allow.
    #[serde(default)]
    pub metrics: Option<Vec<WatchedMetric>>,
    /// What gives the features.
    #[serde(default)]
    pub extractor: Extractor,
}

/// A metric that can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WatchedMetric {
    /// The Fréchet distance (Heusel et al. 2017), for more images than features.
    Fid,
    /// The kernel distance (Bińkowski et al. 2018), which has no bias in small sets.
    Kid,
    /// The inception score (Salimans et al. 2016), by extractors with classes.
    InceptionScore,
}

impl WatchedMetric {
    /// All, in the order of the table.
    const ALL: [WatchedMetric; 3] = [WatchedMetric::Fid, WatchedMetric::Kid, WatchedMetric::InceptionScore];

    /// The name in studies and tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            WatchedMetric::Fid => "fid",
            WatchedMetric::Kid => "kid",
            WatchedMetric::InceptionScore => "inception-score",
        }
    }
}

impl WatchParameters {
    /// The parameter that names the extractor.
    pub(super) const EXTRACTOR: &str = "watch.extractor";

    /// Fills in the metrics.
    pub(super) fn complete(&mut self) {
        if self.metrics.is_none() {
            self.metrics = Some(WatchedMetric::ALL.into_iter().filter(|metric| self.fault(*metric).is_none()).collect());
        }
    }

    /// The metrics, in the order in which the study has them.
    pub(super) fn metrics(&self) -> &[WatchedMetric] {
        self.metrics.as_deref().expect("BUG: completed before it is used")
    }

    pub(super) fn check(&self) -> Vec<BadParameter> {
        let metrics = self.metrics();
        let is_repeated = (1..metrics.len()).any(|n| metrics[..n].contains(&metrics[n]));
        let faults = metrics.iter().filter_map(|metric| self.fault(*metric)).flat_map(|why| BadParameter::unless(false, "watch.metrics", &why));
        [
            self.extractor.check(Self::EXTRACTOR),
            BadParameter::unless(!metrics.is_empty(), "watch.metrics", "needs at least one metric"),
            BadParameter::unless(!is_repeated, "watch.metrics", "has a metric twice"),
            faults.collect(),
        ]
        .concat()
    }

    pub(super) fn source(&self) -> Option<Source> {
        self.extractor.source(Self::EXTRACTOR)
    }

    /// Why a metric has no value at any step, as far as the parameters say it: those of a study's own classifier do not.
    fn fault(&self, metric: WatchedMetric) -> Option<String> {
        let (spec, name, images) = (self.extractor.from_file().map(|of| of.spec), self.extractor.name(), *self.images as usize);
        match metric {
            WatchedMetric::Kid => None,
            WatchedMetric::Fid => {
                let least = spec?.dimensions + 1;
                (images < least).then(|| format!("`fid` of the {} features of `{name}` needs `images: {least}`; `kid` has no bias in small sets", least - 1))
            }
            WatchedMetric::InceptionScore if spec.is_some_and(|spec| spec.classes.is_none()) => {
                Some(format!("`inception-score` needs an extractor with classes, and `{name}` has none"))
            }
            WatchedMetric::InceptionScore => {
                let least = quality::LEAST_OF_INCEPTION_SCORE;
                (images < least).then(|| format!("`inception-score` says nothing of fewer images than {least}: it needs `images: {least}`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::bad_parameter::Fault;
    use serde_json::json;

    fn faults(with: serde_json::Value) -> Vec<(String, String)> {
        let mut watch: WatchParameters = serde_json::from_value(with).unwrap();
        watch.complete();
        let why = |what: Fault| if let Fault::Value(why) = what { why } else { panic!("{what:?}") };
        watch.check().into_iter().map(|bad| (bad.path.join("."), why(bad.what))).collect()
    }

    fn by(name: &str) -> serde_json::Value {
        json!({ name: { "path": "w.safetensors", "sha256": "0".repeat(64) } })
    }

    #[test]
    fn metrics_that_could_never_have_a_value_are_refused_and_are_no_default() {
        let at = |why: &str| vec![("watch.metrics".to_owned(), why.to_owned())];
        assert_eq!(faults(json!({ "every": 1, "images": 2, "metrics": ["kid"] })), []);
        assert_eq!(
            faults(json!({ "every": 1, "images": 2048, "metrics": ["fid"], "extractor": by("inception") })),
            at("`fid` of the 2048 features of `inception` needs `images: 2049`; `kid` has no bias in small sets")
        );
        assert_eq!(
            faults(json!({ "every": 1, "images": 20, "metrics": ["inception-score"], "extractor": by("torchxrayvision") })),
            at("`inception-score` needs an extractor with classes, and `torchxrayvision` has none")
        );
        let few = "`inception-score` says nothing of fewer images than 100: it needs `images: 100`";
        assert_eq!(faults(json!({ "every": 1, "images": 9, "metrics": ["inception-score"] })), at(few));
        assert_eq!(faults(json!({ "every": 1, "images": 9, "metrics": [] })), at("needs at least one metric"));
        assert_eq!(faults(json!({ "every": 1, "images": 9, "metrics": ["kid", "kid"] })), at("has a metric twice"));
        let odd = faults(json!({ "every": 1, "images": 9, "extractor": { "inception": { "path": "w", "sha256": "1" } } }));
        assert_eq!(odd[0].0, "watch.extractor.inception.sha256");

        let completed = |images: u32, extractor: serde_json::Value| {
            let mut watch: WatchParameters = serde_json::from_value(json!({ "every": 1, "images": images, "extractor": extractor })).unwrap();
            watch.complete();
            watch.metrics().iter().map(|m| m.name()).collect::<Vec<_>>()
        };
        assert_eq!(completed(2049, by("inception")), ["fid", "kid", "inception-score"]);
        assert_eq!(completed(256, by("inception")), ["kid", "inception-score"]);
        assert_eq!(completed(256, by("torchxrayvision")), ["kid"]);
        assert_eq!(completed(99, json!("classifier")), ["fid", "kid"]);
        for metric in WatchedMetric::ALL {
            assert_eq!(json!(metric), metric.name());
        }
    }
}
