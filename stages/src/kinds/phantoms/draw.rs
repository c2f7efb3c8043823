//! The drawing of one phantom image: lungs, ribs, heart, findings, noise. Coordinates run from −1 to 1, y downwards.

use super::Finding;
use crate::contract::seed::Stream;
use crate::math::{cos, exp, powi, sin};

/// What all images of a patient have in common.
pub(super) struct Body {
    lung_width: f64,
    lung_height: f64,
    apart: f64,
    heart: f64,
    ribs: f64,
    tilt: f64,
}

impl Body {
    pub(super) fn of(s: &mut Stream) -> Body {
        Body {
            lung_width: s.uniform(0.28, 0.36),
            lung_height: s.uniform(0.58, 0.72),
            apart: s.uniform(0.36, 0.42),
            heart: s.uniform(0.20, 0.28),
            ribs: s.uniform(8.0, 10.0),
            tilt: s.uniform(-0.05, 0.05),
        }
    }

    /// 1 deep inside a lung, 0 far outside; `side` is −1 or 1.
    fn lung(&self, x: f64, y: f64, side: f64) -> f64 {
        // Lungs narrow towards the apex and are cut off by the diaphragm.
        let narrow = self.lung_width * (1.0 - 0.35 * ((0.1 - y).max(0.0) / 0.8));
        let r = square((x - side * self.apart) / narrow) + square((y - 0.02) / self.lung_height);
        let dome = 0.55 + 0.12 * square((x - side * self.apart) / self.lung_width);
        smooth((1.0 - r) * 4.0) * smooth((dome - y) * 14.0)
    }
}

/// A soft step from 0 to 1 around 0.
fn smooth(t: f64) -> f64 {
    1.0 / (1.0 + exp(-2.0 * t))
}

fn square(x: f64) -> f64 {
    x * x
}

/// A spot in a lung: centre, radius, strength.
struct Spot(f64, f64, f64, f64);

/// Beyond this, a spot adds less than 1e-13, which changes no grey value; most pixels are beyond most spots.
const FAR: f64 = 30.0;

impl Spot {
    fn at(&self, x: f64, y: f64) -> f64 {
        let away = (square(x - self.0) + square(y - self.1)) / (2.0 * self.2 * self.2);
        if away > FAR { 0.0 } else { self.3 * exp(-away) }
    }
}

fn spots(body: &Body, finding: Finding, contrast: f64, s: &mut Stream) -> Vec<Spot> {
    match finding {
        Finding::None => vec![],
        Finding::Peripheral => (0..5 + s.below(4))
            .map(|i| {
                let side = if i % 2 == 0 { -1.0 } else { 1.0 };
                let (angle, r) = (s.uniform(-1.1, 1.3), s.uniform(0.62, 0.9));
                let (x, y) = (side * (body.apart + r * body.lung_width * cos(angle)), 0.05 + r * body.lung_height * 0.75 * sin(angle));
                Spot(x, y, s.uniform(0.08, 0.15), contrast * s.uniform(0.22, 0.36))
            })
            .collect(),
        Finding::Focal => {
            let side = if s.chance(0.5) { -1.0 } else { 1.0 };
            vec![Spot(side * (body.apart + s.uniform(-0.1, 0.1)), s.uniform(-0.1, 0.35), s.uniform(0.14, 0.2), contrast * s.uniform(0.4, 0.55))]
        }
    }
}

/// What an image shows besides the body.
pub(super) struct Look {
    pub(super) finding: Finding,
    /// Of the finding against the noise.
    pub(super) contrast: f64,
    /// The number of the source, from 0.
    pub(super) source: usize,
    /// Grey that is added, as a share of white.
    pub(super) level: f64,
    /// With a white mark in the upper left corner.
    pub(super) marked: bool,
}

/// The pixels of an image, row by row; `size` is its side.
pub(super) fn image(body: &Body, look: &Look, size: usize, s: &mut Stream) -> Vec<u8> {
    let spots = spots(body, look.finding, look.contrast, s);
    let source = look.source as f64;
    let (gain, offset) = (s.uniform(0.94, 1.06) * (1.0 + 0.05 * source), s.uniform(-0.02, 0.02) - 0.03 * source + look.level);
    let mark = size / 32..(size / 8).max(1);
    let (shift_x, shift_y) = (s.uniform(-0.04, 0.04), s.uniform(-0.04, 0.04));
    let vessels: Vec<Spot> = (0..14)
        .map(|i| {
            let side = if i % 2 == 0 { -1.0 } else { 1.0 };
            Spot(side * (body.apart + s.normal() * 0.1), s.normal() * 0.22, s.uniform(0.03, 0.07), s.uniform(0.02, 0.07))
        })
        .collect();
    let mut out = Vec::with_capacity(size * size);
    for row in 0..size {
        for column in 0..size {
            let at = |i: usize| (i as f64 + 0.5) / size as f64 * 2.0 - 1.0;
            let (x, y) = (at(column) + shift_x, at(row) + shift_y);
            let x = x + body.tilt * y;
            let torso = smooth((0.93 - x.abs() - 0.1 * (y + 0.6).max(0.0)) * 12.0);
            let (left, right) = (body.lung(x, y, -1.0), body.lung(x, y, 1.0));
            let lung = left.max(right);
            let heart = smooth((1.0 - square((x - 0.1) / body.heart) - square((y - 0.28) / 0.34)) * 3.0);
            let spine = exp(-square(x / 0.07));
            // Ribs arch outwards and downwards.
            let rib = powi(0.5 + 0.5 * cos((y - 0.35 * x.abs() * x.abs()) * std::f64::consts::PI * body.ribs), 4);
            let add = |spots: &[Spot]| spots.iter().map(|spot| spot.at(x, y)).sum::<f64>();
            let mut v = 0.06 + 0.56 * torso - 0.40 * lung * torso;
            v += 0.26 * heart * (1.0 - 0.5 * right.max(left)) + 0.10 * spine * torso + 0.06 * rib * lung;
            v += lung * (add(&spots) + add(&vessels));
            v = (v * gain + offset).clamp(0.0, 1.0) + 0.022 * s.normal();
            if look.marked && mark.contains(&row) && mark.contains(&column) {
                v = 1.0;
            }
            out.push((v.clamp(0.0, 1.0) * 255.0).round() as u8);
        }
    }
    out
}
