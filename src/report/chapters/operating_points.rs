//! Where a classifier decides, and how many it finds and overlooks there.

use super::{Chapter, Material};
use crate::report::artifacts::Subject;
use crate::report::reasons::Reasons;
use crate::report::wide::{interval, prose, short, table};
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Measured, Scores};
use hilum_stages::words::counted;
use maud::{Markup, html};

const SCORES: Subject = Subject { artifact: ArtifactType::Scores, name: "scores" };

pub(super) const CHAPTER: Chapter = Chapter { id: "operating-points", title: "Operating points", about: &[SCORES], render };

/// Evaluations that are read: each holds all of its predictions.
const READ: usize = 100;

const METRICS: [&str; 4] = ["sensitivity", "specificity", "precision", "npv"];

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut all = vec![];
    for found in m.of(SCORES).take(READ) {
        // What cannot be read is said by the chapters about its predictions and metrics.
        if let Some(scores) = found.bytes(m.store, ".json")?.and_then(|bytes| Scores::read(&bytes).ok()) {
            all.push((found.stage(), scores));
        }
    }
    let further = m.of(SCORES).count().saturating_sub(READ);
    let shown = all.iter().flat_map(|(_, scores)| classes(scores).into_iter().flat_map(|class| METRICS.iter().filter_map(|name| of(scores, name, class))));
    let reasons = Reasons::of(shown.filter(|found| found.low.zip(found.high).is_none()).map(|found| found.interval.as_str()));
    let rows: Vec<Markup> = all.iter().flat_map(|(stage, scores)| of_evaluation(stage, scores, &reasons)).collect();
    Ok((!rows.is_empty()).then(|| {
        html! {
            p {
                "Of the images of a class, sensitivity is the share that was found, and precision the share of those called so that are of it; specificity and the negative predictive value (NPV) are the same of all \
                 other images. Precision and NPV hold for the prevalence of this test set alone."
            }
            (table("Operating points", &["evaluation", "class", "decides", "sensitivity", "specificity", "precision", "NPV"], &rows, &m.elsewhere("`metrics.csv`")))
            (reasons.below())
            @if further > 0 { p.more { "and " (counted(further, "more evaluation", "more evaluations")) " in " (prose(&m.elsewhere("`metrics.csv`"))) } }
        }
    }))
}

/// The positive class; without one, each class.
fn classes(scores: &Scores) -> Vec<&String> {
    scores.positive.as_ref().map_or_else(|| scores.classes.iter().collect(), |positive| vec![positive])
}

fn of<'s>(scores: &'s Scores, name: &str, class: &str) -> Option<&'s Measured> {
    scores.metrics.iter().find(|row| row.metric == name && row.class == class)
}

/// A row for each class that is shown.
fn of_evaluation(stage: &str, scores: &Scores, reasons: &Reasons) -> Vec<Markup> {
    let rule = scores.threshold.map_or("largest probability".to_owned(), |t| format!("from p = {t:.3} on"));
    let scaled = scores.temperature.map_or(String::new(), |t| format!(", temperature {t:.2}"));
    let row = |class: &String| {
        html! {
            th scope="row" { (stage) } td { (class) } td { (rule) (scaled) }
            @for name in METRICS { td.num { @if let Some(found) = of(scores, name, class) { (cell(found, reasons)) } } }
        }
    };
    classes(scores).into_iter().map(row).collect()
}

fn cell(found: &Measured, reasons: &Reasons) -> Markup {
    html! {
        (short(found.value)) br;
        small {
            @match interval(found.low, found.high) {
                Some(limits) => (limits),
                None => { @if found.value.is_some() { (reasons.no_interval(&found.interval)) } @else { (reasons.mark(&found.interval)) } }
            }
            @if !found.count.is_empty() { " " (found.count) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hilum_stages::records::Purpose;

    #[test]
    fn sensitivity_stands_beside_the_threshold_with_its_counts() {
        let measured = |metric: &str, class: &str| Measured {
            metric: metric.into(),
            class: class.into(),
            value: Some(0.85),
            low: Some(0.5),
            high: Some(0.95),
            count: "17/20".into(),
            interval: String::new(),
        };
        let scores = Scores {
            purpose: Purpose::Performance,
            classes: vec!["covid".into(), "normal".into()],
            positive: Some("covid".into()),
            threshold: Some(0.42),
            temperature: None,
            training: None,
            predictions: vec![],
            confusion: vec![],
            metrics: vec![measured("sensitivity", "covid"), measured("sensitivity", "normal"), measured("auroc", "covid")],
        };
        let rows = of_evaluation("<scores>", &scores, &Reasons::of([]));
        let page = rows[0].clone().into_string();
        assert!(rows.len() == 1 && page.starts_with("<th scope=\"row\">&lt;scores&gt;</th><td>covid</td><td>from p = 0.420 on</td>"), "{page}");
        assert_eq!(page.matches("0.850<br><small>[0.500, 0.950] 17/20</small>").count(), 1, "{page}");
        let without = of_evaluation("s", &Scores { positive: None, threshold: None, ..scores }, &Reasons::of([]));
        assert!(without.len() == 2 && without[1].clone().into_string().contains("<td>normal</td><td>largest probability</td>"));
        let few = Measured { low: None, interval: "too few".into(), ..measured("npv", "covid") };
        assert!(cell(&few, &Reasons::of(["too few", "other"])).into_string().ends_with("<small>no interval<sup>a</sup> 17/20</small>"));
    }
}
