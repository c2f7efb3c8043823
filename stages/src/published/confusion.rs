//! Rows of metrics of one test: is there a confusion matrix of whole numbers that gives all of them, and if not, which
//! cell is wrong? Independent of how matrices are found.

use super::exact::Fraction;
use super::format::Confusion;
use super::matrix::{Bound, Margin, Metric, Solved, holds, is_impossible, solve};
use super::printed::{Mode, Printed};
use super::{Look, Outcome};
use crate::records::{Audited, Verdict};
use crate::words::counted;

/// A printed metric of a row.
struct Cell<'a> {
    column: &'a str,
    printed: Printed,
    metric: Metric,
}

/// Each row that it is about.
pub(super) fn audit(look: &Look, confusion: &Confusion) -> Vec<Audited> {
    look.table.rows_of(&confusion.rows).into_iter().flat_map(|row| Test::of(look, confusion, row).audit()).collect()
}

/// A row: one test.
struct Test<'a> {
    look: &'a Look<'a>,
    row: &'a str,
    sizes: Vec<i128>,
    cells: Vec<Cell<'a>>,
}

impl<'a> Test<'a> {
    fn of(look: &'a Look<'a>, confusion: &'a Confusion, row: &'a str) -> Test<'a> {
        let classes = confusion.classes.iter().enumerate();
        let of_classes =
            classes.flat_map(|(c, class)| [(&class.precision, Metric::Precision(c)), (&class.recall, Metric::Recall(c)), (&class.f1, Metric::F1(c))]);
        let columns = std::iter::once((&confusion.accuracy, Metric::Accuracy)).chain(of_classes);
        let cell = |(column, metric): (&'a Option<String>, Metric)| {
            let column = column.as_deref()?;
            Some(Cell { column, printed: look.table.cell(row, column)?.clone(), metric })
        };
        Test { look, row, sizes: confusion.classes.iter().map(|c| look.paper.value(&c.size)).collect(), cells: columns.filter_map(cell).collect() }
    }

    fn bounds(&self, mode: Mode, is_in: impl Fn(usize) -> bool) -> Vec<Bound> {
        let of = |(_, cell): (usize, &Cell)| (cell.metric, cell.printed.share(mode, self.look.table.unit));
        self.cells.iter().enumerate().filter(|(n, _)| is_in(*n)).map(of).collect()
    }
    fn solve(&self, mode: Mode, is_in: impl Fn(usize) -> bool) -> Solved {
        solve(&self.sizes, &self.bounds(mode, is_in), &|_| true)
    }

    fn audit(&self) -> Vec<Audited> {
        let modes = self.look.table.rounding.modes();
        if self.cells.is_empty() {
            return vec![];
        }
        let mut undecided = false;
        for mode in modes {
            match self.solve(*mode, |_| true) {
                Solved::Yes(margins) => return (0..self.cells.len()).map(|n| self.say(n, Outcome::consistent(self.value(n, &margins)))).collect(),
                Solved::Undecided => undecided = true,
                Solved::No => {}
            }
        }
        // Cells that are impossible by themselves, in the way of shortening that leaves fewest.
        let alone = |mode: Mode| (0..self.cells.len()).filter(|n| is_impossible(self.bounds(mode, |m| m == *n)[0], &self.sizes)).collect::<Vec<_>>();
        let (mode, bad) = modes.iter().map(|m| (*m, alone(*m))).min_by_key(|(_, bad)| bad.len()).expect("BUG: there is a mode");
        if bad.is_empty() && undecided {
            return (0..self.cells.len()).map(|n| self.say(n, Outcome::consistent("possible by itself; too many matrices to examine the row"))).collect();
        }
        self.padded().unwrap_or_else(|| self.blame(mode, bad))
    }

    /// Cells that were printed with fewer digits and zeros.
    fn padded(&self) -> Option<Vec<Audited>> {
        let shorter = |cell: &Cell<'a>| Some(Cell { printed: cell.printed.without_zero()?, ..*cell });
        let cells = self.cells.iter().map(shorter).collect::<Option<Vec<_>>>()?;
        let digits = cells[0].printed.decimals();
        let test = Test { look: self.look, row: self.row, sizes: self.sizes.clone(), cells };
        let modes = self.look.table.rounding.modes();
        let margins = modes.iter().find_map(|m| match test.solve(*m, |_| true) {
            Solved::Yes(margins) => Some(margins),
            _ => None,
        })?;
        let say = |n: usize| {
            let cell = &self.cells[n];
            let fits = |mode: &Mode| holds(cell.metric, &cell.printed.share(*mode, self.look.table.unit), &self.sizes, &margins);
            if modes.iter().any(fits) {
                return self.say(n, Outcome::consistent(self.value(n, &margins)));
            }
            let why = format!("the row follows from whole numbers if the last zero of each cell is not a digit; then this one is {}", self.value(n, &margins));
            let by = format!("{} and a zero", counted(digits, "digit", "digits"));
            self.say(n, Outcome::inconsistent(self.value(n, &margins), why).explained(by))
        };
        Some((0..self.cells.len()).map(say).collect())
    }

    /// Which cells are wrong: those that are so by themselves, the only one without which the rest is possible, or all.
    fn blame(&self, mode: Mode, bad: Vec<usize>) -> Vec<Audited> {
        let others: Vec<usize> = (0..self.cells.len()).filter(|n| !bad.contains(n)).collect();
        let without = |more: Option<usize>| self.solve(mode, |n| others.contains(&n) && Some(n) != more);
        let mut out: Vec<Audited> = bad.iter().map(|n| self.impossible(*n, mode, &others)).collect();
        let rest = without(None);
        if rest != Solved::No {
            let value = |n: usize| if let Solved::Yes(margins) = &rest { self.value(n, margins) } else { "possible by itself".into() };
            out.extend(others.iter().map(|n| self.say(*n, Outcome::consistent(value(*n)))));
            return self.in_order(out);
        }
        let suspects: Vec<(usize, Solved)> = others.iter().map(|n| (*n, without(Some(*n)))).filter(|s| s.1 != Solved::No).collect();
        if let [(wrong, Solved::Yes(margins))] = suspects.as_slice() {
            let rest: Vec<usize> = others.iter().copied().filter(|n| n != wrong).collect();
            let expected = self.expected(*wrong, mode, &rest);
            let why = format!("the other cells of the row leave {expected}, not {}", self.cells[*wrong].printed);
            out.push(self.say(*wrong, Outcome::inconsistent(expected, why)));
            out.extend(rest.iter().map(|n| self.say(*n, Outcome::consistent(self.value(*n, margins)))));
            return self.in_order(out);
        }
        let join = |of: &dyn Fn(&Cell) -> String| others.iter().map(|n| of(&self.cells[*n])).collect::<Vec<_>>().join(", ");
        let is = Outcome::inconsistent("", "each of these cells is possible, but no confusion matrix gives them together");
        out.push(self.look.row(self.row, &join(&|c| c.column.to_owned()), join(&|c| c.printed.to_string()), is));
        self.in_order(out)
    }

    /// A cell that no whole numbers give.
    fn impossible(&self, n: usize, mode: Mode, others: &[usize]) -> Audited {
        let cell = &self.cells[n];
        let of = match cell.metric {
            Metric::Recall(c) => format!("no count of {}", self.sizes[c]),
            Metric::Accuracy => format!("no count of {}", self.sizes.iter().sum::<i128>()),
            Metric::Precision(c) | Metric::F1(c) => {
                format!("no counts of {} images of the class and {} others", self.sizes[c], self.sizes.iter().sum::<i128>() - self.sizes[c])
            }
        };
        let verb = if of.contains("counts") { "give" } else { "gives" };
        self.say(n, Outcome::inconsistent(self.expected(n, mode, others), format!("{of} {verb} {}", cell.printed)))
    }

    /// What a cell has to be by the others: the value, or one of several.
    fn expected(&self, n: usize, mode: Mode, others: &[usize]) -> String {
        let bounds = self.bounds(mode, |m| others.contains(&m));
        let Solved::Yes(one) = solve(&self.sizes, &bounds, &|_| true) else { return String::new() };
        let share = |margins: &[Margin]| {
            let (over, under) = self.cells[n].metric.share(&self.sizes, margins);
            Fraction::new(over, under)
        };
        let known = share(&one);
        match solve(&self.sizes, &bounds, &|margins| share(margins) != known) {
            Solved::No => self.value(n, &one),
            _ => format!("such as {}", self.value(n, &one)),
        }
    }

    fn value(&self, n: usize, margins: &[Margin]) -> String {
        let (over, under) = self.cells[n].metric.share(&self.sizes, margins);
        self.look.count(over, under, &self.cells[n].printed)
    }
    fn say(&self, n: usize, is: Outcome) -> Audited {
        self.look.row(self.row, self.cells[n].column, &self.cells[n].printed, is)
    }
    /// In the order of the columns; those of several cells come first.
    fn in_order(&self, mut rows: Vec<Audited>) -> Vec<Audited> {
        rows.sort_by_key(|r| (r.verdict != Verdict::Consistent && r.column.contains(", "), self.cells.iter().position(|c| c.column == r.column)));
        rows
    }
}
