//! Translations: what a generator made of an image, and back. Pixels are looked for in the packs of the run; where they are in none, it
//! is said.

use super::{Chapter, Material};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::png;
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

/// The pixels of images by their digests, each with its side.
type Pixels = BTreeMap<Digest, (usize, Vec<u8>)>;

/// Images that stand in rows.
struct Rows {
    stage: String,
    /// What the columns are.
    columns: &'static [&'static str],
    rows: Vec<Vec<Digest>>,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let all = translations(m)?;
    let pixels = pixels(m, &all)?;
    Ok((!all.is_empty()).then(|| html! { @for rows in &all { (shown(rows, &pixels)) } }))
}

/// What generators made of images, in an order that no name and no place in a table decides.
fn translations(m: &Material) -> Result<Vec<Rows>> {
    let is_back = |found: &ReportArtifact| found.receipt.recipe.parameters["reconstruct"].as_bool() == Some(true);
    let mut tables: Vec<(&ReportArtifact, Vec<Sample>)> = vec![];
    for found in m.of(Subject::SAMPLES).filter(|found| found.ending(".png").next().is_some()) {
        let rows: Vec<Sample> = found.samples(m.store)?.into_iter().filter(|row| row.origin == Origin::Synthetic && row.parent.is_some()).collect();
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

/// The pixels of all of them that a pack has.
fn pixels(m: &Material, all: &[Rows]) -> Result<Pixels> {
    let mut wanted: Vec<Digest> = all.iter().flat_map(|rows| rows.rows.iter().flatten().copied()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = Pixels::new();
    for pack in m.of(Subject::PACK) {
        if wanted.is_empty() {
            break;
        }
        if let Some(pack) = pack.pack(m.store)? {
            wanted.retain(|digest| match pack.get(digest) {
                Some(pixels) => {
                    found.insert(*digest, (pack.side, pixels.to_vec()));
                    false
                }
                None => true,
            });
        }
    }
    Ok(found)
}

fn shown(rows: &Rows, pixels: &Pixels) -> Markup {
    let whole: Vec<Vec<&(usize, Vec<u8>)>> = rows.rows.iter().filter_map(|images| images.iter().map(|i| pixels.get(i)).collect()).collect();
    let side = whole.first().map_or(0, |images| images[0].0);
    let whole: Vec<_> = whole.into_iter().filter(|images| images.iter().all(|i| i.0 == side)).collect();
    let missing = rows.rows.len() - whole.len();
    let picture = |images: &[&(usize, Vec<u8>)]| sheet(&images.iter().map(|i| i.1.clone()).collect::<Vec<_>>(), side, images.len()).unwrap_or_default();
    let columns = rows.columns.join(", ");
    html! {
        h4 { (rows.stage) }
        @if !whole.is_empty() {
            p { "From left to right: " (columns) "." }
            div.pair.sheet { @for images in &whole { figure.synthetic { (png(&picture(images), &columns)) } } }
        }
        @if missing > 0 { p { (counted(missing, "row is", "rows are")) " not shown: no pack of the run holds all pixels, or they differ in size." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translations_with_pixels_are_shown_and_the_others_counted() {
        let digest = |n: u8| Digest::of(&[n]);
        let rows = (0..3).map(|n| vec![digest(n), digest(n + 100)]).collect();
        let all = Rows { stage: "<made>".into(), columns: &COLUMNS[..2], rows };
        let pixels: Pixels = [0, 100, 1, 101, 2].map(|n| (digest(n), (if n == 101 { 2 } else { 4 }, vec![n; if n == 101 { 4 } else { 16 }]))).into();
        let page = shown(&all, &pixels).into_string();
        assert!(page.contains("<h4>&lt;made&gt;</h4>") && page.contains("a real image x, its translation G(x)."), "{page}");
        assert_eq!(page.matches("<img").count(), 1);
        assert!(page.contains("2 rows are not shown: no pack of the run holds all pixels, or they differ in size."), "{page}");
    }
}
