//! Whether synthetic images repeat training images: how near they lie to them, beside images that the generator never saw.

use super::spaces;
use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::embedding::Embedding;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Origin, Sample, Samples};
use crate::quality::copies::{Copied, copies};
use crate::quality::memorisation::{Nearest, authentic, discoveries, nearest_other_training, nearest_training, p_values, ratio};
use crate::quality::{Watch, ms_ssim, part};
use crate::records::{Likeness, MemorisationRow, NearestPair, Table};
use crate::words::counted;
use std::collections::{BTreeMap, BTreeSet};

ports! {
    inputs {
        /// The images that the generator was trained on.
        training: Samples,
        /// Real images that the generator has not seen, best of other patients.
        held_out: Samples,
        /// Synthetic images.
        synthetic: Samples,
        /// Features of the images of all three sets by one extractor, in which distances are measured.
        features: Vec<Embedding>,
        /// Pixels of the images of all three sets.
        images: Vec<Images> [by training held_out synthetic],
    }
    outputs {
        /// Figures of all images and of each class.
        summary: Table<MemorisationRow> [contains training held_out synthetic; influenced features images],
        /// Every synthetic image beside its nearest training image, nearest first.
        pairs: Table<NearestPair> [contains training held_out synthetic; influenced features images],
    }
}

/// Finds synthetic images that repeat training images, or lie nearer to them than images do that the generator never saw.
///
/// Distances are those of features by one extractor. The summary has these figures, of all images and of each class:
///
/// * `copies`, `mirrored-copies`: synthetic images with the very pixels of a training image.
/// * `distance-ratio`: the median distance to the nearest training image, divided by that of held-out images; below 1 where synthetic
///   images lie nearer.
/// * `authenticity`: the share of images that lie farther from their nearest training image than that one lies from another one (Alaa et
///   al. 2022). Held-out images give the baseline.
/// * `ms-ssim`: how alike synthetic images of a class are to each other (Wang, Simoncelli & Bovik 2003), on average over at most 500
///   pairs; 1 where all are equal. The baseline is that of training images of the class: a generator with higher values lacks variety.
/// * `nearer`: synthetic images that lie nearer than held-out images of their class do, by their rank among these, at a false discovery
///   rate.
///
/// Nothing of this proves that images give away no patient: features may pass over what a person would recognise.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Memorisation {
    /// The share of wrongly named images, on average, among those that are called nearer than held-out images (Benjamini & Hochberg 1995).
    #[serde(default = "default_rate")]
    pub false_discovery_rate: InnerShare,
}

fn default_rate() -> InnerShare {
    InnerShare::of(0.05)
}

impl Stage for Memorisation {
    const NAME: &'static str = "memorisation";
    const VERSION: u32 = 2;
    const NEEDS: Needs = Needs::Heavy;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let space = [spaces::one_space(&inputs.features)?];
        let rows = |samples: Samples| spaces::present(&space, store.without_left_out(samples, cx), cx);
        let (training, held_out, synthetic) = (rows(inputs.training), rows(inputs.held_out), rows(inputs.synthetic));
        check(&training, &held_out, &synthetic, cx)?;
        cx.note(format!("distances of features by {}", space[0].name));
        let [space] = &space;
        let of_training = space.features(&training)?;
        // Shares of the time: those of the searches go by their pairs.
        let searched = (training.len() + held_out.len() + synthetic.len()) as f64;
        let [first, second] = [training.len(), training.len() + held_out.len()].map(|rows| PAIRS_SHARE + (1.0 - PAIRS_SHARE) * rows as f64 / searched);
        let near = |rows: &[Sample], from: f64, to: f64| -> Result<Vec<Nearest>> {
            cx.share_done(from)?;
            if rows.is_empty() {
                return Ok(vec![]);
            }
            nearest_training(&space.features(rows)?, &of_training, &cx.share_of_part(from, to)).map_err(Error::data)
        };
        let pixels = |rows: &[Sample]| rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>();
        let known = pixels(&training)?;
        let of = |rows: Vec<Sample>, from: f64, to: f64| -> Result<Set> {
            let (near, copied) = (near(&rows, from, to)?, copies(&known, &pixels(&rows)?, store.side));
            Ok(Set { rows, near, copied })
        };
        let alike = alike(&training, &synthetic, &store, cx)?;
        cx.share_done(PAIRS_SHARE)?;
        let others = nearest_other_training(&of_training, &cx.share_of_part(PAIRS_SHARE, first));
        let compared = Compared { others, held_out: of(held_out, first, second)?, synthetic: of(synthetic, second, 1.0)?, training, alike };
        Ok(compared.outputs(*self.false_discovery_rate, cx))
    }
}

/// Refuses sets of which nothing could be said, and warns of those of which little can.
fn check(training: &[Sample], held_out: &[Sample], synthetic: &[Sample], cx: &Context) -> Result<()> {
    for (rows, port) in [(training, "training"), (synthetic, "synthetic")] {
        if rows.is_empty() {
            return Err(Error::data(format!("`{port}` has no images")));
        }
    }
    for (rows, port) in [(training, "training"), (held_out, "held_out")] {
        let generated = rows.iter().filter(|row| row.origin == Origin::Synthetic).count();
        if generated > 0 {
            let (one, several) = (format!("image of `{port}` is synthetic"), format!("images of `{port}` are synthetic"));
            return Err(Error::helped(counted(generated, &one, &several), "bind real images to it"));
        }
    }
    let seen: BTreeSet<_> = training.iter().map(|row| row.image).collect();
    let shared = held_out.iter().filter(|row| seen.contains(&row.image)).count();
    if shared > 0 {
        return Err(Error::helped(
            counted(shared, "image of `held_out` is in `training`, too", "images of `held_out` are in `training`, too"),
            "bind images to `held_out` that the generator has not seen, such as the test part of a split by patient",
        ));
    }
    let patients: BTreeSet<&str> = training.iter().map(|row| row.patient.as_str()).filter(|p| !p.is_empty()).collect();
    let both = held_out.iter().map(|row| row.patient.as_str()).filter(|p| patients.contains(p)).collect::<BTreeSet<_>>().len();
    if both > 0 {
        cx.warn(format!(
            "{} images in both `training` and `held_out`: images of one patient lie near to each other",
            counted(both, "patient has", "patients have")
        ));
    }
    Ok(())
}

/// Pairs of images of a class that are compared with each other.
const PAIRS: usize = 500;
/// The share of the time that they may take, roughly.
const PAIRS_SHARE: f64 = 0.2;

/// How alike the synthetic images of each class are to each other, and its training images; or why that is not known.
type Alike = BTreeMap<String, [Result<f64, String>; 2]>;

fn alike(training: &[Sample], synthetic: &[Sample], store: &ImageStore, cx: &Context) -> Result<Alike> {
    // Which pairs are compared follows from the images alone.
    let stream = Seed(0).stream(Memorisation::NAME, "pairs");
    let of = |rows: &[Sample], class: &str, watch: Watch| -> Result<Result<f64, String>> {
        let own: Vec<&Sample> = rows.iter().filter(|row| row.label == class).collect();
        let names: Vec<&[u8; 32]> = own.iter().map(|row| row.image.bytes()).collect();
        let images = own.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
        Ok(ms_ssim::diversity(&images, store.side, &ms_ssim::pairs(&names, PAIRS, &stream), watch).map(|found| found.value))
    };
    let labels: BTreeSet<&String> = synthetic.iter().map(|row| &row.label).collect();
    if let Ok(scales) = ms_ssim::scales(store.side) {
        cx.note(format!("MS-SSIM at {0}×{0} pixels has {scales} of its five scales", store.side));
    }
    let share = PAIRS_SHARE / labels.len().max(1) as f64;
    let of_label = |(n, label): (usize, &String)| {
        let from = share * n as f64;
        cx.share_done(from)?;
        let watch = cx.share_of_part(from, from + share);
        Ok((label.clone(), [of(synthetic, label, &part(&watch, 0.0, 0.5))?, of(training, label, &part(&watch, 0.5, 1.0))?]))
    };
    labels.into_iter().enumerate().map(of_label).collect()
}

/// Images with their nearest training images, and the training images that they are copies of.
struct Set {
    rows: Vec<Sample>,
    near: Vec<Nearest>,
    copied: Vec<Option<Copied>>,
}

impl Set {
    /// The places of the images of a class; of all for an empty one.
    fn of_class(&self, class: &str) -> Vec<usize> {
        (0..self.rows.len()).filter(|i| class.is_empty() || self.rows[*i].label == class).collect()
    }
    fn distances(&self, at: &[usize]) -> Vec<f64> {
        at.iter().map(|i| self.near[*i].distance).collect()
    }
    fn copies(&self, at: &[usize], is_mirrored: bool) -> usize {
        at.iter().filter(|i| self.copied[**i].is_some_and(|c| c.is_mirrored == is_mirrored)).count()
    }
}

struct Compared {
    training: Vec<Sample>,
    /// The distance of each training image to the nearest other one.
    others: Vec<f64>,
    held_out: Set,
    synthetic: Set,
    alike: Alike,
}

impl Compared {
    fn outputs(self, rate: f64, cx: &Context) -> Outputs {
        let labels: BTreeSet<String> = self.synthetic.rows.iter().map(|row| row.label.clone()).collect();
        let mut p = vec![None; self.synthetic.rows.len()];
        let mut held_out = vec![0; p.len()];
        for label in &labels {
            let (own, others) = (self.synthetic.of_class(label), self.held_out.of_class(label));
            let found = p_values(&self.synthetic.distances(&own), &self.held_out.distances(&others));
            own.iter().zip(found).for_each(|(i, found)| (p[*i], held_out[*i]) = ((!others.is_empty()).then_some(found), others.len()));
        }
        // One p value for each image, of all classes at once; without any held-out image of its class it is 1.
        let nearer = discoveries(&p.iter().map(|p| p.unwrap_or(1.0)).collect::<Vec<_>>(), &held_out, rate);
        if let Err(why) = &nearer {
            cx.note(why.clone());
        }
        let mut summary = Table::default();
        for class in std::iter::once("").chain(labels.iter().map(String::as_str)) {
            summary.rows.extend(self.summary(class, &labels, &nearer));
        }
        let mut pairs: Vec<NearestPair> = (0..p.len()).map(|i| self.pair(i, p[i], nearer.as_ref().is_ok_and(|nearer| nearer[i]))).collect();
        let distance = |pair: &NearestPair| pair.distance.unwrap_or(f64::INFINITY);
        pairs.sort_by(|a, b| b.is_copy().cmp(&a.is_copy()).then(distance(a).total_cmp(&distance(b))).then(a.image.cmp(&b.image)));
        Outputs { summary, pairs: Table { rows: pairs } }
    }

    fn pair(&self, i: usize, p: Option<f64>, is_nearer: bool) -> NearestPair {
        let (row, near, copied) = (&self.synthetic.rows[i], self.synthetic.near[i], self.synthetic.copied[i]);
        let flag = match copied {
            Some(copied) if copied.is_mirrored => Likeness::MirroredCopy,
            Some(_) => Likeness::Copy,
            None if is_nearer => Likeness::Nearer,
            None => Likeness::None,
        };
        let training = self.training[copied.map_or(near.training, |c| c.training)].image;
        NearestPair { image: row.image, label: row.label.clone(), training, distance: Some(near.distance), p, flag }
    }

    /// The figures of a class, or of all images.
    fn summary(&self, class: &str, labels: &BTreeSet<String>, nearer: &Result<Vec<bool>, String>) -> Vec<MemorisationRow> {
        let own = self.synthetic.of_class(class);
        // Of classes without synthetic images, nothing is compared.
        let mut others = self.held_out.of_class(class);
        others.retain(|i| labels.contains(&self.held_out.rows[*i].label));
        let row = |metric: &str, value: Option<f64>, baseline: Option<f64>, reason: &str| MemorisationRow {
            metric: metric.into(),
            class: class.into(),
            value,
            baseline,
            training: self.training.len(),
            held_out: others.len(),
            synthetic: own.len(),
            reason: reason.into(),
        };
        let why = |is_missing: bool, why: &'static str| if is_missing { why } else { "" };
        let copies = |is_mirrored| {
            let [value, baseline] = [self.synthetic.copies(&own, is_mirrored), self.held_out.copies(&others, is_mirrored)];
            (Some(value as f64), (!others.is_empty()).then_some(baseline as f64))
        };
        let authenticity = |set: &Set, at: &[usize]| {
            let near: Vec<Nearest> = at.iter().map(|i| set.near[*i]).collect();
            let is = authentic(&near, &self.others);
            (!is.is_empty() && self.training.len() > 1).then(|| is.iter().filter(|is| **is).count() as f64 / is.len() as f64)
        };
        let distances = ratio(&self.synthetic.distances(&own), &self.held_out.distances(&others));
        let found = nearer.as_ref().ok().filter(|_| !others.is_empty()).map(|nearer| own.iter().filter(|i| nearer[**i]).count() as f64);
        let (exact, mirrored, authenticity) = (copies(false), copies(true), [authenticity(&self.synthetic, &own), authenticity(&self.held_out, &others)]);
        let none = "no held-out images of the class";
        let alike = self.alike.get(class).map(|[own, real]| {
            let why = own.as_ref().err().map_or("", String::as_str);
            row("ms-ssim", own.as_ref().ok().copied(), real.as_ref().ok().copied(), why)
        });
        let figures = [
            row("copies", exact.0, exact.1, ""),
            row("mirrored-copies", mirrored.0, mirrored.1, ""),
            row(
                "distance-ratio",
                distances,
                None,
                why(distances.is_none(), if others.is_empty() { none } else { "half of the held-out images lie at no distance" }),
            ),
            row("authenticity", authenticity[0], authenticity[1], why(authenticity[0].is_none(), "one training image alone")),
            row("nearer", found, None, nearer.as_ref().err().map_or(why(found.is_none(), none), String::as_str)),
        ];
        figures.into_iter().chain(alike).collect()
    }
}

#[cfg(test)]
mod tests;
