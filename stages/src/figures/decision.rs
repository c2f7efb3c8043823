//! Decision curves of the arms (Vickers & Elkin 2006): what acting on a classifier is worth, by how much a missed image costs.

use super::axes::Scale;
use super::canvas::Stroke;
use super::cuts::Cuts;
use super::of_arms::{CHANCE, Curve, cell, page_of, panels_of};
use super::page::{Key, Sample};
use super::panels::{Mark, Titled, panels};
use super::{Draw, Drawing, Figure, TestPredictions};

pub(super) const FIGURE: Figure = Figure {
    name: "decision",
    doc: "Decision curves of the positive class, or else of the rarest one: the net benefit of treating images whose probability is at least the threshold probability, beside treating all and none; a panel per arm, the curve of the first arm in each, and a band of 95 % intervals, by patients.",
    draw: Draw::Predictions(draw),
};

/// Threshold probabilities are hundredths from 0.01 to 0.99.
const HUNDREDTHS: std::ops::RangeInclusive<u32> = 1..=99;
/// Treating all.
const ALL: Stroke = Stroke::dashed("#1d2733", 1.1, "8 2 2 2");

/// As for ROC curves.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let class = test.positive()?;
    let of_class: u64 = test.drawn().first()?.confusion()[class].iter().sum();
    let images: u64 = test.drawn().first()?.confusion().iter().flatten().sum();
    let share = of_class as f64 / images.max(1) as f64;
    let thresholds = || HUNDREDTHS.map(|n| f64::from(n) / 100.0);
    let all = thresholds().map(|t| (t, share - (1.0 - share) * odds(t))).collect();
    let always = [Mark::Line(vec![(0.0, 0.0), (1.0, 0.0)], CHANCE), Mark::Line(all, ALL)];
    let (all, rows) = panels_of(test, class, ("", &always), |_, cuts, has_band| curve(cuts, thresholds(), has_band))?;
    let caption = format!("{}: net benefit of acting on {}", test.name(), test.classes()[class]);
    let mut page = page_of(test, caption, ("the net benefit", "treat none"));
    page.keys.insert(page.keys.len() - 1, Key::of(Sample::Line(ALL), "treat all"));
    let (x, y) = (
        Titled { scale: Scale::SHARES, title: "threshold probability".into() },
        Titled { scale: around(share), title: "net benefit (true positives per image)".into() },
    );
    let drawing = panels(page, &all, (&x, &y), None);
    Some(drawing.with_data(&["arm", "training", "threshold", "net-benefit", "low", "high", "treat-all"], rows))
}

/// What matters lies between none and the share of the class.
fn around(share: f64) -> Scale {
    let share = share.max(0.01);
    Scale { low: -0.3 * share, high: 1.12 * share }
}

/// How many true positives a false one costs.
fn odds(threshold: f64) -> f64 {
    threshold / (1.0 - threshold)
}

fn curve(cuts: &Cuts, thresholds: impl Iterator<Item = f64>, has_band: bool) -> Curve {
    let share = cuts.positives() as f64 / cuts.images() as f64;
    let mut curve = Curve::default();
    for t in thresholds {
        let taken = cuts.cuts().iter().rev().find(|cut| cut.threshold >= t).map_or(0, |cut| cut.taken);
        let worth = |is_of_class: bool, is_taken: bool| match (is_of_class, is_taken) {
            (true, true) => 1.0,
            (false, true) => -odds(t),
            _ => 0.0,
        };
        let (mean, limits) = cuts.mean(taken, worth);
        let limits = limits.filter(|_| has_band);
        curve.points.push((t, mean));
        curve.band.extend(limits.map(|(low, high)| (t, low, high)));
        let all = share - (1.0 - share) * odds(t);
        curve.rows.push([Some(t), Some(mean), limits.map(|l| l.0), limits.map(|l| l.1), Some(all)].map(cell).to_vec());
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;
    use crate::evaluation::Predictions;
    use crate::evaluation::metric::{self, Measure};

    #[test]
    fn net_benefits_are_those_of_the_metric_and_no_threshold_beats_all_by_treating_all() {
        let scores: Vec<f64> = (0..80).map(|n| f64::from(n * 29 % 83) / 83.0).collect();
        let labels: Vec<usize> = (0..80).map(|n| usize::from(n * 29 % 83 + n % 5 * 11 > 70)).collect();
        let predictions = Predictions::new(2, labels, scores.iter().map(|p| vec![1.0 - p, *p]).collect());
        let cuts = Cuts::of(&predictions, &(0..80).collect::<Vec<_>>(), 1).unwrap();
        let found = curve(&cuts, [0.001, 0.5, 0.99].into_iter(), true);
        let metric = Measure { metric: metric::find("net-benefit", true).unwrap(), class: Some(1) };
        let wanted = metric.value(&predictions.weighted(&[1.0; 80])).unwrap();
        assert!((found.points[1].1 - wanted).abs() < 1e-12, "{} {wanted}", found.points[1].1);
        assert!(found.band[1].1 < wanted && wanted < found.band[1].2);
        let share = cuts.positives() as f64 / 80.0;
        assert!((found.points[0].1 - (share - (1.0 - share) * odds(0.001))).abs() < 2.0 * odds(0.001) / 80.0, "nearly all are treated");
        assert_eq!(found.points[2].1, 0.0, "no image is that certain");
    }

    #[test]
    fn treating_all_and_none_stand_beside_it() {
        let mut all = test();
        all.add("real", "0", &table(&[(1, "a", 0.25), (2, "b", 0.75), (3, "a", 0.5), (4, "b", 0.5)]));
        let drawing = draw(&all).unwrap();
        assert!(["treat all", "treat none"].iter().all(|key| drawing.svg().contains(&format!(">{key}<"))), "{}", drawing.svg());
        let data = String::from_utf8(drawing.data().unwrap().to_vec()).unwrap();
        assert!(data.contains("real,1,0.5,0.25,") && data.contains("\nreal,1,0.75,0.25,"), "{data}");
    }
}
