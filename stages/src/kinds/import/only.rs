//! `only`: which rows are kept, by the values in their columns.

use super::left_out::{self, Omitted};
use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::contract::word::{OrWord, Worded};
use crate::words::counted;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The values by which rows are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// Keeps only rows with one of these values.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<String>>,
    /// Keeps only rows with none of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<Vec<String>>,
}

impl Worded for Values {
    const EXPECTED: &'static str = "a list of values, or a mapping with `not`";
    fn of_word(word: String) -> Self {
        Values { within: Some(vec![word]), not: None }
    }
    fn of_list(list: Vec<String>) -> Option<Self> {
        Some(Values { within: Some(list), not: None })
    }
}

impl Values {
    pub(super) fn pass(&self, cell: &str) -> bool {
        let holds = |list: &Vec<String>| list.iter().any(|v| v == cell);
        self.within.as_ref().is_none_or(holds) && !self.not.as_ref().is_some_and(holds)
    }
    pub(super) fn given(&self) -> impl Iterator<Item = &String> {
        self.within.iter().chain(&self.not).flatten()
    }
}

/// What is wrong with `only` itself. Identifiers of patients, in the column or columns `private`, would be part of the recipe, which
/// goes to everybody who gets the study or its results.
pub(super) fn check(only: &Only, private: &[&str]) -> Vec<BadParameter> {
    let fault = |(name, values): (&String, &OrWord<Values>)| {
        let why = if values.0.given().next().is_none() {
            "must be a list of values, or `not` with a list of values"
        } else if private.contains(&name.as_str()) {
            "this column identifies patients, and a recipe must not name any: add a column to the table that says which rows to keep, such \
             as `use: [yes]`"
        } else {
            return None;
        };
        Some(BadParameter { path: vec!["only".into(), name.clone()], what: Fault::Value(why.into()) })
    };
    only.iter().filter_map(fault).collect()
}

/// The parameter `only`: values by column.
pub(super) type Only = BTreeMap<String, OrWord<Values>>;

/// Filters the rows of a source and counts matches.
pub(super) struct Filter<'a> {
    columns: Vec<Filtered<'a>>,
}

struct Filtered<'a> {
    name: &'a str,
    at: usize,
    values: &'a Values,
    met: RefCell<BTreeSet<&'a str>>,
    /// Rows whose cell differs from a value only in case or spaces.
    near: RefCell<BTreeMap<(String, &'a str), usize>>,
}

impl<'a> Filter<'a> {
    /// `column` gives the index of a column.
    ///
    /// # Errors
    /// Those of `column`.
    pub(super) fn new(only: &'a Only, column: impl Fn(&str) -> Result<usize>) -> Result<Filter<'a>> {
        let filtered = |(name, values): (&'a String, &'a OrWord<Values>)| {
            Ok(Filtered { name, at: column(name)?, values: &values.0, met: RefCell::default(), near: RefCell::default() })
        };
        Ok(Filter { columns: only.iter().map(filtered).collect::<Result<_>>()? })
    }

    /// True for a row that is kept; `cell` gives its cells.
    pub(super) fn pass<'r>(&self, cell: impl Fn(usize) -> &'r str) -> bool {
        // Every column must see the row, for its counts.
        let failed = self.columns.iter().filter(|column| !column.pass(cell(column.at))).count();
        failed == 0
    }

    /// Notes values that no row has, or that rows have in another spelling.
    pub(super) fn remark(&self, cx: &Context) {
        for column in &self.columns {
            let never: Vec<String> = column.values.given().filter(|v| !column.met.borrow().contains(v.as_str())).map(|v| format!("`{v}`")).collect();
            if !never.is_empty() {
                cx.warn(format!("`only`: no row has {} in the column `{}`", never.join(" or "), column.name));
            }
            for ((spelled, value), n) in column.near.borrow().iter() {
                let rows = counted(*n, "row has", "rows have");
                cx.warn(format!("`only`: {rows} `{spelled}` in the column `{}`, which is not `{value}`: case and spaces are compared exactly", column.name));
            }
        }
    }
}

impl<'a> Filtered<'a> {
    fn pass(&self, cell: &str) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if let Some(value) = self.values.given().find(|v| *v == cell) {
            self.met.borrow_mut().insert(value);
        } else if let Some(value) = self.values.given().find(|v| plain(v) == plain(cell)) {
            *self.near.borrow_mut().entry((cell.to_owned(), value)).or_default() += 1;
        }
        self.values.pass(cell)
    }
}

/// Leaves out a row that `only` does not select.
pub(super) fn leave_out(omitted: &mut Omitted, file: &str, label: &str) {
    omitted.add(file, label, left_out::NOT_SELECTED);
}
