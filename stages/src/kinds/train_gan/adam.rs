//! Adam for generators and discriminators: by default with the parameters of each network's reference.

use crate::contract::prelude::*;
use crate::models::GanNetwork;
use crate::training::AdamParameters;

/// Parameters of Adam; by default those of the network's reference implementation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GanAdam {
    /// Learning rate.
    #[schemars(description = described("Learning rate", learning_rate))]
    pub learning_rate: Option<Positive>,
    /// Decay of the first moment.
    #[schemars(description = described("Decay of the first moment", beta1))]
    pub beta1: Option<PartialShare>,
    /// Decay of the second moment.
    #[schemars(description = described("Decay of the second moment", beta2))]
    pub beta2: Option<PartialShare>,
    /// Added to the denominator.
    #[schemars(description = described("Added to the denominator", eps))]
    pub eps: Option<Positive>,
}

// Names, as schemars reads no closures in attributes without a feature that other crates may bring in or not.
fn learning_rate(d: &AdamParameters) -> f64 {
    *d.learning_rate
}

fn beta1(d: &AdamParameters) -> f64 {
    *d.beta1
}

fn beta2(d: &AdamParameters) -> f64 {
    *d.beta2
}

fn eps(d: &AdamParameters) -> f64 {
    *d.eps
}

/// What a parameter is, with its defaults.
fn described(what: &str, of: impl Fn(&AdamParameters) -> f64) -> String {
    format!("{what}; by default {}.", GanNetwork::defaults_in_words(|d| format!("{:?}", of(&d.adam))))
}

impl GanAdam {
    pub(super) fn complete(&mut self, defaults: &AdamParameters) {
        self.learning_rate.get_or_insert(defaults.learning_rate);
        self.beta1.get_or_insert(defaults.beta1);
        self.beta2.get_or_insert(defaults.beta2);
        self.eps.get_or_insert(defaults.eps);
    }
    pub(super) fn parameters(&self) -> AdamParameters {
        let given = || Some(AdamParameters { learning_rate: self.learning_rate?, beta1: self.beta1?, beta2: self.beta2?, eps: self.eps? });
        given().expect("BUG: completed before it is used")
    }
}
