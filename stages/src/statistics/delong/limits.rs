//! Intervals for the area under a ROC curve from its value, its variance and the numbers of patients. Independent of scores.

use crate::math::{exp, ln};
use crate::statistics::Limits;
use crate::statistics::proportion::score_interval;

/// Wald's interval, cut at 0 and 1; of zero width where the error is 0. For comparison: it covers too little.
pub fn wald(area: f64, error: f64, quantile: f64) -> Limits {
    ((area - quantile * error).max(0.0), (area + quantile * error).min(1.0))
}

/// The interval that is symmetric on the scale ln(area / (1 − area)) (Pepe 2003, 5.2.4), inside 0 to 1. None where the
/// area is 0 or 1 or the error is 0: that scale knows no such area, and no width would follow.
pub fn logit(area: f64, error: f64, quantile: f64) -> Option<Limits> {
    let slope = area * (1.0 - area);
    if !(slope > 0.0 && error > 0.0) {
        return None;
    }
    let (middle, half) = (ln(area / (1.0 - area)), quantile * error / slope);
    let back = |z: f64| 1.0 / (1.0 + exp(-z));
    Some((back(middle - half), back(middle + half)))
}

/// Wilson's interval with as many trials as would give this error, `area (1 − area) / error²`, but not more than `most`:
/// for an error of 0, and for an area of 0 or 1, it is that. Within 0 to 1 and never of zero width. None where `most` is not above 0.
///
/// # Panics
/// Where the area is not in 0 to 1.
pub fn wilson(area: f64, error: f64, most: f64, quantile: f64) -> Option<Limits> {
    let variance = area * (1.0 - area);
    let trials = if error > 0.0 && variance > 0.0 { (variance / (error * error)).min(most) } else { most };
    score_interval((area * trials).min(trials), trials, quantile)
}

/// Newcombe's score interval (2006, method 5): the areas whose variance, by Hanley & McNeil's model of exponential scores
/// with mean numbers of images, does not exclude what was found. `positive` and `negative` are effective numbers. Within 0
/// to 1 and never of zero width. None where a number is not above 0.
///
/// # Panics
/// Where the area is not in 0 to 1.
pub fn newcombe(area: f64, positive: f64, negative: f64, quantile: f64) -> Option<Limits> {
    assert!((0.0..=1.0).contains(&area), "an area is in 0 to 1");
    if !(positive > 0.0 && negative > 0.0) {
        return None;
    }
    let others = (positive + negative) / 2.0 - 1.0;
    let variance = |a: f64| a * (1.0 - a) * (1.0 + others * (1.0 - a) / (2.0 - a) + others * a / (1.0 + a)) / (positive * negative);
    let is_excluded = |a: f64| (area - a) * (area - a) > quantile * quantile * variance(a);
    // The areas that are not excluded are an interval about what was found; each limit is halved to the last bit.
    let limit = |mut excluded: f64| {
        if !is_excluded(excluded) {
            return excluded;
        }
        let mut kept = area;
        for _ in 0..60 {
            let middle = (excluded + kept) / 2.0;
            if is_excluded(middle) { excluded = middle } else { kept = middle }
        }
        kept
    };
    Some((limit(0.0), limit(1.0)))
}
