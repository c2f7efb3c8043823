//! Arms side by side: what they were trained on, the metrics that people look at with the difference from the arm compared against,
//! the figure, and all metrics. The first of these stands open, so that it is on paper, too.

mod beside;
mod method;

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::drawing::stored;
use crate::report::reasons::Reasons;
use crate::report::wide::{interval, short, table as tabled};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::evaluation::metric::{self, Direction, Metric};
use hilum_stages::evaluation::sentence::p_value;
use hilum_stages::figures;
use hilum_stages::records::{ArmRow, Compared, OverallRow, Record, ReferenceRow, Table};
use hilum_stages::words::{change, counted};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The table of a comparison.
pub(super) const COMPARISON: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Compared>::NAME };
/// What its arms were trained on.
pub(super) const ARMS: Subject = Subject { artifact: ArtifactType::Table, name: Table::<ArmRow>::NAME };
const OVERALL: Subject = Subject { artifact: ArtifactType::Table, name: Table::<OverallRow>::NAME };
const REFERENCE: Subject = Subject { artifact: ArtifactType::Table, name: Table::<ReferenceRow>::NAME };
const FIGURE: Subject = Subject { artifact: ArtifactType::Figure, name: figures::intervals::FIGURE.name };

pub(super) const CHAPTER: Chapter = Chapter { id: "comparison", title: "Comparison", about: &[COMPARISON, ARMS, OVERALL, REFERENCE, FIGURE], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(COMPARISON) {
        let figure = m.of(FIGURE).find(|f| f.stage() == found.stage());
        let picture = figure.map(|f| f.bytes(m.store, ".svg")).transpose()?.flatten().zip(figure);
        let table = found.record::<Table<Compared>>(m.store)?;
        let arms = m.of(ARMS).find(|f| f.stage() == found.stage()).map(|f| f.record::<Table<ArmRow>>(m.store)).transpose()?;
        let overall = m.of(OVERALL).find(|f| f.stage() == found.stage()).map(|f| f.record::<Table<OverallRow>>(m.store)).transpose()?;
        let reference = m.of(REFERENCE).find(|f| f.stage() == found.stage()).map(|f| f.record::<Table<ReferenceRow>>(m.store)).transpose()?;
        out.push(html! {
            h4 { (found.stage()) }
            @match table {
                Ok(table) => {
                    (shown(&table.shown_everywhere()))
                    @if let Some((bytes, figure)) = picture { (stored(&bytes, &format!("Figure of {}", found.stage()), &m.place(figure))) }
                    @match overall { None => {}, Some(Ok(tests)) => (beside::overall(&tests)), Some(Err(why)) => (unreadable(found, &why)) }
                    @match reference { None => {}, Some(Ok(rows)) => (beside::published(&rows)), Some(Err(why)) => (unreadable(found, &why)) }
                    @match arms { None => {}, Some(Ok(arms)) => (images(&arms)), Some(Err(why)) => (unreadable(found, &why)) }
                    h4 { "How " (found.stage()) " was computed" }
                    (method::method(&found.receipt, &table))
                    (everything(&table))
                }
                Err(why) => (unreadable(found, &why))
            }
        });
    }
    Ok((!out.is_empty()).then(|| {
        html! {
            p { "Means over trainings with 95 % intervals; Δ is the difference from the arm compared against, paired by patient. p values are adjusted for the number of arms as the study says; intervals are not." }
            @for o in &out { (o) }
        }
    }))
}

/// The arms in the order of the first comparison; none where there is none, or it cannot be read. The chapter must be about
/// comparisons.
///
/// # Errors
/// If it is damaged or gone.
pub(super) fn arms(m: &Material) -> Result<Vec<String>> {
    let table = m.of(COMPARISON).next().map(|found| found.record::<Table<Compared>>(m.store)).transpose()?;
    Ok(table.and_then(Result::ok).map_or(vec![], |table| table.arms().into_iter().map(|(_, arm)| arm.to_owned()).collect()))
}

/// Arms that have a row, and those that have a column in the table of all metrics.
const ROWS: usize = 200;
const COLUMNS: usize = 30;

/// A table of the first arms of another one, and how many more there are.
fn first_arms(table: &Table<Compared>, arms: usize) -> (Table<Compared>, usize) {
    let all = table.arms();
    let kept: BTreeSet<(&str, &str)> = all.iter().take(arms).copied().collect();
    let rows = table.rows.iter().filter(|row| kept.contains(&(row.set.as_str(), row.arm.as_str()))).cloned().collect();
    (Table { rows }, all.len().saturating_sub(arms))
}

/// Says that further arms are elsewhere.
fn further(arms: usize) -> Markup {
    html! { @if arms > 0 { p.more { "and " (counted(arms, "more arm", "more arms")) " in " code { "table.csv" } " of this stage" } } }
}

/// A row for each arm, a column for each metric that people look at.
fn shown(table: &Table<Compared>) -> Markup {
    let (table, more) = first_arms(table, ROWS);
    let (columns, reasons) = (table.measures(), reasons(&table.rows));
    let row = |arm: (&str, &str)| {
        html! { td { (name(arm)) } @for column in &columns { td.num { @if let Some(row) = table.of(arm, *column) { (cell(row, &reasons)) } } } }
    };
    let rows: Vec<Markup> = table.arms().into_iter().map(row).collect();
    html! {
        (tabled("Metrics that are shown of each arm", &heads("arm", &columns), &rows, "`table.csv` of this stage"))
        (reasons.below())
        (further(more))
    }
}

/// The heads of a column of names and of columns of metrics.
pub(super) fn heads(of: &str, columns: &[(&str, &str)]) -> Vec<Markup> {
    let metric = |(metric, class): &(&str, &str)| html! { (metric) @if !class.is_empty() { br; small { (class) } } };
    std::iter::once(html! { (of) }).chain(columns.iter().map(metric)).collect()
}

/// All metrics: a row for each, a column for each arm.
fn everything(table: &Table<Compared>) -> Markup {
    let (table, more) = first_arms(table, COLUMNS);
    let (arms, reasons) = (table.arms(), reasons(&table.rows));
    let heads: Vec<String> = ["metric".to_owned(), "class".to_owned()].into_iter().chain(arms.iter().map(|arm| name(*arm))).collect();
    let row = |of: (&str, &str)| {
        let (metric, class) = of;
        html! {
            td title=[metric::find(metric, !class.is_empty()).map(explained)] { (metric) } td { (class) }
            @for row in arms.iter().map(|arm| table.of(*arm, of)) { td.num title=[row.map(|r| &r.interval)] { @if let Some(row) = row { (cell(row, &reasons)) } } }
        }
    };
    let rows: Vec<Markup> = table.measures().into_iter().map(row).collect();
    html! { details {
        summary { "All metrics" }
        (tabled("All metrics", &heads, &rows, "`table.csv` of this stage"))
        (reasons.below())
        (further(more))
    } }
}

/// What arms were trained and tested on.
fn images(table: &Table<ArmRow>) -> Markup {
    let known = |n: Option<u64>| n.map_or("–".to_owned(), |n| n.to_string());
    let heads = ["arm", "class", "trainings", "steps", "real training images", "of patients", "synthetic", "test images", "test patients"];
    let row = |row: &ArmRow| {
        let trained = [row.trainings.to_string(), known(row.steps), known(row.real), known(row.training_patients), known(row.synthetic)];
        let numbers = trained.into_iter().chain([row.test_images.to_string(), row.test_patients.to_string()]);
        html! { td { (name((&row.set, &row.arm))) } td { (row.class) } @for n in numbers { td.num { (n) } } }
    };
    let rows: Vec<Markup> = table.rows.iter().map(row).collect();
    html! { details {
        summary { "Images and patients of each arm" }
        (tabled("Images and patients of each arm", &heads, &rows, "`arms.csv` of this stage"))
    } }
}

pub(super) fn name((set, arm): (&str, &str)) -> String {
    if set.is_empty() { arm.to_owned() } else { format!("{set}: {arm}") }
}

/// Why values of these rows have no interval.
pub(super) fn reasons<'a>(rows: impl IntoIterator<Item = &'a Compared>) -> Reasons<'a> {
    Reasons::of(rows.into_iter().filter(|row| row.low.zip(row.high).is_none()).map(|row| row.interval.as_str()))
}

/// A value with its interval and its difference, in a table with these reasons.
pub(super) fn cell(row: &Compared, reasons: &Reasons) -> Markup {
    html! {
        (short(row.value)) br;
        small {
            @match interval(row.low, row.high) {
                Some(limits) => (limits),
                None => { (row.count) " " @if row.value.is_some() { (reasons.no_interval(&row.interval)) } @else { (reasons.mark(&row.interval)) } }
            }
            @if let Some(difference) = row.difference {
                br; "Δ " (change(difference))
                " " (interval(row.difference_low, row.difference_high).unwrap_or_else(|| "no interval".to_owned()))
                @if let Some(p) = row.p_adjusted { br; span title=(row.test) { (p_value(p)) } }
            }
        }
    }
}

/// The tooltip of a metric.
fn explained(metric: &Metric) -> String {
    let direction = match metric.direction {
        Direction::HigherIsBetter => "Higher is better.",
        Direction::LowerIsBetter => "Lower is better.",
    };
    format!("{} {direction} Undefined where {}.", metric.doc, metric.undefined_when)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(arm: &str, n: usize, difference: Option<f64>) -> Compared {
        Compared {
            arm: arm.into(),
            repeats: 1,
            metric: "auroc".into(),
            class: format!("class-{n}"),
            value: Some(0.75),
            low: Some(0.5),
            high: Some(0.875),
            difference,
            difference_low: difference,
            difference_high: difference,
            p_adjusted: difference.map(|_| 0.25),
            shown: Some(n == 0),
            ..Compared::default()
        }
    }

    #[test]
    fn what_is_shown_is_open_and_all_metrics_are_there() {
        let rows = (0..40).flat_map(|n| [row("real", n, None), row("<both>", n, Some(-0.0625))]).collect();
        let table = Table { rows };
        let page = everything(&table).into_string();
        assert!(page.starts_with("<details><summary>"), "{page}");
        assert_eq!(page.matches("Δ -0.062 [-0.062, -0.062]<br><span title=\"\">p = 0.25</span>").count(), 40, "{page}");
        assert_eq!(page.matches("0.750<br><small>[0.500, 0.875]").count(), 80);
        assert!(page.contains("<th scope=\"col\">&lt;both&gt;</th>") && page.contains("Higher is better. Undefined where the class or the rest has no image"));
        let few = shown(&table.shown_everywhere()).into_string();
        assert!(!few.contains("<details") && few.matches("<tr>").count() == 3 && few.matches("<td class=\"num\">").count() == 2, "{few}");
        assert!(everything(&Table::default()).into_string().contains("<tbody></tbody>"));
    }

    #[test]
    fn a_value_without_an_interval_shows_its_counts_and_why() {
        let few = Compared { low: None, high: None, count: "2/2".into(), interval: "too few <patients>".into(), ..row("a", 0, None) };
        let undefined = Compared { value: None, interval: "no image".into(), ..few.clone() };
        let page = cell(&few, &reasons([&few])).into_string();
        assert_eq!(page, "0.750<br><small>2/2 no interval</small>");
        let all = everything(&Table { rows: vec![Compared { arm: "b".into(), ..few.clone() }, few.clone()] }).into_string();
        assert_eq!((all.matches("too few &lt;patients&gt;.</p>").count(), all.matches("no interval</small>").count()), (1, 2), "once below: {all}");
        assert!(cell(&undefined, &reasons([&few, &undefined])).into_string().starts_with("–<br><small>2/2 <sup>b</sup>"));
    }
}
