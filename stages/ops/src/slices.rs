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

/// Runs `f` with a scratch buffer of `n` elements that this thread keeps; its contents are undefined.
pub(crate) fn with_scratch<R>(n: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! { static SCRATCH: std::cell::Cell<Vec<f32>> = const { std::cell::Cell::new(Vec::new()) }; }
    // Taken, not borrowed: work that rayon steals inside `f` may ask for scratch on this thread again.
    let mut buffer = SCRATCH.take();
    if buffer.len() < n {
        buffer.resize(n, 0.0);
    }
    let result = f(&mut buffer[..n]);
    SCRATCH.set(buffer);
    result
}

/// A strided matrix for [`product`].
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// `out [m, n] (+)= a [m, k] · b [k, n]`, on one thread; `out` has rows `out_row` apart and unit column stride.
pub(crate) fn product(size: (usize, usize, usize), out: &mut [f32], out_row: usize, accumulate: bool, a: Matrix, b: Matrix) {
    // SAFETY: `out` is borrowed mutably, so nothing else touches it meanwhile.
    unsafe { Shared::new(out).product(size, 0, out_row, accumulate, a, b) }
}

impl Shared {
    /// As [`product`], into a part of a shared buffer that begins at `at`.
    ///
    /// # Safety
    /// The buffer is alive, and no other thread touches the `m` runs of `n` elements, `out_row` apart, meanwhile.
    pub(crate) unsafe fn product(&self, size: (usize, usize, usize), at: usize, out_row: usize, accumulate: bool, a: Matrix, b: Matrix) {
        let (m, n, k) = size;
        if m == 0 || n == 0 {
            return;
        }
        assert!(self.len > at + (m - 1) * out_row + n - 1, "BUG: product does not fit");
        assert!(k == 0 || a.data.len() > (m - 1) * a.row + (k - 1) * a.column, "BUG: left factor too small");
        assert!(k == 0 || b.data.len() > (k - 1) * b.row + (n - 1) * b.column, "BUG: right factor too small");
        // SAFETY: all three matrices lie within their buffers by the assertions; exclusive by the caller's promise.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                self.start.add(at),
                1,
                out_row as isize,
                accumulate,
                a.data.as_ptr(),
                a.column as isize,
                a.row as isize,
                b.data.as_ptr(),
                b.column as isize,
                b.row as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}
