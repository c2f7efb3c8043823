//! ROC curves of the arms, for one class against the rest.

use super::curves::{Points, evenly, lines, square};
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::evaluation::metric::{self, Measure};
use crate::evaluation::{Predictions, Tie};

pub(super) const FIGURE: Figure = Figure {
    name: "roc",
    doc: "ROC curves of the positive class, or else of the rarest one, against the rest: a colour per arm, a line per training (of more than four arms, one), with the AUROC of all.",
    draw: Draw::Predictions(draw),
};

/// Of more arms than this, one training each is drawn.
const FEW_ARMS: usize = 4;
/// Points of a curve.
const POINTS: usize = 200;

/// A training whose test set lacks the class or the rest, or that predicted what is no number, has no curve.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let class = test.positive()?;
    let mut series: Vec<(String, Points)> = vec![];
    for arm in test.drawn() {
        let curves: Vec<(Points, f64)> = arm.trainings().iter().filter_map(|t| curve(&t.predictions(test.classes().len()), class)).collect();
        let name = format!("{}, AUROC {}", arm.name(), span(curves.iter().map(|c| c.1)));
        // More lines than that hide each other.
        let drawn = if test.drawn().len() > FEW_ARMS { 1 } else { curves.len() };
        series.extend(curves.into_iter().take(drawn).map(|(points, _)| (name.clone(), points)));
    }
    let caption = format!("{}: ROC curves of {} against the rest", test.name(), test.classes()[class]);
    (!series.is_empty()).then(|| square(lines(&series), ("false positive rate", "true positive rate"), &caption, test.note().as_deref()))
}

/// The curve and the area under it, which is that of the tables.
fn curve(predictions: &Predictions, class: usize) -> Option<(Points, f64)> {
    let ones = vec![1.0; predictions.labels.len()];
    let seen = predictions.weighted(&ones);
    let area = Measure { metric: metric::find("auroc", true)?, class: Some(class) }.value(&seen)?;
    Some((evenly(&corners(points(seen.ties(class)?)), POINTS), area))
}

/// False and true positive rate at each threshold, from the highest on: images of one score move together.
fn points(ties: &[Tie]) -> Points {
    let (positives, negatives) = ties.iter().fold((0.0, 0.0), |(p, n), tie| (p + tie.positives, n + tie.negatives));
    let (mut x, mut y) = (0.0, 0.0);
    let steps = ties.iter().rev().map(|tie| {
        x += tie.negatives;
        y += tie.positives;
        (x / negatives, y / positives)
    });
    std::iter::once((0.0, 0.0)).chain(steps).collect()
}

/// Without points in the middle of a horizontal or vertical line.
fn corners(points: Points) -> Points {
    let is_within = |at: usize| {
        let [a, b, c] = [points[at - 1], points[at], points[at + 1]];
        a.0 == b.0 && b.0 == c.0 || a.1 == b.1 && b.1 == c.1
    };
    (0..points.len()).filter(|at| *at == 0 || at + 1 == points.len() || !is_within(*at)).map(|at| points[at]).collect()
}

/// One value, or the least and the greatest.
fn span(values: impl Iterator<Item = f64>) -> String {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let [low, high] = [low, high].map(|v| format!("{v:.3}"));
    if low == high { low } else { format!("{low} to {high}") }
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;

    fn of(scores: &[f64], labels: &[usize]) -> Option<(Points, f64)> {
        curve(&Predictions::new(2, labels.to_vec(), scores.iter().map(|p| vec![1.0 - p, *p]).collect()), 1)
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
    fn trainings_of_an_arm_look_the_same_and_their_areas_are_beside_its_name() {
        let mut all = test();
        all.add("real", "0", &table(&[(1, "a", 0.25), (2, "b", 0.75), (3, "a", 0.5)]));
        all.add("real", "1", &table(&[(1, "a", 0.25), (2, "b", 0.25), (3, "a", 0.0)]));
        all.add("one-sided", "0", &table(&[(1, "a", 0.25)]));
        let drawing = draw(&all).unwrap();
        let svg = drawing.svg();
        assert_eq!(drawing.caption(), "scores: ROC curves of b against the rest");
        assert!(svg.contains(">real, AUROC 0.750 to 1.000<") && !svg.contains("one-sided"), "{svg}");
    }
}
