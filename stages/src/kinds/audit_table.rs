//! Audits of published tables. Independent of how cells are examined ([`crate::published`]), and of how it is shown.

use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceFiles, SourceKind, SourcePath};
use crate::published::{Paper, audit};
use crate::records::{Audited, Table, Verdict};
use crate::words::counted;

ports! {
    inputs {}
    outputs {
        /// One row per cell and relation: what is printed, what it should be, and why.
        audit: Table<Audited>,
    }
}

/// Examines whether the printed numbers of a paper follow from whole numbers of images and from each other, as GRIM
/// does: rates that no count of the test set gives, sums that do not add up, F1 that is not that of its precision and
/// recall.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditTable {
    /// The file with the paper's tables, in the format of docs/published-tables.md.
    pub table: SourcePath,
}

impl Stage for AuditTable {
    const NAME: &'static str = "audit-table";
    const VERSION: u32 = 1;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn sources(&self) -> Vec<Source> {
        vec![Source { parameter: "table".into(), path: self.table.clone(), what: SourceKind::File, help: None }]
    }

    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        let why = Paper::read(&files.read("table")?).err()?;
        Some(BadSource { parameter: "table".into(), why })
    }

    fn run(&self, _: Inputs, cx: &Context) -> Result<Outputs> {
        let audit = audit(&Paper::read(&cx.read_source("table")?)?);
        let (wrong, explained) = (audit.count(Verdict::Inconsistent), audit.count(Verdict::Explained));
        let all = counted(audit.rows.len(), "cell", "cells");
        cx.note(format!("{all} examined: {wrong} inconsistent, {explained} inconsistent but explained"));
        Ok(Outputs { audit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::source::{ListedFile, Listing};
    use hilum_cache::Digest;

    fn run(text: &str) -> (Result<Outputs>, Vec<Note>) {
        let held = tempfile::tempdir().unwrap();
        let path = held.path().join("paper.yaml");
        std::fs::write(&path, text).unwrap();
        let digest = Digest::of(text.as_bytes());
        let files = vec![ListedFile { name: "paper.yaml".into(), path, digest, note: String::new() }];
        let sources = [("table".to_owned(), Listing { digest, files, passed_over: vec![] })].into();
        let cx = Context::for_tests(AuditTable::NAME).with_sources(sources);
        let stage: AuditTable = serde_json::from_value(serde_json::json!({ "table": "paper.yaml" })).unwrap();
        assert_eq!(stage.sources().len(), 1);
        let done = stage.run(Inputs {}, &cx);
        let said = cx.notes();
        (done, said)
    }

    const PAPER: &str = "paper: A\nsource: B\ncounts: { test: { printed: 46, in: Methods } }\ntables:\n  - table: T\n    in: p. 1\n    unit: percent\n    \
                         rounding: rounded\n    columns: [SEN]\n    rows: { good: [34.78], bad: [34.73] }\n    rates: [{ column: SEN, of: test }]\n";

    #[test]
    fn the_cells_of_a_table_are_examined_and_counted() {
        let (done, said) = run(PAPER);
        let rows = done.unwrap().audit.rows;
        assert_eq!(rows.iter().map(|r| (r.row.as_str(), r.verdict)).collect::<Vec<_>>(), [("good", Verdict::Consistent), ("bad", Verdict::Inconsistent)]);
        assert_eq!(said, [Note::info("2 cells examined: 1 inconsistent, 0 inconsistent but explained")]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        let said = |from: &str, to: &str| run(&PAPER.replace(from, to)).0.err().expect(to).to_string();
        assert_eq!(
            said("34.73", "34..73"),
            "line 10 of the file of published tables: tables[0].rows.bad: `34..73` is not a printed number, such as `.9600`, `29.50` or `16,537`"
        );
        assert_eq!(said("of: test", "of: tests"), "line 11 of the file of published tables: there is no count `tests`");
    }
}
