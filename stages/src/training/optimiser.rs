//! Optimisers as parameters of a study.

use crate::contract::prelude::*;
use hilum_ops::{Adadelta, Adam, Group, Optimiser, RmsProp, Rule, Sgd, Value};

/// The optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum OptimiserChoice {
    /// Adam (Kingma & Ba 2015), without weight decay.
    Adam(AdamParameters),
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW(AdamWParameters),
    /// Stochastic gradient descent with momentum.
    Sgd(SgdParameters),
    /// Adadelta (Zeiler 2012) with the defaults of Keras, which Zunair & Hamza used. Its natural learning rate is 1.
    Adadelta(AdadeltaParameters),
    /// RMSprop (Hinton 2012) with the defaults of Keras.
    RmsProp(RmsPropParameters),
}

/// Parameters of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamParameters {
    /// Learning rate.
    pub learning_rate: Positive,
    /// Decay of the first moment.
    pub beta1: PartialShare,
    /// Decay of the second moment.
    pub beta2: PartialShare,
    /// Added to the denominator.
    pub eps: Positive,
}

impl AdamParameters {
    /// Those of a reference implementation.
    ///
    /// # Panics
    /// Where one is out of its range.
    pub const fn of(learning_rate: f64, beta1: f64, beta2: f64, eps: f64) -> Self {
        AdamParameters { learning_rate: Positive::of(learning_rate), beta1: PartialShare::of(beta1), beta2: PartialShare::of(beta2), eps: Positive::of(eps) }
    }
    /// An optimiser over these weights.
    pub fn build(&self, weights: Vec<Value>) -> Optimiser {
        Optimiser::new(self.rule(), *self.learning_rate, weights)
    }
    fn rule(&self) -> Adam {
        Adam { beta1: *self.beta1, beta2: *self.beta2, eps: *self.eps, decay: 0.0, decoupled: false }
    }
}

impl Default for AdamParameters {
    fn default() -> Self {
        AdamParameters::of(1e-3, 0.9, 0.999, 1e-8)
    }
}

/// Parameters of AdamW.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWParameters {
    /// Learning rate.
    pub learning_rate: Positive,
    /// Decay of the first moment.
    pub beta1: PartialShare,
    /// Decay of the second moment.
    pub beta2: PartialShare,
    /// Added to the denominator.
    pub eps: Positive,
    /// Weight decay, multiplied by the learning rate.
    pub weight_decay: NonNegative,
}

impl Default for AdamWParameters {
    fn default() -> Self {
        let AdamParameters { learning_rate, beta1, beta2, eps } = AdamParameters::default();
        AdamWParameters { learning_rate, beta1, beta2, eps, weight_decay: NonNegative::of(0.01) }
    }
}

/// Parameters of stochastic gradient descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SgdParameters {
    /// Learning rate.
    pub learning_rate: Positive,
    /// Momentum.
    pub momentum: PartialShare,
    /// Nesterov momentum.
    pub nesterov: bool,
    /// Weight decay, added to the gradient.
    pub weight_decay: NonNegative,
}

impl Default for SgdParameters {
    fn default() -> Self {
        SgdParameters { learning_rate: Positive::of(0.01), momentum: PartialShare::of(0.9), nesterov: true, weight_decay: NonNegative::of(0.0) }
    }
}

/// Parameters of Adadelta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdadeltaParameters {
    /// Learning rate.
    pub learning_rate: Positive,
    /// Decay of both running averages of squares.
    pub rho: PartialShare,
    /// Added under both square roots.
    pub eps: Positive,
}

impl Default for AdadeltaParameters {
    fn default() -> Self {
        AdadeltaParameters { learning_rate: Positive::of(1e-3), rho: PartialShare::of(0.95), eps: Positive::of(1e-7) }
    }
}

/// Parameters of RMSprop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RmsPropParameters {
    /// Learning rate.
    pub learning_rate: Positive,
    /// Decay of the running average of squares; 0.99 in PyTorch.
    pub alpha: PartialShare,
    /// Added to the square root; 1e-8 in PyTorch.
    pub eps: Positive,
}

impl Default for RmsPropParameters {
    fn default() -> Self {
        RmsPropParameters { learning_rate: Positive::of(1e-3), alpha: PartialShare::of(0.9), eps: Positive::of(1e-7) }
    }
}

impl OptimiserChoice {
    /// An optimiser over these groups of weights, in its initial state.
    pub fn build(&self, groups: Vec<Group>) -> Optimiser {
        let rule: Rule = match self {
            OptimiserChoice::Adam(p) => p.rule().into(),
            OptimiserChoice::AdamW(p) => Adam { beta1: *p.beta1, beta2: *p.beta2, eps: *p.eps, decay: *p.weight_decay, decoupled: true }.into(),
            OptimiserChoice::Sgd(p) => Sgd { momentum: *p.momentum, nesterov: p.nesterov, decay: *p.weight_decay }.into(),
            OptimiserChoice::Adadelta(p) => Adadelta { rho: *p.rho, eps: *p.eps }.into(),
            OptimiserChoice::RmsProp(p) => RmsProp { alpha: *p.alpha, eps: *p.eps }.into(),
        };
        Optimiser::grouped(rule, self.learning_rate().get(), groups)
    }
    /// True if a schedule can change its momentum or beta1.
    pub fn has_momentum(&self) -> bool {
        !matches!(self, OptimiserChoice::Adadelta(_) | OptimiserChoice::RmsProp(_))
    }
    /// The learning rate that the study names.
    pub fn learning_rate(&self) -> Positive {
        match self {
            OptimiserChoice::Adam(p) => p.learning_rate,
            OptimiserChoice::AdamW(p) => p.learning_rate,
            OptimiserChoice::Sgd(p) => p.learning_rate,
            OptimiserChoice::Adadelta(p) => p.learning_rate,
            OptimiserChoice::RmsProp(p) => p.learning_rate,
        }
    }
}
