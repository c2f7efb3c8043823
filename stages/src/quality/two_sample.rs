//! Whether a simple classifier can tell synthetic images from real ones by their features (classifier two-sample test; Lopez-Paz &
//! Oquab 2017).

mod logistic;

use super::{Compared, Features, Watch};
use crate::statistics::delong;
use logistic::Linear;

/// Folds that are customary.
pub const FOLDS: usize = 5;

/// What classifiers say of images that they were not fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoSample {
    /// The area under the ROC curve of all scores: 0.5 where nothing tells the sets apart, 1 where everything does.
    pub auroc: f64,
    /// The score of every real image, and of every synthetic one; higher where it looks synthetic.
    pub scores: [Vec<f64>; 2],
}

/// Fits a logistic regression to all images outside each fold, and scores those in it.
///
/// Features are standardised by the mean and the standard deviation (divided by `n`) of the images that a regression is fitted on;
/// those that do not vary there stay 0. The penalty is `|w|² / 2` beside the sum of the losses, without the intercept: what
/// scikit-learn's `StandardScaler` and `LogisticRegression` do by default. Scores are log-odds, so that those of all folds can be
/// pooled. With `d` features and `n` images, each of about ten steps is `O(n d²)`, or `O(n³)` where there are fewer images.
///
/// `folds` has of each set the places of the images in each fold, as [`super::halves::dealt_together`] gives them: all images of a
/// patient, of both sets, belong in one fold, or a classifier recognises patients.
///
/// # Errors
/// Where the numbers of features or folds differ, a set is empty, or all images of a set are in one fold.
///
/// # Panics
/// Where an image is in no fold or in several.
pub fn two_sample(sets: [&Features; 2], folds: [&[Vec<usize>]; 2], of: Compared, watch: Watch) -> Result<TwoSample, String> {
    let [real, synthetic] = sets;
    if real.dimensions() != synthetic.dimensions() {
        return Err(format!("the sets have {} and {} features", real.dimensions(), synthetic.dimensions()));
    }
    if folds[0].len() != folds[1].len() {
        return Err(format!("the sets are in {} and {} folds", folds[0].len(), folds[1].len()));
    }
    for (which, (set, folds)) in sets.iter().zip(folds).enumerate() {
        let mut all: Vec<usize> = folds.concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..set.count()), "BUG: each image is in one fold");
        if folds.iter().filter(|fold| !fold.is_empty()).count() < 2 {
            return Err(format!("{} in one fold: there is none to fit a classifier on", of.counted(which, set.count())));
        }
    }
    let mut scores = sets.map(|set| vec![0.0; set.count()]);
    // Where the previous fold ended, which is not far from the minimum of the next.
    let mut fitted = Linear::zero(real.dimensions());
    for fold in 0..folds[0].len() {
        let held_out = [&folds[0][fold], &folds[1][fold]];
        if held_out.iter().any(|places| !places.is_empty()) {
            let rest = [0, 1].map(|set| -> Vec<usize> { (0..folds[set].len()).filter(|f| *f != fold).flat_map(|f| folds[set][f].iter().copied()).collect() });
            let standard = Standard::of(sets, &rest)?;
            let positive: Vec<bool> = [false, true].into_iter().zip(&rest).flat_map(|(is, places)| vec![is; places.len()]).collect();
            fitted = logistic::fit(&standard.applied(sets, [&rest[0], &rest[1]]), &positive, fitted);
            let mut found = fitted.of(&standard.applied(sets, [held_out[0], held_out[1]]));
            if standard.is_constant() {
                // How many of them are synthetic is nothing that features say, and differs between folds.
                found.fill(0.0);
            }
            let (of_real, of_synthetic) = found.split_at(held_out[0].len());
            held_out[0].iter().zip(of_real).for_each(|(i, score)| scores[0][*i] = *score);
            held_out[1].iter().zip(of_synthetic).for_each(|(i, score)| scores[1][*i] = *score);
        }
        watch((fold + 1) as f64 / folds[0].len() as f64);
    }
    let positive: Vec<bool> = [false, true].into_iter().zip(&scores).flat_map(|(is, scores)| vec![is; scores.len()]).collect();
    let area = delong::area(&scores.concat(), &delong::Images::independent(&positive)).ok_or("the features are too large: a score is not a number")?;
    Ok(TwoSample { auroc: area.value, scores })
}

/// Means and standard deviations of features.
struct Standard {
    mean: Vec<f64>,
    /// 1 over the deviation; 0 where a feature does not vary beyond its rounding.
    scale: Vec<f64>,
}

impl Standard {
    fn of(sets: [&Features; 2], places: &[Vec<usize>; 2]) -> Result<Standard, String> {
        let rows = || sets.into_iter().zip(places).flat_map(|(set, places)| places.iter().map(|i| set.row(*i)));
        let (count, width) = (rows().count() as f64, sets[0].dimensions());
        let (mut mean, mut variance) = (vec![0.0; width], vec![0.0; width]);
        rows().for_each(|row| mean.iter_mut().zip(row).for_each(|(mean, v)| *mean += v));
        mean.iter_mut().for_each(|mean| *mean /= count);
        rows().for_each(|row| variance.iter_mut().zip(row.iter().zip(&mean)).for_each(|(sum, (v, m))| *sum += (v - m) * (v - m)));
        if !variance.iter().all(|v| v.is_finite()) {
            return Err("the features are too large: their variance overflows".into());
        }
        let scale = |(variance, mean): (f64, &f64)| {
            let rounding = count * mean * f64::EPSILON;
            if variance > rounding * rounding { 1.0 / variance.sqrt() } else { 0.0 }
        };
        let scale = variance.into_iter().map(|v| v / count).zip(&mean).map(scale).collect();
        Ok(Standard { mean, scale })
    }

    /// True where no feature varies.
    fn is_constant(&self) -> bool {
        self.scale.iter().all(|scale| *scale == 0.0)
    }

    /// Standardised features of some images of both sets, real ones first.
    fn applied(&self, sets: [&Features; 2], places: [&[usize]; 2]) -> Features {
        let rows = sets.into_iter().zip(places).flat_map(|(set, places)| places.iter().map(|i| set.row(*i)));
        let values = rows.flat_map(|row| row.iter().zip(&self.mean).zip(&self.scale).map(|((v, m), s)| (v - m) * s)).collect();
        Features::unchecked(values, sets[0].dimensions())
    }
}

#[cfg(test)]
mod tests {
    use super::super::halves::dealt;
    use super::*;
    use serde_json::Value;

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }

    fn features(value: &Value) -> Features {
        Features::of(numbers(&value["values"]), value["dimensions"].as_u64().unwrap() as usize).unwrap()
    }

    /// Groups of two images each, in five folds.
    fn folds(count: usize) -> Vec<Vec<usize>> {
        let groups: Vec<Vec<usize>> = (0..count).step_by(2).map(|i| (i..count.min(i + 2)).collect()).collect();
        dealt(&groups, FOLDS)
    }

    fn test(real: &Features, synthetic: &Features) -> Result<TwoSample, String> {
        two_sample([real, synthetic], [&folds(real.count()), &folds(synthetic.count())], Compared::WithSynthetic, &|_| ())
    }

    #[test]
    fn areas_and_coefficients_are_those_of_scikit_learn() {
        let oracle: Value = serde_json::from_str(include_str!("../../tests/oracle/two_sample.json")).unwrap();
        for case in oracle.as_array().unwrap() {
            let (real, synthetic) = (features(&case["real"]), features(&case["synthetic"]));
            let name = &case["name"];
            let found = test(&real, &synthetic).unwrap();
            let wanted = case["auroc"].as_f64().unwrap();
            assert!((found.auroc - wanted).abs() <= 0.005, "{name}: {} and {wanted}", found.auroc);
            for (found, wanted) in found.scores.concat().iter().zip(numbers(&case["scores"])) {
                assert!((found - wanted).abs() <= 1e-3 * (1.0 + wanted.abs()), "{name}: a score of {found} and {wanted}");
            }
            let all = [real, synthetic];
            let places = [0, 1].map(|set| (0..all[set].count()).collect::<Vec<usize>>());
            let sets = [&all[0], &all[1]];
            let rows = Standard::of(sets, &places).unwrap().applied(sets, [&places[0], &places[1]]);
            let positive: Vec<bool> = (0..rows.count()).map(|i| i >= all[0].count()).collect();
            let fitted = logistic::fit(&rows, &positive, Linear::zero(rows.dimensions()));
            for (found, wanted) in fitted.weights.iter().chain([&fitted.intercept]).zip(numbers(&case["coefficients"])) {
                assert!((found - wanted).abs() <= 1e-4, "{name}: a coefficient of {found} and {wanted}");
            }
            // The minimum is one, wherever one begins.
            let start = Linear { weights: vec![0.5; rows.dimensions()], intercept: -3.0 };
            let again = logistic::fit(&rows, &positive, start);
            assert!(again.weights.iter().zip(&fitted.weights).all(|(a, b)| (a - b).abs() < 1e-6), "{name}");
        }
    }

    fn made(count: usize, dimensions: usize, seed: usize, shift: f64) -> Features {
        let values = (0..count * dimensions).map(|i| ((i * 7919 + seed * 104_729 + i * i % 977) % 1009) as f64 / 100.0 + shift).collect();
        Features::of(values, dimensions).unwrap()
    }

    #[test]
    fn sets_far_apart_are_told_apart_and_equal_ones_are_not() {
        assert_eq!(test(&made(40, 5, 1, 0.0), &made(30, 5, 2, 100.0)).unwrap().auroc, 1.0);
        assert_eq!(test(&made(30, 50, 1, 0.0), &made(20, 50, 2, 100.0)).unwrap().auroc, 1.0);
        let set = made(40, 4, 1, 0.0);
        assert!((test(&set, &set).unwrap().auroc - 0.5).abs() < 0.1);
        // Features that do not vary say nothing, and are not divided by.
        let flat = Features::of(vec![0.1; 60], 3).unwrap();
        assert_eq!(test(&flat, &flat).unwrap().auroc, 0.5);
        let huge = Features::of(vec![1e300, -1e300, 1e300, -1e300], 1).unwrap();
        assert!(test(&huge, &huge).unwrap_err().contains("too large"));
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        for dimensions in [7, 120] {
            let (a, b) = (made(70, dimensions, 1, 0.0), made(60, dimensions, 2, 0.4));
            let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| test(&a, &b).unwrap().scores);
            assert_eq!(with(1), with(3));
        }
    }

    #[test]
    fn what_cannot_be_tested_is_refused_in_words() {
        let (a, b) = (made(6, 3, 1, 0.0), made(2, 3, 2, 0.0));
        assert_eq!(test(&a, &b).unwrap_err(), "2 synthetic images in one fold: there is none to fit a classifier on");
        assert!(test(&a, &made(6, 2, 1, 0.0)).unwrap_err().contains("3 and 2"));
        assert!(two_sample([&a, &a], [&folds(6), &folds(6)[..3]], Compared::WithSynthetic, &|_| ()).unwrap_err().contains("5 and 3 folds"));
    }
}
