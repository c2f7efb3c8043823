//! What every figure on a canvas has: a caption, a note, and keys that say what its marks mean, above what is drawn.

use super::Drawing;
use super::canvas::{Anchor, Canvas, INK, LINE, Marker, SIZE, SOFT, Stroke, WIDTH};
use super::letters;

/// A mark and what it means.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) mark: Sample,
    pub(super) text: String,
}

/// What a mark looks like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sample {
    Line(Stroke),
    Point(Marker),
    Area(&'static str, f64),
    /// A box with a pattern of lines, or without.
    Box(&'static str, bool),
}

/// A figure without its content.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    pub(super) caption: String,
    /// What is not drawn, and how marks were computed.
    pub(super) note: Option<String>,
    pub(super) keys: Vec<Key>,
    /// What is to be seen, for those who do not see it.
    pub(super) description: String,
}

/// How wide the mark of a key is.
const MARK: f64 = 24.0;
/// From the edges of the page.
pub(super) const MARGIN: f64 = 8.0;

impl Key {
    pub(super) fn of(mark: Sample, text: impl Into<String>) -> Key {
        Key { mark, text: text.into() }
    }
}

impl Page {
    /// The drawing; `content` draws from that height on and gives the height where it ends.
    pub(super) fn draw(self, content: impl FnOnce(&mut Canvas, f64) -> f64) -> Drawing {
        let mut canvas = Canvas::default();
        let room = WIDTH - 2.0 * MARGIN;
        let mut y = 4.0;
        y += canvas.lines((MARGIN, y), &letters::wrapped(&self.caption, 13, room / 1.1), (13, true), INK);
        if let Some(note) = &self.note {
            y += canvas.lines((MARGIN, y), &letters::wrapped(note, SIZE, room), (SIZE, false), SOFT);
        }
        y += keys(&mut canvas, &self.keys, y + 4.0);
        let height = content(&mut canvas, y + 8.0);
        Drawing::on_canvas(canvas, height + MARGIN, (&self.caption, self.note.as_deref(), &self.description))
    }
}

/// Keys in rows; gives their height.
fn keys(canvas: &mut Canvas, keys: &[Key], top: f64) -> f64 {
    let (mut x, mut y) = (MARGIN, top);
    for key in keys {
        let room = WIDTH - 2.0 * MARGIN - MARK - 6.0;
        let width = MARK + 6.0 + letters::width(&key.text, SIZE).min(room);
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, y) = (MARGIN, y + LINE + 2.0);
        }
        let middle = y + LINE / 2.0;
        match key.mark {
            Sample::Line(stroke) => canvas.line((x, middle), (x + MARK, middle), stroke),
            Sample::Point(marker) => canvas.marker((x + MARK / 2.0, middle), marker),
            Sample::Area(colour, opacity) => {
                let (above, below) = (middle - 5.0, middle + 5.0);
                canvas.area(&[(x, above), (x + MARK, above), (x + MARK, below), (x, below)], colour, opacity);
            }
            Sample::Box(colour, is_hatched) => bar(canvas, (x, middle - 5.0), (MARK, 10.0), colour, is_hatched),
        }
        canvas.fitted((x + MARK + 6.0, middle + 4.0), &key.text, room, (Anchor::Start, false));
        x += width + 14.0;
    }
    if keys.is_empty() { 0.0 } else { y + LINE - top + 4.0 }
}

/// A bar, with slanted lines in it or without: to tell bars without colours.
pub(super) fn bar(canvas: &mut Canvas, (x, y): (f64, f64), (width, height): (f64, f64), colour: &'static str, is_hatched: bool) {
    canvas.rect((x, y), (width, height), if is_hatched { "#ffffff" } else { colour }, Some(colour));
    let mut at = if is_hatched { 0.0 } else { f64::INFINITY };
    while at < width + height {
        // From the lower edge or the left one to the upper edge or the right one.
        let from = if at < height { (x, y + at) } else { (x + at - height, y + height) };
        let to = if at < width { (x + at, y) } else { (x + width, y + at - width) };
        canvas.line(from, to, Stroke::of(colour, 1.0));
        at += 5.0;
    }
}
