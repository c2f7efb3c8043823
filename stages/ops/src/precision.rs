//! The precision in which convolutions and linear layers multiply on a GPU. Weights, sums, norms and losses are float32
//! in any case, and so is everything on the CPU.

use std::cell::Cell;

/// The precision of the products of convolutions and linear layers on a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// float32 throughout.
    #[default]
    Float32,
    /// Factors are rounded to 10 bits of mantissa (TensorFloat-32), sums are float32.
    Tf32,
    /// Factors are rounded to bfloat16, sums are float32; the result is rounded to bfloat16 once.
    Bf16,
}

thread_local!(static PRECISION: Cell<Precision> = const { Cell::new(Precision::Float32) });

/// Runs `work` in a precision on this thread, and restores the former one even if the work panics. What is
/// differentiated twice (R1, path length, the penalty of WGAN-GP) belongs into [`Precision::Float32`], its forward pass
/// included.
pub fn with_precision<T>(precision: Precision, work: impl FnOnce() -> T) -> T {
    struct Before(Precision);
    impl Drop for Before {
        fn drop(&mut self) {
            PRECISION.set(self.0);
        }
    }
    let _before = Before(PRECISION.replace(precision));
    work()
}

/// The precision of this thread.
#[cfg_attr(not(feature = "cuda"), allow(dead_code))]
pub(crate) fn precision() -> Precision {
    PRECISION.get()
}
