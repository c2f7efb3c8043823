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
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
}

impl AdamParameters {
    /// An optimiser over these weights.
    pub fn build(&self, weights: Vec<Value>) -> Optimiser {
        Optimiser::new(self.rule(0.0), self.learning_rate, weights)
    }
    fn rule(&self, decay: f64) -> Adam {
        Adam { beta1: self.beta1, beta2: self.beta2, eps: self.eps, decay, decoupled: decay > 0.0 }
    }
}

impl Default for AdamParameters {
    fn default() -> Self {
        AdamParameters { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

/// Parameters of AdamW.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWParameters {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// Weight decay, multiplied by the learning rate.
    pub weight_decay: f64,
}

impl Default for AdamWParameters {
    fn default() -> Self {
        AdamWParameters { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 }
    }
}

/// Parameters of stochastic gradient descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SgdParameters {
    /// Learning rate.
    pub learning_rate: f64,
    /// Momentum.
    pub momentum: f64,
    /// Nesterov momentum.
    pub nesterov: bool,
    /// Weight decay, added to the gradient.
    pub weight_decay: f64,
}

impl Default for SgdParameters {
    fn default() -> Self {
        SgdParameters { learning_rate: 0.01, momentum: 0.9, nesterov: true, weight_decay: 0.0 }
    }
}

/// Parameters of Adadelta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdadeltaParameters {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of both running averages of squares.
    pub rho: f64,
    /// Added under both square roots.
    pub eps: f64,
}

impl Default for AdadeltaParameters {
    fn default() -> Self {
        AdadeltaParameters { learning_rate: 1e-3, rho: 0.95, eps: 1e-7 }
    }
}

/// Parameters of RMSprop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RmsPropParameters {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the running average of squares; 0.99 in PyTorch.
    pub alpha: f64,
    /// Added to the square root; 1e-8 in PyTorch.
    pub eps: f64,
}

impl Default for RmsPropParameters {
    fn default() -> Self {
        RmsPropParameters { learning_rate: 1e-3, alpha: 0.9, eps: 1e-7 }
    }
}

impl OptimiserChoice {
    /// An optimiser over these groups of weights, in its initial state.
    pub fn build(&self, groups: Vec<Group>) -> Optimiser {
        let rule: Rule = match self {
            OptimiserChoice::Adam(p) => p.rule(0.0).into(),
            OptimiserChoice::AdamW(p) => Adam { beta1: p.beta1, beta2: p.beta2, eps: p.eps, decay: p.weight_decay, decoupled: true }.into(),
            OptimiserChoice::Sgd(p) => Sgd { momentum: p.momentum, nesterov: p.nesterov, decay: p.weight_decay }.into(),
            OptimiserChoice::Adadelta(p) => Adadelta { rho: p.rho, eps: p.eps }.into(),
            OptimiserChoice::RmsProp(p) => RmsProp { alpha: p.alpha, eps: p.eps }.into(),
        };
        Optimiser::grouped(rule, self.learning_rate(), groups)
    }
    /// True if a schedule can change its momentum or beta1.
    pub fn has_momentum(&self) -> bool {
        !matches!(self, OptimiserChoice::Adadelta(_) | OptimiserChoice::RmsProp(_))
    }
    /// The learning rate that the study names.
    pub fn learning_rate(&self) -> f64 {
        match self {
            OptimiserChoice::Adam(p) => p.learning_rate,
            OptimiserChoice::AdamW(p) => p.learning_rate,
            OptimiserChoice::Sgd(p) => p.learning_rate,
            OptimiserChoice::Adadelta(p) => p.learning_rate,
            OptimiserChoice::RmsProp(p) => p.learning_rate,
        }
    }
    /// Finds invalid parameters; `path` is the location of this below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let share = |name: &str, v: f64| BadParameter::unless((0.0..1.0).contains(&v), &format!("{path}.{name}"), "must be at least 0 and below 1");
        let above = |name: &str, v: f64| BadParameter::unless(v > 0.0 && v.is_finite(), &format!("{path}.{name}"), "must be greater than 0");
        let least = |name: &str, v: f64| BadParameter::unless(v >= 0.0 && v.is_finite(), &format!("{path}.{name}"), "must be at least 0");
        match self {
            OptimiserChoice::Adam(p) => {
                [above("adam.learning_rate", p.learning_rate), share("adam.beta1", p.beta1), share("adam.beta2", p.beta2), above("adam.eps", p.eps)].concat()
            }
            OptimiserChoice::AdamW(p) => [
                above("adamw.learning_rate", p.learning_rate),
                share("adamw.beta1", p.beta1),
                share("adamw.beta2", p.beta2),
                above("adamw.eps", p.eps),
                least("adamw.weight_decay", p.weight_decay),
            ]
            .concat(),
            OptimiserChoice::Sgd(p) => {
                [above("sgd.learning_rate", p.learning_rate), share("sgd.momentum", p.momentum), least("sgd.weight_decay", p.weight_decay)].concat()
            }
            OptimiserChoice::Adadelta(p) => {
                [above("adadelta.learning_rate", p.learning_rate), share("adadelta.rho", p.rho), above("adadelta.eps", p.eps)].concat()
            }
            OptimiserChoice::RmsProp(p) => {
                [above("rmsprop.learning_rate", p.learning_rate), share("rmsprop.alpha", p.alpha), above("rmsprop.eps", p.eps)].concat()
            }
        }
    }
}
