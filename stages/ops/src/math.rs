//! Exponentials, logarithms, powers and angles whose bits are the same on every machine.
//!
//! Those of the standard library are the C library's, which differ from one to the next in the last place. What is
//! compared byte by byte uses these, which the crate `libm` makes of sums and products alone; its instructions for
//! single machines (square roots and fused products) are rounded exactly, and so the same. What IEEE 754 rounds exactly
//! needs no stand-in: sums, products, quotients, square roots, `mul_add`, `floor`, `round`.

/// `e^x`.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `ln(1 + x)`, right for small `x`, too.
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// The logarithm to base 2.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// `x^exponent`.
pub fn pow(x: f64, exponent: f64) -> f64 {
    libm::pow(x, exponent)
}

/// `x^exponent` by squaring, from the exponent's lowest bit up.
pub fn powi(x: f64, exponent: i32) -> f64 {
    let (mut result, mut square, mut left) = (1.0, x, exponent.unsigned_abs());
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    if exponent < 0 { 1.0 / result } else { result }
}

/// The sine of an angle in radians.
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine of an angle in radians.
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// Sine and cosine of one angle.
pub fn sin_cos(x: f64) -> (f64, f64) {
    libm::sincos(x)
}

/// The hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// `√(x² + y²)` without overflow on the way.
pub fn hypot(x: f64, y: f64) -> f64 {
    libm::hypot(x, y)
}

/// As [`exp`], in float32.
pub fn exp_f32(x: f32) -> f32 {
    libm::expf(x)
}

/// As [`ln`], in float32.
pub fn ln_f32(x: f32) -> f32 {
    libm::logf(x)
}

/// As [`ln_1p`], in float32.
pub fn ln_1p_f32(x: f32) -> f32 {
    libm::log1pf(x)
}

/// As [`pow`], in float32.
pub fn pow_f32(x: f32, exponent: f32) -> f32 {
    libm::powf(x, exponent)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // what is compared with
mod tests {
    use super::*;

    /// True where two values differ by at most that many units in the last place.
    fn near(a: f64, b: f64, places: u64) -> bool {
        a == b || a.is_nan() && b.is_nan() || a.to_bits().abs_diff(b.to_bits()) <= places
    }

    #[test]
    fn functions_are_those_of_the_standard_library_to_the_last_places() {
        for i in 1..20_000 {
            let x = f64::from(i) * 1.7e-3;
            for (name, own, other) in [
                ("exp", exp(-x), (-x).exp()),
                ("ln", ln(x), x.ln()),
                ("ln_1p", ln_1p(x), x.ln_1p()),
                ("log2", log2(x), x.log2()),
                ("pow", pow(x, 1.7), x.powf(1.7)),
                ("sin", sin(x), x.sin()),
                ("cos", cos(x), x.cos()),
                ("tanh", tanh(x), x.tanh()),
                ("hypot", hypot(x, 3.0), x.hypot(3.0)),
                ("exp_f32", f64::from(exp_f32(-x as f32)), f64::from((-x as f32).exp())),
            ] {
                // A unit in the last place of float32 is 2^29 of float64.
                assert!(near(own, other, if name.ends_with("f32") { 1 << 29 } else { 2 }), "{name} of {x}: {own:e}, {other:e}");
            }
            assert_eq!(sin_cos(x), (sin(x), cos(x)));
        }
    }

    #[test]
    fn whole_powers_are_made_by_squaring() {
        assert_eq!([powi(3.0, 0), powi(3.0, 5), powi(2.0, -3), powi(-2.0, 3), powi(0.0, 0)], [1.0, 243.0, 0.125, -8.0, 1.0]);
        assert!(near(powi(0.999, 1_000_000), pow(0.999, 1e6), 1 << 24) && powi(0.5, i32::MAX) == 0.0 && powi(2.0, i32::MIN) == 0.0);
    }

    #[test]
    fn bits_are_those_of_every_other_machine() {
        for (found, bits) in [
            (exp(1.1), 0x4008_0888_3244_d593),
            (ln(1.1), 0x3fb8_663f_793c_46cc),
            (ln_1p(0.1), 0x3fb8_663f_793c_46c7),
            (log2(1.1), 0x3fc1_99b7_28cb_9d0c),
            (pow(1.1, 1.7), 0x3ff2_d074_7f05_2e5f),
            (sin(1.1), 0x3fec_84c5_4c2d_6338),
            (cos(1.1), 0x3fdd_07b8_06c7_6111),
            (tanh(1.1), 0x3fe9_9db0_1fde_2405),
            (hypot(1.1, 1.7), 0x4000_32e2_49cc_6171),
            (powi(1.1, 17), 0x4014_37c7_0ef2_980e),
        ] {
            assert_eq!(found.to_bits(), bits, "{found}");
        }
        for (found, bits) in [(exp_f32(1.1), 0x4040_4442), (ln_f32(1.1), 0x3dc3_31ff), (ln_1p_f32(0.1), 0x3dc3_31fc), (pow_f32(1.1, 1.7), 0x3f96_83a4)] {
            assert_eq!(found.to_bits(), bits, "{found}");
        }
    }
}
