//! Whether synthetic images repeat training images: how near they lie to them, beside images that the generator never saw.

mod alike;
mod check;
mod set;

use super::spaces;
use crate::contract::prelude::*;
use crate::data::embedding::Embedding;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Sample, Samples};
use crate::quality::copies::copies;
use crate::quality::memorisation::{Nearest, discoveries, nearest_other_training, nearest_training, p_values, ratio};
use crate::quality::near_copies::{Likest, Looks, detail_of_copies, likest, likest_others};
use crate::quality::{Features, part};
use crate::records::{Likeness, MemorisationRow, NearestPair, Table};
use alike::{Alike, alike};
use check::check;
use set::{Set, repeated};
use std::collections::BTreeSet;

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
/// * `near-copies`: synthetic images that show a training image though their pixels differ: moved by up to an eighth of the width,
///   mirrored, noisy, brighter, or saved with loss. Laid upon each other at 64 × 64 pixels, the two correlate by 0.95 or more, and their
///   fine structure by 0.25 or more, and by more than that of any held-out image and of training images of two patients, unless these
///   reach 0.6, which is enough. The baseline counts held-out images; where it is not 0, the rule does not fit these images.
/// * `training-copies`: training images that are a copy, a mirrored copy or a near copy of another training image. What a generator was
///   shown twice it repeats more easily.
/// * `distance-ratio`: the median distance to the nearest training image, divided by that of held-out images; below 1 where synthetic
///   images lie nearer. Of one class at a time, since images of some classes lie closer together than those of others.
/// * `authenticity`: the share of images that lie farther from their nearest training image than that one lies from another one (Alaa et
///   al. 2022). Held-out images give the baseline; that of all images is of classes as frequent as among synthetic images.
/// * `ms-ssim`: how alike synthetic images of a class are to each other (Wang, Simoncelli & Bovik 2003), on average over at most 500
///   pairs; 1 where all are equal. The baseline is that of training images of the class. The column `limit` has what one in twenty
///   further sets of as many images of such patients exceeds, by two sets that are drawn a thousand times from the training patients, with
///   replacement: a generator above it lacks variety.
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
    const VERSION: u32 = 4;
    const NEEDS: Needs = Needs::Heavy;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        spaces::misfit(makers, upstream)
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let space = [spaces::one_space(&inputs.features)?];
        let rows = |samples: Samples| spaces::present(&space, store.without_left_out(samples, cx), cx);
        let (training, held_out, synthetic) = (rows(inputs.training), rows(inputs.held_out), rows(inputs.synthetic));
        check(&training, &held_out, &synthetic, cx)?;
        cx.note(format!("distances of features by {}", space[0].name));
        let [space] = &space;
        let of_training = space.features(&training)?;
        let pixels = |rows: &[Sample]| rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>();
        let known = pixels(&training)?;
        let looks = Looks::of(&known, store.side);
        // Shares of the time: those of the searches go by their pairs.
        let searched = (2 * training.len() + held_out.len() + synthetic.len()) as f64;
        let ends = [training.len(), 2 * training.len(), 2 * training.len() + held_out.len()];
        let [first, second, third] = ends.map(|rows| PAIRS_SHARE + (1.0 - PAIRS_SHARE) * rows as f64 / searched);
        let of = |rows: Vec<Sample>, features: &Features, from: f64, to: f64| -> Result<Set> {
            cx.share_done(from)?;
            let (pixels, watch) = (pixels(&rows)?, cx.share_of_part(from, to));
            let near = nearest_training(features, &of_training, &part(&watch, 0.0, 0.5)).map_err(Error::data)?;
            let likest = likest(&looks, &Looks::of(&pixels, store.side), &part(&watch, 0.5, 1.0));
            Ok(Set { copied: copies(&known, &pixels, store.side), near, rows, likest })
        };
        let alike = alike(&training, &synthetic, &store, PAIRS_SHARE, cx)?;
        cx.share_done(PAIRS_SHARE)?;
        let others = nearest_other_training(&of_training, &cx.share_of_part(PAIRS_SHARE, first));
        let among_training = likest_others(&looks, &cx.share_of_part(first, second));
        let of_synthetic = space.features(&synthetic)?;
        let mut held_out = if held_out.is_empty() { Set::default() } else { of(held_out.clone(), &space.features(&held_out)?, second, third)? };
        let mut synthetic = of(synthetic, &of_synthetic, third, 1.0)?;
        // Neither held-out images nor training images of other patients are copies of a training image.
        let of_two_patients = |rows: &[Sample], likest: &[Option<Likest>]| -> Vec<Likest> {
            let is_of_another = |row: &Sample, l: &Likest| row.patient.is_empty() || row.patient != training[l.training].patient;
            rows.iter().zip(likest).filter_map(|(row, likest)| likest.filter(|l| is_of_another(row, l))).collect()
        };
        let no_copies = [of_two_patients(&held_out.rows, &held_out.likest), of_two_patients(&training, &among_training)].concat();
        let detail = detail_of_copies(&no_copies);
        [&mut held_out, &mut synthetic].into_iter().for_each(|set| set.keep_near_copies(detail));
        let shown = synthetic.shown(&of_synthetic, &of_training);
        cx.note(format!("near copies agree in fine structure by {detail:.2} or more"));
        let repeated = repeated(&known, store.side, &among_training, detail);
        let compared = Compared { others, repeated, held_out, synthetic, shown, training, alike };
        Ok(compared.outputs(*self.false_discovery_rate, cx))
    }
}

/// The share of the time that pairs of images of a class may take, roughly.
const PAIRS_SHARE: f64 = 0.2;

struct Compared {
    training: Vec<Sample>,
    /// The distance of each training image to the nearest other one.
    others: Vec<f64>,
    /// Training images that show another one.
    repeated: Vec<bool>,
    held_out: Set,
    synthetic: Set,
    /// The training image that each synthetic one is shown beside, and how far its features are.
    shown: Vec<Nearest>,
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
        let mut pairs: Vec<NearestPair> = (0..p.len()).map(|i| self.pair(i, p[i], nearer.as_ref().ok().map(|nearer| nearer[i]))).collect();
        let distance = |pair: &NearestPair| pair.distance.unwrap_or(f64::INFINITY);
        pairs.sort_by(|a, b| b.is_copy().cmp(&a.is_copy()).then(distance(a).total_cmp(&distance(b))).then(a.image.cmp(&b.image)));
        Outputs { summary, pairs: Table { rows: pairs } }
    }

    fn pair(&self, i: usize, p: Option<f64>, is_nearer: Option<bool>) -> NearestPair {
        let (row, shown) = (&self.synthetic.rows[i], self.shown[i]);
        let by_rank = match is_nearer.filter(|_| p.is_some()) {
            Some(true) => Likeness::Nearer,
            Some(false) => Likeness::None,
            None => Likeness::NotTested,
        };
        let flag = self.synthetic.likeness(i).unwrap_or(by_rank);
        NearestPair { image: row.image, label: row.label.clone(), training: self.training[shown.training].image, distance: Some(shown.distance), p, flag }
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
            limit: None,
            training: self.training.len(),
            held_out: others.len(),
            synthetic: own.len(),
            reason: reason.into(),
        };
        let none = "no held-out images of the class";
        let copies = |metric: &str, likeness: Likeness| {
            let baseline = (!others.is_empty()).then(|| self.held_out.count(&others, likeness));
            row(metric, Some(self.synthetic.count(&own, likeness)), baseline, if others.is_empty() { none } else { "" })
        };
        let is_own = |sample: &Sample| if class.is_empty() { labels.contains(&sample.label) } else { sample.label == class };
        let repeated = self.training.iter().zip(&self.repeated).filter(|(sample, is_repeated)| **is_repeated && is_own(sample)).count();
        let is_mixed = class.is_empty() && labels.len() > 1;
        let distances = match ratio(&self.synthetic.distances(&own), &self.held_out.distances(&others)) {
            _ if is_mixed => Err("classes lie at distances of their own"),
            Some(ratio) => Ok(ratio),
            None if others.is_empty() => Err(none),
            None => Err("half of the held-out images lie at no distance"),
        };
        let authenticity = [self.synthetic.authenticity(&own, &self.others), self.expected(labels, class)];
        let found = nearer.as_ref().ok().filter(|_| !others.is_empty()).map(|nearer| own.iter().filter(|i| nearer[**i]).count() as f64);
        let untested = if others.is_empty() { none } else { nearer.as_ref().err().map_or("", String::as_str) };
        let alike = self.alike.get(class).map(|alike| {
            let why = match (&alike.synthetic, &alike.training) {
                (Err(why), _) => why.clone(),
                (_, Err(why)) => format!("no baseline: {why}"),
                _ => String::new(),
            };
            let known = |of: &Result<f64, String>| of.as_ref().ok().copied();
            MemorisationRow { limit: alike.limit, ..row("ms-ssim", known(&alike.synthetic), known(&alike.training), &why) }
        });
        let figures = [
            copies("copies", Likeness::Copy),
            copies("mirrored-copies", Likeness::MirroredCopy),
            copies("near-copies", Likeness::NearCopy),
            row("training-copies", Some(repeated as f64), None, ""),
            row("distance-ratio", distances.ok(), None, distances.err().unwrap_or("")),
            row(
                "authenticity",
                authenticity[0],
                authenticity[1],
                match authenticity {
                    [None, _] => "one training image alone",
                    [_, None] => "no held-out images of a class",
                    _ => "",
                },
            ),
            row("nearer", found, None, untested),
        ];
        figures.into_iter().chain(alike).collect()
    }

    /// The authenticity of held-out images of a class, or of classes that are as frequent among them as among synthetic images; none
    /// where one of these has no held-out image.
    fn expected(&self, labels: &BTreeSet<String>, class: &str) -> Option<f64> {
        let count = |label: &str| self.synthetic.of_class(label).len() as f64;
        let of = |label: &str| self.held_out.authenticity(&self.held_out.of_class(label), &self.others);
        if !class.is_empty() {
            return of(class);
        }
        labels.iter().map(|label| Some(count(label) * of(label)?)).sum::<Option<f64>>().map(|sum| sum / count(""))
    }
}

#[cfg(test)]
mod planted;
#[cfg(test)]
mod tests;
