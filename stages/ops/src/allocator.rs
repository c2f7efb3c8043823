//! Settings of the C library's allocator for processes that train.

/// Keeps large blocks in the process instead of mapping and unmapping each: otherwise most of an element-wise operation
/// is page faults. Call it once, before the first tensor. Does nothing where the C library is not glibc.
pub fn tune_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` only sets parameters, and returns an error for an unknown one.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}
