//! How many planted duplicates are found among the images of a folder, by how they came about, and how many pairs are found that
//! nobody planted. Of the images as they are, every pair is named, so that somebody can look at it. Then how long 20,000 images take.
//!
//!   cargo bench --bench deduplicate -- FOLDER [SIDE]
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::duplicates::search::{Look, Matches, search};
use hilum_stages::duplicates::thumbnail;
use image::GrayImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, crop_imm, flip_horizontal, resize};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

type Planted = fn(&GrayImage, &mut Stream) -> GrayImage;

const KINDS: [(&str, Planted); 17] = [
    ("jpeg of quality 75", |image, _| saved(image, 75)),
    ("jpeg of quality 30", |image, _| saved(image, 30)),
    ("half the size", |image, _| resized(image, 0.5)),
    ("a third of the size", |image, _| resized(image, 1.0 / 3.0)),
    ("1.7 times the size", |image, _| resized(image, 1.7)),
    ("window from 1 to 99 %", |image, _| windowed(image, 0.01, 0.99)),
    ("window from 5 to 95 %", |image, _| windowed(image, 0.05, 0.95)),
    ("window from 10 to 90 %", |image, _| windowed(image, 0.1, 0.9)),
    ("window from 2 to 80 %", |image, _| windowed(image, 0.02, 0.8)),
    ("brighter by a fifth", |image, _| each(image, |grey| grey * 1.2)),
    ("darker by three tenths", |image, _| each(image, |grey| grey * 0.7)),
    ("gamma of 1.6", |image, _| each(image, |grey| 255.0 * (grey / 255.0).powf(1.6))),
    ("cropped by up to 1 % at each edge", |image, s| cropped(image, 0.01, s)),
    ("cropped by up to 2 % at each edge", |image, s| cropped(image, 0.02, s)),
    ("window from 5 to 95 %, two thirds of the size, jpeg", |image, _| saved(&resized(&windowed(image, 0.05, 0.95), 0.67), 75)),
    ("cropped by up to 1 %, brighter, jpeg", |image, s| saved(&each(&cropped(image, 0.01, s), |grey| grey * 1.2), 75)),
    ("mirrored, half the size, jpeg", |image, _| saved(&resized(&flip_horizontal(image), 0.5), 75)),
];

fn saved(image: &GrayImage, quality: u8) -> GrayImage {
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(image, image.width(), image.height(), image::ExtendedColorType::L8).expect("encodes");
    image::load_from_memory(&bytes).expect("decodes").to_luma8()
}

fn resized(image: &GrayImage, by: f64) -> GrayImage {
    let [width, height] = [image.width(), image.height()].map(|side| (f64::from(side) * by) as u32);
    resize(image, width, height, FilterType::Triangle)
}

fn each(image: &GrayImage, change: impl Fn(f64) -> f64) -> GrayImage {
    let mut image = image.clone();
    image.iter_mut().for_each(|grey| *grey = change(f64::from(*grey)).round().clamp(0.0, 255.0) as u8);
    image
}

/// Greys from one quantile to another, the others black and white.
fn windowed(image: &GrayImage, low: f64, high: f64) -> GrayImage {
    let mut sorted = image.to_vec();
    sorted.sort_unstable();
    let [low, high] = [low, high].map(|share| f64::from(sorted[((sorted.len() - 1) as f64 * share) as usize]));
    each(image, |grey| (grey - low) / (high - low).max(1.0) * 255.0)
}

fn cropped(image: &GrayImage, most: f64, s: &mut Stream) -> GrayImage {
    let mut edge = |side: u32| s.below((f64::from(side) * most) as usize + 1) as u32;
    let [left, right, top, bottom] = [image.width(), image.width(), image.height(), image.height()].map(&mut edge);
    crop_imm(image, left, top, image.width() - left - right, image.height() - top - bottom).to_image()
}

fn look(image: &GrayImage, side: usize) -> Look {
    let square = resize(image, side as u32, side as u32, FilterType::Triangle);
    Look::of(thumbnail(&square, side, side)).expect("an image of several greys")
}

fn timed(looks: &[Look], with_mirrored: bool) -> (Matches, f64) {
    let began = Instant::now();
    (search(looks, with_mirrored, &[], &|_| ()), began.elapsed().as_secs_f64())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let Some(folder) = arguments.first() else { return println!("needs a folder of images") };
    let side: usize = arguments.get(1).map_or(224, |side| side.parse().expect("a number of pixels"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let images: Vec<GrayImage> = files.par_iter().map(|file| image::open(file).expect("an image").to_luma8()).collect();
    let looks: Vec<Look> = images.par_iter().map(|image| look(image, side)).collect();
    let (known, seconds) = timed(&looks, true);
    println!("{} images at {side} pixels: {} pairs in {seconds:.2} s", images.len(), known.pairs.len());
    let name = |place: u32| files[place as usize].file_name().unwrap_or_default().display();
    for m in &known.pairs {
        let how = if m.is_mirrored { ", mirrored" } else { "" };
        let (first, second, a) = (name(m.first), name(m.second), m.agreement);
        println!("  {first} and {second}{how}: {} bits, correlation {:.4}, detail {:.3}", m.distance, a.correlation, a.detail);
    }
    let known: HashSet<(u32, u32)> = known.pairs.iter().map(|m| (m.first, m.second)).collect();
    let count = images.len() as u32;
    for (kind, planted) in KINDS {
        let stream = Seed(1).stream("bench", kind);
        let copies: Vec<Look> = images.par_iter().enumerate().map(|(n, image)| look(&planted(image, &mut stream.item(n as u64)), side)).collect();
        let (found, seconds) = timed(&[looks.as_slice(), &copies].concat(), kind.starts_with("mirrored"));
        let of = |m: &hilum_stages::duplicates::search::Match| (m.first % count, m.second % count);
        let hits = found.pairs.iter().filter(|m| of(m).0 == of(m).1).count();
        let invented = found.pairs.iter().map(of).filter(|(a, b)| a != b && !known.contains(&(*a.min(b), *a.max(b)))).count();
        println!("{kind}: found {:.4}, invented {invented}, in {seconds:.2} s", hits as f64 / images.len() as f64);
    }
    // As many chest X-rays as there are, each a little different, and all within reach of each other.
    let s = Seed(1).stream("bench", "many");
    let many: Vec<Look> = (0..20_000usize)
        .into_par_iter()
        .map(|n| {
            let s = &mut s.item(n as u64);
            look(&cropped(&each(&images[n % images.len()], |grey| grey * (0.8 + 0.4 * (n as f64 / 20_000.0))), 0.1, s), 64)
        })
        .collect();
    let (found, seconds) = timed(&many, false);
    println!("{} images: {} pairs, {} not compared, in {seconds:.1} s", many.len(), found.pairs.len(), found.not_compared);
}
