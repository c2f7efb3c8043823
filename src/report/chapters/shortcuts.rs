//! How much of what a classifier can do rests on where images are from, on their border, their grey level or their fine detail: in a
//! sentence, as figures, and in numbers; and how far single numbers of images tell a class.

mod plain;

use super::{Chapter, Material, unreadable};
use crate::report::arms::arm_of;
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::drawing;
use crate::report::reasons::Reasons;
use crate::report::wide::{interval, prose, short, table};
use hilum_cache::{Digest, Result};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::evaluation::sentence::p_value;
use hilum_stages::figures::{self, Drawn};
use hilum_stages::records::{ProbeRow, Record, ShortcutRow, Table, WithinGroupsRow};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeSet;

const GROUPS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<WithinGroupsRow>::NAME };
const PROBES: Subject = Subject { artifact: ArtifactType::Table, name: Table::<ProbeRow>::NAME };
const NUMBERS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<ShortcutRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "shortcuts", title: "Shortcuts", about: &[GROUPS, PROBES, NUMBERS], render };

/// Stages whose numbers are on the page, training sets of which single numbers are, and such numbers of each.
const STAGES: usize = 8;
const SETS: usize = 4;
const STRONGEST: usize = 10;
/// From here on, a single number tells too much.
const STRONG: f64 = 0.8;

/// A table with the arm that it is of.
type OfArm<T> = (String, Table<T>);

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut faults, mut numbers): (Vec<Markup>, Vec<Markup>) = (vec![], vec![]);
    let mut groups: Vec<OfArm<WithinGroupsRow>> = vec![];
    for found in m.of(GROUPS) {
        match found.record::<Table<WithinGroupsRow>>(m.store)? {
            Ok(table) => {
                if numbers.len() < STAGES {
                    numbers.push(of_groups(found, &table, &m.path(found)));
                }
                groups.push((arm_of(found.stage()), table));
            }
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let mut probes: Vec<OfArm<ProbeRow>> = vec![];
    let mut of_changed: Vec<Markup> = vec![];
    for found in m.of(PROBES) {
        match found.record::<Table<ProbeRow>>(m.store)? {
            Ok(table) => {
                if of_changed.len() < STAGES {
                    of_changed.push(of_probes(found, &table, &m.path(found)));
                }
                probes.push((arm_of(found.stage()), table));
            }
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let single = single_numbers(m)?;
    let further = groups.len().saturating_sub(STAGES);
    let drawn: Vec<Drawn> = figures::of_groups(&groups).into_iter().chain(figures::of_probes(&probes)).collect();
    let any = !groups.is_empty() || !probes.is_empty() || !faults.is_empty() || single.is_some();
    Ok(any.then(|| {
        html! {
            @if !groups.is_empty() || !probes.is_empty() {
                p { "The AUROC is the share of pairs, of one image of a class and one of the rest, in which the classifier finds the right one. Where classes come from different sources, such as hospitals, it may recognise the source: only pairs of one source tell the two apart. It is that of one training and of the images named here, and not the mean over trainings of a comparison." }
            }
            @for (arm, table) in groups.iter().take(STAGES) { @for said in plain::of_groups(table) { (sentence(arm, groups.len() > 1, table.rows.iter().map(|row| (row.images, row.patients)), &said)) } }
            @for (arm, table) in probes.iter().take(STAGES) { @if let Some(said) = plain::of_probes(table) { (sentence(arm, probes.len() > 1, table.rows.iter().map(|row| (row.images, row.patients)), &said)) } }
            @if !drawn.is_empty() { div.pair { @for figure in &drawn { (drawing(figure.figure.name, &figure.drawing)) } } }
            @for one in numbers.iter().chain(&of_changed) { (one) }
            @if further > 0 { p.more { "and " (counted(further, "more stage", "more stages")) " in " (prose(&m.elsewhere("`groups.csv` and `probes.csv`"))) } }
            @if let Some(single) = &single { (single) }
            @for fault in &faults { (fault) }
        }
    }))
}

/// A sentence, with the arm that it is of where there are several, and with how many images of how many patients it goes by: these
/// need not be those of a comparison.
fn sentence(arm: &str, several: bool, of: impl Iterator<Item = (usize, usize)>, said: &str) -> Markup {
    let (images, patients) = of.max().unwrap_or_default();
    let of = format!("{} of {}", counted(images, "image", "images"), counted(patients, "patient", "patients"));
    html! { p.plain { b { @if several { (arm) ", " } (of) } ": " (said) } }
}

/// Areas within and between groups.
fn of_groups(found: &ReportArtifact, rows: &Table<WithinGroupsRow>, elsewhere: &str) -> Markup {
    let reasons = Reasons::of(rows.rows.iter().filter(|row| limits(row).is_none()).map(|row| row.interval.as_str()));
    let row = |row: &WithinGroupsRow, of: &str| {
        let (value, limits) = (if row.measure == "share-left" { percent(row.value) } else { short(row.value) }, limits(row));
        html! {
            td { (row.by) } td { (of) } th scope="row" { (row.measure) } td.num { (value) br; small { @match limits { Some(limits) => (limits), None => (reasons.no_interval(&row.interval)) } } }
            td.num { (row.pairs) } td.num { (row.groups) } td.num { (row.images) } td.num { (row.patients) }
        }
    };
    let rows: Vec<Markup> = rows.told().iter().flat_map(|told| told.rows.iter().map(|r| row(r, &told.name())).collect::<Vec<_>>()).collect();
    let heads = ["by", "class", "measure", "value", "pairs of images", "groups", "images", "patients"];
    html! { details { summary { "Numbers of " (found.stage()) ": within and between groups" } (table("Areas within and between groups", &heads, &rows, elsewhere)) (reasons.below()) } }
}

fn limits(row: &WithinGroupsRow) -> Option<String> {
    match row.measure.as_str() {
        "share-left" => row.low.zip(row.high).map(|(low, high)| format!("[{}, {}]", percent(Some(low)), percent(Some(high)))),
        _ => interval(row.low, row.high),
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

/// Areas of changed images.
fn of_probes(found: &ReportArtifact, rows: &Table<ProbeRow>, elsewhere: &str) -> Markup {
    let open = |row: &ProbeRow| row.low.zip(row.high).is_none() || row.loss.is_some() && row.loss_low.zip(row.loss_high).is_none();
    // Where the area has an interval, the record says how, and not why what follows from it has none.
    let why = |row: &ProbeRow| if row.low.is_none() { row.interval.clone() } else { String::new() };
    let all: Vec<String> = rows.rows.iter().filter(|row| open(row)).map(why).collect();
    let reasons = Reasons::of(all.iter().map(String::as_str));
    let with = |row: &ProbeRow, value: String, limits: Option<String>| {
        html! { (value) br; small { @match limits { Some(limits) => (limits), None => (reasons.no_interval(&why(row))) } } }
    };
    let row = |row: &ProbeRow, of: &str| {
        let kept = row.kept_low.zip(row.kept_high).map(|(low, high)| format!("[{}, {}]", percent(Some(low)), percent(Some(high))));
        html! {
            td { (of) } th scope="row" { (row.in_words()) } td.num { (with(row, short(row.auroc), interval(row.low, row.high))) }
            td.num { @if row.loss.is_some() { (with(row, short(row.loss), interval(row.loss_low, row.loss_high))) } }
            td.num { (row.p.map_or(String::new(), p_value)) } td.num { @if row.kept.is_some() { (with(row, percent(row.kept), kept)) } }
            td.num { (row.images) } td.num { (row.patients) }
        }
    };
    let rows: Vec<Markup> = rows.told().iter().flat_map(|told| told.rows.iter().map(|r| row(r, &told.name())).collect::<Vec<_>>()).collect();
    let heads = ["class", "images", "AUROC", "loss", "p", "kept of what is above 0.5", "images", "patients"];
    html! { details { summary { "Numbers of " (found.stage()) ": changed images" } (table("Areas of changed images", &heads, &rows, elsewhere)) (reasons.below()) } }
}

/// How far single numbers of training images tell classes: the strongest of each set that differs.
fn single_numbers(m: &Material) -> Result<Option<Markup>> {
    let (mut rows, mut known): (Vec<Markup>, BTreeSet<Digest>) = (vec![], BTreeSet::new());
    for found in m.of(NUMBERS) {
        // What cannot be read is a table of a newer program, beside which nothing is lost.
        let Ok(table) = found.record::<Table<ShortcutRow>>(m.store)? else { continue };
        if table.rows.is_empty() || known.len() == SETS || !known.insert(found.digest) {
            continue;
        }
        let mut sorted: Vec<&ShortcutRow> = table.rows.iter().collect();
        sorted.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
        rows.extend(sorted.into_iter().take(STRONGEST).map(|row| {
            html! {
                td { (found.stage()) } td { @if row.told == "synthetic" { "synthetic from real images of " (row.class) } @else { (row.class) " from the rest" } }
                th scope="row" { (row.feature) } td.num { @if row.strength() > STRONG { b { (short(Some(row.auroc))) } } @else { (short(Some(row.auroc))) } }
                td.num { (row.images) } td.num { (row.others) }
            }
        }));
    }
    Ok((!rows.is_empty()).then(|| {
        html! {
            h4 { "Single numbers of training images" }
            p { "How far one number of each image tells classes without any network, the " (STRONGEST) " strongest of each training set: 0.5 tells nothing, near 0 or 1 the class can be read off the files." }
            (table("Single numbers of training images", &["training", "told", "number", "AUROC", "images", "others"], &rows, &m.elsewhere("`shortcuts.csv`")))
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    fn area(class: &str, measure: &str, value: f64, spread: f64) -> WithinGroupsRow {
        WithinGroupsRow {
            by: "source".into(),
            class: class.into(),
            measure: measure.into(),
            value: Some(value),
            low: Some(value - spread),
            high: Some(value + spread),
            pairs: 300,
            groups: 2,
            images: 60,
            patients: 50,
            ..WithinGroupsRow::default()
        }
    }

    #[test]
    fn a_sentence_stands_before_the_figures_and_the_numbers() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let of = |class: &str| {
            [("auroc", 0.875), ("auroc-within", 0.625), ("auroc-between", 0.9), ("share-left", 1.0 / 3.0)].map(|(what, v)| area(class, what, v, 0.125))
        };
        let groups = Table { rows: [of("<covid>"), of("normal")].concat() };
        let probe = |class: &str, probe: &str, auroc: f64, loss: Option<f64>| ProbeRow {
            probe: probe.into(),
            class: class.into(),
            auroc: Some(auroc),
            low: Some(auroc - 0.0625),
            high: Some(auroc + 0.0625),
            loss,
            loss_low: loss.map(|l| l - 0.0625),
            loss_high: loss.map(|l| l + 0.0625),
            p: loss.map(|_| 0.04),
            kept: loss.map(|_| 0.5),
            ..ProbeRow::default()
        };
        let probes = ["<covid>", "normal"].iter().flat_map(|class| [probe(class, "none", 0.875, None), probe(class, "only-border", 0.625, Some(0.25))]);
        let single = |feature: &str, auroc| ShortcutRow { told: "class".into(), class: "covid".into(), feature: feature.into(), images: 3, others: 4, auroc };
        let single = Table { rows: vec![single("mean", 0.5), single("darkest", 0.125)] }.to_csv().unwrap();
        let csv = |stage: &str, file: &str, csv: &[u8]| made(&store, stage, ("table", file), csv, Value::Null);
        let stages = vec![
            csv("cues", "auroc-within-groups.csv", &groups.to_csv().unwrap()),
            csv("cues", "probes.csv", &Table { rows: probes.collect() }.to_csv().unwrap()),
            csv("odd", "probes.csv", b"a\n"),
            csv("classifier/repeat=0", "shortcuts.csv", &single),
            csv("classifier/repeat=1", "shortcuts.csv", &single),
        ];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("in 62 of 100 pairs") < at("<img class=\"drawing\"") && at("<img class=\"drawing\"") < at("<th scope=\"row\">auroc-within</th>"));
        assert_eq!(page.matches("<figure>").count(), 2);
        assert!(page.contains("<b>60 images of 50 patients</b>: "), "{page}");
        assert!(page.contains("&lt;covid&gt; against normal</td><th scope=\"row\">share-left</th><td class=\"num\">33 %<br><small>[21 %, 46 %]"), "{page}");
        assert!(page.contains("the border alone</th><td class=\"num\">0.625<br><small>[0.562, 0.688]</small></td><td class=\"num\">0.250<br>"), "{page}");
        assert!(
            at("<td class=\"num\"><b>0.125</b>") < at("<th scope=\"row\">mean</th>") && !page.contains("<td>classifier/repeat=1</td>"),
            "of equal tables one"
        );
        assert!(page.contains("<b>odd</b> cannot be shown"), "{page}");
    }
}
