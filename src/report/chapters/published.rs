//! Audits of published tables: what contradicts the paper's own numbers first, then everything that was examined.

use super::{Chapter, Material, unreadable};
use crate::report::artifacts::Subject;
use crate::report::wide::table as tabled;
use hilum_cache::Result;
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Audited, Record, Table, Verdict};
use hilum_stages::words::counted;
use maud::{Markup, html};

const AUDIT: Subject = Subject { artifact: ArtifactType::Table, name: Table::<Audited>::NAME };

pub(super) const CHAPTER: Chapter = Chapter { id: "published-tables", title: "Published tables", about: &[AUDIT], render };

fn render(m: &Material) -> Result<Option<Markup>> {
    let mut out = vec![];
    for found in m.of(AUDIT) {
        let table = found.record::<Table<Audited>>(m.store)?;
        out.push(html! {
            h4 { (found.stage()) }
            @match table { Ok(table) => (audit(table, &m.path(found))), Err(why) => (unreadable(found, &why)) }
        });
    }
    Ok(Some(html! {
        p { "Whether printed numbers follow from whole numbers of images, and from each other. A cell that is consistent may be wrong all the same." }
        @for o in &out { (o) }
    }))
}

fn audit(mut table: Table<Audited>, elsewhere: &str) -> Markup {
    table.rows.sort_by_key(|row| row.verdict);
    let [wrong, explained] = [Verdict::Inconsistent, Verdict::Explained].map(|v| table.count(v));
    let row = |row: &Audited| {
        html! {
            td { @if row.verdict == Verdict::Consistent { (row.verdict.name()) } @else { b { (row.verdict.name()) } }
                 @if !row.explained_by.is_empty() { ": " (row.explained_by) } }
            td { (row.table) } td { (row.row) } td { (row.column) }
            td.num { (row.printed) } td.num { (row.expected) } td { (row.why) }
        }
    };
    html! {
        p { (counted(table.rows.len(), "cell", "cells")) " examined: " (wrong) " inconsistent, " (explained) " inconsistent but explained." }
        (tabled("Cells of published tables", &["verdict", "table", "row", "column", "printed", "expected", "why"], &table.rows.iter().map(row).collect::<Vec<_>>(), elsewhere))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_stand_first_and_say_why() {
        let row = |row: &str, verdict, by: &str, why: &str| Audited {
            table: "Table <2>".into(),
            row: row.into(),
            column: "SEN".into(),
            printed: "34.73".into(),
            expected: "16/46 = 34.783".into(),
            verdict,
            explained_by: by.into(),
            why: why.into(),
        };
        let rows =
            vec![row("fine", Verdict::Consistent, "", ""), row("skew", Verdict::Explained, "4135", "w"), row("bad", Verdict::Inconsistent, "", "no count")];
        let page = audit(Table { rows }, "audit.csv").into_string();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("<b>inconsistent</b>") < at("<b>explained</b>: 4135") && at("<b>explained</b>") < at("<td>consistent</td>"), "{page}");
        assert!(page.contains("3 cells examined: 1 inconsistent, 1 inconsistent but explained.") && page.contains("<td>no count</td>"), "{page}");
        assert!(page.contains("Table &lt;2&gt;"), "{page}");
    }
}
