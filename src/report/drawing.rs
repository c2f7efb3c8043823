//! Drawings inside the page, as pictures: whatever an SVG of a store brings along, nothing in a picture runs or is fetched, and its
//! ids are its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hilum_stages::figures::{self, Drawing};
use maud::{Markup, html};

/// Most figures are this wide.
const PAGE: f64 = 480.0;
/// From this ratio of height and width on, a figure is tall.
const TALL: f64 = 1.5;

/// An SVG as a picture; `alt` says what it shows, and `from` where it, or what it is drawn from, is among the results.
pub(super) fn svg(bytes: &[u8], alt: &str, from: &str) -> Markup {
    html! { img.drawing alt=(alt) data-from=(from) src=(format!("data:image/svg+xml;base64,{}", STANDARD.encode(bytes))); }
}

/// A picture of pixels.
pub(super) struct Picture<'a> {
    png: &'a [u8],
    alt: &'a str,
    from: Option<&'a str>,
    is_synthetic: bool,
}

impl<'a> Picture<'a> {
    /// A PNG; `alt` says what it shows.
    pub(super) fn png(png: &'a [u8], alt: &'a str) -> Picture<'a> {
        Picture { png, alt, from: None, is_synthetic: false }
    }
    /// Where it, or what it shows, is among the results.
    pub(super) fn of(self, from: &'a str) -> Picture<'a> {
        Picture { from: Some(from), ..self }
    }
    /// All of its pixels are of synthetic images.
    pub(super) fn synthetic(self) -> Picture<'a> {
        Picture { is_synthetic: true, ..self }
    }
    pub(super) fn html(self) -> Markup {
        let shows = self.is_synthetic.then_some("synthetic");
        html! { img alt=(self.alt) data-from=[self.from] data-shows=[shows] src={ "data:image/png;base64," (STANDARD.encode(self.png)) }; }
    }
}

/// What was drawn for this page, with its numbers as a file of that name where no record has them.
pub(super) fn drawing(name: &str, drawing: &Drawing) -> Markup {
    let reads = figures::FIGURES.iter().find(|figure| figure.name == name).map_or(String::new(), |figure| figure.reads().replace('`', ""));
    let numbers = drawing.data().map(|csv| {
        html! { figcaption.screen { a download=(format!("{name}.csv")) href={ "data:text/csv;base64," (STANDARD.encode(csv)) } { "numbers (CSV)" } } }
    });
    figure(drawing.svg().as_bytes(), (drawing.caption(), &reads), numbers)
}

/// An SVG that a stage drew; `alt` says what it shows, and `from` where it is among the results.
pub(super) fn stored(bytes: &[u8], alt: &str, from: &str) -> Markup {
    figure(bytes, (alt, from), None)
}

/// The same with `alt` below it, for one that may stand on another sheet of paper than its heading.
pub(super) fn captioned(bytes: &[u8], alt: &str, from: &str) -> Markup {
    figure(bytes, (alt, from), Some(html! { figcaption { (alt) } }))
}

fn figure(bytes: &[u8], (alt, from): (&str, &str), below: Option<Markup>) -> Markup {
    // On paper, two stand beside each other; what is wide stands alone, and what is tall is not made small.
    let shape = match size(bytes) {
        Some((width, height)) if width <= PAGE => (height > TALL * width).then_some("tall"),
        _ => Some("broad"),
    };
    html! { figure class=[shape] { (svg(bytes, alt, from)) @if let Some(below) = below { (below) } } }
}

/// The width and the height of a drawing, if its box says them.
fn size(svg: &[u8]) -> Option<(f64, f64)> {
    let head = String::from_utf8_lossy(&svg[..svg.len().min(1000)]).into_owned();
    let sides = head.split_once("<svg")?.1.split_once('>')?.0.split_once(" viewBox=\"")?.1.split_once('"')?.0;
    let mut sides = sides.split_whitespace().skip(2).map(|side| side.parse().ok());
    Some((sides.next()??, sides.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_contained_in_an_image() {
        let page = svg(b"<svg><script>alert(1)</script></svg>", "a \"curve\" <b>", "x").into_string();
        assert!(!page.contains("<script") && !page.contains("<b>") && page.starts_with("<img"), "{page}");
    }

    #[test]
    fn what_is_wider_than_other_figures_is_broad_and_so_is_what_does_not_say() {
        let of = |head: &str| stored(format!("<?xml version=\"1.0\"?><svg {head}></svg>").as_bytes(), "a", "x").into_string();
        assert!(of("xmlns=\"s\" viewBox=\"0 0 480 200\" width=\"648\"").starts_with("<figure><img"));
        assert!(of("viewBox=\"0 0 480 800.5\"").starts_with("<figure class=\"tall\"><img"));
        for broad in ["viewBox=\"0 0 960 2000\" width=\"300\"", "width=\"100%\"", ""] {
            assert!(of(broad).starts_with("<figure class=\"broad\"><img"), "{broad}");
        }
    }
}
