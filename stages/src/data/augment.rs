//! Classic augmentation: flip, rotation, shift, zoom and crop in one affine resampling (bilinear).
//!
//! Outside the image, its edge pixels are repeated, as Keras does by default: a black rim would be a mark that images
//! of the test set do not have, and a generator would learn to draw it.

use crate::contract::bounds::bounds;
use crate::contract::prelude::*;
use crate::math;
use hilum_ops::{HALF, MEAN_UNIT, sample_anywhere, sample_line, stack_rows};

/// Random augmentation of an image each time it is used. None by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Mirrors half of the images horizontally, which moves the heart to the other side.
    pub flip: bool,
    /// Maximum rotation in degrees, to either side.
    pub rotation: Degrees,
    /// Maximum shift as a share of the side, in both directions.
    pub shift: Share,
    /// Maximum zoom in or out, as a share.
    pub zoom: Zoom,
    /// Enlarges the image by this share and takes a random crop of the original size: 0.1172 enlarges 256 pixels to
    /// 286.
    pub crop: Share,
}

bounds! {
    /// An angle in degrees, to either side.
    Degrees: from 0, to 180;
    /// A share by which an image is enlarged or reduced; reduced by all of it, nothing would be left.
    Zoom: from 0, to 0.9;
}

impl Default for Augment {
    fn default() -> Self {
        Augment { flip: false, rotation: Degrees::of(0.0), shift: Share::of(0.0), zoom: Zoom::of(0.0), crop: Share::of(0.0) }
    }
}

impl Augment {
    /// True if images are not changed.
    pub fn is_none(&self) -> bool {
        *self == Augment::default()
    }

    /// Writes the augmented image as numbers from `low` to `high` into `out`, drawing from the image's own stream.
    pub fn apply(&self, image: &[u8], side: usize, stream: &mut Stream, (low, high): (f32, f32), out: &mut [f32]) {
        if self.is_none() {
            let range = (high - low) / 255.0;
            out.iter_mut().zip(image).for_each(|(o, v)| *o = low + range * f32::from(*v));
            return;
        }
        let place = self.draw(side, stream);
        place.resample(&image[..side * side], side, (low, high), out);
    }

    /// Where the pixels of one image come from.
    fn draw(&self, side: usize, stream: &mut Stream) -> Place {
        let mirror = if self.flip && stream.chance(0.5) { -1.0 } else { 1.0 };
        let angle = stream.uniform(-*self.rotation, *self.rotation).to_radians();
        let (dx, dy) = (stream.uniform(-*self.shift, *self.shift), stream.uniform(-*self.shift, *self.shift));
        let zoom = (1.0 + stream.uniform(-*self.zoom, *self.zoom)) * (1.0 + *self.crop);
        // The offset of the crop in the enlarged image, from its centre.
        let cut = if *self.crop > 0.0 { [(); 2].map(|()| stream.uniform(-0.5, 0.5) * *self.crop) } else { [0.0; 2] };
        let (sin, cos) = math::sin_cos(angle);
        let middle = (side as f64 - 1.0) / 2.0;
        let shift = [(dx + cut[0]) * side as f64, (dy + cut[1]) * side as f64];
        // For each target pixel, the shift, zoom, rotation and mirroring are inverted.
        let (a, b, c, d) = (cos / zoom * mirror, sin / zoom * mirror, -sin / zoom, cos / zoom);
        let corner = [-middle - shift[0], -middle - shift[1]];
        let fixed = |v: f64| (v * ONE).round() as i64;
        Place {
            right: [a, c].map(fixed),
            down: [b, d].map(fixed),
            corner: [a * corner[0] + b * corner[1] + middle, c * corner[0] + d * corner[1] + middle].map(fixed),
        }
    }
}

/// One, in numbers with 32 binary places.
const ONE: f64 = (1u64 << 32) as f64;

/// Column and row of the first pixel's origin, and how it moves with a step right and down; with 32 binary places, so
/// that bits are the same on every machine.
struct Place {
    right: [i64; 2],
    down: [i64; 2],
    corner: [i64; 2],
}

impl Place {
    fn resample(&self, image: &[u8], side: usize, (low, high): (f32, f32), out: &mut [f32]) {
        let unit = (high - low) / (255.0 * MEAN_UNIT);
        let stacks = stack_rows(image, side);
        for (row, line) in out.chunks_exact_mut(side).enumerate() {
            let start = [0, 1].map(|k| self.corner[k] + self.down[k] * row as i64 + HALF);
            let at = |column: usize| [0, 1].map(|k| start[k] + self.right[k] * column as i64);
            let (from, to) = self.inside(start, side);
            for column in (0..from).chain(to..side) {
                line[column] = sample_anywhere(image, side, at(column), low, unit);
            }
            sample_line(&stacks, side, at(from), self.right, (low, unit), &mut line[from..to]);
        }
    }

    /// The columns of a row whose four neighbours lie within the image: from, and up to.
    fn inside(&self, start: [i64; 2], side: usize) -> (usize, usize) {
        let (mut from, mut to) = (0, side as i64);
        // Neighbours end at the last row and column.
        let end = (side as i64 - 1) << 32;
        for (at, step) in start.into_iter().zip(self.right) {
            match step {
                0 if at < 0 || at >= end => return (0, 0),
                0 => {}
                // at + column · step must be at least 0 and below the end.
                1.. => {
                    from = from.max(ceiling(-at, step));
                    to = to.min(ceiling(end - at, step));
                }
                _ => {
                    from = from.max((at - end).div_euclid(-step) + 1);
                    to = to.min(at.div_euclid(-step) + 1);
                }
            }
        }
        let from = from.clamp(0, side as i64);
        (from as usize, to.clamp(from, side as i64) as usize)
    }
}

/// The quotient, rounded up, by a divisor above zero.
fn ceiling(a: i64, by: i64) -> i64 {
    -((-a).div_euclid(by))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    fn apply(a: &Augment, image: &[u8], side: usize, item: u64) -> Vec<f32> {
        let mut out = vec![0.0; image.len()];
        a.apply(image, side, &mut Seed(1).stream("test", "augment").item(item), (0.0, 255.0), &mut out);
        out
    }

    #[test]
    fn a_flip_mirrors_exactly_or_not_at_all() {
        let image: Vec<u8> = (0..16).collect();
        let mirrored: Vec<f32> = image.chunks(4).flat_map(|r| r.iter().rev()).map(|v| f32::from(*v)).collect();
        let plain: Vec<f32> = image.iter().map(|v| f32::from(*v)).collect();
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        let flips = (0..40).map(|i| apply(&Augment { flip: true, ..Augment::default() }, &image, 4, i)).map(|o| (close(&o, &mirrored), close(&o, &plain)));
        let (mirrored, plain): (Vec<bool>, Vec<bool>) = flips.unzip();
        assert!(mirrored.iter().zip(&plain).all(|(m, p)| m ^ p));
        assert!(mirrored.iter().any(|m| *m) && plain.iter().any(|p| *p));
    }

    #[test]
    fn edges_go_on_outside() {
        let strong = Augment { flip: true, rotation: Degrees::of(180.0), shift: Share::of(1.0), zoom: Zoom::of(0.9), crop: Share::of(1.0) };
        for item in 0..50 {
            assert!(apply(&strong, &[77; 64], 8, item).iter().all(|v| (v - 77.0).abs() < 1e-3));
        }
    }

    #[test]
    fn a_rotation_keeps_the_middle_and_a_shift_moves_it() {
        let mut image = vec![0u8; 81];
        image[40] = 200;
        let turned = apply(&Augment { rotation: Degrees::of(90.0), ..Augment::default() }, &image, 9, 3);
        assert!((turned[40] - 200.0).abs() < 1e-3);
        let moved = apply(&Augment { shift: Share::of(0.4), ..Augment::default() }, &image, 9, 3);
        assert!((moved.iter().sum::<f32>() - 200.0).abs() < 1.0 && moved[40] < 150.0);
    }

    /// The same in floating point, pixel by pixel.
    fn slowly(place: &Place, image: &[u8], side: usize) -> Vec<f32> {
        let at = |x: f64, y: f64| f64::from(image[y.clamp(0.0, side as f64 - 1.0) as usize * side + x.clamp(0.0, side as f64 - 1.0) as usize]);
        let of = |row: usize, column: usize| {
            let [x, y] = [0, 1].map(|k| (place.corner[k] + place.down[k] * row as i64 + place.right[k] * column as i64) as f64 / ONE);
            let (fx, fy) = (x - x.floor(), y - y.floor());
            let (x, y) = (x.floor(), y.floor());
            let line = |y: f64| at(x, y) * (1.0 - fx) + at(x + 1.0, y) * fx;
            (line(y) * (1.0 - fy) + line(y + 1.0) * fy) as f32
        };
        (0..side * side).map(|i| of(i / side, i % side)).collect()
    }

    #[test]
    fn fixed_point_is_within_a_level_of_floating_point() {
        let mut stream = Seed(4).stream("test", "image");
        for (side, strength) in [(9, 1.0), (32, 0.05), (64, 0.3), (33, 0.9)] {
            let image: Vec<u8> = (0..side * side).map(|_| stream.below(256) as u8).collect();
            let (rotation, zoom) = (Degrees::of(180.0 * strength), Zoom::of(0.9 * strength));
            let a = Augment { flip: true, rotation, shift: Share::of(strength), zoom, crop: Share::of(0.1) };
            for item in 0..40 {
                let place = a.draw(side, &mut stream.item(item));
                let mut found = vec![0.0; side * side];
                place.resample(&image, side, (0.0, 255.0), &mut found);
                let worst = found.iter().zip(slowly(&place, &image, side)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst <= 1.01, "{side} pixels: off by {worst}");
            }
        }
    }

    #[test]
    fn a_crop_stays_within_the_image() {
        // Outside is never asked for: an image with a bright rim of one pixel shows it at the edges at most.
        let a = Augment { crop: Share::of(0.25), ..Augment::default() };
        for item in 0..50 {
            let place = a.draw(64, &mut Seed(1).stream("test", "augment").item(item));
            for (column, row) in [(0, 0), (63, 0), (0, 63), (63, 63)] {
                for k in 0..2 {
                    let at = (place.corner[k] + place.right[k] * column + place.down[k] * row) as f64 / ONE;
                    assert!((-0.51..=63.51).contains(&at), "{at}");
                }
            }
        }
    }
}
