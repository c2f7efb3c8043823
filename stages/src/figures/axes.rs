//! Axes: where values lie on a page, and the ticks beside them. Independent of what is drawn.

use super::canvas::{Anchor, Canvas, FAINT, SOFT, Stroke};
use super::letters;

/// The values along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Values beyond this have no place: their differences might be infinite.
const MOST: f64 = 1e100;

/// Ticks of an axis.
const TICKS: usize = 6;

/// True for what can be drawn.
pub(super) fn is_drawable(v: f64) -> bool {
    v.abs() <= MOST
}

impl Scale {
    /// From 0 to 1, with room for what lies on its ends.
    pub(super) const SHARES: Scale = Scale { low: -0.02, high: 1.02 };

    /// Around values that can be drawn, with a margin; never of no length.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Scale {
        let (low, high) = values.into_iter().filter(|v| is_drawable(*v)).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        if low > high {
            return Scale { low: 0.0, high: 1.0 };
        }
        let least = (low.abs().max(high.abs()) * 1e-3).max(1e-6);
        let margin = ((high - low) * 0.06).max(least);
        Scale { low: low - margin, high: high + margin }
    }
    /// True where the value lies on it.
    pub(super) fn has(&self, v: f64) -> bool {
        (self.low..=self.high).contains(&v)
    }
    /// Where a value lies, `from` being the place of the low end.
    pub(super) fn place(&self, v: f64, from: f64, to: f64) -> f64 {
        from + (v - self.low) / (self.high - self.low) * (to - from)
    }
    /// Round values on it with their names, `most` of them or one more.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let wanted = (self.high - self.low) / most.max(1) as f64;
        let mut unit = 1.0;
        while unit > wanted {
            unit /= 10.0;
        }
        while unit * 10.0 <= wanted {
            unit *= 10.0;
        }
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|n| n * unit).into_iter().find(|step| *step >= wanted).unwrap_or(unit * 10.0);
        // An end that is a tick itself is one, however it is rounded.
        let (first, last) = ((self.low / step - 1e-9).ceil(), (self.high / step + 1e-9).floor());
        let count = (last - first + 1.0).clamp(0.0, most as f64 + 2.0) as usize;
        (0..count).map(|n| (first + n as f64) * step).map(|v| (v, name(v, step))).collect()
    }
}

/// A value on an axis of that step.
fn name(v: f64, step: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    if v.abs() >= 1e7 || step < 1e-4 {
        return format!("{v:.1e}");
    }
    let is_whole = |x: f64| (x - x.round()).abs() < 1e-6 * x.abs().max(1.0);
    let decimals = [1.0, 10.0, 100.0, 1e3, 1e4].iter().position(|tens| is_whole(step * tens)).unwrap_or(5);
    format!("{v:.decimals$}").replace('-', "−")
}

/// Where axes are on a page, and the values along them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Axes {
    /// The place of a point; none where it lies beyond the axes, or nowhere.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let is_there = self.x.has(x) && self.y.has(y);
        is_there.then(|| (self.x.place(x, self.left, self.left + self.width), self.y.place(y, self.top + self.height, self.top)))
    }
    /// How far ticks of a y axis reach to the left, however high it is.
    pub(super) fn y_room(scale: Scale) -> f64 {
        let names = (1..=TICKS).flat_map(|most| scale.ticks(most));
        names.map(|(_, name)| letters::width(&name, super::canvas::SIZE)).fold(0.0, f64::max) + 6.0
    }
    /// The frame and the grid, with the names of ticks below and to the left where they are asked for.
    pub(super) fn frame(&self, canvas: &mut Canvas, (names_below, names_left): (bool, bool)) {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        let widest = self.x.ticks(4).iter().map(|(_, name)| letters::width(name, super::canvas::SIZE)).fold(16.0, f64::max);
        let mut ended = f64::NEG_INFINITY;
        for (v, name) in self.x.ticks(ticks_in(self.width, widest + 12.0)) {
            let x = self.x.place(v, self.left, right);
            canvas.line((x, self.top), (x, bottom), Stroke::of(FAINT, 0.8));
            let half = letters::width(&name, super::canvas::SIZE) / 2.0;
            // A name stays within the axes, so that it meets none of the axes beside them, and is left out where it meets the last one.
            let middle = x.clamp(self.left + half.min(self.width / 2.0) - 4.0, right - half.min(self.width / 2.0) + 4.0);
            if names_below && middle - half > ended + 4.0 {
                canvas.text((middle, bottom + 13.0), &name, Anchor::Middle, SOFT);
                ended = middle + half;
            }
        }
        for (v, name) in self.y.ticks(ticks_in(self.height, 30.0)) {
            let y = self.y.place(v, bottom, self.top);
            canvas.line((self.left, y), (right, y), Stroke::of(FAINT, 0.8));
            if names_left {
                canvas.text((self.left - 4.0, y + 4.0), &name, Anchor::End, SOFT);
            }
        }
        for (from, to) in [((self.left, self.top), (self.left, bottom)), ((self.left, bottom), (right, bottom))] {
            canvas.line(from, to, Stroke::of(SOFT, 1.0));
        }
    }
}

/// How many ticks a length has room for.
fn ticks_in(length: f64, each: f64) -> usize {
    ((length / each) as usize).clamp(1, TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few_and_odd_ranges_have_an_end() {
        let names = |low, high, most| Scale { low, high }.ticks(most).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(names(-0.02, 1.02, 4), ["0", "0.5", "1.0"]);
        assert_eq!(names(-0.02, 1.02, 5), ["0", "0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(names(-60.0, 1130.0, 5), ["0", "250", "500", "750", "1000"]);
        assert_eq!(names(-0.3, 0.1, 4), ["−0.3", "−0.2", "−0.1", "0", "0.1"]);
        for (low, high) in [(0.0, 0.0), (1e99, 1e99), (-1e100, 1e100), (1e-300, 2e-300), (f64::NAN, f64::INFINITY), (1e15, 1e15 + 1.0)] {
            let scale = Scale::around([low, high]);
            let ticks = scale.ticks(5);
            assert!(scale.low < scale.high && ticks.len() <= 7 && ticks.iter().all(|t| t.0.is_finite() && t.1.len() < 12), "{scale:?} {ticks:?}");
        }
    }

    #[test]
    fn points_beyond_the_axes_have_no_place() {
        let axes = Axes { left: 10.0, top: 20.0, width: 100.0, height: 50.0, x: Scale { low: 0.0, high: 1.0 }, y: Scale { low: 0.0, high: 10.0 } };
        assert_eq!((axes.at((0.0, 0.0)), axes.at((1.0, 10.0))), (Some((10.0, 70.0)), Some((110.0, 20.0))));
        for none in [(f64::NAN, 0.0), (0.5, f64::INFINITY), (1.5, 5.0)] {
            assert_eq!(axes.at(none), None);
        }
    }
}
