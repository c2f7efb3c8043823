//! What the bits of an operation depend on besides its inputs.

/// The widest instruction set that products use on this machine.
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "avx512";
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return "avx2";
        }
    }
    std::env::consts::ARCH
}

/// Instruction set and version of the operations: bits are compared only where it is equal.
pub fn fingerprint() -> String {
    format!("cpu {} ops-{}", instruction_set(), crate::VERSION)
}
