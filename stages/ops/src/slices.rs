//! Borrowing float32 slices from candle storage, and disjoint writes from several threads.

use candle_core::{CpuStorage, Layout, Result, bail};

/// The elements of a contiguous tensor.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((from, to)) = layout.contiguous_offsets() else { bail!("BUG: operation on a tensor that is not contiguous") };
    Ok(&storage.as_slice::<f32>()?[from..to])
}

/// A buffer that several threads write disjoint parts of.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    start: *mut f32,
    len: usize,
}

// SAFETY: only hands out ranges through `part`, whose caller promises that ranges of different threads are disjoint.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn new(buffer: &mut [f32]) -> Self {
        Shared { start: buffer.as_mut_ptr(), len: buffer.len() }
    }

    /// A part of the buffer.
    ///
    /// # Safety
    /// The buffer outlives the part, and no other live part overlaps it.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, at: usize, len: usize) -> &mut [f32] {
        assert!(at + len <= self.len, "BUG: part {at}+{len} of {}", self.len);
        // SAFETY: in bounds by the assertion; disjoint and alive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), len) }
    }
}

impl Shared {
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
