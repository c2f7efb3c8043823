//! Which images the figure shows, and how it groups them.

use super::{Chosen, Seen};
use crate::contract::prelude::*;
use crate::data::pack::ImageStore;
use crate::data::sample::Sample;
use crate::figures::attention::{Band, Explained};
use crate::records::{Attention, Table};
use std::collections::BTreeMap;

/// The places of the images that are shown, at most `count` of each class and outcome: by class, right ones first, each in the random order
/// in which they were drawn.
pub(super) fn choose(rows: &[Sample], seen: &[Seen], count: usize, stream: &Stream) -> Vec<usize> {
    let mut groups: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
    for (at, (row, seen)) in rows.iter().zip(seen).enumerate() {
        groups.entry((row.label.as_str(), !seen.is_right)).or_default().push(at);
    }
    let mut all = vec![];
    for mut group in groups.into_values() {
        group.sort_by_cached_key(|at| rows[*at].priority(stream));
        group.truncate(count);
        all.extend(group);
    }
    all
}

/// The images that are shown in the order of [`choose`], each kind below a title of its own; `unknown` stands where it is not said
/// how much of a map lies in the border.
///
/// # Errors
/// Where an image is in no pack.
pub(super) fn bands<'a>(table: &'a Table<Attention>, shown: &[usize], chosen: &'a Chosen, store: &ImageStore<'a>, unknown: &str) -> Result<Vec<Band<'a>>> {
    let kind = |row: &Attention| (row.label.clone(), row.label == row.predicted);
    let mut bands: Vec<((String, bool), Band)> = vec![];
    for (at, map) in shown.iter().zip(&chosen.maps) {
        let row = &table.rows[*at];
        if bands.last().is_none_or(|(last, _)| *last != kind(row)) {
            let all = table.rows.iter().filter(|other| kind(other) == kind(row)).count();
            let outcome = if row.label == row.predicted { "right" } else { "wrong" };
            let some = shown.iter().filter(|at| kind(&table.rows[**at]) == kind(row)).count();
            bands.push((kind(row), Band { title: format!("{}, {outcome} by the largest probability: {some} of {all}", row.label), images: vec![] }));
        }
        if let Some((_, band)) = bands.last_mut() {
            band.images.push(Explained { image: store.get(&row.image)?, map, text: text(row, unknown) });
        }
    }
    Ok(bands.into_iter().map(|(_, band)| band).collect())
}

/// What is predicted, and where it is found.
fn text(row: &Attention, unknown: &str) -> [String; 2] {
    let predicted = if row.class == row.predicted { String::new() } else { format!("predicted {}; ", row.predicted) };
    let percent = |what: &str, share: f64| format!("{what} {:.0} %", share * 100.0);
    let border = row.border.map_or(unknown.into(), |border| percent("border", border));
    let place = row.in_mask.map_or(border.clone(), |inside| format!("{border}, {}", percent("mask", inside)));
    [format!("{predicted}{} {:.2}", row.class, row.probability.unwrap_or(f64::NAN)), place]
}
