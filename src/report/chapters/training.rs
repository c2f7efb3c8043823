//! Curves of all finished trainings, and what was watched in them; repeats and folds of one arm share a colour, which is that of the
//! comparison.

use super::comparison::{self, COMPARISON};
use super::{Chapter, Material, unreadable};
use crate::report::arms::arm_of;
use crate::report::artifacts::Subject;
use crate::report::drawing::drawing;
use crate::report::wide::{prose, significant, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::figures;
use hilum_stages::records::{History, Record, Table, WatchedRow};
use hilum_stages::words::counted;
use maud::{Markup, html};

const HISTORY: Subject = Subject { artifact: ArtifactType::Table, name: History::NAME };
const WATCHED: Subject = Subject { artifact: ArtifactType::Table, name: Table::<WatchedRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "training", title: "Training", about: &[HISTORY, WATCHED, COMPARISON], render };

/// Trainings with figures of their own, such as generators.
const SHOWN: usize = 12;

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut out, mut all): (Vec<Markup>, Vec<(String, History)>) = (vec![], vec![]);
    let (mut drawn, mut further): (Vec<String>, usize) = (vec![], 0);
    for found in m.of(HISTORY) {
        match found.record::<History>(m.store)? {
            Ok(history) => {
                if drawn.len() < SHOWN {
                    let figures: Vec<Markup> =
                        figures::of_history(&history, found.stage()).iter().map(|figure| drawing(figure.figure.name, &figure.drawing)).collect();
                    drawn.extend((!figures.is_empty()).then(|| found.stage().to_owned()));
                    out.extend(figures);
                } else {
                    further += 1;
                }
                all.push((arm_of(found.stage()), history));
            }
            Err(why) => out.push(unreadable(found, &why)),
        }
    }
    let order = comparison::arms(m)?;
    all.sort_by_key(|(arm, _)| order.iter().position(|a| a == arm).unwrap_or(usize::MAX));
    out.extend(figures::of_histories(&all).iter().map(|figure| drawing(figure.figure.name, &figure.drawing)));
    let watched = watched(m)?;
    Ok((!out.is_empty() || watched.is_some()).then(|| {
        html! {
            div.pair { @for o in &out { (o) } }
            @if further > 0 { p.more { (counted(further, "further training has", "further trainings have")) " no figure of their own here: see " (prose(&m.elsewhere("`history.csv`"))) } }
            @if let Some(watched) = &watched { (watched) }
        }
    }))
}

const HEADS: [&str; 8] = ["figure", "by", "step", "generated images", "baseline of training images", "real", "synthetic", "remarks"];

/// What was watched in trainings of generators; none if nothing was.
fn watched(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(WATCHED) {
        match found.record::<Table<WatchedRow>>(m.store)? {
            Ok(seen) => {
                let figures = figures::of_watched(&seen, found.stage());
                let last = seen.rows.last().map_or(0, |row| row.step);
                let rows: Vec<Markup> = seen.rows.iter().filter(|row| row.step == last).map(of_watched).collect();
                out.push(html! {
                    h4 { (found.stage()) ", watched" }
                    div.pair { @for figure in figures.iter().take(SHOWN) { (drawing(figure.figure.name, &figure.drawing)) } }
                    (table(&format!("Watched in {} at the last step", found.stage()), &HEADS, &rows, &m.path(found)))
                });
            }
            Err(why) => out.push(unreadable(found, &why)),
        }
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "What was watched compares generated images with the training images, so that a generator which repeats these looks best. It says how a training went, not how good its images are. Baselines are, of a distance, that between two halves of the training images, and, of an inception score, that of the training images." }
            @for o in &out { (o) }
        }
    }))
}

fn of_watched(row: &WatchedRow) -> Markup {
    html! {
        th scope="row" { (row.metric) } td { (row.extractor) } td.num { (row.step) }
        td.num { (significant(row.value)) @if let Some(error) = row.standard_error { small { " ± " (significant(Some(error))) } } }
        td.num { (significant(row.baseline)) } td.num { (row.real) } td.num { (row.synthetic) } td.text { (row.reason) }
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
    fn what_was_watched_is_drawn_and_its_last_values_stand_beside_their_baselines() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row = |step, value| WatchedRow {
            step,
            metric: "kid".into(),
            extractor: "x<".into(),
            value,
            standard_error: Some(0.5),
            baseline: Some(123.456),
            real: 12,
            synthetic: 9,
            ..WatchedRow::default()
        };
        let refused = WatchedRow { metric: "fid".into(), value: None, reason: "9 images".into(), ..row(20, None) };
        let csv = Table { rows: vec![row(10, Some(0.75)), row(20, Some(-1.250e-7)), refused] }.to_csv().unwrap();
        let of = |stage: &str, csv: &[u8]| made(&store, stage, ("table", "watched.csv"), csv, Value::Null);
        let stages = vec![of("gan", &csv), of("odd", b"a,b\n")];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        assert!(
            page.contains("x&lt;</td><td class=\"num\">20</td><td class=\"num\">-1.250e-7<small> ± 0.5000</small></td><td class=\"num\">123.5</td>"),
            "{page}"
        );
        assert!(page.contains("gan: kernel distance (KID) by x&lt;") && !page.contains("0.7500"), "{page}");
        assert!(page.contains("<td class=\"text\">9 images</td>") && page.contains("<b>odd</b> cannot be shown"), "{page}");
    }
}
