//! `join`: the columns of a second table, added to the rows of the first.

use super::grid::Grid;
use super::only::Only;
use super::text;
use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::contract::source::SourcePath;
use crate::contract::word::{OrWord, Worded};
use crate::words::counted;
use csv::StringRecord;
use std::collections::{BTreeMap, HashMap};

/// A second table, whose columns are added to the rows of the first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The second table: CSV, or a JSON list of mappings.
    pub table: SourcePath,
    /// The columns that must be equal in both: names that both tables have, or `NAME: NAME in the second table`. A row of the
    /// first table without a row in the second is left out; two rows of the second with the same cells are refused.
    pub on: OrWord<On>,
}

/// Columns of the first table, with what each is called in the second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct On(pub BTreeMap<String, String>);

impl Worded for On {
    const EXPECTED: &'static str = "a list of columns, or a mapping of columns of the two tables";
    fn of_word(word: String) -> Self {
        On([(word.clone(), word)].into())
    }
    fn of_list(list: Vec<String>) -> Option<Self> {
        Some(On(list.into_iter().map(|name| (name.clone(), name)).collect()))
    }
}

impl Join {
    pub(super) fn check(&self) -> Vec<BadParameter> {
        let fault = || BadParameter { path: ["join", "on"].map(String::from).to_vec(), what: Fault::Value("name at least one column".into()) };
        if self.on.0.0.is_empty() { vec![fault()] } else { vec![] }
    }

    /// The columns of the first table that are compared.
    pub(super) fn columns(&self) -> Vec<&str> {
        self.on.0.0.keys().map(String::as_str).collect()
    }

    /// What a column of one table is called in the other, where it is compared.
    pub(super) fn also_called(&self, name: &str) -> impl Iterator<Item = &str> {
        self.on.0.0.iter().filter_map(move |(a, b)| if a == name { Some(b.as_str()) } else { (b == name).then_some(a.as_str()) })
    }
}

/// What messages call the second table.
const SECOND: &str = "the table of `join`";

/// The rows of the second table by what is compared.
pub(super) struct Joined {
    /// Where the compared cells stand in a row of the first table.
    at: Vec<usize>,
    /// The columns that are added.
    header: StringRecord,
    /// Added cells, by compared ones; whether a row of the first table had them.
    rows: HashMap<Vec<String>, (StringRecord, bool)>,
    /// Rows in which a compared cell is empty: they belong to none of the first table.
    nameless: usize,
}

impl Joined {
    /// Reads the second table.
    ///
    /// # Errors
    /// Where it cannot be read, lacks a column, or has two rows that cannot be told apart.
    pub(super) fn of(join: &Join, content: &str, first: &Grid) -> Result<Joined> {
        let (names, others): (Vec<&str>, Vec<&str>) = join.on.0.0.iter().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
        let grid = Grid::of(content, SECOND, &others)?;
        let at = names.iter().map(|name| first.column(name)).collect::<Result<Vec<_>>>()?;
        let keys = others.iter().map(|name| grid.column(name)).collect::<Result<Vec<_>>>()?;
        // A compared column of one name is one column.
        let is_same = |i: &usize| keys.iter().position(|k| k == i).is_some_and(|k| names[k] == others[k]);
        let added: Vec<usize> = (0..grid.header.len()).filter(|i| !is_same(i)).collect();
        let chosen = |record: &StringRecord| added.iter().map(|i| record.get(*i).unwrap_or_default()).collect::<StringRecord>();
        let header = chosen(&grid.header);
        let mut rows = HashMap::new();
        let mut lines: HashMap<Vec<String>, u64> = HashMap::new();
        let mut nameless = 0;
        for row in grid {
            let (line, record) = row?;
            let Some(key) = key(&record, &keys) else {
                nameless += 1;
                continue;
            };
            if let Some(before) = lines.insert(key.clone(), line) {
                return Err(Error::helped(
                    format!("lines {before} and {line} of {SECOND} have the same {}", quoted(&others)),
                    "name more columns in `join.on`, or keep one of the rows",
                ));
            }
            rows.insert(key, (chosen(&record), false));
        }
        Ok(Joined { at, header, rows, nameless })
    }

    /// The header of both tables.
    ///
    /// # Errors
    /// Where both have a column of a name that is used: one would hide the other.
    pub(super) fn header(&self, first: &StringRecord, used: &[&str]) -> Result<StringRecord> {
        let both = used.iter().find(|name| first.iter().any(|h| h == **name) && self.header.iter().any(|h| h == **name));
        match both {
            Some(name) => Err(Error::helped(format!("both tables have a column `{name}`"), "add it to `join.on`, or give it another name in one of them")),
            None => Ok(first.iter().chain(&self.header).collect()),
        }
    }

    /// Adds the cells of the second table; false where there are none for this row.
    pub(super) fn extend(&mut self, record: &mut StringRecord) -> bool {
        let found = key(record, &self.at).and_then(|key| self.rows.get_mut(&key));
        let has_partner = found.is_some();
        match found {
            Some((cells, is_met)) => {
                *is_met = true;
                record.extend(cells.iter());
            }
            None => record.extend(self.header.iter().map(|_| "")),
        }
        has_partner
    }

    /// Notes rows of the second table that no row of the first has.
    pub(super) fn remark(&self, cx: &Context) {
        let idle = self.rows.values().filter(|row| !row.1).count();
        if idle > 0 {
            cx.note(format!("`join`: {} in no row of the first table", counted(idle, "row of the second table is", "rows of the second table are")));
        }
        if self.nameless > 0 {
            let rows = counted(self.nameless, "row of the second table has", "rows of the second table have");
            cx.note(format!("`join`: {rows} an empty cell where tables are joined"));
        }
    }
}

/// The compared cells; none where one is empty.
fn key(record: &StringRecord, at: &[usize]) -> Option<Vec<String>> {
    let cell = |i: &usize| record.get(*i).filter(|cell| !text::is_nothing(cell)).map(str::to_owned);
    at.iter().map(cell).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Columns that the parameters use.
pub(super) fn used<'a>(columns: Vec<&'a str>, only: &'a Only) -> Vec<&'a str> {
    columns.into_iter().chain(only.keys().map(String::as_str)).collect()
}
