//! Confusion matrices, one for each arm, as scikit-learn's `ConfusionMatrixDisplay` lays them out.

use super::predictions::ArmPredictions;
use super::{Draw, Drawing, Figure, TestPredictions};
use kuva::render::color::Color;
use kuva::render::render::{Primitive, TextAnchor};

pub(super) const FIGURE: Figure = Figure {
    name: "confusion",
    doc: "Confusion matrices of the arms: true classes as rows, predicted ones as columns; the shade is the share of the row.",
    draw: Draw::Predictions(draw),
};

/// Matrices of more classes are in no figure.
const CLASSES: usize = 14;
/// Letters of a class's name.
const LETTERS: usize = 14;
/// How wide a letter is on average, in shares of the size of the font.
const LETTER: f64 = 0.62;
/// The width of a row of matrices in pixels.
const WIDTH: f64 = 760.0;
/// Where the row is one class alone.
const FULL: [f64; 3] = [86.0, 180.0, 233.0];

/// Where the parts of a matrix are, in pixels.
struct Panel {
    cell: f64,
    /// Space for the names of the rows, and above the cells for the arm and for the slanted names of the columns.
    left: f64,
    head: f64,
    width: f64,
    height: f64,
}

/// Arms without images are not drawn.
fn draw(test: &TestPredictions) -> Option<Drawing> {
    let arms: Vec<&ArmPredictions> = test.drawn().iter().filter(|arm| arm.confusion().iter().flatten().any(|n| *n > 0)).collect();
    if arms.is_empty() || test.classes().len() > CLASSES {
        return None;
    }
    let names: Vec<String> = test.classes().iter().map(|name| shortened(name, LETTERS)).collect();
    let panel = Panel::of(&names);
    let columns = ((WIDTH / panel.width) as usize).clamp(1, arms.len());
    let further = test.arms().len() - test.drawn().len();
    let note = (further > 0).then(|| format!("the first {} of {} arms", test.drawn().len(), test.arms().len()));
    let caption = format!("{}: true classes as rows, predicted ones as columns", test.name());
    let size = ((columns as f64 * panel.width).max(WIDTH / 2.0), arms.len().div_ceil(columns) as f64 * panel.height);
    let place = |n: usize| ((n % columns) as f64 * panel.width, (n / columns) as f64 * panel.height);
    Some(Drawing::of(size, &caption, note.as_deref(), |top| {
        let matrix = |(n, arm): (usize, &&ArmPredictions)| panel.matrix(arm, &names, (place(n).0, top + place(n).1));
        arms.iter().enumerate().flat_map(matrix).collect()
    }))
}

impl Panel {
    fn of(names: &[String]) -> Panel {
        let n = names.len() as f64;
        let cell = match names.len() {
            ..=4 => 46.0,
            5..=8 => 38.0,
            _ => 32.0,
        };
        let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default() as f64 * 10.0 * LETTER;
        // Names of columns are turned by 45°.
        let slanted = widest * 0.71 + 8.0;
        let (left, head) = (widest + 14.0, 18.0 + slanted);
        Panel { cell, left, head, width: (left + n * cell + slanted.max(20.0)).max(150.0), height: head + n * cell + 16.0 }
    }

    fn matrix(&self, arm: &ArmPredictions, names: &[String], (x, y): (f64, f64)) -> Vec<Primitive> {
        let (left, top) = (x + self.left, y + self.head);
        let fits = ((self.width - 10.0) / (11.0 * LETTER)) as usize;
        let mut out = vec![text(&shortened(arm.name(), fits), (x + 8.0, y + 12.0), 11, TextAnchor::Start, None)];
        for (row, (name, counts)) in names.iter().zip(arm.confusion()).enumerate() {
            let (middle, sum) = (top + (row as f64 + 0.5) * self.cell, counts.iter().sum::<u64>());
            out.push(text(name, (left - 6.0, middle + 3.5), 10, TextAnchor::End, None));
            out.push(text(name, (left + (row as f64 + 0.5) * self.cell, top - 6.0), 10, TextAnchor::Start, Some(-45.0)));
            for (column, count) in counts.iter().enumerate() {
                let share = if sum == 0 { 0.0 } else { *count as f64 / sum as f64 };
                let x = left + column as f64 * self.cell;
                out.push(Primitive::Rect {
                    x,
                    y: middle - self.cell / 2.0,
                    width: self.cell,
                    height: self.cell,
                    fill: shade(share),
                    stroke: Some(Color::Rgb(160, 172, 184)),
                    stroke_width: Some(0.5),
                    opacity: None,
                });
                let size = if count.to_string().len() as f64 * 11.0 * LETTER > self.cell { 8 } else { 11 };
                out.push(text(&count.to_string(), (x + self.cell / 2.0, middle + 4.0), size, TextAnchor::Middle, None));
            }
        }
        out
    }
}

fn text(content: &str, (x, y): (f64, f64), size: u32, anchor: TextAnchor, rotate: Option<f64>) -> Primitive {
    Primitive::Text { x, y, content: content.to_owned(), size, anchor, rotate, bold: false, color: None }
}

/// White for nothing.
fn shade(share: f64) -> Color {
    let [r, g, b] = FULL.map(|full| (255.0 + (full - 255.0) * share).round() as u8);
    Color::Rgb(r, g, b)
}

/// Cut in the middle, since names often differ in their ends.
fn shortened(name: &str, letters: usize) -> String {
    let (all, kept): (Vec<char>, usize) = (name.chars().collect(), letters.saturating_sub(1));
    let (before, after) = (kept - kept / 2, kept / 2);
    if all.len() <= letters { name.to_owned() } else { all[..before].iter().chain(['…'].iter()).chain(&all[all.len() - after..]).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::predictions::tests::{table, test};
    use super::*;

    #[test]
    fn rows_are_true_classes_and_their_shares_are_the_shade() {
        let mut all = test();
        all.add("real", "0", &table(&[(1, "a", 0.25), (2, "a", 0.75), (3, "b", 0.75)]));
        all.add("real", "1", &table(&[(1, "a", 0.25), (2, "a", 0.25), (3, "b", 0.75)]));
        let svg = draw(&all).unwrap().svg();
        let at = |part: String| svg.find(&part).unwrap_or_else(|| panic!("{part}: {svg}"));
        let fills = [0.75, 0.25, 0.0, 1.0].map(|share| at(format!("fill=\"{}\" stroke", shade(share).to_svg_string())));
        assert!(fills.is_sorted(), "a: 3 of 4 right, 1 wrong; b: none wrong, all right: {svg}");
        assert!([3, 1, 0, 2].iter().all(|count| svg.contains(&format!(">{count}</text>"))), "{svg}");
        assert_eq!([shade(0.0).to_svg_string(), shade(1.0).to_svg_string()], ["#ffffff", "#56b4e9"]);
    }

    #[test]
    fn arms_beyond_the_twelfth_are_counted_and_long_names_cut() {
        let mut all = test();
        (0..13).for_each(|n| all.add(&format!("an arm with a very long name that fits into no panel {n}"), "", &table(&[(1, "a", 0.25)])));
        let drawing = draw(&all).unwrap();
        assert!(drawing.caption().ends_with("(the first 12 of 13 arms)"), "{}", drawing.caption());
        assert_eq!(drawing.svg().matches('…').count(), 12);
        assert!(draw(&test()).is_none());
        assert_eq!([shortened("finding number 12", 8), shortened("covid", 5), shortened("normal", 1)], ["find… 12", "covid", "…"]);
    }
}
