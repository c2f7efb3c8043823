//! Sums and quotients of a paper's own counts. Where one is not what is printed, a count that stands in another's place
//! by mistake may explain it. Independent of what is counted.

use super::exact::Fraction;
use super::format::{RatioOf, SumOf};
use super::printed::Printed;
use super::{Look, Outcome};
use crate::records::Audited;
use std::collections::BTreeSet;

/// What a name stands for.
type Counts<'a> = &'a dyn Fn(&str) -> Option<i128>;

/// A count in another's place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Swap {
    name: String,
    by: String,
}

/// A cell that contradicts the counts, and what would explain it.
struct Open<'a> {
    row: &'a str,
    column: &'a str,
    printed: &'a Printed,
    is: Outcome,
    swaps: Vec<Swap>,
}

/// All sums and quotients of a table. Of several explanations, the one that explains most of the table's cells is given.
pub(super) fn audit(look: &Look) -> Vec<Audited> {
    let sums = look.table.sums.iter().filter_map(|s| sum(look, s));
    let mut cells: Vec<Open> = sums.chain(look.table.ratios.iter().filter_map(|r| ratio(look, r))).collect();
    let all: Vec<Swap> = cells.iter().flat_map(|c| c.swaps.clone()).collect();
    let times = |swap: &Swap| all.iter().filter(|s| *s == swap).count();
    for cell in &mut cells {
        // The first of the best.
        cell.swaps.sort_by_key(|s| std::cmp::Reverse(times(s)));
    }
    let say = |cell: Open| {
        let is = match cell.swaps.first() {
            None => cell.is,
            Some(Swap { name, by }) => {
                let value = |name: &str| look.paper.count(name).expect("BUG: counts are known");
                let why = format!("{}; {}, which is `{by}`, in place of {}, which is `{name}`, gives {}", cell.is.why, value(by), value(name), cell.printed);
                Outcome { why, ..cell.is }.explained(value(by).to_string())
            }
        };
        look.row(cell.row, cell.column, cell.printed, is)
    };
    cells.into_iter().map(say).collect()
}

fn sum<'a>(look: &Look<'a>, sum: &'a SumOf) -> Option<Open<'a>> {
    let printed = look.table.cell(&sum.row, &sum.column)?;
    let holds = |counts: Counts| sum.readings.iter().any(|r| r.value(counts).is_some_and(|v| Fraction::whole(v) == printed.value()));
    let mut values: Vec<String> = sum.readings.iter().map(|r| look.paper.value(r).to_string()).collect();
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()));
    let expected = values.join(" or ");
    let why = || {
        let each: Vec<String> = sum.readings.iter().map(|r| format!("`{r}` is {}", look.paper.value(r))).collect();
        format!("{}{} {printed}", each.join(", "), if each.len() == 1 { ", not" } else { "; none is" })
    };
    let names: BTreeSet<&str> = sum.readings.iter().flat_map(|r| r.names()).collect();
    Some(open(look, (&sum.row, &sum.column, printed), &names, &holds, printed.whole(), (expected, &why)))
}

fn ratio<'a>(look: &Look<'a>, ratio: &'a RatioOf) -> Option<Open<'a>> {
    let printed = look.table.cell(&ratio.row, &ratio.column)?;
    let ranges: Vec<_> = look.table.rounding.modes().iter().map(|m| printed.range(*m)).collect();
    let holds = |counts: Counts| {
        let parts = ratio.of.value(counts).zip(ratio.over.value(counts).filter(|n| *n > 0));
        parts.is_some_and(|(of, over)| ranges.iter().any(|r| r.holds_share(of, over)))
    };
    let (of, over) = (look.paper.value(&ratio.of), look.paper.value(&ratio.over));
    let expected = format!("{of}/{over} = {}", Fraction::new(of, over).shown(printed.decimals() + 1));
    let why = || format!("{expected}, not {printed}");
    let names: BTreeSet<&str> = ratio.of.names().chain(ratio.over.names()).collect();
    Some(open(look, (&ratio.row, &ratio.column, printed), &names, &holds, None, (expected.clone(), &why)))
}

/// `itself` is a count that explains nothing: the printed one.
fn open<'a>(
    look: &Look<'a>,
    (row, column, printed): (&'a str, &'a str, &'a Printed),
    names: &BTreeSet<&str>,
    holds: &dyn Fn(Counts) -> bool,
    itself: Option<i128>,
    (expected, why): (String, &dyn Fn() -> String),
) -> Open<'a> {
    let count = |name: &str| look.paper.count(name);
    if holds(&count) {
        return Open { row, column, printed, is: Outcome::consistent(expected), swaps: vec![] };
    }
    let mut swaps = vec![];
    for name in names {
        let others = look.paper.counts.names().filter(|other| count(other) != count(name) && count(other) != itself);
        let fits = |by: &&str| holds(&|n: &str| count(if n == *name { by } else { n }));
        swaps.extend(others.filter(fits).map(|by| Swap { name: (*name).to_owned(), by: by.to_owned() }));
    }
    Open { row, column, printed, is: Outcome::inconsistent(expected, why()), swaps }
}
