//! How a comparison was computed: what is compared with what, by which intervals and tests, and what it could have found.

use super::name;
use crate::report::wide::short;
use hilum_cache::Receipt;
use hilum_stages::records::{Compared, Table};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Differences that could have been found, of so many arms and metrics.
const DETECTABLE: usize = 24;

/// In a list: reference, trainings, intervals, tests, adjustment, and detectable differences of the metrics that are shown.
pub(super) fn method(receipt: &Receipt, table: &Table<Compared>) -> Markup {
    let against: BTreeSet<&str> = table.rows.iter().map(|r| r.against.as_str()).filter(|a| !a.is_empty()).collect();
    let compared: BTreeSet<(&str, &str)> = table.rows.iter().filter(|r| !r.against.is_empty()).map(|r| (r.set.as_str(), r.arm.as_str())).collect();
    let trainings: BTreeSet<usize> = table.rows.iter().map(|r| r.repeats).collect();
    let said = |of: fn(&Compared) -> &str| {
        let all: BTreeSet<&str> = table.rows.iter().map(of).filter(|text| !text.is_empty()).collect();
        all.into_iter().collect::<Vec<_>>().join("; ")
    };
    let (intervals, tests) = (said(|r| if r.low.is_some() { &r.interval } else { "" }), said(|r| &r.test));
    let shown = table.shown_everywhere();
    let detectable: Vec<&Compared> = shown.rows.iter().filter(|r| r.detectable.is_some()).take(DETECTABLE).collect();
    let parameter = |name: &str| receipt.recipe.parameters.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    html! {
        dl.method {
            @if !against.is_empty() { div { dt { "Reference" } dd { (against.iter().copied().collect::<Vec<_>>().join(", ")) "; " (counted(compared.len(), "arm is", "arms are")) " compared with it" } } }
            @if let (Some(least), Some(most)) = (trainings.first(), trainings.last()) {
                div { dt { "Trainings" } dd { @if least == most { (least) } @else { (least) " to " (most) } " of each arm" @if *most == 1 { ": how much trainings differ is not known" } } }
            }
            @if !intervals.is_empty() { div { dt { "Intervals" } dd { "95 %, by " (intervals) } } }
            @if !tests.is_empty() { div { dt { "Tests" } dd { (tests) } } }
            @if let Some(adjust) = parameter("adjust") { div { dt { "Multiplicity" } dd {
                @match adjust.as_str() {
                    "none" => "p values are not adjusted",
                    by => { "p values are adjusted by " (by) " for " (counted(compared.len(), "arm", "arms")) ", within each metric; they are not adjusted for the number of metrics, nor are intervals" }
                }
            } } }
            @if let Some(margin) = parameter("margin").filter(|m| m != "null") { div { dt { "Margin" } dd { "differences up to " (margin) " do not matter" } } }
            @if let Some(resamples) = parameter("resamples") { div { dt { "Resamples" } dd { (resamples) } } }
            @if !detectable.is_empty() { div { dt { "Detectable difference" } dd {
                "the smallest true difference that would have been found with a power of 80 %: "
                @for (n, row) in detectable.iter().enumerate() {
                    @if n > 0 { "; " } (name((&row.set, &row.arm))) " " (row.metric) @if !row.class.is_empty() { " of " (row.class) } " " (short(row.detectable))
                }
            } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{empty_store, made};
    use hilum_cache::WritableStore;
    use serde_json::json;

    #[test]
    fn what_is_compared_by_which_test_and_what_could_have_been_found_is_said() {
        let (held, _) = empty_store();
        let store = WritableStore::open(&held.path().join("store")).unwrap();
        let receipt = made(&store, "c", ("table", "comparison.csv"), b"", json!({ "parameters": { "adjust": "holm", "margin": 0.02, "resamples": 2000 } }));
        let receipt = receipt.1.unwrap().0.receipt("c");
        let own = Compared { arm: "arm=real".into(), repeats: 3, low: Some(0.5), interval: "Student's <t>".into(), ..Compared::default() };
        let other = Compared {
            arm: "arm=gan".into(),
            against: "arm=real".into(),
            test: "t".into(),
            detectable: Some(0.0625),
            metric: "auroc".into(),
            shown: Some(true),
            ..own.clone()
        };
        let page = method(&receipt, &Table { rows: vec![own, other] }).into_string();
        for part in [
            "arm=real; 1 arm is compared with it",
            "<dd>3 of each arm</dd>",
            "95 %, by Student's &lt;t&gt;",
            "<dt>Tests</dt><dd>t</dd>",
            "adjusted by holm for 1 arm",
            "up to 0.02 do not",
            "arm=gan auroc 0.062",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
