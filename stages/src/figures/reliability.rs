//! Reliability diagrams of the arms: how often images are of a class that is predicted with some probability.

use super::axes::Scale;
use super::canvas::{Marker, Shape, Stroke};
use super::of_arms::{CHANCE, cell, page_of};
use super::page::{Key, Sample};
use super::panels::{Mark, Panel, Titled, panels};
use super::predictions::TrainingPredictions;
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::evaluation::estimate::LEVEL;
use crate::statistics::interval;
use crate::statistics::proportion::Cluster;
use crate::words::counted;

pub(super) const FIGURE: Figure = Figure {
    name: "reliability",
    doc: "Reliability diagrams of the positive class, or else of the rarest one, in 10 bins of equally many images with 95 % intervals by patients; a panel per arm, with the first arm in each.",
    draw: Draw::Predictions(draw),
};

/// Bins of equally many images.
const BINS: usize = 10;
const POINT: Marker = Marker::of(Shape::Circle, "#0072B2", 3.2);
const OF_FIRST: Marker = Marker::of(Shape::Square, "#D55E00", 2.8).open();
const WHISKER: Stroke = Stroke::of("#0072B2", 1.0);

/// Images with similar probabilities.
#[derive(Debug, Clone, PartialEq)]
struct Bin {
    images: usize,
    of_class: usize,
    /// The mean probability, and the share of images of the class.
    at: (f64, f64),
    limits: Option<(f64, f64)>,
}

/// The first training of each arm; one that predicted what is no probability has no bins.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let class = test.positive()?;
    let found: Vec<(&str, Vec<Bin>)> =
        test.drawn().iter().map(|arm| (arm.name(), arm.trainings().first().map(|t| bins(t, class)).unwrap_or_default())).collect();
    let first = found.iter().find(|(_, bins)| !bins.is_empty())?;
    let points = |bins: &[Bin]| bins.iter().map(|b| b.at).collect::<Vec<_>>();
    let panel = |(arm, bins): &(&str, Vec<Bin>)| {
        let mut marks = vec![Mark::Line(vec![(0.0, 0.0), (1.0, 1.0)], CHANCE)];
        if *arm != first.0 {
            marks.push(Mark::Points(points(&first.1), OF_FIRST));
        }
        marks.push(Mark::Whiskers(bins.iter().filter_map(|b| b.limits.map(|(low, high)| (b.at.0, low, high))).collect(), WHISKER));
        marks.push(Mark::Points(points(bins), POINT));
        let instead = bins.is_empty().then(|| "no images, or a probability is no number from 0 to 1".to_owned());
        Panel { title: (*arm).to_owned(), below: counts(bins), marks, instead, ..Panel::default() }
    };
    let all: Vec<Panel> = found.iter().map(panel).collect();
    let caption = format!("{}: reliability of the probability of {}", test.name(), test.classes()[class]);
    let mut page = page_of(test, caption, ("the share, of each bin", ""));
    page.keys.clear();
    page.keys.push(Key::of(Sample::Point(POINT), "a bin of the arm, with its 95 % interval by patients"));
    if found.len() > 1 {
        page.keys.push(Key::of(Sample::Point(OF_FIRST), first.0));
    }
    page.keys.push(Key::of(Sample::Line(CHANCE), "probabilities that are right"));
    let axis = |title: &str| Titled { scale: Scale::SHARES, title: title.to_owned() };
    let drawing = panels(page, &all, (&axis("mean probability of the bin"), &axis("share of images of the class")), None);
    let row = |arm: &str, n: usize, b: &Bin| {
        let numbers = [Some(b.at.0), Some(b.at.1), b.limits.map(|l| l.0), b.limits.map(|l| l.1)].map(cell);
        [vec![arm.to_owned(), (n + 1).to_string(), b.images.to_string(), b.of_class.to_string()], numbers.to_vec()].concat()
    };
    let rows: Vec<Vec<String>> = found.iter().flat_map(|(arm, bins)| bins.iter().enumerate().map(move |(n, b)| row(arm, n, b))).collect();
    Some(drawing.with_data(&["arm", "bin", "images", "of-class", "mean-probability", "share", "low", "high"], rows))
}

/// How many images bins have, in words.
fn counts(bins: &[Bin]) -> String {
    let (low, high) = bins.iter().fold((usize::MAX, 0), |(low, high), b| (low.min(b.images), high.max(b.images)));
    match bins.len() {
        0 => String::new(),
        _ if low == high => format!("{} a bin", counted(low, "image", "images")),
        _ => format!("{low} to {high} images a bin"),
    }
}

/// The bins of equally many images. An image with a share s of all images before it is in bin ⌊10s⌋; images of equal probability are in
/// the bin of the first of them, as for `adaptive-ece`. None at all where something is no probability.
fn bins(training: &TrainingPredictions, class: usize) -> Vec<Bin> {
    let scores = training.scores_of(class);
    if !scores.iter().all(|p| (0.0..=1.0).contains(p)) {
        return vec![];
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut members: Vec<Vec<usize>> = vec![vec![]; BINS];
    let mut before = 0;
    for tie in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        members[(BINS * before / scores.len()).min(BINS - 1)].extend(tie);
        before += tie.len();
    }
    let is_of_class = |image: &usize| training.labels()[*image] == class;
    let bin = |images: Vec<usize>| {
        let mut patients: Vec<(usize, Cluster)> =
            images.iter().map(|i| (training.patients()[*i], Cluster { hits: f64::from(u8::from(is_of_class(i))), images: 1.0 })).collect();
        patients.sort_by_key(|p| p.0);
        let sum = |of: &[(usize, Cluster)]| {
            of.iter().fold(Cluster { hits: 0.0, images: 0.0 }, |a, (_, b)| Cluster { hits: a.hits + b.hits, images: a.images + b.images })
        };
        let clusters: Vec<Cluster> = patients.chunk_by(|a, b| a.0 == b.0).map(sum).collect();
        let (count, of_class) = (images.len(), images.iter().filter(|i| is_of_class(i)).count());
        let mean = images.iter().fold(0.0, |sum, i| sum + scores[*i]) / count as f64;
        let limits = interval::proportion(&clusters, LEVEL).ok().map(|i| (i.low, i.high));
        Bin { images: count, of_class, at: (mean, of_class as f64 / count as f64), limits }
    };
    members.into_iter().filter(|images| !images.is_empty()).map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;

    fn of(rows: &[(u32, &str, f64)]) -> Vec<Bin> {
        let mut all = test();
        all.add("real", "", &table(rows));
        bins(&all.drawn()[0].trainings()[0], 1)
    }

    #[test]
    fn bins_hold_equally_many_images_and_ties_stay_together() {
        let one_by_one: Vec<(u32, &str, f64)> = (0..20).map(|n| (n, if n % 2 == 1 { "b" } else { "a" }, f64::from(n) / 32.0)).collect();
        let found = of(&one_by_one);
        assert_eq!((found.len(), found[0].at, found[9].at, found[0].images), (10, (0.5 / 32.0, 0.5), (18.5 / 32.0, 0.5), 2));
        assert!(found.iter().all(|b| b.limits.is_none()), "two patients are too few for an interval");
        let ties: Vec<(u32, &str, f64)> = (0..8).map(|n| (n, if n % 4 == 0 || n > 5 { "b" } else { "a" }, if n < 4 { 0.25 } else { 0.75 })).collect();
        let found = of(&ties);
        assert_eq!(found.iter().map(|b| (b.images, b.of_class, b.at)).collect::<Vec<_>>(), [(4, 1, (0.25, 0.25)), (4, 3, (0.75, 0.75))]);
        let (low, high) = found[0].limits.unwrap();
        assert!(low < 0.25 && 0.25 < high);
        assert_eq!(of(&[(0, "a", f64::INFINITY), (1, "b", 0.5)]), []);
        assert_eq!(of(&[]), []);
    }

    #[test]
    fn an_arm_without_probabilities_says_so() {
        let mut all = test();
        all.add("real", "", &table(&[(1, "a", 0.25), (2, "b", 0.75), (3, "a", 0.25)]));
        all.add("broken", "", &table(&[(1, "a", f64::NAN)]));
        let drawing = draw(&all).unwrap();
        assert!(drawing.svg().contains(">real<") && drawing.svg().contains(">broken<") && drawing.svg().contains(">no images, or a"), "{}", drawing.svg());
        assert_eq!(String::from_utf8(drawing.data().unwrap().to_vec()).unwrap().lines().count(), 3);
        assert!(draw(&test()).is_none());
    }
}
