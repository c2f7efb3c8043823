//! Single numbers of an image that say nothing of a finding, and how well they tell classes apart all the same: a network can learn
//! them in place of the finding (DeGrave, Janizek & Lee 2021, Nat Mach Intell 3:610). Independent of networks and of stages.

use crate::contract::seed::Stream;
use crate::data::sample::{Origin, Sample};
use crate::records::ShortcutRow;
use crate::statistics::delong::{Images, area};
use std::collections::BTreeMap;

/// Below so many images on a side nothing is said: an area of so few is off by a tenth by chance.
const FEW: usize = 20;
/// So many images of a class and origin are looked at, drawn by image.
const ENOUGH: usize = 1000;
/// The border is so much of the side, in percent, on each edge.
const BORDER: usize = 5;

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
    Feature { name: "sharpness", of: |pixels, side, _| mean(differences(pixels, side)) / contrast(pixels).max(1.0) },
    Feature { name: ASPECT, of: |_, _, sample| f64::from(sample.width) / f64::from(sample.height.max(1)) },
];
/// Copies and synthetic images are as high as wide, whatever they were made of: of them it tells nothing.
const ASPECT: &str = "aspect ratio";

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

/// How much the grey value of each pixel differs from that to the left.
fn differences(pixels: &[u8], side: usize) -> impl Iterator<Item = f64> {
    pixels.chunks_exact(side.max(1)).flat_map(|row| row.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1]))))
}

/// For each class and number, how well it tells real images of the class from those of the others, and synthetic images from real ones.
/// `pixels` gives the grey values of an image, row by row; of large tables, some images are drawn. An image counts once, however often
/// it is in the table.
///
/// # Errors
/// As `pixels`.
pub fn shortcuts<'a, E>(rows: &[Sample], side: usize, stream: &Stream, pixels: impl Fn(&Sample) -> Result<&'a [u8], E>) -> Result<Vec<ShortcutRow>, E> {
    let mut groups: BTreeMap<(&str, Origin), BTreeMap<_, &Sample>> = BTreeMap::new();
    for row in rows {
        groups.entry((&row.label, row.origin)).or_default().insert((stream.priority(row.image.bytes()), row.image), row);
    }
    let has_copies = rows.iter().any(|row| row.parent.is_some());
    let mut seen: BTreeMap<(&str, Origin), Vec<Vec<f64>>> = BTreeMap::new();
    for (group, all) in &groups {
        let numbers = |sample: &&Sample| FEATURES.iter().map(|f| Ok((f.of)(pixels(sample)?, side, sample))).collect::<Result<Vec<f64>, E>>();
        seen.insert(*group, all.values().take(ENOUGH).map(numbers).collect::<Result<_, E>>()?);
    }
    let mut out = vec![];
    let mut compare = |told: &str, class: &str, these: &[&Vec<f64>], others: &[&Vec<f64>]| {
        if these.len() < FEW || others.len() < FEW {
            return;
        }
        let positive: Vec<bool> = these.iter().map(|_| true).chain(others.iter().map(|_| false)).collect();
        let tells = |feature: &Feature| feature.name != ASPECT || told == "class" && !has_copies;
        for (at, feature) in FEATURES.iter().enumerate().filter(|(_, feature)| tells(feature)) {
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
    use hilum_cache::Digest;

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
        shortcuts(&rows, SIDE, &stream, pixels).unwrap()
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
        let edge = |pixels: &mut [u8]| pixels.iter_mut().take(SIDE).for_each(|p| *p = (*p + 35).min(179));
        assert_eq!(strong(&found(60, edge)), ["mean of the border"]);
    }

    #[test]
    fn too_few_images_tell_nothing() {
        assert_eq!(found(FEW as u64 - 1, |pixels| pixels[0] = 0), vec![]);
        assert_eq!(found(FEW as u64, |pixels| pixels[0] = 0).len(), 2 * FEATURES.len());
    }

    #[test]
    fn repeated_rows_and_the_shape_of_synthetic_images_tell_nothing() {
        let of = |origin: Origin, wide: bool| {
            let rows = roster("a", "covid", 30, 30).into_iter();
            rows.map(move |row| Sample {
                image: Digest::of(format!("{}{origin:?}", row.image).as_bytes()),
                origin,
                width: if wide { 300 } else { 200 },
                height: 200,
                ..row
            })
        };
        let pixels = |_: &Sample| Ok::<_, ()>(&[7u8; 16][..]);
        let stream = crate::contract::seed::Seed(3).stream("test", "shortcuts");
        let rows: Vec<Sample> = of(Origin::Real, true).chain(of(Origin::Synthetic, false)).collect();
        let found = shortcuts(&rows, 4, &stream, pixels).unwrap();
        assert!(!found.is_empty() && found.iter().all(|row| row.told == "synthetic" && row.feature != ASPECT && row.auroc == 0.5), "{found:?}");
        let few: Vec<Sample> = (0..20)
            .flat_map(|_| {
                rows.iter().filter(|r| r.origin == Origin::Real).take(2).cloned().chain(rows.iter().filter(|r| r.origin == Origin::Synthetic).take(2).cloned())
            })
            .collect();
        assert_eq!(shortcuts(&few, 4, &stream, pixels).unwrap(), vec![], "two images, however often");
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
        // One pixel on each edge: the first column is dark and the last bright.
        assert_eq!(border(&pixels, SIDE).count(), 4 * (SIDE - 1));
        assert_eq!(of("mean of the border"), 20.0);
    }
}
