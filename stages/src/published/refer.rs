//! Whether relations name columns, rows and counts that are there. Independent of what relations mean.

use super::format::{F1From, Paper, PublishedTable};
use super::sum::Sum;
use crate::words::counted;

/// Something that does not fit together.
pub(super) struct Fault {
    /// The words that it is about, as they stand in the file.
    pub(super) words: String,
    pub(super) why: String,
    /// The table in which they stand; empty for the counts above.
    pub(super) table: String,
}

impl Fault {
    pub(super) fn new(words: impl Into<String>, why: impl Into<String>) -> Fault {
        Fault { words: words.into(), why: why.into(), table: String::new() }
    }
    pub(super) fn of(self, table: &str) -> Fault {
        Fault { table: table.to_owned(), ..self }
    }
}

/// The most positives or negatives of an F1, so that fractions stay small.
const MAX_OF_F1: i128 = 1_000_000;
/// The largest test set of a confusion matrix: its cells are enumerated.
const MAX_TEST: i128 = 5000;

/// What is wrong with a table.
pub(super) fn fault(paper: &Paper, table: &PublishedTable) -> Option<Fault> {
    let shape = || {
        let twice = table.columns.iter().enumerate().find(|(n, c)| table.columns[..*n].contains(c));
        let twice = twice.map(|(_, c)| Fault::new(c, format!("`{}` has two columns `{c}`", table.table)));
        let row = table.rows.0.iter().find(|(_, cells)| cells.len() != table.columns.len());
        twice.or_else(|| {
            let (name, cells) = row?;
            let (cells, columns) = (counted(cells.len(), "cell", "cells"), counted(table.columns.len(), "column", "columns"));
            Some(Fault::new(name, format!("the row `{name}` of `{}` has {cells}, for {columns}", table.table)))
        })
    };
    let none = || (table.relations() == 0).then(|| Fault::new(&table.table, format!("`{}` has no relation that its cells must satisfy", table.table)));
    let at = Names { paper, table };
    shape().or_else(none).or_else(|| at.relations().into_iter().flatten().next())
}

/// A relation about a column.
fn of_column(column: &str, why: &str) -> Fault {
    Fault::new(format!("column: {column}"), why)
}

struct Names<'a> {
    paper: &'a Paper,
    table: &'a PublishedTable,
}

impl Names<'_> {
    fn relations(&self) -> Vec<Option<Fault>> {
        let t = self.table;
        let mut out = vec![];
        for r in &t.rates {
            out.extend([self.column(&r.column), self.rows(&r.rows), self.above_0(&r.of)]);
            out.extend([&r.count, &r.missed].map(|c| c.as_ref().and_then(|c| self.column(c).or_else(|| self.whole(c)))));
            out.push((r.count.is_some() && r.missed.is_some()).then(|| of_column(&r.column, "a rate has a column `count` or a column `missed`, not both")));
        }
        for s in &t.sums {
            out.extend([self.column(&s.column), self.row(&s.row)]);
            out.extend(s.readings.iter().map(|r| self.known(r)));
            out.push(s.readings.is_empty().then(|| Fault::new(format!("row: {}", s.row), "a sum needs `readings`")));
        }
        for r in &t.ratios {
            out.extend([self.column(&r.column), self.row(&r.row), self.known(&r.of), self.above_0(&r.over)]);
        }
        for f in &t.folds {
            out.extend([self.column(&f.column), self.rows(&f.rows), f.fault().map(|why| of_column(&f.column, &why))]);
        }
        for f in &t.f1 {
            out.extend([self.column(&f.column), self.rows(&f.rows), self.f1(&f.column, &f.from)]);
        }
        for c in &t.confusions {
            out.extend([self.rows(&c.rows), c.accuracy.as_ref().and_then(|a| self.column(a))]);
            for class in &c.classes {
                out.push(self.above_0(&class.size));
                out.extend([&class.precision, &class.recall, &class.f1].map(|c| c.as_ref().and_then(|c| self.column(c))));
            }
            let all: i128 = c.classes.iter().filter_map(|class| class.size.value(|n| self.paper.count(n))).sum();
            let why = format!("a confusion matrix has 2 to 20 classes and at most {MAX_TEST} images");
            out.push((!(2..=20).contains(&c.classes.len()) || all > MAX_TEST).then(|| Fault::new("confusions", why)));
        }
        for total in &t.totals {
            out.extend([self.column(&total.column), self.row(&total.total), self.rows(&total.classes)]);
            out.push((total.classes.len() < 2).then(|| Fault::new(format!("total: {}", total.total), "`totals` needs a row for each of at least 2 classes")));
        }
        out
    }

    fn column(&self, name: &str) -> Option<Fault> {
        let known = self.table.columns.iter().any(|c| c == name);
        (!known).then(|| Fault::new(name, format!("`{}` has no column `{name}`", self.table.table)))
    }
    fn row(&self, name: &str) -> Option<Fault> {
        self.table.rows.get(name).is_none().then(|| Fault::new(name, format!("`{}` has no row `{name}`", self.table.table)))
    }
    fn rows(&self, names: &[String]) -> Option<Fault> {
        names.iter().find_map(|name| self.row(name))
    }
    /// A column of counts has whole numbers.
    fn whole(&self, column: &str) -> Option<Fault> {
        let bad = self.table.rows.names().find_map(|row| self.table.cell(row, column).filter(|p| p.whole().is_none()))?;
        Some(Fault::new(bad.to_string(), format!("`{bad}` in the column `{column}` must be a whole number")))
    }
    fn known(&self, sum: &Sum) -> Option<Fault> {
        if let Some(name) = sum.names().find(|name| self.paper.count(name).is_none()) {
            return Some(Fault::new(name, format!("there is no count `{name}`")));
        }
        let value = sum.value(|name| self.paper.count(name));
        value.is_none().then(|| Fault::new(sum.to_string(), format!("`{sum}` is not a number from 0 to a thousand million")))
    }
    fn above_0(&self, sum: &Sum) -> Option<Fault> {
        self.known(sum).or_else(|| (self.paper.value(sum) == 0).then(|| Fault::new(sum.to_string(), format!("`{sum}` is 0"))))
    }
    fn f1(&self, column: &str, from: &F1From) -> Option<Fault> {
        let columns = [&from.precision, &from.recall, &from.sensitivity, &from.specificity];
        if let Some(fault) = columns.into_iter().flatten().find_map(|c| self.column(c)) {
            return Some(fault);
        }
        let given = (columns.map(Option::is_some), from.positives.is_some(), from.negatives.is_some());
        let is_whole = given == ([true, true, false, false], false, false) && from.folds == 1 || given == ([false, false, true, true], true, true);
        if !is_whole || !(1..=20).contains(&from.folds) {
            let why =
                "F1 comes from `precision` and `recall`, or from `sensitivity`, `specificity`, `positives` and `negatives`, as a mean of at most 20 `folds`";
            return Some(of_column(column, why));
        }
        [&from.positives, &from.negatives].into_iter().flatten().find_map(|sum| {
            self.above_0(sum).or_else(|| {
                let (folds, value) = (i128::from(from.folds), self.paper.value(sum));
                let few = (folds > 1 && value < 2 * folds).then(|| format!("`{sum}` is too small for {folds} folds"));
                let why = few.or_else(|| (value > MAX_OF_F1).then(|| format!("`{sum}` is more than {MAX_OF_F1} images")));
                why.map(|why| Fault::new(sum.to_string(), why))
            })
        })
    }
}
