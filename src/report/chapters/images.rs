//! Synthetic images beside real ones, and how a generator's images changed during its training.

use super::{Chapter, Material, no_longer};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::png;
use crate::report::pixels;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::seed::Seed;
use hilum_stages::data::grey::{self, Fit};
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::figures::sheet::{GRID as SHEET, sheet};
use maud::{Markup, html};
use std::collections::BTreeSet;

const GRID: Subject = Subject { artifact: ArtifactType::Figure, name: SHEET };

pub(super) const CHAPTER: Chapter = Chapter { id: "images", title: "Images", about: &[Subject::SAMPLES, Subject::PACK, GRID], render };

/// What a grid shows.
pub(super) const MOMENTS: &str = "samples during training (top: earliest), from fixed noise or, for translation, of the images in the first row";
/// Images shown on a sheet.
const SHOWN: usize = 24;

fn render(m: &Material) -> Result<Option<Markup>> {
    let is_synthetic = |found: &ReportArtifact| found.ending(".png").next().is_some();
    if m.facts.without_images && (m.of(GRID).next().is_some() || m.of(Subject::SAMPLES).any(is_synthetic)) {
        return Ok(Some(
            html! { p { "Synthetic images, real ones beside them and samples during training are left out, as the report was asked to be without." } },
        ));
    }
    let mut out = vec![];
    for found in m.of(Subject::SAMPLES) {
        // A table of patients' images has no files of images, nor synthetic ones: only those of a generator count.
        if !is_synthetic(found) {
            continue;
        }
        let rows = m.samples(found)?;
        if rows.first().is_some_and(|row| row.origin == Origin::Synthetic) {
            out.push(beside(m, found, &rows)?);
        }
    }
    for found in m.of(GRID) {
        if let Some(grid) = found.bytes(m.store, ".png")? {
            out.push(html! { h4 { (found.stage()) } figure.sheet.synthetic { figcaption { (MOMENTS) } (png(&grid, "samples during training")) } });
        }
    }
    let removed: Vec<String> = m.of(Subject::SAMPLES).filter(|found| found.removed > 0).map(|found| format!("images of {}", found.stage())).collect();
    if !removed.is_empty() {
        out.push(no_longer(&removed));
    }
    Ok((!out.is_empty()).then(|| html! { @for o in &out { (o) } }))
}

/// Rows in an order that neither names nor places in a table decide.
fn by_priority<'a>(rows: impl Iterator<Item = &'a Sample>) -> Vec<&'a Sample> {
    let stream = Seed(0).stream("report", "images");
    let mut all: Vec<&Sample> = rows.collect();
    all.sort_by_cached_key(|row| row.priority(&stream));
    all
}

/// Synthetic images beside real ones of the label that they are called by, whether or not the study said it.
fn beside(m: &Material, found: &ReportArtifact, rows: &[Sample]) -> Result<Markup> {
    let label = &rows[0].label;
    let files: BTreeSet<Digest> = found.ending(".png").map(|entry| entry.digest).collect();
    let mut synthetic = vec![];
    for row in by_priority(rows.iter()).into_iter().filter(|row| files.contains(&row.image)).take(SHOWN) {
        synthetic.extend(grey::decode(&m.store.read(&row.image)?).map(|d| grey::to_square(&d.grey, d.grey.width, Fit::Stretch, false)));
    }
    let side = synthetic.first().map_or(0, |s: &Vec<u8>| s.len().isqrt());
    let real = real(m, label, side)?;
    let picture = |images: &[Vec<u8>]| sheet(images, side, 8).unwrap_or_default();
    Ok(html! {
        h4 { (found.stage()) }
        div.pair.sheet {
            @if !real.is_empty() { figure { figcaption { "Real images of " (label) } (png(&picture(&real), "real images")) } }
            @if !synthetic.is_empty() { figure.synthetic { figcaption { "Synthetic images, not for diagnosis" } (png(&picture(&synthetic), "synthetic images")) } }
        }
    })
}

/// Packed real images of a label, from the first pack that has some of this size.
fn real(m: &Material, label: &str, side: usize) -> Result<Vec<Vec<u8>>> {
    let mut wanted: Vec<Digest> = vec![];
    // Tables that were made of no other: the images of each patient are in these, once.
    for found in m.of(Subject::SAMPLES).filter(|f| f.receipt.recipe.inputs.is_empty()) {
        let rows = m.samples(found)?;
        wanted.extend(by_priority(rows.iter().filter(|s| s.origin == Origin::Real && s.label == label)).into_iter().map(|s| s.image));
    }
    pixels::of_side(m, &wanted, side, SHOWN)
}
