//! Functions of single values in plain sums and products: the compiler makes vectors of them, and their bits are the
//! same on every machine, which those of the C library are not.

use crate::math;
use std::f32::consts::FRAC_2_SQRT_PI;

/// `e^x` to 2 units in the last place; 0 below −87, infinite above 88.7. Reduction and polynomial as in Cephes (Moshier
/// 1989).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let n = (x * std::f32::consts::LOG2_E).clamp(-126.0, 128.0);
    // Adding and subtracting a large number rounds to the next integer; it also is the integer, in its last bits.
    const ROUNDER: f32 = 12_582_912.0;
    let shifted = n + ROUNDER;
    let whole = shifted - ROUNDER;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let y = p * (r * r) + r + 1.0;
    // Two steps, because 2^128 is not a number of this kind.
    let exponent = shifted.to_bits() as i32 - ROUNDER.to_bits() as i32;
    let half = |e: i32| f32::from_bits(((e + 127) as u32) << 23);
    let y = y * half(exponent / 2) * half(exponent - exponent / 2);
    let y = if x > 88.73 { f32::INFINITY } else { y };
    let y = if x < -87.3 { 0.0 } else { y };
    if x.is_nan() { x } else { y }
}

/// Hyperbolic tangent to 2 units in the last place.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -5.704_988_7e-3;
    for c in [2.063_909e-2, -5.373_971_4e-2, 1.333_144_2e-1, -3.333_328e-1] {
        p = p * z + c;
    }
    let small = p * z * x + x;
    let large = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    let y = if a < 0.625 { small } else { large };
    if x.is_nan() { x } else { y }
}

/// The error function to 3 units in the last place. Polynomials fitted for this: in `x²` near zero, elsewhere in `1 / (1 + |x| / 2)`, times
/// `e^−x²`, which is its distance from one.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -6.203_255e-4;
    for c in [5.032_181e-3, -2.679_146_3e-2, 1.128_245_5e-1, -3.761_255e-1, FRAC_2_SQRT_PI] {
        p = p * z + c;
    }
    let t = 1.0 / (1.0 + 0.5 * a);
    let mut q = -5.033_555_8e-2;
    for c in [-6.572_388e-2, 4.127_041e-1, 9.644_865e-2, 3.322_481e-1, 2.734_122e-1, 6.178_335e-4] {
        q = q * t + c;
    }
    let large = (1.0 - q * exp(-z)).copysign(x);
    let y = if a < 0.875 { p * x } else { large };
    if x.is_nan() { x } else { y }
}

/// `1 / (1 + e^−x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `ln(1 + e^x)`.
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    let tail = math::ln_1p_f32(exp(-x.abs()));
    if x > 0.0 { x + tail } else { tail }
}

/// `softplus(x) − x · target`: binary cross-entropy of a logit. Of an infinite logit it is what PyTorch's form of it,
/// `(1 − target) · x + softplus(−x)`, gives: infinite, or NaN where that meets zero times infinity.
#[inline(always)]
pub(crate) fn logit_loss(x: f32, target: f32) -> f32 {
    if x.is_finite() { softplus(x) - x * target } else { (1.0 - target) * x + softplus(-x) }
}

/// `max(x, 0) + slope · min(x, 0)`; NaN stays NaN. A slope of zero gives zero of minus infinity, too, where a product
/// would be NaN; the sum with zero leaves no negative zero.
#[inline(always)]
pub(crate) fn rectify(x: f32, slope: f32) -> f32 {
    let below = if slope == 0.0 && x < 0.0 { 0.0 } else { x * slope + 0.0 };
    if x >= 0.0 { x } else { below }
}

/// The gradient with respect to the input of [`rectify`], from the gradient `g` with respect to its result `y`: `g`
/// above zero, `slope · g` at zero and below. As in PyTorch, a slope of zero gives zero below zero even where the
/// gradient is infinite, and all of the gradient where the result is NaN; other slopes are multiplied with there.
#[inline(always)]
pub(crate) fn passed_on(g: f32, y: f32, slope: f32) -> f32 {
    let below = if slope == 0.0 { 0.0 } else { g * slope };
    if y > 0.0 || slope == 0.0 && y.is_nan() { g } else { below }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // what is compared with
mod tests {
    use super::*;

    #[test]
    fn functions_are_right_to_the_last_places() {
        let off = |found: f32, exact: f64| ((f64::from(found) - exact) / exact.abs().max(1e-30)).abs();
        for i in -200_000..200_000 {
            let x = i as f32 * 4.3e-4;
            let wide = f64::from(x);
            assert!(off(exp(x), wide.exp()) < 2.5e-7, "exp {x}");
            assert!(off(tanh(x), wide.tanh()) < 3e-7 || x == 0.0, "tanh {x}");
            assert!(off(erf(x), libm::erf(wide)) < 2e-7 || x == 0.0, "erf {x}");
            assert!(off(sigmoid(x), 1.0 / (1.0 + (-wide).exp())) < 4e-7, "sigmoid {x}");
        }
        assert_eq!((tanh(0.0), tanh(-0.0), tanh(50.0), tanh(-f32::INFINITY)), (0.0, 0.0, 1.0, -1.0));
        assert_eq!((erf(0.0), erf(50.0), erf(-f32::INFINITY)), (0.0, 1.0, -1.0));
        assert_eq!((exp(0.0), exp(-200.0), exp(89.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, f32::INFINITY, 0.0));
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && erf(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
        assert!(exp(88.7).is_finite() && sigmoid(-f32::INFINITY) == 0.0);
    }
}
