//! Adam as generators and discriminators are trained with it: the numbers of each network's reference where a study gives none.

use crate::contract::prelude::*;
use crate::kinds::generator::GanNetwork;
use crate::training::optimiser::AdamParameters;

/// Parameters of Adam; those of the network's reference implementation where not given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GanAdam {
    /// Step size: 0.0002, of stylegan2 0.002.
    pub learning_rate: Option<f64>,
    /// Decay of the first moment: 0.5, of stylegan2 0.
    pub beta1: Option<f64>,
    /// Decay of the second moment: 0.999, of stylegan2 0.99.
    pub beta2: Option<f64>,
    /// Added to the denominator: 1e-8, of networks that were made with Keras 1e-7.
    pub eps: Option<f64>,
}

impl GanAdam {
    pub(super) fn complete(&mut self, network: &GanNetwork) {
        let (rate, beta1, beta2, eps) = match network {
            GanNetwork::Dcgan(_) | GanNetwork::Cyclegan(_) => (2e-4, 0.5, 0.999, 1e-8),
            GanNetwork::CycleganZunair(_) | GanNetwork::Pix2pix(_) => (2e-4, 0.5, 0.999, 1e-7),
            GanNetwork::Stylegan2(_) => (2e-3, 0.0, 0.99, 1e-8),
        };
        self.learning_rate.get_or_insert(rate);
        self.beta1.get_or_insert(beta1);
        self.beta2.get_or_insert(beta2);
        self.eps.get_or_insert(eps);
    }
    pub(super) fn parameters(&self) -> AdamParameters {
        let due = |v: Option<f64>| v.expect("BUG: completed before it is used");
        AdamParameters { learning_rate: due(self.learning_rate), beta1: due(self.beta1), beta2: due(self.beta2), eps: due(self.eps) }
    }
}
