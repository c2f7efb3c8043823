//! A page on which figures are drawn, in pixels from its upper left corner: texts that fit, lines, areas and markers. It is as wide
//! as a telephone's screen, so that letters can be read where the page is narrow. Independent of axes and of what is drawn.

use super::letters;
use crate::words::without_controls;
use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, TextAnchor};

/// The width of every page.
pub(super) const WIDTH: f64 = 480.0;
/// The size of texts; only numbers in narrow cells are smaller.
pub(super) const SIZE: u32 = 11;
/// From one line of such text to the next.
pub(super) const LINE: f64 = 14.0;
/// Texts, axes and marks that are to be seen first.
pub(super) const INK: &str = "#1d2733";
/// Texts that are to be seen last.
pub(super) const SOFT: &str = "#505c68";
/// Grids.
pub(super) const FAINT: &str = "#dfe4e9";

/// Colours that are safe for colour-blind readers (Okabe & Ito 2008), the lightest last.
pub(super) const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9"];

/// Which way a text goes from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width: f64,
    /// Lengths of dashes and gaps.
    pub(super) dashes: Option<&'static str>,
}

/// The outline of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Down,
    Cross,
    Plus,
}

/// How a point looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker {
    pub(super) shape: Shape,
    pub(super) colour: &'static str,
    /// Half of its width.
    pub(super) radius: f64,
    /// With white in it, or full.
    pub(super) is_open: bool,
    /// In a ring, which hides what is behind it.
    pub(super) is_ringed: bool,
}

impl Stroke {
    pub(super) const fn of(colour: &'static str, width: f64) -> Stroke {
        Stroke { colour, width, dashes: None }
    }
    pub(super) const fn dashed(colour: &'static str, width: f64, dashes: &'static str) -> Stroke {
        Stroke { colour, width, dashes: Some(dashes) }
    }
}

impl Marker {
    pub(super) const fn of(shape: Shape, colour: &'static str, radius: f64) -> Marker {
        Marker { shape, colour, radius, is_open: false, is_ringed: false }
    }
    pub(super) const fn open(self) -> Marker {
        Marker { is_open: true, ..self }
    }
    pub(super) const fn ringed(self) -> Marker {
        Marker { is_ringed: true, ..self }
    }
    /// The nth of 49 that differ; the first seven, in shape and colour.
    pub(super) fn nth(n: usize, radius: f64) -> Marker {
        const SHAPES: [Shape; 7] = [Shape::Circle, Shape::Triangle, Shape::Square, Shape::Diamond, Shape::Cross, Shape::Down, Shape::Plus];
        let (round, at) = (n / COLOURS.len(), n % COLOURS.len());
        Marker::of(SHAPES[(at + round) % SHAPES.len()], COLOURS[at], radius)
    }
}

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    pub(super) elements: Vec<Primitive>,
}

impl Canvas {
    /// A text at its baseline, of the usual size.
    pub(super) fn text(&mut self, (x, y): (f64, f64), content: &str, from: Anchor, colour: &'static str) {
        self.letters((x, y), content, (from, SIZE, None, false), colour);
    }
    /// A text around the middle of its baseline, of that size.
    pub(super) fn sized(&mut self, at: (f64, f64), content: &str, size: u32) {
        self.letters(at, content, (Anchor::Middle, size, None, false), INK);
    }
    /// A text that is read from below.
    pub(super) fn upright(&mut self, at: (f64, f64), content: &str) {
        self.letters(at, content, (Anchor::Middle, SIZE, Some(-90.0), false), INK);
    }
    /// A text that goes up to the right.
    pub(super) fn slanted(&mut self, at: (f64, f64), content: &str) {
        self.letters(at, content, (Anchor::Start, SIZE, Some(-45.0), false), INK);
    }
    /// A text with no more room than that; where it is cut, the whole is its title.
    pub(super) fn fitted(&mut self, at: (f64, f64), content: &str, room: f64, (from, is_bold): (Anchor, bool)) {
        // Bold letters are wider by a tenth.
        let room = if is_bold { room / 1.1 } else { room };
        let short = letters::fitted(content, SIZE, room);
        if short != content {
            self.elements.push(Primitive::GroupStart { transform: None, title: Some(clean(content)), extra_attrs: Some("class=\"cut\"".into()) });
        }
        self.letters(at, &short, (from, SIZE, None, is_bold), INK);
        if short != content {
            self.elements.push(Primitive::GroupEnd);
        }
    }
    /// A text in lines below each other; gives the height that they take.
    pub(super) fn lines(&mut self, (x, y): (f64, f64), lines: &[String], (size, is_bold): (u32, bool), colour: &'static str) -> f64 {
        let step = f64::from(size) + 4.0;
        for (n, line) in lines.iter().enumerate() {
            self.letters((x, y + f64::from(size) + n as f64 * step), line, (Anchor::Start, size, None, is_bold), colour);
        }
        lines.len() as f64 * step
    }
    fn letters(&mut self, at: (f64, f64), content: &str, (from, size, rotate, bold): (Anchor, u32, Option<f64>, bool), colour: &'static str) {
        let anchor = match from {
            Anchor::Start => TextAnchor::Start,
            Anchor::Middle => TextAnchor::Middle,
            Anchor::End => TextAnchor::End,
        };
        self.elements.push(text(at, content, (anchor, size, rotate, bold), Some(Color::from(colour))));
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: Stroke) {
        let (colour, stroke_dasharray) = (Color::from(stroke.colour), stroke.dashes.map(str::to_owned));
        self.elements.push(Primitive::Line { x1, y1, x2, y2, stroke: colour, stroke_width: stroke.width, stroke_dasharray });
    }
    /// A line through points; nothing where there are fewer than two.
    pub(super) fn through(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        if points.len() > 1 {
            self.path(&outline(points), None, stroke, None);
        }
    }
    /// What a line around it encloses, without the line.
    pub(super) fn area(&mut self, around: &[(f64, f64)], colour: &'static str, opacity: f64) {
        if around.len() > 2 {
            self.path(&format!("{}Z", outline(around)), Some(colour), Stroke::of(colour, 0.0), Some(opacity));
        }
    }
    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &'static str, edge: Option<&'static str>) {
        let stroke = edge.map(Color::from);
        let stroke_width = edge.map(|_| 1.0);
        self.elements.push(Primitive::Rect { x, y, width, height, fill: Color::from(fill), stroke, stroke_width, opacity: None });
    }
    pub(super) fn marker(&mut self, (x, y): (f64, f64), marker: Marker) {
        let (r, colour) = (marker.radius, marker.colour);
        if marker.is_ringed {
            let (fill, stroke, stroke_width) = (Color::from("#ffffff"), Some(Color::from(INK)), Some(0.8));
            self.elements.push(Primitive::Circle { cx: x, cy: y, r: 1.25 * r + 1.6, fill, fill_opacity: None, stroke, stroke_width });
        }
        let around = |corners: &[(f64, f64)]| outline(&corners.iter().map(|(dx, dy)| (x + dx * r, y + dy * r)).collect::<Vec<_>>());
        let stroke = Stroke::of(colour, if marker.is_open { 1.3 } else { 0.6 });
        let fill = if marker.is_open { "#ffffff" } else { colour };
        let shape = match marker.shape {
            Shape::Circle => {
                let (fill, edge) = (Color::from(fill), Color::from(colour));
                let (stroke, stroke_width) = (Some(edge), Some(stroke.width));
                return self.elements.push(Primitive::Circle { cx: x, cy: y, r, fill, fill_opacity: None, stroke, stroke_width });
            }
            Shape::Square => around(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Shape::Triangle => around(&[(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)]),
            Shape::Down => around(&[(0.0, 1.15), (1.1, -0.85), (-1.1, -0.85)]),
            Shape::Diamond => around(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
            Shape::Cross | Shape::Plus => {
                let arms = if marker.shape == Shape::Plus {
                    [(-1.2, 0.0), (1.2, 0.0), (0.0, -1.2), (0.0, 1.2)]
                } else {
                    [(-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)]
                };
                let d = format!("{}{}", around(&arms[..2]), around(&arms[2..]));
                // They have nothing to fill: open ones are thin.
                return self.path(&d, None, Stroke::of(colour, if marker.is_open { 1.0 } else { 2.0 }), None);
            }
        };
        self.path(&format!("{shape}Z"), Some(fill), stroke, None);
    }
    fn path(&mut self, d: &str, fill: Option<&'static str>, stroke: Stroke, opacity: Option<f64>) {
        self.elements.push(Primitive::Path(Box::new(PathData {
            d: d.to_owned(),
            fill: fill.map(Color::from),
            stroke: Color::from(stroke.colour),
            stroke_width: stroke.width,
            opacity,
            stroke_dasharray: stroke.dashes.map(str::to_owned),
        })));
    }
}

fn outline(points: &[(f64, f64)]) -> String {
    points.iter().enumerate().map(|(n, (x, y))| format!("{}{x:.2} {y:.2}", if n == 0 { 'M' } else { 'L' })).collect()
}

/// A text as the library draws it: every text of every figure.
pub(super) fn text((x, y): (f64, f64), content: &str, (anchor, size, rotate, bold): (TextAnchor, u32, Option<f64>, bool), color: Option<Color>) -> Primitive {
    // The library reads formulas between dollars.
    Primitive::Text { x, y, content: clean(content).replace('$', "\\$"), size, anchor, rotate, bold, color }
}

/// In one line, and without what XML has no letter for.
pub(super) fn clean(text: &str) -> String {
    without_controls(text).replace(['\t', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_nine_markers_differ_and_seven_neighbours_in_shape_and_colour() {
        let all: Vec<(String, &str)> = (0..49).map(|n| Marker::nth(n, 3.0)).map(|m| (format!("{:?}", m.shape), m.colour)).collect();
        assert!(all.iter().enumerate().all(|(n, look)| !all[..n].contains(look)), "{all:?}");
        for seven in all.chunks(7) {
            assert!((0..7).all(|n| seven[..n].iter().all(|other| other.0 != seven[n].0 && other.1 != seven[n].1)), "{seven:?}");
        }
    }

    #[test]
    fn what_is_cut_has_the_whole_as_its_title_and_odd_letters_are_gone() {
        let mut canvas = Canvas::default();
        canvas.fitted((0.0, 0.0), "a name that is far too long for this\u{0} place", 90.0, (Anchor::Start, false));
        let [Primitive::GroupStart { title: Some(title), .. }, Primitive::Text { content, .. }, Primitive::GroupEnd] = &canvas.elements[..] else {
            panic!("{:?}", canvas.elements)
        };
        assert_eq!(title, "a name that is far too long for this  place");
        assert!(content.contains('…') && letters::width(content, SIZE) <= 90.0, "{content}");
    }
}
