//! How many of each stratum go to each part, and which. Independent of images: it assigns keys.
//!
//! Every patient has a priority that follows from the seed and the patient's own key, and each stratum is cut along it.
//! The counts come from one sequence over all strata: the next place always goes to the part that is furthest behind
//! its share, and a stratum of n takes the next n places. So remainders carry over from one stratum to the next (ten
//! strata of three at 0.8, 0.1 and 0.1 give 24, 3 and 3), and a patient who is added to one stratum shifts every later
//! one by one place of the sequence: at most (parts − 1) × strata patients change their part.

/// Shares that sum to one. A remainder becomes a last part of its own.
pub(super) struct Shares(Vec<f64>);

/// A sum this close to one is one: 0.8001 beside 0.2 is due to rounding.
const ROUNDING: f64 = 1e-3;

impl Shares {
    pub(super) fn of(shares: &[f64]) -> Shares {
        let sum: f64 = shares.iter().sum();
        let mut all = shares.to_vec();
        if sum < 1.0 - ROUNDING {
            all.push(1.0 - sum);
        } else {
            all.iter_mut().for_each(|s| *s /= sum);
        }
        Shares(all)
    }

    /// Equal shares.
    pub(super) fn equal(n: usize) -> Shares {
        Shares(vec![1.0 / n as f64; n])
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The part for this priority if parts are intervals of priorities: it does not depend on other patients.
    pub(super) fn at(&self, priority: u64) -> usize {
        let at = (priority >> 11) as f64 / (1u64 << 53) as f64;
        let mut sum = 0.0;
        let found = self.0.iter().position(|share| {
            sum += share;
            at < sum
        });
        found.unwrap_or(self.0.len() - 1)
    }

    /// The sequence after the places that are taken already.
    pub(super) fn sequence(&self, taken: &[usize]) -> Sequence<'_> {
        Sequence { shares: &self.0, counts: taken.to_vec() }
    }
}

/// An endless sequence of parts in which every prefix contains each part in proportion to its share, to within one.
pub(super) struct Sequence<'a> {
    shares: &'a [f64],
    counts: Vec<usize>,
}

impl Sequence<'_> {
    fn next(&mut self) -> usize {
        let total = self.counts.iter().sum::<usize>() as f64 + 1.0;
        let behind = |part: usize| self.shares[part] * total - self.counts[part] as f64;
        // The first wins a tie; shares that differ only in their last bit are equal.
        let next = (1..self.shares.len()).fold(0, |best, part| if behind(part) > behind(best) + 1e-9 { part } else { best });
        self.counts[next] += 1;
        next
    }

    /// How many of the next `n` places go to each part.
    pub(super) fn take(&mut self, n: usize) -> Vec<usize> {
        let mut out = vec![0; self.shares.len()];
        (0..n).for_each(|_| out[self.next()] += 1);
        out
    }
}

/// The part for each of these priorities: the lowest go to the first part.
pub(super) fn cut(priorities: &[(u64, &str)], counts: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..priorities.len()).collect();
    order.sort_by_key(|i| priorities[*i]);
    let parts = counts.iter().enumerate().flat_map(|(part, n)| std::iter::repeat_n(part, *n));
    let mut out = vec![0; priorities.len()];
    order.into_iter().zip(parts).for_each(|(who, part)| out[who] = part);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    fn totals(shares: &Shares, strata: &[usize]) -> Vec<usize> {
        let mut sequence = shares.sequence(&vec![0; shares.len()]);
        strata.iter().map(|n| sequence.take(*n)).fold(vec![0; shares.len()], |sum, c| sum.iter().zip(c).map(|(a, b)| a + b).collect())
    }

    #[test]
    fn remainders_carry_over_strata() {
        assert_eq!(totals(&Shares::of(&[0.8, 0.1, 0.1]), &[3; 10]), [24, 3, 3]);
        assert_eq!(totals(&Shares::equal(4), &[9; 10]), [23, 23, 22, 22]);
        assert_eq!(totals(&Shares::of(&[0.7, 0.0, 0.3]), &[24, 48]), [50, 0, 22]);
        assert_eq!(totals(&Shares::of(&[0.8001, 0.0, 0.2]), &[10]), totals(&Shares::of(&[0.8, 0.0, 0.2]), &[10]));
        assert_eq!(totals(&Shares::of(&[0.5, 0.0, 0.2]), &[10]), [5, 0, 2, 3]);
    }

    #[test]
    fn no_stratum_and_no_total_is_off_by_more_than_one() {
        let mut stream = Seed(7).stream("test", "deal");
        for _ in 0..300 {
            let parts = 2 + stream.below(4);
            let raw: Vec<f64> = (0..parts).map(|_| stream.uniform(0.05, 1.0)).collect();
            let sum: f64 = raw.iter().sum::<f64>() / stream.uniform(0.7, 1.0);
            let shares = Shares::of(&raw.iter().map(|r| r / sum).collect::<Vec<_>>());
            let strata: Vec<usize> = (0..1 + stream.below(10)).map(|_| stream.below(40)).collect();
            let mut sequence = shares.sequence(&vec![0; shares.len()]);
            let mut all = vec![0; shares.len()];
            for n in &strata {
                for (part, count) in sequence.take(*n).into_iter().enumerate() {
                    all[part] += count;
                    assert!((count as f64 - shares.0[part] * *n as f64).abs() < 2.0, "{count} of {n} at {}", shares.0[part]);
                }
            }
            let n: usize = strata.iter().sum();
            assert!(all.iter().zip(&shares.0).all(|(c, s)| (*c as f64 - s * n as f64).abs() < 1.0), "{all:?} of {n} at {:?}", shares.0);
        }
    }
}
