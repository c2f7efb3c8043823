//! The published tables of `pipelines/published`: exactly these cells contradict the numbers of their papers.

use super::{Paper, audit};
use crate::records::{Audited, Verdict};

const PAPERS: [(&str, &str); 5] = [
    ("zunair-hamza-2020", include_str!("../../../pipelines/published/zunair-hamza-2020.yaml")),
    ("zunair-hamza-2021", include_str!("../../../pipelines/published/zunair-hamza-2021.yaml")),
    ("schaudt", include_str!("../../../pipelines/published/schaudt.yaml")),
    ("liang", include_str!("../../../pipelines/published/liang.yaml")),
    ("davoodi-lo-giudice", include_str!("../../../pipelines/published/davoodi-lo-giudice.yaml")),
];

fn audited(name: &str) -> Vec<Audited> {
    let text = PAPERS.iter().find(|p| p.0 == name).unwrap().1;
    audit(&Paper::read(text.as_bytes()).unwrap()).rows
}

/// What is not consistent, in one line each.
fn wrong(name: &str) -> Vec<String> {
    let rows = audited(name).into_iter().filter(|r| r.verdict != Verdict::Consistent);
    rows.map(|r| {
        let by = if r.verdict == Verdict::Explained { format!(", explained: {}", r.explained_by) } else { String::new() };
        format!("{} | {} | {}: {} for {}{by}", r.table, r.row, r.column, r.printed, r.expected)
    })
    .collect()
}

#[test]
fn print_all() {
    for (name, _) in PAPERS {
        println!("== {name}");
        for r in audited(name) {
            println!("{:?} {} | {} | {}: {} <- {} [{}] {}", r.verdict, r.table, r.row, r.column, r.printed, r.expected, r.explained_by, r.why);
        }
        wrong(name);
    }
}
