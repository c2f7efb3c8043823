//! What an audit of a published table found, cell by cell.

use super::{Row, Table};
use serde::{Deserialize, Serialize};

/// What is to be said of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No whole numbers of the stated sizes give what is printed.
    Inconsistent,
    /// As inconsistent, but something else than what is stated gives it.
    Explained,
    /// Whole numbers give what is printed.
    Consistent,
}

impl Verdict {
    /// The word in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Inconsistent => "inconsistent",
            Verdict::Explained => "explained",
            Verdict::Consistent => "consistent",
        }
    }
}

/// A cell of a published table, or several that contradict each other, under one relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Audited {
    /// The published table.
    pub table: String,
    /// Its row.
    pub row: String,
    /// The column; several, with commas, if only together they are impossible.
    pub column: String,
    /// What is printed there.
    pub printed: String,
    /// The whole numbers that give it; or what should be there.
    pub expected: String,
    /// What is to be said of it.
    pub verdict: Verdict,
    /// What gives the printed number in place of what is stated; empty if nothing does.
    pub explained_by: String,
    /// Why it is not consistent; empty if it is.
    pub why: String,
}

impl Row for Audited {
    const RECORD: &'static str = "audit";
    const COLUMNS: &'static [&'static str] = &["table", "row", "column", "printed", "expected", "verdict", "explained-by", "why"];
}

impl Table<Audited> {
    /// How many rows have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }
    /// The rows that are not consistent.
    pub fn contradictions(&self) -> impl Iterator<Item = &Audited> {
        self.rows.iter().filter(|row| row.verdict != Verdict::Consistent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::tests::{is_sound, without};

    #[test]
    fn audits_read_back_and_their_verdicts_are_words() {
        let row = |verdict, why: &str| Audited {
            table: "Table 2".into(),
            row: "VGG-16, \"best\"".into(),
            column: "SEN".into(),
            printed: ".9600".into(),
            expected: "192/200".into(),
            verdict,
            explained_by: String::new(),
            why: why.into(),
        };
        let rows = [row(Verdict::Inconsistent, "no count\nof 46"), row(Verdict::Explained, ""), row(Verdict::Consistent, "")];
        is_sound(&rows);
        let table = Table { rows: rows.to_vec() };
        assert_eq!(without(&table, "verdict"), "the table `audit` has no column `verdict`");
        assert_eq!((table.count(Verdict::Explained), table.contradictions().count()), (1, 2));
        for verdict in [Verdict::Inconsistent, Verdict::Explained, Verdict::Consistent] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
        }
    }
}
