//! Small panels with the same axes side by side, one for each arm: what would be a tangle of lines in one pair of axes. What all
//! arms are compared with is in every panel.

use super::Drawing;
use super::axes::{Axes, Scale};
use super::canvas::{Anchor, Canvas, INK, LINE, Marker, SIZE, SOFT, Stroke, WIDTH};
use super::letters;
use super::page::{MARGIN, Page};

/// A point, and the limits of its interval.
pub(super) type Limits = (f64, f64, f64);

/// What is drawn in a panel, in its values.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// A line through points. What is beyond the axes is left out.
    Line(Vec<(f64, f64)>, Stroke),
    /// Between two lines: x, low, high.
    Band(Vec<Limits>, &'static str),
    /// Points.
    Points(Vec<(f64, f64)>, Marker),
    /// Whiskers: x, low, high.
    Whiskers(Vec<Limits>, Stroke),
}

/// A panel.
#[derive(Debug, Clone, Default)]
pub(super) struct Panel {
    pub(super) title: String,
    /// Below the title.
    pub(super) below: String,
    pub(super) marks: Vec<Mark>,
    /// Axes of its own, which have no names of ticks.
    pub(super) own: Option<(Scale, Scale)>,
    /// In place of axes, where there is nothing to draw.
    pub(super) instead: Option<String>,
}

/// Axes with their titles, which say the unit.
#[derive(Debug, Clone)]
pub(super) struct Titled {
    pub(super) scale: Scale,
    pub(super) title: String,
}

/// Space between panels.
const GAP: f64 = 12.0;
/// Lines below a title.
const LINES: usize = 3;

/// A page of panels; `columns` of them to a row, or as many as suit their number.
pub(super) fn panels(page: Page, panels: &[Panel], (x, y): (&Titled, &Titled), columns: Option<usize>) -> Drawing {
    let columns = columns.unwrap_or(match panels.len() {
        ..=1 => 1,
        2..=4 => 2,
        _ => 3,
    });
    let columns = columns.clamp(1, 3);
    page.draw(|canvas, top| {
        let has_names = panels.iter().any(|p| p.own.is_none());
        let left = MARGIN + LINE + if has_names { Axes::y_room(y.scale) } else { 4.0 };
        let width = ((WIDTH - left - MARGIN - GAP * (columns - 1) as f64) / columns as f64).min(if has_names { 320.0 } else { WIDTH });
        let height = if columns == 1 && has_names { 260.0 } else { width };
        let below: Vec<Vec<String>> = panels.iter().map(|p| lines_below(&p.below, width)).collect();
        let head = LINE * (1 + below.iter().map(Vec::len).max().unwrap_or(0)) as f64 + 4.0;
        let mut bottom = top;
        for (n, panel) in panels.iter().enumerate() {
            let (column, row) = (n % columns, n / columns);
            let at = (left + column as f64 * (width + GAP), top + row as f64 * (head + height + GAP));
            canvas.fitted((at.0, at.1 + 10.0), &panel.title, width, (Anchor::Start, true));
            for (k, line) in below[n].iter().enumerate() {
                canvas.fitted((at.0, at.1 + 10.0 + LINE * (k + 1) as f64), line, width, (Anchor::Start, false));
            }
            let (x, y) = panel.own.unwrap_or((x.scale, y.scale));
            let axes = Axes { left: at.0, top: at.1 + head, width, height, x, y };
            let is_lowest = n + columns >= panels.len();
            axes.frame(canvas, (is_lowest && panel.own.is_none(), column == 0 && panel.own.is_none()));
            match &panel.instead {
                None => panel.marks.iter().for_each(|mark| mark.draw(canvas, &axes)),
                Some(why) => {
                    let lines = letters::wrapped(why, SIZE, width - 12.0);
                    canvas.rect((axes.left + 1.0, axes.top), (width, height - 1.0), "#ffffff", None);
                    canvas.lines((axes.left + 6.0, axes.top + 6.0), &lines, (SIZE, false), SOFT);
                }
            }
            bottom = axes.top + height;
        }
        let names = if has_names { 13.0 } else { 0.0 };
        let middle = left + (columns.min(panels.len()) as f64 * (width + GAP) - GAP) / 2.0;
        let title = letters::fitted(&x.title, SIZE, 2.0 * (middle - MARGIN).min(WIDTH - MARGIN - middle));
        canvas.text((middle, bottom + names + LINE + 2.0), &title, Anchor::Middle, INK);
        // Once for every three rows, which are as high as a screen.
        let rows = panels.len().div_ceil(columns);
        let each = (rows as f64 * (head + height + GAP) - GAP) / rows.div_ceil(3).max(1) as f64;
        for n in 0..rows.div_ceil(3) {
            canvas.upright((MARGIN + 9.0, top + (n as f64 + 0.5) * each), &letters::fitted(&y.title, SIZE, each - 4.0));
        }
        bottom + names + LINE + 8.0
    })
}

/// What is below a title, in lines; the last one holds the rest, which is cut.
fn lines_below(text: &str, width: f64) -> Vec<String> {
    let mut lines = letters::wrapped(text, SIZE, width);
    let rest = lines.split_off(lines.len().min(LINES - 1)).join(" ");
    lines.extend(Some(rest).filter(|rest| !rest.is_empty()));
    lines
}

impl Mark {
    pub(super) fn draw(&self, canvas: &mut Canvas, axes: &Axes) {
        match self {
            Mark::Line(points, stroke) => {
                // Where it leaves the axes, it ends, and begins again where it comes back.
                let places: Vec<Option<(f64, f64)>> = points.iter().map(|p| axes.at(*p)).collect();
                for part in places.split(Option::is_none) {
                    canvas.through(&part.iter().flatten().copied().collect::<Vec<_>>(), *stroke);
                }
            }
            Mark::Band(limits, colour) => {
                let inside = |v: f64| v.clamp(axes.y.low, axes.y.high);
                let (low, high): (Vec<_>, Vec<_>) =
                    limits.iter().filter_map(|(x, low, high)| Some((axes.at((*x, inside(*low)))?, axes.at((*x, inside(*high)))?))).unzip();
                let around: Vec<(f64, f64)> = low.into_iter().chain(high.into_iter().rev()).collect();
                canvas.area(&around, colour, 0.28);
            }
            Mark::Points(points, marker) => points.iter().filter_map(|p| axes.at(*p)).for_each(|at| canvas.marker(at, *marker)),
            Mark::Whiskers(limits, stroke) => {
                for (x, low, high) in limits {
                    let inside = |v: f64| v.clamp(axes.y.low, axes.y.high);
                    if let Some((from, to)) = axes.at((*x, inside(*low))).zip(axes.at((*x, inside(*high)))) {
                        canvas.line(from, to, *stroke);
                        for (x, y) in [from, to] {
                            canvas.line((x - 2.5, y), (x + 2.5, y), *stroke);
                        }
                    }
                }
            }
        }
    }
}
