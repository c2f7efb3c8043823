//! Planted inconsistencies: a sound paper with every relation, and one number changed at a time. Each change is found in
//! its own cell, and nothing else is.

use super::{Paper, audit};
use crate::records::{Audited, Verdict};

const SOUND: &str = "\
paper: A
source: B
counts:
  train: { printed: 210, in: Methods }
  test: { printed: 100, in: Methods }
  other: { printed: 170, in: Methods }
tables:
- table: counts
  in: Methods
  rounding: rounded
  columns: [images, skew]
  rows: { whole: [310, –], ratio: [–, 2.10] }
  sums: [{ row: whole, column: images, readings: [2 * train - 110, train + test] }]
  ratios: [{ row: ratio, column: skew, of: train, over: test }]
- table: rates
  in: Results
  unit: percent
  rounding: truncated
  columns: [SEN, FN]
  rows: { beside: [83.80, 34], alone: [66.66, –] }
  rates: [{ column: SEN, of: train, missed: FN }]
- table: folds
  in: Results
  rounding: either
  columns: [acc, sen, spe, f1]
  rows: { a: [.860, .750, .900, .730], b: [.860, –, –, –], c: [.920, –, –, –], all: [.820, –, –, –] }
  folds: [{ column: acc, rows: [a, b, c], sizes: [[25, 25, 25, 25]] }]
  f1: [{ column: f1, rows: [a], from: { sensitivity: sen, specificity: spe, positives: 40, negatives: 120, folds: 4 } }]
  totals: [{ column: acc, classes: [a, b, c], total: all }]
- table: F1
  in: Results
  rounding: rounded
  columns: [p, r, f, sen, spe, g]
  rows: { one: [.800, .500, .615, .7500, .9000, .7895] }
  f1:
  - { column: f, from: { precision: p, recall: r } }
  - { column: g, from: { sensitivity: sen, specificity: spe, positives: 40, negatives: 60 } }
- table: matrix
  in: Results
  rounding: rounded
  columns: [acc, Pa, Ra, Fa, Pb, Rb, Fb]
  rows:
    full: [.840, .833, .751, .789, .844, .901, .871]
    some: [.840, .833, –, –, .844, –, –]
  confusions:
  - accuracy: acc
    classes:
    - { class: a, size: 40, precision: Pa, recall: Ra, f1: Fa }
    - { class: b, size: 60, precision: Pb, recall: Rb, f1: Fb }
";

fn contradictions(text: &str) -> Vec<Audited> {
    audit(&Paper::read(text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))).contradictions().cloned().collect()
}

fn sound() -> String {
    SOUND.replace(".751, .789", ".750, .789").replace(".901, .871", ".900, .871")
}

#[test]
fn a_sound_paper_has_no_contradiction() {
    assert_eq!(contradictions(&sound()), []);
    assert_eq!(audit(&Paper::read(sound().as_bytes()).unwrap()).rows.len(), 21);
}

#[test]
fn each_planted_inconsistency_is_found_in_its_cell() {
    let planted = [
        // From, to, column, what is expected, what explains it.
        ("whole: [310,", "whole: [311,", "images", "310", ""),
        ("whole: [310,", "whole: [270,", "images", "310", "170"),
        ("[–, 2.10]", "[–, 2.11]", "skew", "210/100 = 2.100", ""),
        ("[–, 2.10]", "[–, 1.70]", "skew", "210/100 = 2.100", "170"),
        ("[83.80, 34]", "[83.81, 34]", "SEN", "176/210 = 83.810", ""),
        ("[83.80, 34]", "[83.80, 35]", "SEN", "175/210 = 83.333", ""),
        ("[83.80, 34]", "[83.80, 211]", "SEN", "0 to 210", ""),
        ("[66.66, –]", "[66.67, –]", "SEN", "140/210 = 66.667 or 141/210 = 67.143", ""),
        ("b: [.860,", "b: [.861,", "acc", "0.8600 or 0.8700", ""),
        ("all: [.820,", "all: [.822,", "acc", "0.8193 to 0.8208", ""),
        (".900, .730]", ".900, .818]", "f1", "0.5937 to 0.7764", "harmonic mean of sensitivity and specificity"),
        (".900, .730]", ".900, .840]", "f1", "0.5937 to 0.7764", ""),
        (".500, .615,", ".500, .617,", "f", "0.6149 to 0.6159", ""),
        (".9000, .7895]", ".9000, .7890]", "g", "0.78941 to 0.78954", ""),
        (".9000, .7895]", ".9000, .8182]", "g", "0.78941 to 0.78954", "harmonic mean of sensitivity and specificity"),
        ("full: [.840,", "full: [.845,", "acc", "84/100 = 0.8400", ""),
        ("full: [.840, .833", "full: [.840, .834", "Pa", "30/36 = 0.8333", ""),
        (".750, .789", ".760, .789", "Ra", "30/40 = 0.7500", ""),
        (".900, .871]", ".900, .873]", "Fb", "108/124 = 0.8710", ""),
    ];
    for (from, to, column, expected, by) in planted {
        assert_eq!(sound().matches(from).count(), 1, "{from}");
        let found = contradictions(&sound().replace(from, to));
        let [one] = found.as_slice() else { panic!("{to}: {found:#?}") };
        let verdict = if by.is_empty() { Verdict::Inconsistent } else { Verdict::Explained };
        assert_eq!((one.column.as_str(), one.expected.as_str(), one.verdict, one.explained_by.as_str()), (column, expected, verdict, by), "{to}: {}", one.why);
        assert!(!one.why.is_empty());
    }
}

#[test]
fn cells_that_are_impossible_only_together_are_named_together() {
    let found = contradictions(&sound().replace("some: [.840, .833,", "some: [.840, .900,"));
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((one.column.as_str(), one.printed.as_str(), one.verdict), ("acc, Pa, Pb", ".840, .900, .844", Verdict::Inconsistent));
    assert_eq!(one.why, "each of these cells is possible, but no confusion matrix gives them together");
    // Printed with a zero too many: 30 of 36 is .833, and 54 of 64 is .844.
    let found = contradictions(&sound().replace("full: [.840, .833, .750, .789, .844, .900, .871]", "full: [.8400, .8330, .7500, –, .8440, .9000, –]"));
    let all: Vec<_> = found.iter().map(|f| (f.column.as_str(), f.verdict, f.explained_by.as_str())).collect();
    assert_eq!(all, [("Pa", Verdict::Explained, "3 digits and a zero"), ("Pb", Verdict::Explained, "3 digits and a zero")]);
}

#[test]
fn a_table_may_leave_out_zeros_if_it_says_so() {
    let zeros = sound().replace("all: [.820,", "all: [.8,");
    assert_eq!(contradictions(&zeros), [], ".8 is anything from .75 to .9");
    let found = contradictions(&zeros.replace("columns: [acc, sen", "decimals: 3\n  columns: [acc, sen"));
    assert_eq!(found.iter().map(|c| (c.row.as_str(), c.printed.as_str())).collect::<Vec<_>>(), [("all", ".8")]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let said = |from: &str, to: &str| {
        assert!(sound().contains(from), "{from}");
        let text = Paper::read(sound().replacen(from, to, 1).as_bytes()).expect_err(to).to_string();
        text.replacen(" of the file of published tables: ", ": ", 1)
    };
    let due = [
        ("columns: [images, skew]", "columns: [images, images]", "line 11: `counts` has two columns `images`"),
        ("whole: [310, –]", "whole: [310]", "line 12: the row `whole` of `counts` has 1 cell, for 2 columns"),
        ("over: test }", "over: tests }", "line 14: there is no count `tests`"),
        ("over: test }", "over: test - 100 }", "line 14: `test - 100` is 0"),
        ("over: test }", "over: test - 101 }", "line 14: `test - 101` is not a number from 0 to a thousand million"),
        ("missed: FN", "missed: FP", "line 21: `rates` has no column `FP`"),
        ("missed: FN", "missed: FN, count: FN", "line 21: a rate has a column `count` or a column `missed`, not both"),
        ("[83.80, 34]", "[83.80, 3.4]", "line 20: `3.4` in the column `FN` must be a whole number"),
        ("total: all }", "total: every }", "line 29: `folds` has no row `every`"),
        ("precision: p, recall: r", "precision: p", "line 36: F1 comes from `precision` and `recall`, or from `sensitivity`"),
        ("sizes: [[25, 25, 25, 25]]", "sizes: [[0]]", "line 27: `sizes` takes lists of 1 to 20 numbers"),
        ("  train: {", "  Train: {", "line 4: `Train` cannot name a count"),
        ("printed: 210", "printed: 21.0", "line 4: the count `train` must be a whole number"),
        ("  other: {", "  test: {", "line 4: counts: duplicate key `test`"),
        ("rounding: truncated", "rounding: up", "line 18: tables[1].rounding: unknown variant `up`"),
        ("  unit: percent", "  units: percent", "line 17: tables[1]: unknown field `units`"),
        ("positives: 40", "positives: 4", "line 28: `4` is too small for 4 folds"),
        ("positives: 40", "positives: 1000001", "line 28: `1000001` is more than 1000000 images"),
    ];
    for (from, to, message) in due {
        let said = said(from, to);
        assert!(said.starts_with(message), "{to}: {said}\n{message}");
    }
    assert!(Paper::read(&[0xff]).unwrap_err().to_string().contains("is not UTF-8"));
    assert!(Paper::read(&vec![b' '; 2 << 20]).unwrap_err().to_string().contains("larger than 1 MiB"));
}

/// Numbers as large and as fine as the format takes.
#[test]
fn the_largest_and_finest_numbers_are_examined_without_overflow() {
    let text = "\
paper: A
source: B
counts: { most: { printed: \"999,999,999\", in: C }, odd: { printed: 999983, in: C } }
tables:
- table: T
  in: C
  unit: percent
  rounding: mixed
  columns: [a, b, c]
  rows: { x: [99.999983, 33.333337, 66.666661], y: [0.000001, 99.999999, 0.000003], z: [999999999.999999, 0, 100] }
  rates: [{ column: a, of: most }]
  ratios: [{ row: x, column: a, of: most, over: odd }]
  folds: [{ column: a, sizes: [[99991, 99989], [3, 3, 7, 5]] }]
  f1:
  - { column: c, from: { precision: a, recall: b } }
  - { column: c, from: { sensitivity: a, specificity: b, positives: odd, negatives: 999979 } }
  - { column: c, from: { sensitivity: a, specificity: b, positives: 999979, negatives: odd, folds: 19 } }
  - { column: c, from: { sensitivity: a, specificity: b, positives: 40, negatives: odd, folds: 19 } }
  totals: [{ column: b, classes: [x, y], total: z }]
";
    assert_eq!(audit(&Paper::read(text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))).rows.len(), 20);
}
