//! How good synthetic images are: each figure beside the same figure of two halves of the real images, by each extractor, and whether
//! extractors agree on which class is better generated.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::drawing::drawing;
use crate::report::extractors::{Extractors, FEATURES};
use crate::report::wide::{breakable, prose, significant, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::contract::note::Note;
use hilum_stages::distinct::distinct;
use hilum_stages::figures;
use hilum_stages::records::{AgreementRow, QualityRow, Record, Table};
use maud::{Markup, html};
use std::collections::BTreeMap;

const QUALITY: Subject = Subject { artifact: ArtifactType::Table, name: Table::<QualityRow>::NAME };
const AGREEMENT: Subject = Subject { artifact: ArtifactType::Table, name: Table::<AgreementRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "quality", title: "Quality of synthetic images", about: &[QUALITY, AGREEMENT, FEATURES], render };

/// Sets of features whose notes are shown.
const SETS: usize = 12;

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut out, mut sets): (Vec<Markup>, Vec<(String, Table<QualityRow>)>) = (vec![], vec![]);
    let extractors = Extractors::of(m, m.of(FEATURES))?;
    for found in m.of(QUALITY) {
        match found.record::<Table<QualityRow>>(m.store)? {
            Ok(mut rows) => {
                rows.rows.iter_mut().for_each(|row| row.extractor = extractors.name(&row.extractor));
                let agreement = m.of(AGREEMENT).find(|other| other.stage() == found.stage());
                let agreement = agreement.map(|found| found.record::<Table<AgreementRow>>(m.store)).transpose()?;
                out.push(html! {
                    h4 { (found.stage()) }
                    (noted(found, &extractors))
                    (of_all(&rows, &m.path(found)))
                    (of_classes(&rows, &m.path(found)))
                    @match agreement { None => {}, Some(Ok(rows)) => (agreeing(&rows, &extractors)), Some(Err(why)) => (unreadable(found, &why)) }
                });
                sets.push((found.stage().to_owned(), rows));
            }
            Err(why) => out.push(unreadable(found, &why)),
        }
    }
    let drawn = figures::of_qualities(&short(sets));
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "A figure of synthetic images means something only beside its baseline: that of two halves of the real images, which differ by chance alone. Figures by another extractor, or of sets of other sizes, are not comparable." }
            @for figure in &drawn { (drawing(figure.figure.name, &figure.drawing)) }
            @for o in &out { (o) }
            @if m.of(FEATURES).next().is_some() { h4 { "Features" } }
            @for found in m.of(FEATURES).take(SETS) { p { b { (found.stage()) } ": " (notes(found, &extractors)) } }
        }
    }))
}

/// The same under names that fit into a figure.
fn short(mut sets: Vec<(String, Table<QualityRow>)>) -> Vec<(String, Table<QualityRow>)> {
    let stages = differing(distinct(sets.iter().map(|(stage, _)| stage.as_str())));
    let extractors = differing(distinct(sets.iter().flat_map(|(_, table)| table.rows.iter().map(|row| row.extractor.as_str()))));
    for (stage, table) in &mut sets {
        stage.clone_from(&stages[stage]);
        table.rows.iter_mut().for_each(|row| row.extractor = besides(&extractors[&row.extractor], stage));
    }
    sets
}

/// What a name has besides another one that stands before it; all of it where that is nothing.
fn besides(name: &str, before: &str) -> String {
    let own: Vec<&str> = name.split(", ").filter(|part| before.split(", ").all(|known| known != *part)).collect();
    if own.is_empty() { name.to_owned() } else { own.join(", ") }
}

/// Names with what only some of them have: values of axes without the axis, unless they are numbers. Names that would be equal then,
/// or empty, stay as they are.
fn differing(names: Vec<&str>) -> BTreeMap<String, String> {
    let parts: Vec<Vec<&str>> = names.iter().map(|name| name.split(['/', ':']).map(str::trim).collect()).collect();
    let value = |part: &&str| part.split_once('=').filter(|(_, value)| value.parse::<f64>().is_err()).map_or(*part, |(_, value)| value).to_owned();
    let own = |of: &Vec<&str>| of.iter().filter(|part| !parts.iter().all(|other| other.contains(part))).map(value).collect::<Vec<_>>().join(", ");
    let short: Vec<String> = parts.iter().map(own).collect();
    let is_fit = distinct(short.iter().map(String::as_str)).len() == names.len() && short.iter().all(|name| !name.is_empty());
    names.iter().zip(short).map(|(name, short)| ((*name).to_owned(), if is_fit { short } else { (*name).to_owned() })).collect()
}

/// What a stage noted of how it computed.
pub(super) fn noted(found: &ReportArtifact, extractors: &Extractors) -> Markup {
    html! { @if !found.receipt.notes.is_empty() { p { small { (notes(found, extractors)) } } } }
}

fn notes(found: &ReportArtifact, extractors: &Extractors) -> Markup {
    let all: Vec<String> = found.receipt.notes.iter().map(|note| extractors.in_text(&Note::read(note).text)).collect();
    prose(&all.join("; "))
}

fn value(row: &QualityRow) -> Markup {
    html! { (significant(row.value)) @if let Some(error) = row.standard_error { small { " ± " (significant(Some(error))) } } }
}

/// Figures of all images: a row for each, with a pair of columns for each extractor.
fn of_all(rows: &Table<QualityRow>, elsewhere: &str) -> Markup {
    let whole = || rows.rows.iter().filter(|row| row.class.is_empty());
    let (metrics, extractors) = (distinct(whole().map(|row| row.metric.as_str())), distinct(whole().map(|row| row.extractor.as_str())));
    let of = |metric: &str, extractor: &str| whole().find(|row| row.metric == metric && row.extractor == extractor);
    let mut heads = vec![html! { "figure" }];
    for extractor in &extractors {
        heads.push(html! { (breakable(extractor)) @if !extractor.is_empty() { br; } "synthetic against real" });
        heads.push(html! { (breakable(extractor)) @if !extractor.is_empty() { br; } "two halves of the real images" });
    }
    heads.push(html! { "how to read it" });
    let row = |metric: &&str| {
        let all: Vec<Option<&QualityRow>> = extractors.iter().map(|extractor| of(metric, extractor)).collect();
        let mut remarks: Vec<&str> = all.iter().flatten().map(|row| row.reason.as_str()).filter(|reason| !reason.is_empty()).collect();
        remarks.dedup();
        html! {
            th scope="row" { (metric) }
            @for row in &all {
                td.num { @if let Some(row) = row { (value(row)) } @else { "–" } }
                td.num { (significant(row.and_then(|row| row.baseline))) }
            }
            td.text { (all.iter().flatten().next().map_or("", |row| row.reading())) @for remark in remarks { br; small { (remark) } } }
        }
    };
    table("Figures of all images", &heads, &metrics.iter().map(row).collect::<Vec<_>>(), elsewhere)
}

/// Figures of each class; nothing where there are none.
fn of_classes(rows: &Table<QualityRow>, elsewhere: &str) -> Markup {
    let heads = ["extractor", "class", "figure", "synthetic against real", "two halves of the real images", "real", "synthetic", "remarks"];
    let row = |row: &QualityRow| {
        html! {
            td { (row.extractor) } td { (row.class) } th scope="row" { (row.metric) } td.num { (value(row)) } td.num { (significant(row.baseline)) }
            td.num { (row.real) } td.num { (row.synthetic) } td.text { (row.reason) }
        }
    };
    let of_classes: Vec<Markup> = rows.rows.iter().filter(|row| !row.class.is_empty()).map(row).collect();
    html! { @if !of_classes.is_empty() { details { summary { "Figures of each class" } (table("Figures of each class", &heads, &of_classes, elsewhere)) } } }
}

/// Whether extractors order the classes alike; nothing where there is one extractor.
fn agreeing(agreement: &Table<AgreementRow>, extractors: &Extractors) -> Markup {
    let known: Vec<f64> = agreement.rows.iter().filter_map(|row| row.spearman).collect();
    let low = known.iter().filter(|rho| **rho < 0.5).count();
    let row = |row: &AgreementRow| {
        html! {
            th scope="row" { (row.metric) } td { (extractors.name(&row.extractor)) } td { (extractors.name(&row.other)) } td.num { (row.classes) } td.num { (significant(row.spearman)) } td.num { (significant(row.kendall)) }
            td.text { (row.reason) }
        }
    };
    html! {
        @if !agreement.rows.is_empty() {
            h4 { "Do extractors agree?" }
            @if known.is_empty() {
                p { "No two orders of the classes can be compared: " (distinct(agreement.rows.iter().map(|row| row.reason.as_str())).join("; ")) "." }
            } @else { p {
                "Rank correlations of the classes by two extractors: 1 where both order the classes alike, from the best to the worst generated one, and −1 where one has the reverse order."
                @if low > 0 { " In " (low) " of " (known.len()) ", it is below 0.5: which class is better generated depends on the extractor." }
            }
            (table("Agreement of extractors", &["figure", "extractor", "and", "classes", "Spearman’s ρ", "Kendall’s τ-b", "remarks"], &agreement.rows.iter().map(row).collect::<Vec<_>>(), "`agreement.csv` of this stage")) }
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
    fn names_in_a_figure_are_what_differs_between_them() {
        let short = |names: &[&str]| differing(names.to_vec()).into_values().collect::<Vec<_>>();
        assert_eq!(short(&["quality/from=a", "quality/from=b"]), ["a", "b"]);
        assert_eq!(short(&["net/arm=real/repeat=0: x", "net/arm=real/repeat=1: x"]), ["repeat=0", "repeat=1"]);
        assert_eq!(short(&["a.safetensors: inception", "net/arm=real: x"]), ["a.safetensors, inception", "net, real, x"]);
        assert_eq!(short(&["s/from=a", "s/to=a"]), ["s/from=a", "s/to=a"], "equal without their axes");
        assert_eq!((short(&["quality"]), short(&[])), (vec!["quality".to_owned()], vec![]));
        assert_eq!((besides("repeat=0, a", "a"), besides("a", "a")), ("repeat=0".to_owned(), "a".to_owned()));
    }

    #[test]
    fn a_figure_stands_beside_its_baseline_by_each_extractor_and_says_why_it_is_not_there() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row = QualityRow {
            extractor: "one".into(),
            metric: "kid".into(),
            value: Some(-1.250e-7),
            standard_error: Some(0.5),
            baseline: Some(123.456),
            real: 12,
            ..QualityRow::default()
        };
        let refused = QualityRow { metric: "fid".into(), value: None, standard_error: None, baseline: None, reason: "3 images".into(), ..row.clone() };
        let other = QualityRow { extractor: "<two>".into(), standard_error: None, ..row.clone() };
        let of_class = QualityRow { class: "a<b".into(), ..row.clone() };
        let quality = Table { rows: vec![row, refused, other, of_class] }.to_csv().unwrap();
        let agreeing =
            |spearman| AgreementRow { metric: "kid".into(), extractor: "one".into(), other: "<two>".into(), classes: 4, spearman, ..AgreementRow::default() };
        let agreement = Table { rows: vec![agreeing(Some(0.25)), agreeing(Some(0.75)), agreeing(None)] }.to_csv().unwrap();
        let of = |stage: &str, file: &str, csv: &[u8]| made(&store, stage, ("table", file), csv, Value::Null);
        let stages = vec![
            of("good", "generative-quality.csv", &quality),
            of("good", "extractor-agreement.csv", &agreement),
            of("odd", "generative-quality.csv", b"a,b\n"),
        ];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        let kid =
            "<th scope=\"row\">kid</th><td class=\"num\">-1.250e-7<small> ± 0.5000</small></td><td class=\"num\">123.5</td><td class=\"num\">-1.250e-7</td>";
        assert!(page.contains(kid) && page.contains("&lt;two&gt;<br>two halves of the real images"), "{page}");
        assert!(page.contains("<th scope=\"row\">fid</th><td class=\"num\">–</td>") && page.contains("<br><small>3 images</small>"), "{page}");
        assert!(page.contains("<summary>Figures of each class</summary>") && page.contains("<td>a&lt;b</td>"), "{page}");
        assert!(page.contains("In 1 of 2, it is below 0.5") && page.contains("<td class=\"num\">0.2500</td>"), "{page}");
        assert!(page.contains("<figure>") && page.contains("<b>odd</b> cannot be shown"), "{page}");
    }
}
