//! How far extractors agree on which classes are better generated.

use crate::distinct::distinct;
use crate::records::{AgreementRow, QualityRow};
use crate::statistics::rank_correlation::{kendall, spearman};

/// The fewest classes whose order says anything.
const FEWEST: usize = 3;

/// One row for each figure and pair of extractors, in the order of the figures' table: of the classes that have the figure by both.
/// None where there is one extractor.
pub(super) fn of(figures: &[QualityRow]) -> Vec<AgreementRow> {
    let distinct = |of: fn(&QualityRow) -> &str| distinct(figures.iter().filter(|row| !row.class.is_empty()).map(of));
    let (extractors, metrics, classes) = (distinct(|row| &row.extractor), distinct(|row| &row.metric), distinct(|row| &row.class));
    let value = |extractor: &str, metric: &str, class: &str| {
        figures.iter().find(|row| row.extractor == extractor && row.metric == metric && row.class == class).and_then(|row| row.value)
    };
    let mut rows = vec![];
    for metric in metrics {
        for (n, one) in extractors.iter().enumerate() {
            for other in &extractors[n + 1..] {
                let both = |class: &&str| Some((value(one, metric, class)?, value(other, metric, class)?));
                let (a, b): (Vec<f64>, Vec<f64>) = classes.iter().filter_map(both).unzip();
                rows.push(row(metric, [one, other], &a, &b));
            }
        }
    }
    rows
}

fn row(metric: &str, [extractor, other]: [&str; 2], a: &[f64], b: &[f64]) -> AgreementRow {
    let is_enough = a.len() >= FEWEST;
    let [spearman, kendall] = [spearman, kendall].map(|of| of(a, b).filter(|_| is_enough));
    let reason = match (is_enough, spearman) {
        (false, _) => format!("{} with the figure by both: an order of {FEWEST} or more can agree", crate::words::counted(a.len(), "class", "classes")),
        (true, None) => "by one extractor, all classes have the same figure".into(),
        (true, Some(_)) => String::new(),
    };
    AgreementRow { metric: metric.into(), extractor: extractor.into(), other: other.into(), classes: a.len(), spearman, kendall, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(of: &[(&str, &str, &str, f64)]) -> Vec<QualityRow> {
        let row = |(extractor, metric, class, value): &(&str, &str, &str, f64)| QualityRow {
            extractor: (*extractor).into(),
            metric: (*metric).into(),
            class: (*class).into(),
            value: Some(*value).filter(|v| v.is_finite()),
            ..QualityRow::default()
        };
        of.iter().map(row).collect()
    }

    #[test]
    fn the_order_of_classes_is_compared_figure_by_figure() {
        let mut all = vec![];
        for (extractor, values) in [("x", [1.0, 2.0, 3.0, 4.0]), ("y", [10.0, 20.0, 40.0, 30.0]), ("z", [4.0, 3.0, 2.0, f64::NAN])] {
            all.push((extractor, "kid", "", 5.0));
            all.extend(["a", "b", "c", "d"].iter().zip(values).map(|(class, value)| (extractor, "kid", *class, value)));
            all.extend(["a", "b", "c"].map(|class| (extractor, "precision", class, 0.5)));
        }
        let rows = of(&figures(&all));
        let pairs: Vec<_> = rows.iter().map(|row| (row.metric.as_str(), row.extractor.as_str(), row.other.as_str(), row.classes)).collect();
        assert_eq!(pairs[..3], [("kid", "x", "y", 4), ("kid", "x", "z", 3), ("kid", "y", "z", 3)]);
        let found = |n: usize| (rows[n].spearman.unwrap(), rows[n].kendall.unwrap());
        assert!((found(0).0 - 0.8).abs() < 1e-12 && (found(0).1 - 2.0 / 3.0).abs() < 1e-12, "{:?}", rows[0]);
        assert_eq!(found(1), (-1.0, -1.0));
        assert_eq!((rows[3].metric.as_str(), rows[3].spearman, rows[3].kendall), ("precision", None, None));
        assert_eq!(rows[3].reason, "by one extractor, all classes have the same figure");
    }

    #[test]
    fn one_extractor_has_nothing_to_agree_on_and_few_classes_say_so() {
        assert!(of(&figures(&[("x", "kid", "a", 1.0), ("x", "kid", "b", 2.0)])).is_empty());
        let rows = of(&figures(&[("x", "kid", "a", 1.0), ("y", "kid", "a", 2.0)]));
        assert_eq!(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["1 class with the figure by both: an order of 3 or more can agree"]);
        let rows = of(&figures(&[("x", "kid", "a", 1.0), ("x", "kid", "b", 2.0), ("y", "kid", "a", 1.0), ("y", "kid", "b", f64::NAN)]));
        assert_eq!((rows.len(), rows[0].classes, rows[0].spearman), (1, 1, None));
        assert_eq!(rows[0].reason, "1 class with the figure by both: an order of 3 or more can agree");
    }
}
