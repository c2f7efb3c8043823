//! Classic augmentation: flip, rotation, shift and zoom in one affine resampling (bilinear).
//!
//! Outside the film its edge pixels go on, as Keras does by default: a black rim would be a mark that films of the test
//! set do not bear, and a generator learns to draw it.

use crate::contract::prelude::*;

/// How much a film may be changed each time it is seen. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Mirror left and right, half of the time. Moves the heart to the other side.
    pub flip: bool,
    /// Rotation by up to so many degrees to either side.
    #[schemars(range(min = 0, max = 180))]
    pub rotation: f64,
    /// Shift by up to this share of the side, in both directions.
    #[schemars(range(min = 0, max = 1))]
    pub shift: f64,
    /// Zoom in or out by up to this share.
    #[schemars(range(min = 0, max = 0.9))]
    pub zoom: f64,
}

impl Augment {
    /// True where films stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Augment::default()
    }

    /// Finds parameters out of range; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let within = |name: &str, value: f64, max: f64| {
            BadParameter::unless((0.0..=max).contains(&value), &format!("{path}.{name}"), &format!("must lie between 0 and {max}"))
        };
        [within("rotation", self.rotation, 180.0), within("shift", self.shift, 1.0), within("zoom", self.zoom, 0.9)].concat()
    }

    /// Writes the changed film as numbers from 0 to 1 into `out`, drawing from the film's own stream.
    pub fn apply(&self, film: &[u8], side: usize, stream: &mut Stream, out: &mut [f32]) {
        if self.is_none() {
            out.iter_mut().zip(film).for_each(|(o, v)| *o = f32::from(*v) / 255.0);
            return;
        }
        let mirror = if self.flip && stream.chance(0.5) { -1.0 } else { 1.0 };
        let angle = stream.uniform(-self.rotation, self.rotation).to_radians();
        let (dx, dy) = (stream.uniform(-self.shift, self.shift), stream.uniform(-self.shift, self.shift));
        let zoom = 1.0 + stream.uniform(-self.zoom, self.zoom);
        let (sin, cos) = angle.sin_cos();
        let middle = (side as f64 - 1.0) / 2.0;
        let shift = (dx * side as f64, dy * side as f64);
        // Each target pixel asks where it comes from: undo the shift, the zoom, the rotation and the mirror.
        let (a, b) = ((cos / zoom * mirror) as f32, (sin / zoom * mirror) as f32);
        let (c, d) = ((-sin / zoom) as f32, (cos / zoom) as f32);
        let last = side as i64 - 1;
        let at = |x: i64, y: i64| f32::from(film[y.clamp(0, last) as usize * side + x.clamp(0, last) as usize]);
        for (row, line) in out.chunks_exact_mut(side).enumerate() {
            let v = (row as f64 - middle - shift.1) as f32;
            for (column, o) in line.iter_mut().enumerate() {
                let u = (column as f64 - middle - shift.0) as f32;
                let (x, y) = (a * u + b * v + middle as f32, c * u + d * v + middle as f32);
                let (x0, y0) = (x.floor(), y.floor());
                let (fx, fy) = (x - x0, y - y0);
                let (x0, y0) = (x0 as i64, y0 as i64);
                let top = at(x0, y0) * (1.0 - fx) + at(x0 + 1, y0) * fx;
                let bottom = at(x0, y0 + 1) * (1.0 - fx) + at(x0 + 1, y0 + 1) * fx;
                *o = (top * (1.0 - fy) + bottom * fy) / 255.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    fn apply(a: &Augment, film: &[u8], side: usize, item: u64) -> Vec<f32> {
        let mut out = vec![0.0; film.len()];
        a.apply(film, side, &mut Seed(1).stream("test", "augment").item(item), &mut out);
        out.iter().map(|v| v * 255.0).collect()
    }

    #[test]
    fn a_flip_mirrors_exactly_or_not_at_all() {
        let film: Vec<u8> = (0..16).collect();
        let mirrored: Vec<f32> = film.chunks(4).flat_map(|r| r.iter().rev()).map(|v| f32::from(*v)).collect();
        let plain: Vec<f32> = film.iter().map(|v| f32::from(*v)).collect();
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        let flips = (0..40).map(|i| apply(&Augment { flip: true, ..Augment::default() }, &film, 4, i)).map(|o| (close(&o, &mirrored), close(&o, &plain)));
        let (mirrored, plain): (Vec<bool>, Vec<bool>) = flips.unzip();
        assert!(mirrored.iter().zip(&plain).all(|(m, p)| m ^ p));
        assert!(mirrored.iter().any(|m| *m) && plain.iter().any(|p| *p));
    }

    #[test]
    fn edges_go_on_outside() {
        let strong = Augment { flip: true, rotation: 180.0, shift: 1.0, zoom: 0.9 };
        for item in 0..50 {
            assert!(apply(&strong, &[77; 64], 8, item).iter().all(|v| (v - 77.0).abs() < 1e-3));
        }
    }

    #[test]
    fn a_rotation_keeps_the_middle_and_a_shift_moves_it() {
        let mut film = vec![0u8; 81];
        film[40] = 200;
        let turned = apply(&Augment { rotation: 90.0, ..Augment::default() }, &film, 9, 3);
        assert!((turned[40] - 200.0).abs() < 1e-3);
        let moved = apply(&Augment { shift: 0.4, ..Augment::default() }, &film, 9, 3);
        assert!((moved.iter().sum::<f32>() - 200.0).abs() < 1.0 && moved[40] < 150.0);
    }
}
