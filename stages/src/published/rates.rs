//! Rates: k / n for a whole number k, which may be printed beside them. Independent of what is counted.

use super::exact::Range;
use super::format::Rate;
use super::printed::Printed;
use super::{Look, Outcome};
use crate::records::Audited;

/// Each cell of the column, as far as something is printed there.
pub(super) fn audit(look: &Look, rate: &Rate) -> Vec<Audited> {
    let n = look.paper.value(&rate.of);
    let of = |row: &str| {
        let printed = look.table.cell(row, &rate.column)?;
        let whole = |column: &Option<String>| look.table.cell(row, column.as_ref()?)?.whole();
        let (count, missed) = (whole(&rate.count), whole(&rate.missed));
        let ranges: Vec<Range> = look.table.rounding.modes().iter().map(|m| printed.share(*m, look.table.unit)).collect();
        let is = match (count, missed) {
            (Some(k), _) => beside(look, printed, &ranges, k, n, &format!("{k} of {n}")),
            (_, Some(missed)) => beside(look, printed, &ranges, n - missed, n, &format!("{missed} missed of {n}")),
            (None, None) => alone(look, printed, &ranges, n),
        };
        Some(look.row(row, &rate.column, printed, is))
    };
    look.table.rows_of(&rate.rows).into_iter().filter_map(of).collect()
}

/// A rate with its count beside it.
fn beside(look: &Look, printed: &Printed, ranges: &[Range], k: i128, n: i128, said: &str) -> Outcome {
    if !(0..=n).contains(&k) {
        return Outcome::inconsistent(format!("0 to {n}"), format!("{said} is not possible"));
    }
    let expected = look.count(k, n, printed);
    if ranges.iter().any(|r| r.holds_share(k, n)) {
        return Outcome::consistent(expected);
    }
    let other = match ranges.iter().find_map(|r| r.counts(n).next()) {
        Some(other) => format!("{printed} is {other} of {n}"),
        None => format!("no count of {n} gives {printed}"),
    };
    let why = format!("{said} means {expected}; {other}");
    Outcome::inconsistent(expected, why)
}

/// A rate of an unknown count.
fn alone(look: &Look, printed: &Printed, ranges: &[Range], n: i128) -> Outcome {
    if let Some(k) = ranges.iter().find_map(|r| r.counts(n).next()) {
        return Outcome::consistent(look.count(k, n, printed));
    }
    let below = (ranges[0].low * super::Fraction::whole(n)).floor().clamp(0, n);
    let near: Vec<String> = [below, below + 1].into_iter().filter(|k| *k <= n).map(|k| look.count(k, n, printed)).collect();
    Outcome::inconsistent(near.join(" or "), format!("no count of {n} gives {printed}"))
}
