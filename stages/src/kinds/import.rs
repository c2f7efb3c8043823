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
use crate::contract::source::{Source, SourceKind, SourcePath};
use crate::contract::word::OrWord;
use crate::data::film::OnDamage;
use crate::data::patients::Patients;
use crate::data::sample::Samples;
pub use columns::{Column, Columns, LabelColumn, Several, Uncertain};
use labels::{Names, Said};
use left_out::Omitted;
pub use only::Values;
pub use patients::{FromWhat, PatientFrom};
use patterns::Excluded;
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
            _ => [self.columns.as_ref().map(Columns::check).unwrap_or_default(), self.check_patients()].concat(),
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
        let mut images = cx.source("images").clone();
        let mut omitted = Omitted::default();
        let excluded = Excluded::new(&self.exclude);
        images.files.retain(|f| {
            let is_out = excluded.is_match(&f.name);
            if is_out && self.table.is_none() && self.list.is_none() {
                omitted.add(&f.name, "", left_out::EXCLUDED);
            }
            !is_out
        });
        notes::passed_over(&images).into_iter().for_each(|n| cx.note(n));
        if self.table.is_none() && self.list.is_none() {
            images.passed_over.iter().filter(|p| !p.is_directory).for_each(|p| omitted.add(&p.name, "", p.why.as_str()));
        }
        let read = |parameter| cx.read_source(parameter);
        let encoding = self.encoding.as_deref().and_then(text::encoding);
        let mut rows = match (&self.table, &self.list) {
            (Some(_), _) => {
                let columns = self.columns.as_ref().expect("BUG: checked");
                table::rows(&text::decoded(&read("table")?, encoding)?, columns, &self.only, &mut omitted, cx)?
            }
            (None, Some(_)) => list::rows(&text::decoded(&read("list")?, encoding)?, &self.only, &mut omitted, cx)?,
            (None, None) => folders::rows(&images.files, self.label.as_deref(), &mut omitted, cx),
        };
        if let Some(label) = &self.label {
            rows.iter_mut().for_each(|r| r.said = Said::One(label.clone()));
        }
        self.identify(&mut rows)?;
        let several = self.columns.as_ref().and_then(|c| c.label.as_deref()).map_or(Several::default(), |l| l.several);
        let rows = labels::give(rows, &Names::new(self.labels.as_ref()), several, &mut omitted)?;
        let key = cx.pseudonyms.as_ref().expect("BUG: the kind makes pseudonyms");
        let kept = samples::usable(rows, &images, omitted, self.on_damage, cx)?;
        let tokens = samples::tokens_of(&kept);
        self.remark(&kept, &tokens, cx);
        let out = samples::of(kept, self.source.as_deref(), &tokens, key);
        notes::confounding(&out.samples.rows).into_iter().for_each(|n| cx.note(n));
        Ok(out)
    }
}
