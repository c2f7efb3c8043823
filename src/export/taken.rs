//! Which rows of a table a stage really took: those with its labels, and of images that `prepare` did not leave out. Independent of
//! formats.

use super::error::Result;
use super::facts::{Facts, Files, Made};
use crate::lineage;
use crate::provenance::looked_up;
use crate::tables::Summary;
use hilum_cache::receipt::Artifact;
use hilum_cache::recipe::Input;
use hilum_cache::{Digest, Error as StoreError};
use hilum_stages::contract::stage::Takes;
use hilum_stages::data::pack::Packed;
use hilum_stages::data::sample::Sample;
use std::collections::HashSet;

/// What a stage took of a table.
pub(super) struct Taken {
    /// The counts of the rows that it took.
    pub(super) summary: Summary,
    /// Rows of the whole table.
    pub(super) all: usize,
    /// False where it may have taken some of these rows only.
    pub(super) is_exact: bool,
}

/// What a stage took of the table that it was given at a port; none if the table was removed from the store.
///
/// # Errors
/// If the table is damaged, or missing without having been removed.
pub(super) fn of(facts: &Facts, made: Made, port: &str, table: &Artifact) -> Result<Option<Taken>> {
    let Files::Known(files) = facts.files(table)? else { return Ok(None) };
    if files.iter().any(|file| facts.is_removed(&file.digest)) {
        return Ok(None);
    }
    let rows = facts.samples(table)?;
    let takes = lineage::taken(&made.receipt.recipe, port);
    let left_out = left_out(facts, made)?;
    let has_label = |row: &Sample| if let Takes::Labels(labels) = &takes { labels.contains(&row.label) } else { true };
    let taken: Vec<Sample> = rows.iter().filter(|row| has_label(row) && !left_out.contains(&row.image)).cloned().collect();
    Ok(Some(Taken { summary: Summary::of(&taken), all: rows.len(), is_exact: matches!(takes, Takes::All | Takes::Labels(_)) }))
}

/// Images without pixels, by the lists of those that a stage looked up: it skipped their rows.
fn left_out(facts: &Facts, made: Made) -> Result<HashSet<Digest>> {
    let mut out = HashSet::new();
    for list in made.receipt.recipe.inputs.values().filter_map(Input::list) {
        let pixels = match facts.store.read(list) {
            Err(StoreError::Missing(_)) => continue,
            bytes => looked_up(&bytes?),
        };
        out.extend(pixels.into_iter().flatten().filter(|(_, pixels)| *pixels == Packed::left_out()).map(|(image, _)| image));
    }
    Ok(out)
}
