//! ROC curves of the arms, for one class against the rest.

use super::axes::Scale;
use super::cuts::{Cut, Cuts};
use super::of_arms::{CHANCE, Curve, cell, page_of, panels_of};
use super::panels::{Mark, Titled, panels};
use super::thinned::{corners, evenly};
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::evaluation::Predictions;
use crate::evaluation::metric::{self, Measure};

pub(super) const FIGURE: Figure = Figure {
    name: "roc",
    doc: "ROC curves of the positive class, or else of the rarest one, against the rest: a panel per arm with the AUROC of its trainings, the curve of the first arm in each, and a band of 95 % intervals of the true positive rate at each threshold, by patients.",
    draw: Draw::Predictions(draw),
};

/// Points of a curve.
const POINTS: usize = 120;

/// A training whose test set lacks the class or the rest, or that predicted what is no number, has no curve.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let class = test.positive()?;
    let chance = [Mark::Line(vec![(0.0, 0.0), (1.0, 1.0)], CHANCE)];
    let (all, rows) = panels_of(test, class, ("AUROC", &chance), |predictions, cuts, has_band| curve(predictions, cuts, class, has_band))?;
    let caption = format!("{}: ROC curves of {} against the rest", test.name(), test.classes()[class]);
    let page = page_of(test, caption, ("the true positive rate", "scores that tell nothing"));
    let axis = |title: &str| Titled { scale: Scale::SHARES, title: title.to_owned() };
    let drawing = panels(page, &all, (&axis("false positive rate (share of other images)"), &axis("true positive rate")), None);
    Some(drawing.with_data(&["arm", "training", "threshold", "false-positive-rate", "true-positive-rate", "low", "high"], rows))
}

/// The curve, and the area under it, which is that of the tables.
fn curve(predictions: &Predictions, cuts: &Cuts, class: usize, has_band: bool) -> Curve {
    let ones = vec![1.0; predictions.labels.len()];
    let area = metric::find("auroc", true).and_then(|metric| Measure { metric, class: Some(class) }.value(&predictions.weighted(&ones)));
    let (positives, negatives) = (cuts.positives() as f64, (cuts.images() - cuts.positives()) as f64);
    let at = |cut: &Cut| ((cut.taken - cut.hits) as f64 / negatives, cut.hits as f64 / positives);
    let kept: Vec<Cut> = evenly(&corners(cuts.cuts(), at), POINTS);
    let mut curve = Curve { value: area, ..Curve::default() };
    for cut in &kept {
        let (x, y) = at(cut);
        let limits = if has_band { cuts.interval(cut, |is_of_class, is_taken| is_of_class.then_some(is_taken)) } else { None };
        curve.points.push((x, y));
        curve.band.extend(limits.map(|(low, high)| (x, low, high)));
        curve.rows.push([Some(cut.threshold), Some(x), Some(y), limits.map(|l| l.0), limits.map(|l| l.1)].map(cell).to_vec());
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;

    fn of(scores: &[f64], labels: &[usize]) -> Option<(Vec<(f64, f64)>, f64)> {
        let predictions = Predictions::new(2, labels.to_vec(), scores.iter().map(|p| vec![1.0 - p, *p]).collect());
        let cuts = Cuts::of(&predictions, &(0..labels.len()).collect::<Vec<_>>(), 1)?;
        let found = curve(&predictions, &cuts, 1, true);
        Some((found.points, found.value?))
    }

    #[test]
    fn curves_are_those_of_scikit_learn_and_ties_are_slanted() {
        let (points, area) = of(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1]).unwrap();
        assert_eq!((points, area), (vec![(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)], 0.75));
        // 0.75: one of each class; 0.5: one negative; 0.25: one of each class.
        let (points, area) = of(&[0.75, 0.75, 0.5, 0.25, 0.25], &[1, 0, 0, 1, 0]).unwrap();
        let third = 1.0 / 3.0;
        assert_eq!(points, [(0.0, 0.0), (third, 0.5), (2.0 * third, 0.5), (1.0, 1.0)]);
        assert!((area - 3.0 / 6.0).abs() < 1e-15, "1/2 + 1 + 1 of 6 pairs for the first, 1/2 for the last: {area}");
        assert_eq!(of(&[0.5; 4], &[0, 1, 0, 1]).unwrap(), (vec![(0.0, 0.0), (1.0, 1.0)], 0.5));
        for none in [of(&[0.5, 0.25], &[1, 1]), of(&[0.5, 0.25], &[0, 0]), of(&[f64::NAN, 0.25], &[0, 1]), of(&[], &[])] {
            assert_eq!(none, None);
        }
    }

    #[test]
    fn straight_lines_lose_their_middle_and_long_curves_are_thinned() {
        let perfect: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        let labels: Vec<usize> = (0..1000).map(|i| usize::from(i >= 500)).collect();
        assert_eq!(of(&perfect, &labels).unwrap(), (vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], 1.0));
        let alternating: Vec<usize> = (0..1000).map(|i| i % 2).collect();
        let points = of(&perfect, &alternating).unwrap().0;
        assert_eq!((points.len(), points[0], points[POINTS - 1]), (POINTS, (0.0, 0.0), (1.0, 1.0)));
    }

    #[test]
    fn arms_have_panels_with_the_areas_of_their_trainings_and_what_has_no_curve_says_why() {
        let mut all = test();
        all.add("real", "0", &table(&[(1, "a", 0.25), (2, "b", 0.75), (3, "a", 0.5)]));
        all.add("real", "1", &table(&[(1, "a", 0.25), (2, "b", 0.25), (3, "a", 0.0)]));
        all.add("one-sided", "0", &table(&[(1, "a", 0.25)]));
        let drawing = draw(&all).unwrap();
        let svg = drawing.svg();
        assert_eq!(drawing.caption(), "scores: ROC curves of b against the rest");
        assert!(svg.contains(">real<") && svg.contains(">AUROC 0.750 to 1.000<") && svg.contains(">one-sided<") && svg.contains("no curve"), "{svg}");
        let data = String::from_utf8(drawing.data().unwrap().to_vec()).unwrap();
        assert!(data.starts_with("arm,training,threshold,false-positive-rate,true-positive-rate,low,high\nreal,1,,0,0,,\nreal,1,0.75,0,1,,\n"), "{data}");
        assert!(draw(&test()).is_none());
    }
}
