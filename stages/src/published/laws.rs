//! Laws of audits: random tables that whole numbers gave are consistent, and a digit that is changed is found exactly
//! where no whole numbers give the table any more. Those are looked for here in another way: every confusion matrix is
//! made, and its metrics are printed and compared as texts.

use super::{Paper, audit};
use crate::contract::seed::{Seed, Stream};

/// A number printed by integer arithmetic, in every way that the rounding allows.
fn prints(over: i64, under: i64, decimals: u32, rounding: &str) -> Vec<String> {
    let scale = 10i64.pow(decimals);
    let (whole, rest) = (over * scale / under, over * scale % under);
    let nearest = match (2 * rest).cmp(&under) {
        std::cmp::Ordering::Less => vec![whole],
        std::cmp::Ordering::Equal => vec![whole, whole + 1],
        std::cmp::Ordering::Greater => vec![whole + 1],
    };
    let digits = match rounding {
        "rounded" => nearest,
        "truncated" => vec![whole],
        _ => [nearest, vec![whole]].concat(),
    };
    digits.into_iter().map(|n| format!("{}.{:0width$}", n / scale, n % scale, width = decimals as usize)).collect()
}

/// Accuracy, then precision, recall and F1 of each class.
fn metrics(matrix: &[Vec<i64>]) -> Vec<(i64, i64)> {
    let classes = 0..matrix.len();
    let all: i64 = matrix.iter().flatten().sum();
    let mut out = vec![(classes.clone().map(|c| matrix[c][c]).sum(), all)];
    for c in classes {
        let (tp, n, predicted) = (matrix[c][c], matrix[c].iter().sum::<i64>(), matrix.iter().map(|row| row[c]).sum::<i64>());
        out.extend([(tp, predicted.max(1)), (tp, n), (2 * tp, n + predicted)]);
    }
    out
}

/// Every way to write a number as a sum.
fn parts(n: i64, of: usize) -> Vec<Vec<i64>> {
    if of == 1 {
        return vec![vec![n]];
    }
    (0..=n).flat_map(|first| parts(n - first, of - 1).into_iter().map(move |rest| [vec![first], rest].concat())).collect()
}

/// Every confusion matrix of classes of these sizes.
fn matrices(sizes: &[i64]) -> Vec<Vec<Vec<i64>>> {
    sizes.iter().fold(vec![vec![]], |all, n| {
        let rows = parts(*n, sizes.len());
        all.iter().flat_map(|m: &Vec<Vec<i64>>| rows.iter().map(move |row| [m.clone(), vec![row.clone()]].concat())).collect()
    })
}

fn drawn(sizes: &[i64], stream: &mut Stream) -> Vec<Vec<i64>> {
    let ease = stream.below(4);
    let row = |(c, n): (usize, &i64)| {
        let mut row = vec![0; sizes.len()];
        (0..*n).for_each(|_| row[if stream.below(4) < ease { c } else { stream.below(sizes.len()) }] += 1);
        row
    };
    sizes.iter().enumerate().map(row).collect()
}

/// A row as it is printed; none where a cell is left out.
type Row = Vec<Option<String>>;

fn printed(matrix: &[Vec<i64>], decimals: u32, rounding: &str, stream: &mut Stream) -> Row {
    let one = if rounding == "either" { ["rounded", "truncated"][stream.below(2)] } else { rounding };
    let cell = |(over, under): (i64, i64)| {
        let ways = prints(over, under, decimals, one);
        (stream.below(6) > 0).then(|| ways[stream.below(ways.len())].clone())
    };
    metrics(matrix).into_iter().map(cell).collect()
}

/// True if a matrix prints this row.
fn is_printed_by(matrix: &[Vec<i64>], row: &Row, decimals: u32, rounding: &str) -> bool {
    let modes: &[&str] = if rounding == "either" { &["rounded", "truncated"] } else { &[rounding] };
    let shares = metrics(matrix);
    modes.iter().any(|mode| shares.iter().zip(row).all(|((over, under), text)| text.as_ref().is_none_or(|t| prints(*over, *under, decimals, mode).contains(t))))
}

/// How many cells of a row the audit does not find consistent.
fn contradictions(sizes: &[i64], row: &Row, rounding: &str) -> usize {
    let columns = |c: usize| format!("p{c}, r{c}, f{c}");
    let names: Vec<String> = (0..sizes.len()).map(columns).collect();
    let classes: String = sizes.iter().enumerate().map(|(c, n)| format!("{{ class: c{c}, size: {n}, precision: p{c}, recall: r{c}, f1: f{c} }}, ")).collect();
    let cells: Vec<String> = row.iter().map(|c| c.clone().unwrap_or("–".into())).collect();
    let text = format!(
        "paper: A\nsource: B\ntables:\n- table: T\n  in: C\n  rounding: {rounding}\n  columns: [acc, {}]\n  rows: {{ one: [{}] }}\n  \
         confusions: [{{ accuracy: acc, classes: [{classes}] }}]\n",
        names.join(", "),
        cells.join(", ")
    );
    audit(&Paper::read(text.as_bytes()).unwrap()).contradictions().count()
}

const ROUNDINGS: [&str; 4] = ["rounded", "truncated", "either", "mixed"];

#[test]
fn tables_that_confusion_matrices_gave_are_consistent() {
    let mut stream = Seed(1).stream("test", "consistent");
    for n in 0..1000 {
        let sizes: Vec<i64> = (0..2 + stream.below(3)).map(|_| 1 + stream.below(60) as i64).collect();
        let (decimals, rounding) = (2 + stream.below(3) as u32, ROUNDINGS[n % 4]);
        let row = printed(&drawn(&sizes, &mut stream), decimals, rounding, &mut stream);
        assert_eq!(contradictions(&sizes, &row, rounding), 0, "{sizes:?} {rounding} {row:?}");
    }
}

/// A digit more or less at the end of a cell.
fn perturbed(text: &str, up: bool) -> Option<String> {
    let digits: i64 = text.replace('.', "").parse().unwrap();
    let digits = if up { digits + 1 } else { digits - 1 };
    let decimals = text.len() - 2;
    let scale = 10i64.pow(decimals as u32);
    (0..=scale).contains(&digits).then(|| format!("{}.{:0decimals$}", digits / scale, digits % scale))
}

#[test]
fn a_changed_digit_is_found_exactly_where_no_matrix_gives_the_row() {
    let mut stream = Seed(2).stream("test", "changed");
    let mut found = [0, 0];
    for n in 0..600 {
        let sizes: Vec<i64> =
            if n % 3 == 0 { (0..3).map(|_| 1 + stream.below(5) as i64).collect() } else { (0..2).map(|_| 1 + stream.below(40) as i64).collect() };
        let (decimals, rounding) = (1 + stream.below(4) as u32, ROUNDINGS[n % 4]);
        let mut row = printed(&drawn(&sizes, &mut stream), decimals, rounding, &mut stream);
        let at = stream.below(row.len());
        let Some(changed) = row[at].as_ref().and_then(|text| perturbed(text, stream.below(2) == 0)) else { continue };
        row[at] = Some(changed);
        let is_possible = matrices(&sizes).iter().any(|m| is_printed_by(m, &row, decimals, rounding));
        assert_eq!(contradictions(&sizes, &row, rounding) == 0, is_possible, "{sizes:?} {rounding} {row:?}");
        found[usize::from(is_possible)] += 1;
    }
    assert!(found[0] > 200 && found[1] > 20, "{found:?}: both happen");
}

/// Audits one table of two columns, `x` and `k`, and says for each row whether it is consistent.
fn judged(rounding: &str, rows: &[(String, i64)], relation: &str) -> Vec<bool> {
    let rows: String = rows.iter().enumerate().map(|(n, (x, k))| format!("    r{n}: [{x}, {k}]\n")).collect();
    let text = format!("paper: A\nsource: B\ntables:\n- table: T\n  in: C\n  rounding: {rounding}\n  columns: [x, k]\n  rows:\n{rows}  {relation}\n");
    let all = audit(&Paper::read(text.as_bytes()).unwrap()).rows;
    all.iter().map(|r| r.verdict == crate::records::Verdict::Consistent).collect()
}

#[test]
fn a_rate_is_consistent_exactly_where_a_count_prints_it() {
    for (n, rounding) in [(46, "rounded"), (46, "truncated"), (7, "mixed"), (180, "either")] {
        let rows: Vec<(String, i64)> = (0..=1000).map(|x| (format!("{}.{:03}", x / 1000, x % 1000), x % (n + 1))).collect();
        let prints_it = |k: i64, text: &String| prints(k, n, 3, if rounding == "either" { "mixed" } else { rounding }).contains(text);
        let by_any: Vec<bool> = rows.iter().map(|(text, _)| (0..=n).any(|k| prints_it(k, text))).collect();
        assert_eq!(judged(rounding, &rows, &format!("rates: [{{ column: x, of: {n} }}]")), by_any);
        let by_own: Vec<bool> = rows.iter().map(|(text, k)| prints_it(*k, text)).collect();
        assert_eq!(judged(rounding, &rows, &format!("rates: [{{ column: x, of: {n}, count: k }}]")), by_own);
        let by_rest: Vec<bool> = rows.iter().map(|(text, k)| prints_it(n - k, text)).collect();
        assert_eq!(judged(rounding, &rows, &format!("rates: [{{ column: x, of: {n}, missed: k }}]")), by_rest);
    }
}
