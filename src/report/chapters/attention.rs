//! Where in images classifiers find a class: the figure of some images, and how much of all maps is in the border and in masks.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::drawing::captioned;
use crate::report::reasons::Reasons;
use crate::report::wide::{of_class, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures::attention::ATTENTION;
use hilum_stages::records::{AttentionSummary, Record, Table};
use maud::{Markup, html};

const SUMMARY: Subject = Subject { artifact: ArtifactType::Table, name: Table::<AttentionSummary>::NAME };
const FIGURE: Subject = Subject { artifact: ArtifactType::Figure, name: ATTENTION };

pub(super) const CHAPTER: Chapter = Chapter { id: "attention", title: "Where classifiers look", about: &[SUMMARY, FIGURE], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(SUMMARY) {
        out.push(match found.record::<Table<AttentionSummary>>(m.store)? {
            Ok(summary) => html! { h4 { (found.stage()) } (shares(&summary, &m.path(found))) },
            Err(why) => unreadable(found, &why),
        });
        for figure in m.of(FIGURE).filter(|figure| figure.stage() == found.stage()) {
            if let Some(bytes) = figure.bytes(m.store, ".svg")? {
                out.push(captioned(&bytes, &format!("Maps of {}", found.stage()), &m.place(figure)));
            }
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "The share of the maps' energy in the border of images, the outer eighth of each side, where no disease is. A map that is the same everywhere has the share of the area. Where images have masks, such as of the lungs, the share in them stands beside it, of the images that have one. Intervals at 95 % are over patients." }
            @for o in &out { (o) }
        }
    }))
}

fn shares(summary: &Table<AttentionSummary>, elsewhere: &str) -> Markup {
    let percent = |share: Option<f64>| share.map(|share| format!("{:.1} %", share * 100.0)).unwrap_or_default();
    let range = |low: Option<f64>, high: Option<f64>| Some(format!("{} to {}", percent(Some(low?)), percent(Some(high?))));
    let shown = || summary.rows.iter().filter(|row| row.images + row.empty_maps > 0);
    // Of shares in the border and of those in masks, which are of the same patients or of fewer.
    let is_open = |row: &AttentionSummary| row.low.zip(row.high).is_none() || row.in_mask.is_some() && row.in_mask_low.zip(row.in_mask_high).is_none();
    let reasons = Reasons::of(shown().filter(|row| is_open(row)).map(|row| row.reason.as_str()));
    let interval = |row: &AttentionSummary, limits: Option<String>| limits.map_or_else(|| reasons.no_interval(&row.reason), |limits| html! { (limits) });
    let has_masks = summary.rows.iter().any(|row| row.masked > 0);
    let masks = if has_masks { &["in the mask", "interval", "area", "with a mask"][..] } else { &[] };
    let alike = |row: &AttentionSummary| row.randomised_ssim.map(|alike| format!("{alike:.2}")).unwrap_or_default();
    let outcome = |row: &AttentionSummary| if row.outcome.is_empty() { "right or wrong".to_owned() } else { row.outcome.clone() };
    let mut heads = vec!["class", "by the largest probability", "in the border", "interval", "area"];
    heads.extend(masks);
    heads.extend(["images", "patients", "zero maps", "SSIM with a random last layer"]);
    let row = |row: &AttentionSummary| {
        html! {
            td { (of_class(&row.label)) } td { (outcome(row)) } td.num { (percent(row.border)) } td { (interval(row, range(row.low, row.high))) } td.num { (percent(row.border_area)) }
            @if has_masks {
                td.num { (percent(row.in_mask)) } td { @if row.in_mask.is_some() { (interval(row, range(row.in_mask_low, row.in_mask_high))) } }
                td.num { (percent(row.mask_area)) } td.num { (row.masked) }
            }
            td.num { (row.images) } td.num { (row.patients) } td.num { (row.empty_maps) } td.num { (alike(row)) }
        }
    };
    let rows: Vec<Markup> = shown().map(row).collect();
    html! { (table("Energy of maps in the border", &heads, &rows, elsewhere)) (reasons.below()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::json;

    #[test]
    fn shares_and_maps_of_a_stage_are_together_and_a_table_that_does_not_read_says_why() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row =
            AttentionSummary { border: Some(0.25), low: Some(0.125), high: Some(0.5), border_area: Some(0.4375), images: 7, ..AttentionSummary::default() };
        let few = AttentionSummary { label: "<covid>".into(), outcome: "wrong".into(), images: 1, reason: "too few".into(), ..AttentionSummary::default() };
        let named = AttentionSummary { label: "all".into(), images: 2, ..AttentionSummary::default() };
        let none = AttentionSummary { label: "nobody".into(), ..AttentionSummary::default() };
        let masked =
            Table { rows: vec![AttentionSummary { in_mask: Some(0.625), mask_area: Some(0.3), masked: 5, ..row.clone() }, few.clone()] }.to_csv().unwrap();
        let csv = Table { rows: vec![row, few, named, none] }.to_csv().unwrap();
        let table = |stage: &str, csv: &[u8]| made(&store, stage, ("table", "attention-summary.csv"), csv, json!({}));
        let stages = vec![
            table("looks/arm=real", &csv),
            made(&store, "looks/arm=real", ("figure", "attention.svg"), b"<svg></svg>", json!({})),
            table("looks/arm=masked", &masked),
            table("looks/arm=odd", b"label\n1\n"),
        ];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(page.contains("<td class=\"num\">25.0 %</td><td>12.5 % to 50.0 %</td><td class=\"num\">43.8 %</td>"), "{page}");
        assert!(page.contains("<td>&lt;covid&gt;</td><td>wrong</td>") && page.contains("too few") && !page.contains("nobody"), "{page}");
        assert!(page.contains("<td><i>all classes</i></td><td>right or wrong</td>") && page.contains("<td>all</td><td>right or wrong</td>"), "{page}");
        let (plain, masked) = page.split_once("looks/arm=masked").unwrap();
        assert!(!plain.contains("in the mask"), "no columns of masks without masks: {plain}");
        assert!(
            masked.contains("<td class=\"num\">62.5 %</td><td>no interval<sup>a</sup></td><td class=\"num\">30.0 %</td><td class=\"num\">5</td>"),
            "{masked}"
        );
        assert!(page.contains("Maps of looks/arm=real") && page.contains("has no column"), "{page}");
    }
}
