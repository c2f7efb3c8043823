//! Steps of the optimisers on slices: one pass over weights, gradients and state.

use super::widest::widest;

/// One step of a rule, with the two arrays of state `a` and `b` that [`Update::apply`] is given.
#[derive(Clone, Copy)]
pub(crate) enum Update {
    /// `a`: mean of gradients, `b`: mean of their squares. `new1 = 1 − beta1`, `new2 = 1 − beta2`; `size` is the rate
    /// by the bias correction of the first, `correction` that of the root of the second; `shrink` multiplies the
    /// weight.
    Adam { beta2: f32, new1: f32, new2: f32, eps: f32, size: f32, correction: f32, shrink: f32, decay: f32 },
    /// `a`: velocity.
    Sgd { rate: f32, momentum: f32, nesterov: bool, decay: f32 },
    /// `a`: mean of squared gradients, `b`: mean of squared steps. `new = 1 − rho`.
    Adadelta { rate: f32, rho: f32, new: f32, eps: f32 },
    /// `a`: mean of squared gradients. `new = 1 − alpha`.
    RmsProp { rate: f32, alpha: f32, new: f32, eps: f32 },
}

impl Update {
    /// Moves the weights `w` along their gradient `g`.
    pub(crate) fn apply(&self, w: &mut [f32], g: &[f32], a: &mut [f32], b: &mut [f32]) {
        apply(*self, w, g, a, b);
    }
}

/// A gradient with weight decay. Without decay nothing is added: zero times an infinite weight would be NaN.
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
