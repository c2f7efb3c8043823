//! Audits of published tables: do the printed numbers follow from whole numbers of images, and from each other? In exact
//! fractions over the digits as they are printed, so that there is no tolerance to choose. Independent of stages and stores.
//!
//! A file ([`Paper`]) holds cells and the relations that they must satisfy. Each relation is one file here: for the
//! cells that it is about, it enumerates the whole numbers from which they could have been printed. What no whole
//! numbers give is inconsistent, whoever made the mistake. What some give is consistent, and may be wrong all the same.

mod confusion;
mod exact;
mod f1;
mod folds;
mod format;
mod formulas;
#[cfg(test)]
mod laws;
mod matrix;
#[cfg(test)]
mod papers;
#[cfg(test)]
mod planted;
mod printed;
mod rates;
mod read;
mod refer;
mod sum;
mod totals;

pub use format::{Cell, Class, Confusion, Count, Derived, F1, F1From, Folds, Here, Named, Paper, PublishedTable, Rate, RatioOf, SumOf, Total};
pub use printed::{Printed, Rounding, Unit};
pub use sum::Sum;

use crate::records::{Audited, Table, Verdict};
use exact::Fraction;

/// Examines all cells that are in a relation, table by table.
pub fn audit(paper: &Paper) -> Table<Audited> {
    let of = |table: &PublishedTable| {
        let look = Look { paper, table };
        let mut rows: Vec<Audited> = table.rates.iter().flat_map(|r| rates::audit(&look, r)).collect();
        rows.extend(formulas::audit(&look));
        rows.extend(table.folds.iter().flat_map(|f| folds::audit(&look, f)));
        rows.extend(table.f1.iter().flat_map(|f| f1::audit(&look, f)));
        rows.extend(table.confusions.iter().flat_map(|c| confusion::audit(&look, c)));
        rows.extend(table.totals.iter().filter_map(|t| totals::audit(&look, t)));
        rows
    };
    Table { rows: paper.tables.iter().flat_map(of).collect() }
}

/// A table of a paper, as relations look at it.
struct Look<'a> {
    paper: &'a Paper,
    table: &'a PublishedTable,
}

/// What is said of a cell, besides where it is.
struct Outcome {
    expected: String,
    verdict: Verdict,
    explained_by: String,
    why: String,
}

impl Outcome {
    fn consistent(expected: impl Into<String>) -> Outcome {
        Outcome { expected: expected.into(), verdict: Verdict::Consistent, explained_by: String::new(), why: String::new() }
    }
    fn inconsistent(expected: impl Into<String>, why: impl Into<String>) -> Outcome {
        Outcome { verdict: Verdict::Inconsistent, why: why.into(), ..Outcome::consistent(expected) }
    }
    fn explained(self, by: impl Into<String>) -> Outcome {
        Outcome { verdict: Verdict::Explained, explained_by: by.into(), ..self }
    }
}

impl Look<'_> {
    fn row(&self, row: &str, column: &str, printed: impl ToString, is: Outcome) -> Audited {
        let Outcome { expected, verdict, explained_by, why } = is;
        let (table, row, column, printed) = (self.table.table.clone(), row.to_owned(), column.to_owned(), printed.to_string());
        Audited { table, row, column, printed, expected, verdict, explained_by, why }
    }
    /// A share in the unit of the table, with one digit more than is printed.
    fn share(&self, share: Fraction, like: &Printed) -> String {
        let times = if self.table.unit == Unit::Percent { 100 } else { 1 };
        (share * Fraction::whole(times)).shown(like.decimals() + 1)
    }
    /// A share of whole numbers, with its value.
    fn count(&self, k: i128, n: i128, like: &Printed) -> String {
        format!("{k}/{n} = {}", self.share(Fraction::new(k, n), like))
    }
}
