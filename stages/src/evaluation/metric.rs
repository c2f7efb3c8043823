//! The table of metrics. One metric is one file in `metric/` and one row here; tables, intervals, figures, the report,
//! the terminal and `docs/metrics.md` read the rows. Independent of what the predictions are of and of where the values
//! end up.

mod accuracy;
mod adaptive_ece;
mod auprc;
mod auroc;
mod balanced_accuracy;
mod brier;
mod ece;
mod f1;
mod hm_sens_spec;
mod kappa;
mod log_loss;
mod mcc;
mod net_benefit;
mod npv;
mod partial_auroc;
mod precision;
mod sens_at_spec;
mod sensitivity;
mod specificity;
#[cfg(test)]
mod tests;

use super::predictions::{Predictions, Weighted};
use std::sync::LazyLock;

/// A number that says how well labels were predicted.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in tables, in kebab-case; a name may stand for the whole and for each class.
    pub name: &'static str,
    /// What it is a number of, and how it is computed.
    pub scope: Scope,
    /// Which of two values is the better one.
    pub direction: Direction,
    /// The least and the greatest value that it can have; infinite where there is none.
    pub range: (f64, f64),
    /// What an interval can be computed from.
    pub basis: Basis,
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
    /// All classes together, by the mean of a metric per class; undefined where it is for any class, as the mean over
    /// those that happen to be there is another metric. A row of its own, so that what is expensive per class is
    /// computed once.
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

/// What the interval of a metric can be computed from, besides resamples, which do for all.
#[derive(Debug, Clone, Copy)]
pub enum Basis {
    /// It is a share of images: an interval of counts, such as Wilson's. Of a metric per class, for a class.
    Proportion(fn(&Weighted, Option<usize>) -> Proportion),
    /// It is the area under the ROC curve of a class: an interval of ranks, such as DeLong's.
    Auroc,
    /// The order of the scores alone; otherwise as [`Basis::Other`].
    Ranks,
    /// Nothing else: of the jackknife over patients.
    Other,
    /// Of nothing: the estimate is biased, so that no interval holds the true value as often as it says.
    Biased,
}

/// A share of images, in weights: as counts where every image has a weight of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    /// The images that are so.
    pub successes: f64,
    /// The images that are asked.
    pub trials: f64,
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
    mcc::WHOLE,
    kappa::METRIC,
    auroc::MEAN,
    auprc::MEAN,
    brier::SUM,
    log_loss::METRIC,
    ece::METRIC,
    adaptive_ece::METRIC,
    sensitivity::METRIC,
    specificity::METRIC,
    precision::METRIC,
    npv::METRIC,
    f1::METRIC,
    mcc::METRIC,
    hm_sens_spec::METRIC,
    auroc::METRIC,
    auprc::METRIC,
    partial_auroc::METRIC,
    sens_at_spec::METRIC,
    brier::METRIC,
    net_benefit::METRIC,
];

impl Metric {
    /// True where each class has a value.
    pub const fn is_per_class(&self) -> bool {
        matches!(self.scope, Scope::PerClass(_))
    }
}

impl Proportion {
    /// Of a class, its successes and trials; of no class, none.
    fn of(class: Option<usize>, counts: impl Fn(usize) -> (f64, f64)) -> Proportion {
        let (successes, trials) = class.map_or((0.0, 0.0), counts);
        Proportion { successes, trials }
    }
    /// The share; undefined without trials.
    pub fn share(self) -> Option<f64> {
        share(self.successes, self.trials)
    }
}

impl Measure {
    /// Its value under weights; none where it is undefined.
    pub fn value(&self, seen: &Weighted) -> Option<f64> {
        match (self.metric.scope, self.class) {
            (Scope::Whole(f), _) => f(seen),
            (Scope::PerClass(f), Some(class)) => f(seen, class),
            (Scope::MeanOf(of), _) => mean(&column(of, &[], &[], seen)),
            (Scope::PerClass(_), None) => None,
        }
    }
}

/// The row of a name and scope; none for a metric of another version of the program.
pub fn find(name: &str, is_per_class: bool) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.name == name && m.is_per_class() == is_per_class)
}

/// The rows of a name, of the whole and of each class, in the order of the table: to measure nothing else. None for a name that no
/// metric has.
pub fn rows_of(name: &str) -> &'static [Metric] {
    static ROWS: LazyLock<Vec<Vec<Metric>>> =
        LazyLock::new(|| METRICS.iter().map(|m| METRICS.iter().filter(|of| of.name == m.name).copied().collect()).collect());
    METRICS.iter().position(|m| m.name == name).map_or(&[], |at| &ROWS[at])
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

/// Undefined where one is, or where there are none.
fn mean(values: &[Option<f64>]) -> Option<f64> {
    let sum: f64 = values.iter().copied().sum::<Option<f64>>()?;
    (!values.is_empty()).then(|| sum / values.len() as f64)
}

/// A part of a whole; undefined where the whole is nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
