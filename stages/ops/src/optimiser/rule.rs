//! How a weight is moved along its gradient, number by number.

use crate::cpu::widest::widest;
use crate::math;

/// Adam (Kingma & Ba 2015) as `torch.optim.Adam`, or `AdamW` (Loshchilov & Hutter 2019) where decay is decoupled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// Weight decay.
    pub decay: f64,
    /// Decay of the weights themselves instead of a part of the gradient.
    pub decoupled: bool,
}

/// Gradient descent with momentum as `torch.optim.SGD`. Nesterov: `v ← μv + g; w ← w − lr(g + μv)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Share of the velocity that is kept.
    pub momentum: f64,
    /// Look ahead along the velocity.
    pub nesterov: bool,
    /// Weight decay, added to the gradient.
    pub decay: f64,
}

/// Adadelta (Zeiler 2012) as `torch.optim.Adadelta`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adadelta {
    /// Decay of both means.
    pub rho: f64,
    /// Added under both roots.
    pub eps: f64,
}

/// RMSprop (Hinton 2012) as `torch.optim.RMSprop` without momentum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Decay of the mean of squares.
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
    /// What its memories begin with; None where it needs none.
    pub(super) fn starts(&self) -> [Option<f32>; 2] {
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
    /// The numbers of one step. Differences are taken in float64: `1 − 0.999` in float32 would be off by 1e-5.
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

/// The numbers of one step.
#[derive(Clone, Copy)]
pub(crate) enum Update {
    Adam { beta2: f32, new1: f32, new2: f32, eps: f32, size: f32, correction: f32, shrink: f32, decay: f32 },
    Sgd { rate: f32, momentum: f32, nesterov: bool, decay: f32 },
    Adadelta { rate: f32, rho: f32, new: f32, eps: f32 },
    RmsProp { rate: f32, alpha: f32, new: f32, eps: f32 },
}

impl Update {
    /// Moves weights; `a` and `b` are the memories.
    pub(super) fn apply(&self, w: &mut [f32], g: &[f32], a: &mut [f32], b: &mut [f32]) {
        apply(*self, w, g, a, b);
    }
}

/// A gradient with the share of a weight. Without decay nothing is added: zero times an infinite weight would be NaN.
#[inline(always)]
fn decayed(g: f32, decay: f32, w: f32) -> f32 {
    if decay == 0.0 { g } else { g + decay * w }
}

widest! {
    fn apply[](update: Update, w: &mut [f32], g: &[f32], a: &mut [f32], b: &mut [f32]) where [] {
        match update {
            Update::Adam { beta2, new1, new2, eps, size, correction, shrink, decay } => {
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(a).zip(b) {
                    let g = decayed(*g, decay, *w);
                    *m += new1 * (g - *m);
                    *v = beta2 * *v + new2 * g * g;
                    *w = shrink * *w - size * *m / (v.sqrt() * correction + eps);
                }
            }
            Update::Sgd { rate, momentum: 0.0, decay, .. } => {
                w.iter_mut().zip(g).for_each(|(w, g)| *w -= rate * decayed(*g, decay, *w));
            }
            Update::Sgd { rate, momentum, nesterov, decay } => {
                for ((w, g), v) in w.iter_mut().zip(g).zip(a) {
                    let g = decayed(*g, decay, *w);
                    *v = momentum * *v + g;
                    *w -= rate * if nesterov { g + momentum * *v } else { *v };
                }
            }
            Update::Adadelta { rate, rho, new, eps } => {
                for (((w, g), squares), moved) in w.iter_mut().zip(g).zip(a).zip(b) {
                    *squares = rho * *squares + new * g * g;
                    let delta = (*moved + eps).sqrt() / (*squares + eps).sqrt() * g;
                    *moved = rho * *moved + new * delta * delta;
                    *w -= rate * delta;
                }
            }
            Update::RmsProp { rate, alpha, new, eps } => {
                for ((w, g), squares) in w.iter_mut().zip(g).zip(a) {
                    *squares = alpha * *squares + new * g * g;
                    *w -= rate * g / (squares.sqrt() + eps);
                }
            }
        }
    }
}
