//! A drawing and its bytes: SVG for pages and print, PNG for whoever has no SVG. Fonts are bundled with the plotting
//! library.

use crate::contract::prelude::*;
use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple};

/// Colours that are safe for colour-blind readers (Okabe & Ito 2008).
pub(super) const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/// The colour of the nth label or series.
pub(super) fn colour(n: usize) -> &'static str {
    COLOURS[n % COLOURS.len()]
}

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
