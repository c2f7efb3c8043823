//! What the headers of DICOM files say of images: patient, sex, age, view and modality. What a table says comes first.
//!
//! Identifiers go from a header into a pseudonym and nowhere else.

#[cfg(test)]
mod tests;

use super::left_out;
use super::only::Values;
use super::patterns;
use super::row::{Row, Whose};
use super::text;
use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::contract::source::ListedFile;
use crate::contract::word::OrWord;
use crate::data::dicom::{About, about};
use crate::data::inspect;
use crate::words::counted;
use hilum_cache::Digest;
use rayon::prelude::*;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Modalities that are kept where the study names none: radiographs (CR, DX, DR, RG), copies of something that programs
/// made (OT), and no modality at all, as headers are often emptied (PS3.3 C.7.3.1.1.1).
const RADIOGRAPHS: &[&str] = &["", "CR", "DR", "DX", "OT", "RG"];

/// Modalities that a reason names. Others are not repeated: a header may say anything.
const OTHERS: &[&str] =
    &["CT", "ES", "GM", "IO", "IVUS", "MG", "MR", "NM", "OCT", "OP", "PT", "PX", "RF", "RTDOSE", "RTIMAGE", "SC", "SEG", "SM", "US", "XA", "XC"];

/// Which DICOM files are kept, by their headers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dicom {
    /// Keeps only files of one of these modalities or, with `not`, of none of them. By default CR, DX, DR, RG and OT are
    /// kept, and files that give none.
    #[serde(default)]
    pub modality: Option<OrWord<Values>>,
    /// Keeps only files with one of these view positions, such as `PA`, or, with `not`, with none of them.
    #[serde(default)]
    pub view: Option<OrWord<Values>>,
}

impl Dicom {
    fn chosen(&self) -> [(&'static str, Option<&Values>); 2] {
        [("modality", self.modality.as_deref()), ("view", self.view.as_deref())]
    }

    /// What is wrong with it.
    pub(super) fn check(&self) -> Vec<BadParameter> {
        let is_empty = |values: &&Values| values.given().next().is_none();
        let fault = |name: &str| BadParameter {
            path: vec!["dicom".into(), name.into()],
            what: Fault::Value("must be a list of values, or `not` with a list of values".into()),
        };
        self.chosen().into_iter().filter(|(_, values)| values.as_ref().is_some_and(is_empty)).map(|(name, _)| fault(name)).collect()
    }

    /// Whether a file is kept.
    ///
    /// # Errors
    /// Says why not.
    fn keep(&self, about: &About) -> std::result::Result<(), String> {
        match &self.modality {
            None if !RADIOGRAPHS.contains(&about.modality.as_str()) => {
                let known = OTHERS.iter().find(|m| **m == about.modality);
                let what = known.map_or("another modality".into(), |m| format!("modality {m}"));
                return Err(format!("{what}, which `dicom: {{ modality: … }}` does not name"));
            }
            Some(values) if !values.pass(&about.modality) => return Err(left_out::NOT_IN_HEADER.into()),
            _ => {}
        }
        match &self.view {
            Some(values) if !values.pass(&about.view) => Err(left_out::NOT_IN_HEADER.into()),
            _ => Ok(()),
        }
    }
}

/// How headers are used.
pub(super) struct Use<'a> {
    /// Which files are kept.
    pub(super) keep: &'a Dicom,
    /// They give the patients.
    pub(super) gives_patients: bool,
    /// Finds the patient in the identifier.
    pub(super) pattern: Option<Regex>,
}

/// The headers of the DICOM files among those that rows name.
pub(super) struct Headers<'a> {
    by_image: HashMap<Digest, About>,
    how: &'a Use<'a>,
}

impl<'a> Headers<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// Where a file cannot be read or changed meanwhile.
    pub(super) fn read<'f>(files: impl Iterator<Item = &'f ListedFile>, how: &'a Use<'a>) -> Result<Headers<'a>> {
        let is_dicom = |file: &&ListedFile| inspect::read_note(&file.note).is_ok_and(|look| look.is_dicom);
        let files: BTreeMap<Digest, &ListedFile> = files.filter(is_dicom).map(|file| (file.digest, file)).collect();
        let header = |(image, file): (Digest, &ListedFile)| match about(&Context::read_listed(file)?) {
            Ok(about) => Ok((image, about)),
            Err(why) => Err(Error::data(why)),
        };
        Ok(Headers { by_image: files.into_par_iter().map(header).collect::<Result<_>>()?, how })
    }

    /// Adds what the header of a row's file says to what the table does not.
    ///
    /// # Errors
    /// Says why the file is left out.
    pub(super) fn add(&self, row: &mut Row, file: &ListedFile) -> std::result::Result<(), String> {
        let about = self.by_image.get(&file.digest);
        if self.how.gives_patients {
            match about {
                Some(about) => row.patient = self.patient(about),
                None if inspect::read_note(&file.note).is_ok() => row.patient = Whose::Unnamed("no DICOM file, whose header would give the patient"),
                // What is wrong with the file is said instead.
                None => row.patient = Whose::Unknown,
            }
        }
        let Some(about) = about else { return Ok(()) };
        let put = |cell: &mut String, said: String| {
            if cell.is_empty() {
                *cell = said;
            }
        };
        put(&mut row.sex, text::sex(&about.sex));
        put(&mut row.age, about.age.clone());
        put(&mut row.view, about.view.clone());
        self.how.keep.keep(about)
    }

    fn patient(&self, about: &About) -> Whose {
        let id = about.patient.as_deref().unwrap_or_default();
        let id = match &self.how.pattern {
            Some(pattern) => patterns::first(pattern, id).unwrap_or_default(),
            None => id.to_owned(),
        };
        match Whose::named(&id) {
            Whose::Named(name) => Whose::Named(name),
            _ => Whose::Unnamed("no patient in its header"),
        }
    }

    /// Notes what users should know about the headers of images that are kept, and about values that none of them has.
    pub(super) fn remark(&self, kept: &BTreeSet<Digest>, cx: &Context) {
        for (name, values) in self.how.keep.chosen() {
            let has = |value: &&String| self.by_image.values().any(|a| [("modality", &a.modality), ("view", &a.view)].contains(&(name, *value)));
            let never: Vec<String> = values.iter().flat_map(|v| v.given()).filter(|v| !has(v)).map(|v| format!("`{v}`")).collect();
            if !never.is_empty() {
                cx.warn(format!("`dicom.{name}`: no DICOM file has {}", never.join(" or ")));
            }
        }
        let count = |is: fn(&About) -> bool| self.by_image.iter().filter(|(image, about)| kept.contains(*image) && is(about)).count();
        let say = |n: usize, one: &str, many: &str| (n > 0).then(|| counted(n, one, many));
        let of_frames = say(
            count(|a| a.frames > 1),
            "DICOM file has several frames, and is left out by `prepare` unless its `frame` chooses one",
            "DICOM files have several frames, and are left out by `prepare` unless its `frame` chooses one",
        );
        let burned = say(
            count(|a| a.burned_in == Some(true)),
            "DICOM file says that text is burned into its pixels, which may name the patient",
            "DICOM files say that text is burned into their pixels, which may name patients",
        );
        of_frames.into_iter().chain(burned).for_each(|said| cx.warn(said));
        let unknown = say(
            count(|a| a.burned_in.is_none()),
            "DICOM file does not say whether text is burned into its pixels",
            "DICOM files do not say whether text is burned into their pixels",
        );
        unknown.into_iter().for_each(|said| cx.note(said));
    }
}
