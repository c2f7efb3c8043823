//! Loops compiled for the widest vectors of the machine.
//!
//! The compiler vectorises plain loops; which instructions it may use is decided where they are inlined. Rust never fuses
//! a product and a sum on its own, so the bits are the same everywhere.

/// Runs work, inlined into a function that may use all of the machine's vector instructions.
#[inline]
pub(crate) fn widest<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    match crate::fingerprint::detected() {
        // SAFETY: the machine has these instructions.
        crate::fingerprint::Set::Avx512 => return unsafe { avx512(work) },
        // SAFETY: as above.
        crate::fingerprint::Set::Avx2 => return unsafe { avx2(work) },
        crate::fingerprint::Set::Other => {}
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<T>(work: impl FnOnce() -> T) -> T {
    work()
}
