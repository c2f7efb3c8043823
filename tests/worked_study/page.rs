//! A page made of a template and the tables of a run: no number of its tables is typed. Independent of which study it is about.
//!
//! `{{MODE FILE COLUMN=VALUE …: FORMAT}}` stands for rows of a CSV file. A `*` in FILE is any cell, whose coordinates are columns, too.
//! `one` is the only such row, `lines` are all of them, a line each, `range` has the rows with the least and the greatest value of what
//! FORMAT names first, and `sum` is the sum of a column. In FORMAT, `<COLUMN>` is a cell, `<COLUMN:3>` with so many decimals, `<COLUMN:+3>`
//! with a sign, `<COLUMN:p>` as a p value, and `<COLUMN@metric=NAME>` that of the row which has this in place of its metric, and else the
//! same arm, class and cell. `{{stage NAME}}` is a stage as the study file has it, and `{{first FILE}}` the first line of a text with
//! those below it that are indented.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Cells by the names of their columns.
type Row = BTreeMap<String, String>;

/// The page. Panics where the template asks for what the results do not have.
pub fn render(template: &str, results: &Path, study: &str) -> String {
    let mut parts = template.split("{{");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (asked, rest) = part.split_once("}}").unwrap_or_else(|| panic!("`{{{{` without an end: {part}"));
        let asked = asked.split_whitespace().collect::<Vec<_>>().join(" ");
        out += &match asked.split_once(' ').unwrap() {
            ("stage", name) => stage(study, name),
            ("first", name) => first(&fs::read_to_string(results.join(name)).unwrap()),
            (mode, asked) => rows_as(mode, asked, results),
        };
        out += rest;
    }
    out
}

/// The first line, and what is indented below it.
fn first(text: &str) -> String {
    let end = text.match_indices('\n').map(|(at, _)| at + 1).find(|at| text[*at..].starts_with(|c: char| !c.is_whitespace()));
    text[..end.unwrap_or(text.len())].trim_end().to_owned()
}

/// The lines of a stage.
fn stage(study: &str, name: &str) -> String {
    let lines: Vec<&str> = study.lines().collect();
    let stages = lines.iter().position(|l| *l == "stages:").unwrap();
    let is_start = |l: &&str| l.starts_with(&format!("  {name}:"));
    let start = stages + lines[stages..].iter().position(is_start).unwrap_or_else(|| panic!("no stage {name}"));
    let more = lines[start + 1..].iter().take_while(|l| l.starts_with("   ")).count();
    lines[start..=start + more].join("\n")
}

fn rows_as(mode: &str, asked: &str, results: &Path) -> String {
    let (of, format) = asked.split_once(": ").unwrap_or_else(|| panic!("no format: {asked}"));
    let mut words = of.split_whitespace();
    let file = words.next().unwrap();
    let wanted: Vec<(&str, &str)> = words.map(|w| w.split_once('=').unwrap_or_else(|| panic!("no value: {w}"))).collect();
    let has = |row: &Row| wanted.iter().all(|(column, value)| row.get(*column).unwrap_or_else(|| panic!("{file} has no {column}")) == value);
    let all: Vec<Row> = files(results, file).iter().flat_map(|(path, at)| read(path, at)).collect();
    let mut rows: Vec<&Row> = all.iter().filter(|row| has(row)).collect();
    if mode == "sum" {
        let column = format.trim_matches(['<', '>']);
        return rows.iter().map(|row| row[column].parse::<u64>().unwrap()).sum::<u64>().to_string();
    }
    assert!(!rows.is_empty(), "no row of {file} has {wanted:?}");
    match mode {
        "one" => assert_eq!(rows.len(), 1, "{file} {wanted:?}"),
        "range" => {
            let first = format.split(['<', ':', '>']).nth(1).unwrap();
            if rows.iter().all(|row| row[first].is_empty()) {
                return "–".to_owned();
            }
            rows.sort_by(|a, b| number(&a[first]).total_cmp(&number(&b[first])));
            rows = vec![rows[0], rows[rows.len() - 1]];
        }
        _ => {}
    }
    let mut shown: Vec<String> = rows.iter().map(|row| formatted(row, format, &all)).collect();
    let between = match mode {
        "one" | "lines" => "\n",
        "range" => {
            shown.dedup();
            " to "
        }
        _ => panic!("unknown mode {mode}"),
    };
    shown.join(between)
}

/// The files of a pattern in order, with the coordinates of their cells.
pub fn files(results: &Path, pattern: &str) -> Vec<(PathBuf, Row)> {
    let mut found = vec![(results.to_path_buf(), Row::new())];
    for part in pattern.split('/') {
        let matches = |name: &str| part.split_once('*').map_or(name == part, |(before, after)| name.starts_with(before) && name.ends_with(after));
        let inside = |(path, at): (PathBuf, Row)| {
            let mut names: Vec<String> = fs::read_dir(&path).into_iter().flatten().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
                .into_iter()
                .filter(|name| matches(name))
                .map(|name| {
                    let mut at = at.clone();
                    at.extend(name.split_once('=').map(|(axis, value)| (axis.to_owned(), value.to_owned())));
                    (path.join(name), at)
                })
                .collect::<Vec<_>>()
        };
        found = found.into_iter().flat_map(inside).collect();
    }
    assert!(!found.is_empty(), "{} has no {pattern}", results.display());
    found
}

fn read(path: &Path, at: &Row) -> Vec<Row> {
    let mut table = csv::Reader::from_path(path).unwrap();
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |cells: csv::StringRecord| header.iter().cloned().zip(cells.iter().map(str::to_owned)).chain(at.clone()).collect();
    table.records().map(|cells| row(cells.unwrap())).collect()
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("`{cell}` is no number"))
}

fn formatted(row: &Row, format: &str, all: &[Row]) -> String {
    let mut parts = format.split('<');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('>').unwrap();
        let (column, how) = name.split_once(':').unwrap_or((name, ""));
        let (column, row) = column.split_once('@').map_or((column, row), |(column, other)| (column, beside(row, other, all)));
        let cell = row.get(column).unwrap_or_else(|| panic!("no column {column} among {:?}", row.keys()));
        out += &match how {
            _ if cell.is_empty() => "–".to_owned(),
            "" => cell.clone(),
            "p" if number(cell) < 0.001 => "< 0.001".to_owned(),
            "p" => format!("{:.3}", number(cell)),
            _ => match how.strip_prefix('+') {
                Some(places) => format!("{:+.*}", places.parse().unwrap(), number(cell)),
                None => format!("{:.*}", how.parse().unwrap(), number(cell)),
            },
        };
        out += rest;
    }
    out.replace("– [–, –]", "–")
}

/// The row with another metric of the same arm, class and cell.
fn beside<'a>(row: &Row, other: &str, all: &'a [Row]) -> &'a Row {
    let (column, value) = other.split_once('=').unwrap();
    let is_same = |found: &&Row| ["set", "arm", "class", "fold", "gan"].iter().all(|key| found.get(*key) == row.get(*key));
    let found: Vec<&Row> = all.iter().filter(is_same).filter(|found| found[column] == value).collect();
    assert_eq!(found.len(), 1, "{other} beside {row:?}");
    found[0]
}
