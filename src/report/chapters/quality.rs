//! How good synthetic images are, and whether they repeat training images: each figure beside the same figure of real images.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::wide::{significant, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{MemorisationRow, QualityRow, Record, Table};
use maud::{Markup, html};

const QUALITY: Subject = Subject { artifact: ArtifactType::Table, name: Table::<QualityRow>::NAME };
const MEMORISATION: Subject = Subject { artifact: ArtifactType::Table, name: Table::<MemorisationRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "quality", title: "Quality of synthetic images", about: &[QUALITY, MEMORISATION], render };

const OF_QUALITY: [&str; 7] = ["figure", "class", "synthetic against real", "two halves of the real images", "real", "synthetic", "remarks"];
const OF_MEMORISATION: [&str; 8] = ["figure", "class", "synthetic", "held-out images", "training", "held out", "synthetic", "remarks"];

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(QUALITY) {
        let rows = found.record::<Table<QualityRow>>(m.store)?;
        let label = format!("Figures of {}", found.stage());
        out.push(html! {
            h4 { (found.stage()) }
            p { "A figure of synthetic images means something only beside its baseline: that of two halves of the real images, which differ by chance alone." }
            @match rows {
                Ok(rows) => (table(&label, &OF_QUALITY, &rows.rows.iter().map(of_quality).collect::<Vec<_>>(), &m.path(found))),
                Err(why) => (unreadable(found, &why)),
            }
        });
    }
    for found in m.of(MEMORISATION) {
        let rows = found.record::<Table<MemorisationRow>>(m.store)?;
        let label = format!("Figures of {}", found.stage());
        out.push(html! {
            h4 { (found.stage()) }
            p { "How near synthetic images are to training images, beside how near held-out images of other patients are." }
            @match rows {
                Ok(rows) => (table(&label, &OF_MEMORISATION, &rows.rows.iter().map(of_memorisation).collect::<Vec<_>>(), &m.path(found))),
                Err(why) => (unreadable(found, &why)),
            }
        });
    }
    Ok(Some(html! { @for o in &out { (o) } }))
}

fn class(class: &str) -> &str {
    if class.is_empty() { "all" } else { class }
}

fn of_quality(row: &QualityRow) -> Markup {
    html! {
        th scope="row" { (row.metric) } td { (class(&row.class)) }
        td.num { (significant(row.value)) @if let Some(error) = row.standard_error { small { " ± " (significant(Some(error))) } } }
        td.num { (significant(row.baseline)) } td.num { (row.real) } td.num { (row.synthetic) } td.text { (row.reason) }
    }
}

fn of_memorisation(row: &MemorisationRow) -> Markup {
    html! {
        th scope="row" { (row.metric) } td { (class(&row.class)) } td.num { (significant(row.value)) } td.num { (significant(row.baseline)) }
        td.num { (row.training) } td.num { (row.held_out) } td.num { (row.synthetic) } td.text { (row.reason) }
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
    fn a_figure_stands_beside_its_baseline_and_says_why_it_is_not_there() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row =
            QualityRow { metric: "kid".into(), value: Some(-1.25e-7), standard_error: Some(0.5), baseline: Some(123.456), real: 12, ..QualityRow::default() };
        let refused = QualityRow { metric: "fid".into(), class: "a<b".into(), value: None, baseline: None, reason: "3 images".into(), ..row.clone() };
        let quality = Table { rows: vec![row, refused] }.to_csv().unwrap();
        let copied = MemorisationRow { metric: "authenticity".into(), value: Some(0.25), baseline: Some(0.5), held_out: 4, ..MemorisationRow::default() };
        let memory = Table { rows: vec![copied] }.to_csv().unwrap();
        let of = |stage: &str, file: &str, csv: &[u8]| made(&store, stage, ("table", file), csv, Value::Null);
        let stages = vec![of("good", "generative-quality.csv", &quality), of("new", "memorisation.csv", &memory), of("odd", "memorisation.csv", b"a,b\n")];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(page.contains("<td>all</td><td class=\"num\">-1.25e-7<small> ± 0.5000</small></td><td class=\"num\">123.5</td>"), "{page}");
        assert!(page.contains("<td>a&lt;b</td><td class=\"num\">–") && page.contains("<td class=\"text\">3 images</td>"), "{page}");
        assert!(page.contains("<td class=\"num\">0.2500</td><td class=\"num\">0.5000</td>") && page.contains("<b>odd</b> cannot be shown"), "{page}");
    }
}
