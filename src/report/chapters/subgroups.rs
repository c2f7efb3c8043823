//! Metrics by subgroup of patients, and the gaps between subgroups: one table for each evaluation stage, in which repeats and folds of
//! an arm are one row for each group.

use super::{Chapter, Material, unreadable};
use crate::report::arms::arm_of;
use crate::report::artifacts::Subject;
use crate::report::chapters::comparison::heads;
use crate::report::reasons::Reasons;
use crate::report::wide::{interval, more, prose, short, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::distinct::distinct;
use hilum_stages::evaluation::metric::{self, Shown};
use hilum_stages::records::{Record, SubgroupRow, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const SUBGROUPS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<SubgroupRow>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "subgroups", title: "Subgroups", about: &[SUBGROUPS], render };

/// Evaluation stages that have a table, and rows of one.
const STAGES: usize = 8;
const ROWS: usize = 60;

/// What a row of the page is of: an arm, what images are grouped by, and the group.
type Place<'a> = (&'a str, &'a str, &'a str);

/// A row of a record, with the arm that it is of.
type OfArm<'a> = (&'a str, &'a SubgroupRow);

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut stages, mut faults): (Vec<(String, Vec<(String, Table<SubgroupRow>)>)>, Vec<Markup>) = (vec![], vec![]);
    for found in m.of(SUBGROUPS) {
        let stage = found.stage().split('/').next().unwrap_or_default();
        match found.record::<Table<SubgroupRow>>(m.store)? {
            Ok(rows) => {
                let evaluation = (arm_of(found.stage()), rows);
                match stages.iter_mut().find(|(name, _)| name == stage) {
                    Some((_, evaluations)) => evaluations.push(evaluation),
                    None => stages.push((stage.to_owned(), vec![evaluation])),
                }
            }
            Err(why) => faults.push(unreadable(found, &why)),
        }
    }
    let elsewhere = m.elsewhere("`subgroups.csv`");
    let further: Vec<&str> = stages.iter().skip(STAGES).map(|(name, _)| name.as_str()).collect();
    Ok(Some(html! {
        p {
            "Each subgroup by itself, with 95 % intervals over patients; a gap is the difference between the subgroups with the highest and the lowest value. The gap is the largest of several, so that some gap is \
             expected by chance, and small groups have wide intervals."
        }
        @for (name, evaluations) in stages.iter().take(STAGES) { h4 { (name) } (of_stage(name, evaluations, &elsewhere)) }
        @for fault in &faults { (fault) }
        @if !further.is_empty() { p.more { "Subgroups of " (further.join(", ")) " are in " (prose(&elsewhere)) "." } }
    }))
}

/// The table of a stage: groups below each other, the arms of each beside the same numbers.
fn of_stage(name: &str, evaluations: &[(String, Table<SubgroupRow>)], elsewhere: &str) -> Markup {
    let all: Vec<OfArm> = evaluations.iter().flat_map(|(arm, table)| shown(table).into_iter().map(|row| (arm.as_str(), row))).collect();
    let columns = distinct(all.iter().map(|(_, row)| (row.metric.as_str(), row.class.as_str())));
    let groups = distinct(all.iter().map(|(_, row)| (row.by.as_str(), row.group.as_str())));
    let arms = distinct(evaluations.iter().map(|(arm, _)| arm.as_str()));
    let places: Vec<Place> = groups.iter().flat_map(|(by, group)| arms.iter().map(|arm| (*arm, *by, *group))).collect();
    let of = |(arm, by, group): Place, (metric, class): (&str, &str)| -> Vec<&SubgroupRow> {
        let is_it = |row: &SubgroupRow| (row.by.as_str(), row.group.as_str(), row.metric.as_str(), row.class.as_str()) == (by, group, metric, class);
        all.iter().filter(|(of, row)| *of == arm && is_it(row)).map(|(_, row)| *row).collect()
    };
    let of_place = |place: Place| columns.iter().map(|column| of(place, *column)).collect::<Vec<_>>();
    let lines: Vec<(Place, Vec<Vec<&SubgroupRow>>)> =
        places.into_iter().map(|place| (place, of_place(place))).filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())).collect();
    let single = lines.iter().take(ROWS).flat_map(|(_, cells)| cells).filter(|cell| cell.len() == 1).map(|cell| cell[0]);
    let reasons = Reasons::of(single.filter(|row| row.low.zip(row.high).is_none()).map(|row| row.interval.as_str()));
    let is_pooled = lines.iter().any(|(_, cells)| cells.iter().any(|cell| cell.len() > 1));
    let several = arms.len() > 1;
    let row = |((arm, by, group), cells): &(Place, Vec<Vec<&SubgroupRow>>)| {
        let counts = |of: fn(&SubgroupRow) -> usize| range(cells.iter().flatten().map(|row| of(row)));
        html! {
            td { (by) } th scope="row" { (group) } @if several { td { code { (arm) } } }
            td.num { (counts(|row| row.images)) } td.num { (counts(|row| row.patients)) }
            @for cell in cells { td.num { (value(cell, &reasons)) } }
        }
    };
    let rows: Vec<Markup> = lines.iter().take(ROWS).map(row).collect();
    let arm = several.then(|| html! { "arm" });
    let of_columns = heads("by", &columns);
    let mut names = vec![of_columns[0].clone(), html! { "group" }];
    names.extend(arm.into_iter().chain([html! { "images" }, html! { "patients" }]).chain(of_columns.into_iter().skip(1)));
    html! {
        (table(&format!("Subgroups of {name}"), &names, &rows, elsewhere))
        (more(lines.len().saturating_sub(ROWS), elsewhere))
        (reasons.below())
        @if is_pooled { p.more { "Where an arm has several evaluations, such as folds or repeats, the mean of their values stands here, with the lowest and the highest of them: that is no interval. Each by itself is in " (prose(elsewhere)) "." } }
    }
}

/// One value with its interval, or the mean of several with their range.
fn value(rows: &[&SubgroupRow], reasons: &Reasons) -> Markup {
    let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
    match (rows, values.as_slice()) {
        ([], _) => html! {},
        ([row], _) => html! {
            (short(row.value)) br;
            small {
                @match interval(row.low, row.high) {
                    Some(limits) => (limits),
                    None => { @if row.value.is_some() { (reasons.no_interval(&row.interval)) } @else { (reasons.mark(&row.interval)) } }
                }
                @if !row.count.is_empty() { " " (row.count) }
            }
        },
        (_, []) => html! { "–" },
        (_, several) => {
            let (low, high) = several.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
            let mean = several.iter().fold(0.0, |sum, v| sum + v) / several.len() as f64;
            html! { (short(Some(mean))) br; small { (format!("{low:.3} to {high:.3}")) " in " (counted(several.len(), "evaluation", "evaluations")) } }
        }
    }
}

/// A number, or the lowest and the highest of several.
fn range(all: impl Iterator<Item = usize>) -> String {
    let (low, high) = all.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

/// The metrics that people look at; all of them where none of those is there.
fn shown(rows: &Table<SubgroupRow>) -> Vec<&SubgroupRow> {
    let is_shown = |row: &&SubgroupRow| metric::find(&row.metric, !row.class.is_empty()).is_some_and(|m| m.shown == Shown::Everywhere);
    let some: Vec<&SubgroupRow> = rows.rows.iter().filter(is_shown).collect();
    if some.is_empty() { rows.rows.iter().collect() } else { some }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    fn row(group: &str, metric: &str, value: f64, low: Option<f64>) -> SubgroupRow {
        SubgroupRow {
            by: "sex".into(),
            group: group.into(),
            images: 20,
            patients: 12,
            metric: metric.into(),
            class: "covid".into(),
            value: Some(value),
            low,
            high: Some(0.875),
            count: "15/20".into(),
            interval: "too few <patients>".into(),
        }
    }

    fn page(tables: &[(&str, Vec<SubgroupRow>)]) -> String {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let csv = |rows: &[SubgroupRow]| Table { rows: rows.to_vec() }.to_csv().unwrap();
        let stages = tables.iter().map(|(stage, rows)| made(&store, stage, ("table", "subgroups.csv"), &csv(rows), Value::Null)).collect();
        CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string()
    }

    #[test]
    fn groups_and_gaps_stand_with_their_numbers_and_why_there_is_no_interval() {
        let page =
            page(&[("scores", vec![row("F", "sensitivity", 0.75, Some(0.5)), row("F - M", "sensitivity", 0.75, None), row("F", "log-loss", 0.75, None)])]);
        assert!(page.contains("<th scope=\"row\">F</th><td class=\"num\">20</td><td class=\"num\">12</td>"), "{page}");
        assert!(page.contains("0.750<br><small>[0.500, 0.875] 15/20</small>") && page.contains("0.750<br><small>no interval 15/20"), "{page}");
        assert_eq!(page.matches("too few &lt;patients&gt;").count(), 1, "{page}");
        assert!(!page.contains("log-loss"), "only what people look at: {page}");
    }

    /// Cells of a matrix would bury the report under tables.
    #[test]
    fn the_cells_of_a_stage_are_one_table_and_its_repeats_one_row() {
        let rows = |value: f64| vec![row("F", "sensitivity", value, Some(0.5)), row("M", "sensitivity", value, Some(0.5))];
        let cells = ["real/repeat=0", "real/repeat=1", "gan/repeat=0"].map(|cell| format!("scores/arm={cell}"));
        let few = page(&[(&cells[0], rows(0.5)), (&cells[1], rows(0.75)), (&cells[2], rows(0.875)), ("external", rows(0.25))]);
        assert_eq!((few.matches("<table>").count(), few.matches("<h4>").count()), (2, 2), "{few}");
        assert_eq!(few.matches("0.625<br><small>0.500 to 0.750 in 2 evaluations</small>").count(), 2, "{few}");
        assert!(few.contains("<code>arm=gan</code>") && few.contains("0.875<br><small>[0.500, 0.875]") && few.contains("that is no interval"), "{few}");
        let named: Vec<String> = (0..90).map(|n| format!("scores/arm=a{n}")).collect();
        let many: Vec<(&str, Vec<SubgroupRow>)> = named.iter().map(|name| (name.as_str(), rows(0.5))).collect();
        let many = page(&many);
        assert_eq!((many.matches("<table>").count(), many.matches("<th scope=\"row\">").count()), (1, ROWS), "bounded");
        assert!(many.contains("and 120 more rows in <code>subgroups.csv</code> of each stage"), "{many}");
    }
}
