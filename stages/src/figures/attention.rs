//! Images beside overlays of where a classifier finds a class in them. They are shown as they are and drawn from no record, so that
//! this is no row of the table of figures.

use super::canvas::text;
use super::drawing::Drawing;
use super::picture::{self, Picture};
use crate::contract::prelude::*;
use crate::data::figure::FigureFiles;
use crate::data::grey::{Fit, Grey, to_square};
use kuva::plot::colormap::ColorMap;
use kuva::render::color::Color;
use kuva::render::render::{Primitive, TextAnchor};
use std::cell::Cell;

/// The name of the figure and of its files.
pub const ATTENTION: &str = "attention";

/// The side of a picture in the drawing's units.
const TILE: f64 = 112.0;
/// Pixels that a picture has at most on a side: as many as it has in the PNG.
const PIXELS: usize = 224;
/// Between the two pictures of an image, and between images.
const GAPS: [f64; 2] = [2.0, 16.0];
/// Images in a line.
const COLUMNS: usize = 4;
/// Space for the title of a row, and for the two lines of text below each image.
const TEXT: [f64; 2] = [26.0, 36.0];
/// The height and width of the scale of colours.
const SCALE: (f64, f64) = (10.0, 160.0);

/// Colours of a map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Colours {
    /// From black through red to yellow, lighter by even steps: legible in grey and to colour-blind readers.
    #[default]
    Inferno,
    /// From blue through green to red, as many papers have it: its lightness rises and falls, which makes edges where there are none.
    Jet,
}

impl Colours {
    /// The colour of a number from 0 to 1.
    fn of(self, value: f64) -> [u8; 3] {
        let value = value.clamp(0.0, 1.0);
        match self {
            Colours::Inferno => ColorMap::Inferno.map_rgb(value).map_or([0; 3], |(r, g, b)| [r, g, b]),
            // Each channel is a trapezium, a quarter of the range after the one before.
            Colours::Jet => [3.0, 2.0, 1.0].map(|peak| ((1.5 - (4.0 * value - peak).abs()).clamp(0.0, 1.0) * 255.0).round() as u8),
        }
    }
}

/// How maps are laid over images.
#[derive(Debug, Clone, Copy)]
pub struct Overlay {
    /// Colours of the map.
    pub colours: Colours,
    /// The share of the map's colours, from 0 to 1; the image has the rest.
    pub strength: f64,
}

/// An image with its map.
pub struct Explained<'a> {
    /// Grey values, `side × side`.
    pub image: &'a [u8],
    /// Numbers from 0 to 1, `side × side`.
    pub map: &'a [f32],
    /// Two lines of text.
    pub text: [String; 2],
}

/// Images of one kind below a title.
pub struct Band<'a> {
    /// What they are.
    pub title: String,
    /// The images.
    pub images: Vec<Explained<'a>>,
}

/// The files of the figure, SVG and PNG: below each title, every image as it is and with its map.
///
/// # Errors
/// Where it cannot be drawn as PNG.
pub fn attention(bands: &[Band], side: usize, overlay: Overlay, caption: &str) -> Result<FigureFiles> {
    let columns = bands.iter().map(|band| band.images.len()).max().unwrap_or(0).clamp(2, COLUMNS);
    let pitch = (2.0 * TILE + GAPS[0] + GAPS[1], TILE + TEXT[1]);
    let (mut parts, mut pictures, mut y) = (vec![], vec![], 0.0);
    for band in bands.iter().filter(|band| !band.images.is_empty()) {
        parts.push(Part::Text { at: (GAPS[1], y + TEXT[0] - 8.0), content: band.title.clone(), size: 13 });
        y += TEXT[0];
        for (n, image) in band.images.iter().enumerate() {
            let (x, y) = (GAPS[1] + (n % columns) as f64 * pitch.0, y + (n / columns) as f64 * pitch.1);
            let (plain, covered) = pixels(image, side, overlay);
            pictures.push(Picture { x, y, units: TILE, rgb: plain });
            pictures.push(Picture { x: x + TILE + GAPS[0], y, units: TILE, rgb: covered });
            for (content, line) in image.text.iter().zip([13.0, 26.0]) {
                parts.push(Part::Text { at: (x, y + TILE + line), content: content.clone(), size: 11 });
            }
        }
        y += band.images.len().div_ceil(columns) as f64 * pitch.1;
    }
    parts.push(Part::Scale { at: (GAPS[1] + 14.0, y + 8.0) });
    let size = (GAPS[1] + columns as f64 * pitch.0, y + SCALE.0 + 24.0);
    let head = Cell::new(0.0);
    let drawing = Drawing::of_size(size, caption, |top| {
        head.set(top);
        parts.iter().flat_map(|part| part.drawn(top, overlay.colours)).collect()
    });
    pictures.iter_mut().for_each(|picture| picture.y += head.get());
    let mut files = drawing.files(ATTENTION)?;
    for (name, bytes) in &mut files {
        *bytes = if name.ends_with(".svg") { picture::into_svg(std::mem::take(bytes), &pictures)? } else { picture::onto_png(bytes, size.0, &pictures)? };
    }
    Ok(FigureFiles { files })
}

/// What is drawn besides pictures; places are below the caption.
enum Part {
    Text { at: (f64, f64), content: String, size: u32 },
    Scale { at: (f64, f64) },
}

impl Part {
    fn drawn(&self, top: f64, colours: Colours) -> Vec<Primitive> {
        match self {
            Part::Text { at: (x, y), content, size } => vec![text((*x, top + y), content, (TextAnchor::Start, *size, None, false), None)],
            Part::Scale { at: (x, y) } => {
                let steps = 64;
                let width = SCALE.1 / f64::from(steps);
                let step = |i: i32| {
                    let [r, g, b] = colours.of(f64::from(i) / f64::from(steps - 1));
                    let (x, fill) = (x + f64::from(i) * width, Color::Rgb(r, g, b));
                    // A little wider than it is, so that no seams show.
                    Primitive::Rect { x, y: top + y, width: width + 0.4, height: SCALE.0, fill, stroke: None, stroke_width: None, opacity: None }
                };
                let ends = [("0", x - 4.0, TextAnchor::End), ("1", x + SCALE.1 + 5.0, TextAnchor::Start)];
                let note = ("of the maximum of each map", x + SCALE.1 + 16.0, TextAnchor::Start);
                let words = ends.into_iter().chain([note]).map(|(content, x, anchor)| text((x, top + y + 9.0), content, (anchor, 11, None, false), None));
                (0..steps).map(step).chain(words).collect()
            }
        }
    }
}

/// An image, and the same with its map over it: three bytes for each pixel.
fn pixels(of: &Explained, side: usize, overlay: Overlay) -> (Vec<[u8; 3]>, Vec<[u8; 3]>) {
    let shown = side.min(PIXELS);
    let greys = if shown == side {
        of.image.to_vec()
    } else {
        let deep = of.image.iter().map(|v| u16::from(*v) * 257).collect();
        to_square(&Grey { width: side as u32, height: side as u32, pixels: deep }, shown as u32, Fit::Stretch, false)
    };
    let covered = greys.iter().enumerate().map(|(at, grey)| {
        // Maps are smooth: where there are fewer pixels, one of those that each stands for will do.
        let [x, y] = [at % shown, at / shown].map(|v| (2 * v + 1) * side / (2 * shown));
        let colour = overlay.colours.of(f64::from(of.map[y * side + x]));
        colour.map(|c| (f64::from(c) * overlay.strength + f64::from(*grey) * (1.0 - overlay.strength)).round() as u8)
    });
    (greys.iter().map(|grey| [*grey; 3]).collect(), covered.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lightness([r, g, b]: [u8; 3]) -> f64 {
        0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
    }

    #[test]
    fn inferno_rises_in_grey_and_jet_does_not() {
        let of = |colours: Colours| (0..=100).map(|i| lightness(colours.of(f64::from(i) / 100.0))).collect::<Vec<_>>();
        assert!(of(Colours::Inferno).is_sorted() && of(Colours::Inferno)[0] < 2.0 && of(Colours::Inferno)[100] > 230.0);
        assert!(!of(Colours::Jet).is_sorted());
        assert_eq!([0.0, 0.5, 1.0].map(|v| Colours::Jet.of(v)), [[0, 0, 128], [128, 255, 128], [128, 0, 0]]);
    }

    #[test]
    fn a_map_lies_over_its_image_by_its_strength() {
        let of = Explained { image: &[0, 100, 200, 40], map: &[0.0, 1.0, 0.0, 0.5], text: Default::default() };
        let at = |strength| pixels(&of, 2, Overlay { colours: Colours::Jet, strength });
        let plain = vec![[0; 3], [100; 3], [200; 3], [40; 3]];
        assert_eq!(at(0.0), (plain.clone(), plain));
        assert_eq!(at(1.0).1, [[0, 0, 128], [128, 0, 0], [0, 0, 128], [128, 255, 128]]);
        assert_eq!(at(0.5).1[1], [114, 50, 50]);
    }

    #[test]
    fn large_images_are_shown_smaller_and_the_map_stays_in_its_place() {
        let side = 512;
        let map: Vec<f32> = (0..side * side).map(|at| f32::from(u8::from(at % side >= side / 2))).collect();
        let (plain, covered) =
            pixels(&Explained { image: &vec![77; side * side], map: &map, text: Default::default() }, side, Overlay { colours: Colours::Jet, strength: 1.0 });
        assert_eq!((plain.len(), plain[0]), (PIXELS * PIXELS, [77; 3]));
        assert!((0..PIXELS * PIXELS).all(|at| covered[at] == if at % PIXELS < PIXELS / 2 { [0, 0, 128] } else { [128, 0, 0] }));
    }

    #[test]
    fn every_image_is_there_twice_and_the_same_input_gives_the_same_bytes() {
        let (image, map) = (vec![9; 64], vec![0.5; 64]);
        let of = |n: usize| Explained { image: &image, map: &map, text: [format!("<{n}>"), String::new()] };
        let bands = [
            Band { title: "a & b".into(), images: (0..5).map(of).collect() },
            Band { title: "nothing".into(), images: vec![] },
            Band { title: "c".into(), images: vec![of(7)] },
        ];
        let drawn = || attention(&bands, 8, Overlay { colours: Colours::Inferno, strength: 0.5 }, "Maps").unwrap();
        let (files, again) = (drawn().files, drawn().files);
        let [(svg_name, svg), (png_name, png)] = &files[..] else { panic!("two files") };
        assert_eq!((svg_name.as_str(), png_name.as_str()), ("attention.svg", "attention.png"));
        let svg = std::str::from_utf8(svg).unwrap();
        assert_eq!(svg.matches("<image ").count(), 12);
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;7&gt;") && !svg.contains("nothing") && svg.ends_with("</svg>"), "{svg}");
        let info = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap().info().size();
        assert_eq!(info.0, (2.0 * (16.0 + 4.0 * 242.0)) as u32);
        assert!(files == again, "the same bytes");
        let odd = [Band { title: "$x$\0\u{1b}[31m".into(), images: vec![of(1)] }];
        let svg = attention(&odd, 8, Overlay { colours: Colours::Inferno, strength: 0.5 }, "$\\alpha$\u{7}").unwrap().files.remove(0).1;
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains(">$x$  [31m<") && svg.contains(">$\\alpha$ <") && !svg.contains(|c: char| c.is_control() && c != '\n'), "{svg}");
    }
}
