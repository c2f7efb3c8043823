//! Drawings inside the page, as pictures: whatever an SVG of a store brings along, nothing in a picture runs or is fetched, and its
//! ids are its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hilum_stages::figures::Drawing;
use maud::{Markup, html};

/// Most figures are this wide; what is wider stands alone on paper, too.
const PAGE: f64 = 480.0;

/// An SVG as a picture; `alt` says what it shows.
fn svg(bytes: &[u8], alt: &str) -> Markup {
    html! { img.drawing alt=(alt) src=(format!("data:image/svg+xml;base64,{}", STANDARD.encode(bytes))); }
}

/// A PNG as a picture; `alt` says what it shows.
pub(super) fn png(bytes: &[u8], alt: &str) -> Markup {
    html! { img alt=(alt) src={ "data:image/png;base64," (STANDARD.encode(bytes)) }; }
}

/// What was drawn for this page, with its numbers as a file of that name where no record has them.
pub(super) fn drawing(name: &str, drawing: &Drawing) -> Markup {
    let numbers = drawing.data().map(|csv| {
        html! { figcaption.screen { a download=(format!("{name}.csv")) href={ "data:text/csv;base64," (STANDARD.encode(csv)) } { "numbers (CSV)" } } }
    });
    figure(drawing.svg().as_bytes(), drawing.caption(), numbers)
}

/// An SVG that a stage drew; `alt` says what it shows.
pub(super) fn stored(bytes: &[u8], alt: &str) -> Markup {
    figure(bytes, alt, None)
}

fn figure(bytes: &[u8], alt: &str, below: Option<Markup>) -> Markup {
    let is_broad = width(bytes).is_none_or(|width| width > PAGE);
    html! { figure class=[is_broad.then_some("broad")] { (svg(bytes, alt)) @if let Some(below) = below { (below) } } }
}

/// The width of a drawing, if it says one: that of its box, or else its own.
fn width(svg: &[u8]) -> Option<f64> {
    let head = String::from_utf8_lossy(&svg[..svg.len().min(1000)]).into_owned();
    let head = head.split_once("<svg")?.1.split_once('>')?.0.to_owned();
    let value = |name: &str| head.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value.to_owned());
    let of_box = value("viewBox").and_then(|box_of| box_of.split_whitespace().nth(2)?.parse().ok());
    of_box.or_else(|| value("width")?.trim_end_matches("px").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_contained_in_an_image() {
        let page = svg(b"<svg><script>alert(1)</script></svg>", "a \"curve\" <b>").into_string();
        assert!(!page.contains("<script") && !page.contains("<b>") && page.starts_with("<img"), "{page}");
    }

    #[test]
    fn what_is_wider_than_other_figures_is_broad_and_so_is_what_does_not_say() {
        let of = |head: &str| stored(format!("<?xml version=\"1.0\"?><svg {head}></svg>").as_bytes(), "a").into_string();
        for narrow in ["xmlns=\"s\" viewBox=\"0 0 480 200\" width=\"648\"", "width=\"300px\""] {
            assert!(of(narrow).starts_with("<figure><img"), "{narrow}");
        }
        for broad in ["viewBox=\"0 0 960 200\" width=\"300\"", "width=\"100%\"", ""] {
            assert!(of(broad).starts_with("<figure class=\"broad\"><img"), "{broad}");
        }
    }
}
