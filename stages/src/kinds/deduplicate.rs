//! Deduplicate: of images that show one picture, one is kept, and patients who share a picture are one. Independent of how images are
//! compared ([`crate::duplicates`]).

mod compare;
mod decide;
mod tables;

use crate::contract::bad_parameter::Fault;
use crate::contract::prelude::*;
use crate::data::embedding::Embedding;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Origin, Sample, Samples};
use crate::kinds::spaces;
use crate::records::{DuplicatePair, JoinedPatient, SharedPictures, Table};
use decide::Decision;
use hilum_cache::Digest;
use std::collections::BTreeSet;

ports! {
    inputs {
        /// Real images of one table or several.
        samples: Vec<Samples>,
        /// Their pixels, all of one size, unless files alone are compared.
        images: Option<Vec<Images>> [by samples],
        /// Features of the images by one extractor: images that are near by them are compared, too, whatever their hashes.
        features: Option<Vec<Embedding>>,
    }
    outputs {
        /// What is kept: an image of each picture. Patients who share a picture have one token.
        samples: Samples [contains samples],
        /// What ties images together that show one picture, and which of them is kept.
        report: Table<DuplicatePair> [contains samples; influenced images features],
        /// How many pictures each two sources share, and each source has several times.
        summary: Table<SharedPictures> [contains samples; influenced images features],
        /// The patients who count as another one, by token.
        joined: Table<JoinedPatient> [contains samples; influenced images features],
    }
}

/// Leaves one image of each picture, whichever tables and sources its copies are in.
///
/// Public collections are made of each other: images of the COVID-19 image data collection are also in COVIDx, in the COVID-19
/// radiography database and in Figure 1. A copy that is trained and tested on makes a test easy, and one that is in a class twice counts
/// twice. `prepare` all sources at one size, deduplicate, and `split` what is kept.
///
/// Images are one picture if they are the same file, if their pixels are equal, or if one, laid upon the other at 64 × 64 pixels,
/// correlates by 0.99 or more, and by 0.9 or more in its fine structure: as they are, or with their greys made equally frequent. Which
/// images are laid upon each other follows from perceptual hashes, and from features where they are bound. So copies are found that were
/// resized, saved with loss, brightened, windowed, or cropped by up to 2 % at each edge; those that were turned, inverted, cropped by
/// more, or written upon are not. Images of a hundred pixels and fewer need care: look at the pairs.
///
/// A picture is all images that are tied together, directly or by others. If a picture has more than one label, the stage stops, unless
/// `on_conflict` says what to do. Patients who share a picture are one person under two names, or cannot be told apart: from here on
/// they have one token and stay in one part of a split, with all their images. The checks and the report count them as one everywhere in the study.
///
/// A left-out image of `prepare` has no pixels; it is compared by its file, and stages that need its pixels skip it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deduplicate {
    /// What makes images one picture. Each of these includes those before it.
    #[serde(default)]
    pub by: By,
    /// Mirrored copies are copies, too.
    #[serde(default)]
    pub mirrored: bool,
    /// Features nominate images whose cosine is at least this, among the ten nearest of each.
    #[serde(default = "default_cosine")]
    pub cosine: Share,
    /// Which image of a picture is kept.
    #[serde(default)]
    pub keep: Keep,
    /// What to do with a picture whose images have different labels.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

fn default_cosine() -> Share {
    Share::of(0.9)
}

/// What makes images one picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The same bytes.
    File,
    /// The same pixels, as when a file was saved again without loss.
    Pixels,
    /// The same picture in other pixels.
    #[default]
    Look,
}

/// Which image of a picture is kept. Of images that are equal in this, the one with the smallest digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The one with the most pixels, as its file has them.
    #[default]
    Largest,
    /// One of the first of these sources; other sources come last. Within a source, the largest.
    FirstSource(Vec<String>),
}

/// What to do with a picture whose images have different labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnConflict {
    /// The stage fails.
    #[default]
    Stop,
    /// All images of the picture are left out.
    DropAll,
    /// The image that `keep` chooses is kept, with its label.
    Keep,
}

impl Stage for Deduplicate {
    const NAME: &'static str = "deduplicate";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Heavy;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let bad = |parameter: &str, why: String| BadParameter { path: vec![parameter.into()], what: Fault::Value(why) };
        let mirrored = (self.mirrored && self.by != By::Look).then(|| bad("mirrored", "mirrored copies are found `by: look`".into()));
        let twice = match &self.keep {
            Keep::FirstSource(sources) => sources.iter().enumerate().find(|(n, source)| sources[..*n].contains(source)),
            Keep::Largest => None,
        };
        mirrored.into_iter().chain(twice.map(|(_, source)| bad("keep", format!("names the source `{source}` twice")))).collect()
    }

    fn reads(&self, port: &str) -> bool {
        match port {
            "images" => self.by != By::File,
            "features" => self.by == By::Look,
            _ => true,
        }
    }

    fn requires(&self, port: &str) -> Option<&'static str> {
        (port == "images" && self.reads(port)).then_some("pixels are compared, unless `by: file` is set")
    }

    fn takes(&self, _: &str) -> Takes {
        // Whoever loses an image shares its picture with whose image is kept, and counts as the same person.
        if self.on_conflict == OnConflict::DropAll { Takes::Any } else { Takes::Some }
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let rows = rows(inputs.samples);
        spaces::only(Origin::Real, "samples", &rows)?;
        self.check_sources_named(&rows)?;
        let store = inputs.images.as_deref().filter(|_| self.reads("images")).map(ImageStore::of).transpose()?;
        let features = inputs.features.as_deref().filter(|_| self.reads("features"));
        let ties = match &store {
            Some(store) => compare::ties(self, &rows, store, features, cx)?,
            None => vec![],
        };
        let decision = Decision::of(self, &rows, ties)?;
        decision.say(&rows, cx);
        Ok(Outputs {
            report: tables::report(&rows, &decision),
            summary: tables::summary(&rows, &decision),
            joined: decision.joined(),
            samples: decision.kept(rows),
        })
    }
}

impl Deduplicate {
    /// What would be kept if no two files showed one picture: as much as tables alone say.
    ///
    /// # Errors
    /// Where one file has different labels, and nothing says what to do then.
    pub(crate) fn by_files(&self, samples: Vec<Samples>) -> Result<Samples> {
        let rows = rows(samples);
        Ok(Decision::of(self, &rows, vec![])?.kept(rows))
    }

    /// Refuses sources that no image is of: a misspelt one would come last.
    fn check_sources_named(&self, rows: &[Sample]) -> Result<()> {
        let Keep::FirstSource(sources) = &self.keep else { return Ok(()) };
        let known: BTreeSet<&str> = rows.iter().map(|row| row.source.as_str()).collect();
        match sources.iter().find(|source| !known.contains(source.as_str())) {
            Some(source) => Err(Error::helped(
                format!("`keep` names the source `{source}`, but no image is of it"),
                format!("the sources are: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
            )),
            None => Ok(()),
        }
    }
}

/// The rows of all tables in an order that follows from what is in them: by image first.
fn rows(tables: Vec<Samples>) -> Vec<Sample> {
    let mut rows: Vec<Sample> = tables.into_iter().flat_map(|table| table.rows).collect();
    rows.sort_by(|a, b| {
        let words = |s: &Sample| (s.image, s.source.clone(), s.label.clone(), s.patient.clone(), s.view.clone(), s.sex.clone());
        let age = |s: &Sample| s.age.unwrap_or(f64::NEG_INFINITY);
        a.image.cmp(&b.image).then_with(|| words(a).cmp(&words(b))).then(age(a).total_cmp(&age(b))).then((a.number, a.parent).cmp(&(b.number, b.parent)))
    });
    rows
}

/// The images of sorted rows, each once, and for each row the place of its image among them.
fn images(rows: &[Sample]) -> (Vec<Digest>, Vec<usize>) {
    let mut images: Vec<Digest> = vec![];
    let of_row = |row: &Sample| {
        if images.last() != Some(&row.image) {
            images.push(row.image);
        }
        images.len() - 1
    };
    let places = rows.iter().map(of_row).collect();
    (images, places)
}

#[cfg(test)]
mod tests;
