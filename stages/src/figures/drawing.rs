//! A drawing and its bytes: SVG for pages and print, PNG for whoever has no SVG. Fonts are bundled with the plotting
//! library.

use crate::contract::prelude::*;
use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::line::LineStyle;
use kuva::plot::scatter::MarkerShape;
use kuva::render::color::Color;
use kuva::render::figure::Figure as Panels;
use kuva::render::layout::{ComputedLayout, Layout};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, Scene, TextAnchor, render_multiple};

/// Colours that are safe for colour-blind readers (Okabe & Ito 2008).
pub(super) const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/// The colour of the nth label or series.
pub(super) fn colour(n: usize) -> &'static str {
    COLOURS[n % COLOURS.len()]
}

/// How a series looks.
#[derive(Debug)]
pub(super) struct Style {
    /// Its colour.
    pub(super) colour: &'static str,
    /// Its line.
    pub(super) line: LineStyle,
    /// Its points.
    pub(super) marker: MarkerShape,
}

/// How the nth series looks in figures that no stage stores: where colours begin again, lines and points differ, so that 28 series
/// can be told apart.
pub(super) fn style(n: usize) -> Style {
    let (line, marker) = match n / COLOURS.len() % 4 {
        0 => (LineStyle::Solid, MarkerShape::Circle),
        1 => (LineStyle::Dashed, MarkerShape::Triangle),
        2 => (LineStyle::Dotted, MarkerShape::Square),
        _ => (LineStyle::DashDot, MarkerShape::Diamond),
    };
    Style { colour: colour(n), line, marker }
}

/// Points of the caption, and how wide one of its letters is on average.
const CAPTION: (u32, f64) = (13, 7.4);

/// What a figure looks like.
pub struct Drawing {
    scene: Scene,
    caption: String,
}

impl Drawing {
    /// A drawing of plots below a caption.
    pub(super) fn new(plots: Vec<Plot>, layout: Layout, caption: &str) -> Drawing {
        Drawing { scene: render_multiple(plots, layout.with_title(caption).with_title_size(13)), caption: caption.to_owned() }
    }
    /// The same with a note below the caption, such as what is not drawn. Both are broken where the picture ends.
    pub(super) fn noted(plots: Vec<Plot>, layout: Layout, caption: &str, note: Option<&str>) -> Drawing {
        Drawing { scene: render_multiple(plots, captioned(layout, caption, note)), caption: with_note(caption, note) }
    }
    /// The same with axes of that height, and so much below them.
    pub(super) fn with_axes(plots: Vec<Plot>, layout: Layout, (height, below): (f64, f64), caption: &str, note: Option<&str>) -> Drawing {
        let layout = captioned(layout, caption, note);
        let top = ComputedLayout::from_layout(&layout).margin_top;
        let layout = layout.with_height(top + height + below).with_force_margins_y(top, below);
        Drawing { scene: render_multiple(plots, layout), caption: with_note(caption, note) }
    }
    /// What `draw` gives for the height of the captions, below them, in a picture that is as large as `size` without them.
    pub(super) fn of((width, height): (f64, f64), caption: &str, note: Option<&str>, draw: impl Fn(f64) -> Vec<Primitive>) -> Drawing {
        let layout = captioned(Layout::new((0.0, 1.0), (0.0, 1.0)).with_width(width), caption, note);
        let top = ComputedLayout::from_layout(&layout).margin_top;
        let mut scene = render_multiple(vec![], layout.with_height(top + height));
        scene.elements.extend(draw(top));
        Drawing { scene, caption: with_note(caption, note) }
    }
    /// Panels with a layout of their own, so many to a row, between a caption and a note; one legend for all.
    pub(super) fn panels(panels: Vec<(Vec<Plot>, Layout)>, columns: usize, size: (f64, f64), caption: &str, note: Option<&str>) -> Drawing {
        let columns = columns.min(panels.len()).max(1);
        let figure = Panels::new(panels.len().div_ceil(columns), columns).with_cell_size(size.0, size.1).with_shared_legend();
        let (plots, layouts) = panels.into_iter().unzip();
        let mut scene = figure.with_plots(plots).with_layouts(layouts).with_title(caption).with_title_size(CAPTION.0).render();
        if let Some(note) = note {
            let (x, y, color) = (scene.width / 2.0, scene.height + 6.0, Some(Color::from("#666666")));
            scene.add(Primitive::Text { x, y, content: note.to_owned(), size: 11, anchor: TextAnchor::Middle, rotate: None, bold: false, color });
            scene.height += 18.0;
        }
        Drawing { scene, caption: with_note(caption, note) }
    }
    /// The text above it.
    pub fn caption(&self) -> &str {
        &self.caption
    }
    /// As SVG that shrinks with the page.
    pub fn svg(&self) -> String {
        scalable(numbered_anew(&SvgBackend::new().render_scene(&self.scene)))
    }
    /// As files, by name.
    ///
    /// # Errors
    /// Where it cannot be drawn as PNG.
    pub fn files(&self, name: &str) -> Result<[(String, Vec<u8>); 2]> {
        let png = PngBackend::new().with_scale(2.0).render_scene(&self.scene);
        let png = png.map_err(|e| Error::data(format!("the figure `{name}` could not be drawn: {e}")))?;
        Ok([(format!("{name}.svg"), self.svg().into_bytes()), (format!("{name}.png"), png)])
    }
}

/// What there is to note, as one note.
pub(super) fn joined(notes: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    notes.into_iter().flatten().reduce(|all, next| format!("{all}; {next}"))
}

/// Captions in lines that fit: the library centres them above the axes.
fn captioned(layout: Layout, caption: &str, note: Option<&str>) -> Layout {
    let layout = layout.with_title(caption).with_title_size(CAPTION.0);
    let computed = ComputedLayout::from_layout(&layout);
    let centre = computed.margin_left + computed.plot_width() / 2.0;
    let letters = (2.0 * centre.min(computed.width - centre) / CAPTION.1) as usize;
    let layout = layout.with_title_wrap(letters);
    note.into_iter().fold(layout, |l, note| l.with_subtitle(note).with_subtitle_size(11).with_subtitle_wrap(letters))
}

fn with_note(caption: &str, note: Option<&str>) -> String {
    note.map_or_else(|| caption.to_owned(), |note| format!("{caption} ({note})"))
}

/// What the library calls the areas beyond which nothing is drawn: it counts them through the life of a process.
const CLIP: &str = "kuva-clip-";

/// Counts such areas from nought in each drawing, so that its bytes do not tell what was drawn before it.
fn numbered_anew(svg: &str) -> String {
    let (mut out, mut known): (String, Vec<&str>) = (String::with_capacity(svg.len()), vec![]);
    let mut parts = svg.split(CLIP);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (number, rest) = part.split_at(part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()));
        let at = known.iter().position(|n| *n == number).unwrap_or_else(|| {
            known.push(number);
            known.len() - 1
        });
        out.push_str(&format!("{CLIP}{at}{rest}"));
    }
    out
}

/// Lets a picture shrink with the page: the library states a size and no view box.
fn scalable(svg: String) -> String {
    let attribute = |name: &str| svg.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(v, _)| v.to_owned());
    match (svg.contains("viewBox"), attribute("width"), attribute("height")) {
        (false, Some(w), Some(h)) => svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {w} {h}\" "), 1),
        _ => svg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_series_and_more_look_different_and_the_first_are_as_stored_figures_have_them() {
        let looks: Vec<String> = (0..28).map(|n| format!("{:?}", style(n))).collect();
        assert!(looks.iter().enumerate().all(|(n, look)| !looks[..n].contains(look)), "{looks:?}");
        assert!((0..28).all(|n| style(n).colour == colour(n)));
    }
}
