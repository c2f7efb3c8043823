//! Pairs of images: what a translating generator made of an image, and back, and synthetic images beside their nearest training images.
//! Pixels are looked for in the packs of the run; where they are left out, it is said.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::png;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::seed::Seed;
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::figures::sheet::sheet;
use hilum_stages::records::{Likeness, NearestPair, Record, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeMap;

const SAMPLES: Subject = Subject { artifact: ArtifactType::Samples, name: "samples" };
const PACK: Subject = Subject { artifact: ArtifactType::Images, name: "pixels" };
const PAIRS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<NearestPair>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "pairs", title: Some("Pairs of images"), about: &[SAMPLES, PACK, PAIRS], render };

/// Rows of a sheet.
const ROWS: usize = 8;
/// Sheets of translations: a study may have one for each cell.
const SHEETS: usize = 6;

/// The pixels of images by their digests, each with its side.
type Pixels = BTreeMap<Digest, (usize, Vec<u8>)>;

/// Images that stand in rows.
struct Rows {
    stage: String,
    /// What the columns are.
    columns: Vec<String>,
    rows: Vec<(Vec<Digest>, String)>,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut all = translations(m)?;
    let mut faults = vec![];
    for found in m.of(PAIRS) {
        match found.record::<Table<NearestPair>>(m.store)? {
            Ok(table) => all.push(nearest(found.stage(), &table)),
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let pixels = pixels(m, &all)?;
    Ok((!all.is_empty() || !faults.is_empty()).then(|| html! { @for rows in &all { (shown(rows, &pixels)) } @for fault in &faults { (fault) } }))
}

/// What generators made of images, in an order that no name and no place in a table decides.
fn translations(m: &Material) -> Result<Vec<Rows>> {
    let is_back = |found: &ReportArtifact| found.receipt.recipe.parameters["reconstruct"].as_bool() == Some(true);
    let mut tables: Vec<(&ReportArtifact, Vec<Sample>)> = vec![];
    for found in m.of(SAMPLES).filter(|found| found.ending(".png").next().is_some()) {
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
            Some(([Some(parent), Some(row.image), back.get(&parent).copied()].into_iter().flatten().collect::<Vec<_>>(), String::new()))
        };
        let mut rows_of: Vec<(Vec<Digest>, String)> = order.iter().filter_map(row).collect();
        let most = rows_of.iter().map(|(images, _)| images.len()).max().unwrap_or(0);
        rows_of.retain(|(images, _)| images.len() == most);
        rows_of.truncate(ROWS);
        let columns = ["a real image x", "its translation G(x)", "and back, G′(G(x))"].iter().take(most).map(|c| (*c).to_owned()).collect();
        out.push(Rows { stage: found.stage().to_owned(), columns, rows: rows_of });
    }
    Ok(out)
}

/// The nearest pairs, which are the first of the table.
fn nearest(stage: &str, table: &Table<NearestPair>) -> Rows {
    let said = |pair: &NearestPair| {
        let distance = pair.distance.map_or("no distance".to_owned(), |d| format!("distance {d:.3}"));
        let flag = match pair.flag {
            Likeness::None => "",
            Likeness::Nearer => ", nearer than held-out images",
            Likeness::MirroredCopy => ", a mirrored copy",
            Likeness::Copy => ", a copy",
        };
        format!("{}: {distance}{flag}", pair.label)
    };
    let rows = table.rows.iter().take(ROWS).map(|pair| (vec![pair.image, pair.training], said(pair))).collect();
    Rows { stage: stage.to_owned(), columns: ["a synthetic image", "its nearest training image"].map(str::to_owned).to_vec(), rows }
}

/// The pixels of all of them that a pack has.
fn pixels(m: &Material, all: &[Rows]) -> Result<Pixels> {
    let mut wanted: Vec<Digest> = all.iter().flat_map(|rows| rows.rows.iter().flat_map(|(images, _)| images.clone())).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = Pixels::new();
    for pack in m.of(PACK) {
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
    let whole: Vec<(Vec<&(usize, Vec<u8>)>, &str)> =
        rows.rows.iter().filter_map(|(images, said)| Some((images.iter().map(|i| pixels.get(i)).collect::<Option<Vec<_>>>()?, said.as_str()))).collect();
    let side = whole.first().map_or(0, |(images, _)| images[0].0);
    let whole: Vec<_> = whole.into_iter().filter(|(images, _)| images.iter().all(|i| i.0 == side)).collect();
    let missing = rows.rows.len() - whole.len();
    let picture = |images: &[&(usize, Vec<u8>)]| sheet(&images.iter().map(|i| i.1.clone()).collect::<Vec<_>>(), side, images.len()).unwrap_or_default();
    html! {
        h3 { (rows.stage) }
        @if !whole.is_empty() {
            p { "From left to right: " (rows.columns.join(", ")) "." }
            div.pair.sheet { @for (images, said) in &whole {
                figure.synthetic { figcaption { (said) } (png(&picture(images), &format!("{}: {}", rows.columns.join(", "), said))) }
            } }
        }
        @if missing > 0 { p { (counted(missing as u64, "row is", "rows are")) " not shown: no pack of the run holds all pixels, or they differ in size." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_with_pixels_are_shown_and_the_others_counted() {
        let digest = |n: u8| Digest::of(&[n]);
        let pair = |n: u8, flag| NearestPair { image: digest(n), label: "<covid>".into(), training: digest(n + 100), distance: Some(0.25), p: None, flag };
        let table = Table { rows: vec![pair(0, Likeness::Copy), pair(1, Likeness::None), pair(2, Likeness::Nearer)] };
        let pixels: Pixels = [0, 100, 1, 101, 2].map(|n| (digest(n), (if n == 101 { 2 } else { 4 }, vec![n; if n == 101 { 4 } else { 16 }]))).into();
        let page = shown(&nearest("memory", &table), &pixels).into_string();
        assert!(page.contains("<figcaption>&lt;covid&gt;: distance 0.250, a copy</figcaption>"), "{page}");
        assert_eq!(page.matches("<img").count(), 1);
        assert!(page.contains("2 rows are not shown: no pack of the run holds all pixels, or they differ in size."), "{page}");
    }
}
