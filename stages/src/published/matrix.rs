//! Confusion matrices of whole numbers: is there one whose metrics lie within given ranges? Independent of tables.
//!
//! Precision, recall and F1 of a class depend on its true positives tp and on how often it is predicted, p; accuracy
//! depends on the sum of all tp. So diagonals and column sums are enumerated. A matrix with these exists if the
//! predictions add up to the images, and no class misses and takes wrongly more than all errors together: then the errors
//! can be dealt to cells beside the diagonal.

use super::exact::{Fraction, Range};
use std::collections::BTreeMap;

/// Matrices that are looked at before a row is given up as undecided.
const MAX_STEPS: usize = 2_000_000;

/// A metric, of a class by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Accuracy,
    Precision(usize),
    Recall(usize),
    F1(usize),
}

/// True positives and predictions of a class.
pub(super) type Margin = (i128, i128);

impl Metric {
    /// Its fraction for these margins; 0 where nothing is predicted.
    pub(super) fn share(self, sizes: &[i128], margins: &[Margin]) -> (i128, i128) {
        match self {
            Metric::Accuracy => (margins.iter().map(|m| m.0).sum(), sizes.iter().sum()),
            Metric::Precision(c) => (margins[c].0, margins[c].1.max(1)),
            Metric::Recall(c) => (margins[c].0, sizes[c]),
            Metric::F1(c) => (2 * margins[c].0, sizes[c] + margins[c].1),
        }
    }
    fn class(self) -> Option<usize> {
        match self {
            Metric::Accuracy => None,
            Metric::Precision(c) | Metric::Recall(c) | Metric::F1(c) => Some(c),
        }
    }
}

/// What a metric may be.
pub(super) type Bound = (Metric, Range);

/// Whether there is a matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Solved {
    /// Its margins.
    Yes(Vec<Margin>),
    No,
    /// There are too many to look at.
    Undecided,
}

/// A matrix of classes of these sizes within these bounds. `wanted` may refuse it, and then another is looked for.
pub(super) fn solve(sizes: &[i128], bounds: &[Bound], wanted: &dyn Fn(&[Margin]) -> bool) -> Solved {
    let all: i128 = sizes.iter().sum();
    let Some(options) = (0..sizes.len()).map(|c| margins_of(c, sizes[c], all, bounds)).collect::<Option<Vec<_>>>() else { return Solved::Undecided };
    // The class with the most options is looked up by what is left to predict, the others are enumerated.
    let last = (0..sizes.len()).max_by_key(|c| options[*c].len()).expect("BUG: there are classes");
    let others: Vec<usize> = (0..sizes.len()).filter(|c| *c != last).collect();
    let mut by_predicted: BTreeMap<i128, Vec<i128>> = BTreeMap::new();
    options[last].iter().for_each(|(tp, p)| by_predicted.entry(*p).or_default().push(*tp));
    if others.iter().any(|c| options[*c].is_empty()) {
        return Solved::No;
    }
    let mut at = vec![0; others.len()];
    let mut margins = vec![(0, 0); sizes.len()];
    let mut steps = 0;
    loop {
        others.iter().zip(&at).for_each(|(c, n)| margins[*c] = options[*c][*n]);
        let left = all - others.iter().map(|c| margins[*c].1).sum::<i128>();
        for tp in by_predicted.get(&left).into_iter().flatten() {
            steps += 1;
            margins[last] = (*tp, left);
            let fits = bounds.iter().filter(|b| b.0 == Metric::Accuracy).all(|(m, range)| holds(*m, range, sizes, &margins));
            if fits && is_possible(sizes, &margins) && wanted(&margins) {
                return Solved::Yes(margins);
            }
        }
        steps += 1;
        if steps > MAX_STEPS {
            return Solved::Undecided;
        }
        let Some(next) = (0..at.len()).find(|i| at[*i] + 1 < options[others[*i]].len()) else { return Solved::No };
        at[next] += 1;
        at[..next].fill(0);
    }
}

pub(super) fn holds(metric: Metric, range: &Range, sizes: &[i128], margins: &[Margin]) -> bool {
    let (over, under) = metric.share(sizes, margins);
    range.holds_share(over, under)
}

/// True if no whole numbers give this metric, whatever the others are.
pub(super) fn is_impossible((metric, range): Bound, sizes: &[i128]) -> bool {
    let all = sizes.iter().sum();
    match metric.class() {
        None => range.counts(all).next().is_none(),
        Some(c) => margins_of(c, sizes[c], all, &[(metric, range)]).is_some_and(|options| options.is_empty()),
    }
}

/// True if errors can be dealt to cells beside the diagonal.
fn is_possible(sizes: &[i128], margins: &[Margin]) -> bool {
    let errors: i128 = sizes.iter().zip(margins).map(|(n, m)| n - m.0).sum();
    sizes.iter().zip(margins).all(|(n, (tp, p))| n - tp + p - tp <= errors)
}

/// All margins of a class within the bounds of its metrics; none where there are too many.
fn margins_of(class: usize, n: i128, all: i128, bounds: &[Bound]) -> Option<Vec<Margin>> {
    let own: Vec<&Bound> = bounds.iter().filter(|b| b.0.class() == Some(class)).collect();
    let mut out = vec![];
    for p in 0..=all {
        // As many as the smallest of its metrics allows.
        let (mut low, mut high) = ((p - (all - n)).max(0), p.min(n));
        for (metric, range) in &own {
            let under = match metric {
                Metric::F1(_) => Fraction::new(n + p, 2),
                Metric::Recall(_) => Fraction::whole(n),
                _ => Fraction::whole(p.max(1)),
            };
            low = low.max((range.low * under).ceil());
            high = high.min((range.high * under).floor());
        }
        let of_class = |tp: i128| {
            own.iter().all(|(metric, range)| {
                let (over, under) = match metric {
                    Metric::F1(_) => (2 * tp, n + p),
                    Metric::Recall(_) => (tp, n),
                    _ => (tp, p.max(1)),
                };
                range.holds_share(over, under)
            })
        };
        out.extend((low..=high).filter(|tp| of_class(*tp)).map(|tp| (tp, p)));
        if out.len() > MAX_STEPS {
            return None;
        }
    }
    Some(out)
}
