//! How much of what an area under the ROC curve has above ½ another one has that is of the same patients: of fewer pairs of images, or of
//! images that lack a cue. Independent of why it is another one.

use super::estimate::LEVEL;
use crate::statistics::delong::Area;
use crate::statistics::interval::of_one_area;
use crate::statistics::ratio::Ratio;
use crate::statistics::{Limits, t_of};

/// The share, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareLeft {
    /// (part − ½) / (all − ½).
    pub value: f64,
    /// Its interval at 95 %, of patients (Fieller); none where no patient changes it.
    pub interval: Option<Limits>,
}

/// The share that `part` has of what `all` has above ½. None where `all` is not certain to be above ½, by its interval at 95 %: of nothing,
/// there is no share.
pub fn share_left(part: &Area, all: &Area) -> Option<ShareLeft> {
    of_one_area(all, LEVEL).ok().filter(|found| found.low > 0.5)?;
    let (above, below) = (part.value - 0.5, all.value - 0.5);
    let counts = part.counts();
    let patients = counts.positive_patients.min(counts.negative_patients) as f64;
    let interval = part.freedom().filter(|_| patients > 1.0).and_then(|freedom| {
        let of = [part, all].map(Area::contributions);
        let product = |a: &[f64], b: &[f64]| patients / (patients - 1.0) * a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let ratio = Ratio { above: (above, product(&of[0], &of[0])), below: (below, product(&of[1], &of[1])), covariance: product(&of[0], &of[1]) };
        ratio.fieller(t_of(LEVEL, freedom))
    });
    Some(ShareLeft { value: above / below, interval })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;
    use crate::statistics::delong::groups::{Grouped, Pairs};
    use crate::statistics::delong::{Images, area};

    #[test]
    fn a_share_of_itself_is_one_and_of_nothing_there_is_none() {
        let positive: Vec<bool> = (0..40).map(|i| i % 2 == 0).collect();
        let images = Images::independent(&positive);
        let scores: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 11) + if i % 2 == 0 { 4.0 } else { 0.0 }).collect();
        let all = area(&scores, &images).unwrap();
        assert_eq!(share_left(&all, &all).map(|s| s.value), Some(1.0));
        let nothing = area(&(0..40).map(|i| f64::from(i / 2)).collect::<Vec<_>>(), &images).unwrap();
        assert_eq!((nothing.value, share_left(&all, &nothing)), (0.5, None));
        assert_eq!(share_left(&nothing, &all).unwrap().value, 0.0);
    }

    /// Scores of a finding and of a source that goes together with the class, of which the areas are known.
    #[test]
    fn the_true_share_within_groups_is_in_95_of_100_intervals() {
        let normal_cdf = |z: f64| 0.5 * (1.0 + crate::statistics::special::erf(z / std::f64::consts::SQRT_2));
        // Within a source, positive images are 0.8 higher; a source adds 1.5; nine of ten positive images are from it, and one of ten negative.
        let within = normal_cdf(0.8 / std::f64::consts::SQRT_2);
        let between = |sources: f64| normal_cdf((0.8 + 1.5 * sources) / std::f64::consts::SQRT_2);
        let all = 0.81 * between(1.0) + 0.18 * within + 0.01 * between(-1.0);
        let truth = (within - 0.5) / (all - 0.5);
        let mut stream = Seed(8).stream("test", "share");
        let (mut inside, mut sum, rounds) = (0, 0.0, 400);
        for _ in 0..rounds {
            let positive: Vec<bool> = (0..240).map(|i| i % 2 == 0).collect();
            let group: Vec<usize> = positive.iter().map(|p| usize::from(stream.chance(if *p { 0.9 } else { 0.1 }))).collect();
            let scores: Vec<f64> = positive.iter().zip(&group).map(|(p, g)| 0.8 * f64::from(u8::from(*p)) + 1.5 * *g as f64 + stream.normal()).collect();
            let images = Images::independent(&positive);
            let grouped = Grouped::of(&scores, &group, &images).unwrap();
            let found = share_left(&grouped.area(Pairs::Within).unwrap(), &grouped.area(Pairs::All).unwrap()).unwrap();
            let (low, high) = found.interval.unwrap();
            inside += usize::from(low <= truth && truth <= high);
            sum += found.value;
        }
        assert!((sum / f64::from(rounds) - truth).abs() < 0.02, "{} and {truth}", sum / f64::from(rounds));
        assert!((368..=392).contains(&inside), "{inside} of {rounds}");
    }
}
