//! Published tables that contradict themselves. Independent of how they are examined: an audit says it, whichever stage made
//! it.

use super::{CheckInput, CheckResult};
use hilum_stages::records::{Audited, Table, Verdict};
use hilum_stages::words::counted;

/// As many cells are named; the audit has all of them.
const SHOWN: usize = 5;

/// Audits with cells that no whole numbers give.
pub(super) fn inconsistent(look: &CheckInput) -> Vec<CheckResult> {
    let mut out = vec![];
    for (id, stage) in look.p.stages.pairs() {
        for audit in stage.kind.outputs.iter().filter_map(|port| look.record::<Table<Audited>>(id, port.name)) {
            // A row that was printed with fewer digits and a zero contradicts nothing.
            let contradictions = || audit.contradictions().filter(|cell| !cell.explained_by.ends_with(" and a zero"));
            let count = contradictions().count();
            if count == 0 {
                continue;
            }
            let say = |cell: &Audited| {
                let what = match cell.verdict {
                    Verdict::Explained => format!("explained: {}", cell.explained_by),
                    _ => cell.why.clone(),
                };
                format!("{}, {}, {}: {} ({what})", cell.table, cell.row, cell.column, cell.printed)
            };
            let mut notes: Vec<String> = contradictions().take(SHOWN).map(say).collect();
            notes.extend((count > SHOWN).then(|| format!("and {} more, which the audit lists", count - SHOWN)));
            out.push(CheckResult {
                stage: id,
                at: stage.places.name,
                label: format!("{} of {} that were examined", counted(count, "cell", "cells"), audit.rows.len()),
                message: format!("the published table of `{}` contradicts its own numbers", stage.name),
                notes,
                help: "compare with other cells of the paper, or with counts; do not quote these as they are printed",
                count: count as u64,
                unit: "cells",
                path: vec![],
            });
        }
    }
    out
}
