//! Translations: what a generator made of an image, and back. Pixels are looked for in the packs of the run; where they are in none, it
//! is said.

use super::{Chapter, Material};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::Picture;
use crate::report::pixels::Pixels;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::seed::Seed;
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::figures::sheet::sheet;
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) const CHAPTER: Chapter = Chapter { id: "pairs", title: "Translated images", about: &[Subject::SAMPLES, Subject::PACK], render };

/// Rows of a sheet.
const ROWS: usize = 8;
/// What stands in a row, from left to right.
const COLUMNS: [&str; 3] = ["a real image x", "its translation G(x)", "and back, G′(G(x))"];
/// Sheets of translations: a study may have one for each cell.
const SHEETS: usize = 6;

/// Images that stand in rows.
struct Rows {
    stage: String,
    /// What the columns are.
    columns: &'static [&'static str],
    rows: Vec<Vec<Digest>>,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let all = translations(m)?;
    if m.facts.without_images {
        let left_out = || html! { p { "Images beside their translations are left out, as the report was asked to be without." } };
        return Ok((!all.is_empty()).then(left_out));
    }
    let pixels = Pixels::of(m, all.iter().flat_map(|rows| rows.rows.iter().flatten().copied()))?;
    Ok((!all.is_empty()).then(|| html! { @for rows in &all { (shown(rows, &pixels)) } }))
}

/// What generators made of images, in an order that no name and no place in a table decides.
fn translations(m: &Material) -> Result<Vec<Rows>> {
    let is_back = |found: &ReportArtifact| found.receipt.recipe.parameters["reconstruct"].as_bool() == Some(true);
    let mut tables: Vec<(&ReportArtifact, Vec<Sample>)> = vec![];
    for found in m.of(Subject::SAMPLES).filter(|found| found.ending(".png").next().is_some()) {
        let rows: Vec<Sample> = m.samples(found)?.iter().filter(|row| row.origin == Origin::Synthetic && row.parent.is_some()).cloned().collect();
        if !rows.is_empty() {
            tables.push((found, rows));
        }
    }
    let stream = Seed(0).stream("report", "pairs");
    let mut out = vec![];
    for (found, rows) in tables.iter().filter(|(found, _)| !is_back(found)).take(SHEETS) {
        // The way back of the same generator.
        let back: BTreeMap<Digest, Digest> = tables
            .iter()
            .filter(|(other, _)| is_back(other))
            .flat_map(|(_, rows)| rows)
            .filter(|row| row.generator == rows[0].generator)
            .filter_map(|row| Some((row.parent?, row.image)))
            .collect();
        let mut order: Vec<&Sample> = rows.iter().collect();
        order.sort_by_key(|row| row.priority(&stream));
        let row = |row: &&Sample| {
            let parent = row.parent?;
            Some([Some(parent), Some(row.image), back.get(&parent).copied()].into_iter().flatten().collect::<Vec<_>>())
        };
        let mut rows_of: Vec<Vec<Digest>> = order.iter().filter_map(row).collect();
        let most = rows_of.iter().map(Vec::len).max().unwrap_or(0);
        rows_of.retain(|images| images.len() == most);
        rows_of.truncate(ROWS);
        out.push(Rows { stage: found.stage().to_owned(), columns: &COLUMNS[..most], rows: rows_of });
    }
    Ok(out)
}

fn shown(rows: &Rows, pixels: &Pixels) -> Markup {
    let whole: Vec<Vec<(usize, &[u8])>> = rows.rows.iter().filter_map(|images| images.iter().map(|i| pixels.get(i)).collect()).collect();
    let side = whole.first().map_or(0, |images| images[0].0);
    let whole: Vec<_> = whole.into_iter().filter(|images| images.iter().all(|i| i.0 == side)).collect();
    let missing = rows.rows.len() - whole.len();
    let picture = |images: &[(usize, &[u8])]| sheet(&images.iter().map(|i| i.1.to_vec()).collect::<Vec<_>>(), side, images.len()).unwrap_or_default();
    let columns = rows.columns.join(", ");
    html! {
        h4 { (rows.stage) }
        @if !whole.is_empty() {
            p { "From left to right: " (columns) "." }
            div.pair.sheet { @for images in &whole { figure.synthetic { (Picture::png(&picture(images), &columns).html()) } } }
        }
        @if missing > 0 { p { (counted(missing, "row is", "rows are")) " not shown: no pack of the run holds all pixels, or they differ in size." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::pixels::tests::packed;
    use crate::report::tests::{empty_store, made_of};
    use crate::tables::tests::row;
    use hilum_cache::WritableStore;
    use hilum_stages::data::sample::{ImageFile, Samples};

    #[test]
    fn translations_with_pixels_are_shown_the_others_counted_and_without_images_no_pack_is_read() {
        let (held, store) = empty_store();
        let writable = WritableStore::open(&held.path().join("store")).unwrap();
        // Of three images, one has pixels of the size of its translation.
        let pixels = |n: u8, side: usize| vec![n; side * side];
        let all = [(0, 4, 4), (1, 4, 2), (2, 4, 0)].map(|(n, before, after)| (pixels(n, before), pixels(n + 100, after)));
        let translated = |(before, after): &(Vec<u8>, Vec<u8>)| Sample {
            image: Digest::of(after),
            parent: Some(Digest::of(before)),
            origin: Origin::Synthetic,
            ..row("", "p", "covid")
        };
        let files = vec![ImageFile { name: "a.png".into(), bytes: b"png".to_vec(), path: None }];
        let made = || made_of(&writable, "<made>", &Samples { rows: all.iter().map(translated).collect(), images: files.clone() });
        let packs = || [packed(&writable, "four", &[all[0].0.clone(), all[0].1.clone(), all[1].0.clone()]), packed(&writable, "two", &[all[1].1.clone()])];
        let facts = |without_images| Facts { stages: std::iter::once(made()).chain(packs()).collect(), without_images, ..Facts::default() };
        let page = CHAPTER.of(&facts(false), &store).unwrap().into_string();
        assert!(page.contains("<h4>&lt;made&gt;</h4>") && page.contains("a real image x, its translation G(x)."), "{page}");
        assert_eq!(page.matches("<img").count(), 1);
        assert!(page.contains("2 rows are not shown: no pack of the run holds all pixels, or they differ in size."), "{page}");

        let without = facts(true);
        for pack in &without.stages[1..] {
            let artifact = pack.1.as_ref().unwrap().0.receipt("").outputs.get("out").unwrap().clone();
            store.files(&artifact).unwrap().iter().for_each(|file| drop(std::fs::remove_file(store.object_path(&file.digest))));
        }
        let page = CHAPTER.of(&without, &store).unwrap().into_string();
        assert!(page.contains("are left out, as the report was asked") && !page.contains("not shown"), "{page}");
        assert!(CHAPTER.of(&Facts { without_images: false, ..without }, &store).is_err(), "the packs are gone");
    }
}
