//! Scores in ascending order, equal ones together, and how much weight each tie holds on two sides: curves, their areas
//! and calibration are sums over ties. Sorted once; a resample only adds up. Independent of what the scores and sides are of.

/// Images in the order of a score, and the side that each is on.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking {
    /// Ascending by score, ties by index: the image, and whether it is positive.
    places: Vec<(usize, bool)>,
    /// Of each tie, its score and where it ends in `places`.
    ends: Vec<(f64, usize)>,
}

/// Images of one score under weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tie {
    /// The score that they have in common.
    pub score: f64,
    /// The weight of the positive ones; those of the class, or those that were predicted right.
    pub positives: f64,
    /// The weight of the others.
    pub negatives: f64,
}

impl Ranking {
    /// The ranking of scores, one for each image; none where one is NaN, which has no rank.
    pub(super) fn of(scores: &[f64], is_positive: impl Fn(usize) -> bool) -> Option<Ranking> {
        Self::finer(scores, |_| 0.0, is_positive)
    }

    /// The same, where equal scores are told apart by another number.
    pub(super) fn finer(scores: &[f64], finer: impl Fn(usize) -> f64, is_positive: impl Fn(usize) -> bool) -> Option<Ranking> {
        if scores.iter().any(|s| s.is_nan()) {
            return None;
        }
        let mut places: Vec<(usize, bool)> = (0..scores.len()).map(|image| (image, is_positive(image))).collect();
        // Not by `total_cmp`: both zeros are one score. The sort is stable, so that ties stay by index.
        let key = |image: usize| (scores[image], finer(image));
        places.sort_by(|a, b| key(a.0).partial_cmp(&key(b.0)).expect("BUG: no score is NaN"));
        let mut ends: Vec<(f64, usize)> = vec![];
        for (at, (image, _)) in places.iter().enumerate() {
            match ends.last_mut() {
                Some((_, end)) if key(places[*end - 1].0) == key(*image) => *end = at + 1,
                _ => ends.push((scores[*image], at + 1)),
            }
        }
        Some(Ranking { places, ends })
    }

    /// The mid-rank of each image, from 0 to 1.
    pub(super) fn mid_ranks(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.places.len()];
        let mut from = 0;
        for (_, end) in &self.ends {
            let middle = (from as f64 + *end as f64) / 2.0 / out.len() as f64;
            self.places[from..*end].iter().for_each(|(image, _)| out[*image] = middle);
            from = *end;
        }
        out
    }

    /// The ties in ascending order of their scores, those without weight included.
    pub(super) fn ties(&self, weights: &[f64]) -> Vec<Tie> {
        let mut from = 0;
        let tie = |&(score, end): &(f64, usize)| {
            let mut sides = [0.0; 2];
            for (image, is_positive) in &self.places[from..end] {
                sides[usize::from(*is_positive)] += weights[*image];
            }
            from = end;
            Tie { score, positives: sides[1], negatives: sides[0] }
        };
        self.ends.iter().map(tie).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_are_one_tie_and_what_is_no_number_has_no_rank() {
        let ranking = Ranking::of(&[0.5, f64::INFINITY, -0.0, 0.5, 0.0, f64::NEG_INFINITY], |image| image % 2 == 0).unwrap();
        let found: Vec<_> = ranking.ties(&[1.0, 2.0, 4.0, 8.0, 16.0, 0.0]).iter().map(|t| (t.score, t.positives, t.negatives)).collect();
        assert_eq!(found, [(f64::NEG_INFINITY, 0.0, 0.0), (0.0, 20.0, 0.0), (0.5, 1.0, 8.0), (f64::INFINITY, 0.0, 2.0)]);
        assert!(Ranking::of(&[0.5, f64::NAN], |_| true).is_none());
        assert!(Ranking::of(&[], |_| true).unwrap().ties(&[]).is_empty());
    }
}
