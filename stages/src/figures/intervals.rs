//! Metrics of arms with their intervals: a block per metric, which has an axis of its own, and a row per arm.

use super::canvas::{INK, Marker, Shape, Stroke};
use super::page::{Key, Page, Sample};
use super::rows::{Block, Row, rows};
use super::{Draw, Drawing, Figure};
use crate::evaluation::metric::Shown;
use crate::records::{Compared, Table};
use crate::words::counted;

/// See the module.
pub const FIGURE: Figure = Figure {
    name: "comparison",
    doc: "The metrics of each arm that are shown in figures, with their 95 % intervals; a dashed line at the arm compared against.",
    draw: Draw::Comparison(draw),
};

const VALUE: Marker = Marker::of(Shape::Circle, "#0072B2", 3.6);
const AGAINST: Marker = Marker::of(Shape::Diamond, "#D55E00", 3.6);

/// True where figures show the metric.
pub(super) fn is_shown(c: &Compared) -> bool {
    c.shown.unwrap_or_else(|| c.metric().is_some_and(|m| m.shown >= Shown::InFigures))
}

/// The metric with its class.
pub(super) fn measure(metric: &str, class: &str) -> String {
    if class.is_empty() { metric.to_owned() } else { format!("{metric}, {class}") }
}

/// A value with its interval, as text.
pub(super) fn in_words(value: f64, limits: Option<(f64, f64)>) -> String {
    // Values of odd scales have no room for their digits.
    let short = |v: f64| if v.abs() < 1e4 { format!("{v:.3}") } else { format!("{v:.1e}") };
    limits.map_or_else(|| short(value), |(low, high)| format!("{} [{}, {}]", short(value), short(low), short(high)))
}

/// What is undefined or no number is not drawn.
fn draw(comparison: &Table<Compared>) -> Option<Drawing> {
    let finite = |x: Option<f64>| x.filter(|x| x.is_finite());
    let arm = |c: &Compared| if c.set.is_empty() { c.arm.clone() } else { format!("{}: {}", c.set, c.arm) };
    let against: Vec<(&str, &str)> = comparison.rows.iter().filter(|c| !c.against.is_empty()).map(|c| (c.set.as_str(), c.against.as_str())).collect();
    let mut blocks: Vec<Block> = vec![];
    for c in comparison.rows.iter().filter(|c| is_shown(c)) {
        let Some(value) = finite(c.value) else { continue };
        let limits = finite(c.low).zip(finite(c.high));
        let title = measure(&c.metric, &c.class);
        let at = blocks.iter().position(|b| b.title == title).unwrap_or_else(|| {
            blocks.push(Block { title, ..Block::default() });
            blocks.len() - 1
        });
        let is_against = against.contains(&(c.set.as_str(), c.arm.as_str()));
        if is_against {
            blocks[at].lines.push(value);
        }
        let mark = Some((value, if is_against { AGAINST } else { VALUE }));
        blocks[at].rows.push(Row { name: arm(c), numbers: in_words(value, limits), limits, mark, ..Row::default() });
    }
    let mut keys = vec![Key::of(Sample::Point(VALUE), "mean over trainings"), Key::of(Sample::Line(Stroke::of(INK, 1.4)), "95 % interval")];
    if !against.is_empty() {
        keys.push(Key::of(Sample::Point(AGAINST), "the arm compared against"));
    }
    let caption = "Mean over trainings with 95 % intervals".to_owned();
    let note = blocks.is_empty().then(|| "No metric that figures show has a value.".to_owned());
    let description =
        format!("{caption}: {}.", blocks.iter().map(|b| format!("{} of {}", b.title, counted(b.rows.len(), "arm", "arms"))).collect::<Vec<_>>().join("; "));
    if blocks.is_empty() {
        keys.clear();
    }
    Some(rows(Page { caption, note, keys, description }, &blocks, "value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arm: &str, value: f64, against: &str) -> Compared {
        Compared {
            arm: arm.into(),
            metric: "auroc".into(),
            value: Some(value),
            low: Some(value - 0.1),
            high: Some(value + 0.1),
            against: against.into(),
            shown: Some(true),
            ..Compared::default()
        }
    }

    #[test]
    fn every_arm_has_a_row_within_the_axes_and_the_arm_compared_against_a_line() {
        let table = Table { rows: (0..24).map(|n| of(&format!("arm={n}"), 0.5 + f64::from(n) / 100.0, if n == 0 { "" } else { "arm=0" })).collect() };
        let drawing = draw(&table).unwrap();
        let svg = drawing.svg();
        assert!((0..24).all(|n| svg.contains(&format!(">arm={n}<"))), "{svg}");
        assert!(svg.contains(">0.500 [0.400, 0.600]<") && svg.contains(">0.730 [0.630, 0.830]<"), "{svg}");
        assert_eq!(svg.matches("stroke-dasharray=\"3 3\"").count(), 1);
        assert!(svg.contains(">the arm compared against<"));
    }

    #[test]
    fn without_a_value_there_is_a_sentence() {
        let drawing = draw(&Table { rows: vec![of("real", f64::NAN, "")] }).unwrap();
        assert!(drawing.svg().contains(">No metric that figures show has a value.<"), "{}", drawing.svg());
    }
}
