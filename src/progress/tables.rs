//! The tables that a study ends with, on the terminal.

use super::{printable, remark};
use crate::pipeline::Pipeline;
use crate::run::execute::Outputs;
use comfy_table::ContentArrangement;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use hilum_cache::{Result, Store};
use hilum_stages::contract::artifact::ArtifactType;
use hilum_stages::records::{Answer, Compared, MetricRow, Record, Row, Table};
use std::io::Write;
use terminal_size::{Width, terminal_size_of};

/// Prints the comparisons of a study to standard output, or, if there is none, the metrics of its evaluations.
pub fn show(p: &Pipeline, outputs: &Outputs, store: &Store) -> Result<()> {
    let comparisons = found::<Compared>(p, outputs, store)?;
    let metrics = if comparisons.is_empty() { found::<MetricRow>(p, outputs, store)? } else { vec![] };
    // What is not a terminal has no width.
    let width = terminal_size_of(std::io::stdout()).map_or(usize::MAX, |(Width(columns), _)| columns.into());
    let mut out = std::io::stdout().lock();
    // A reader that went away does not matter here.
    for (stage, table) in &comparisons {
        let _ = writeln!(out, "{stage}\n{}", comparison(table, width));
    }
    if !metrics.is_empty() {
        let arms = metrics.into_iter().flat_map(|(stage, table)| table.rows.into_iter().map(move |row| row.of_arm(stage)));
        let _ = writeln!(out, "{}", comparison(&Table { rows: arms.collect() }, width));
    }
    Ok(())
}

/// Prints what the comparisons answer, a sentence each.
pub fn show_answers(answers: &[(String, Answer)]) {
    let mut out = std::io::stdout().lock();
    let several = answers.iter().any(|(stage, _)| *stage != answers[0].0);
    for (stage, answer) in answers {
        let of = if several { format!("{stage}: ") } else { String::new() };
        let _ = writeln!(out, "{of}{}", printable(&answer.sentence));
    }
}

/// The tables of one sort among the outputs, by stage.
fn found<'p, T: Row>(p: &'p Pipeline, outputs: &Outputs, store: &Store) -> Result<Vec<(&'p str, Table<T>)>> {
    let file = Table::<T>::file_name();
    let mut out = vec![];
    for (stage, outputs) in p.stages.iter().zip(outputs) {
        let tables = outputs.iter().flat_map(|o| o.iter()).map(|(_, artifact)| artifact).filter(|a| ArtifactType::Table.is(a));
        for artifact in tables.filter(|a| a.file.as_ref() == Some(&file)) {
            match Table::read(&store.read(&artifact.digest)?) {
                Ok(table) => out.push((stage.name.as_str(), table)),
                Err(why) => remark(format!("warning: `{}` cannot be shown: {why}", stage.name)),
            }
        }
    }
    Ok(out)
}

/// A comparison as a table: a row per arm, a column for each metric that is shown everywhere, `value [low, high]`. Where it is
/// wider than the terminal, several tables follow each other, with some of the metrics each.
fn comparison(table: &Table<Compared>, width: usize) -> String {
    let shown = table.shown_everywhere();
    let columns = shown.measures();
    let (mut out, mut rest) = (vec![], columns.as_slice());
    while !rest.is_empty() {
        let fits = |n: &usize| block(&shown, &rest[..*n]).lines().all(|line| line.chars().count() <= width);
        let taken = (1..=rest.len()).rev().find(fits).unwrap_or(1);
        out.push(block(&shown, &rest[..taken]));
        rest = &rest[taken..];
    }
    out.join("\n")
}

/// A table with some of the metrics.
fn block(shown: &Table<Compared>, columns: &[(&str, &str)]) -> String {
    let mut out = comfy_table::Table::new();
    out.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    let title = |(metric, class): &(&str, &str)| if class.is_empty() { (*metric).to_owned() } else { format!("{metric}\n{class}") };
    out.set_header(std::iter::once("arm".to_owned()).chain(columns.iter().map(title)));
    for arm @ (set, name) in shown.arms() {
        let cell = |of: &(&str, &str)| shown.of(arm, *of).map(cell).unwrap_or_default();
        let title = if set.is_empty() { name.to_owned() } else { format!("{set}\n{name}") };
        out.add_row(std::iter::once(title).chain(columns.iter().map(cell)));
    }
    out.to_string()
}

/// A value with its interval below it. Where there is none, counts say what a reader can make of it.
fn cell(c: &Compared) -> String {
    let short = |v: f64| format!("{v:.3}");
    let below = match (c.low.zip(c.high), c.count.as_str(), c.value) {
        (Some((low, high)), ..) => format!("[{low:.3}, {high:.3}]"),
        (None, "", Some(_)) => "no interval".into(),
        (None, count, _) => count.to_owned(),
    };
    format!("{}\n{below}", c.value.map_or("–".to_owned(), short)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_a_comma_is_one_cell() {
        let csv = b"arm,set,repeats,metric,class,value,low,high,difference,difference-low,difference-high\n\
            real,all,2,sensitivity,\"covid, mild\",0.75,0.5,0.875,,,\nreal,all,2,auroc,\"covid, mild\",0.125,,,,,\nreal,all,2,f1,x,0.25,,,,,\n";
        let shown = comparison(&Table::read(csv).unwrap(), usize::MAX);
        assert!(shown.contains("covid, mild") && shown.contains("0.750") && shown.contains("[0.500, 0.875]"), "{shown}");
        assert!(!shown.contains("0.125") && !shown.contains("0.250"), "only metrics that are shown everywhere: {shown}");
    }

    #[test]
    fn a_table_that_is_wider_than_the_terminal_becomes_several() {
        let row = |class: &str, value: f64| format!("real,all,2,sensitivity,{class},{value},0.1,0.9,,,\n");
        let csv = format!(
            "arm,set,repeats,metric,class,value,low,high,difference,difference-low,difference-high\n{}{}{}",
            row("covid", 0.5),
            row("normal", 0.25),
            row("pneumonia", 0.75)
        );
        let table = Table::read(csv.as_bytes()).unwrap();
        let tables = |width: usize| comparison(&table, width).matches("arm ").count();
        assert_eq!((tables(usize::MAX), tables(60), tables(50), tables(10)), (1, 1, 2, 3));
        for width in [30, 45, 60, 80] {
            let shown = comparison(&table, width);
            assert!(shown.lines().all(|line| line.chars().count() <= width), "{width}:\n{shown}");
            assert!(["0.500", "0.250", "0.750"].iter().all(|value| shown.matches(value).count() == 1), "{shown}");
        }
    }
}
