//! Phantoms: drawn chest images of no real person, with patients, classes, sources and a known difficulty.
//!
//! An image is a body with two lungs, ribs, a heart and noise. The class shows as nothing, as soft opacities at the
//! periphery, or as one dense focus. A share `hidden` of the images of a class with a finding does not show it: these
//! cannot be recognised, so that the best possible AUROC against images without findings is `1 − hidden/2`. Ages and
//! sex of patients are drawn whatever the class.

mod draw;

use crate::contract::bounds::bounds;
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
}

bounds! {
    /// Images per patient, on average.
    ImagesPerPatient: from 1, to 3;
    /// Contrast of findings against the noise.
    Contrast: from 0, to 2;
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

impl Phantoms {
    /// All images, without drawing one.
    pub(crate) fn planned(&self, cx: &Context) -> Vec<Planned<'_>> {
        let mut out = vec![];
        let mut patient = 0u64;
        for (label, class) in &self.classes {
            let mut stream = cx.stream(&format!("patients {label}"));
            let mut left = class.images.get();
            while left > 0 {
                let more = *self.images_per_patient - 1.0;
                let images = (1 + u32::from(stream.chance(more / 2.0)) + u32::from(stream.chance(more / 2.0))).min(left);
                left -= images;
                let source = stream.below(*self.sources as usize);
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
        BadParameter::unless(!self.classes.is_empty(), "classes", "must have at least one class")
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
        let drawn: Vec<(u64, Sample, Vec<u8>)> = self
            .planned(cx)
            .into_par_iter()
            .enumerate()
            .map(|(n, Planned { patient, label, class, source })| {
                let body = draw::Body::of(&mut anatomy.item(patient));
                let person = Person::of(&mut people.item(patient));
                let mut stream = images.item(n as u64);
                let shown = if stream.chance(*class.hidden) { Finding::None } else { class.finding };
                let pixels = draw::image(&body, shown, *self.contrast, source, side as usize, &mut stream);
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
mod tests {
    use super::*;
    use crate::data::patients::token;

    #[test]
    fn patients_are_named_by_their_images() {
        let class = Class { images: Whole::of(30), finding: Finding::Focal, hidden: Share::of(0.0) };
        let stage = Phantoms {
            size: Whole::of(16),
            classes: BTreeMap::from([("covid".into(), class)]),
            images_per_patient: ImagesPerPatient::of(2.0),
            contrast: Contrast::of(1.0),
            sources: Whole::of(1),
        };
        let cx = Context::for_tests(Phantoms::NAME).seeded(3);
        let rows = stage.run(Inputs {}, &cx).unwrap().samples.rows;
        let mut of_patient: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
        rows.iter().for_each(|r| of_patient.entry(&r.patient).or_default().push(r));
        assert!(rows.len() == 30 && of_patient.len() > 10 && of_patient.len() < 20);
        for (patient, rows) in of_patient {
            assert_eq!(patient, token(&rows[0].image));
            assert!(rows.iter().zip(0..).all(|(r, n)| r.number == n) && rows.is_sorted_by_key(|r| r.image));
        }
    }

    #[test]
    fn images_and_bytes_are_foreseen() {
        for size in [16, 64, 256] {
            let text = format!(r#"{{"size": {size}, "classes": {{"a": {{"images": 9}}, "b": {{"images": 5, "finding": "focal"}}}}}}"#);
            let stage: Phantoms = serde_json::from_str(&text).unwrap();
            assert_eq!(stage.images(&|_| None), Some(14));
            let dir = tempfile::tempdir().unwrap();
            stage.run(Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(3)).unwrap().samples.save(dir.path()).unwrap();
            let files = [dir.path().to_owned(), dir.path().join("images")].map(|d| std::fs::read_dir(d).unwrap());
            let written: u64 = files.into_iter().flatten().map(|e| e.unwrap().metadata().unwrap()).filter(|m| m.is_file()).map(|m| m.len()).sum();
            let foreseen = stage.disk(&|_| None).unwrap();
            assert!(written <= foreseen && foreseen < 8 * written, "{size}: {written} of {foreseen}");
        }
    }

    #[test]
    fn patients_have_one_age_and_one_sex_and_differ_in_both() {
        let stage: Phantoms = serde_json::from_str(r#"{"size": 16, "classes": {"a": {"images": 60}, "b": {"images": 60}}}"#).unwrap();
        let rows = stage.run(Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(3)).unwrap().samples.rows;
        let mut people: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
        for row in &rows {
            let age = row.age.unwrap();
            assert!((18.0..=90.0).contains(&age) && age.fract() == 0.0 && ["F", "M"].contains(&row.sex.as_str()), "{row:?}");
            let person = (age as u32, row.sex.as_str());
            assert_eq!(*people.entry(&row.patient).or_insert(person), person);
        }
        let ages: std::collections::BTreeSet<u32> = people.values().map(|p| p.0).collect();
        let women = people.values().filter(|p| p.1 == "F").count();
        assert!(ages.len() > 20 && (people.len() / 3..people.len() * 2 / 3).contains(&women), "{people:?}");
    }
}
