//! How good synthetic images are, by features of them: figures of the set as a whole, none of a single image.

mod agreement;
mod set;

use super::spaces::{self, Space};
use crate::contract::prelude::*;
use crate::data::embedding::Embedding;
use crate::data::sample::{Origin, Sample, Samples};
use crate::quality::neighbourhoods::{Neighbourhoods, OF_DENSITY, OF_PRECISION, neighbourhoods};
use crate::quality::{self, Compared, Estimate, Watch, part, two_sample};
use crate::records::{AgreementRow, QualityRow, Table};
use crate::words::counted;
use set::{Set, folds};
use std::collections::BTreeSet;

ports! {
    inputs {
        /// Real images, preferably of patients that neither the generator nor the extractor was trained on.
        real: Samples,
        /// Synthetic images.
        synthetic: Samples,
        /// Features of the images of both sets, by one extractor or several.
        features: Vec<Embedding>,
    }
    outputs {
        /// One row per figure and extractor, of all images and of each class.
        figures: Table<QualityRow> [contains real synthetic; influenced features],
        /// How far extractors agree on the order of the classes, one row per figure and pair of extractors.
        agreement: Table<AgreementRow> [contains real synthetic; influenced features],
    }
}

/// Compares synthetic images with real ones, as sets, by their features.
///
/// By each extractor, of all images and of each class, the figures are the Fréchet distance (`fid`), the kernel distance (`kid`) with its
/// standard error, precision, recall, density, coverage, and the area under the ROC curve of a logistic regression that tells synthetic
/// images from real ones (`c2st`: 0.5 where it cannot), in five folds, each of which has all real images of its patients and all
/// translations of them; of all images, the inception score, too, where the extractor has classes and there are enough images for each
/// of its ten parts. A figure is comparable with another one only if the extractor is the same and the sets are about as large; with
/// published ones only by `inception`. Real images of classes that were not generated are left out, and it is noted where classes are more
/// frequent in one of the sets.
///
/// So every figure is computed again for two halves of the real images, which share no patient: this baseline is what can be expected of
/// perfect images, of which there are half as many. The baseline of the inception score is that of the real images.
///
/// `fid` needs more images than features, on both sides. Where there are fewer, the table says so, and `kid`, which has no bias in small
/// sets, is the figure to read.
///
/// No extractor sees everything that a radiologist does. With several of them and several classes, `agreement` has the rank correlations
/// (Spearman's and Kendall's) of the classes' figures by two extractors: where they are low, which class is better generated depends on
/// the extractor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerativeQuality {}

/// Figures of two sets of features, in the order of the table.
const FIGURES: [&str; 7] = ["fid", "kid", "precision", "recall", "density", "coverage", "c2st"];
/// That of predictions.
const INCEPTION_SCORE: &str = "inception-score";

impl Stage for GenerativeQuality {
    const NAME: &'static str = "generative-quality";
    const VERSION: u32 = 4;
    const NEEDS: Needs = Needs::Heavy;
    const SEEDED: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        spaces::misfit(makers, upstream)
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let spaces = spaces::spaces(&inputs.features)?;
        let of = |samples: Samples, which: &str| -> Result<Vec<Sample>> {
            let rows = spaces::present(&spaces, samples, cx);
            if rows.is_empty() { Err(Error::data(format!("there are no {which} images"))) } else { Ok(rows) }
        };
        let (real, synthetic) = (of(inputs.real, "real")?, of(inputs.synthetic, "synthetic")?);
        spaces::only(Origin::Real, "real", &real)?;
        spaces::only(Origin::Synthetic, "synthetic", &synthetic)?;
        let labels: BTreeSet<&str> = synthetic.iter().map(|row| row.label.as_str()).collect();
        let real = of_classes(real, &labels, cx)?;
        say_mixes(&real, &synthetic, &labels, cx);
        let classes: Vec<&str> = std::iter::once("").chain(labels).collect();
        let mut figures = Table::default();
        let sets = (spaces.len() * classes.len()) as f64;
        for (n, space) in spaces.iter().enumerate() {
            let [real, synthetic] = [Set::of(&real, space, &cx.stream("order"))?, Set::of(&synthetic, space, &cx.stream("order"))?];
            cx.note(format!("figures by {} features of {}", real.features.dimensions(), space.name));
            for (m, class) in classes.iter().enumerate() {
                let before = (n * classes.len() + m) as f64;
                cx.share_done(before / sets)?;
                let watch = cx.share_of_part(before / sets, (before + 1.0) / sets);
                figures.rows.extend(compared(&real.of_class(class), &synthetic.of_class(class), [&space.name, class], &cx.stream("halves"), &watch));
                if class.is_empty() {
                    figures.rows.extend(score(space, &real.rows, &synthetic.rows, cx)?);
                }
            }
        }
        if let [only] = &spaces[..] {
            cx.note(format!("nothing is said of whether extractors agree: {} is the only one", only.name));
        }
        Ok(Outputs { agreement: Table { rows: agreement::of(&figures.rows) }, figures })
    }
}

/// Of real images those of classes that were generated: a set of one class is not to be compared with one of several.
fn of_classes(real: Vec<Sample>, labels: &BTreeSet<&str>, cx: &Context) -> Result<Vec<Sample>> {
    let before = real.len();
    let rows: Vec<Sample> = real.into_iter().filter(|row| labels.contains(row.label.as_str())).collect();
    if rows.is_empty() {
        let classes: Vec<&str> = labels.iter().copied().collect();
        let message = format!("no real image is of a class that was generated: {}", classes.join(", "));
        return Err(Error::helped(message, "bind real images of these classes to `real`"));
    }
    if rows.len() < before {
        cx.note(format!(
            "{} of classes without synthetic images",
            counted(before - rows.len(), "real image is left out, since it is", "real images are left out, since they are")
        ));
    }
    Ok(rows)
}

/// Half of the sum of all differences between the shares of a class, above which it is said.
const OTHER_MIX: f64 = 0.05;

/// Says where classes are not as frequent among synthetic images as among real ones.
fn say_mixes(real: &[Sample], synthetic: &[Sample], labels: &BTreeSet<&str>, cx: &Context) {
    let share = |rows: &[Sample], label: &str| rows.iter().filter(|row| row.label == label).count() as f64 / rows.len() as f64;
    let apart: f64 = labels.iter().map(|label| (share(real, label) - share(synthetic, label)).abs()).sum::<f64>() / 2.0;
    if apart > OTHER_MIX {
        cx.note("classes are not as frequent among synthetic images as among real ones: figures of all images are of this difference, too");
    }
}

/// The row of the inception score of images in this order; none where the extractor's outputs are no classes.
fn score(space: &Space, real: &[Sample], synthetic: &[Sample], cx: &Context) -> Result<Option<QualityRow>> {
    let (of_synthetic, of_real) = (space.probabilities(synthetic)?, space.probabilities(real)?);
    let remark = of_synthetic.as_ref().and_then(|p| quality::few_classes(p.dimensions()));
    let [value, baseline] = [of_synthetic, of_real].map(|p| p.map(|p| quality::inception_score(&p)));
    if let (Some(remark), Some(Ok(_))) = (remark, &value) {
        cx.note(format!("{remark} (by {})", space.name));
    }
    Ok(value.zip(baseline).map(|(value, baseline)| row(INCEPTION_SCORE, [&space.name, ""], value, baseline, [real.len(), synthetic.len()])))
}

/// Figures of two sets by an extractor, of all images or of a class.
fn compared(real: &Set, synthetic: &Set, of: [&str; 2], stream: &Stream, watch: Watch) -> Vec<QualityRow> {
    let [one, other] = real.halves(stream);
    let counts = [real.rows.len(), synthetic.rows.len()];
    // The halves have a quarter of the pairs.
    let baseline = figures([&one, &other], Compared::Halves, stream, &part(watch, 0.0, 0.2));
    let values = figures([real, synthetic], Compared::WithSynthetic, stream, &part(watch, 0.2, 1.0)).into_iter().zip(baseline);
    FIGURES.iter().zip(values).map(|(metric, (value, baseline))| row(metric, of, value, baseline, counts)).collect()
}

/// Figures of two sets, in the order of [`FIGURES`], or why there is none.
fn figures(sets: [&Set; 2], which: Compared, stream: &Stream, watch: Watch) -> [Result<Estimate, String>; 7] {
    let [real, synthetic] = sets.map(|set| &set.features);
    let plain = |value: f64| Estimate { value, error: None };
    let folds = folds(sets, stream);
    let told = two_sample::two_sample([real, synthetic], [&folds[0], &folds[1]], which, &part(watch, 0.0, 0.4)).map(|told| plain(told.auroc));
    let full_rank = quality::full_rank([real.count(), synthetic.count()], real.dimensions(), which);
    let fid = full_rank.and_then(|()| quality::frechet_distance(real, synthetic, &part(watch, 0.4, 0.6))).map(plain);
    let kid = quality::kernel_distance(real, synthetic, &part(watch, 0.6, 0.8));
    let of = |near: &Result<Neighbourhoods, String>, figure: fn(&Neighbourhoods) -> f64| near.as_ref().map(figure).map(plain).map_err(String::clone);
    let [narrow, wide] = neighbourhoods([real, synthetic], [OF_PRECISION, OF_DENSITY], which, &part(watch, 0.8, 1.0));
    [fid, kid, of(&narrow, |n| n.precision), of(&narrow, |n| n.recall), of(&wide, |n| n.density), of(&wide, |n| n.coverage), told]
}

fn row(
    metric: &str,
    [extractor, class]: [&str; 2],
    value: Result<Estimate, String>,
    baseline: Result<Estimate, String>,
    [real, synthetic]: [usize; 2],
) -> QualityRow {
    let reason = match (&value, &baseline) {
        (Err(why), _) => why.clone(),
        (_, Err(why)) => format!("no baseline: {why}"),
        _ => String::new(),
    };
    QualityRow {
        extractor: extractor.into(),
        metric: metric.into(),
        class: class.into(),
        value: value.as_ref().ok().map(|found| found.value),
        standard_error: value.ok().and_then(|found| found.error),
        baseline: baseline.ok().map(|found| found.value),
        real,
        synthetic,
        reason,
    }
}

#[cfg(test)]
mod tests;
