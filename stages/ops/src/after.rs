//! What a fused operation does to its result before anybody sees it.

use crate::tape::Value;

/// A function of single numbers that is piecewise linear, so that it can be undone from its result's sign.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Rectifier {
    /// Nothing.
    #[default]
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0) + slope · min(x, 0)`, slope above 0.
    Leaky(f64),
}

impl Rectifier {
    /// The slope below zero.
    pub(crate) fn slope(self) -> f32 {
        match self {
            Rectifier::Identity => 1.0,
            Rectifier::Relu => 0.0,
            Rectifier::Leaky(slope) => slope as f32,
        }
    }
}

/// `x` or `slope · x`. What is not a number stays so. A slope of zero gives zero of minus infinity, too, of which a product
/// would make NaN; sums with zero leave no negative zero.
#[inline(always)]
pub(crate) fn rectify(x: f32, slope: f32) -> f32 {
    let below = if slope == 0.0 && x < 0.0 { 0.0 } else { x * slope + 0.0 };
    if x >= 0.0 { x } else { below }
}

/// What passes of a gradient `g`, by the result `y`; at exactly zero it is the slope's share. As in PyTorch, a slope of zero
/// lets nothing of an infinite gradient pass below zero, and all of the gradient where the result is NaN; other slopes
/// take their share there.
#[inline(always)]
pub(crate) fn passed_on(g: f32, y: f32, slope: f32) -> f32 {
    let below = if slope == 0.0 { 0.0 } else { g * slope };
    if y > 0.0 || slope == 0.0 && y.is_nan() { g } else { below }
}

/// `rectifier(x + add)`: what follows a norm in the same pass over memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct After<'a> {
    /// Added to the result: the other branch of a residual block, of the result's shape.
    pub add: Option<&'a Value>,
    /// Applied last.
    pub rectifier: Rectifier,
}

impl From<Rectifier> for After<'_> {
    fn from(rectifier: Rectifier) -> Self {
        After { add: None, rectifier }
    }
}

/// Nothing follows.
pub const NOTHING: After<'static> = After { add: None, rectifier: Rectifier::Identity };
