//! Single numbers of an image that say nothing of a finding, and how well they tell classes apart all the same: a network can learn
//! them in place of the finding (DeGrave, Janizek & Lee 2021, Nat Mach Intell 3:610). Independent of networks and of stages.

use crate::data::sample::{Origin, Sample};
use crate::records::ShortcutRow;
use crate::statistics::delong::{Images, area};
use std::collections::BTreeMap;

/// Below so many images on a side nothing is said: an area of so few is off by a tenth by chance.
const FEW: usize = 20;
/// So many images of a class and origin are looked at, evenly over the table.
const ENOUGH: usize = 1000;
/// The border is so much of the side, in percent, on each edge.
const BORDER: usize = 5;
/// The side of the blocks of JPEG, in pixels.
const BLOCK: usize = 8;

/// A single number of an image: its grey values row by row, its side in pixels, and its row in the table.
struct Feature {
    name: &'static str,
    of: fn(&[u8], usize, &Sample) -> f64,
}

static FEATURES: &[Feature] = &[
    Feature { name: "darkest pixel", of: |pixels, _, _| f64::from(pixels.iter().copied().min().unwrap_or(0)) },
    Feature { name: "brightest pixel", of: |pixels, _, _| f64::from(pixels.iter().copied().max().unwrap_or(0)) },
    Feature { name: "mean grey value", of: |pixels, _, _| mean(pixels.iter().map(|p| f64::from(*p))) },
    Feature { name: "contrast", of: |pixels, _, _| contrast(pixels) },
    Feature { name: "mean of the border", of: |pixels, side, _| mean(border(pixels, side)) },
    Feature { name: "sharpness", of: |pixels, side, _| mean(steps(pixels, side).map(|(_, step)| step)) / contrast(pixels).max(1.0) },
    Feature { name: "8-pixel blocks", of: |pixels, side, _| blocks(pixels, side) },
    Feature { name: "aspect ratio", of: |_, _, sample| f64::from(sample.width) / f64::from(sample.height.max(1)) },
];

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), x| (sum + x, n + 1));
    if n == 0 { 0.0 } else { sum / n as f64 }
}

/// The standard deviation of grey values.
fn contrast(pixels: &[u8]) -> f64 {
    let middle = mean(pixels.iter().map(|p| f64::from(*p)));
    mean(pixels.iter().map(|p| (f64::from(*p) - middle) * (f64::from(*p) - middle))).sqrt()
}

/// The pixels near the edges.
fn border(pixels: &[u8], side: usize) -> impl Iterator<Item = f64> {
    let strip = (side * BORDER / 100).max(1);
    let is_inside = move |at: usize| (strip..side.saturating_sub(strip)).contains(&at);
    pixels.iter().enumerate().filter(move |(i, _)| !(is_inside(i / side) && is_inside(i % side))).map(|(_, p)| f64::from(*p))
}

/// The column of each pixel but the first of a row, and how much its grey value differs from that to the left.
fn steps(pixels: &[u8], side: usize) -> impl Iterator<Item = (usize, f64)> {
    let rows = pixels.chunks_exact(side.max(1));
    rows.flat_map(|row| row.windows(2).enumerate().map(|(i, pair)| (i + 1, f64::from(pair[0].abs_diff(pair[1])))))
}

/// How much larger steps are where blocks meet than elsewhere.
fn blocks(pixels: &[u8], side: usize) -> f64 {
    let of = |where_blocks_meet: bool| mean(steps(pixels, side).filter(|(x, _)| x.is_multiple_of(BLOCK) == where_blocks_meet).map(|s| s.1));
    of(true) / of(false).max(1e-3)
}

/// For each class and number, how well it tells real images of the class from those of the others, and synthetic images from real ones.
/// `pixels` gives the grey values of an image, row by row.
///
/// # Errors
/// As `pixels`.
pub fn shortcuts<'a, E>(rows: &[Sample], side: usize, pixels: impl Fn(&Sample) -> Result<&'a [u8], E>) -> Result<Vec<ShortcutRow>, E> {
    let mut groups: BTreeMap<(&str, Origin), Vec<&Sample>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry((&row.label, row.origin)).or_default().push(row));
    let mut seen: BTreeMap<(&str, Origin), Vec<Vec<f64>>> = BTreeMap::new();
    for (group, all) in &groups {
        let numbers = |sample: &&Sample| Ok(FEATURES.iter().map(|f| Ok((f.of)(pixels(sample)?, side, sample))).collect::<Result<Vec<f64>, E>>()?);
        let some = all.iter().step_by(all.len().div_ceil(ENOUGH).max(1));
        seen.insert(*group, some.map(numbers).collect::<Result<_, E>>()?);
    }
    let mut out = vec![];
    let mut compare = |told: &str, class: &str, these: &[&Vec<f64>], others: &[&Vec<f64>]| {
        if these.len() < FEW || others.len() < FEW {
            return;
        }
        let positive: Vec<bool> = these.iter().map(|_| true).chain(others.iter().map(|_| false)).collect();
        for (at, feature) in FEATURES.iter().enumerate() {
            let scores: Vec<f64> = these.iter().chain(others).map(|numbers| numbers[at]).collect();
            let Some(area) = area(&scores, &Images::independent(&positive)) else { continue };
            out.push(ShortcutRow {
                told: told.to_owned(),
                class: class.to_owned(),
                feature: feature.name.to_owned(),
                images: these.len() as u64,
                others: others.len() as u64,
                auroc: area.value,
            });
        }
    };
    let of = |is: &dyn Fn(&str, Origin) -> bool| seen.iter().filter(|((label, origin), _)| is(label, *origin)).flat_map(|g| g.1).collect::<Vec<_>>();
    for (class, origin) in seen.keys() {
        match origin {
            Origin::Real => {
                compare("class", class, &of(&|label, origin| label == *class && origin == Origin::Real), &of(&|label, o| label != *class && o == Origin::Real))
            }
            Origin::Synthetic => compare("synthetic", class, &of(&|l, o| l == *class && o == Origin::Synthetic), &of(&|l, o| l == *class && o == Origin::Real)),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counted::roster;

    const SIDE: usize = 32;

    /// Images of grey noise, of which those of `covid` are what `odd` makes of them.
    fn found(images: u64, odd: impl Fn(&mut [u8])) -> Vec<ShortcutRow> {
        let rows = [roster("a", "covid", images, images), roster("b", "normal", images, images)].concat();
        let mut stream = crate::contract::seed::Seed(3).stream("test", "shortcuts");
        let mut drawn: Vec<Vec<u8>> = vec![];
        for row in &rows {
            let mut pixels: Vec<u8> = (0..SIDE * SIDE).map(|_| 60 + stream.below(120) as u8).collect();
            if row.label == "covid" {
                odd(&mut pixels);
            }
            drawn.push(pixels);
        }
        let pixels = |sample: &Sample| Ok::<_, ()>(&drawn[rows.iter().position(|r| r.image == sample.image).unwrap()][..]);
        shortcuts(&rows, SIDE, pixels).unwrap()
    }

    /// The numbers that tell `covid` from `normal`.
    fn strong(rows: &[ShortcutRow]) -> Vec<&str> {
        rows.iter().filter(|r| r.class == "covid" && r.strength() > 0.8).map(|r| r.feature.as_str()).collect()
    }

    #[test]
    fn a_class_that_differs_by_one_number_is_told_by_it() {
        assert_eq!(strong(&found(60, |_| ())), Vec::<&str>::new(), "noise is noise");
        assert_eq!(strong(&found(60, |pixels| pixels[500] = 0)), ["darkest pixel"]);
        assert_eq!(strong(&found(60, |pixels| pixels[500] = 255)), ["brightest pixel"]);
        let edge = |pixels: &mut [u8]| pixels.iter_mut().take(SIDE).for_each(|p| *p = p.saturating_add(30));
        assert_eq!(strong(&found(60, edge)), ["mean of the border"]);
        let blocks = |pixels: &mut [u8]| pixels.iter_mut().enumerate().for_each(|(i, p)| *p = p.saturating_add(if i % 16 < 8 { 0 } else { 60 }));
        assert!(strong(&found(60, blocks)).contains(&"8-pixel blocks"));
    }

    #[test]
    fn too_few_images_tell_nothing() {
        assert_eq!(found(FEW as u64 - 1, |pixels| pixels[0] = 0), vec![]);
        assert_eq!(found(FEW as u64, |pixels| pixels[0] = 0).len(), 2 * FEATURES.len());
    }

    #[test]
    fn numbers_of_a_known_image() {
        // Eight columns of 10 and eight of 30, twice, from the left.
        let pixels: Vec<u8> = (0..SIDE * SIDE).map(|i| if i % 16 < 8 { 10 } else { 30 }).collect();
        let sample = &Sample { width: 300, height: 200, ..roster("a", "covid", 1, 1).remove(0) };
        let of = |name: &str| (FEATURES.iter().find(|f| f.name == name).unwrap().of)(&pixels, SIDE, sample);
        assert_eq!([of("darkest pixel"), of("brightest pixel"), of("mean grey value"), of("contrast"), of("aspect ratio")], [10.0, 30.0, 20.0, 10.0, 1.5]);
        // Three steps of 20 in 31 places, over a contrast of 10.
        assert!((of("sharpness") - 60.0 / 31.0 / 10.0).abs() < 1e-12);
        assert_eq!(of("8-pixel blocks"), 20.0 / 1e-3);
        // One pixel on each edge: the first column is dark and the last bright.
        assert_eq!(border(&pixels, SIDE).count(), 4 * (SIDE - 1));
        assert_eq!(of("mean of the border"), 20.0);
    }
}
