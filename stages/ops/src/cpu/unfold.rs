//! Unfolding inputs of very few channels: runs of one or three values are too short to be multiplied in place.

use crate::geometry::Geometry;

/// Fewer channels are unfolded.
pub(crate) const FEW: usize = 8;

impl Geometry {
    /// True where the input is unfolded first.
    pub(crate) fn is_unfolded(&self) -> bool {
        self.ci < FEW && self.taps() > 1 && self.window.groups == 1
    }

    /// Output pixels `from..to`, a line of `taps · ci` values each.
    pub(crate) fn unfold(&self, x: &[f32], from: usize, to: usize, lines: &mut [f32]) {
        let ([h, w], [oh, ow], [kh, kw], ci) = (self.input, self.output, self.kernel, self.ci);
        let window = &self.window;
        for (pixel, line) in (from..to).zip(lines.chunks_exact_mut(self.taps() * ci)) {
            let (column, row, sample) = (pixel % ow, pixel / ow % oh, pixel / (ow * oh));
            // The first column that is read; it may be before the map.
            let left = (column * window.stride[1]).wrapping_sub(window.padding[1]);
            for (ky, part) in line.chunks_exact_mut(kw * ci).enumerate().take(kh) {
                let i = (row * window.stride[0] + ky * window.dilation[0]).wrapping_sub(window.padding[0]);
                if i >= h {
                    part.fill(0.0);
                    continue;
                }
                let map = &x[(sample * h + i) * w * ci..][..w * ci];
                if window.dilation[1] == 1 && left < w && left + kw <= w {
                    part.copy_from_slice(&map[left * ci..][..kw * ci]);
                    continue;
                }
                for (kx, values) in part.chunks_exact_mut(ci).enumerate() {
                    let j = left.wrapping_add(kx * window.dilation[1]);
                    if j < w { values.copy_from_slice(&map[j * ci..][..ci]) } else { values.fill(0.0) }
                }
            }
        }
    }
}
