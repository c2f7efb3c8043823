//! What is written down of duplicates: what ties images together, and what sources share. No patient is named.

use super::compare::Tie;
use super::decide::Decision;
use crate::data::sample::Sample;
use crate::data::sets::Sets;
use crate::records::{DuplicatePair, Kept, SameBy, SharedPictures, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// One row less for each picture than it has rows: what ties them together, best with the image that is kept.
pub(super) fn report(rows: &[Sample], decision: &Decision) -> Table<DuplicatePair> {
    let of_image = rows_of_images(&decision.places);
    let kept_of = |image: usize| of_image[image].clone().find(|row| decision.is_kept[*row]);
    let pair = |first: usize, second: usize, tie: Option<&Tie>| {
        let (a, b) = (&rows[first], &rows[second]);
        let measured = tie.and_then(|tie| tie.measured);
        DuplicatePair {
            first: a.image,
            second: b.image,
            first_source: a.source.clone(),
            second_source: b.source.clone(),
            first_label: a.label.clone(),
            second_label: b.label.clone(),
            same_by: tie.map_or(SameBy::File, |tie| tie.same_by),
            distance: measured.map(|m| m.0),
            correlation: measured.map(|m| m.1.correlation),
            detail: measured.map(|m| m.1.detail),
            kept: match (decision.is_kept[first], decision.is_kept[second]) {
                (true, _) => Kept::First,
                (_, true) => Kept::Second,
                _ => Kept::Neither,
            },
        }
    };
    let shown = |image: usize| kept_of(image).unwrap_or(of_image[image].start);
    let mut out = vec![];
    for (image, rows) in of_image.iter().enumerate() {
        let one = shown(image);
        out.extend(rows.clone().filter(|row| *row != one).map(|other| pair(one, other, None)));
    }
    let mut ties: Vec<&Tie> = decision.ties.iter().collect();
    let far = |tie: &Tie| tie.measured.map_or(f64::NEG_INFINITY, |m| -m.1.correlation);
    ties.sort_by(|a, b| {
        let is_far = |tie: &Tie| kept_of(tie.first).is_none() && kept_of(tie.second).is_none();
        let by = a.same_by.cmp(&b.same_by).then(is_far(a).cmp(&is_far(b))).then(far(a).total_cmp(&far(b)));
        by.then((a.first, a.second).cmp(&(b.first, b.second)))
    });
    let mut sets = Sets::of(of_image.len());
    out.extend(ties.into_iter().filter(|tie| sets.join(tie.first, tie.second)).map(|tie| pair(shown(tie.first), shown(tie.second), Some(tie))));
    out.sort_by(|a, b| (a.first, a.second, &a.second_source, &a.second_label).cmp(&(b.first, b.second, &b.second_source, &b.second_label)));
    Table { rows: out }
}

/// The rows of each image.
fn rows_of_images(places: &[usize]) -> Vec<Range<usize>> {
    let mut start = 0;
    let next = |same: &[usize]| {
        let range = start..start + same.len();
        start = range.end;
        range
    };
    places.chunk_by(|a, b| a == b).map(next).collect()
}

/// A row for each two sources, or one source, of which a picture has several images.
pub(super) fn summary(rows: &[Sample], decision: &Decision) -> Table<SharedPictures> {
    let mut images: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (row, image) in rows.iter().zip(&decision.places) {
        images.entry(&row.source).or_default().insert(*image);
    }
    // Images with the same pixels are tied to the first of them.
    let mut pixels = Sets::of(decision.places.last().map_or(0, |last| last + 1));
    for tie in decision.ties.iter().filter(|tie| tie.same_by == SameBy::Pixels) {
        pixels.join(tie.first, tie.second);
    }
    let mut of_image: BTreeMap<usize, Vec<&Tie>> = BTreeMap::new();
    decision.ties.iter().filter(|tie| tie.same_by > SameBy::Pixels).for_each(|tie| of_image.entry(tie.first).or_default().push(tie));
    let mut found: BTreeMap<(&str, &str), SharedPictures> = BTreeMap::new();
    for picture in decision.pictures.iter().filter(|picture| picture.len() > 1) {
        let mut sources: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        picture.iter().for_each(|row| sources.entry(&rows[*row].source).or_default().push(*row));
        let ties: Vec<&Tie> = picture.iter().filter_map(|row| of_image.get(&decision.places[*row])).flatten().copied().collect();
        for (a, of_a) in &sources {
            for (b, of_b) in sources.range::<&str, _>(*a..).filter(|(b, of_b)| a != *b || of_b.len() > 1) {
                let row = found.entry((*a, *b)).or_insert_with(|| SharedPictures {
                    first_source: (*a).to_owned(),
                    second_source: (*b).to_owned(),
                    first_images: images[a].len(),
                    second_images: images[b].len(),
                    ..SharedPictures::default()
                });
                row.pictures += 1;
                let image = |row: &usize| decision.places[*row];
                let mut pixels_of = |row: &usize| pixels.first(decision.places[*row]);
                let count = match () {
                    () if shares(of_a, of_b, a == b, image) => &mut row.file,
                    () if shares(of_a, of_b, a == b, &mut pixels_of) => &mut row.pixels,
                    () if is_mirrored(&ties, of_a, of_b, &mut pixels_of) => &mut row.mirrored,
                    () => &mut row.look,
                };
                *count += 1;
                let labels: BTreeSet<&str> = of_a.iter().chain(of_b).map(|row| rows[*row].label.as_str()).collect();
                row.conflicts += usize::from(labels.len() > 1);
            }
        }
    }
    Table { rows: found.into_values().collect() }
}

/// Whether a row of each of two sources, or two rows of one source, have the same `of`.
fn shares(a: &[usize], b: &[usize], is_one_source: bool, mut of: impl FnMut(&usize) -> usize) -> bool {
    let of_a: BTreeSet<usize> = a.iter().map(&mut of).collect();
    if is_one_source { of_a.len() < a.len() } else { b.iter().any(|row| of_a.contains(&of(row))) }
}

/// Whether all that ties rows of two sources directly is that one is mirrored.
fn is_mirrored(ties: &[&Tie], a: &[usize], b: &[usize], mut of: impl FnMut(&usize) -> usize) -> bool {
    let [a, b] = [a, b].map(|rows| rows.iter().map(&mut of).collect::<BTreeSet<usize>>());
    let between = |tie: &&&Tie| (a.contains(&tie.first) && b.contains(&tie.second)) || (b.contains(&tie.first) && a.contains(&tie.second));
    let mut direct = ties.iter().filter(between).peekable();
    direct.peek().is_some() && direct.all(|tie| tie.same_by == SameBy::Mirrored)
}
