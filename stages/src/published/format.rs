//! What the file of a paper's tables holds: numbers as they are printed, and relations that they must satisfy. Ignorant
//! of how relations are examined, and of YAML.

use super::exact::Fraction;
use super::printed::{Printed, Rounding, Unit};
use super::sum::Sum;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::marker::PhantomData;

const MAX_FOLD: u32 = 100_000;
const MAX_FOLDS: usize = 20;
/// Counts in folds that are tried for a cell.
const MAX_WAYS: u64 = 1_000_000;

/// A paper's tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Authors, year and title.
    pub paper: String,
    /// Where it can be found, such as a DOI.
    pub source: String,
    /// Numbers of images and the like, by name.
    #[serde(default)]
    pub counts: Named<Count>,
    /// Its tables, or lists of numbers from its text.
    pub tables: Vec<PublishedTable>,
}

/// A count that the paper states.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// As it is printed.
    pub printed: Printed,
    /// The page, figure or table where it is; or why it follows from others.
    #[serde(rename = "in")]
    pub place: String,
    /// What it is in the study that repeats the paper, if it is anything there.
    pub here: Option<Here>,
}

/// Images of a table of a study.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Here {
    /// The stage that makes it, and its output if that is not `samples`: `parts.train`.
    pub table: String,
    /// The label of the images; several with ` + ` between them.
    pub label: String,
}

impl Here {
    /// The labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.label.split(" + ").map(str::trim)
    }
}

/// A printed cell that follows from counts, and what it is with other counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Derived {
    pub row: String,
    pub column: String,
    pub printed: String,
    /// A sum; or a quotient, with one digit more than is printed.
    pub here: String,
}

/// A table: cells, and what they must satisfy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedTable {
    /// Its name, such as `Table 2`.
    pub table: String,
    /// The page, figure or section where it is.
    #[serde(rename = "in")]
    pub place: String,
    /// The unit of its shares.
    #[serde(default)]
    pub unit: Unit,
    /// How its numbers were shortened.
    #[serde(default)]
    pub rounding: Rounding,
    /// Digits after the point that are meant, if zeros at the end of a number are left out.
    pub decimals: Option<u32>,
    /// Names of columns.
    pub columns: Vec<String>,
    /// Cells of each row, by the row's name, in the order of the columns.
    pub rows: Named<Vec<Cell>>,
    /// Shares of a count.
    #[serde(default)]
    pub rates: Vec<Rate>,
    /// Counts that are sums of others.
    #[serde(default)]
    pub sums: Vec<SumOf>,
    /// Quotients of counts.
    #[serde(default)]
    pub ratios: Vec<RatioOf>,
    /// Means of rates over folds.
    #[serde(default)]
    pub folds: Vec<Folds>,
    /// F1 from other columns.
    #[serde(default)]
    pub f1: Vec<F1>,
    /// Rows that one confusion matrix must give.
    #[serde(default)]
    pub confusions: Vec<Confusion>,
    /// Accuracies of each class against the rest, and of all together.
    #[serde(default)]
    pub totals: Vec<Total>,
}

/// A cell; none where nothing is printed, which is written `–` or `-`.
#[derive(Debug, Clone)]
pub struct Cell(pub Option<Printed>);

/// Each cell is k / n for a whole number k.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The column of rates.
    pub column: String,
    /// Rows that it is about; all if there are none.
    #[serde(default)]
    pub rows: Vec<String>,
    /// n.
    pub of: Sum,
    /// A column that prints k.
    pub count: Option<String>,
    /// A column that prints n − k, such as false negatives beside a sensitivity.
    pub missed: Option<String>,
}

/// A cell is the value of one of these sums.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct SumOf {
    pub row: String,
    pub column: String,
    /// What it may mean.
    pub readings: Vec<Sum>,
}

/// A cell is the quotient of two sums.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RatioOf {
    pub row: String,
    pub column: String,
    pub of: Sum,
    pub over: Sum,
}

/// Each cell is a mean over folds of k / n, with a k for each fold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folds {
    /// The column of means.
    pub column: String,
    /// Rows that it is about; all if there are none.
    #[serde(default)]
    pub rows: Vec<String>,
    /// n of each fold; several such lists where it is not known which it was.
    pub sizes: Vec<Vec<u32>>,
}

/// Each cell is F1: of a precision and a recall, or of a sensitivity and a specificity with the numbers of images.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F1 {
    /// The column of F1.
    pub column: String,
    /// Rows that it is about; all if there are none.
    #[serde(default)]
    pub rows: Vec<String>,
    /// What it is computed from.
    pub from: F1From,
}

/// What F1 is computed from: columns, and counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct F1From {
    pub precision: Option<String>,
    pub recall: Option<String>,
    pub sensitivity: Option<String>,
    pub specificity: Option<String>,
    /// Images of the class.
    pub positives: Option<Sum>,
    /// All other images.
    pub negatives: Option<Sum>,
    /// Of how many folds all three are means; each fold has its share of both counts, to within one image.
    #[serde(default = "one")]
    pub folds: u32,
}

fn one() -> u32 {
    1
}

/// Each row follows from one confusion matrix of whole numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confusion {
    /// Rows that it is about; all if there are none.
    #[serde(default)]
    pub rows: Vec<String>,
    /// The column of the accuracy.
    pub accuracy: Option<String>,
    /// Every class of the test set.
    pub classes: Vec<Class>,
}

/// A class of a confusion matrix, with the columns of its metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Class {
    pub class: String,
    /// Images of the class in the test set.
    pub size: Sum,
    pub precision: Option<String>,
    pub recall: Option<String>,
    pub f1: Option<String>,
}

/// Of accuracies of each class against the rest, what is missing to 1 adds up to twice that of the whole: each error is
/// one of two classes. That is true of means over folds, too.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Total {
    pub column: String,
    /// A row for each class.
    pub classes: Vec<String>,
    /// The row of the whole.
    pub total: String,
}

/// Values by name, in the order of the file; no name twice.
#[derive(Debug, Clone)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named(vec![])
    }
}

impl<T> Named<T> {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Reads<T> {
            type Value = Named<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut out: Named<T> = Named::default();
                while let Some(name) = map.next_key::<String>()? {
                    if out.get(&name).is_some() {
                        return Err(serde::de::Error::custom(format!("duplicate key `{name}`")));
                    }
                    out.0.push((name, map.next_value()?));
                }
                Ok(out)
            }
        }
        from.deserialize_map(Reads(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if ["–", "-"].contains(&text.as_str()) {
            return Ok(Cell(None));
        }
        text.parse().map(|printed| Cell(Some(printed))).map_err(serde::de::Error::custom)
    }
}

impl Paper {
    /// The value of a sum of the paper's counts.
    pub(super) fn value(&self, sum: &Sum) -> i128 {
        sum.value(|name| self.count(name)).expect("BUG: sums are checked when the file is read")
    }
    pub(super) fn count(&self, name: &str) -> Option<i128> {
        self.counts.get(name)?.printed.whole()
    }
}

impl PublishedTable {
    pub(super) fn relations(&self) -> usize {
        self.rates.len() + self.sums.len() + self.ratios.len() + self.folds.len() + self.f1.len() + self.confusions.len() + self.totals.len()
    }
    /// What is printed there.
    pub fn cell(&self, row: &str, column: &str) -> Option<&Printed> {
        let at = self.columns.iter().position(|c| c == column)?;
        self.rows.get(row)?.get(at)?.0.as_ref()
    }
    /// Printed sums and quotients of counts, with other counts in place of the paper's; without those of which a count is not known.
    pub fn derived(&self, count: &dyn Fn(&str) -> Option<i128>) -> Vec<Derived> {
        let cell = |row: &String, column: &String, here: &dyn Fn(&Printed) -> Option<String>| {
            let printed = self.cell(row, column)?;
            Some(Derived { row: row.clone(), column: column.clone(), printed: printed.to_string(), here: here(printed)? })
        };
        let sum = |s: &SumOf| cell(&s.row, &s.column, &|_| s.readings.iter().find_map(|r| r.value(count)).map(|n| n.to_string()));
        let quotient = |r: &RatioOf| {
            let parts = || Some((r.of.value(count)?, r.over.value(count).filter(|n| *n > 0)?));
            cell(&r.row, &r.column, &|printed| parts().map(|(of, over)| Fraction::new(of, over).shown(printed.decimals() + 1)))
        };
        self.sums.iter().filter_map(sum).chain(self.ratios.iter().filter_map(quotient)).collect()
    }
    /// These rows, or all if there are none.
    pub(super) fn rows_of<'a>(&'a self, named: &'a [String]) -> Vec<&'a str> {
        if named.is_empty() { self.rows.names().collect() } else { named.iter().map(String::as_str).collect() }
    }
}

impl Folds {
    /// Why the sizes cannot be examined.
    pub(super) fn fault(&self) -> Option<String> {
        let fits = |s: &Vec<u32>| {
            let mut sorted = s.clone();
            sorted.sort_unstable();
            // What is enumerated: the number of images that are right in the folds of each size but the largest.
            let groups: Vec<&[u32]> = sorted.chunk_by(|a, b| a == b).collect();
            let of = |group: &[u32]| group.iter().map(|n| u64::from(*n)).sum::<u64>() + 1;
            let ways = groups.iter().rev().skip(1).fold(1u64, |ways, group| ways.saturating_mul(of(group)));
            (1..=MAX_FOLDS).contains(&s.len()) && s.iter().all(|n| (1..=MAX_FOLD).contains(n)) && groups.len() <= 3 && ways <= MAX_WAYS
        };
        let fine = !self.sizes.is_empty() && self.sizes.iter().all(fits);
        (!fine).then(|| format!("`sizes` takes lists of 1 to {MAX_FOLDS} numbers from 1 to {MAX_FOLD}, with at most three different sizes, and not so large that more than {MAX_WAYS} counts have to be tried"))
    }
}
