//! What stands beside a comparison: tests of all arms together, and published numbers.

use super::name;
use crate::report::wide::{interval, short, table as tabled};
use hilum_stages::evaluation::sentence::p_value;
use hilum_stages::records::{OverallRow, ReferenceRow, Table};
use hilum_stages::words::change;
use maud::{Markup, html};

/// Whether arms differ at all: a row for each metric; nothing where there is none.
pub(super) fn overall(table: &Table<OverallRow>) -> Markup {
    let row = |row: &OverallRow| {
        html! {
            td.num { (row.arms) } td { (name((&row.set, &row.against))) } td { (row.metric) } td { (row.class) } td { (row.test) }
            td.num { (row.statistic.map_or(String::new(), |s| format!("{s:.2}"))) } td.num { (row.p.map_or(String::new(), p_value)) }
        }
    };
    html! {
        @if !table.rows.is_empty() { details {
            summary { "All arms together" }
            p { "Whether any of the arms differs from the others; p values are not adjusted." }
            (tabled("Tests of all arms together", &["arms", "compared with", "metric", "class", "test", "statistic", "p"], &table.rows.iter().map(row).collect::<Vec<_>>(), "`overall.csv` of this stage"))
        } }
    }
}

/// Published numbers beside those of the study; nothing where there is none.
pub(super) fn published(table: &Table<ReferenceRow>) -> Markup {
    let inside = |inside: Option<bool>| match inside {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    };
    let row = |row: &ReferenceRow| {
        html! {
            td { (name((&row.set, &row.arm))) } td { (row.metric) } td { (row.class) }
            td.num { (short(row.value)) @if row.value.is_some() { br; small { (interval(row.low, row.high).unwrap_or_else(|| "no interval".to_owned())) } } }
            td.num { (short(row.published)) br; small { (row.printed) } } td.num { (row.difference.map_or("–".to_owned(), change)) }
            td { (inside(row.inside)) } td { (row.table) ", " (row.row) ", " (row.column) }
        }
    };
    html! {
        @if !table.rows.is_empty() {
            p { "Published numbers beside those of this study:" }
            (tabled("Published numbers", &["arm", "metric", "class", "this study", "published", "difference", "in the interval", "where"], &table.rows.iter().map(row).collect::<Vec<_>>(), "`reference.csv` of this stage"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_number_stands_beside_that_of_the_study() {
        let row = ReferenceRow {
            set: String::new(),
            arm: "arm=<real>".into(),
            metric: "sensitivity".into(),
            class: "covid".into(),
            value: Some(0.5),
            low: Some(0.25),
            high: Some(0.75),
            printed: "34.78".into(),
            published: Some(0.3478),
            difference: Some(0.1522),
            inside: Some(true),
            table: "Table 2".into(),
            row: "VGG-16".into(),
            column: "SEN".into(),
        };
        let page = published(&Table { rows: vec![row] }).into_string();
        for part in ["arm=&lt;real&gt;", "0.500<br><small>[0.250, 0.750]", "0.348<br><small>34.78", "+0.152", "<td>yes</td>", "Table 2, VGG-16, SEN"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(published(&Table::default()).into_string(), "");
    }

    #[test]
    fn a_test_of_all_arms_says_which_and_how_sure() {
        let row = OverallRow {
            set: "internal".into(),
            against: "arm=real".into(),
            arms: 4,
            metric: "accuracy".into(),
            class: String::new(),
            test: "Cochran's Q".into(),
            statistic: Some(7.8147),
            p: Some(0.0499),
        };
        let page = overall(&Table { rows: vec![row] }).into_string();
        assert!(page.contains("internal: arm=real") && page.contains("7.81") && page.contains("p = 0.0499"), "{page}");
        assert_eq!(overall(&Table::default()).into_string(), "");
    }
}
