//! Phantoms: drawn chest images of no real person, with patients, classes, sources and a known difficulty.
//!
//! An image is a body with two lungs, ribs, a heart and noise. The class shows as nothing, as soft opacities at the
//! periphery, or as one dense focus. A share `hidden` of the images of a class with a finding does not show it: these
//! cannot be recognised, so that the best possible AUROC against images without findings is `1 − hidden/2`. Ages and
//! sex of patients are drawn whatever the class.
//!
//! What has nothing to do with the finding may go together with the class if a study says so: a mark at the border, and
//! the source, which shows by its grey level. They are drawn from streams of their own, so that an image with its mark and
//! the same image without it differ in nothing else.

mod draw;

use crate::contract::bounds::bounds;
use crate::contract::label;
use crate::contract::prelude::*;
use crate::data::patients::tokens;
use crate::data::png;
use crate::data::sample::{ImageFile, Origin, Sample, Samples};
use hilum_cache::Digest;
use rayon::prelude::*;
use std::collections::BTreeMap;

ports! {
    inputs {}
    outputs {
        /// The images with their table.
        samples: Samples,
    }
}

/// Draws artificial chest images of no real person, for trying out a study without data. Patients have an age from 18 to 90 years and a
/// sex, F or M, neither of which depends on the class.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phantoms {
    /// Side of the images in pixels.
    #[serde(default = "default_size")]
    pub size: Whole<16, 1024>,
    /// The classes.
    pub classes: BTreeMap<String, Class>,
    /// Images per patient, on average; patients have one to three.
    #[serde(default = "default_images_per_patient")]
    pub images_per_patient: ImagesPerPatient,
    /// Contrast of the findings against the noise: 1 is clear, 0.3 is faint.
    #[serde(default = "default_contrast")]
    pub contrast: Contrast,
    /// Number of sources (hospitals), each with its own brightness.
    #[serde(default = "default_sources")]
    pub sources: Whole<1, 9>,
    /// Grey that is added to the images of each source, as a share of white, one number for each of `sources`: a level by which a source
    /// is recognised. None by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
}

bounds! {
    /// Images per patient, on average.
    ImagesPerPatient: from 1, to 3;
    /// Contrast of findings against the noise.
    Contrast: from 0, to 2;
    /// Grey that is added, as a share of white.
    Level: from -0.5, to 0.5;
}

/// One class of images.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Number of images.
    pub images: Whole<1, 1_000_000>,
    /// The finding that they show.
    #[serde(default)]
    pub finding: Finding,
    /// Share of the images that do not show the finding.
    #[serde(default = "default_hidden")]
    pub hidden: Share,
    /// Share of the images with a white mark in the upper left corner, within an eighth of the side. If it differs between classes, the mark
    /// tells them apart without any finding. None by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Share>,
    /// Share of the patients from each of `sources`, in their order; they add up to 1. If they differ between classes, the source tells
    /// them apart. By default, patients are from each source with the same probability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Share>,
}

impl Class {
    /// The source of a patient.
    fn source(&self, sources: usize, stream: &mut Stream) -> usize {
        if self.sources.is_empty() {
            return stream.below(sources);
        }
        let at = stream.unit();
        let ends = self.sources.iter().scan(0.0, |sum, share| {
            *sum += share.get();
            Some(*sum)
        });
        // Shares that add up to a little less than 1 leave nothing behind the last.
        ends.take(sources - 1).filter(|end| at >= *end).count()
    }
}

/// The finding that an image shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// No finding.
    #[default]
    None,
    /// Soft opacities at the periphery of both lungs.
    Peripheral,
    /// One dense focus in one lung.
    Focal,
}

fn default_size() -> Whole<16, 1024> {
    Whole::of(64)
}
fn default_images_per_patient() -> ImagesPerPatient {
    ImagesPerPatient::of(1.4)
}
fn default_contrast() -> Contrast {
    Contrast::of(0.8)
}
fn default_sources() -> Whole<1, 9> {
    Whole::of(1)
}
fn default_hidden() -> Share {
    Share::of(0.0)
}

/// Images that a stage draws at most: an artifact that lists more files would not be read.
const MOST: u64 = 3_000_000;
/// Bytes of a PNG file, and of its row in the table, that do not grow with the image.
const FRAME: u64 = 512;

/// What is known of a patient besides the images.
struct Person {
    /// In whole years.
    age: f64,
    /// F or M.
    sex: &'static str,
}

impl Person {
    fn of(stream: &mut Stream) -> Person {
        let age = (55.0 + 16.0 * stream.normal()).round().clamp(18.0, 90.0);
        Person { age, sex: if stream.chance(0.5) { "F" } else { "M" } }
    }
}

/// An image that will be drawn.
pub(crate) struct Planned<'a> {
    /// The number of its patient.
    pub(crate) patient: u64,
    /// Its label.
    pub(crate) label: &'a String,
    class: &'a Class,
    source: usize,
}

impl Planned<'_> {
    /// Where it is from.
    pub(crate) fn source(&self) -> String {
        source_name(self.source)
    }
}

fn source_name(source: usize) -> String {
    format!("phantom-{}", source + 1)
}

/// What an image shows of what depends on chance.
#[derive(Debug, PartialEq)]
struct Shown {
    finding: Finding,
    is_marked: bool,
}

impl Shown {
    /// That of an image; `stream` is the one that it is drawn from.
    fn of(class: &Class, stream: &mut Stream, mark: impl FnOnce() -> Stream) -> Shown {
        let finding = if stream.chance(*class.hidden) { Finding::None } else { class.finding };
        Shown { finding, is_marked: class.mark.is_some_and(|share| mark().chance(*share)) }
    }
}

impl Phantoms {
    /// What all pixels of the images together are: how much there is to draw.
    pub(crate) fn pixels(&self) -> u64 {
        self.images(&|_| None).unwrap_or(u64::MAX).saturating_mul(u64::from(*self.size).pow(2))
    }

    /// All images, without drawing one, each with what decides its bytes: two stages of one seed may draw some images alike.
    pub(crate) fn foreseen(&self, cx: &Context) -> impl Iterator<Item = (Planned<'_>, String)> {
        let (images, marks, seed) = (cx.stream("films"), cx.stream("marks"), cx.seed);
        self.planned(cx).into_iter().zip(0..).map(move |(planned, n)| {
            let shown = Shown::of(planned.class, &mut images.item(n), || marks.item(n));
            // The contrast is that of a finding.
            let contrast = (shown.finding != Finding::None).then(|| self.contrast.get());
            let level = self.level(planned.source);
            let content = format!("{seed:?} {} {n} {} {} {level} {contrast:?} {shown:?}", self.size.get(), planned.patient, planned.source);
            (planned, content)
        })
    }

    fn level(&self, source: usize) -> f64 {
        self.levels.get(source).map_or(0.0, |level| level.get())
    }

    /// All images, without drawing one.
    fn planned(&self, cx: &Context) -> Vec<Planned<'_>> {
        let mut out = vec![];
        let mut patient = 0u64;
        for (label, class) in &self.classes {
            let mut stream = cx.stream(&format!("patients {label}"));
            let mut left = class.images.get();
            while left > 0 {
                let more = *self.images_per_patient - 1.0;
                let images = (1 + u32::from(stream.chance(more / 2.0)) + u32::from(stream.chance(more / 2.0))).min(left);
                left -= images;
                let source = class.source(*self.sources as usize, &mut stream);
                out.extend((0..images).map(|_| Planned { patient, label, class, source }));
                patient += 1;
            }
        }
        out
    }
}

impl Stage for Phantoms {
    const NAME: &'static str = "phantoms";
    const VERSION: u32 = 4;
    const SEEDED: bool = true;
    const DRAWN: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let count = *self.sources as usize;
        let fits =
            |class: &Class| class.sources.is_empty() || class.sources.len() == count && (class.sources.iter().map(|s| s.get()).sum::<f64>() - 1.0).abs() < 1e-9;
        [
            BadParameter::unless(!self.classes.is_empty(), "classes", "must have at least one class"),
            label::check(self.classes.keys().map(|name| (vec!["classes".into(), name.clone()], name.as_str()))),
            BadParameter::unless(
                self.classes.values().all(fits),
                "classes",
                &format!("`sources` of a class must be {count} shares, one for each source, that add up to 1"),
            ),
            BadParameter::unless(
                self.images(&|_| None).is_some_and(|all| all <= MOST),
                "classes",
                &format!("must have at most {MOST} images together; several stages can draw more"),
            ),
            BadParameter::unless(self.levels.is_empty() || self.levels.len() == count, "levels", &format!("must be {count} numbers, one for each source")),
        ]
        .concat()
    }

    fn images(&self, _: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        Some(self.classes.values().map(|class| u64::from(*class.images)).sum())
    }

    fn disk(&self, _: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
        // Compressed, a pixel takes no more than a byte; the frame of a PNG file counts only in images of a few pixels.
        let bytes = u64::from(*self.size).pow(2).saturating_add(FRAME);
        Some(self.images(&|_| None)?.saturating_mul(bytes))
    }

    fn run(&self, _: Inputs, cx: &Context) -> Result<Outputs> {
        let side = self.size.get();
        let anatomy = cx.stream("anatomy");
        let people = cx.stream("people");
        let images = cx.stream("films");
        let marks = cx.stream("marks");
        let drawn: Vec<(u64, Sample, Vec<u8>)> = self
            .planned(cx)
            .into_par_iter()
            .enumerate()
            .map(|(n, Planned { patient, label, class, source })| {
                let body = draw::Body::of(&mut anatomy.item(patient));
                let person = Person::of(&mut people.item(patient));
                let mut stream = images.item(n as u64);
                let shown = Shown::of(class, &mut stream, || marks.item(n as u64));
                let look = draw::Look { finding: shown.finding, contrast: *self.contrast, source, level: self.level(source), marked: shown.is_marked };
                let pixels = draw::image(&body, &look, side as usize, &mut stream);
                let bytes = png::encode(&pixels, side, side, &[("Description", "phantom chest image, no real patient; not for diagnosis")])?;
                let sample = Sample {
                    image: Digest::of(&bytes),
                    patient: String::new(),
                    number: 0,
                    label: label.clone(),
                    source: source_name(source),
                    origin: Origin::Real,
                    generator: None,
                    parent: None,
                    age: Some(person.age),
                    sex: person.sex.into(),
                    view: "PA".into(),
                    width: side,
                    height: side,
                };
                Ok((patient, sample, bytes))
            })
            .collect::<Result<_>>()?;
        let tokens = tokens(drawn.iter().map(|(patient, sample, _)| (*patient, sample.image)));
        let (mut rows, bytes): (Vec<Sample>, Vec<Vec<u8>>) =
            drawn.into_iter().map(|(patient, sample, bytes)| (Sample { patient: tokens[&patient].clone(), ..sample }, bytes)).unzip();
        Samples::number(&mut rows);
        let mut samples = Samples::of(rows);
        samples.images = bytes.into_iter().enumerate().map(|(n, bytes)| ImageFile { name: format!("images/{n:05}.png"), bytes, path: None }).collect();
        Ok(Outputs { samples })
    }
}

#[cfg(test)]
mod tests;
