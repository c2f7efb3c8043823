//! A number as it is printed: its digits, and which numbers can have been printed so. Independent of tables.

use super::exact::{Fraction, Range};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

const MAX_DIGITS: usize = 9;
pub(super) const MAX_DECIMALS: usize = 6;

/// A number as it is printed, of at most 9 digits before the point and 6 after it. Zeros at its end count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    text: String,
    /// The digits without the point.
    digits: i128,
    /// Digits after the point.
    decimals: u32,
}

/// Whether a number that is printed as a share is one, or a hundred times as large.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// 0 to 1.
    #[default]
    Fraction,
    /// 0 to 100.
    Percent,
}

/// How a paper shortens numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// To the nearest; a half up or down.
    Rounded,
    /// The digits beyond are dropped.
    Truncated,
    /// One of the two in each relation, but nobody knows which.
    #[default]
    Either,
    /// Now one, now the other, from cell to cell.
    Mixed,
}

/// How the cells of a relation were shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Rounded,
    Truncated,
    Mixed,
}

impl Rounding {
    /// What has to be tried: a relation holds if it does in one of these.
    pub(super) fn modes(self) -> &'static [Mode] {
        match self {
            Rounding::Rounded => &[Mode::Rounded],
            Rounding::Truncated => &[Mode::Truncated],
            Rounding::Either => &[Mode::Rounded, Mode::Truncated],
            Rounding::Mixed => &[Mode::Mixed],
        }
    }
}

impl Printed {
    /// The number that is printed.
    pub(super) fn value(&self) -> Fraction {
        Fraction::new(self.digits, 10i128.pow(self.decimals))
    }
    /// The number as a value; of a table in percent, the share.
    pub fn number(&self, unit: Unit) -> f64 {
        self.digits as f64 / self.units(unit)
    }
    /// Units of the last digit in 1.
    fn units(&self, unit: Unit) -> f64 {
        (10i128.pow(self.decimals) * if unit == Unit::Percent { 100 } else { 1 }) as f64
    }
    /// A unit of the last digit.
    fn step(&self, unit: Unit) -> f64 {
        1.0 / self.units(unit)
    }
    /// The least and the largest number that are printed so.
    pub fn bounds(&self, unit: Unit, rounding: Rounding) -> (f64, f64) {
        let step = self.step(unit);
        let (below, above) = match rounding {
            Rounding::Rounded => (step / 2.0, step / 2.0),
            Rounding::Truncated => (0.0, step),
            Rounding::Either | Rounding::Mixed => (step / 2.0, step),
        };
        (self.number(unit) - below, self.number(unit) + above)
    }
    /// The number, if it has no digits after a point.
    pub fn whole(&self) -> Option<i128> {
        (self.decimals == 0).then_some(self.digits)
    }
    pub(super) fn decimals(&self) -> u32 {
        self.decimals
    }
    /// The numbers that are printed so.
    pub(super) fn range(&self, mode: Mode) -> Range {
        let half = Fraction::new(1, 2 * 10i128.pow(self.decimals));
        let value = self.value();
        match mode {
            Mode::Rounded => Range::closed(value - half, value + half),
            Mode::Truncated => Range { low: value, high: value + half + half, has_high: false },
            Mode::Mixed => Range { low: value - half, high: value + half + half, has_high: false },
        }
    }
    /// The shares that are printed so.
    pub(super) fn share(&self, mode: Mode, unit: Unit) -> Range {
        let range = self.range(mode);
        let of = |x: Fraction| if unit == Unit::Percent { x / Fraction::whole(100) } else { x };
        Range { low: of(range.low), high: of(range.high), ..range }.of_shares()
    }
    /// The same without a zero at its end that is printed after the point.
    pub(super) fn without_zero(&self) -> Option<Printed> {
        let is_whole = |text: &str| text.split_once('.').is_some_and(|(_, after)| after.len() == self.decimals as usize);
        let shorter = self.text.strip_suffix('0').filter(|_| is_whole(&self.text))?;
        shorter.trim_end_matches('.').parse().ok()
    }
    /// The same number with zeros that were left out at its end; none if it has more digits after the point.
    pub(super) fn with_decimals(&self, decimals: u32) -> Option<Printed> {
        let zeros = decimals.checked_sub(self.decimals)?;
        Some(Printed { digits: self.digits * 10i128.pow(zeros), decimals, ..self.clone() })
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Printed {
    type Err = String;
    fn from_str(text: &str) -> Result<Printed, String> {
        let fault = || format!("`{text}` is not a printed number, such as `.9600`, `29.50` or `16,537`");
        let (before, after) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        let groups: Vec<&str> = before.split(',').collect();
        let are_thousands = groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3);
        let whole = groups.concat();
        if !are_thousands || !is_digits(&whole) || !is_digits(after) || whole.len() + after.len() == 0 || text.ends_with('.') {
            return Err(fault());
        }
        if whole.len() > MAX_DIGITS || after.len() > MAX_DECIMALS {
            return Err(format!("`{text}` has more than {MAX_DIGITS} digits before the point or {MAX_DECIMALS} after it"));
        }
        let digits = format!("{whole}{after}").parse().map_err(|_| fault())?;
        Ok(Printed { text: text.to_owned(), digits, decimals: after.len() as u32 })
    }
}

impl<'de> Deserialize<'de> for Printed {
    /// From the text of a scalar: `.9600` is not the number 0.96.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Printed {
        text.parse().unwrap()
    }

    #[test]
    fn digits_count_as_they_are_printed() {
        let f = |over, under| Fraction::new(over, under);
        assert_eq!(printed(".9600").range(Mode::Rounded), Range::closed(f(95995, 100_000), f(96005, 100_000)));
        assert_eq!(printed(".96").range(Mode::Truncated), Range { low: f(96, 100), high: f(97, 100), has_high: false });
        assert_eq!(printed("29.5").range(Mode::Mixed), Range { low: f(2945, 100), high: f(296, 10), has_high: false });
        assert_eq!(printed("29.50").share(Mode::Rounded, Unit::Percent), Range::closed(f(29495, 100_000), f(29505, 100_000)));
        assert_eq!(printed("1.000").share(Mode::Rounded, Unit::Fraction), Range::closed(f(9995, 10_000), Fraction::ONE));
        assert_eq!((printed("16,537").whole(), printed("16537").whole(), printed("1.0").whole()), (Some(16_537), Some(16_537), None));
        assert_eq!(printed(".9700").without_zero().map(|p| p.to_string()).as_deref(), Some(".970"));
        assert_eq!((printed("1.0").without_zero(), printed("10").without_zero(), printed(".95").without_zero()), (Some(printed("1")), None, None));
        let meant = printed(".8").with_decimals(3).unwrap();
        assert_eq!((meant.to_string().as_str(), meant.range(Mode::Rounded), meant.without_zero()), (".8", printed(".800").range(Mode::Rounded), None));
        assert_eq!(printed(".8125").with_decimals(3), None);
    }

    #[test]
    fn what_is_no_number_is_said() {
        for text in ["", ".", "1.", "1,23", "1,2345", ",123", "1e5", "-1", "½", "1.2.3", " 1", "1234567890", ".1234567", "0x1"] {
            assert!(text.parse::<Printed>().unwrap_err().starts_with(&format!("`{text}` ")), "{text}");
        }
    }

    #[test]
    fn a_relation_of_cells_that_are_shortened_alike_is_tried_in_both_ways() {
        assert_eq!(Rounding::Either.modes(), [Mode::Rounded, Mode::Truncated]);
        assert_eq!(Rounding::Mixed.modes(), [Mode::Mixed]);
    }
}
