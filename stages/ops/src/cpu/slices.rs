//! Disjoint writes to one buffer from several threads.

/// A buffer that several threads write disjoint parts of.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    start: *mut f32,
    len: usize,
}

// SAFETY: only hands out addresses; who writes to one promises that no other thread does.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn new(buffer: &mut [f32]) -> Self {
        Shared { start: buffer.as_mut_ptr(), len: buffer.len() }
    }

    /// A part of the buffer.
    pub(crate) fn range(&self, at: usize, len: usize) -> Shared {
        assert!(at + len <= self.len, "BUG: part {at}+{len} of {}", self.len);
        Shared { start: self.start.wrapping_add(at), len }
    }
    /// How many elements the buffer has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
    /// The address of an element.
    pub(crate) fn address(&self, at: usize) -> *mut f32 {
        assert!(at < self.len, "BUG: element {at} of {}", self.len);
        self.start.wrapping_add(at)
    }
}

/// A buffer of `n` elements that `fill` writes all of: zeroing it first would be a pass over memory for nothing.
///
/// # Safety
/// `fill` writes every element.
pub(crate) unsafe fn filled(n: usize, fill: impl FnOnce(Shared)) -> Vec<f32> {
    let mut buffer = Vec::with_capacity(n);
    fill(Shared { start: buffer.as_mut_ptr(), len: n });
    // SAFETY: the capacity is there, and the elements are written by the caller's promise.
    unsafe { buffer.set_len(n) };
    buffer
}
