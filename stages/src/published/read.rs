//! Reads the file of a paper's tables. It is the only place below `stages` that knows YAML. Independent of what relations
//! mean.

use super::format::{Paper, PublishedTable};
use super::printed::MAX_DECIMALS;
use super::refer::{self, Fault};
use super::sum::{MAX_COUNT, is_name};
use crate::contract::prelude::{Error, Result};

const MAX_BYTES: usize = 1 << 20;
/// Characters of a fault that are shown.
const LONGEST: usize = 120;
/// Rows times columns of all tables, and relations.
const MAX_CELLS: usize = 20_000;

impl Paper {
    /// Reads the file of a paper.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line.
    pub fn read(bytes: &[u8]) -> Result<Paper> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::data("the file of published tables is larger than 1 MiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::data("the file of published tables is not UTF-8"))?;
        let mut paper: Paper = serde_yaml::from_str(text).map_err(|e| at(e.location().map(|l| l.line()), &bare(&e.to_string())))?;
        // What a name refers to is known once all is read; the word that is wrong leads back to its line.
        let fault = paper.fill_zeros().or_else(|| paper.fault());
        fault.map_or(Ok(paper), |f| Err(at(line_of(text, &f), &f.why)))
    }

    /// Cells get the zeros that are left out at their end; or what does not fit.
    fn fill_zeros(&mut self) -> Option<Fault> {
        for table in &mut self.tables {
            let Some(decimals) = table.decimals else { continue };
            if decimals as usize > MAX_DECIMALS {
                return Some(Fault::new("decimals", format!("`decimals` is at most {MAX_DECIMALS}")).of(&table.table));
            }
            for cell in table.rows.0.iter_mut().flat_map(|(_, cells)| cells).filter_map(|cell| cell.0.as_mut()) {
                match cell.with_decimals(decimals) {
                    Some(filled) => *cell = filled,
                    None => return Some(Fault::new(cell.to_string(), format!("`{cell}` has more than {decimals} decimals")).of(&table.table)),
                }
            }
        }
        None
    }

    /// What does not fit together.
    fn fault(&self) -> Option<Fault> {
        let counts = self.counts.0.iter().find_map(|(name, count)| match count.printed.whole() {
            _ if !is_name(name) => Some(Fault::new(name, format!("`{name}` cannot name a count: names are lower-case letters, digits and hyphens"))),
            Some(n) if n <= MAX_COUNT => None,
            _ => Some(Fault::new(name, format!("the count `{name}` must be a whole number"))),
        });
        let cells = |t: &PublishedTable| t.columns.len() * t.rows.0.len() + t.relations();
        if self.tables.iter().map(cells).sum::<usize>() > MAX_CELLS {
            return Some(Fault::new("tables", format!("there are more than {MAX_CELLS} cells and relations")));
        }
        counts.or_else(|| self.tables.iter().find_map(|t| refer::fault(self, t).map(|f| f.of(&t.table))))
    }
}

/// The first line of its table with the words of a fault, outside comments.
fn line_of(text: &str, fault: &Fault) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let has = |line: &str, words: &str| {
        let code = if line.trim_start().starts_with('#') { "" } else { line.split(" #").next().unwrap_or(line) };
        code.match_indices(words).any(|(at, _)| !code[..at].ends_with(is_part) && !code[at + words.len()..].starts_with(is_part))
    };
    let start = if fault.table.is_empty() { 0 } else { text.lines().position(|l| l.contains("table:") && has(l, &fault.table)).unwrap_or(0) };
    text.lines().skip(start).position(|l| has(l, &fault.words)).map(|n| start + n + 1)
}

fn at(line: Option<usize>, why: &str) -> Error {
    let place = line.map_or(String::new(), |line| format!("line {line} of "));
    Error::helped(format!("{place}the file of published tables: {why}"), "the format is described in docs/published-tables.md")
}

/// Without the place, which is said in other words.
fn bare(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    // A file of another sort, such as a table of patients, is not repeated in a message.
    match message.strip_prefix("invalid type: string ") {
        Some(_) if message.chars().count() > LONGEST => "it is no mapping of `paper`, `source` and `tables`".to_owned(),
        _ => crate::words::cut(message, LONGEST).into_owned(),
    }
}
