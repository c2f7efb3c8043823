//! Square pictures of pixels within a drawing: the plotting library has none. In SVG they are embedded as PNG; in PNG they are painted
//! over what was drawn.

use crate::contract::prelude::*;
use crate::data::png;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A picture and its place.
pub(super) struct Picture {
    /// The left edge in the drawing's units.
    pub(super) x: f64,
    /// The upper edge.
    pub(super) y: f64,
    /// Its side in the drawing's units.
    pub(super) units: f64,
    /// Its pixels; as many rows as columns.
    pub(super) rgb: Vec<[u8; 3]>,
}

impl Picture {
    fn side(&self) -> usize {
        self.rgb.len().isqrt()
    }
}

/// The SVG with pictures in it, the last things that are drawn.
///
/// # Errors
/// Where a picture cannot be encoded.
pub(super) fn into_svg(svg: Vec<u8>, pictures: &[Picture]) -> Result<Vec<u8>> {
    let svg = String::from_utf8(svg).map_err(|_| Error::data("BUG: an SVG is text"))?;
    let Some(end) = svg.rfind("</svg>") else { return Err(Error::data("BUG: an SVG ends")) };
    let mut out = svg[..end].to_owned();
    for picture in pictures {
        let png = png::encode_rgb(picture.rgb.as_flattened(), picture.side() as u32, picture.side() as u32)?;
        let (x, y, units) = (picture.x, picture.y, picture.units);
        out.push_str(&format!("<image x=\"{x}\" y=\"{y}\" width=\"{units}\" height=\"{units}\" href=\"data:image/png;base64,"));
        STANDARD.encode_string(png, &mut out);
        out.push_str("\"/>");
    }
    out.push_str(&svg[end..]);
    Ok(out.into_bytes())
}

/// The PNG of a drawing that is `width` units wide, with pictures painted over it; each pixel is the picture's nearest.
///
/// # Errors
/// Where it is none, or cannot be encoded.
pub(super) fn onto_png(bytes: &[u8], width: f64, pictures: &[Picture]) -> Result<Vec<u8>> {
    let drawn = image::load_from_memory_with_format(bytes, image::ImageFormat::Png).map_err(|e| Error::data(format!("BUG: a drawing is no PNG: {e}")))?;
    let mut drawn = drawn.into_rgb8();
    let scale = f64::from(drawn.width()) / width;
    for picture in pictures {
        let [left, top, pixels] = [picture.x, picture.y, picture.units].map(|v| (v * scale).round() as u32);
        let (right, bottom) = ((left + pixels).min(drawn.width()), (top + pixels).min(drawn.height()));
        let from = |at: u32| (2 * at as usize + 1) * picture.side() / (2 * pixels as usize);
        for y in top..bottom {
            for x in left..right {
                drawn.put_pixel(x, y, image::Rgb(picture.rgb[from(y - top) * picture.side() + from(x - left)]));
            }
        }
    }
    png::encode_rgb(drawn.as_raw(), drawn.width(), drawn.height())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_painted_where_they_are_and_cut_at_the_edge() {
        let white = png::encode_rgb(&[255; 3 * 64], 8, 8).unwrap();
        let quarters = vec![[1; 3], [2; 3], [3; 3], [4; 3]];
        let pictures = [Picture { x: 1.0, y: 0.5, units: 2.0, rgb: quarters.clone() }, Picture { x: 3.0, y: 3.0, units: 9.0, rgb: quarters }];
        let painted = onto_png(&white, 4.0, &pictures).unwrap();
        let painted = image::load_from_memory(&painted).unwrap().into_rgb8();
        let at = |x, y| painted.get_pixel(x, y).0[0];
        assert_eq!([at(1, 1), at(2, 0), at(2, 1), at(4, 2), at(3, 3), at(5, 4), at(2, 5)], [255, 255, 1, 2, 3, 4, 255]);
        assert_eq!([at(5, 6), at(6, 6), at(7, 7)], [255, 1, 1]);
        assert!(onto_png(b"no PNG", 4.0, &[]).is_err());
    }

    #[test]
    fn a_picture_is_embedded_before_the_end() {
        let picture = || Picture { x: 1.0, y: 2.5, units: 3.0, rgb: vec![[7; 3]] };
        let svg = String::from_utf8(into_svg(b"<svg><g/></svg>".to_vec(), &[picture()]).unwrap()).unwrap();
        let (before, rest) = svg.split_once("base64,").unwrap();
        assert_eq!(before, "<svg><g/><image x=\"1\" y=\"2.5\" width=\"3\" height=\"3\" href=\"data:image/png;");
        let (data, end) = rest.split_once('"').unwrap();
        assert_eq!(end, "/></svg>");
        let png = STANDARD.decode(data).unwrap();
        assert_eq!(image::load_from_memory(&png).unwrap().into_rgb8().into_raw(), [7; 3]);
        assert!(into_svg(b"none".to_vec(), &[picture()]).is_err());
    }
}
