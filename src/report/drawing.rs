//! Drawings inside the page, as pictures: whatever an SVG of a store brings along, nothing in a picture runs or is fetched, and its
//! ids are its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hilum_stages::figures::Drawing;
use maud::{Markup, html};

/// An SVG as a picture; `alt` says what it shows.
pub(super) fn svg(bytes: &[u8], alt: &str) -> Markup {
    html! { img.drawing alt=(alt) src=(format!("data:image/svg+xml;base64,{}", STANDARD.encode(bytes))); }
}

/// A PNG as a picture; `alt` says what it shows.
pub(super) fn png(bytes: &[u8], alt: &str) -> Markup {
    html! { img alt=(alt) src={ "data:image/png;base64," (STANDARD.encode(bytes)) }; }
}

/// What was drawn for this page, with its numbers as a file of that name where no record has them.
pub(super) fn drawing(name: &str, drawing: &Drawing) -> Markup {
    html! {
        figure {
            (svg(drawing.svg().as_bytes(), drawing.caption()))
            @if let Some(csv) = drawing.data() {
                figcaption { a download=(format!("{name}.csv")) href={ "data:text/csv;base64," (STANDARD.encode(csv)) } { "numbers (CSV)" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_script_is_contained_in_an_image() {
        let page = svg(b"<svg><script>alert(1)</script></svg>", "a \"curve\" <b>").into_string();
        assert!(!page.contains("<script") && !page.contains("<b>") && page.starts_with("<img"), "{page}");
    }
}
