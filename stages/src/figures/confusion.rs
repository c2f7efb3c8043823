//! Confusion matrices, one for each arm, as scikit-learn's `ConfusionMatrixDisplay` lays them out.

use super::canvas::{Anchor, Canvas, SIZE, WIDTH};
use super::letters;
use super::page::{MARGIN, Page};
use super::predictions::ArmPredictions;
use super::{Draw, Drawing, Figure, TestPredictions};
use crate::words::counted;

pub(super) const FIGURE: Figure = Figure {
    name: "confusion",
    doc: "Confusion matrices of the arms: true classes as rows, predicted ones as columns; the shade is the share of the row.",
    draw: Draw::Predictions(draw),
};

/// Matrices of more classes are in no figure.
const CLASSES: usize = 14;
/// The room of a class's name, in pixels.
const NAMES: f64 = 76.0;
/// Sizes of letters in cells.
const SIZES: [u32; 3] = [SIZE, 9, 8];
/// How far a rounded count may be from the count, as a share of it.
const NEAR: f64 = 0.05;
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
    let description = format!("{caption}. The shade is the share of the row. {}.", counted(arms.len(), "arm", "arms"));
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
                if let Some((text, size)) = short(*count, self.cell - 2.0) {
                    canvas.sized((x + self.cell / 2.0, middle + 4.0), &text, size);
                }
            }
        }
    }
}

/// White for nothing.
fn shade(count: u64, sum: u64) -> &'static str {
    let tenths = if sum == 0 { 0.0 } else { 10.0 * count as f64 / sum as f64 };
    SHADES[(tenths.round() as usize).min(10)]
}

/// A count with no more room than that, and the size of its letters: all its digits, in smaller letters if need be, or else thousands,
/// millions or billions that are near enough to it. None where even those have no room: the numbers are in the data, too.
fn short(count: u64, room: f64) -> Option<(String, u32)> {
    let rounded = |(unit, letter, digits): (f64, &str, usize)| {
        let text = format!("{:.digits$}", count as f64 / unit);
        let shown = text.parse::<f64>().ok()? * unit;
        ((shown - count as f64).abs() <= NEAR * count as f64).then(|| format!("{text}{letter}"))
    };
    let units = [(1e3, "k"), (1e6, "M"), (1e9, "G")].into_iter().flat_map(|(unit, letter)| [1, 0].map(|digits| (unit, letter, digits)));
    let texts = std::iter::once(count.to_string()).chain(units.filter_map(rounded));
    let mut sized = texts.flat_map(|text| SIZES.map(|size| (text.clone(), size)));
    sized.find(|(text, size)| letters::width(text, *size) <= room)
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
        let of = |count, room| short(count, room).map(|(text, size)| format!("{text} {size}"));
        let shown = [(123, 40.0), (1_234_567, 40.0), (1_234_567, 30.0), (1_264, 20.0), (9_951, 19.0), (123_456_789, 16.0)];
        assert_eq!(
            shown.map(|(count, room)| of(count, room)),
            [Some("123 11".into()), Some("1234567 8".into()), Some("1235k 9".into()), Some("1.3k 9".into()), Some("10k 9".into()), None]
        );
        // With fourteen classes, a cell has room for two digits of the usual size.
        let room = Panel::of(&vec!["a long class name".to_owned(); 14]).cell - 2.0;
        for count in [0, 1, 99, 499, 500, 951, 999, 1_000, 1_499, 9_951, 99_999, 123_456, 1_049_999] {
            let (text, size) = short(count, room).unwrap_or_else(|| panic!("{count}"));
            let unit = [("k", 1e3), ("M", 1e6)].iter().find(|u| text.ends_with(u.0)).map_or(1.0, |u| u.1);
            let value: f64 = text.trim_end_matches(['k', 'M']).parse::<f64>().unwrap() * unit;
            assert!((value - count as f64).abs() <= NEAR * count as f64 && letters::width(&text, size) <= room, "{count}: {text}");
        }
    }
}
