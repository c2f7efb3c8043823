//! Sums of counts as a table's file writes them, such as `covid - covid-test + 8 * copies`. Independent of what is counted.

use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

const MAX_TERMS: usize = 32;
/// The largest number in a sum, and its largest value.
pub(super) const MAX_COUNT: i128 = 1_000_000_000;

/// A sum of named counts and whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    /// Negative where the term is taken away.
    factor: i128,
    /// The name of a count; none for 1.
    name: Option<String>,
}

impl Sum {
    /// The value, where `count` says what a name stands for: none for an unknown name, or where it is not from 0 to a
    /// thousand million.
    pub(super) fn value(&self, count: impl Fn(&str) -> Option<i128>) -> Option<i128> {
        let terms = self.terms.iter().map(|t| Some(t.factor * t.name.as_deref().map_or(Some(1), &count)?));
        terms.sum::<Option<i128>>().filter(|sum| (0..=MAX_COUNT).contains(sum))
    }
    /// The names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|t| t.name.as_deref())
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Sum {
    type Err = String;
    fn from_str(text: &str) -> Result<Sum, String> {
        let fault = || format!("`{text}` is not a sum of counts, such as `train + test` or `all - 2 * test`");
        let mut terms: Vec<Term> = vec![];
        let (mut sign, mut words) = (1, text.split_whitespace().peekable());
        loop {
            let word = words.next().ok_or_else(fault)?;
            let mut term = Term { factor: sign, name: None };
            let mut take = |word: &str| match number(word) {
                Some(n) => (n <= MAX_COUNT).then(|| term.factor *= n),
                None => (is_name(word) && term.name.is_none()).then(|| term.name = Some(word.to_owned())),
            };
            take(word).ok_or_else(fault)?;
            if words.next_if_eq(&"*").is_some() {
                take(words.next().ok_or_else(fault)?).ok_or_else(fault)?;
            }
            terms.push(term);
            sign = match words.next() {
                None => break,
                Some("+") => 1,
                Some("-") => -1,
                Some(_) => return Err(fault()),
            };
        }
        if terms.len() > MAX_TERMS {
            return Err(format!("a sum has at most {MAX_TERMS} terms"));
        }
        Ok(Sum { text: text.to_owned(), terms })
    }
}

fn number(word: &str) -> Option<i128> {
    word.parse::<super::printed::Printed>().ok()?.whole()
}

/// True for what may name a count: lower-case letters, digits and hyphens, beginning with a letter.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_values_and_names() {
        let count = |name: &str| match name {
            "train" => Some(180),
            "covid-19" => Some(226),
            _ => None,
        };
        let value = |text: &str| text.parse::<Sum>().unwrap().value(count);
        assert_eq!([value("train"), value("46"), value("16,537"), value("train + 46")], [Some(180), Some(46), Some(16_537), Some(226)]);
        assert_eq!([value("covid-19 - 2 * train"), value("8 * train - covid-19"), value("other"), value("train * 2")], [None, Some(1214), None, Some(360)]);
        assert_eq!("covid-19 - 2 * train + 1".parse::<Sum>().unwrap().names().collect::<Vec<_>>(), ["covid-19", "train"]);
        for text in ["", "a +", "+ a", "a b", "a+b", "a * b", "2 *", "Train", "1.5", "a - - b", "a / b"] {
            assert!(text.parse::<Sum>().unwrap_err().contains("is not a sum of counts"), "{text}");
        }
        assert_eq!(vec!["a"; 33].join(" + ").parse::<Sum>().unwrap_err(), "a sum has at most 32 terms");
    }
}
