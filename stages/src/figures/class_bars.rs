//! Images per class of the training sets of a study.

use super::axes::{Axes, Scale};
use super::canvas::{Anchor, INK, WIDTH};
use super::drawing::joined;
use super::page::{Key, MARGIN, Page, Sample, bar};
use super::{Draw, Drawing, Figure};
use crate::data::sample::ClassCount;
use crate::words::counted;

pub(super) const FIGURE: Figure =
    Figure { name: "class-bars", doc: "Images per class of each training set, real and synthetic ones stacked.", draw: Draw::TrainingSets(draw) };

/// More bars than this are in no figure.
const BARS: usize = 80;
const REAL: &str = "#0072B2";
const SYNTHETIC: &str = "#D55E00";
const NAMES: f64 = 116.0;
const NUMBERS: f64 = 108.0;
const STEP: f64 = 17.0;

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
    if drawn.is_empty() {
        return None;
    }
    let further = arms.len() - drawn.len();
    let notes = [
        drawn.iter().any(|arm| arm.differs).then(|| "* the first of several sets that differ".to_owned()),
        (further > 0).then(|| format!("{} not drawn", counted(further, "arm is", "arms are"))),
    ];
    let caption = format!("{training}: images per class of the training set");
    let keys = vec![Key::of(Sample::Box(REAL, false), "real images"), Key::of(Sample::Box(SYNTHETIC, true), "synthetic images")];
    let most = drawn.iter().flat_map(|arm| arm.first.iter().map(|c| (c.real + c.synthetic) as f64)).fold(1.0, f64::max);
    let page = Page { description: format!("{caption}: {}.", counted(drawn.len(), "arm", "arms")), caption, note: joined(notes), keys };
    let (left, width) = (MARGIN + NAMES, WIDTH - 2.0 * MARGIN - NAMES - NUMBERS);
    let drawing = page.draw(|canvas, top| {
        let rows = drawn.iter().map(|arm| arm.first.len() + 1).sum::<usize>() as f64;
        let axes = Axes { left, top, width, height: rows * STEP + 4.0, x: Scale { low: 0.0, high: most * 1.04 }, y: Scale { low: 0.0, high: 1.0 } };
        axes.frame(canvas, (true, false));
        let mut y = top + 2.0;
        for arm in &drawn {
            let mark = if arm.differs { "*" } else { "" };
            // The name of an arm has the row to itself, over grid lines.
            canvas.rect((left + 1.0, y), (width, STEP), "#ffffff", None);
            canvas.fitted((MARGIN, y + 13.0), &format!("arm {}{mark}", arm.name), WIDTH - 2.0 * MARGIN, (Anchor::Start, true));
            y += STEP;
            for count in arm.first {
                canvas.fitted((left - 6.0, y + 13.0), &count.class, NAMES - 8.0, (Anchor::End, false));
                let at = |n: u64| axes.x.place(n as f64, left, left + width);
                let (real, all) = (at(count.real), at(count.real + count.synthetic));
                for (from, to, colour, is_hatched) in [(left, real, REAL, false), (real, all, SYNTHETIC, true)] {
                    if to > from {
                        bar(canvas, (from, y + 3.0), (to - from, STEP - 5.0), colour, is_hatched);
                    }
                }
                let numbers = if count.synthetic > 0 { format!("{} + {}", count.real, count.synthetic) } else { count.real.to_string() };
                canvas.fitted((left + width + 8.0, y + 13.0), &numbers, NUMBERS - 8.0, (Anchor::Start, false));
                y += STEP;
            }
        }
        canvas.text((left + width / 2.0, y + 31.0), "images", Anchor::Middle, INK);
        y + 36.0
    });
    let row = |arm: &str, c: &ClassCount| vec![arm.to_owned(), c.class.clone(), c.real.to_string(), c.synthetic.to_string()];
    let rows = drawn.iter().flat_map(|arm| arm.first.iter().map(|c| row(arm.name, c)));
    Some(drawing.with_data(&["arm", "class", "real", "synthetic"], rows))
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
        assert!([">arm real<", ">arm gan*<", ">10<", ">10 + 80<", ">synthetic images<"].iter().all(|label| svg.contains(label)), "{svg}");
        let data = String::from_utf8(drawing.data().unwrap().to_vec()).unwrap();
        assert_eq!(data, "arm,class,real,synthetic\nreal,covid,10,0\nreal,normal,90,0\ngan,covid,10,80\ngan,normal,90,0\n");
    }

    #[test]
    fn what_is_not_drawn_is_counted() {
        let sets: Vec<_> = (0..50).map(|n| set(&format!("arm {n}"), 5, 5)).collect();
        assert!(draw(&sets, "c").unwrap().caption().ends_with("(10 arms are not drawn)"));
        assert!(draw(&[("none".into(), vec![]), ("empty".into(), vec![ClassCount::default()])], "c").is_none());
    }
}
