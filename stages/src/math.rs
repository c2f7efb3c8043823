//! Functions that the C library computes differently from machine to machine: here they are the same code everywhere.
//!
//! glibc chooses its `exp`, `sin` and `pow` by what the processor can do, and another library rounds their last bit in another
//! way; a phantom, a map or a rate would follow it. Crate `libm` is plain arithmetic in a fixed order, which rounds alike on
//! every machine: what it does by an instruction (`sqrt`, and `fma` for `cbrt`) is exact either way. Roots, absolute values
//! and whole parts of the standard library are exact, too, and stay.

/// e to the power of `x`.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The logarithm to base 2.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// `x` to the power of `y`.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// The sine.
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine.
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// Sine and cosine.
pub fn sin_cos(x: f64) -> (f64, f64) {
    (libm::sin(x), libm::cos(x))
}

/// The length of the hypotenuse.
pub fn hypot(x: f64, y: f64) -> f64 {
    libm::hypot(x, y)
}

/// `x` to a whole power, by squaring from the lowest bit of `n` upwards: the compiler's own leaves the order to it.
pub fn powi(x: f64, n: i32) -> f64 {
    let (mut square, mut left, mut out) = (x, n.unsigned_abs(), 1.0);
    while left > 0 {
        if left & 1 == 1 {
            out *= square;
        }
        square *= square;
        left >>= 1;
    }
    if n < 0 { 1.0 / out } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places all over the range that stages use, from a counter.
    fn places() -> impl Iterator<Item = f64> {
        (0..4000).map(|i| f64::from(i * 7919 % 4001 - 2000) / 97.0)
    }

    #[test]
    fn they_are_what_the_standard_library_computes_to_two_units_in_the_last_place() {
        let near = |name: &str, x: f64, a: f64, b: f64| {
            let far = (a - b).abs() / b.abs().max(f64::MIN_POSITIVE);
            assert!(a == b || far <= 2.0 * f64::EPSILON, "{name}({x}): {a:e} and {b:e}");
        };
        for x in places() {
            near("exp", x, exp(x), x.exp());
            near("sin", x, sin(x), x.sin());
            near("cos", x, cos(x), x.cos());
            near("hypot", x, hypot(x, 1.5), x.hypot(1.5));
            let p = x.abs() + 1e-3;
            near("ln", p, ln(p), p.ln());
            near("log2", p, log2(p), p.log2());
            near("pow", p, pow(p, 1.79), p.powf(1.79));
            assert_eq!(sin_cos(x), (sin(x), cos(x)));
        }
    }

    /// A change of these bits is one of a hundred artifacts: raise the version of every kind that moves (see `tests/golden.rs`).
    #[test]
    fn their_bits_are_golden() {
        let mut all = blake3::Hasher::new();
        for x in places() {
            let p = x.abs() + 1e-3;
            for v in [exp(x), ln(p), log2(p), pow(p, 1.79), sin(x), cos(x), hypot(x, p), powi(x, 5)] {
                all.update(&v.to_bits().to_le_bytes());
            }
        }
        assert_eq!(all.finalize().to_hex()[..16], *GOLDEN);
    }
    const GOLDEN: &str = "64f30fcc8a029baf";

    #[test]
    fn whole_powers_are_products() {
        for x in [0.0, -0.0, 1.0, -1.5, 0.3, 1e200, f64::INFINITY, f64::NEG_INFINITY] {
            let wanted = [1.0, x, x * x, x * (x * x), (x * x) * (x * x)];
            for (n, wanted) in wanted.iter().enumerate() {
                assert_eq!(powi(x, n as i32).to_bits(), wanted.to_bits(), "{x} to the {n}");
            }
            assert_eq!(powi(x, -2), 1.0 / (x * x));
        }
        assert!(powi(f64::NAN, 3).is_nan() && powi(f64::NAN, 0) == 1.0);
        assert_eq!(powi(2.0, i32::MIN), 0.0);
    }
}
