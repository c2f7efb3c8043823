//! Curves of the arms on one test: a panel for each arm, with the curve of the first arm in all of them. Independent of which curve.

use super::canvas::Stroke;
use super::cuts::Cuts;
use super::drawing::joined;
use super::page::{Key, Page, Sample};
use super::panels::{Limits, Mark, Panel};
use super::predictions::TestPredictions;
use crate::evaluation::Predictions;
use crate::words::counted;

/// A curve, with its band if it has one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Curve {
    pub(super) points: Vec<(f64, f64)>,
    /// x, low, high.
    pub(super) band: Vec<Limits>,
    /// What is written below the name of the arm.
    pub(super) value: Option<f64>,
    /// Its numbers: cells of a row each.
    pub(super) rows: Vec<Vec<String>>,
}

/// The line of the arm that a panel is of.
pub(super) const MAIN: Stroke = Stroke::of("#0072B2", 1.9);
/// Its further trainings.
const FURTHER: Stroke = Stroke::of("#0072B2", 0.7);
/// The first arm.
pub(super) const FIRST: Stroke = Stroke::dashed("#D55E00", 1.5, "6 3");
/// What is expected of a classifier that knows nothing.
pub(super) const CHANCE: Stroke = Stroke::dashed("#505c68", 1.0, "1.5 3");
/// The colour of bands.
pub(super) const BAND: &str = "#56B4E9";

/// The panels of all arms that are drawn, and the rows of their numbers, which begin with arm and training. `curve` is given a training
/// and whether it needs a band; none where the training has no curve.
pub(super) fn panels_of(
    test: &TestPredictions,
    class: usize,
    (name, always): (&str, &[Mark]),
    curve: impl Fn(&Predictions, &Cuts, bool) -> Curve,
) -> Option<(Vec<Panel>, Vec<Vec<String>>)> {
    let mut rows = vec![];
    let mut arms: Vec<(&str, Vec<Curve>)> = vec![];
    for arm in test.drawn() {
        let mut curves = vec![];
        for (n, training) in arm.trainings().iter().enumerate() {
            let predictions = training.predictions(test.classes().len());
            let Some(cuts) = Cuts::of(&predictions, training.patients(), class) else { continue };
            let mut found = curve(&predictions, &cuts, curves.is_empty());
            rows.extend(found.rows.drain(..).map(|row| [vec![arm.name().to_owned(), (n + 1).to_string()], row].concat()));
            curves.push(found);
        }
        arms.push((arm.name(), curves));
    }
    let first = arms.iter().find_map(|(arm, curves)| Some((*arm, curves.first()?.points.clone())))?;
    let panel = |(arm, curves): &(&str, Vec<Curve>)| {
        let mut marks: Vec<Mark> = curves.first().filter(|c| !c.band.is_empty()).map(|c| Mark::Band(c.band.clone(), BAND)).into_iter().collect();
        marks.extend_from_slice(always);
        if *arm != first.0 {
            marks.push(Mark::Line(first.1.clone(), FIRST));
        }
        marks.extend(curves.iter().enumerate().rev().map(|(n, c)| Mark::Line(c.points.clone(), if n == 0 { MAIN } else { FURTHER })));
        let below = if name.is_empty() { String::new() } else { format!("{name} {}", span(curves.iter().filter_map(|c| c.value))) };
        let instead = curves.is_empty().then(|| "no curve: images of the class or of the rest are missing, or a probability is no number".to_owned());
        Panel { title: (*arm).to_owned(), below: if instead.is_some() { String::new() } else { below }, marks, instead, ..Panel::default() }
    };
    Some((arms.iter().map(panel).collect(), rows))
}

/// The page of such panels; `chance` says what its line is.
pub(super) fn page_of(test: &TestPredictions, caption: String, (what, chance): (&str, &str)) -> Page {
    let several = test.drawn().len() > 1;
    let many = test.drawn().iter().any(|arm| arm.trainings().len() > 1);
    let keys = [
        Some(Key::of(Sample::Line(MAIN), "the arm")),
        many.then(|| Key::of(Sample::Line(FURTHER), "its further trainings")),
        several.then(|| Key::of(Sample::Line(FIRST), test.drawn()[0].name())),
        (!chance.is_empty()).then(|| Key::of(Sample::Line(CHANCE), chance)),
        Some(Key::of(Sample::Area(BAND, 0.28), format!("95 % interval of {what}, by patients"))),
    ];
    let further = test.arms().len() - test.drawn().len();
    let note = joined([(further > 0).then(|| format!("the first {} of {} arms", test.drawn().len(), test.arms().len())), test.note()]);
    let description = format!("{caption}. A panel for each of {}, each with the curve of the first arm.", counted(test.drawn().len(), "arm", "arms"));
    Page { caption, note, keys: keys.into_iter().flatten().collect(), description }
}

/// A number as data files have it; empty for none.
pub(super) fn cell(v: Option<f64>) -> String {
    v.filter(|v| v.is_finite()).map(|v| v.to_string()).unwrap_or_default()
}

/// One value, or the least and the greatest.
fn span(values: impl Iterator<Item = f64>) -> String {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return "undefined".to_owned();
    }
    let [low, high] = [low, high].map(|v| format!("{v:.3}"));
    if low == high { low } else { format!("{low} to {high}") }
}
