//! Images that show one picture: what sources share, and the pairs that most need somebody who looks at them, side by side.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::Picture;
use crate::report::pixels::Pixels;
use crate::report::wide::{short, table};
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{DuplicatePair, Kept, Record, SameBy, SharedPictures, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const PAIRS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<DuplicatePair>::NAME };

const SHARED: Subject = Subject { artifact: ArtifactType::Table, name: Table::<SharedPictures>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "duplicates", title: "Duplicates", about: &[SHARED, PAIRS, Subject::PACK], render };

/// Pairs that are shown of a stage.
const SHOWN: usize = 8;

fn render(m: &Material) -> Result<Option<Markup>> {
    let tables = m.of(PAIRS).map(|found| Ok((found, found.record::<Table<DuplicatePair>>(m.store)?))).collect::<Result<Vec<_>>>()?;
    let shown = tables.iter().filter_map(|(_, table)| table.as_ref().ok()).flat_map(first).flat_map(|pair| [pair.first, pair.second]);
    let pixels = Pixels::of(m, shown)?;
    let mut out = vec![];
    for found in m.of(SHARED) {
        let rows = found.record::<Table<SharedPictures>>(m.store)?;
        out.push(html! {
            h4 { (found.stage()) }
            @match &rows { Ok(rows) => (shared(rows, &m.path(found))), Err(why) => (unreadable(found, why)) }
            @if let Some((found, table)) = tables.iter().find(|(other, _)| other.stage() == found.stage()) { (or_why(found, table, &pixels)) }
        });
    }
    Ok((!out.is_empty()).then(|| html! {
        p {
            "Images that show one picture, of which no more than one is kept. Of the pairs whose pixels differ, those with different labels come first, then those that agree least: whether they are one picture is for somebody to see who knows such images."
            @if m.facts.without_images { " Pictures are left out, as the report was asked to be without." }
        }
        @for o in &out { (o) }
    }))
}

fn or_why(found: &ReportArtifact, table: &std::result::Result<Table<DuplicatePair>, String>, pixels: &Pixels) -> Markup {
    match table {
        Ok(table) => pairs(table, pixels),
        Err(why) => unreadable(found, why),
    }
}

/// What sources share.
fn shared(rows: &Table<SharedPictures>, elsewhere: &str) -> Markup {
    let row = |row: &SharedPictures| {
        html! {
            th scope="row" { (row.first_source) } td { @if row.first_source == row.second_source { i { "itself" } } @else { (row.second_source) } }
            td.num { (row.first_images) } td.num { (row.second_images) } td.num { (row.pictures) }
            td.num { (row.file) } td.num { (row.pixels) } td.num { (row.look) } td.num { (row.mirrored) } td.num { (row.conflicts) }
        }
    };
    let heads = ["source", "shares with", "its images", "the other's", "pictures", "same file", "same pixels", "same look", "mirrored", "labels differ"];
    html! {
        @if rows.rows.is_empty() { p { "No picture has several images." } }
        @else { (table("Pictures that sources share", &heads, &rows.rows.iter().map(row).collect::<Vec<_>>(), elsewhere)) }
    }
}

/// The pairs that are shown: of those whose pixels differ, the doubtful ones.
fn first(table: &Table<DuplicatePair>) -> Vec<&DuplicatePair> {
    let mut sorted: Vec<&DuplicatePair> = table.rows.iter().filter(|pair| pair.same_by > SameBy::Pixels).collect();
    let agrees = |pair: &DuplicatePair| pair.first_label == pair.second_label;
    let detail = |pair: &DuplicatePair| pair.detail.unwrap_or(0.0);
    sorted.sort_by(|a, b| agrees(a).cmp(&agrees(b)).then(detail(a).total_cmp(&detail(b))).then((a.first, a.second).cmp(&(b.first, b.second))));
    sorted.truncate(SHOWN);
    sorted
}

fn pairs(table: &Table<DuplicatePair>, pixels: &Pixels) -> Markup {
    let shown = first(table);
    let all = table.rows.iter().filter(|pair| pair.same_by > SameBy::Pixels).count();
    html! {
        @if !shown.is_empty() {
            p { (counted(all, "pair of images differs", "pairs of images differ")) " in their pixels" @if all > shown.len() { ", of which " (shown.len()) " are shown" } "." }
            div.cards { @for pair in shown { (card(pair, pixels)) } }
        }
    }
}

fn card(pair: &DuplicatePair, pixels: &Pixels) -> Markup {
    let picture = |image: &Digest, what: String| {
        html! { @if let Some(bytes) = pixels.png(image) { (Picture::png(&bytes, &what).html()) } }
    };
    let of = |label: &str, source: &str| format!("{label} ({source})");
    let (a, b) = (of(&pair.first_label, &pair.first_source), of(&pair.second_label, &pair.second_source));
    let kept = match pair.kept {
        Kept::First => "the first is kept",
        Kept::Second => "the second is kept",
        Kept::Neither => "neither is kept",
    };
    html! {
        figure.card.twin {
            div.two { (picture(&pair.first, format!("image of {a}"))) (picture(&pair.second, format!("image of {b}"))) }
            figcaption {
                (a) " and " (b) ": " @if pair.same_by == SameBy::Mirrored { "mirrored, " } (kept)
                br; small {
                    "correlation " (short(pair.correlation)) ", fine structure " (short(pair.detail))
                    br; code { (pair.first.short()) } " " code { (pair.second.short()) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::pixels::tests::packed;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    #[test]
    fn doubtful_pairs_are_shown_side_by_side_and_nothing_is_shown_without_images() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let image = |n: u8| Digest::of(&[n; 4]);
        let pair = |n: u8, same_by, detail, label: &str| DuplicatePair {
            first: image(0),
            second: image(n),
            first_source: "<ours>".into(),
            second_source: "theirs".into(),
            first_label: "covid".into(),
            second_label: label.into(),
            same_by,
            distance: Some(2),
            correlation: Some(0.9961),
            detail: Some(detail),
            kept: Kept::First,
        };
        let mut rows: Vec<DuplicatePair> = (1..=9).map(|n| pair(n, SameBy::Look, 1.0 - f64::from(n) / 100.0, "covid")).collect();
        rows.extend([pair(10, SameBy::Pixels, 0.5, "covid"), pair(11, SameBy::Mirrored, 0.995, "normal")]);
        let shared = SharedPictures { first_source: "<ours>".into(), second_source: "theirs".into(), pictures: 11, ..SharedPictures::default() };
        let of = |stage: &str, file: &str, csv: &[u8]| made(&store, stage, ("table", file), csv, Value::Null);
        let stages = || {
            let none = Table::<SharedPictures>::default().to_csv().unwrap();
            vec![
                of("unique", "shared-pictures.csv", &Table { rows: vec![shared.clone()] }.to_csv().unwrap()),
                of("unique", "duplicate-images.csv", &Table { rows: rows.clone() }.to_csv().unwrap()),
                of("nothing", "shared-pictures.csv", &none),
                of("odd", "shared-pictures.csv", b"a,b\n"),
                packed(&store, "pixels", &[vec![0; 4], vec![11; 4]]),
            ]
        };
        let facts = |without_images| Facts { stages: stages(), without_images, ..Facts::default() };
        let (with, without) = (facts(false), facts(true));
        let store = store.into_store();
        let page = CHAPTER.of(&with, &store).unwrap().into_string();
        assert!(page.contains("10 pairs of images differ in their pixels, of which 8 are shown."), "{page}");
        let (first, second) = (page.find(&image(11).short().to_string()).unwrap(), page.find(&image(9).short().to_string()).unwrap());
        assert!(first < second, "another label comes first, and then the least fine structure: {page}");
        assert!(page.contains("covid (&lt;ours&gt;) and normal (theirs): mirrored, the first is kept") && page.contains("correlation 0.996"), "{page}");
        assert!(!page.contains(&image(10).short().to_string()) && !page.contains(&image(1).short().to_string()), "{page}");
        // The pictures that a pack has: the first image of each card, and the second of one.
        assert_eq!(page.matches("<img").count(), SHOWN + 1, "{page}");
        assert!(page.contains("No picture has several images.") && page.contains("<b>odd</b> cannot be shown"), "{page}");
        let page = CHAPTER.of(&without, &store).unwrap().into_string();
        assert!(!page.contains("<img") && page.contains("Pictures are left out"), "{page}");
    }
}
