//! What a fused operation does to its result in the same pass over memory.

use crate::tape::Value;

/// A piecewise linear activation, whose gradient follows from the sign of its result.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Rectifier {
    /// `x`.
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

/// `rectifier(x + add)`: what follows a norm in the same pass over memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Added to the result: the shortcut of a residual block, of the result's shape.
    pub add: Option<&'a Value>,
    /// Applied last.
    pub rectifier: Rectifier,
}

impl Epilogue<'_> {
    /// Nothing follows.
    pub const NONE: Epilogue<'static> = Epilogue { add: None, rectifier: Rectifier::Identity };
}

impl From<Rectifier> for Epilogue<'_> {
    fn from(rectifier: Rectifier) -> Self {
        Epilogue { add: None, rectifier }
    }
}
