//! Import: films that lie in folders become a table of samples. Nothing is copied and nothing is decoded.
//!
//! Patients become pseudonyms here, and file names stay behind. A file that is no usable film is left out, with the
//! reason; whatever is left out is counted in the receipt.

mod folders;
mod list;
mod table;

use crate::contract::decode::Fault;
use crate::contract::prelude::*;
use crate::contract::source::{ListedFile, Source, SourceKind, SourcePath};
use crate::data::inspect;
use crate::data::sample::{Origin, Sample, Samples};
use std::collections::BTreeMap;

ports! {
    inputs {}
    outputs {
        /// One row per film.
        samples: Samples,
    }
}

/// Reads films that lie in a folder: with a table that says who and what they are, with a COVIDx list, or with a folder per class.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The folder of the films.
    pub images: SourcePath,
    /// A CSV table with a row per film; needs `columns`.
    #[serde(default)]
    pub table: Option<SourcePath>,
    /// A COVIDx text list: `patient file label source`, separated by spaces.
    #[serde(default)]
    pub list: Option<SourcePath>,
    /// Which columns of the table say what.
    #[serde(default)]
    pub columns: Option<Columns>,
    /// Labels as the source spells them, and what they are called here; films of other labels are left out. All labels where not given.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Keep only rows whose columns have one of these values.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// What the source is called where no column says so.
    #[serde(default)]
    pub source: Option<String>,
}

/// Columns of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The patient's identifier.
    pub patient: String,
    /// The file's name below `images`.
    pub file: String,
    /// The label.
    pub label: String,
    /// Where the film was collected.
    #[serde(default)]
    pub source: Option<String>,
    /// Age in years.
    #[serde(default)]
    pub age: Option<String>,
    /// Sex.
    #[serde(default)]
    pub sex: Option<String>,
    /// Projection.
    #[serde(default)]
    pub view: Option<String>,
}

/// A film as a source describes it.
#[derive(Debug, Default)]
struct Row {
    patient: String,
    file: String,
    label: String,
    source: String,
    age: Option<f64>,
    sex: String,
    view: String,
}

impl Stage for Import {
    const NAME: &'static str = "import";
    const VERSION: u32 = 2;
    const PSEUDONYMS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let fault = |path: &str, why: &str| vec![BadParameter { path: vec![path.into()], what: Fault::Value(why.into()) }];
        match (&self.table, &self.list, &self.columns) {
            (Some(_), Some(_), _) => fault("list", "a table and a list exclude each other"),
            (Some(_), None, None) => fault("table", "`columns` must say what the table's columns mean"),
            (None, _, Some(_)) => fault("columns", "there is no `table` that has columns"),
            (None, _, None) if !self.only.is_empty() => fault("only", "there is no `table` that has columns"),
            _ => vec![],
        }
    }

    fn sources(&self) -> Vec<Source> {
        let mut out = vec![Source { parameter: "images", path: self.images.clone(), what: SourceKind::Films, help: None }];
        out.extend(self.table.iter().map(|p| Source { parameter: "table", path: p.clone(), what: SourceKind::File, help: None }));
        out.extend(self.list.iter().map(|p| Source { parameter: "list", path: p.clone(), what: SourceKind::File, help: None }));
        out
    }

    fn run(&self, _: Inputs, cx: &Context) -> Result<Outputs> {
        let films = &cx.source("images").files;
        let mut rows = match (&self.table, &self.list) {
            (Some(_), _) => table::rows(&cx.read_source("table")?, self.columns.as_ref().expect("BUG: checked"), &self.only)?,
            (None, Some(_)) => list::rows(&cx.read_source("list")?)?,
            (None, None) => folders::rows(films),
        };
        self.map_labels(&mut rows, cx)?;
        self.samples(rows, films, cx)
    }
}

impl Import {
    fn map_labels(&self, rows: &mut Vec<Row>, cx: &Context) -> Result<()> {
        let Some(labels) = &self.labels else { return Ok(()) };
        let found: std::collections::BTreeSet<String> = rows.iter().map(|r| r.label.clone()).collect();
        if let Some(missing) = labels.keys().find(|l| !found.contains(*l)) {
            let known: Vec<&str> = found.iter().take(12).map(String::as_str).collect();
            return Err(Error::helped(format!("no film has the label `{missing}`"), format!("the source knows these labels: {}", known.join(", "))));
        }
        let before = rows.len();
        rows.retain(|r| labels.contains_key(&r.label));
        if rows.len() < before {
            cx.note(format!("{} films of other labels were left out", before - rows.len()));
        }
        rows.iter_mut().for_each(|r| r.label = labels[&r.label].clone());
        Ok(())
    }

    fn samples(&self, rows: Vec<Row>, films: &[ListedFile], cx: &Context) -> Result<Outputs> {
        let key = cx.pseudonyms.as_ref().expect("BUG: the kind makes pseudonyms");
        let by_name: std::collections::HashMap<&str, &ListedFile> = films.iter().map(|f| (f.name.as_str(), f)).collect();
        let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
        let mut kept: Vec<(Row, &ListedFile, inspect::Look)> = vec![];
        for row in rows {
            let why = match by_name.get(row.file.as_str()) {
                None => "no such file".to_owned(),
                Some(_) if row.patient.trim().is_empty() => "no patient".to_owned(),
                Some(_) if row.label.trim().is_empty() => "no label".to_owned(),
                Some(file) => match inspect::read_note(&file.note) {
                    Ok(look) => {
                        kept.push((row, file, look));
                        continue;
                    }
                    Err(why) => why,
                },
            };
            *left_out.entry(why).or_default() += 1;
        }
        for (why, n) in &left_out {
            cx.note(format!("{n} film{} left out: {why}", if *n == 1 { " was" } else { "s were" }));
        }
        if kept.is_empty() {
            let why = left_out.iter().max_by_key(|w| w.1).map_or("no film was found".to_owned(), |(why, n)| format!("no film is usable; {n} of them: {why}"));
            return Err(Error::helped(why, "check `images` and the file names in the table"));
        }
        // A film's number follows the order of file names within its patient, and reveals neither.
        kept.sort_by(|a, b| a.0.file.cmp(&b.0.file));
        let mut seen: BTreeMap<(hilum_cache::Digest, String, String), ()> = BTreeMap::new();
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let mut samples = vec![];
        let mut twice = 0;
        for (row, file, look) in kept {
            let patient = key.pseudonym(&row.patient);
            if seen.insert((file.digest, patient.clone(), row.label.clone()), ()).is_some() {
                twice += 1;
                continue;
            }
            let number = numbers.entry(patient.clone()).or_default();
            samples.push(Sample {
                image: file.digest,
                number: *number,
                patient,
                label: row.label,
                source: if row.source.is_empty() { self.source.clone().unwrap_or_else(|| "import".into()) } else { row.source },
                origin: Origin::Real,
                generator: None,
                parent: None,
                age: row.age,
                sex: row.sex,
                view: row.view,
                width: look.width,
                height: look.height,
            });
            *number += 1;
        }
        if twice > 0 {
            cx.note(format!("{twice} films stood there twice, with the same patient and label, and were taken once"));
        }
        Ok(Outputs { samples: Samples::of(samples) })
    }
}
