//! What the bits of an operation depend on besides its inputs.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Computes by portable code, whatever vector instructions the machine has: slower, with the same bits. Call it before
/// the first tensor.
pub fn stay_portable() {
    PORTABLE.store(true, Ordering::Relaxed);
}

/// Vector instruction sets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Avx512,
    Avx2,
    Other,
}

/// The widest that this machine has, asked once.
pub(crate) fn detected() -> Set {
    static DETECTED: LazyLock<Set> = LazyLock::new(|| {
        #[cfg(target_arch = "x86_64")]
        if !PORTABLE.load(Ordering::Relaxed) {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw") {
                return Set::Avx512;
            }
            if has!("avx2") && has!("fma") {
                return Set::Avx2;
            }
        }
        Set::Other
    });
    *DETECTED
}

/// The widest instruction set that products use on this machine.
pub fn instruction_set() -> &'static str {
    match detected() {
        Set::Avx512 => "avx512",
        Set::Avx2 => "avx2",
        Set::Other => std::env::consts::ARCH,
    }
}

/// Instruction set and version of the operations: bits are compared only where it is equal.
pub fn fingerprint() -> String {
    format!("cpu {} ops-{}", instruction_set(), crate::VERSION)
}
