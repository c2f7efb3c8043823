//! Import: images that lie in directories become a table of samples. Nothing is copied and nothing is decoded.
//!
//! Patients become tokens that follow from their images, and pseudonyms in a table of their own; file names stay behind.
//! A file that is no usable image is left out, with the reason; whatever is left out is counted in the receipt.

mod folders;
mod list;
mod notes;
mod patients;
mod samples;
mod table;
#[cfg(test)]
mod tests;
mod text;

use crate::contract::decode::Fault;
use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceKind, SourcePath};
use crate::data::patients::Patients;
use crate::data::sample::Samples;
use crate::words::counted;
pub use patients::{FromWhat, PatientFrom};
use samples::{LeftOut, Row};
use std::collections::BTreeMap;

ports! {
    inputs {}
    outputs {
        /// One row per image.
        samples: Samples,
        /// The pseudonyms behind the tokens of the table.
        patients: Patients,
    }
}

/// Reads images that lie in a directory: with a table that says who and what they are, with a COVIDx list, or with a directory per class.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The directory of the images.
    pub images: SourcePath,
    /// A CSV table with a row per image; needs `columns`.
    #[serde(default)]
    pub table: Option<SourcePath>,
    /// A COVIDx text list: `patient file label source`, separated by spaces.
    #[serde(default)]
    pub list: Option<SourcePath>,
    /// Which columns of the table say what.
    #[serde(default)]
    pub columns: Option<Columns>,
    /// Labels as the source spells them, and what they are called here; images of other labels are left out. All labels where not given.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Keep only rows whose columns have one of these values.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// What the source is called where no column says so.
    #[serde(default)]
    pub source: Option<String>,
    /// Finds the patient's identifier in the path of each image, in place of a column or of a directory per patient.
    #[serde(default)]
    pub patient: Option<PatientFrom>,
    /// A name for whose identifiers these are: imports with one name number their patients alike; where not given, imports of one
    /// directory do. `one-per-image` states that each image is of a patient of its own.
    #[serde(default)]
    pub patients: Option<String>,
}

/// Columns of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The patient's identifier; may be absent where `patient` or `patients: one-per-image` says whose the images are.
    #[serde(default)]
    pub patient: Option<String>,
    /// The file's name below `images`.
    pub file: String,
    /// The label.
    pub label: String,
    /// Where the image was collected.
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

impl Stage for Import {
    const NAME: &'static str = "import";
    const VERSION: u32 = 3;
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
            _ => self.check_patients(),
        }
    }

    fn sources(&self) -> Vec<Source> {
        let mut out = vec![Source { parameter: "images", path: self.images.clone(), what: SourceKind::Films, help: None }];
        out.extend(self.table.iter().map(|p| Source { parameter: "table", path: p.clone(), what: SourceKind::File, help: None }));
        out.extend(self.list.iter().map(|p| Source { parameter: "list", path: p.clone(), what: SourceKind::File, help: None }));
        out
    }

    fn namespace(&self) -> Option<Namespace> {
        // `img`, `./img` and `img/` are one directory.
        let directory = || self.images.0.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
        let name = self.patients.clone().unwrap_or_else(directory);
        Some(Namespace { name, is_declared: self.patients.is_some(), one_per_image: self.is_one_per_image() })
    }

    fn run(&self, _: Inputs, cx: &Context) -> Result<Outputs> {
        let images = &cx.source("images").files;
        let mut left_out = LeftOut::default();
        let mut rows = match (&self.table, &self.list) {
            (Some(_), _) => table::rows(&cx.read_source("table")?, self.columns.as_ref().expect("BUG: checked"), &self.only)?,
            (None, Some(_)) => list::rows(&cx.read_source("list")?)?,
            (None, None) => folders::rows(images, &mut left_out),
        };
        self.identify(&mut rows)?;
        self.map_labels(&mut rows, cx)?;
        let key = cx.pseudonyms.as_ref().expect("BUG: the kind makes pseudonyms");
        let kept = samples::usable(rows, images, left_out, cx)?;
        let tokens = samples::tokens_of(&kept);
        self.remark(&kept, &tokens, cx);
        let out = samples::of(kept, self.source.as_deref(), &tokens, key);
        notes::confounding(&out.samples.rows).into_iter().for_each(|n| cx.note(n));
        Ok(out)
    }
}

impl Import {
    fn map_labels(&self, rows: &mut Vec<Row>, cx: &Context) -> Result<()> {
        let Some(labels) = &self.labels else { return Ok(()) };
        let found: std::collections::BTreeSet<String> = rows.iter().map(|r| r.label.clone()).collect();
        if let Some(missing) = labels.keys().find(|l| !found.contains(*l)) {
            let known: Vec<&str> = found.iter().take(12).map(String::as_str).collect();
            return Err(Error::helped(format!("no image has the label `{missing}`"), format!("the source knows these labels: {}", known.join(", "))));
        }
        let before = rows.len();
        rows.retain(|r| labels.contains_key(&r.label));
        if rows.len() < before {
            cx.note(counted(before - rows.len(), "image of another label was left out", "images of other labels were left out"));
        }
        rows.iter_mut().for_each(|r| r.label = labels[&r.label].clone());
        Ok(())
    }
}
