//! Reliability diagrams of the arms: how often images are of a class that is predicted with some probability.

use super::curves::{Points, lines, square};
use super::drawing::style;
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::evaluation::Tie;
use kuva::plot::scatter::ScatterPlot;
use kuva::render::plots::Plot;

pub(super) const FIGURE: Figure = Figure {
    name: "reliability",
    doc: "Reliability diagrams of the positive class, or else of the rarest one, in 10 bins of equally many images, a colour per arm.",
    draw: Draw::Predictions(draw),
};

/// Bins of equally many images.
const BINS: usize = 10;

/// The first training of each arm; one that predicted what is no probability is not drawn.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let class = test.positive()?;
    let mut series: Vec<(String, Points)> = vec![];
    for arm in test.drawn() {
        let Some(predictions) = arm.trainings().first().map(|t| t.predictions(test.classes().len())) else { continue };
        let ones = vec![1.0; predictions.labels.len()];
        let points = predictions.weighted(&ones).ties(class).map(bins).unwrap_or_default();
        if !points.is_empty() {
            series.push((arm.name().to_owned(), points));
        }
    }
    let markers = series.iter().enumerate().map(|(n, (_, points))| {
        let look = style(n);
        Plot::Scatter(ScatterPlot::new().with_data(points.iter().copied()).with_color(look.colour).with_marker(look.marker).with_size(2.8))
    });
    let plots: Vec<Plot> = lines(&series).into_iter().chain(markers).collect();
    let caption = format!("{}: reliability of the probability of {}", test.name(), test.classes()[class]);
    let x = format!("mean probability ({BINS} bins of equally many images)");
    (!series.is_empty()).then(|| square(plots, (&x, "share of images of the class"), &caption, test.note().as_deref()))
}

/// The mean probability and the share of positive images of each bin. An image with a share s of all images before it is in bin
/// ⌊10s⌋; images of equal probability are in the bin of the first of them, as for `adaptive-ece`.
fn bins(ties: &[Tie]) -> Points {
    let total: f64 = ties.iter().map(|t| t.positives + t.negatives).sum();
    let (mut all, mut before) = ([(0.0, 0.0, 0.0); BINS], 0.0);
    for tie in ties {
        let weight = tie.positives + tie.negatives;
        let (images, scores, positives) = &mut all[((BINS as f64 * before / total) as usize).min(BINS - 1)];
        *images += weight;
        *scores += weight * tie.score;
        *positives += tie.positives;
        before += weight;
    }
    let mean = |(images, scores, positives): (f64, f64, f64)| (scores / images, positives / images);
    all.into_iter().filter(|bin| bin.0 > 0.0).map(mean).filter(|(p, _)| (0.0..=1.0).contains(p)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;

    fn tie(score: f64, positives: f64, negatives: f64) -> Tie {
        Tie { score, positives, negatives }
    }

    #[test]
    fn bins_hold_equally_many_images_and_ties_stay_together() {
        let one_by_one: Vec<Tie> = (0..20).map(|n| tie(f64::from(n) / 32.0, f64::from(n % 2), f64::from(1 - n % 2))).collect();
        let found = bins(&one_by_one);
        assert_eq!((found.len(), found[0], found[9]), (10, (0.5 / 32.0, 0.5), (18.5 / 32.0, 0.5)));
        assert_eq!(bins(&[tie(0.25, 1.0, 3.0), tie(0.75, 3.0, 1.0)]), [(0.25, 0.25), (0.75, 0.75)]);
        assert_eq!(bins(&[tie(f64::INFINITY, 1.0, 0.0), tie(2.0, 0.0, 1.0)]), []);
        assert_eq!(bins(&[]), []);
    }

    #[test]
    fn an_arm_without_probabilities_is_not_drawn() {
        let mut all = test();
        all.add("real", "", &table(&[(1, "a", 0.25), (2, "b", 0.75), (3, "a", 0.25)]));
        all.add("broken", "", &table(&[(1, "a", f64::NAN)]));
        let svg = draw(&all).unwrap().svg();
        assert!(svg.contains(">real<") && !svg.contains(">broken<"), "{svg}");
        assert!(draw(&test()).is_none());
    }
}
