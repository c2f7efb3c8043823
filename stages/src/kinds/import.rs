//! Import: images in a directory become a table of samples. Nothing is copied and nothing is decoded.
//!
//! Patients become tokens that follow from their images, and pseudonyms in a table of their own; file names are
//! dropped. A file that is not a usable image is left out, with the reason; left-out images are counted in the receipt.

mod columns;
mod dicom;
mod directories;
mod find;
mod grid;
mod headers;
mod join;
mod labels;
mod left_out;
mod list;
mod notes;
mod only;
mod patients;
mod patterns;
mod presets;
mod row;
mod samples;
mod table;
#[cfg(test)]
mod tests;
mod text;

use crate::contract::bad_parameter::Fault;
use crate::contract::label;
use crate::contract::prelude::*;
use crate::contract::source::{ListedFile, Source, SourceFiles, SourceKind, SourcePath};
use crate::contract::word::OrWord;
use crate::data::grey::OnDamage;
use crate::data::inspect;
use crate::data::patients::Patients;
use crate::data::sample::Samples;
pub use columns::{Column, Columns, LabelColumn, Several, Uncertain};
pub use dicom::Dicom;
pub use join::{Join, On};
use labels::Names;
use left_out::Omitted;
pub use only::Values;
pub use patients::{FromWhat, Identifiers, PatientFrom, identifiers};
use patterns::Excluded;
use row::{Said, Whose};
use samples::Search;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

ports! {
    inputs {}
    outputs {
        /// One row per image.
        samples: Samples,
        /// The pseudonym of each patient, with the token that stands for the patient in the table.
        patients: Patients,
    }
}

/// Imports images (PNG, JPEG or DICOM) from a directory. Labels and patients come from a CSV table, from a COVIDx list, or from one directory per class.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The directory that contains the images.
    pub images: SourcePath,
    /// A CSV table, or a JSON list of mappings, with one row per image; requires `columns`.
    #[serde(default)]
    pub table: Option<SourcePath>,
    /// A second table, whose columns are added to those of `table`.
    #[serde(default)]
    pub join: Option<Join>,
    /// A COVIDx text list with lines of `patient file label source`, separated by spaces.
    #[serde(default)]
    pub list: Option<SourcePath>,
    /// What the columns of the table contain.
    #[serde(default)]
    pub columns: Option<Columns>,
    /// Encoding of the tables or the list, such as `latin1`. By default UTF-8, or UTF-16 if there is a byte order mark.
    #[serde(default)]
    pub encoding: Option<String>,
    /// One label for all images, if no column or directory gives it.
    #[serde(default)]
    pub label: Option<String>,
    /// Maps labels of the source to labels of the study; `*` matches any text. Images with other labels are left out.
    /// By default all labels are kept as they are.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Keeps only rows in which each of these columns has one of the given values or, with `not`, none of them. The
    /// columns of a list are `patient`, `file`, `label` and `source`. The column of patients is refused: a study names no
    /// patient.
    #[serde(default)]
    pub only: BTreeMap<String, OrWord<Values>>,
    /// Keeps only DICOM files with these modalities or views. Their headers give sex, age and view of images for which no
    /// column does.
    #[serde(default)]
    pub dicom: Dicom,
    /// Files and directories in `images` to leave out, by patterns as in `.gitignore`: `masks/`, `*_mask.png`.
    /// Directories of masks are always left out, unless a table names their files.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What to do if an image is damaged.
    #[serde(default)]
    pub on_damage: OnDamage,
    /// Name of the source, if no column gives it.
    #[serde(default)]
    pub source: Option<String>,
    /// Takes the patient's identifier from the path of each image, or from its DICOM header, instead of from a column or
    /// from one directory per patient.
    #[serde(default)]
    pub patient: Option<PatientFrom>,
    /// A name for the set of patient identifiers: in imports with the same name, equal identifiers mean the same
    /// patient. By default this holds for imports of the same directory. `one-per-image` states that each image is of a
    /// different patient.
    #[serde(default)]
    pub patients: Option<String>,
}

impl Stage for Import {
    const NAME: &'static str = "import";
    const VERSION: u32 = 5;
    const PSEUDONYMS: bool = true;
    const PRESETS: &'static [Preset] = presets::PRESETS;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let fault = |path: &str, why: &str| vec![BadParameter { path: vec![path.into()], what: Fault::Value(why.into()) }];
        let has_rows = self.table.is_some() || self.list.is_some();
        let has_label = self.columns.as_ref().is_some_and(|c| c.label.is_some());
        match (&self.table, &self.list, &self.columns) {
            (Some(_), Some(_), _) => fault("list", "`table` and `list` cannot be used together"),
            (Some(_), None, None) => fault("table", "`columns` must say what the columns of the table contain"),
            (None, _, Some(_)) => fault("columns", "`columns` requires `table`"),
            (None, ..) if self.join.is_some() => fault("join", "`join` requires `table`"),
            (Some(_), None, Some(_)) if !has_label && self.label.is_none() => {
                fault("columns", "the images have no labels: name a column with `columns.label`, or give all images one label with `label`")
            }
            (Some(_), None, Some(_)) if has_label && self.label.is_some() => fault("label", "`label` and `columns.label` cannot be used together"),
            (_, Some(_), _) if self.label.is_some() => fault("label", "`label` and `list` cannot be used together: the list has labels"),
            _ if !has_rows && !self.only.is_empty() => fault("only", "`only` requires `table` or `list`"),
            _ if !has_rows && self.encoding.is_some() => fault("encoding", "`encoding` requires `table` or `list`"),
            _ if self.encoding.as_deref().is_some_and(|e| text::encoding(e).is_none()) => {
                fault("encoding", "unknown encoding; known ones include `utf-8`, `latin1`, `windows-1252`, `utf-16le`, `gb18030` and `shift_jis`")
            }
            _ if self.label.as_deref().is_some_and(text::is_nothing) => fault("label", "must be a label"),
            _ if self.labels.as_ref().is_some_and(BTreeMap::is_empty) => fault("labels", "no label is kept: name at least one"),
            _ => [
                self.check_labels(),
                self.columns.as_ref().map(Columns::check).unwrap_or_default(),
                self.join.as_ref().map(Join::check).unwrap_or_default(),
                only::check(&self.only, &self.columns_of_patients()),
                self.check_patients(),
                self.dicom.check(),
            ]
            .concat(),
        }
    }

    fn sources(&self) -> Vec<Source> {
        let mut out = vec![Source { parameter: "images".into(), path: self.images.clone(), what: SourceKind::Images, help: None }];
        out.extend(self.table.iter().map(|p| Source { parameter: "table".into(), path: p.clone(), what: SourceKind::File, help: None }));
        let joined = self.join.iter().map(|join| Source { parameter: "join.table".into(), path: join.table.clone(), what: SourceKind::File, help: None });
        out.extend(joined);
        out.extend(self.list.iter().map(|p| Source { parameter: "list".into(), path: p.clone(), what: SourceKind::File, help: None }));
        out
    }

    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        headers::check(self, files).err()
    }

    fn namespace(&self) -> Option<Namespace> {
        // `img`, `./img` and `img/` are the same directory.
        let directory = || self.images.0.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
        let name = self.patients.clone().unwrap_or_else(directory);
        Some(Namespace { name, is_declared: self.patients.is_some(), one_per_image: self.is_one_per_image() })
    }

    fn images(&self, files: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        // A table, a list and a choice of labels name fewer images than there are files.
        let chooses = self.table.is_some()
            || self.list.is_some()
            || self.labels.is_some()
            || !self.only.is_empty()
            || !self.exclude.is_empty()
            || self.dicom != Dicom::default();
        if chooses { None } else { files("images") }
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
        notes::passed_over(&images).into_iter().for_each(|n| cx.say(n));
        if !has_rows {
            excluded.iter().for_each(|f| omitted.add(&f.name, "", left_out::EXCLUDED));
            images.passed_over.iter().filter(|p| !p.is_directory).for_each(|p| omitted.add(&p.name, "", p.why.as_str()));
            // A file without an extension that is not an image is a README or the like.
            let is_other = |f: &ListedFile| inspect::ending(&f.name).is_none() && inspect::read_note(&f.note).is_err_and(|why| inspect::is_no_image(&why));
            if images.files.iter().any(is_other) {
                images.to_mut().files.retain(|f| !is_other(f));
            }
        }
        let encoding = self.encoding.as_deref().and_then(text::encoding);
        let mut rows = match (&self.table, &self.list) {
            (Some(_), _) => {
                let columns = self.columns.as_ref().expect("BUG: checked");
                let (first, second) = (cx.read_source("table")?, self.join.as_ref().map(|_| cx.read_source("join.table")).transpose()?);
                let second = second.as_deref().map(|bytes| text::decoded(bytes, encoding)).transpose()?;
                let second = self.join.as_ref().zip(second.as_deref());
                table::rows(&text::decoded(&first, encoding)?, columns, &self.only, second, &mut omitted, cx)?
            }
            (None, Some(_)) => {
                let finder = samples::finder(&images, &excluded);
                list::rows(&text::decoded(&cx.read_source("list")?, encoding)?, &self.only, &|name| finder.is_known(name), &mut omitted, cx)?
            }
            (None, None) => directories::rows(&images.files, self.label.as_deref(), &mut omitted, cx),
        };
        if self.table.is_none() && self.list.is_none() && self.label.is_none() && self.labels.is_none() {
            directories::refuse_patients(&rows)?;
        }
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
        let expression = |from: FromWhat| self.patient.as_ref().map_or(Ok(None), |p| p.expression(from));
        let gives_patients = self.patient.as_ref().is_some_and(|p| p.from == FromWhat::Dicom);
        let headers = dicom::Use { keep: &self.dicom, gives_patients, pattern: expression(FromWhat::Dicom)? };
        let whose = expression(FromWhat::Path)?;
        let help = match (has_rows, &self.label) {
            (true, _) => "check `images` and the file names in the table; the list of left-out images gives the reason for each",
            (false, None) => "set `images` to the directory that contains one directory per class, or give all images one label with `label: NAME`",
            (false, Some(_)) => "check `images`",
        };
        let written = self.written_labels();
        let search = Search { images: &images, excluded: &excluded, whose, headers, on_damage: self.on_damage, written: &written, help };
        let kept = samples::usable(rows, &search, omitted, cx)?;
        notes::classes(&given, &kept, &written).into_iter().for_each(|n| cx.say(n));
        let tokens = samples::tokens_of(&kept);
        self.remark(&kept, &tokens, cx);
        let out = samples::of(kept, self.source.as_deref(), &tokens, key);
        notes::confounding(&out.samples.rows).into_iter().for_each(|n| cx.say(n));
        Ok(out)
    }
}

impl Import {
    /// Labels that the study itself writes, and whoever has the study can read.
    fn written_labels(&self) -> BTreeSet<&str> {
        let renamed = self.labels.iter().flatten().flat_map(|(pattern, name)| [pattern, name]);
        let columns = self.columns.iter().filter_map(|c| c.label.as_deref()).flat_map(|label| &label.columns);
        self.label.iter().chain(renamed).chain(columns).map(String::as_str).collect()
    }

    /// Labels of the study that parameters give.
    fn check_labels(&self) -> Vec<BadParameter> {
        let one = self.label.iter().map(|label| (vec!["label".into()], label.as_str()));
        let renamed = self.labels.iter().flatten().map(|(pattern, name)| (vec!["labels".into(), pattern.clone()], name.as_str()));
        let columns = self.columns.iter().filter_map(|c| c.label.as_deref()).flat_map(|label| label.columns.iter().enumerate());
        let columns = columns.map(|(at, name)| (["columns", "label", "columns", &at.to_string()].map(String::from).to_vec(), name.as_str()));
        label::check(one.chain(renamed).chain(columns))
    }
}
