//! A page made of a template and the tables of a run: no number of it is typed. Independent of which study it is about.
//!
//! `{{MODE FILE COLUMN=VALUE …: FORMAT}}` stands for rows of a CSV file. A `*` in FILE is any cell, whose coordinates are columns, too.
//! `one` is the only such row, `lines` are all of them, a line each, `list` has commas between them, and `range` has the rows with the
//! least and the greatest value of what FORMAT names first. In FORMAT, `<COLUMN>` is a cell, `<COLUMN:3>` with so many decimals,
//! `<COLUMN:+3>` with a sign, and `<COLUMN:p>` as a p value. `{{stage NAME}}` is a stage as the study file has it.

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
        out += &match asked.split_once(' ').unwrap() {
            ("stage", name) => stage(study, name),
            (mode, asked) => rows_as(mode, asked, results),
        };
        out += rest;
    }
    out
}

/// The lines of a stage.
fn stage(study: &str, name: &str) -> String {
    let lines: Vec<&str> = study.lines().collect();
    let start = lines.iter().rposition(|l| l.starts_with(&format!("  {name}:"))).unwrap_or_else(|| panic!("no stage {name}"));
    let more = lines[start + 1..].iter().take_while(|l| l.starts_with("   ")).count();
    lines[start..=start + more].join("\n")
}

fn rows_as(mode: &str, asked: &str, results: &Path) -> String {
    let (of, format) = asked.split_once(": ").unwrap_or_else(|| panic!("no format: {asked}"));
    let mut words = of.split_whitespace();
    let file = words.next().unwrap();
    let wanted: Vec<(&str, &str)> = words.map(|w| w.split_once('=').unwrap_or_else(|| panic!("no value: {w}"))).collect();
    let has = |row: &Row| wanted.iter().all(|(column, value)| row.get(*column).unwrap_or_else(|| panic!("{file} has no {column}")) == value);
    let mut rows: Vec<Row> = files(results, file).iter().flat_map(|(path, at)| read(path, at)).filter(has).collect();
    assert!(!rows.is_empty(), "no row of {file} has {wanted:?}");
    match mode {
        "one" => assert_eq!(rows.len(), 1, "{file} {wanted:?}"),
        "range" => {
            let first = format.split(['<', ':', '>']).nth(1).unwrap();
            rows.sort_by(|a, b| number(&a[first]).total_cmp(&number(&b[first])));
            rows = vec![rows[0].clone(), rows[rows.len() - 1].clone()];
        }
        _ => {}
    }
    let mut shown: Vec<String> = rows.iter().map(|row| formatted(row, format)).collect();
    let between = match mode {
        "one" | "list" => ", ",
        "lines" => "\n",
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

fn formatted(row: &Row, format: &str) -> String {
    let mut parts = format.split('<');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('>').unwrap();
        let (column, how) = name.split_once(':').unwrap_or((name, ""));
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
    out
}
