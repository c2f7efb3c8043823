//! Import: images that lie in directories become a table of samples. Nothing is copied and nothing is decoded.
//!
//! Patients become tokens that follow from their images, and pseudonyms in a table of their own; file names stay behind.
//! A file that is no usable image is left out, with the reason; whatever is left out is counted in the receipt.

mod columns;
mod find;
mod folders;
mod labels;
mod left_out;
mod list;
mod notes;
mod only;
mod patients;
mod patterns;
mod samples;
mod table;
#[cfg(test)]
mod tests;
mod text;

use crate::contract::decode::Fault;
use crate::contract::prelude::*;
use crate::contract::source::{ListedFile, Source, SourceKind, SourcePath};
use crate::contract::word::OrWord;
use crate::data::grey::OnDamage;
use crate::data::inspect;
use crate::data::patients::Patients;
use crate::data::sample::Samples;
pub use columns::{Column, Columns, LabelColumn, Several, Uncertain};
use labels::{Names, Said};
use left_out::Omitted;
pub use only::Values;
pub use patients::{FromWhat, PatientFrom};
use patterns::Excluded;
use samples::{Search, Whose};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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
    /// How the table or list is written, such as `latin1`; where not given it is UTF-8, or UTF-16 with its mark.
    #[serde(default)]
    pub encoding: Option<String>,
    /// What all images are called, where no column or directory says it.
    #[serde(default)]
    pub label: Option<String>,
    /// Labels as the source spells them, `*` standing for anything, and what they are called here; images of other labels are left out. All labels where not given.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Keep only rows whose columns have one of these values, or with `not` none of them. The columns of a list are `patient`, `file`, `label` and `source`.
    #[serde(default)]
    pub only: BTreeMap<String, OrWord<Values>>,
    /// Files and directories below `images` that are left out, as in a `.gitignore`: `masks/`, `*_mask.png`. Directories of masks always are where no table names what lies there.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What an image that is damaged does to the study.
    #[serde(default)]
    pub on_damage: OnDamage,
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

impl Stage for Import {
    const NAME: &'static str = "import";
    const VERSION: u32 = 4;
    const PSEUDONYMS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let fault = |path: &str, why: &str| vec![BadParameter { path: vec![path.into()], what: Fault::Value(why.into()) }];
        let has_rows = self.table.is_some() || self.list.is_some();
        let has_label = self.columns.as_ref().is_some_and(|c| c.label.is_some());
        match (&self.table, &self.list, &self.columns) {
            (Some(_), Some(_), _) => fault("list", "a table and a list exclude each other"),
            (Some(_), None, None) => fault("table", "`columns` must say what the table's columns mean"),
            (None, _, Some(_)) => fault("columns", "there is no `table` that has columns"),
            (Some(_), None, Some(_)) if !has_label && self.label.is_none() => {
                fault("columns", "nothing says what the images are: `columns.label` names a column, `label` gives all of them one")
            }
            (Some(_), None, Some(_)) if has_label && self.label.is_some() => fault("label", "`columns.label` says it, too: one of them must go"),
            (_, Some(_), _) if self.label.is_some() => fault("label", "the list says it, too"),
            _ if !has_rows && !self.only.is_empty() => fault("only", "there is no `table` or `list` that has columns"),
            _ if !has_rows && self.encoding.is_some() => fault("encoding", "there is no `table` or `list` that is written in it"),
            _ if self.encoding.as_deref().is_some_and(|e| text::encoding(e).is_none()) => {
                fault("encoding", "this encoding is not known; such are `utf-8`, `latin1`, `windows-1252`, `utf-16le`, `gb18030` and `shift_jis`")
            }
            _ if self.label.as_deref().is_some_and(text::is_nothing) => fault("label", "this must be a label"),
            _ => [self.columns.as_ref().map(Columns::check).unwrap_or_default(), only::check(&self.only), self.check_patients()].concat(),
        }
    }

    fn sources(&self) -> Vec<Source> {
        let mut out = vec![Source { parameter: "images", path: self.images.clone(), what: SourceKind::Images, help: None }];
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
        let has_rows = self.table.is_some() || self.list.is_some();
        let mut images = Cow::Borrowed(cx.source("images"));
        let mut omitted = Omitted::default();
        let mut excluded: Vec<ListedFile> = vec![];
        if !self.exclude.is_empty() {
            let exclude = Excluded::new(&self.exclude);
            let listing = images.to_mut();
            excluded = listing.files.extract_if(.., |f| exclude.is_match(&f.name)).collect();
            listing.passed_over.retain(|p| !exclude.is_match(&p.name));
            exclude.remark(cx);
        }
        notes::passed_over(&images).into_iter().for_each(|n| cx.note(n));
        if !has_rows {
            excluded.iter().for_each(|f| omitted.add(&f.name, "", left_out::EXCLUDED));
            images.passed_over.iter().filter(|p| !p.is_directory).for_each(|p| omitted.add(&p.name, "", p.why.as_str()));
            // What has no ending and is no image is a README or the like.
            let is_other = |f: &ListedFile| inspect::ending(&f.name).is_none() && inspect::read_note(&f.note).is_err_and(|why| inspect::is_other(&why));
            if images.files.iter().any(is_other) {
                images.to_mut().files.retain(|f| !is_other(f));
            }
        }
        let encoding = self.encoding.as_deref().and_then(text::encoding);
        let mut rows = match (&self.table, &self.list) {
            (Some(_), _) => {
                let columns = self.columns.as_ref().expect("BUG: checked");
                table::rows(&text::decoded(&cx.read_source("table")?, encoding)?, columns, &self.only, &mut omitted, cx)?
            }
            (None, Some(_)) => list::rows(&text::decoded(&cx.read_source("list")?, encoding)?, &self.only, &mut omitted, cx)?,
            (None, None) => folders::rows(&images.files, self.label.as_deref(), &mut omitted, cx),
        };
        if let Some(label) = &self.label {
            rows.iter_mut().for_each(|r| r.said = Said::One(label.clone()));
        }
        if self.is_one_per_image() {
            rows.iter_mut().for_each(|r| r.patient = Whose::Unknown);
        }
        let labels = Names::new(self.labels.as_ref());
        let several = self.columns.as_ref().and_then(|c| c.label.as_deref()).map_or(Several::default(), |l| l.several);
        let rows = labels::give(rows, &labels, several, &mut omitted, cx)?;
        let mut given: BTreeSet<String> = BTreeSet::new();
        for row in &rows {
            if !given.contains(&row.label) {
                given.insert(row.label.clone());
            }
        }
        let key = cx.pseudonyms.as_ref().expect("BUG: the kind makes pseudonyms");
        let whose = self.patient.as_ref().map(|p| patterns::expression(&p.pattern)).transpose().map_err(Error::data)?;
        let help = match (has_rows, &self.label) {
            (true, _) => "check `images` and the file names in the table; the list of what was left out names each with its reason",
            (false, None) => "name the directory that holds a directory for each class, or say `label: NAME` where all images are of one class",
            (false, Some(_)) => "check `images`",
        };
        let search = Search { images: &images, excluded: &excluded, whose, on_damage: self.on_damage, help };
        let kept = samples::usable(rows, &search, omitted, cx)?;
        notes::classes(&given, &kept).into_iter().for_each(|n| cx.note(n));
        let tokens = samples::tokens_of(&kept);
        self.remark(&kept, &tokens, cx);
        let out = samples::of(kept, self.source.as_deref(), &tokens, key);
        notes::confounding(&out.samples.rows).into_iter().for_each(|n| cx.note(n));
        Ok(out)
    }
}
