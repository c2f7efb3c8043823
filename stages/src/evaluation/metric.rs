//! The table of metrics. One metric is one file in `metric/` and one row here; tables, intervals, figures, the report,
//! the terminal and `docs/metrics.md` read the rows. Independent of what the predictions are of and of where the values
//! end up.

mod accuracy;
mod auroc;
mod balanced_accuracy;
mod f1;
mod precision;
mod sensitivity;
mod specificity;
#[cfg(test)]
mod tests;

use super::predictions::{Predictions, Weighted};

/// A number that says how well labels were predicted.
#[derive(Debug)]
pub struct Metric {
    /// Its name in tables, in kebab-case; a name may stand for the whole and for each class.
    pub name: &'static str,
    /// What it is a number of, and how it is computed.
    pub scope: Scope,
    /// Which of two values is the better one.
    pub direction: Direction,
    /// Where people meet it without opening a table.
    pub shown: Shown,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// When it has no value.
    pub undefined_when: &'static str,
    /// Who defined it, or the function of another library that gives the same number.
    pub reference: &'static str,
}

/// What a metric is a number of.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// All classes together.
    Whole(fn(&Weighted) -> Option<f64>),
    /// All classes together, by the mean of a metric per class over the classes for which it is defined. A row of its
    /// own, so that what is expensive per class is computed once.
    MeanOf(&'static Metric),
    /// Each class against the rest.
    PerClass(fn(&Weighted, usize) -> Option<f64>),
}

/// Which of two values is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The higher one.
    HigherIsBetter,
    /// The lower one.
    LowerIsBetter,
}

/// Where a metric is shown besides in the tables, which hold all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Nowhere else.
    InTables,
    /// In figures, too.
    InFigures,
    /// In figures and on the terminal at the end of a run, too.
    Everywhere,
}

/// A metric and the class that a value of it is of.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// The row of the table.
    pub metric: &'static Metric,
    /// The class, one against the rest; none for a metric of the whole.
    pub class: Option<usize>,
}

/// Every metric in the order of the tables: first those of the whole, then those that each class has.
// One row a line, so that branches that each add one do not conflict.
#[rustfmt::skip]
pub static METRICS: &[Metric] = &[
    accuracy::METRIC,
    balanced_accuracy::METRIC,
    auroc::MEAN,
    sensitivity::METRIC,
    specificity::METRIC,
    precision::METRIC,
    f1::METRIC,
    auroc::METRIC,
];

impl Metric {
    /// True where each class has a value.
    pub const fn is_per_class(&self) -> bool {
        matches!(self.scope, Scope::PerClass(_))
    }
}

/// The row of a name and scope; none for a metric of another version of the program.
pub fn find(name: &str, is_per_class: bool) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.name == name && m.is_per_class() == is_per_class)
}

/// What [`measure`] measures, in its order: the metrics of the whole, then class by class all that each class has.
pub fn measures(metrics: &'static [Metric], classes: usize) -> Vec<Measure> {
    let whole = metrics.iter().filter(|m| !m.is_per_class()).map(|metric| Measure { metric, class: None });
    let each = (0..classes).flat_map(|c| metrics.iter().filter(|m| m.is_per_class()).map(move |metric| Measure { metric, class: Some(c) }));
    whole.chain(each).collect()
}

/// The value of every metric under weights, one for each image; `None` where it is undefined.
///
/// # Panics
/// Where there are not as many weights as images.
pub fn measure(metrics: &[Metric], predictions: &Predictions, weights: &[f64]) -> Vec<Option<f64>> {
    let seen = predictions.weighted(weights);
    let of_class: Vec<&Metric> = metrics.iter().filter(|m| m.is_per_class()).collect();
    let mut each: Vec<Option<f64>> = Vec::with_capacity(predictions.classes * of_class.len());
    for class in 0..predictions.classes {
        each.extend(metrics.iter().filter_map(|m| if let Scope::PerClass(f) = m.scope { Some(f(&seen, class)) } else { None }));
    }
    let whole = metrics.iter().filter_map(|m| match m.scope {
        Scope::Whole(f) => Some(f(&seen)),
        Scope::MeanOf(of) => Some(mean(&column(of, &of_class, &each, &seen))),
        Scope::PerClass(_) => None,
    });
    whole.chain(each.iter().copied()).collect()
}

/// A metric per class: from the values that are there, or computed where the table has no row for it.
fn column(of: &Metric, rows: &[&Metric], each: &[Option<f64>], seen: &Weighted) -> Vec<Option<f64>> {
    match (rows.iter().position(|m| m.name == of.name), of.scope) {
        (Some(at), _) => each.iter().skip(at).step_by(rows.len()).copied().collect(),
        (None, Scope::PerClass(f)) => (0..seen.classes()).map(|class| f(seen, class)).collect(),
        (None, _) => vec![],
    }
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    let defined: Vec<f64> = values.iter().flatten().copied().collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}

/// A part of a whole; undefined where the whole is nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
