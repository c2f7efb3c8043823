//! Means over folds: (k₁ / n₁ + … ) / folds, with a whole number k for each fold. Independent of which metric it is.

use super::exact::{Fraction, Range};
use super::format::Folds;
use super::printed::Printed;
use super::{Look, Outcome};
use crate::records::Audited;
use std::collections::BTreeMap;

/// Each cell of the column, as far as something is printed there.
pub(super) fn audit(look: &Look, folds: &Folds) -> Vec<Audited> {
    let of = |row: &str| {
        let printed = look.table.cell(row, &folds.column)?;
        Some(look.row(row, &folds.column, printed, judge(look, folds, printed)))
    };
    look.table.rows_of(&folds.rows).into_iter().filter_map(of).collect()
}

fn judge(look: &Look, folds: &Folds, printed: &Printed) -> Outcome {
    let mut nearest: (Option<Fraction>, Option<Fraction>) = (None, None);
    for mode in look.table.rounding.modes() {
        for sizes in &folds.sizes {
            match search(&printed.share(*mode, look.table.unit), sizes) {
                Near::Inside(counts) => return Outcome::consistent(counts),
                Near::Around(below, above) => {
                    nearest.0 = nearest.0.max(below);
                    nearest.1 = [nearest.1, above].into_iter().flatten().min();
                }
            }
        }
    }
    let near: Vec<String> = [nearest.0, nearest.1].into_iter().flatten().map(|x| look.share(x, printed)).collect();
    let all: u64 = folds.sizes[0].iter().map(|n| u64::from(*n)).sum();
    Outcome::inconsistent(near.join(" or "), format!("no counts in {} folds of {all} have a mean of {printed}", folds.sizes[0].len()))
}

/// What means there are.
enum Near {
    /// One in the range, with its counts in words.
    Inside(String),
    /// The nearest ones outside.
    Around(Option<Fraction>, Option<Fraction>),
}

/// Looks for counts whose mean is in the range. Folds of one size are alike: only the sum of their counts matters.
fn search(range: &Range, sizes: &[u32]) -> Near {
    let mut groups: BTreeMap<i128, i128> = BTreeMap::new();
    sizes.iter().for_each(|n| *groups.entry(i128::from(*n)).or_default() += 1);
    let mut groups: Vec<Group> =
        groups.into_iter().map(|(size, folds)| Group { step: Fraction::new(1, size * sizes.len() as i128), most: size * folds }).collect();
    // The largest is solved for, the others are enumerated.
    let last = groups.pop().expect("BUG: there is a fold");
    let mut counts = vec![0; groups.len()];
    let (mut below, mut above) = (None, None);
    loop {
        let sum = counts.iter().zip(&groups).fold(Fraction::ZERO, |sum, (k, g)| sum + g.step * Fraction::whole(*k));
        // The smallest count that reaches the range.
        let first = ((range.low - sum) / last.step).ceil().max(0);
        let of = |k: i128| (0..=last.most).contains(&k).then(|| sum + last.step * Fraction::whole(k));
        below = below.max(of(first.min(last.most + 1) - 1));
        if let Some(reached) = of(first) {
            if range.holds(reached) {
                let right: i128 = counts.iter().sum::<i128>() + first;
                let all = groups.iter().map(|g| g.most).sum::<i128>() + last.most;
                return Near::Inside(format!("{right} of {all} in {} folds", sizes.len()));
            }
            above = [above, Some(reached)].into_iter().flatten().min();
        }
        let Some(at) = (0..counts.len()).find(|i| counts[*i] < groups[*i].most) else { return Near::Around(below, above) };
        counts[at] += 1;
        counts[..at].fill(0);
    }
}

/// Folds of one size.
struct Group {
    /// What one image adds to the mean.
    step: Fraction,
    /// Images in all of them.
    most: i128,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::printed::{Mode, Unit};

    /// Every mean there is, one by one.
    fn means(sizes: &[u32]) -> Vec<Fraction> {
        let folds = sizes.len() as i128;
        sizes.iter().fold(vec![Fraction::ZERO], |sums, n| {
            let n = i128::from(*n);
            let mut all: Vec<Fraction> = sums.iter().flat_map(|sum| (0..=n).map(|k| *sum + Fraction::new(k, n * folds))).collect();
            all.sort();
            all.dedup();
            all
        })
    }

    #[test]
    fn a_mean_over_folds_is_found_exactly_where_there_is_one() {
        for sizes in [&[5, 5, 6, 6][..], &[7], &[3, 4, 5], &[10, 10, 10]] {
            let all = means(sizes);
            for n in 0..=1000 {
                let printed: Printed = format!("{}.{:03}", n / 1000, n % 1000).parse().unwrap();
                for mode in [Mode::Rounded, Mode::Truncated, Mode::Mixed] {
                    let range = printed.share(mode, Unit::Fraction);
                    let inside = all.iter().any(|m| range.holds(*m));
                    match search(&range, sizes) {
                        Near::Inside(_) => assert!(inside, "{printed} {sizes:?}"),
                        Near::Around(below, above) => {
                            assert!(!inside, "{printed} {sizes:?}");
                            assert_eq!(below, all.iter().copied().filter(|m| *m < range.low).max(), "{printed} {sizes:?} {mode:?}");
                            assert_eq!(above, all.iter().copied().find(|m| *m > range.low), "{printed} {sizes:?} {mode:?}");
                        }
                    }
                }
            }
        }
    }
}
