//! Synthetic images beside real ones, and how a generator's images changed during its training.

use super::{Chapter, Material, no_longer};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::Picture;
use crate::report::pixels;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::seed::Seed;
use hilum_stages::data::grey::{self, Fit};
use hilum_stages::data::png;
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::distinct::distinct;
use hilum_stages::figures::sheet::{GRID as SHEET, sheet};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::sync::Arc;

const GRID: Subject = Subject { artifact: ArtifactType::Figure, name: SHEET };

pub(super) const CHAPTER: Chapter = Chapter { id: "images", title: "Images", about: &[Subject::SAMPLES, Subject::PACK, GRID], render };

/// What a grid shows.
pub(super) const MOMENTS: &str = "samples during training (top: earliest), from fixed noise or, for translation, of the images in the first row";
/// Images on a sheet where there are few sheets, and on all sheets together where there are many; at least a row on each.
const SHOWN: usize = 24;
const ALL: usize = 240;
const ROW: usize = 8;
/// Sheets of synthetic images, and of moments of trainings.
const SHEETS: usize = 36;
const MOMENTS_OF: usize = 12;
/// The width of an image on a sheet, and of the moments of a training, in pixels.
const SIDE: usize = 128;
const WIDTH: usize = 640;

fn render(m: &Material) -> Result<Option<Markup>> {
    let is_synthetic = |found: &ReportArtifact| found.ending(".png").next().is_some();
    if m.facts.without_images && (m.of(GRID).next().is_some() || m.of(Subject::SAMPLES).any(is_synthetic)) {
        return Ok(Some(
            html! { p { "Synthetic images, real ones beside them and samples during training are left out, as the report was asked to be without." } },
        ));
    }
    let mut sets: Vec<(&ReportArtifact, Arc<Vec<Sample>>)> = vec![];
    for found in m.of(Subject::SAMPLES) {
        // A table of patients' images has no files of images, nor synthetic ones: only those of a generator count.
        if !is_synthetic(found) {
            continue;
        }
        let rows = m.samples(found)?;
        if rows.first().is_some_and(|row| row.origin == Origin::Synthetic) {
            sets.push((found, rows));
        }
    }
    let shown = &sets[..sets.len().min(SHEETS)];
    let mut out = vec![];
    for label in distinct(shown.iter().map(|(_, rows)| rows[0].label.as_str())) {
        let of_label: Vec<_> = shown.iter().filter(|(_, rows)| rows[0].label == label).collect();
        out.push(beside(m, label, &of_label, images_of(shown.len()))?);
    }
    for found in m.of(GRID).take(MOMENTS_OF) {
        if let Some(grid) = found.bytes(m.store, ".png")? {
            let (grid, place) = (narrower(grid), m.place(found));
            out.push(html! { h4 { (found.stage()) } figure.sheet.synthetic { figcaption { (MOMENTS) } (Picture::png(&grid, &format!("samples during training of {}", found.stage())).of(&place).html()) } });
        }
    }
    let removed: Vec<String> = m.of(Subject::SAMPLES).filter(|found| found.removed > 0).map(|found| format!("images of {}", found.stage())).collect();
    if !removed.is_empty() {
        out.push(no_longer(&removed));
    }
    let further = [sets.len().saturating_sub(SHEETS), m.of(GRID).count().saturating_sub(MOMENTS_OF)];
    let further = further.iter().zip([["set of synthetic images", "sets of synthetic images"], ["training", "trainings"]]);
    let further: Vec<String> = further.filter(|(n, _)| **n > 0).map(|(n, [one, several])| counted(*n, one, several)).collect();
    Ok((!out.is_empty()).then(|| {
        html! {
            @for o in &out { (o) }
            @if !further.is_empty() { p.more { "Images of " (further.join(" and ")) " more are in " code { "results/" (m.facts.study) } "." } }
        }
    }))
}

/// How many images a sheet has where there are so many sheets.
fn images_of(sheets: usize) -> usize {
    (ALL / sheets.max(1)).clamp(ROW, SHOWN) / ROW * ROW
}

/// A picture that is no wider than fits; as it is where it cannot be read.
fn narrower(bytes: Vec<u8>) -> Vec<u8> {
    let narrow = |grey: &grey::Grey| {
        let pixels: Vec<u8> = grey.pixels.iter().map(|p| (p >> 8) as u8).collect();
        let ([width, height], pixels) = pixels::smaller([grey.width as usize, grey.height as usize], &pixels, WIDTH);
        png::encode(&pixels, width as u32, height as u32, &[]).ok()
    };
    grey::decode(&bytes).ok().filter(|decoded| decoded.grey.width as usize > WIDTH).and_then(|decoded| narrow(&decoded.grey)).unwrap_or(bytes)
}

/// Rows in an order that neither names nor places in a table decide.
fn by_priority<'a>(rows: impl Iterator<Item = &'a Sample>) -> Vec<&'a Sample> {
    let stream = Seed(0).stream("report", "images");
    let mut all: Vec<&Sample> = rows.collect();
    all.sort_by_cached_key(|row| row.priority(&stream));
    all
}

/// Sets of synthetic images beside real ones of the label that they are called by, whether or not the study said it.
fn beside(m: &Material, label: &str, sets: &[&(&ReportArtifact, Arc<Vec<Sample>>)], images: usize) -> Result<Markup> {
    let (mut synthetic, mut side): (Vec<(&ReportArtifact, Vec<Vec<u8>>)>, usize) = (vec![], 0);
    for (found, rows) in sets {
        let files: BTreeSet<Digest> = found.ending(".png").map(|entry| entry.digest).collect();
        let mut all: Vec<Vec<u8>> = vec![];
        for row in by_priority(rows.iter()).into_iter().filter(|row| files.contains(&row.image)).take(images) {
            all.extend(grey::decode(&m.store.read(&row.image)?).map(|d| grey::to_square(&d.grey, d.grey.width, Fit::Stretch, false)));
        }
        side = if side == 0 { all.first().map_or(0, |image| image.len().isqrt()) } else { side };
        synthetic.push((found, all));
    }
    let real = real(m, label, side, images)?;
    Ok(html! {
        h4 { "Images of " (label) }
        div.pair.sheet {
            @if !real.is_empty() { figure { figcaption { "Real images of " (label) } (Picture::png(&picture(&real), &format!("real images of {label}")).html()) } }
            @for (found, images) in synthetic.iter().filter(|(_, images)| !images.is_empty()) {
                figure.synthetic { figcaption { "Images of " code { (found.stage()) } ", not for diagnosis" } (Picture::png(&picture(images), &format!("synthetic images of {}", found.stage())).of(&m.place(found)).synthetic().html()) }
            }
        }
    })
}

/// A sheet of images of one size, made smaller if they are large.
fn picture(images: &[Vec<u8>]) -> Vec<u8> {
    let side = images.first().map_or(0, |image| image.len().isqrt());
    let small = images.iter().filter(|image| image.len() == side * side).map(|image| pixels::smaller([side; 2], image, SIDE));
    let (sides, small): (Vec<[usize; 2]>, Vec<Vec<u8>>) = small.unzip();
    sheet(&small, sides.first().map_or(0, |side| side[0]), ROW).unwrap_or_default()
}

/// Packed real images of a label, from the first pack that has some of this size.
fn real(m: &Material, label: &str, side: usize, most: usize) -> Result<Vec<Vec<u8>>> {
    let mut wanted: Vec<Digest> = vec![];
    // Tables that were made of no other: the images of each patient are in these, once.
    for found in m.of(Subject::SAMPLES).filter(|f| f.receipt.recipe.inputs.is_empty()) {
        let rows = m.samples(found)?;
        wanted.extend(by_priority(rows.iter().filter(|s| s.origin == Origin::Real && s.label == label)).into_iter().map(|s| s.image));
    }
    pixels::of_side(m, &wanted, side, most)
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
    fn many_sheets_have_a_row_each_and_pictures_are_narrow() {
        assert_eq!([images_of(0), images_of(1), images_of(12), images_of(24), images_of(500)], [24, 24, 16, 8, 8]);
        let large = png::encode(&vec![9; 2000 * 10], 2000, 10, &[]).unwrap();
        let small = grey::decode(&narrower(large)).unwrap().grey;
        assert_eq!((small.width, small.height), (500, 2));
        assert_eq!(narrower(b"no picture".to_vec()), b"no picture");
        let images = vec![vec![1u8; 300 * 300]; 3];
        assert_eq!(grey::decode(&picture(&images)).unwrap().grey.width, 3 * (100 + 2) + 2);
    }

    /// Real images are no other ones for each generator: they are on the page once for each label.
    #[test]
    fn sets_of_one_label_stand_beside_the_same_real_images() {
        let (held, store) = empty_store();
        let writable = WritableStore::open(&held.path().join("store")).unwrap();
        let real = vec![7u8; 16];
        let table = || made_of(&writable, "images", &Samples { rows: vec![Sample { image: Digest::of(&real), ..row("", "p", "covid") }], images: vec![] });
        let set = |stage: &str, grey: u8| {
            let bytes = png::encode(&[grey; 16], 4, 4, &[]).unwrap();
            let made = Sample { image: Digest::of(&bytes), origin: Origin::Synthetic, ..row("", "", "covid") };
            made_of(&writable, stage, &Samples { rows: vec![made], images: vec![ImageFile { name: "a.png".into(), bytes, path: None }] })
        };
        let stages = vec![table(), packed(&writable, "pixels", std::slice::from_ref(&real)), set("made/fold=0", 1), set("made/fold=1", 2)];
        let page = CHAPTER.of(&Facts { stages, study: "s".into(), ..Facts::default() }, &store).unwrap().into_string();
        assert_eq!((page.matches("<h4>").count(), page.matches("<img").count(), page.matches("Real images of covid").count()), (1, 3, 1), "{page}");
        assert!(page.contains("<code>made/fold=1</code>") && page.contains("data-from=\"results/s/made/fold=0/out\" data-shows=\"synthetic\""), "{page}");
    }
}
