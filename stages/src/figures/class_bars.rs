//! Images per class of the training sets of a study.

use super::drawing::{colour, joined};
use super::{Draw, Drawing, Figure};
use crate::data::sample::ClassCount;
use crate::words::counted;
use kuva::plot::bar::BarPlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

pub(super) const FIGURE: Figure =
    Figure { name: "class-bars", doc: "Images per class of each training set, real and synthetic ones stacked.", draw: Draw::TrainingSets(draw) };

/// More bars than this are in no figure.
const BARS: usize = 60;

/// An arm's training sets.
#[derive(Debug, PartialEq)]
struct Arm<'a> {
    name: &'a str,
    first: &'a [ClassCount],
    /// True where those of its repeats or folds differ from the first.
    differs: bool,
}

/// Empty sets are not drawn.
fn draw(sets: &[(String, Vec<ClassCount>)], training: &str) -> Option<Drawing> {
    let arms: Vec<Arm> = arms(sets).into_iter().filter(|arm| arm.first.iter().any(|c| c.real > 0 || c.synthetic > 0)).collect();
    let mut bars = 0;
    let drawn: Vec<&Arm> = arms
        .iter()
        .take_while(|arm| {
            bars += arm.first.len();
            bars <= BARS
        })
        .collect();
    let one = |arm: &Arm, count: &ClassCount| {
        let mark = if arm.differs { "*" } else { "" };
        (format!("{}{mark}: {}", arm.name, count.class), [(count.real as f64, colour(0)), (count.synthetic as f64, colour(4))])
    };
    // The library draws the first one at the bottom.
    let rows = drawn.iter().flat_map(|arm| arm.first.iter().map(|count| one(arm, count))).collect::<Vec<_>>();
    let plot = rows.iter().rev().fold(BarPlot::new(), |plot, (label, parts)| plot.with_group(label.as_str(), *parts));
    if plot.groups.is_empty() {
        return None;
    }
    let plots = vec![Plot::Bar(plot.with_legend(vec!["real", "synthetic"]).with_stacked().with_horizontal(true))];
    let height = 130.0 + 16.0 * rows.len() as f64;
    let layout = Layout::auto_from_plots(&plots).with_width(760.0).with_height(height).with_x_label("images").with_x_axis_min(0.0);
    let further = arms.len() - drawn.len();
    let notes = [
        drawn.iter().any(|arm| arm.differs).then(|| "* the first of several sets that differ".to_owned()),
        (further > 0).then(|| format!("{} not drawn", counted(further, "arm is", "arms are"))),
    ];
    Some(Drawing::noted(plots, layout, &format!("{training}: images per class of the training set"), joined(notes).as_deref()))
}

fn arms(sets: &[(String, Vec<ClassCount>)]) -> Vec<Arm<'_>> {
    let mut arms: Vec<Arm> = vec![];
    for (name, set) in sets {
        match arms.iter_mut().find(|arm| arm.name == name) {
            Some(arm) => arm.differs |= arm.first != set.as_slice(),
            None => arms.push(Arm { name, first: set, differs: false }),
        }
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(arm: &str, real: u64, synthetic: u64) -> (String, Vec<ClassCount>) {
        (arm.into(), vec![ClassCount { class: "covid".into(), real, synthetic }, ClassCount { class: "normal".into(), real: 90, synthetic: 0 }])
    }

    #[test]
    fn sets_of_one_arm_are_one_group_and_it_is_said_where_they_differ() {
        let sets = [set("real", 10, 0), set("real", 10, 0), set("gan", 10, 80), set("gan", 11, 79)];
        let found = arms(&sets);
        assert_eq!(found.iter().map(|a| (a.name, a.first[0].synthetic, a.differs)).collect::<Vec<_>>(), [("real", 0, false), ("gan", 80, true)]);
        let drawing = draw(&sets, "classifier").unwrap();
        assert_eq!(drawing.caption(), "classifier: images per class of the training set (* the first of several sets that differ)");
        let svg = drawing.svg();
        assert!(["real: covid", "real: normal", "gan*: covid", "gan*: normal"].iter().all(|label| svg.contains(&format!(">{label}<"))), "{svg}");
    }

    #[test]
    fn what_is_not_drawn_is_counted() {
        let sets: Vec<_> = (0..40).map(|n| set(&format!("arm {n}"), 5, 5)).collect();
        assert!(draw(&sets, "c").unwrap().caption().ends_with("(10 arms are not drawn)"));
        assert!(draw(&[("none".into(), vec![]), ("empty".into(), vec![ClassCount::default()])], "c").is_none());
    }
}
