//! A single number of a table: its rows and its column, and which inputs of the stage that wrote it the number is of.

use super::super::{WrongCall, wrong};
use crate::diagnostic::did_you_mean;
use crate::provenance::{Edge, NodeId, Provenance};
use std::collections::BTreeSet;

/// Columns whose numbers are about a row and the arm that it is compared with.
const OF_BOTH: [&str; 6] = ["difference", "difference-low", "difference-high", "p", "p-adjusted", "detectable"];

/// Rows of a table, and the column that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Each row as `column=value`, of the columns that tell it apart, and the number.
    pub(super) rows: Vec<(String, String)>,
    /// The column.
    pub(super) column: String,
    /// The coordinates of the cells that the numbers are of, such as `arm=real`; of each row those of one cell, or of two.
    cells: Vec<BTreeSet<String>>,
}

impl Numbers {
    /// Finds what `--cell` and `--column` mean in a table. A column is one of the table, or a metric, where it has a row for each.
    ///
    /// # Errors
    /// If it is no table, or there is no such row or column.
    pub(super) fn find(bytes: &[u8], cell: &str, column: Option<&str>) -> Result<Numbers, WrongCall> {
        let mut reader = csv::Reader::from_reader(bytes);
        let unreadable = |_| wrong("this is no table with a row of names").help("name a table such as `results/STUDY/comparison/table.csv`");
        let names: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
        let all: Vec<Vec<String>> =
            reader.records().map(|row| row.map(|row| row.iter().map(str::to_owned).collect())).collect::<Result<_, _>>().map_err(unreadable)?;
        let place = |name: &str| names.iter().position(|n| n == name);
        let metric = place("metric");
        let is_metric = |name: &str| metric.is_some_and(|at| all.iter().any(|row| row[at] == name));
        let (column, of_metric) = match column {
            Some(name) if place(name).is_some() => (name.to_owned(), None),
            Some(name) if is_metric(name) && place("value").is_some() => ("value".to_owned(), Some(name.to_owned())),
            None if place("value").is_some() => ("value".to_owned(), None),
            other => {
                let metrics = all.iter().filter_map(|row| metric.map(|at| row[at].as_str()));
                let known: BTreeSet<&str> = names.iter().map(String::as_str).chain(metrics).collect();
                let help = other.and_then(|name| did_you_mean(name, known.iter().copied(), "column"));
                let listed = format!("it has {}", known.iter().copied().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", "));
                return Err(wrong(format!("the table has no column `{}`", other.unwrap_or("value"))).help(help.unwrap_or(listed)));
            }
        };
        let parts: Vec<&str> = cell.split('/').filter(|part| !part.is_empty()).collect();
        let has = |row: &[String], part: &str| {
            let named = part.split_once('=').is_some_and(|(name, value)| place(name).is_some_and(|at| row[at] == value));
            named || place("arm").is_some_and(|at| row[at].split('/').any(|own| own == part))
        };
        let wanted =
            |row: &&Vec<String>| parts.iter().all(|part| has(row, part)) && of_metric.as_ref().is_none_or(|name| metric.is_some_and(|at| row[at] == *name));
        let found: Vec<&Vec<String>> = all.iter().filter(wanted).collect();
        if found.is_empty() {
            let arms = all.iter().filter_map(|row| place("arm").map(|at| row[at].as_str()));
            return Err(wrong(format!("the table has no row with `{cell}`")).maybe_help(did_you_mean(cell, arms, "row")));
        }
        let at = place(&column).unwrap_or_default();
        let of_row = |row: &&Vec<String>| {
            let labels = ["set", "arm", "metric", "class"].iter().filter_map(|name| place(name)).map(|at| row[at].as_str());
            (labels.filter(|label| !label.is_empty()).collect::<Vec<_>>().join("  "), row[at].clone())
        };
        let sides: &[&str] = if OF_BOTH.contains(&column.as_str()) { &["arm", "against"] } else { &["arm"] };
        let cells = found.iter().flat_map(|row| sides.iter().filter_map(|side| place(side)).map(|at| row[at].split('/').map(str::to_owned).collect()));
        let cells: BTreeSet<BTreeSet<String>> = cells.filter(|cell: &BTreeSet<String>| cell.iter().any(|part| part.contains('='))).collect();
        Ok(Numbers { rows: found.iter().map(of_row).collect(), column, cells: cells.into_iter().collect() })
    }

    /// Leaves only those inputs of a stage that the numbers are of, where they say so.
    pub(super) fn narrow(&self, graph: &mut Provenance, root: NodeId) {
        let is_of = |edge: &Edge| {
            let Some(cell) = &edge.cell else { return true };
            let own: BTreeSet<&str> = cell.split('/').collect();
            self.cells.iter().any(|wanted| wanted.iter().all(|part| own.contains(part.as_str())))
        };
        let known = graph.nodes[root].inputs.iter().filter(|edge| is_of(edge)).cloned().collect::<Vec<_>>();
        // Arms that are named otherwise than cells narrow nothing: rather too much than too little.
        if !self.cells.is_empty() && known.iter().any(|edge| edge.cell.is_some()) {
            graph.nodes[root].inputs = known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"set,arm,repeats,metric,class,value,low,difference,against,p\n,arm=real,3,accuracy,,0.88,0.83,,,\n,arm=real,3,auroc,covid,0.91,0.85,,,\n,arm=both,3,auroc,covid,0.93,0.86,0.02,arm=real,0.4\n";

    fn find(cell: &str, column: Option<&str>) -> Result<Numbers, String> {
        Numbers::find(TABLE, cell, column).map_err(|e| e.message)
    }

    #[test]
    fn a_row_and_a_column_are_found_by_what_the_table_calls_them() {
        let real = find("arm=real", Some("auroc")).unwrap();
        assert_eq!((real.rows.as_slice(), real.column.as_str()), ([("arm=real  auroc  covid".to_owned(), "0.91".to_owned())].as_slice(), "value"));
        assert_eq!(real.cells, [BTreeSet::from(["arm=real".to_owned()])]);
        let both = find("arm=both/metric=auroc", Some("difference")).unwrap();
        assert_eq!((both.rows[0].1.as_str(), both.cells.len()), ("0.02", 2), "a difference is of both arms");
        assert_eq!(find("", None).unwrap().rows.len(), 3);
        assert!(find("arm=fake", None).unwrap_err().contains("no row with `arm=fake`"));
        assert!(find("arm=real", Some("aurocs")).unwrap_err().contains("no column `aurocs`"));
        assert!(Numbers::find(b"", "", None).is_err() && Numbers::find(b"a,b\n1\n", "", Some("a")).is_err());
    }

    #[test]
    fn only_the_inputs_of_the_row_are_left() {
        let edge = |cell: Option<&str>| Edge { port: "scores".into(), cell: cell.map(str::to_owned), images: None, from: None };
        let node = crate::provenance::Node {
            run: "r".into(),
            study: "s".into(),
            stage: "comparison".into(),
            kind: "compare".into(),
            result: None,
            inputs: vec![edge(Some("arm=real/repeat=0")), edge(Some("arm=both/repeat=0")), edge(None)],
            unused: vec![],
        };
        let left = |cell: &str, column| {
            let mut graph = Provenance { roots: vec![0], nodes: vec![node.clone()] };
            find(cell, column).unwrap().narrow(&mut graph, 0);
            graph.nodes[0].inputs.iter().filter_map(|edge| edge.cell.clone()).collect::<Vec<_>>()
        };
        assert_eq!(left("arm=real", Some("accuracy")), ["arm=real/repeat=0"]);
        assert_eq!(left("arm=both", Some("p")).len(), 2);
    }
}
