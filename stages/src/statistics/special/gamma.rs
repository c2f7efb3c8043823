//! The gamma function and the regularised incomplete gamma functions. Independent of distributions.
//!
//! Factors such as `x^a e^−x / Γ(a)` are not differences of large logarithms, which would lose what they have in common:
//! they are written by Stirling's error and the deviance (Loader 2000, "Fast and accurate computation of binomial
//! probabilities").

use crate::math::{exp, ln, ln_1p};
use std::f64::consts::PI;

/// Steps of a series or fraction at most; for 1e6 degrees of freedom some thousand are needed.
pub(super) const STEPS: usize = 200_000;
/// What a denominator is where it would be 0 (Lentz's method).
pub(super) const TINY: f64 = 1e-300;

/// The logarithm of Γ(x), for `x` above 0.
///
/// # Panics
/// Where `x` is not above 0.
pub fn log_gamma(x: f64) -> f64 {
    assert!(x > 0.0, "the argument is above 0");
    if x < 0.5 {
        about_two(x) - ln_1p(x) - ln(x)
    } else if x < 1.5 {
        about_two(x - 1.0) - ln_1p(x - 1.0)
    } else if x < 2.5 {
        about_two(x - 2.0)
    } else {
        let z = x - 1.0;
        stirling_error(z) + (z + 0.5) * ln(z) - z + LN_ROOT_TWO_PI
    }
}

const LN_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// ln Γ(2 + e) for |e| at most 1/2, by its Taylor series, so that it is right near its zeros, too.
fn about_two(e: f64) -> f64 {
    e * (ONE_LESS_EULER + e * TAYLOR.iter().rev().fold(0.0, |sum, c| sum * e + c))
}
const ONE_LESS_EULER: f64 = 0.422_784_335_098_467_1;
/// (−1)^k (ζ(k) − 1) / k for k from 2.
const TAYLOR: [f64; 32] = [
    0.322_467_033_424_113_2,
    -0.067_352_301_053_198_1,
    0.020_580_808_427_784_546,
    -0.007_385_551_028_673_986,
    0.002_890_510_330_741_523_4,
    -0.001_192_753_911_703_261,
    0.000_509_669_524_743_042_5,
    -0.000_223_154_758_453_579_39,
    9.945_751_278_180_853e-5,
    -4.492_623_673_813_314e-5,
    2.050_721_277_567_069e-5,
    -9.439_488_275_268_397e-6,
    4.374_866_789_907_488e-6,
    -2.039_215_753_801_366e-6,
    9.551_412_130_407_42e-7,
    -4.492_469_198_764_566e-7,
    2.120_718_480_555_466_5e-7,
    -1.004_322_482_396_809_9e-7,
    4.769_810_169_363_980_4e-8,
    -2.271_109_460_894_316_4e-8,
    1.083_865_921_489_695_5e-8,
    -5.183_475_041_970_047e-9,
    2.483_674_543_802_478_5e-9,
    -1.192_140_140_586_091_2e-9,
    5.731_367_241_678_862e-10,
    -2.759_522_885_124_233_4e-10,
    1.330_476_437_424_449e-10,
    -6.422_964_563_838_1e-11,
    3.104_424_774_732_227_6e-11,
    -1.502_138_408_075_414_2e-11,
    7.275_974_480_239_079e-12,
    -3.527_742_476_575_915e-12,
];

/// Stirling's error: ln Γ(z + 1) − (z + ½) ln z + z − ½ ln 2π, for `z` above 0.
pub(super) fn stirling_error(z: f64) -> f64 {
    if z < 10.0 {
        // One step up by Γ(z + 2) = (z + 1) Γ(z + 1).
        return stirling_error(z + 1.0) + (z + 0.5) * ln_1p(1.0 / z) - 1.0;
    }
    const SERIES: [f64; 7] = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let square = 1.0 / (z * z);
    SERIES.iter().rev().fold(0.0, |sum, c| sum * square + c) / z
}

/// The deviance x ln(x / m) + m − x, without cancellation where `x` is near `m`.
pub(super) fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() >= 0.1 {
        return x * ln(x / m) + m - x;
    }
    let (mut sum, mut power) = ((x - m) * v, 2.0 * x * v);
    for j in 1.. {
        power *= v * v;
        let next = sum + power / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 − P, each with its own small relative error.
///
/// # Panics
/// Where `a` is not above 0, or `x` is below 0.
pub fn gamma_tails(a: f64, x: f64) -> (f64, f64) {
    assert!(a > 0.0 && x >= 0.0, "the shape is above 0, and the argument not below");
    if x == 0.0 || x.is_infinite() {
        return if x == 0.0 { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    // x^a e^−x / Γ(a + 1)
    let factor = exp(-stirling_error(a) - deviance(a, x)) / (2.0 * PI * a).sqrt();
    if x < a + 1.0 {
        let (mut sum, mut term) = (1.0, 1.0);
        for n in 1..STEPS {
            term *= x / (a + n as f64);
            sum += term;
            if term <= sum * 1e-17 {
                break;
            }
        }
        (factor * sum, 1.0 - factor * sum)
    } else {
        let above = factor * a * fraction(a, x);
        (1.0 - above, above)
    }
}

/// Legendre's continued fraction for Γ(a, x) / (x^a e^−x), by Lentz's method.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let mut h = d;
    for n in 1..STEPS {
        let n = n as f64;
        let weight = -n * (n - a);
        b += 2.0;
        let denominator = weight * d + b;
        d = 1.0 / if denominator == 0.0 { TINY } else { denominator };
        c = b + weight / c;
        if c == 0.0 {
            c = TINY;
        }
        h *= d * c;
        if (d * c - 1.0).abs() <= 1e-16 {
            break;
        }
    }
    h
}
