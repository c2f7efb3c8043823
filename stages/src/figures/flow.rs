//! From import to parts: how many images and patients each table of real images has, and how many were left out on the way. Table after
//! table below each other, each beneath the one that it was made of.

use super::canvas::{Anchor, INK, LINE, SOFT, Stroke, WIDTH};
use super::page::{MARGIN, Page};
use super::{Draw, Drawing, Figure};
use crate::words::counted;

pub(super) const FIGURE: Figure = Figure {
    name: "flow",
    doc: "The flow of images and patients from import to the parts of a split, with what was left out on the way.",
    draw: Draw::Flow(draw),
};

/// A table of real images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowStep {
    /// The stage that made it, with its cell and port.
    pub name: String,
    /// Which of the steps before it was made of; none for an import.
    pub from: Option<usize>,
    /// Its images, repeated ones once.
    pub images: u64,
    /// Its patients.
    pub patients: u64,
    /// Images of each class.
    pub classes: Vec<(String, u64)>,
    /// Images and patients of the table before it that are in none of the tables that this stage made of it; none where that is not asked,
    /// as for each table of a stage but the first.
    pub left_out: Option<(u64, u64)>,
    /// What the stage said that it left out, in its words.
    pub notes: Vec<String>,
}

/// Tables that are drawn.
const STEPS: usize = 40;
/// How far a table stands to the right of the one that it was made of.
const INDENT: f64 = 18.0;
/// Beyond which no table is moved further.
const DEEP: usize = 8;

fn draw(steps: &[FlowStep]) -> Option<Drawing> {
    let shown = ordered(steps);
    if shown.is_empty() {
        return None;
    }
    let caption = "Images and patients, from import to parts".to_owned();
    let note = (shown.len() > STEPS).then(|| format!("the first {STEPS} of {} tables", shown.len()));
    let of = |step: &FlowStep| format!("{}: {}", step.name, of_patients(step.images, step.patients));
    let description = format!("{caption}. {}.", shown.iter().take(STEPS).map(|(at, _)| of(&steps[*at])).collect::<Vec<_>>().join("; "));
    let page = Page { caption, note, keys: vec![], description };
    let drawing = page.draw(|canvas, top| {
        let (mut y, mut places): (f64, Vec<(usize, f64, f64)>) = (top, vec![]);
        for (at, depth) in shown.iter().take(STEPS) {
            let step = &steps[*at];
            let x = MARGIN + INDENT * (*depth).min(DEEP) as f64;
            let from = step.from.and_then(|from| places.iter().find(|p| p.0 == from)).copied();
            // The way down from the table before it, and to the right.
            let way = |canvas: &mut super::canvas::Canvas, to: f64, stroke: Stroke, end: f64| {
                if let Some((_, x, below)) = from {
                    canvas.through(&[(x + 7.0, below), (x + 7.0, to), (end, to)], stroke);
                }
            };
            if let Some((images, patients)) = step.left_out.filter(|out| out.0 > 0) {
                way(canvas, y + 8.0, Stroke::dashed(SOFT, 1.0, "3 3"), x);
                canvas.fitted((x + 4.0, y + 12.0), &format!("left out: {}", of_patients(images, patients)), WIDTH - MARGIN - x - 4.0, (Anchor::Start, false));
                y += LINE + 8.0;
            }
            let classes = step.classes.iter().map(|(class, n)| format!("{class} {n}")).collect::<Vec<_>>().join(", ");
            let lines: Vec<&String> = std::iter::once(&classes).chain(&step.notes).filter(|line| !line.is_empty()).collect();
            let (width, height) = (WIDTH - MARGIN - x, 8.0 + LINE * (2 + lines.len()) as f64);
            way(canvas, y + height / 2.0, Stroke::of(INK, 1.2), x);
            canvas.rect((x, y), (width, height), "#ffffff", Some(INK));
            canvas.fitted((x + 6.0, y + 14.0), &step.name, width - 12.0, (Anchor::Start, true));
            canvas.fitted((x + 6.0, y + 14.0 + LINE), &of_patients(step.images, step.patients), width - 12.0, (Anchor::Start, false));
            for (n, line) in lines.iter().enumerate() {
                canvas.fitted((x + 6.0, y + 14.0 + LINE * (n + 2) as f64), line, width - 12.0, (Anchor::Start, false));
            }
            places.push((*at, x, y + height));
            y += height + 9.0;
        }
        y
    });
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    let row = |(at, _): &(usize, usize)| {
        let s = &steps[*at];
        let from = s.from.map(|from| steps[from].name.clone()).unwrap_or_default();
        vec![s.name.clone(), from, s.images.to_string(), s.patients.to_string(), number(s.left_out.map(|o| o.0)), number(s.left_out.map(|o| o.1))]
    };
    Some(drawing.with_data(&["table", "from", "images", "patients", "left-out-images", "left-out-patients"], shown.iter().map(row)))
}

fn of_patients(images: u64, patients: u64) -> String {
    format!("{} of {}", counted(images, "image", "images"), counted(patients, "patient", "patients"))
}

/// Each table after the one that it was made of, and how far it is from the import.
fn ordered(steps: &[FlowStep]) -> Vec<(usize, usize)> {
    let mut out = vec![];
    let mut stack: Vec<(usize, usize)> = (0..steps.len()).rev().filter(|n| steps[*n].from.is_none()).map(|n| (n, 0)).collect();
    while let Some((at, depth)) = stack.pop() {
        out.push((at, depth));
        stack.extend((at + 1..steps.len()).rev().filter(|n| steps[*n].from == Some(at)).map(|n| (n, depth + 1)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, from: Option<usize>, images: u64) -> FlowStep {
        FlowStep { name: name.into(), from, images, patients: images / 2, classes: vec![("covid".into(), images)], ..FlowStep::default() }
    }

    #[test]
    fn tables_stand_beneath_those_that_they_were_made_of_with_what_was_left_out() {
        let mut steps = vec![
            step("cxr", None, 100),
            step("other", None, 10),
            step("adults", Some(0), 80),
            step("parts.test", Some(2), 20),
            step("parts.train", Some(2), 60),
        ];
        steps[2].left_out = Some((20, 10));
        steps[0].notes = vec!["3 images are damaged".into()];
        assert_eq!(ordered(&steps), [(0, 0), (2, 1), (3, 2), (4, 2), (1, 0)]);
        let drawing = draw(&steps).unwrap();
        let svg = drawing.svg();
        for text in ["100 images of 50 patients", "left out: 20 images of 10 patients", "3 images are damaged", "parts.train", "covid 60"] {
            assert!(svg.contains(&format!(">{text}<")), "{text}: {svg}");
        }
        assert_eq!(svg.matches("left out").count(), 1);
        let data = String::from_utf8(drawing.data().unwrap().to_vec()).unwrap();
        assert!(data.contains("\nadults,cxr,80,40,20,10\nparts.test,adults,20,10,,\n"), "{data}");
        assert!(draw(&[]).is_none());
    }
}
