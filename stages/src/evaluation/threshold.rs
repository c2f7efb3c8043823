//! Where a probability counts as positive: a fixed threshold, or one chosen on images that nothing is tested on. Independent of
//! where predictions come from.

use crate::contract::prelude::*;

/// How the threshold of the positive class is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdRule {
    /// This probability.
    At(Share),
    /// The one with the largest sum of sensitivity and specificity on the validation images (Youden 1950).
    Youden {},
    /// The largest one whose sensitivity on the validation images is at least this.
    Sensitivity(Share),
    /// The smallest one whose specificity on the validation images is at least this.
    Specificity(Share),
}

impl ThresholdRule {
    /// True where it is chosen on validation images.
    pub fn is_chosen(self) -> bool {
        !matches!(self, ThresholdRule::At(_))
    }

    /// The threshold for probabilities of the positive class, at or above which an image is positive. Chosen thresholds lie halfway
    /// between two probabilities that occur. None where the validation images are all of one side.
    pub fn threshold(self, scores: &[f64], positive: &[bool]) -> Option<f64> {
        if let ThresholdRule::At(threshold) = self {
            return Some(*threshold);
        }
        let (all, none) = (positive.iter().filter(|p| **p).count() as f64, positive.iter().filter(|p| !**p).count() as f64);
        if all == 0.0 || none == 0.0 {
            return None;
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let ties: Vec<&[usize]> = order.chunk_by(|a, b| scores[*a] == scores[*b]).collect();
        // From a threshold below every score upwards: first, all images are positive.
        let (mut hits, mut rejected) = (all, 0.0);
        let mut candidates = vec![(0.0, 1.0, 0.0)];
        for (at, tied) in ties.iter().enumerate() {
            hits -= tied.iter().filter(|i| positive[**i]).count() as f64;
            rejected += tied.iter().filter(|i| !positive[**i]).count() as f64;
            let (here, next) = (scores[tied[0]], ties.get(at + 1).map_or(1.0, |above| scores[above[0]]));
            // No probability is above 1.
            if here < next {
                candidates.push((here + (next - here) / 2.0, hits / all, rejected / none));
            }
        }
        let first_best = |a: Operating, b: Operating| if b.1 + b.2 > a.1 + a.2 { b } else { a };
        let mut candidates = candidates.into_iter();
        let found = match self {
            ThresholdRule::At(_) => None,
            ThresholdRule::Youden {} => candidates.reduce(first_best),
            // Thresholds rise: sensitivity falls, specificity rises.
            ThresholdRule::Sensitivity(least) => candidates.rfind(|c| c.1 >= *least),
            ThresholdRule::Specificity(least) => candidates.find(|c| c.2 >= *least),
        };
        found.map(|c| c.0)
    }
}

/// A threshold with its sensitivity and specificity.
type Operating = (f64, f64, f64);

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [0.1, 0.2, 0.4, 0.6, 0.7, 0.9];
    const POSITIVE: [bool; 6] = [false, false, true, false, true, true];

    fn of(rule: ThresholdRule) -> Option<f64> {
        rule.threshold(&SCORES, &POSITIVE)
    }

    #[test]
    fn a_threshold_is_chosen_between_scores() {
        let near = |found: Option<f64>, wanted: f64| assert!((found.unwrap() - wanted).abs() < 1e-12, "{found:?}");
        near(of(ThresholdRule::At(Share::of(0.5))), 0.5);
        // Sensitivity 1 and specificity 2/3 at 0.3; 2/3 and 1 at 0.65: the first of equals.
        near(of(ThresholdRule::Youden {}), 0.3);
        near(of(ThresholdRule::Sensitivity(Share::of(1.0))), 0.3);
        near(of(ThresholdRule::Sensitivity(Share::of(0.6))), 0.65);
        near(of(ThresholdRule::Specificity(Share::of(1.0))), 0.65);
        near(of(ThresholdRule::Specificity(Share::of(0.0))), 0.0);
        assert_eq!(ThresholdRule::Youden {}.threshold(&SCORES, &[true; 6]), None, "there is nothing to tell apart");
    }

    #[test]
    fn scores_of_1_are_always_positive_and_ties_are_not_parted() {
        let rule = ThresholdRule::Specificity(Share::of(1.0));
        assert_eq!(rule.threshold(&[1.0, 1.0, 0.5], &[true, false, false]), None, "one negative image has a probability of 1");
        let youden = ThresholdRule::Youden {}.threshold(&[0.5, 0.5, 0.5, 0.2], &[true, true, false, false]).unwrap();
        assert!((youden - 0.35).abs() < 1e-12, "{youden}");
    }
}
