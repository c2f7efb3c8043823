//! Trials of the whole way from images to near duplicates: copies planted among drawings of bodies that are all alike.

use super::resize::{Filter, resize};
use super::search::{Look, search};
use super::{RADIUS, agreement, between, near_duplicate, phash, thumbnail};
use image::codecs::jpeg::JpegEncoder;

#[derive(Clone)]
struct Image {
    greys: Vec<u8>,
    width: usize,
    height: usize,
}

/// Numbers in 0..1 that look random (Steele et al., *SplitMix*, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / 2f64.powi(64)
    }
}

/// A trunk with two dark lungs, ribs, small spots of its own and grain; one plan for all, proportions that differ a
/// little.
fn body(seed: u64, width: usize, height: usize) -> Image {
    let mut dice = Dice(seed);
    let (wide, high, ribs) = (0.30 + 0.03 * dice.roll(), 0.62 + 0.05 * dice.roll(), 8.5 + dice.roll());
    let spots: Vec<[f64; 4]> = (0..30).map(|_| [dice.roll() * 2.0 - 1.0, dice.roll() * 2.0 - 1.0, 0.02 + 0.04 * dice.roll(), 0.15 * dice.roll()]).collect();
    let mut greys = vec![];
    for i in 0..width * height {
        let at = |i: usize, n: usize| (i as f64 + 0.5) / n as f64 * 2.0 - 1.0;
        let (x, y) = (at(i % width, width), at(i / width, height));
        let lung = 1.0 / (1.0 + (8.0 * (((x.abs() - 0.4) / wide).powi(2) + (y / high).powi(2) - 1.0)).exp());
        let rib = (0.5 + 0.5 * ((y - 0.35 * x * x) * 3.1 * ribs).cos()).powi(4);
        let own: f64 = spots.iter().map(|[a, b, r, v]| v * (-((x - a).powi(2) + (y - b).powi(2)) / (2.0 * r * r)).exp()).sum();
        let grain = 0.03 * (dice.roll() + dice.roll() - 1.0);
        greys.push((255.0 * (0.55 - 0.4 * lung + 0.08 * rib * lung + own + grain)).clamp(0.0, 255.0) as u8);
    }
    Image { greys, width, height }
}

fn each(image: &Image, change: impl Fn(f64) -> f64) -> Image {
    Image { greys: image.greys.iter().map(|g| change(f64::from(*g)).round().clamp(0.0, 255.0) as u8).collect(), ..*image }
}

fn saved(image: &Image, quality: u8) -> Image {
    let mut bytes = vec![];
    let (width, height) = (image.width as u32, image.height as u32);
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(&image.greys, width, height, image::ExtendedColorType::L8).unwrap();
    Image { greys: image::load_from_memory(&bytes).unwrap().to_luma8().into_raw(), ..*image }
}

fn resized(image: &Image, share: f64) -> Image {
    let (width, height) = ((image.width as f64 * share) as usize, (image.height as f64 * share) as usize);
    Image { greys: resize(&image.greys, (image.width, image.height), (width, height), Filter::Triangle), width, height }
}

fn cropped(image: &Image, left: usize, top: usize, width: usize, height: usize) -> Image {
    let rows = image.greys.chunks_exact(image.width).skip(top).take(height);
    Image { greys: rows.flat_map(|row| &row[left..left + width]).copied().collect(), width, height }
}

fn one_grey_off(image: &Image) -> Image {
    let mut image = image.clone();
    image.greys[image.width * 7 + 11] ^= 1;
    image
}

fn hash(image: &Image) -> u64 {
    phash(&image.greys, image.width, image.height)
}

fn small(image: &Image) -> Vec<u8> {
    thumbnail(&image.greys, image.width, image.height)
}

#[test]
fn copies_are_found_whichever_way_they_were_changed() {
    let originals: Vec<Image> = (0..40).map(|seed| body(seed, 180, 200)).collect();
    let copies: Vec<Image> = originals
        .iter()
        .enumerate()
        .map(|(i, o)| match i % 8 {
            0 => saved(o, 60),
            1 => resized(o, 0.5),
            2 => resized(o, 0.77),
            3 => each(o, |g| g * 1.15),
            4 => each(o, |g| (g - 128.0) * 0.8 + 128.0),
            5 => one_grey_off(o),
            6 => each(o, |g| g + 1.0),
            _ => cropped(o, 1, 2, 178, 197),
        })
        .collect();
    let nominated = between(&copies.iter().map(hash).collect::<Vec<_>>(), &originals.iter().map(hash).collect::<Vec<_>>(), RADIUS, 10_000);
    let confirmed: Vec<(u32, u32)> = nominated
        .pairs
        .iter()
        .filter(|(i, j, _)| near_duplicate(&small(&copies[*i as usize]), &small(&originals[*j as usize])))
        .map(|(i, j, _)| (*i, *j))
        .collect();
    assert!(confirmed.iter().all(|(i, j)| i == j), "{confirmed:?}");
    assert!(confirmed.len() >= 38, "{} of 40 copies found", confirmed.len());
}

#[test]
fn bodies_drawn_alike_correlate_and_none_is_taken_for_another() {
    for side in [32, 64, 150] {
        let small: Vec<Vec<u8>> = (0..25).map(|seed| small(&body(seed, side, side))).collect();
        let mut most: f64 = 0.0;
        for (i, a) in small.iter().enumerate() {
            for b in &small[i + 1..] {
                most = most.max(agreement(a, b).correlation);
                assert!(!near_duplicate(a, b), "at {side} pixels");
            }
        }
        assert!(most > 0.95, "bodies of {side} pixels are not alike: {most}");
    }
}

#[test]
fn agreement_does_not_ask_which_image_comes_first() {
    let a = body(1, 180, 200);
    let (a, b) = (small(&a), small(&cropped(&a, 2, 1, 178, 198)));
    let (there, back) = (agreement(&a, &b), agreement(&b, &a));
    assert!((there.correlation - back.correlation).abs() < 1e-3 && (there.detail - back.detail).abs() < 0.02, "{there:?} {back:?}");
    assert!(there.correlation > 0.999, "{there:?}");
}

#[test]
fn an_image_of_one_grey_is_like_nothing_and_not_like_itself() {
    let (flat, body) = (vec![90; 64 * 64], small(&body(1, 64, 64)));
    assert!(super::is_constant(&flat) && !super::is_constant(&body));
    for (a, b) in [(&flat, &flat), (&flat, &body), (&body, &flat)] {
        assert_eq!(super::aligned_correlation(a, b), 0.0);
        assert!(!near_duplicate(a, b));
    }
    assert!(near_duplicate(&body, &body));
    assert!(agreement(&body, &body).correlation > 1.0 - 1e-12);
}

/// From one quantile of greys to another, the others black and white.
fn windowed(image: &Image, low: f64, high: f64) -> Image {
    let mut sorted = image.greys.clone();
    sorted.sort_unstable();
    let [low, high] = [low, high].map(|share| f64::from(sorted[(sorted.len() as f64 * share) as usize]));
    each(image, |g| (g - low) / (high - low) * 255.0)
}

fn mirrored(image: &Image) -> Image {
    Image { greys: image.greys.chunks_exact(image.width).flat_map(|row| row.iter().rev().copied()).collect(), ..*image }
}

#[test]
fn windowed_cropped_and_mirrored_copies_are_found_among_many() {
    let originals: Vec<Image> = (0..20).map(|seed| body(seed, 180, 200)).collect();
    let copies = originals.iter().enumerate().map(|(i, o)| match i % 4 {
        0 => windowed(o, 0.05, 0.95),
        1 => windowed(o, 0.02, 0.8),
        2 => each(o, |g| 255.0 * (g / 255.0).powf(1.6)),
        _ => saved(&mirrored(o), 75),
    });
    let all: Vec<Image> = originals.iter().cloned().chain(copies).collect();
    let looks: Vec<Look> = all.iter().map(|image| Look::of(small(image)).unwrap()).collect();
    let pairs = |with_mirrored: bool| -> Vec<(u32, u32, bool)> {
        search(&looks, with_mirrored, &[], &|_| ()).pairs.iter().map(|m| (m.first, m.second, m.is_mirrored)).collect()
    };
    let wanted: Vec<(u32, u32, bool)> = (0..20).map(|i| (i, i + 20, i % 4 == 3)).collect();
    let found = pairs(true);
    assert!(found.iter().all(|pair| wanted.contains(pair)), "none is invented: {found:?}");
    assert!(found.len() * 100 >= wanted.len() * 95, "19 of 20 are found: {found:?}");
    assert_eq!(pairs(false), found.iter().filter(|pair| !pair.2).copied().collect::<Vec<_>>());
    assert!(Look::of(vec![7; 64 * 64]).is_none(), "an image of one grey is like no other");
}

#[test]
fn a_pair_that_is_nominated_otherwise_is_judged_as_well_and_found_once() {
    let (a, b) = (body(1, 180, 200), body(2, 180, 200));
    let looks: Vec<Look> = [&a, &b, &saved(&a, 60)].map(|image| Look::of(small(image)).unwrap()).into();
    let found = search(&looks, true, &[(0, 1), (0, 2), (1, 2)], &|_| ());
    assert_eq!(found.pairs.iter().map(|m| (m.first, m.second, m.is_mirrored)).collect::<Vec<_>>(), [(0, 2, false)]);
    assert!(found.not_compared == 0 && found.pairs[0].agreement.correlation > 0.99);
}
