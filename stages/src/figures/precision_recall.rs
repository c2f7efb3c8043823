//! Precision-recall curves of the arms, for one class, in the steps of average precision.

use super::axes::Scale;
use super::cuts::{Cut, Cuts};
use super::of_arms::{CHANCE, Curve, cell, page_of, panels_of};
use super::panels::{Mark, Titled, panels};
use super::thinned::evenly;
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::evaluation::Predictions;
use crate::evaluation::metric::{self, Measure};

pub(super) const FIGURE: Figure = Figure {
    name: "precision-recall",
    doc: "Precision-recall curves of the positive class, or else of the rarest one, in the steps whose area is average precision: a panel per arm with the AUPRC of its trainings, the curve of the first arm in each, and a band of 95 % intervals of the precision at each threshold, by patients.",
    draw: Draw::Predictions(draw),
};

/// Steps of a curve.
const STEPS: usize = 80;

/// As for ROC curves.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let class = test.positive()?;
    let of_class: u64 = test.drawn().first()?.confusion()[class].iter().sum();
    let images: u64 = test.drawn().first()?.confusion().iter().flatten().sum();
    let share = of_class as f64 / images.max(1) as f64;
    let chance = [Mark::Line(vec![(0.0, share), (1.0, share)], CHANCE)];
    let (all, rows) = panels_of(test, class, ("AUPRC", &chance), |predictions, cuts, has_band| curve(predictions, cuts, class, has_band))?;
    let caption = format!("{}: precision and recall of {}", test.name(), test.classes()[class]);
    let page = page_of(test, caption, ("the precision", &format!("share of images of the class, {share:.3}")));
    let axis = |title: &str| Titled { scale: Scale::SHARES, title: title.to_owned() };
    let drawing = panels(page, &all, (&axis("recall (share of images of the class)"), &axis("precision")), None);
    Some(drawing.with_data(&["arm", "training", "threshold", "recall", "precision", "low", "high"], rows))
}

/// The steps: from the recall of the threshold before to its own, at its precision.
fn curve(predictions: &Predictions, cuts: &Cuts, class: usize, has_band: bool) -> Curve {
    let ones = vec![1.0; predictions.labels.len()];
    let area = metric::find("auprc", true).and_then(|metric| Measure { metric, class: Some(class) }.value(&predictions.weighted(&ones)));
    // A threshold at which the recall does not rise adds nothing to the area.
    let rising: Vec<Cut> = cuts.cuts().windows(2).filter(|two| two[1].hits > two[0].hits).map(|two| two[1]).collect();
    let mut curve = Curve { value: area, ..Curve::default() };
    let mut before = 0.0;
    for cut in evenly(&rising, STEPS) {
        let (recall, precision) = (cut.hits as f64 / cuts.positives() as f64, cut.hits as f64 / cut.taken as f64);
        let limits = if has_band { cuts.interval(&cut, |is_of_class, is_taken| is_taken.then_some(is_of_class)) } else { None };
        curve.points.extend([(before, precision), (recall, precision)]);
        curve.band.extend(limits.into_iter().flat_map(|(low, high)| [(before, low, high), (recall, low, high)]));
        curve.rows.push([Some(cut.threshold), Some(recall), Some(precision), limits.map(|l| l.0), limits.map(|l| l.1)].map(cell).to_vec());
        before = recall;
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;

    fn of(scores: &[f64], labels: &[usize]) -> Curve {
        let predictions = Predictions::new(2, labels.to_vec(), scores.iter().map(|p| vec![1.0 - p, *p]).collect());
        curve(&predictions, &Cuts::of(&predictions, &(0..labels.len()).collect::<Vec<_>>(), 1).unwrap(), 1, true)
    }

    #[test]
    fn the_area_below_the_steps_is_the_average_precision() {
        // The example of scikit-learn's manual: precision 1 up to a recall of 1/2, then 2/3.
        let found = of(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1]);
        assert_eq!(found.points, [(0.0, 1.0), (0.5, 1.0), (0.5, 2.0 / 3.0), (1.0, 2.0 / 3.0)]);
        assert!((found.value.unwrap() - 5.0 / 6.0).abs() < 1e-12, "{found:?}");
        let scores: Vec<f64> = (0..60).map(|n| f64::from(n * 37 % 61) / 61.0).collect();
        let labels: Vec<usize> = (0..60).map(|n| usize::from(n * 37 % 61 + n % 7 * 9 > 55)).collect();
        let found = of(&scores, &labels);
        let area: f64 = found.points.chunks(2).map(|step| (step[1].0 - step[0].0) * step[1].1).sum();
        assert!((area - found.value.unwrap()).abs() < 1e-12, "{area} {:?}", found.value);
        assert!(found.band.iter().all(|(_, low, high)| 0.0 <= *low && low < high && *high <= 1.0));
        assert!(!found.band.is_empty());
    }

    #[test]
    fn it_is_drawn_with_the_share_of_the_class() {
        let mut all = test();
        all.add("real", "0", &table(&[(1, "a", 0.25), (2, "b", 0.75), (3, "a", 0.5), (4, "a", 0.5)]));
        let drawing = draw(&all).unwrap();
        assert!(drawing.svg().contains(">share of images of the class, 0.250<") && drawing.svg().contains(">AUPRC 1.000<"), "{}", drawing.svg());
        assert!(String::from_utf8(drawing.data().unwrap().to_vec()).unwrap().ends_with("real,1,0.75,1,1,,\n"));
    }
}
