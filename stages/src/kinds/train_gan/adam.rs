//! Adam as generators and discriminators are trained with it: the numbers of each network's reference where a study gives none.

use crate::contract::prelude::*;
use crate::models::GanNetwork;
use crate::training::AdamParameters;

/// Parameters of Adam; those of the network's reference implementation where not given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GanAdam {
    /// Step size.
    #[schemars(description = described("Step size", |d| d.learning_rate))]
    pub learning_rate: Option<f64>,
    /// Decay of the first moment.
    #[schemars(description = described("Decay of the first moment", |d| d.beta1))]
    pub beta1: Option<f64>,
    /// Decay of the second moment.
    #[schemars(description = described("Decay of the second moment", |d| d.beta2))]
    pub beta2: Option<f64>,
    /// Added to the denominator.
    #[schemars(description = described("Added to the denominator", |d| d.eps))]
    pub eps: Option<f64>,
}

/// What a number is, and what it is where a study gives none.
fn described(what: &str, of: impl Fn(&AdamParameters) -> f64) -> String {
    format!("{what}; where not given {}.", GanNetwork::defaults_in_words(|d| format!("{:?}", of(&d.adam))))
}

impl GanAdam {
    pub(super) fn complete(&mut self, defaults: &AdamParameters) {
        self.learning_rate.get_or_insert(defaults.learning_rate);
        self.beta1.get_or_insert(defaults.beta1);
        self.beta2.get_or_insert(defaults.beta2);
        self.eps.get_or_insert(defaults.eps);
    }
    pub(super) fn parameters(&self) -> AdamParameters {
        let due = |v: Option<f64>| v.expect("BUG: completed before it is used");
        AdamParameters { learning_rate: due(self.learning_rate), beta1: due(self.beta1), beta2: due(self.beta2), eps: due(self.eps) }
    }
}
