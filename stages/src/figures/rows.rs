//! A row for each arm, in blocks that have an axis each: names to the left, marks in the middle, numbers to the right. Nothing in it
//! needs a colour.

use super::Drawing;
use super::axes::{Axes, Scale};
use super::canvas::{Anchor, Canvas, FAINT, INK, Marker, SOFT, Stroke, WIDTH};
use super::letters;
use super::page::{MARGIN, Page};

/// What is measured: a block of rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    /// Values at which a line goes through all rows.
    pub(super) lines: Vec<f64>,
    /// Values that are on the axis in any case, so that blocks may have the same one.
    pub(super) also: Vec<f64>,
    /// The title of the axis, where it is another one than that of the page.
    pub(super) unit: &'static str,
}

/// A row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) name: String,
    /// To the right of the axes.
    pub(super) numbers: String,
    /// An interval.
    pub(super) limits: Option<(f64, f64)>,
    pub(super) points: Vec<(f64, Marker)>,
    /// Above the interval.
    pub(super) mark: Option<(f64, Marker)>,
}

/// Of names, and of numbers.
const NAMES: f64 = 158.0;
const NUMBERS: f64 = 132.0;
const STEP: f64 = 17.0;
const WHISKER: Stroke = Stroke::of(INK, 1.4);

/// A page of blocks; `unit` is the title of every axis.
pub(super) fn rows(page: Page, blocks: &[Block], unit: &str) -> Drawing {
    page.draw(|canvas, top| blocks.iter().fold(top, |y, block| block.draw(canvas, y, unit)))
}

impl Block {
    fn values(&self) -> impl Iterator<Item = f64> {
        let of = |row: &Row| {
            let limits = row.limits.into_iter().flat_map(|(low, high)| [low, high]);
            limits.chain(row.points.iter().chain(&row.mark).map(|p| p.0)).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(of).chain(self.also.iter().copied())
    }

    /// What rows are called: where there is no room for a name, all go without the names of axes, of which a value says enough, unless
    /// two would be called the same.
    fn names(&self, room: f64) -> Vec<String> {
        let whole: Vec<String> = self.rows.iter().map(|row| row.name.clone()).collect();
        let fits = |name: &String| letters::fitted(name, super::canvas::SIZE, room) == *name;
        let value = |part: &str| part.split_once('=').filter(|(_, value)| value.parse::<f64>().is_err()).map_or(part, |(_, value)| value).to_owned();
        let short: Vec<String> = whole.iter().map(|name| name.split('/').map(value).collect::<Vec<_>>().join(", ")).collect();
        let several = |names: &[String]| names.iter().collect::<std::collections::BTreeSet<_>>().len();
        if whole.iter().all(fits) || several(&short) < several(&whole) { whole } else { short }
    }

    fn draw(&self, canvas: &mut Canvas, top: f64, unit: &str) -> f64 {
        canvas.fitted((MARGIN, top + 11.0), &self.title, WIDTH - 2.0 * MARGIN, (Anchor::Start, true));
        let height = STEP * self.rows.len() as f64 + 4.0;
        let (left, width) = (MARGIN + NAMES, WIDTH - 2.0 * MARGIN - NAMES - NUMBERS);
        let axes = Axes { left, top: top + 18.0, width, height, x: Scale::around(self.values()), y: Scale { low: 0.0, high: 1.0 } };
        axes.frame(canvas, (true, false));
        for x in self.lines.iter().filter_map(|v| axes.at((*v, 0.5))).map(|at| at.0) {
            canvas.line((x, axes.top), (x, axes.top + height), Stroke::dashed(SOFT, 1.0, "3 3"));
        }
        let names = self.names(NAMES - 8.0);
        for (n, row) in self.rows.iter().enumerate() {
            let y = axes.top + 2.0 + (n as f64 + 0.5) * STEP;
            canvas.fitted((MARGIN, y + 4.0), &names[n], NAMES - 8.0, (Anchor::Start, false));
            canvas.fitted((left + width + 8.0, y + 4.0), &row.numbers, NUMBERS - 8.0, (Anchor::Start, false));
            let x = |v: f64| axes.at((v, 0.5)).map(|at| at.0);
            let several = row.points.len() > 1;
            for (k, (v, marker)) in row.points.iter().enumerate() {
                // Equal values of several trainings stay apart.
                let nudge = if several { [0.0, -3.0, 3.0][k % 3] } else { 0.0 };
                x(*v).into_iter().for_each(|x| canvas.marker((x, y + nudge), *marker));
            }
            if let Some((a, b)) = row.limits.and_then(|(low, high)| x(low).zip(x(high))) {
                canvas.line((a, y), (b, y), WHISKER);
                [a, b].iter().for_each(|x| canvas.line((*x, y - 3.0), (*x, y + 3.0), WHISKER));
            }
            if let Some((v, marker)) = row.mark {
                x(v).into_iter().for_each(|x| canvas.marker((x, y), marker));
            }
            if n > 0 && n % 4 == 0 {
                canvas.line((MARGIN, y - STEP / 2.0), (left, y - STEP / 2.0), Stroke::of(FAINT, 0.8));
            }
        }
        let unit = if self.unit.is_empty() { unit } else { self.unit };
        canvas.text((left + width / 2.0, axes.top + height + 27.0), &letters::fitted(unit, super::canvas::SIZE, WIDTH / 2.0), Anchor::Middle, INK);
        axes.top + height + 42.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_room_are_those_of_values_alone_unless_they_would_be_equal() {
        let of =
            |names: &[&str], room| Block { rows: names.iter().map(|n| Row { name: (*n).into(), ..Row::default() }).collect(), ..Block::default() }.names(room);
        let long = ["arm=pix2pix-third/training=scratch", "arm=pix2pix-all/training=scratch", "arm=real/repeat=1"];
        assert_eq!(of(&long, 1000.0), long);
        assert_eq!(of(&long, 140.0), ["pix2pix-third, scratch", "pix2pix-all, scratch", "real, repeat=1"]);
        let alike = ["arm=real/training=transfer", "training=real/arm=transfer"];
        assert_eq!(of(&alike, 20.0), alike);
    }
}
