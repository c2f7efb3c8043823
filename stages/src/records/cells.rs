//! Cells and rows of CSV: how numbers are written, and what is said of a table that does not read.

use crate::contract::prelude::*;
use serde::{Deserializer, Serializer};

/// A number as text for tables: up to six digits after the point, the same everywhere; nothing where it is not finite.
pub fn number(x: f64) -> String {
    if !x.is_finite() {
        return String::new();
    }
    let text = format!("{x:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// A number as the shortest text that reads back to the same bits: of `0.25` and `2.5e-1` the shorter one.
pub(super) fn exact(x: f64) -> String {
    let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}

/// A number that may be undefined: an empty cell. For `#[serde(with = "cells")]`.
pub(super) fn serialize<S: Serializer>(x: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&x.map(number).unwrap_or_default())
}

/// See [`serialize`].
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Option::<f64>::deserialize(from)
}

/// As [`serialize`], as the shortest text that reads back to the same bits. For `#[serde(with = "cells::full")]`.
pub(super) mod full {
    pub(crate) use super::deserialize;
    use super::{Serializer, exact};

    pub(crate) fn serialize<S: Serializer>(x: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&x.filter(|x| x.is_finite()).map(exact).unwrap_or_default())
    }
}

/// What a column was called before; tables of old stores are read all the same.
pub(super) fn former(column: &str) -> Option<&'static str> {
    (column == "image").then_some("film")
}

/// A column that is missing.
pub(crate) fn no_column(record: &str, column: &str) -> Error {
    Error::data(format!("the table `{record}` has no column `{column}`"))
}

/// A row that is none, in the words of the table; lines are counted from 1.
pub(crate) fn unreadable(record: &str, line: usize, e: &csv::Error) -> Error {
    let why = match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("expected {expected_len} cells, found {len}"),
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => e.to_string(),
    };
    Error::data(format!("line {line} of the table `{record}` cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_table_is_finite_and_zero_has_no_sign() {
        for (x, text) in [(0.0, "0"), (-0.0, "0"), (-1e-9, "0"), (1.5, "1.5"), (-2.0, "-2"), (100.0, "100"), (0.1234567, "0.123457")] {
            assert_eq!(number(x), text);
        }
        assert!([f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY].iter().all(|x| number(*x).is_empty()));
        assert_eq!(number(f64::MAX).parse::<f64>().unwrap(), f64::MAX);
    }

    #[test]
    fn an_exact_number_is_short_and_reads_back_to_the_same_bits() {
        for (x, text) in [(0.25, "0.25"), (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (0.1 + 0.2, "0.30000000000000004"), (1e-7, "1e-7"), (5e-324, "5e-324")] {
            assert_eq!(exact(x), text);
        }
        let mut stream = crate::contract::seed::Seed(9).stream("test", "exact");
        for n in 0..20_000 {
            let x = stream.normal() * 10f64.powi(n % 620 - 320);
            let text = exact(x);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits(), "{text}");
            assert!(text.len() <= 24, "{text}");
        }
    }

    /// A training that goes on from a checkpoint reads numbers that it wrote, and must write the same again.
    #[test]
    fn a_number_that_was_read_is_written_as_it_was() {
        let mut stream = crate::contract::seed::Seed(9).stream("test", "numbers");
        for n in 0..20_000 {
            let x = stream.normal() * 10f64.powi(n % 40 - 15);
            let text = number(x);
            assert_eq!(number(text.parse().unwrap()), text, "{x:e}");
        }
    }
}
