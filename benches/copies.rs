//! How many near copies are found among images of a folder, and how many images of other patients are taken for copies: half of the
//! patients are training images, of which copies are planted; the other half are held out.
//!
//!   cargo bench --bench copies -- FOLDER LIST SIDE
//!
//! A line of the list has a patient, a tab, and a file within the folder.
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum_stages::contract::seed::{Seed, Stream};
use hilum_stages::duplicates::Agreement;
use hilum_stages::quality::near_copies::{Likest, Looks, detail_of_copies, likest};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

type Planted = fn(&[u8], usize, &mut Stream) -> Vec<u8>;

const KINDS: [(&str, Planted); 11] = [
    ("exact", |greys, _, _| greys.to_vec()),
    ("mirrored", |greys, side, _| mirrored(greys, side)),
    ("moved by up to 1/32", |greys, side, s| moved(greys, side, side / 32, s)),
    ("moved by up to 1/16", |greys, side, s| moved(greys, side, side / 16, s)),
    ("moved by up to 1/8", |greys, side, s| moved(greys, side, side / 8, s)),
    ("noise of 5 greys", |greys, _, s| noisy(greys, 5.0, s)),
    ("noise of 10 greys", |greys, _, s| noisy(greys, 10.0, s)),
    ("noise of 20 greys", |greys, _, s| noisy(greys, 20.0, s)),
    ("darker by a fifth", |greys, _, _| greys.iter().map(|g| (f64::from(*g) * 0.8) as u8).collect()),
    ("jpeg of quality 50", |greys, side, _| saved(greys, side, 50)),
    ("mirrored, moved by 1/16, noise of 5", |greys, side, s| noisy(&moved(&mirrored(greys, side), side, side / 16, s), 5.0, s)),
];

fn mirrored(greys: &[u8], side: usize) -> Vec<u8> {
    greys.chunks(side).flat_map(|row| row.iter().rev().copied()).collect()
}

/// Moved by whole pixels, the edge going on.
fn moved(greys: &[u8], side: usize, most: usize, s: &mut Stream) -> Vec<u8> {
    let [right, down] = [(); 2].map(|()| s.below(2 * most + 1) as i64 - most as i64);
    let at = |i: usize, by: i64| (i as i64 + by).clamp(0, side as i64 - 1) as usize;
    (0..side * side).map(|i| greys[at(i / side, down) * side + at(i % side, right)]).collect()
}

fn noisy(greys: &[u8], deviation: f64, s: &mut Stream) -> Vec<u8> {
    greys.iter().map(|g| (f64::from(*g) + deviation * s.normal()).round().clamp(0.0, 255.0) as u8).collect()
}

fn saved(greys: &[u8], side: usize, quality: u8) -> Vec<u8> {
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(greys, side as u32, side as u32, image::ExtendedColorType::L8).expect("encodes");
    image::load_from_memory(&bytes).expect("decodes").to_luma8().into_raw()
}

fn read(folder: &Path, file: &str, side: u32) -> Vec<u8> {
    let image = image::open(folder.join(file)).expect("an image").to_luma8();
    image::imageops::resize(&image, side, side, FilterType::Triangle).into_raw()
}

fn quantiles(name: &str, found: &[Option<Likest>]) {
    let of = |value: fn(&Agreement) -> f64| -> String {
        let mut values: Vec<f64> = found.iter().flatten().map(|l| value(&l.agreement)).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len() - 1) as f64 * share) as usize).map_or(String::new(), |v| format!("{v:.3}"));
        [0.0, 0.05, 0.5, 0.95, 0.99, 1.0].map(at).join(" ")
    };
    println!("  {name}: correlation {}; detail {}", of(|a| a.correlation), of(|a| a.detail));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [folder, list, side] = &arguments[..] else { return println!("needs a folder, a list and a side") };
    let side: usize = side.parse().expect("a number of pixels");
    let list = std::fs::read_to_string(list).expect("a list");
    let mut of_patient: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    list.lines().filter_map(|line| line.split_once('\t')).for_each(|(patient, file)| of_patient.entry(patient).or_default().push(file));
    let mut parts: [Vec<Vec<u8>>; 2] = [vec![], vec![]];
    for (n, files) in of_patient.values().enumerate() {
        parts[n % 2].extend(files.iter().map(|file| read(Path::new(folder), file, side as u32)));
    }
    let [training, held_out] = &parts;
    let looks = |images: &[Vec<u8>]| Looks::of(&images.iter().map(Vec::as_slice).collect::<Vec<_>>(), side);
    let known = looks(training);
    let began = Instant::now();
    let found = likest(&known, &looks(held_out), &|_| ());
    println!("{} held-out images against {} at {side} pixels: {:.2} s", held_out.len(), training.len(), began.elapsed().as_secs_f64());
    quantiles("held out", &found);
    let detail = detail_of_copies(found.iter().flatten());
    println!("  asked of near copies: {detail:.3}; held-out ones taken for copies: {}", found.iter().flatten().filter(|l| l.is_near_copy(detail)).count());
    for (name, planted) in KINDS {
        let mut s = Seed(1).stream("bench", name);
        let images: Vec<Vec<u8>> = training.iter().map(|greys| planted(greys, side, &mut s)).collect();
        let found = likest(&known, &looks(&images), &|_| ());
        quantiles(name, &found);
        let right = found.iter().enumerate().filter(|(i, l)| l.is_some_and(|l| l.training == *i)).count();
        let near = found.iter().enumerate().filter(|(i, l)| l.is_some_and(|l| l.training == *i && l.is_near_copy(detail))).count();
        println!("    its original is likest in {:.3}, and found {:.3}", right as f64 / images.len() as f64, near as f64 / images.len() as f64);
    }
}
