//! `only`: which rows count, by what stands in their columns.

use super::left_out::{self, Omitted};
use crate::contract::decode::Fault;
use crate::contract::prelude::*;
use crate::contract::word::{OrWord, Worded};
use crate::words::counted;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What may stand in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// Only rows that have one of these.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<String>>,
    /// Only rows that have none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<Vec<String>>,
}

impl Worded for Values {
    const EXPECTED: &'static str = "a list of values, or a map with `not`";
    fn of_word(word: String) -> Self {
        Values { within: Some(vec![word]), not: None }
    }
    fn of_list(list: Vec<String>) -> Option<Self> {
        Some(Values { within: Some(list), not: None })
    }
}

impl Values {
    fn pass(&self, cell: &str) -> bool {
        let holds = |list: &Vec<String>| list.iter().any(|v| v == cell);
        self.within.as_ref().is_none_or(holds) && !self.not.as_ref().is_some_and(holds)
    }
    fn given(&self) -> impl Iterator<Item = &String> {
        self.within.iter().chain(&self.not).flatten()
    }
}

/// What is wrong with `only` itself.
pub(super) fn check(only: &Only) -> Vec<BadParameter> {
    let says_nothing = |v: &Values| v.given().next().is_none();
    let empty = only.iter().filter(|(_, v)| says_nothing(v));
    let fault =
        |name: &String| BadParameter { path: vec!["only".into(), name.clone()], what: Fault::Value("this must name values, or `not` and values".into()) };
    empty.map(|(name, _)| fault(name)).collect()
}

/// The parameter `only`: what may stand in which column.
pub(super) type Only = BTreeMap<String, OrWord<Values>>;

/// Goes through the rows of a source and remembers what it met.
pub(super) struct Filter<'a> {
    columns: Vec<Filtered<'a>>,
}

struct Filtered<'a> {
    name: &'a str,
    at: usize,
    /// It holds identifiers of patients, which no note may tell.
    is_private: bool,
    values: &'a Values,
    met: RefCell<BTreeSet<&'a str>>,
    /// Rows whose cell is one of the values but for case or spaces.
    near: RefCell<BTreeMap<(String, &'a str), usize>>,
}

impl<'a> Filter<'a> {
    /// `column` says where a column stands, `patients` which one holds patients.
    ///
    /// # Errors
    /// Those of `column`.
    pub(super) fn new(only: &'a Only, patients: Option<&str>, column: impl Fn(&str) -> Result<usize>) -> Result<Filter<'a>> {
        let filtered = |(name, values): (&'a String, &'a OrWord<Values>)| {
            let is_private = patients == Some(name.as_str());
            Ok(Filtered { name, at: column(name)?, is_private, values: &values.0, met: RefCell::default(), near: RefCell::default() })
        };
        Ok(Filter { columns: only.iter().map(filtered).collect::<Result<_>>()? })
    }

    /// True for a row that counts; `cell` gives its cells.
    pub(super) fn pass<'r>(&self, cell: impl Fn(usize) -> &'r str) -> bool {
        // Every column looks at the row: it remembers what it met.
        let failed = self.columns.iter().filter(|column| !column.pass(cell(column.at))).count();
        failed == 0
    }

    /// What people should know of values that no row has, or nearly has.
    pub(super) fn remark(&self, cx: &Context) {
        for column in &self.columns {
            let never: Vec<String> = column.values.given().filter(|v| !column.met.borrow().contains(v.as_str())).map(|v| format!("`{v}`")).collect();
            if !never.is_empty() && !column.is_private {
                cx.note(format!("warning: `only`: no row has {} in the column `{}`", never.join(" or "), column.name));
            }
            if column.is_private {
                cx.note(format!("warning: `only` names patients of the column `{}`: the recipe records what it names", column.name));
                let near: usize = column.near.borrow().values().sum();
                if near > 0 {
                    let rows = counted(near, "row has", "rows have");
                    cx.note(format!("warning: `only`: {rows} a value that differs from one that is named in case or spaces alone, which count"));
                }
                continue;
            }
            for ((spelled, value), n) in column.near.borrow().iter() {
                let rows = counted(*n, "row has", "rows have");
                cx.note(format!("warning: `only`: {rows} `{spelled}` in the column `{}`, which is not `{value}`: case and spaces count", column.name));
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

/// Leaves a row out that `only` does not take.
pub(super) fn leave_out(omitted: &mut Omitted, file: &str, label: &str) {
    omitted.add(file, label, left_out::NOT_TAKEN);
}
