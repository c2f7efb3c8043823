//! Whose images are in which table, as the first table of a paper has it: age, sex, view and source, as far as they are known.

use super::{Chapter, Material};
use crate::report::artifacts::{ReportArtifact, Subject};
use crate::report::wide::{prose, table};
use hilum_cache::{Digest, Result};
use hilum_stages::data::sample::{Origin, Sample};
use hilum_stages::words::counted;
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHAPTER: Chapter = Chapter { id: "population", title: "Patients and images", about: &[Subject::SAMPLES], render };

/// Tables that stand side by side, and values of a column that are listed.
const TABLES: usize = 8;
const VALUES: usize = 12;

/// A table of samples in numbers.
struct Population {
    name: String,
    images: usize,
    patients: usize,
    /// Real images of no known patient.
    without_patient: usize,
    synthetic: usize,
    /// By the title of the column, values with their images; those of which nothing is known are empty.
    columns: Vec<(&'static str, BTreeMap<String, usize>)>,
    /// Known ages, sorted.
    ages: Vec<f64>,
}

fn render(m: &Material) -> Result<Option<Markup>> {
    let (mut shown, mut known): (Vec<Population>, BTreeSet<Digest>) = (vec![], BTreeSet::new());
    let (mut bases, mut further): (BTreeSet<String>, usize) = (BTreeSet::new(), 0);
    for found in m.of(Subject::SAMPLES) {
        let base = format!("{} {}", found.stage().split('/').next().unwrap_or_default(), found.port);
        if !known.insert(found.digest) {
            continue;
        }
        if shown.len() == TABLES || bases.contains(&base) {
            further += 1;
            continue;
        }
        let rows = m.samples_by_patient(found)?;
        if !rows.is_empty() {
            bases.insert(base);
            shown.push(Population::of(name(found), &rows));
        }
    }
    Ok((!shown.is_empty()).then(|| {
        html! {
            p { "Counts are of images, unless they say something else. What a source does not tell is unknown, and synthetic images have no age, sex or view of their own." }
            (side_by_side(&shown, &m.elsewhere("the tables of images")))
            @if further > 0 { p.more { (counted(further, "further table", "further tables")) ", such as those of other cells, in " (prose(&m.elsewhere("the tables of images"))) } }
        }
    }))
}

/// The stage with its output, if that has a name of its own.
pub(super) fn name(found: &ReportArtifact) -> String {
    if found.port == "samples" { found.stage().to_owned() } else { format!("{}, {}", found.stage(), found.port) }
}

impl Population {
    fn of(name: String, rows: &[Sample]) -> Population {
        let real: Vec<&Sample> = rows.iter().filter(|row| row.origin == Origin::Real).collect();
        let column = |title, of: fn(&Sample) -> &str| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for row in &real {
                let value = of(row);
                *counts.entry(if value.is_empty() { UNKNOWN.to_owned() } else { value.to_owned() }).or_default() += 1;
            }
            let is_known = counts.keys().any(|value| value != UNKNOWN);
            (title, if is_known { counts } else { BTreeMap::new() })
        };
        let mut labels: BTreeMap<String, usize> = BTreeMap::new();
        rows.iter().for_each(|row| *labels.entry(row.label.clone()).or_default() += 1);
        let mut ages: Vec<f64> = real.iter().filter_map(|row| row.age).collect();
        ages.sort_by(f64::total_cmp);
        let patients: BTreeSet<&str> = real.iter().map(|row| row.patient.as_str()).filter(|p| !p.is_empty()).collect();
        Population {
            name,
            images: rows.len(),
            patients: patients.len(),
            without_patient: real.iter().filter(|row| row.patient.is_empty()).count(),
            synthetic: rows.len() - real.len(),
            columns: vec![("class", labels), column("sex", |s| &s.sex), column("view", |s| &s.view), column("source", |s| &s.source)],
            ages,
        }
    }

    /// Median and quartiles of the known ages, by the nearest rank.
    fn age(&self) -> Option<String> {
        let at = |share: f64| self.ages.get(((self.ages.len() as f64 * share).ceil() as usize).max(1) - 1);
        let (low, middle, high) = (at(0.25)?, at(0.5)?, at(0.75)?);
        Some(format!("{middle:.0} [{low:.0}, {high:.0}], known of {}", self.ages.len()))
    }
}

const UNKNOWN: &str = "unknown";

/// A column for each table, a row for each value.
fn side_by_side(all: &[Population], elsewhere: &str) -> Markup {
    let columns = all[0].columns.len();
    let values = |at: usize| {
        let mut values: Vec<(&String, usize)> = vec![];
        for (value, n) in all.iter().flat_map(|p| &p.columns[at].1) {
            match values.iter_mut().find(|known| known.0 == value) {
                Some(known) => known.1 += n,
                None => values.push((value, *n)),
            }
        }
        values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        values
    };
    let share = |n: usize, of: usize| if n == 0 { "–".to_owned() } else { format!("{n} ({:.0} %)", n as f64 * 100.0 / of as f64) };
    let row = |head: String, cell: &dyn Fn(&Population) -> String| html! { th scope="row" { (head) } @for p in all { td.num { (cell(p)) } } };
    let mut rows = vec![
        row("images".to_owned(), &|p| p.images.to_string()),
        row("patients".to_owned(), &|p| p.patients.to_string()),
        row("synthetic images".to_owned(), &|p| share(p.synthetic, p.images)),
    ];
    if all.iter().any(|p| p.without_patient > 0) {
        rows.insert(2, row("real images of no known patient".to_owned(), &|p| share(p.without_patient, p.images)));
    }
    if all.iter().any(|p| !p.ages.is_empty()) {
        rows.push(row("age in years, median and quartiles".to_owned(), &|p| p.age().unwrap_or("–".to_owned())));
    }
    for at in 0..columns {
        let (title, found) = (all[0].columns[at].0, values(at));
        for (value, _) in found.iter().take(VALUES) {
            let of = |p: &Population| if at == 0 { p.images } else { p.images - p.synthetic };
            rows.push(row(format!("{title} {value}"), &|p| share(p.columns[at].1.get(*value).copied().unwrap_or(0), of(p))));
        }
        if found.len() > VALUES {
            rows.push(row(format!("{title}: {} more", found.len() - VALUES), &|_| String::new()));
        }
    }
    let heads: Vec<&str> = std::iter::once("of").chain(all.iter().map(|p| p.name.as_str())).collect();
    table("Patients and images of each table", &heads, &rows, elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::facts::Facts;
    use crate::report::tests::made;
    use hilum_cache::WritableStore;
    use serde_json::Value;

    const HEAD: &str = "image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n";

    #[test]
    fn what_is_known_of_patients_is_counted_and_what_is_not_is_said() {
        let held = tempfile::tempdir().unwrap();
        let store = WritableStore::create(&held.path().join("store")).unwrap();
        let row =
            |n: u8, patient: &str, origin: &str, age: &str, sex: &str| format!("{},{patient},0,covid,a<b,{origin},,,{age},{sex},,64,64\n", Digest::of(&[n]));
        let csv =
            [HEAD, &row(1, "p", "real", "40", "F"), &row(2, "p", "real", "60", "F"), &row(3, "q", "real", "", ""), &row(4, "", "synthetic", "", "")].concat();
        let stages = vec![
            made(&store, "import", ("samples", "samples.csv"), csv.as_bytes(), Value::Null),
            made(&store, "again", ("samples", "samples.csv"), csv.as_bytes(), Value::Null),
        ];
        let page = CHAPTER.of(&Facts { stages, ..Facts::default() }, &store.into_store()).unwrap().into_string();
        let line = |head: &str, cell: &str| {
            assert!(page.contains(&format!("<th scope=\"row\">{head}</th><td class=\"num\">{cell}</td></tr>")), "{head} {cell}: {page}")
        };
        line("images", "4");
        line("patients", "2");
        line("synthetic images", "1 (25 %)");
        line("age in years, median and quartiles", "40 [40, 60], known of 2");
        line("sex F", "2 (67 %)");
        line("sex unknown", "1 (33 %)");
        line("source a&lt;b", "3 (100 %)");
        line("class covid", "4 (100 %)");
        assert!(!page.contains("view ") || !page.contains("<th scope=\"row\">view"), "of which nothing is known");
        assert_eq!(page.matches("again").count(), 1, "the same table stands there once, and is evidence beside the other: {page}");
    }
}
