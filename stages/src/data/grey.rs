//! From an image's bytes to a grey square of one size.

use super::dicom::{self, FrameChoice, Steps};
use super::limits::{LARGEST_SIDE, MOST_PIXELS};
use super::{inspect, strict};
use crate::contract::prelude::*;
use fast_image_resize as fir;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use std::io::Cursor;

/// How an image that is not square is made square.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Both sides are scaled independently, as in the papers.
    #[default]
    Stretch,
    /// The central square is cropped.
    Crop,
    /// The shorter side is padded with black.
    Pad,
}

/// What to do if an image is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnDamage {
    /// Damaged images are left out, counted and listed.
    #[default]
    LeaveOut,
    /// The stage fails.
    Stop,
}

/// A grey image with 16 bits per pixel.
pub struct Grey {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows from the top, full range of 16 bits.
    pub pixels: Vec<u16>,
}

/// A decoded file.
pub struct Decoded {
    /// Its grey values.
    pub grey: Grey,
    /// True if the file has more than 8 bits per sample and does not say how many of them are in use.
    pub is_deep: bool,
    /// True if all pixels are fully transparent.
    pub is_transparent: bool,
    /// For a DICOM file the steps that led to its grey values.
    pub dicom: Option<Steps>,
}

/// Decodes a PNG, JPEG or DICOM file of any colour type and depth to grey (ITU-R BT.601 weights for colour; transparency is
/// black).
///
/// # Errors
/// Says in a few words why the file cannot be decoded.
pub fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    decode_frame(bytes, None)
}

/// As [`decode`], with a choice of the frame where a DICOM file has several.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_frame(bytes: &[u8], frame: Option<FrameChoice>) -> Result<Decoded, String> {
    let look = inspect::look(bytes)?;
    if u64::from(look.width) * u64::from(look.height) > MOST_PIXELS {
        return Err(format!("{} × {} pixels are more than {} million", look.width, look.height, MOST_PIXELS / 1_000_000));
    }
    if look.is_dicom {
        let dicom::Picture { width, height, pixels, steps, is_deep } = dicom::decode(bytes, frame)?;
        return Ok(Decoded { grey: Grey { width, height, pixels }, is_deep, is_transparent: false, dicom: Some(steps) });
    }
    // A PNG has checksums, which the decoder checks: its error says more than a count does.
    let held = strict::check(bytes);
    if bytes.starts_with(&[0xff, 0xd8]) {
        held.clone()?;
    }
    let format = if bytes.starts_with(&[0xff, 0xd8]) { "JPEG" } else { "PNG" };
    let plain = |e: image::ImageError| match e {
        image::ImageError::Unsupported(_) => format!("a {format} of a kind that is not supported"),
        image::ImageError::Limits(_) => format!("a {format} that takes too much memory"),
        _ => format!("the {format}'s data are damaged"),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(2 << 30);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(plain)?;
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(plain)?;
    held?;
    image.apply_orientation(orientation);
    let (width, height) = (image.width(), image.height());
    let wide = |v: u8| u16::from(v) * 257;
    let weigh = |r: u16, g: u16, b: u16| ((u64::from(r) * 299 + u64::from(g) * 587 + u64::from(b) * 114 + 500) / 1000) as u16;
    let fade = |v: u16, a: u16| ((u64::from(v) * u64::from(a) + 32_767) / 65_535) as u16;
    let is_deep = matches!(image, DynamicImage::ImageLuma16(_) | DynamicImage::ImageLumaA16(_) | DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgba16(_));
    let is_transparent = match &image {
        DynamicImage::ImageLumaA8(i) => i.pixels().all(|p| p[1] == 0),
        DynamicImage::ImageLumaA16(i) => i.pixels().all(|p| p[1] == 0),
        DynamicImage::ImageRgba8(i) => i.pixels().all(|p| p[3] == 0),
        DynamicImage::ImageRgba16(i) => i.pixels().all(|p| p[3] == 0),
        _ => false,
    };
    let pixels = match image {
        DynamicImage::ImageLuma8(i) => i.into_raw().into_iter().map(wide).collect(),
        DynamicImage::ImageLuma16(i) => i.into_raw(),
        DynamicImage::ImageLumaA8(i) => i.pixels().map(|p| fade(wide(p[0]), wide(p[1]))).collect(),
        DynamicImage::ImageLumaA16(i) => i.pixels().map(|p| fade(p[0], p[1])).collect(),
        DynamicImage::ImageRgb8(i) => i.pixels().map(|p| weigh(wide(p[0]), wide(p[1]), wide(p[2]))).collect(),
        DynamicImage::ImageRgba8(i) => i.pixels().map(|p| fade(weigh(wide(p[0]), wide(p[1]), wide(p[2])), wide(p[3]))).collect(),
        other => other.into_rgba16().pixels().map(|p| fade(weigh(p[0], p[1], p[2]), p[3])).collect(),
    };
    Ok(Decoded { grey: Grey { width, height, pixels }, is_deep, is_transparent, dicom: None })
}

impl Grey {
    /// The minimum and maximum of its grey values.
    pub fn extent(&self) -> (u16, u16) {
        self.pixels.iter().fold((u16::MAX, 0), |(low, high), v| (low.min(*v), high.max(*v)))
    }
    /// Scales grey values of `bits` bits, 8 to 16, to all 16; larger values become white.
    #[must_use]
    pub fn of_bits(mut self, bits: u32) -> Grey {
        let white = (1u32 << bits) - 1;
        self.pixels.iter_mut().for_each(|v| *v = ((u32::from(*v).min(white) * 65_535 + white / 2) / white) as u16);
        self
    }
}

/// Resizes to `side × side` (bilinear with antialiasing) and to 8 bits, rounding to the nearest.
pub fn to_square(image: &Grey, side: u32, fit: Fit, stretch: bool) -> Vec<u8> {
    let (w, h) = (image.width, image.height);
    let square = match fit {
        Fit::Pad if w != h => pad(image),
        _ => None,
    };
    let image = square.as_ref().unwrap_or(image);
    let bytes: Vec<u8> = image.pixels.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let source = fir::images::Image::from_vec_u8(image.width, image.height, bytes, fir::PixelType::U16).expect("BUG: size of a decoded image");
    let mut target = fir::images::Image::new(side, side, fir::PixelType::U16);
    let mut options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    if fit == Fit::Crop {
        options = options.fit_into_destination(Some((0.5, 0.5)));
    }
    let mut resizer = fir::Resizer::new();
    // SAFETY is not at stake: the portable code path keeps the bytes the same on every machine.
    #[allow(unsafe_code)]
    // SAFETY: the portable implementation needs no instruction set.
    unsafe {
        resizer.set_cpu_extensions(fir::CpuExtensions::None);
    }
    resizer.resize(&source, &mut target, &options).expect("BUG: both images are 16-bit grey");
    let values: Vec<u16> = target.buffer().as_chunks::<2>().0.iter().map(|b| u16::from_ne_bytes(*b)).collect();
    let (low, high) = if stretch { (values.iter().min().copied().unwrap_or(0), values.iter().max().copied().unwrap_or(0)) } else { (0, u16::MAX) };
    let range = u32::from(high - low).max(1);
    values.iter().map(|v| ((u32::from(v - low) * 255 + range / 2) / range) as u8).collect()
}

fn pad(image: &Grey) -> Option<Grey> {
    let side = image.width.max(image.height);
    let (left, top) = (((side - image.width) / 2) as usize, ((side - image.height) / 2) as usize);
    let mut pixels = vec![0u16; (side * side) as usize];
    for (row, line) in image.pixels.chunks_exact(image.width as usize).enumerate() {
        pixels[(row + top) * side as usize + left..][..line.len()].copy_from_slice(line);
    }
    Some(Grey { width: side, height: side, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_and_colour_come_to_one_grey() {
        let grey = super::super::png::encode(&[0, 128, 255, 64], 2, 2, &[]).unwrap();
        let rgb = super::super::png::encode_rgb(&[0, 0, 0, 128, 128, 128, 255, 255, 255, 64, 64, 64], 2, 2).unwrap();
        let (a, b) = (decode(&grey).unwrap().grey, decode(&rgb).unwrap().grey);
        assert_eq!(a.pixels, [0, 128 * 257, 65_535, 64 * 257]);
        assert_eq!(a.pixels, b.pixels);
        assert_eq!(to_square(&a, 2, Fit::Stretch, false), [0, 128, 255, 64], "8 bits come back exactly");
    }

    #[test]
    fn greys_of_fewer_bits_use_the_whole_range() {
        let grey = |pixels: &[u16]| Grey { width: pixels.len() as u32, height: 1, pixels: pixels.to_vec() };
        assert_eq!(grey(&[0, 1, 2048, 4095, 5000]).of_bits(12).pixels, [0, 16, 32_776, 65_535, 65_535]);
        assert_eq!(grey(&[0, 77, 65_535]).of_bits(16).pixels, [0, 77, 65_535]);
        assert_eq!(grey(&[3, 9]).extent(), (3, 9));
    }

    #[test]
    fn fits_keep_what_they_promise() {
        let image = Grey { width: 4, height: 2, pixels: vec![65_535; 8] };
        assert_eq!(to_square(&image, 4, Fit::Pad, false).chunks(4).map(|r| r[0]).collect::<Vec<_>>(), [0, 255, 255, 0], "black above and below");
        assert_eq!(to_square(&image, 2, Fit::Crop, false), [255; 4]);
        let ramp = Grey { width: 2, height: 1, pixels: vec![1000, 2000] };
        assert_eq!(to_square(&ramp, 2, Fit::Stretch, true)[..2], [0, 255], "stretching uses the whole range");
    }

    #[test]
    fn rubbish_is_refused_without_a_crash() {
        let good = super::super::png::encode(&[7; 64], 8, 8, &[]).unwrap();
        let mut damaged = good.clone();
        damaged[45] ^= 0xff;
        assert!(decode(&damaged).is_err());
        assert!(decode(&good[..30]).is_err());
    }
}
