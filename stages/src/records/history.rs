//! The course of a training: numbers by step or epoch. Which there are depends on the network; every one has a name.

use super::{Record, no_column, number, unreadable};
use crate::contract::prelude::*;
use crate::files::csv_below;

/// Every history has this column.
const STEP: &str = "step";
/// One that is recorded once per epoch has this, too.
const EPOCH: &str = "epoch";
/// A rate is far below one and is written with an exponent.
const RATE: &str = "learning-rate";

/// The course of a training.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    columns: Vec<String>,
    rows: Vec<Vec<Option<f64>>>,
}

impl History {
    /// A history without rows; those that are pushed have these columns.
    pub fn of(columns: &[&str]) -> History {
        History { columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows: vec![] }
    }

    /// Adds what was seen at one moment, by column; a history without columns takes those of its first row.
    ///
    /// # Panics
    /// Where a column is missing: every row of a history has the same ones.
    pub fn push(&mut self, seen: &[(&str, Option<f64>)]) {
        if self.columns.is_empty() {
            self.columns = seen.iter().map(|(name, _)| (*name).to_owned()).collect();
        }
        debug_assert_eq!(seen.len(), self.columns.len());
        let of = |column: &String| seen.iter().find(|(name, _)| name == column).expect("BUG: rows of one history have the same columns").1;
        self.rows.push(self.columns.iter().map(of).collect());
    }

    /// What the others are drawn over: `epoch` or `step`.
    pub fn axis(&self) -> &str {
        if self.has(EPOCH) { EPOCH } else { STEP }
    }

    /// The names of all columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// True where there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c == column)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A column over the axis, where both have a number; none where there is no such column.
    pub fn curve(&self, column: &str) -> Option<Vec<(f64, f64)>> {
        let at = |name: &str| self.columns.iter().position(|c| c == name);
        let (x, y) = (at(self.axis())?, at(column)?);
        Some(self.rows.iter().filter_map(|row| Some((row[x]?, row[y]?))).collect())
    }
}

impl Record for History {
    const NAME: &'static str = "history";

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = csv::Reader::from_reader(bytes);
        let columns: Vec<String> = reader.headers().map_err(|e| unreadable(Self::NAME, 1, &e))?.iter().map(str::to_owned).collect();
        if !columns.iter().any(|c| c == STEP) {
            return Err(no_column(Self::NAME, STEP));
        }
        let mut rows = vec![];
        for (record, line) in reader.records().zip(2..) {
            let record = record.map_err(|e| unreadable(Self::NAME, line, &e))?;
            let no = |text: &str, column: &str| {
                Error::data(format!("line {line} of the table `{}` cannot be read: `{text}` in column `{column}` is no number", Self::NAME))
            };
            let cell = |(text, column): (&str, &String)| if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| no(text, column)) };
            rows.push(record.iter().zip(&columns).map(cell).collect::<Result<_>>()?);
        }
        Ok(History { columns, rows })
    }

    fn to_csv(&self) -> Result<Vec<u8>> {
        let cell = |(column, value): (&String, &Option<f64>)| value.map(|v| if column == RATE { format!("{v:.4e}") } else { number(v) }).unwrap_or_default();
        csv_below(&self.columns, |writer| self.rows.iter().try_for_each(|row| writer.write_record(self.columns.iter().zip(row).map(cell))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::tests::{speaks_csv, without};

    #[test]
    fn histories_read_back_and_a_missing_column_is_named() {
        let mut of_classifier = History::of(&["epoch", "step", "loss", "validation-loss", "learning-rate"]);
        assert!(History::read(&of_classifier.to_csv().unwrap()).unwrap().is_empty());
        for (epoch, seen) in [(1.0, None), (2.0, Some(0.25))] {
            // By name: the order in which a row is given does not matter.
            of_classifier.push(&[
                ("learning-rate", Some(0.00123)),
                ("validation-loss", seen),
                ("epoch", Some(epoch)),
                ("step", Some(epoch * 10.0)),
                ("loss", Some(0.5)),
            ]);
        }
        speaks_csv(&of_classifier);
        assert_eq!(
            String::from_utf8(of_classifier.to_csv().unwrap()).unwrap(),
            "epoch,step,loss,validation-loss,learning-rate\n1,10,0.5,,1.2300e-3\n2,20,0.5,0.25,1.2300e-3\n"
        );
        assert_eq!((of_classifier.axis(), of_classifier.curve("validation-loss").unwrap()), ("epoch", vec![(2.0, 0.25)]));
        assert_eq!(of_classifier.curve("accuracy"), None);
        assert_eq!(without(&of_classifier, "step"), "the table `history` has no column `step`");

        let mut of_gan = History::default();
        of_gan.push(&[("step", Some(1.0)), ("loss-generator", Some(f64::from(0.1f32)))]);
        assert_eq!((of_gan.axis(), of_gan.len(), of_gan.has("loss-generator")), ("step", 1, true));
        let said = History::read(b"step,loss\n1,0.5\n2,low\n").unwrap_err().to_string();
        assert_eq!(said, "line 3 of the table `history` cannot be read: `low` in column `loss` is no number");
    }
}
