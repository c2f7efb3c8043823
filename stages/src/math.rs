//! Functions that the C library computes differently from machine to machine: those of `hilum-ops`, which are the same
//! code everywhere, under a name that the parts of this crate that know no tensors may use.
//!
//! glibc chooses its `exp`, `sin` and `pow` by what the processor can do, and another library rounds their last bit in
//! another way; a phantom, an embedding or a rate would follow it.

pub mod tridiagonal;

pub use hilum_ops::math::{cos, exp, hypot, ln, ln_1p, log2, pow, powi, sin, sin_cos};

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

    /// A change of these bits is one of a hundred artifacts: raise the version of every kind that moves (see
    /// `tests/golden.rs`).
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
