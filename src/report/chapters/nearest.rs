//! Synthetic images beside the training images that they are nearest to.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::png;
use crate::report::pixels::Pixels;
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Likeness, NearestPair, Record, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const PAIRS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<NearestPair>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "nearest", title: "Nearest training images", about: &[PAIRS, Subject::PACK], render };

/// Pairs that are shown of a stage.
const SHOWN: usize = 8;

fn render(m: &Material) -> Result<Option<Markup>> {
    let pixels = if m.facts.without_images { None } else { Some(Pixels::of(m.of(Subject::PACK), m.store)?) };
    let mut out = vec![];
    for found in m.of(PAIRS) {
        out.push(match found.record::<Table<NearestPair>>(m.store)? {
            Ok(table) => pairs(found, &table, pixels.as_ref()),
            Err(why) => unreadable(found, &why),
        });
    }
    Ok((!out.is_empty()).then(|| html! {
        p {
            "Copies first, then the pairs that are nearest. A pair that looks alike to a radiologist may show a memorised patient, whatever its figures say."
            @if m.facts.without_images { " Pictures are left out, as the report was asked to be without." }
        }
        @for o in &out { (o) }
    }))
}

fn pairs(found: &ReportArtifact, table: &Table<NearestPair>, pixels: Option<&Pixels>) -> Markup {
    let is = |wanted: &[Likeness]| table.rows.iter().filter(|pair| wanted.contains(&pair.flag)).count();
    let (copies, near_copies) = (is(&[Likeness::Copy, Likeness::MirroredCopy]), is(&[Likeness::NearCopy]));
    let (nearer, untested) = (is(&[Likeness::Nearer]), is(&[Likeness::NotTested]));
    let mut sorted: Vec<&NearestPair> = table.rows.iter().collect();
    let largest = |x: Option<f64>| x.unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| {
        let by = b.is_copy().cmp(&a.is_copy()).then(largest(a.p).total_cmp(&largest(b.p)));
        by.then(largest(a.distance).total_cmp(&largest(b.distance))).then(a.image.cmp(&b.image))
    });
    html! {
        h4 { (found.stage()) }
        p {
            (counted(table.rows.len(), "synthetic image", "synthetic images")) ": " (counted(copies, "copy", "copies")) " and "
            (counted(near_copies, "near copy", "near copies")) " of training images, " (nearer) " nearer to one than held-out images are"
            @if untested > 0 { "; " (untested) " could not be compared with held-out images, of which there are too few" } "."
        }
        div.cards { @for pair in sorted.into_iter().take(SHOWN) { (card(pair, pixels)) } }
    }
}

fn card(pair: &NearestPair, pixels: Option<&Pixels>) -> Markup {
    let picture = |image: &Digest, what: &str| {
        let bytes = pixels.and_then(|p| p.png(image));
        html! { @if let Some(bytes) = bytes { (png(&bytes, what)) } }
    };
    let flag = match pair.flag {
        Likeness::None => "no nearer than held-out images",
        Likeness::NotTested => "not compared with held-out images, of which there are too few",
        Likeness::Nearer => "nearer than held-out images",
        Likeness::MirroredCopy => "a mirrored copy",
        Likeness::NearCopy => "a near copy",
        Likeness::Copy => "a copy",
    };
    html! {
        figure.card.twin {
            div.two { (picture(&pair.image, &format!("synthetic image of {}", pair.label))) (picture(&pair.training, "its nearest training image")) }
            figcaption {
                b.synthetic { "SYNTHETIC" } " " (pair.label) ", and the nearest training image: " (flag)
                br; small {
                    @if let Some(distance) = pair.distance { "distance " (format!("{distance:.3}")) } @if let Some(p) = pair.p { ", p = " (format!("{p:.3}")) }
                    br; code { (pair.image.short()) } " " code { (pair.training.short()) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn copies_stand_before_near_images_and_only_a_few_pairs_are_shown() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let image = |n: u8| Digest::of(&[n]);
        let pair =
            |n: u8, distance, flag| NearestPair { image: image(n), label: "covid".into(), training: image(100), distance: Some(distance), p: None, flag };
        let mut rows: Vec<NearestPair> = (0..10).map(|n| pair(n, f64::from(n) + 0.5, Likeness::None)).collect();
        rows.push(pair(10, 99.0, Likeness::MirroredCopy));
        let csv = Table { rows }.to_csv().unwrap();
        let stages = vec![made(&store, "memory", ("table", "nearest-training-images.csv"), &csv, Value::Null)];
        let page = CHAPTER.of(&Facts { stages, without_images: true, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(page.contains("11 synthetic images: 1 copy of a training image, 0 nearer") && page.contains("Pictures are left out"), "{page}");
        assert_eq!(page.matches("<figure").count(), SHOWN);
        assert!(page.find("a mirrored copy").unwrap() < page.find("distance 0.500").unwrap() && !page.contains("distance 9.500"), "{page}");
    }
}
