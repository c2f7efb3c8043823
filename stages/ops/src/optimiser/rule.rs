//! The rules of the optimisers: their hyperparameters, and what follows from them for one step.

use crate::cpu::optimiser::Update;
use crate::math;

/// Adam (Kingma & Ba 2015) as `torch.optim.Adam`, or `AdamW` (Loshchilov & Hutter 2019) where decay is decoupled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the mean of gradients, in [0, 1).
    pub beta1: f64,
    /// Decay of the mean of squared gradients, in [0, 1).
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// Weight decay; 0 for none.
    pub decay: f64,
    /// True where weights shrink by `rate · decay` at each step, false where `decay · weight` is added to the gradient.
    pub decoupled: bool,
}

/// Gradient descent with momentum as `torch.optim.SGD`. Nesterov: `v ← μv + g; w ← w − lr(g + μv)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Factor on the velocity of the step before, in [0, 1).
    pub momentum: f64,
    /// Nesterov's variant.
    pub nesterov: bool,
    /// Weight decay: `decay · weight` is added to the gradient.
    pub decay: f64,
}

/// Adadelta (Zeiler 2012) as `torch.optim.Adadelta`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adadelta {
    /// Decay of the means of squared gradients and of squared steps, in [0, 1).
    pub rho: f64,
    /// Added under both roots.
    pub eps: f64,
}

/// RMSprop (Hinton 2012) as `torch.optim.RMSprop` without momentum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Decay of the mean of squared gradients, in [0, 1).
    pub alpha: f64,
    /// Added to the root.
    pub eps: f64,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// [`Adam`]
    Adam(Adam),
    /// [`Sgd`]
    Sgd(Sgd),
    /// [`Adadelta`]
    Adadelta(Adadelta),
    /// [`RmsProp`]
    RmsProp(RmsProp),
}

macro_rules! is_a_rule {
    ($($name:ident)*) => {
        $(impl From<$name> for Rule {
            fn from(rule: $name) -> Self {
                Rule::$name(rule)
            }
        })*
    };
}
is_a_rule!(Adam Sgd Adadelta RmsProp);

impl Rule {
    /// The initial values of its two arrays of state; None where it needs none.
    pub(super) fn initial_state(&self) -> [Option<f32>; 2] {
        match self {
            Rule::Adam(_) | Rule::Adadelta(_) => [Some(0.0); 2],
            Rule::Sgd(s) => [(s.momentum != 0.0).then_some(0.0), None],
            Rule::RmsProp(_) => [Some(0.0), None],
        }
    }
    pub(super) fn set_momentum(&mut self, momentum: f64) {
        match self {
            Rule::Adam(a) => a.beta1 = momentum,
            Rule::Sgd(s) => s.momentum = momentum,
            Rule::Adadelta(_) | Rule::RmsProp(_) => {}
        }
    }
    /// One step. Differences are taken in float64: `1 − 0.999` in float32 would be off by 1e-5.
    pub(super) fn update(&self, rate: f64, step: u64) -> Update {
        match *self {
            Rule::Adam(a) => {
                let left = |beta: f64| 1.0 - math::powi(beta, i32::try_from(step).unwrap_or(i32::MAX));
                Update::Adam {
                    beta2: a.beta2 as f32,
                    new1: (1.0 - a.beta1) as f32,
                    new2: (1.0 - a.beta2) as f32,
                    eps: a.eps as f32,
                    size: (rate / left(a.beta1)) as f32,
                    correction: (1.0 / left(a.beta2).sqrt()) as f32,
                    shrink: if a.decoupled { (1.0 - rate * a.decay) as f32 } else { 1.0 },
                    decay: if a.decoupled { 0.0 } else { a.decay as f32 },
                }
            }
            Rule::Sgd(s) => Update::Sgd { rate: rate as f32, momentum: s.momentum as f32, nesterov: s.nesterov, decay: s.decay as f32 },
            Rule::Adadelta(a) => Update::Adadelta { rate: rate as f32, rho: a.rho as f32, new: (1.0 - a.rho) as f32, eps: a.eps as f32 },
            Rule::RmsProp(r) => Update::RmsProp { rate: rate as f32, alpha: r.alpha as f32, new: (1.0 - r.alpha) as f32, eps: r.eps as f32 },
        }
    }
}
