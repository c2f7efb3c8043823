//! The tables that a study ends with, on the terminal.

use super::remark;
use crate::pipeline::Pipeline;
use crate::run::execute::Outputs;
use comfy_table::ContentArrangement;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use hilum_cache::{Result, Store};
use hilum_stages::contract::artifact::ArtifactKind;
use hilum_stages::records::{Compared, MetricRow, Record, Row, Table};
use std::io::Write;

/// Prints the comparisons of a study to standard output; if there is none, the metrics of its evaluations.
pub fn show(p: &Pipeline, outputs: &Outputs, store: &Store) -> Result<()> {
    let comparisons = found::<Compared>(p, outputs, store)?;
    let metrics = if comparisons.is_empty() { found::<MetricRow>(p, outputs, store)? } else { vec![] };
    let mut out = std::io::stdout().lock();
    // A reader that went away does not matter here.
    for (stage, table) in &comparisons {
        let _ = writeln!(out, "{stage}\n{}", comparison(table));
    }
    if !metrics.is_empty() {
        let arms = metrics.into_iter().flat_map(|(stage, table)| table.rows.into_iter().map(move |row| row.of_arm(stage)));
        let _ = writeln!(out, "{}", comparison(&Table { rows: arms.collect() }));
    }
    Ok(())
}

/// The tables of one sort among the outputs, by stage.
fn found<'p, T: Row>(p: &'p Pipeline, outputs: &Outputs, store: &Store) -> Result<Vec<(&'p str, Table<T>)>> {
    let file = Table::<T>::file_name();
    let mut out = vec![];
    for (stage, outputs) in p.stages.iter().zip(outputs) {
        let tables = outputs.iter().flat_map(|o| o.iter()).map(|(_, artifact)| artifact).filter(|a| ArtifactKind::Table.is(a));
        for artifact in tables.filter(|a| a.file.as_ref() == Some(&file)) {
            match Table::read(&store.read(&artifact.digest)?) {
                Ok(table) => out.push((stage.name.as_str(), table)),
                Err(why) => remark(format!("warning: `{}` cannot be shown: {why}", stage.name)),
            }
        }
    }
    Ok(out)
}

/// A comparison as a table: a row per arm, a column for each metric that is shown everywhere, `value [low, high]`.
fn comparison(table: &Table<Compared>) -> comfy_table::Table {
    let shown = table.shown_everywhere();
    let columns = shown.measures();
    let mut out = comfy_table::Table::new();
    out.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    let title = |(metric, class): &(&str, &str)| if class.is_empty() { (*metric).to_owned() } else { format!("{metric}\n{class}") };
    out.set_header(std::iter::once("arm".to_owned()).chain(columns.iter().map(title)));
    let short = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
    for arm in shown.arms() {
        let cell = |of: &(&str, &str)| shown.of(arm, *of).map(|c| format!("{}\n[{}, {}]", short(c.value), short(c.low), short(c.high))).unwrap_or_default();
        out.add_row(std::iter::once(arm.to_owned()).chain(columns.iter().map(cell)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_a_comma_is_one_cell() {
        let csv = b"arm,set,repeats,metric,class,value,low,high,difference,difference-low,difference-high\n\
            real,all,2,sensitivity,\"covid, mild\",0.75,0.5,0.875,,,\nreal,all,2,auroc,\"covid, mild\",0.125,,,,,\nreal,all,2,f1,x,0.25,,,,,\n";
        let shown = comparison(&Table::read(csv).unwrap()).to_string();
        assert!(shown.contains("covid, mild") && shown.contains("0.750") && shown.contains("[0.500, 0.875]"), "{shown}");
        assert!(!shown.contains("0.125") && !shown.contains("0.250"), "only metrics that are shown everywhere: {shown}");
    }
}
