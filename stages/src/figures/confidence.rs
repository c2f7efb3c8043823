//! Confidence plots: the probability of its class for each test image, as in Zunair & Hamza 2021 (figures 4 to 7).

use super::axes::Scale;
use super::canvas::{Marker, Shape, Stroke};
use super::drawing::joined;
use super::of_arms::cell;
use super::page::{Key, Page, Sample};
use super::panels::{Mark, Panel, Titled, panels};
use super::predictions::ArmPredictions;
use super::thinned::evenly;
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::words::counted;

pub(super) const FIGURE: Figure = Figure {
    name: "confidence",
    doc: "The probability of its class for each test image of a class, in the order of the test set; a panel per arm, with the first arm in each, and a line at the threshold from which images are taken for the class. With two classes, of the positive one.",
    draw: Draw::Predictions(draw),
};

/// Classes that have panels.
const CLASSES: usize = 6;
/// Panels of a figure.
const PANELS: usize = 48;
/// Points of a series.
const POINTS: usize = 300;
/// Points of all series of a figure together, which keep reports of many evaluations small.
const ALL: usize = 6000;

const POINT: Marker = Marker::of(Shape::Circle, "#0072B2", 2.2);
const OF_FIRST: Marker = Marker::of(Shape::Cross, "#D55E00", 2.2).open();
const THRESHOLD: Stroke = Stroke::dashed("#1d2733", 1.1, "5 3");

/// The images of a class, numbered from 1, with the probability of it: of the first training of an arm.
struct Series<'a> {
    arm: &'a str,
    class: usize,
    points: Vec<(f64, f64)>,
    right: String,
    threshold: Option<f64>,
}

/// What is no probability is not drawn.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let classes: Vec<usize> = if test.classes().len() == 2 { test.positive().into_iter().collect() } else { (0..test.classes().len()).collect() };
    let images_of = |class: usize| test.drawn().iter().map(|arm| arm.trainings().first().map_or(0, |t| t.of_class(class).len())).max().unwrap_or(0);
    let with_images: Vec<usize> = classes.into_iter().filter(|class| images_of(*class) > 0).collect();
    let shown = &with_images[..with_images.len().min(CLASSES)];
    let arms = &test.drawn()[..test.drawn().len().min((PANELS / shown.len().max(1)).max(1))];
    let most = (ALL / (shown.len() * arms.len()).max(1)).clamp(20, POINTS);
    // All arms of a class beside each other.
    let all: Vec<Series> = shown.iter().flat_map(|class| arms.iter().map(|arm| series(arm, (*class, test.classes().len()), most))).collect();
    if all.iter().all(|s| s.points.is_empty()) {
        return None;
    }
    let most_images = shown.iter().map(|class| images_of(*class)).max().unwrap_or(0);
    let further = with_images.len() - shown.len();
    let notes = [
        (most_images > most).then(|| format!("{most} images of each class and arm, evenly chosen")),
        (further > 0).then(|| format!("the first {CLASSES} of {} classes", with_images.len())),
        (arms.len() < test.arms().len()).then(|| format!("the first {} of {} arms", arms.len(), test.arms().len())),
        test.note(),
    ];
    let panel = |s: &Series| {
        let first = all.iter().find(|other| other.class == s.class && !other.points.is_empty()).filter(|other| other.arm != s.arm);
        let mut marks: Vec<Mark> = s.threshold.map(|at| Mark::Line(vec![(0.0, at), ((most_images + 1) as f64, at)], THRESHOLD)).into_iter().collect();
        marks.extend(first.map(|first| Mark::Points(first.points.clone(), OF_FIRST)));
        marks.push(Mark::Points(s.points.clone(), POINT));
        let title = if shown.len() > 1 { format!("{}, {}", test.classes()[s.class], s.arm) } else { s.arm.to_owned() };
        Panel {
            title,
            below: s.right.clone(),
            marks,
            instead: s.points.is_empty().then(|| "no probabilities of images of the class".to_owned()),
            ..Panel::default()
        }
    };
    let caption = match shown {
        [class] => format!("{}: probability of {} for its test images", test.name(), test.classes()[*class]),
        _ => format!("{}: probability of the class for each of its test images", test.name()),
    };
    let mut keys = vec![Key::of(Sample::Point(POINT), "a test image of the class")];
    if arms.len() > 1 {
        keys.push(Key::of(Sample::Point(OF_FIRST), arms[0].name()));
    }
    keys.push(Key::of(Sample::Line(THRESHOLD), "images at it or above are taken for the class"));
    let description = format!("{caption}. A panel for each of {}.", counted(arms.len(), "arm", "arms"));
    let page = Page { caption, note: joined(notes), keys, description };
    let x = Titled { scale: Scale { low: 0.0, high: (most_images + 1) as f64 }, title: "test image of the class, in the order of the test set".into() };
    let y = Titled { scale: Scale { low: -0.04, high: 1.04 }, title: "probability of the class".into() };
    let drawing = panels(page, &all.iter().map(panel).collect::<Vec<_>>(), (&x, &y), None);
    let rows = all.iter().flat_map(|s| s.points.iter().map(|(n, p)| vec![s.arm.to_owned(), test.classes()[s.class].clone(), n.to_string(), cell(Some(*p))]));
    Some(drawing.with_data(&["arm", "class", "number", "probability"], rows))
}

fn series(arm: &ArmPredictions, (class, classes): (usize, usize), most: usize) -> Series<'_> {
    let training = arm.trainings().first();
    let probabilities = training.map_or(vec![], |t| t.of_class(class));
    // Of several classes, none other can be larger from one half on. Folds of two classes may have thresholds of their own.
    let threshold = training.and_then(|t| t.threshold(class).or((classes > 2).then_some(0.5)));
    let above = |at: f64| format!("{} of {} at or above {at:.2}", probabilities.iter().filter(|p| **p >= at).count(), probabilities.len());
    let right = threshold.map_or_else(|| counted(probabilities.len(), "image", "images"), above);
    let all: Vec<(f64, f64)> = probabilities.into_iter().enumerate().map(|(n, p)| ((n + 1) as f64, p)).collect();
    let points = evenly(&all, most).into_iter().filter(|(_, p)| (0.0..=1.0).contains(p)).collect();
    Series { arm: arm.name(), class, points, right, threshold }
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;
    use crate::records::{PredictedImage, PredictionTable};
    use hilum_cache::Digest;

    #[test]
    fn images_of_the_rarer_class_stand_in_their_order_and_what_is_no_probability_has_no_point() {
        let mut all = test();
        all.add(
            "real",
            "0",
            &table(&[(1, "a", 0.1), (2, "b", 0.75), (3, "a", 0.2), (4, "b", f64::NAN), (5, "b", 0.25), (6, "a", 0.0), (7, "a", 0.0), (8, "a", 0.0)]),
        );
        all.add("real", "1", &table(&[(2, "b", 0.5)]));
        let found = series(&all.drawn()[0], (1, 2), POINTS);
        assert_eq!((found.points, found.right.as_str()), (vec![(1.0, 0.75), (3.0, 0.25)], "1 of 3 at or above 0.50"), "of the first training");
        assert_eq!(draw(&all).unwrap().caption(), "scores: probability of b for its test images");
        assert!(draw(&test()).is_none());
    }

    #[test]
    fn many_images_are_thinned_and_it_is_said() {
        let mut all = test();
        let rows: Vec<(u32, &str, f64)> = (0..2000).map(|n| (n, if n < 900 { "b" } else { "a" }, 0.5)).collect();
        all.add("real", "", &table(&rows));
        let thinned = series(&all.drawn()[0], (1, 2), POINTS).points;
        assert_eq!((thinned.len(), thinned[0].0, thinned[POINTS - 1].0), (POINTS, 1.0, 900.0));
        assert!(draw(&all).unwrap().caption().ends_with("(300 images of each class and arm, evenly chosen)"));
    }

    /// The line is where the predicted classes change, which need not be one half.
    #[test]
    fn the_line_is_at_the_threshold_of_the_predicted_classes() {
        let mut all = test();
        let mut low = table(&[(1, "a", 0.1), (2, "b", 0.35), (3, "b", 0.3), (4, "a", 0.2)]);
        low.rows.iter_mut().for_each(|row| row.predicted = if row.probabilities[1] >= 0.3 { "b" } else { "a" }.into());
        all.add("low", "", &low);
        let found = series(&all.drawn()[0], (1, 2), POINTS);
        assert_eq!((found.threshold, found.right.as_str()), (Some(0.3), "2 of 2 at or above 0.30"));
    }

    #[test]
    fn of_three_classes_each_has_a_panel() {
        let classes = ["a", "b", "c"].map(String::from);
        let row = |n: u8| PredictedImage {
            image: Digest::of(&[n]),
            patient: String::new(),
            label: classes[usize::from(n) % 3].clone(),
            predicted: "a".into(),
            probabilities: vec![0.5, 0.25, 0.25],
        };
        let mut all = TestPredictions::of("scores", &classes, Some("a")).unwrap();
        all.add("real", "", &PredictionTable { classes: classes.to_vec(), rows: (0..9).map(row).collect() });
        let drawing = draw(&all).unwrap();
        assert_eq!(drawing.caption(), "scores: probability of the class for each of its test images");
        assert!(classes.iter().all(|class| drawing.svg().contains(&format!(">{class}, real</text>"))), "{}", drawing.svg());
    }
}
