//! Counts and quotients that a paper prints, beside those of the study that repeats it. Independent of how either came about.

use super::counts::Counts;
use crate::pipeline::{Pipeline, binding};
use hilum_stages::published::{Here, Paper};
use hilum_stages::records::{Audited, Verdict};

/// A printed number and that of the study.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// What is counted.
    pub what: String,
    /// As it is printed.
    pub printed: String,
    /// What the study has; none if its table is not known.
    pub here: Option<String>,
    /// Why the two differ, where the paper's own counts say it.
    pub note: String,
}

/// Printed counts and quotients whose tables in the study are named.
pub fn beside(paper: &Paper, audit: &[Audited], p: &Pipeline, counts: &Counts) -> Vec<Beside> {
    let images = |here: &Here| -> Result<i128, String> {
        let none = || format!("this study has no table `{}`", here.table);
        let binding = binding::parse(&here.table).ok_or_else(none)?;
        let port = binding.port.as_deref().unwrap_or("samples");
        let table = counts.tables.iter().find(|t| binding.selects(&p.stages[t.stage].name) && t.port == port).ok_or_else(none)?;
        let of = |label: &str| table.labels.get(label).map(|c| c.images as i128).ok_or_else(|| format!("`{}` has no label `{label}`", here.table));
        here.labels().map(of).sum()
    };
    let of_name = |name: &str| images(paper.counts.get(name)?.here.as_ref()?).ok();
    let stated = paper.counts.0.iter().filter_map(|(name, count)| {
        let (here, quoted) = (images(count.here.as_ref()?), format!("`{name}`"));
        // A count that differs may be one that contradicts the others of the paper.
        let names = |a: &&Audited| a.verdict == Verdict::Inconsistent && (a.why.contains(&quoted) || a.why.contains(&format!(" {name}`")));
        let note = match &here {
            Ok(n) if Some(*n) == count.printed.whole() => String::new(),
            Ok(_) => audit.iter().find(names).map_or_else(String::new, |a| a.why.clone()),
            Err(why) => why.clone(),
        };
        Some(Beside { what: name.clone(), printed: count.printed.to_string(), here: here.ok().map(|n| n.to_string()), note })
    });
    let of_tables = paper.tables.iter().flat_map(|table| {
        let note = move |row: &str, column: &str| {
            let found = audit.iter().find(|a| a.table == table.table && a.row == row && a.column == column && a.verdict != Verdict::Consistent);
            found.map_or_else(String::new, |a| a.why.clone())
        };
        table.derived(&of_name).into_iter().map(move |q| Beside {
            what: format!("{}, {}, {}", table.table, q.row, q.column),
            note: if q.printed.replace(',', "") == q.here { String::new() } else { note(&q.row, &q.column) },
            printed: q.printed,
            here: Some(q.here),
        })
    });
    stated.chain(of_tables).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::study;
    use crate::plan::counts::counts;
    use hilum_stages::published::audit;

    const PAPER: &str = "paper: A\nsource: B\ncounts:\n  train: { printed: '80', in: p, here: { table: images, label: normal } }\n  sick: { printed: '20', in: p, here: { table: images.samples, label: covid } }\n  test: { printed: '60', in: p }\n  lost: { printed: '3', in: p, here: { table: nowhere, label: covid } }\ntables:\n  - table: Skew\n    in: p\n    columns: [real]\n    rows: { a: ['3.00'], b: ['0.33'] }\n    ratios:\n      - { row: a, column: real, of: train, over: sick }\n      - { row: b, column: real, of: sick, over: test }\n";

    #[test]
    fn printed_numbers_stand_beside_those_of_the_study() {
        let p = study("study: s\nseed: 1\nstages:\n  images: { stage: phantoms, with: { classes: { normal: { images: 80 }, covid: { images: 10 } } } }\n");
        let paper = Paper::read(PAPER.as_bytes()).unwrap();
        let found = beside(&paper, &audit(&paper).rows, &p, &counts(&p, &|_, _| Ok(None)).unwrap());
        let row = |what: &str, printed: &str, here: Option<&str>, note: &str| Beside {
            what: what.into(),
            printed: printed.into(),
            here: here.map(str::to_owned),
            note: note.into(),
        };
        let why = "80/20 = 4.000, not 3.00; 60, which is `test`, in place of 80, which is `train`, gives 3.00";
        let expected = [
            row("train", "80", Some("80"), ""),
            row("sick", "20", Some("10"), ""),
            row("lost", "3", None, "this study has no table `nowhere`"),
            row("Skew, a, real", "3.00", Some("8.000"), why),
        ];
        assert_eq!(found, expected, "what names no table of the study is not compared");
    }
}
