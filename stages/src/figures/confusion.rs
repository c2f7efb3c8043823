//! Confusion matrices, one for each arm, as scikit-learn's `ConfusionMatrixDisplay` lays them out.

use super::canvas::{Anchor, Canvas, SIZE, WIDTH};
use super::letters;
use super::page::{MARGIN, Page};
use super::predictions::ArmPredictions;
use super::{Draw, Drawing, Figure, TestPredictions};

pub(super) const FIGURE: Figure = Figure {
    name: "confusion",
    doc: "Confusion matrices of the arms: true classes as rows, predicted ones as columns; the shade is the share of the row.",
    draw: Draw::Predictions(draw),
};

/// Matrices of more classes are in no figure.
const CLASSES: usize = 14;
/// The room of a class's name, in pixels.
const NAMES: f64 = 76.0;
/// Shades, from no image of the row to all of them: ink on the last one can still be read, and they differ without colours.
const SHADES: [&str; 11] = ["#ffffff", "#eef7fd", "#ddf0fb", "#cce8f9", "#bbe1f6", "#aad9f4", "#99d2f2", "#89cbf0", "#78c3ee", "#67bceb", "#56b4e9"];

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
    let panel = Panel::of(test.classes());
    let columns = (((WIDTH - 2.0 * MARGIN) / panel.width) as usize).clamp(1, arms.len());
    let further = test.arms().len() - test.drawn().len();
    let note = (further > 0).then(|| format!("the first {} of {} arms", test.drawn().len(), test.arms().len()));
    let caption = format!("{}: true classes as rows, predicted ones as columns", test.name());
    let description = format!("{caption}. The shade is the share of the row. {} arms.", arms.len());
    let drawing = Page { caption, note, keys: vec![], description }.draw(|canvas, top| {
        for (n, arm) in arms.iter().enumerate() {
            let at = (MARGIN + (n % columns) as f64 * panel.width, top + (n / columns) as f64 * panel.height);
            panel.matrix(canvas, arm, test.classes(), at);
        }
        top + arms.len().div_ceil(columns) as f64 * panel.height
    });
    let rows = arms.iter().flat_map(|arm| {
        let of_row = move |(label, counts): (&String, &Vec<u64>)| {
            let cell = |(predicted, n): (&String, &u64)| vec![arm.name().to_owned(), label.clone(), predicted.clone(), n.to_string()];
            test.classes().iter().zip(counts).map(cell).collect::<Vec<_>>()
        };
        test.classes().iter().zip(arm.confusion()).flat_map(of_row).collect::<Vec<_>>()
    });
    Some(drawing.with_data(&["arm", "class", "predicted", "images"], rows))
}

impl Panel {
    fn of(names: &[String]) -> Panel {
        let n = names.len() as f64;
        let widest = names.iter().map(|name| letters::width(name, SIZE)).fold(0.0, f64::max).min(NAMES);
        let left = widest + 8.0;
        // Names of columns are turned by 45°.
        let slanted = widest * 0.71 + 10.0;
        let most = (WIDTH - 2.0 * MARGIN - left - slanted) / n;
        let cell = most.min(if names.len() <= 4 { 44.0 } else { 36.0 });
        Panel { cell, left, head: 18.0 + slanted, width: (left + n * cell + slanted).max(150.0), height: 18.0 + slanted + n * cell + 16.0 }
    }

    fn matrix(&self, canvas: &mut Canvas, arm: &ArmPredictions, names: &[String], (x, y): (f64, f64)) {
        let (left, top) = (x + self.left, y + self.head);
        canvas.fitted((x, y + 12.0), arm.name(), self.width - 10.0, (Anchor::Start, true));
        for (row, (name, counts)) in names.iter().zip(arm.confusion()).enumerate() {
            let (middle, sum) = (top + (row as f64 + 0.5) * self.cell, counts.iter().sum::<u64>());
            canvas.fitted((left - 5.0, middle + 4.0), name, NAMES, (Anchor::End, false));
            canvas.slanted((left + (row as f64 + 0.5) * self.cell, top - 6.0), &letters::fitted(name, SIZE, NAMES));
            for (column, count) in counts.iter().enumerate() {
                let x = left + column as f64 * self.cell;
                canvas.rect((x, middle - self.cell / 2.0), (self.cell, self.cell), shade(*count, sum), Some("#a0acb8"));
                canvas.fitted((x + self.cell / 2.0, middle + 4.0), &short(*count, self.cell - 4.0), self.cell, (Anchor::Middle, false));
            }
        }
    }
}

/// White for nothing.
fn shade(count: u64, sum: u64) -> &'static str {
    let tenths = if sum == 0 { 0.0 } else { 10.0 * count as f64 / sum as f64 };
    SHADES[(tenths.round() as usize).min(10)]
}

/// A count with no more room than that: in thousands where its digits have none. The numbers are in the data, too.
fn short(count: u64, room: f64) -> String {
    let all = count.to_string();
    if letters::width(&all, SIZE) <= room { all } else { format!("{} k", count / 1000) }
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
        let fills = [(3, 4), (1, 4), (0, 2), (2, 2)].map(|(n, sum)| at(format!("fill=\"{}\" stroke", shade(n, sum))));
        assert!(fills.is_sorted(), "a: 3 of 4 right, 1 wrong; b: none wrong, all right: {svg}");
        assert!([3, 1, 0, 2].iter().all(|count| svg.contains(&format!(">{count}</text>"))), "{svg}");
        let data = String::from_utf8(draw(&all).unwrap().data().unwrap().to_vec()).unwrap();
        assert_eq!(data, "arm,class,predicted,images\nreal,a,a,3\nreal,a,b,1\nreal,b,a,0\nreal,b,b,2\n");
    }

    #[test]
    fn arms_beyond_the_last_are_counted_and_long_names_cut() {
        let mut all = test();
        (0..25).for_each(|n| all.add(&format!("an arm with a very long name that fits into no panel {n}"), "", &table(&[(1, "a", 0.25)])));
        let drawing = draw(&all).unwrap();
        assert!(drawing.caption().ends_with("(the first 24 of 25 arms)"), "{}", drawing.caption());
        assert_eq!(drawing.svg().matches('…').count(), 24);
        assert!(draw(&test()).is_none());
        assert_eq!([short(123, 40.0), short(1_234_567, 40.0)], ["123", "1234 k"]);
    }
}
