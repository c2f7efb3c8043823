//! Whether probabilities mean what they say: the metrics of it, and the figure of reliability of each test.

use super::comparison::{self, COMPARISON};
use super::predictions::{PRINTED, figures_of};
use super::{Chapter, Material};
use crate::report::artifacts::Subject;
use crate::report::wide::table;
use hilum_cache::Result;
use hilum_stages::figures::RELIABILITY;
use hilum_stages::records::{Compared, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};

const ABOUT: &[Subject] = &[Subject::PREDICTIONS, COMPARISON];

pub(super) const CHAPTER: Chapter = Chapter { id: "calibration", title: "Calibration", about: ABOUT, render };

const METRICS: [&str; 4] = ["ece", "adaptive-ece", "brier", "log-loss"];

fn render(m: &Material) -> Result<Option<Markup>> {
    let figures = figures_of(m, |name| name == RELIABILITY)?;
    let mut tables = vec![];
    for found in m.of(COMPARISON) {
        // What cannot be read is said by the chapter about comparisons.
        if let Ok(rows) = found.record::<Table<Compared>>(m.store)? {
            tables.extend(of_comparison(found.stage(), &rows, &m.path(found)));
        }
    }
    Ok((!figures.is_empty() || !tables.is_empty()).then(|| {
        html! {
            p { "A classifier is calibrated if of the images to which it gives a probability of 0.8, 80 % are of the class. All of these metrics are better the smaller they are." }
            @for t in &tables { (t) }
            @for (n, figure) in figures.iter().enumerate() { @if n < PRINTED { (figure) } @else { div.screen { (figure) } } }
            @if figures.len() > PRINTED { p.more.paper { (counted(figures.len() - PRINTED, "more figure is", "more figures are")) " in the HTML file." } }
        }
    }))
}

/// A row for each arm.
fn of_comparison(stage: &str, all: &Table<Compared>, elsewhere: &str) -> Option<Markup> {
    let columns: Vec<(&str, &str)> = all.measures().into_iter().filter(|(metric, _)| METRICS.contains(metric)).collect();
    let heads: Vec<String> =
        std::iter::once("arm".to_owned()).chain(columns.iter().map(|(metric, class)| format!("{metric} {class}").trim_end().to_owned())).collect();
    let reasons = comparison::reasons(all.rows.iter().filter(|row| METRICS.contains(&row.metric.as_str())));
    let row = |arm: (&str, &str)| {
        html! {
            th scope="row" { (comparison::name(arm)) }
            @for column in &columns { td.num { @if let Some(row) = all.of(arm, *column) { (comparison::cell(row, &reasons)) } } }
        }
    };
    let rows: Vec<Markup> = all.arms().into_iter().map(row).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    (!columns.is_empty()).then(|| html! { h4 { (stage) } (table(&format!("Calibration in {stage}"), &heads, &rows, elsewhere)) (reasons.below()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metrics_of_probabilities_are_here() {
        let row = |metric: &str| Compared { arm: "real".into(), metric: metric.into(), value: Some(0.125), ..Compared::default() };
        let page = of_comparison("<c>", &Table { rows: vec![row("ece"), row("auroc")] }, "x").unwrap().into_string();
        assert!(page.contains("<h4>&lt;c&gt;</h4>") && page.contains(">ece</th>") && !page.contains("auroc"), "{page}");
        assert!(of_comparison("c", &Table { rows: vec![row("auroc")] }, "x").is_none());
    }
}
