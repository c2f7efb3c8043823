//! The shape of a convolution. Independent of how one is computed.

use candle_core::{Result, bail};

/// How a kernel moves over a feature map: `[rows, columns]` each, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Input pixels between neighbouring outputs; at least 1.
    pub stride: [usize; 2],
    /// Zeros on each side of the input.
    pub padding: [usize; 2],
    /// Input pixels between neighbouring kernel positions; at least 1.
    pub dilation: [usize; 2],
    /// Groups of channels that are convolved apart; divides both numbers of channels.
    pub groups: usize,
}

impl Window {
    /// A square window without dilation or groups.
    pub fn square(stride: usize, padding: usize) -> Self {
        Window { stride: [stride; 2], padding: [padding; 2], dilation: [1; 2], groups: 1 }
    }
}

/// A convolution `[n, h, w, ci] → [n, oh, ow, co]` with kernel `[co, ci/groups, kh, kw]`. A transposed convolution is
/// the same geometry read backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Geometry {
    pub(crate) n: usize,
    /// Channels of one group, in and out.
    pub(crate) ci: usize,
    pub(crate) co: usize,
    /// Input and output map, kernel: rows and columns.
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) window: Window,
}

impl Geometry {
    pub(crate) fn conv(x: (usize, usize, usize, usize), w: (usize, usize, usize, usize), window: Window) -> Result<Self> {
        let ((n, h, width, ci), (co, wi, kh, kw)) = (x, w);
        let Window { stride, padding, dilation, groups } = window;
        let (input, kernel) = ([h, width], [kh, kw]);
        let reach = |i: usize| dilation[i] * kernel[i].saturating_sub(1) + 1;
        let fits = |i: usize| stride[i] > 0 && dilation[i] > 0 && kernel[i] > 0 && input[i] + 2 * padding[i] >= reach(i);
        if groups == 0 || wi * groups != ci || co % groups != 0 || !fits(0) || !fits(1) {
            bail!("conv2d: input {x:?} ([n, h, w, c]) does not fit kernel {w:?} with {window:?}");
        }
        let output = [0, 1].map(|i| (input[i] + 2 * padding[i] - reach(i)) / stride[i] + 1);
        Ok(Geometry { n, ci: wi, co: co / groups, input, output, kernel, window })
    }

    /// The geometry whose gradient with respect to its input is this transposed convolution of `x [n, h, w, ci]` with
    /// `w [ci, co/groups, kh, kw]`.
    pub(crate) fn transposed(x: (usize, usize, usize, usize), w: (usize, usize, usize, usize), window: Window, extra: [usize; 2]) -> Result<Self> {
        let ((n, h, width, co), (wo, ci, kh, kw)) = (x, w);
        let Window { stride, padding, dilation, groups } = window;
        let (output, kernel) = ([h, width], [kh, kw]);
        let whole = |i: usize| (output[i].max(1) - 1) * stride[i] + dilation[i] * kernel[i].saturating_sub(1) + 1 + extra[i];
        let fits =
            |i: usize| stride[i] > 0 && dilation[i] > 0 && kernel[i] > 0 && output[i] > 0 && extra[i] < stride[i].max(dilation[i]) && whole(i) > 2 * padding[i];
        if groups == 0 || wo != co || co % groups != 0 || !fits(0) || !fits(1) {
            bail!("conv_transpose2d: input {x:?} ([n, h, w, c]) does not fit kernel {w:?} with {window:?}, output padding {extra:?}");
        }
        let input = [0, 1].map(|i| whole(i) - 2 * padding[i]);
        Ok(Geometry { n, ci, co: co / groups, input, output, kernel, window })
    }

    /// True where the output is the largest that fits the input: an output padding below the stride.
    #[cfg(feature = "cuda")]
    pub(crate) fn is_plain(&self) -> bool {
        let Window { stride, padding, dilation, .. } = self.window;
        (0..2).all(|i| (self.input[i] + 2 * padding[i] - dilation[i] * (self.kernel[i] - 1) - 1) / stride[i] + 1 == self.output[i])
    }

    /// Kernel positions.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }
    /// Channels of all groups together, in and out.
    pub(crate) fn channels(&self) -> (usize, usize) {
        (self.ci * self.window.groups, self.co * self.window.groups)
    }
    /// Pixels of all outputs.
    pub(crate) fn pixels(&self) -> usize {
        self.n * self.output[0] * self.output[1]
    }
    /// Elements of input, output and kernel.
    pub(crate) fn sizes(&self) -> [usize; 3] {
        let (ci, co) = self.channels();
        [self.n * self.input[0] * self.input[1] * ci, self.pixels() * co, co * self.ci * self.taps()]
    }
    /// True where each output pixel reads only the input pixel at the same position.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.window.stride == [1; 2] && self.window.padding == [0; 2]
    }
}
