//! The tables that a study ends with, on the terminal.

use crate::pipeline::Pipeline;
use crate::run::execute::Outputs;
use comfy_table::ContentArrangement;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use hilum_cache::{Result, Store};
use hilum_stages::data::table::Table;
use std::io::Write;

/// Rows of a comparison that people look at first.
const SHOWN: [&str; 4] = ["auroc", "balanced-accuracy", "sensitivity", "specificity"];

/// Prints the comparisons of a study to standard output.
pub fn show(p: &Pipeline, outputs: &Outputs, store: &Store) -> Result<()> {
    for (stage, outputs) in p.stages.iter().zip(outputs) {
        if stage.kind.name != "compare" {
            continue;
        }
        let Some(artifact) = outputs.as_ref().and_then(|o| o.get("table")) else { continue };
        let bytes = store.read(&artifact.digest)?;
        // A reader that went away does not matter here.
        let _ = writeln!(std::io::stdout().lock(), "{}\n{}", stage.name, comparison(&bytes));
    }
    Ok(())
}

/// A comparison as a table: a row per arm, a column per metric, `value [low, high]`.
fn comparison(csv: &[u8]) -> comfy_table::Table {
    let mut table = Table::default();
    // What does not read is empty here: the file itself stands among the results.
    table.read_csv(csv).unwrap_or_default();
    let mut rows = table.rows;
    rows.retain(|r| r.len() >= 7 && SHOWN.contains(&r[2].as_str()) && (r[2] != "auroc" || r[3].is_empty()));
    let (mut arms, mut columns): (Vec<String>, Vec<(String, String)>) = (vec![], vec![]);
    for r in &rows {
        if !arms.contains(&r[0]) {
            arms.push(r[0].clone());
        }
        let column = (r[2].clone(), r[3].clone());
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let mut table = comfy_table::Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    let title = |(metric, class): &(String, String)| if class.is_empty() { metric.clone() } else { format!("{metric}\n{class}") };
    table.set_header(std::iter::once("arm".to_owned()).chain(columns.iter().map(title)));
    let short = |v: &str| v.parse::<f64>().map_or("–".to_owned(), |v| format!("{v:.3}"));
    for arm in &arms {
        let cell = |c: &(String, String)| {
            let row = rows.iter().find(|r| r[0] == *arm && r[2] == c.0 && r[3] == c.1);
            row.map(|r| format!("{}\n[{}, {}]", short(&r[4]), short(&r[5]), short(&r[6]))).unwrap_or_default()
        };
        table.add_row(std::iter::once(arm.clone()).chain(columns.iter().map(cell)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_a_comma_is_one_cell() {
        let csv = b"arm,set,metric,class,value,low,high\nreal,all,sensitivity,\"covid, mild\",0.75,0.5,0.875\n";
        let shown = comparison(csv).to_string();
        assert!(shown.contains("covid, mild") && shown.contains("0.750") && shown.contains("[0.500, 0.875]"), "{shown}");
    }
}
