//! Whether synthetic images repeat training images: figures beside those of held-out images, and pairs side by side.

use super::quality::noted;
use super::{Chapter, Material, unreadable};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::Picture;
use crate::report::extractors::Extractors;
use crate::report::pixels::Pixels;
use crate::report::wide::{of_class, significant, table};
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Likeness, MemorisationRow, NearestPair, Record, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const PAIRS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<NearestPair>::NAME };

const FIGURES: Subject = Subject { artifact: ArtifactType::Table, name: Table::<MemorisationRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "nearest", title: "Nearest training images", about: &[PAIRS, FIGURES, Subject::PACK], render };

/// Pairs that are shown of a stage.
const SHOWN: usize = 8;

fn render(m: &Material) -> Result<Option<Markup>> {
    let tables = m.of(PAIRS).map(|found| Ok((found, found.record::<Table<NearestPair>>(m.store)?))).collect::<Result<Vec<_>>>()?;
    let shown = tables.iter().filter_map(|(_, table)| table.as_ref().ok()).flat_map(first).flat_map(|pair| [pair.image, pair.training]);
    let pixels = Pixels::of(m, shown)?;
    let mut out = vec![];
    for found in m.of(FIGURES) {
        let rows = found.record::<Table<MemorisationRow>>(m.store)?;
        let pairs_of_it = tables.iter().find(|(other, _)| other.stage() == found.stage());
        out.push(html! {
            h4 { (found.stage()) }
            (noted(found, &Extractors::default()))
            @if let Some((found, table)) = pairs_of_it { (or_why(found, table, &pixels)) }
            @match &rows { Ok(rows) => (figures(rows, &m.path(found))), Err(why) => (unreadable(found, why)) }
        });
    }
    for (found, table) in tables.iter().filter(|(found, _)| !m.of(FIGURES).any(|other| other.stage() == found.stage())) {
        out.push(html! { h4 { (found.stage()) } (or_why(found, table, &pixels)) });
    }
    Ok((!out.is_empty()).then(|| html! {
        p {
            "How near synthetic images are to training images, beside how near held-out images of other patients are. Of the pairs, copies come first, then those that are nearest. A pair that looks alike to a radiologist may show a memorised patient, whatever its figures say. The p value of a pair is the rank of its distance among those of held-out images of the class; which pairs are nearer is decided by all p values together, at a false discovery rate, so that a small one by itself is no finding."
            @if m.facts.without_images { " Pictures are left out, as the report was asked to be without." }
        }
        @for o in &out { (o) }
    }))
}

fn or_why(found: &ReportArtifact, table: &std::result::Result<Table<NearestPair>, String>, pixels: &Pixels) -> Markup {
    match table {
        Ok(table) => pairs(table, pixels),
        Err(why) => unreadable(found, why),
    }
}

/// The figures of a stage.
fn figures(rows: &Table<MemorisationRow>, elsewhere: &str) -> Markup {
    let is_first = |n: usize| rows.rows[..n].iter().all(|before| before.metric != rows.rows[n].metric);
    let row = |(n, row): (usize, &MemorisationRow)| {
        html! {
            th scope="row" { (row.metric) @if is_first(n) { br; small { (reading(&row.metric)) } } } td { (of_class(&row.class)) } td.num { (significant(row.value)) } td.num { (significant(row.baseline)) }
            td { @if row.baseline.is_some() { @if row.metric == "ms-ssim" { "training images" } @else { "held-out images" } } }
            td.num { (row.training) } td.num { (row.held_out) } td.num { (row.synthetic) } td.text { (row.reason) }
        }
    };
    let heads = ["figure", "class", "value", "baseline", "baseline of", "training images", "held-out images", "synthetic images", "remarks"];
    table("How near synthetic images are to training images", &heads, &rows.rows.iter().enumerate().map(row).collect::<Vec<_>>(), elsewhere)
}

/// What a figure says, in a few words.
fn reading(metric: &str) -> &'static str {
    match metric {
        "copies" => "with the pixels of a training image",
        "mirrored-copies" => "with these pixels, mirrored",
        "near-copies" => "that show a training image, moved, brighter or noisy",
        "training-copies" => "training images that repeat another one",
        "distance-ratio" => "below 1 where they lie nearer than held-out images",
        "authenticity" => "share that lies farther from its nearest training image than that one from another",
        "ms-ssim" => "how alike they are to each other, 1 where all are equal",
        "nearer" => "that lie nearer than held-out images, at a false discovery rate",
        _ => "",
    }
}

/// The pairs that are shown: copies, then the nearest.
fn first(table: &Table<NearestPair>) -> Vec<&NearestPair> {
    let mut sorted: Vec<&NearestPair> = table.rows.iter().collect();
    let largest = |x: Option<f64>| x.unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| {
        let by = b.is_copy().cmp(&a.is_copy()).then(largest(a.p).total_cmp(&largest(b.p)));
        by.then(largest(a.distance).total_cmp(&largest(b.distance))).then(a.image.cmp(&b.image))
    });
    sorted.truncate(SHOWN);
    sorted
}

fn pairs(table: &Table<NearestPair>, pixels: &Pixels) -> Markup {
    let is = |wanted: &[Likeness]| table.rows.iter().filter(|pair| wanted.contains(&pair.flag)).count();
    let (copies, near_copies) = (is(&[Likeness::Copy, Likeness::MirroredCopy]), is(&[Likeness::NearCopy]));
    let (nearer, untested) = (is(&[Likeness::Nearer]), is(&[Likeness::NotTested]));
    html! {
        p {
            (counted(table.rows.len(), "synthetic image", "synthetic images")) ": " (counted(copies, "copy", "copies")) " and "
            (counted(near_copies, "near copy", "near copies")) " of training images, " (nearer) " nearer to one than held-out images are"
            @if untested > 0 { "; " (untested) " could not be compared with held-out images, of which there are too few" } "."
        }
        div.cards { @for pair in first(table) { (card(pair, pixels)) } }
    }
}

fn card(pair: &NearestPair, pixels: &Pixels) -> Markup {
    let picture = |image: &Digest, what: &str| {
        html! { @if let Some(bytes) = pixels.png(image) { (Picture::png(&bytes, what).html()) } }
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
        let figure = MemorisationRow { metric: "authenticity".into(), value: Some(0.25), baseline: Some(0.5), held_out: 4, ..MemorisationRow::default() };
        let of = |stage: &str, file: &str, csv: &[u8]| made(&store, stage, ("table", file), csv, Value::Null);
        let stages = vec![
            of("memory", "nearest-training-images.csv", &csv),
            of("memory", "memorisation.csv", &Table { rows: vec![figure] }.to_csv().unwrap()),
            of("odd", "memorisation.csv", b"a,b\n"),
        ];
        let page = CHAPTER.of(&Facts { stages, without_images: true, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(
            page.contains("11 synthetic images: 1 copy and 0 near copies of training images, 0 nearer") && page.contains("Pictures are left out"),
            "{page}"
        );
        assert_eq!(page.matches("<figure").count(), SHOWN);
        assert!(page.find("a mirrored copy").unwrap() < page.find("distance 0.500").unwrap() && !page.contains("distance 9.500"), "{page}");
        assert!(
            page.contains("<td><i>all classes</i></td><td class=\"num\">0.2500</td><td class=\"num\">0.5000</td>")
                && page.contains("<b>odd</b> cannot be shown"),
            "{page}"
        );
        assert_eq!(page.matches("<h4>memory</h4>").count(), 1, "figures and pairs of a stage are together");
    }
}
