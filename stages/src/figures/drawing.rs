//! A drawing and its bytes: SVG for pages and print, PNG for whoever has no SVG. Fonts are bundled with the plotting
//! library.

use super::canvas::{Canvas, WIDTH, clean, text};
use crate::contract::prelude::*;
use crate::files::csv_below;
use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::{Primitive, Scene, TextAnchor};

/// How much larger than its canvas a picture is shown where there is room.
const LARGER: f64 = 1.35;
const FONTS: &str = "DejaVu Sans, Verdana, Liberation Sans, Arial, sans-serif";
/// The height of a caption above a picture of another size.
const CAPTION: f64 = 28.0;

/// What a figure looks like.
pub struct Drawing {
    scene: Scene,
    caption: String,
    description: String,
    data: Option<Vec<u8>>,
}

impl Drawing {
    /// What is on a canvas of that height, with what those read who do not see it.
    pub(super) fn on_canvas(canvas: Canvas, height: f64, (caption, note, description): (&str, Option<&str>, &str)) -> Drawing {
        let mut scene = Scene::new(WIDTH, height.ceil());
        scene.font_family = Some(FONTS.to_owned());
        scene.elements = canvas.elements;
        let caption = note.map_or_else(|| caption.to_owned(), |note| format!("{caption} ({note})"));
        Drawing { scene, caption, description: description.to_owned(), data: None }
    }
    /// What `draw` gives for the height of the caption, below it, in a picture that is as large as `size` without it: for pictures that
    /// are wider than a page.
    pub(super) fn of_size((width, height): (f64, f64), caption: &str, draw: impl FnOnce(f64) -> Vec<Primitive>) -> Drawing {
        let mut scene = Scene::new(width, (height + CAPTION).ceil());
        scene.font_family = Some(FONTS.to_owned());
        scene.elements = vec![text((width / 2.0, CAPTION - 10.0), caption, (TextAnchor::Middle, 13, None, true), None)];
        scene.elements.extend(draw(CAPTION));
        Drawing { scene, caption: caption.to_owned(), description: String::new(), data: None }
    }
    /// The same with the numbers that are drawn, where no record has them: CSV below these columns.
    pub(super) fn with_data(self, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Drawing {
        let data = csv_below(columns, |writer| rows.into_iter().try_for_each(|row| writer.write_record(row)));
        Drawing { data: data.ok(), ..self }
    }
    /// What it consists of.
    #[cfg(test)]
    pub(super) fn elements(&self) -> &[kuva::render::render::Primitive] {
        &self.scene.elements
    }
    /// Its width and height.
    #[cfg(test)]
    pub(super) fn size(&self) -> (f64, f64) {
        (self.scene.width, self.scene.height)
    }
    /// The text above it.
    pub fn caption(&self) -> &str {
        &self.caption
    }
    /// What is to be seen, in words; empty where the caption says it all.
    pub fn description(&self) -> &str {
        &self.description
    }
    /// The numbers that are drawn, as CSV; none where they are those of a record.
    pub fn data(&self) -> Option<&[u8]> {
        self.data.as_deref()
    }
    /// As SVG that shrinks with the page, with a name for those who do not see it.
    pub fn svg(&self) -> String {
        let svg = SvgBackend::new().render_scene(&self.scene);
        named(scalable(&svg, (self.scene.width, self.scene.height)), &self.caption, &self.description)
    }
    /// As files, by name: SVG, PNG, and the numbers where no record has them.
    ///
    /// # Errors
    /// Where it cannot be drawn as PNG.
    pub fn files(&self, name: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let png = PngBackend::new().with_scale(2.0).render_scene(&self.scene);
        let png = png.map_err(|e| Error::data(format!("the figure `{name}` could not be drawn: {e}")))?;
        let data = self.data.clone().map(|csv| (format!("{name}.csv"), csv));
        Ok([(format!("{name}.svg"), self.svg().into_bytes()), (format!("{name}.png"), png)].into_iter().chain(data).collect())
    }
}

/// What there is to note, as one note.
pub(super) fn joined(notes: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    notes.into_iter().flatten().reduce(|all, next| format!("{all}; {next}"))
}

/// Says what the picture is to those who do not see it.
fn named(svg: String, caption: &str, description: &str) -> String {
    let text = |text: &str| clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let Some((head, rest)) = svg.split_once('>') else { return svg };
    let description = if description.is_empty() { caption } else { description };
    let head = format!("{head} role=\"img\" aria-labelledby=\"title description\">");
    format!("{head}<title id=\"title\">{}</title><desc id=\"description\">{}</desc>{rest}", text(caption), text(description))
}

/// Lets a picture shrink with the page, and shows it larger where there is room: the library states a size and no view box.
fn scalable(svg: &str, (width, height): (f64, f64)) -> String {
    let (shown_width, shown_height) = (width * LARGER, height * LARGER);
    let box_of = format!("viewBox=\"0 0 {width} {height}\" width=\"{shown_width:.0}\" height=\"{shown_height:.0}\"");
    svg.replacen(&format!("width=\"{width}\" height=\"{height}\""), &box_of, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_name_a_description_and_a_box() {
        let drawing = Drawing::on_canvas(Canvas::default(), 99.5, ("a <caption>", Some("note"), "what & where"));
        let svg = drawing.svg();
        assert!(svg.contains("viewBox=\"0 0 480 100\" width=\"648\" height=\"135\"") && svg.contains(" role=\"img\" aria-labelledby="), "{svg}");
        assert!(svg.contains("<title id=\"title\">a &lt;caption&gt; (note)</title><desc id=\"description\">what &amp; where</desc>"), "{svg}");
        assert_eq!(drawing.files("x").unwrap().iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["x.svg", "x.png"]);
        let with_data = drawing.with_data(&["a", "b"], [vec!["1".to_owned(), "x,y".to_owned()]]);
        assert_eq!(with_data.files("x").unwrap()[2], ("x.csv".to_owned(), b"a,b\n1,\"x,y\"\n".to_vec()));
    }
}
