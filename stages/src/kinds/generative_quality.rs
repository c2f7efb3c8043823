//! How good synthetic images are, by the features of a classifier: figures of the set as a whole, none of a single image.

use super::classifier::{self, ClassifierDocument};
use crate::contract::prelude::*;
use crate::data::pack::{ImageStore, Images};
use crate::data::sample::{Origin, Sample, Samples};
use crate::data::weights::Trained;
use crate::quality::neighbourhoods::{Neighbourhoods, OF_DENSITY, OF_PRECISION, neighbourhoods};
use crate::quality::{self, Estimate, Features};
use crate::records::{QualityRow, Table};
use crate::words::counted;
use std::collections::{BTreeMap, BTreeSet};

ports! {
    inputs {
        /// Real images, best of patients whom neither the generator nor the classifier has seen.
        real: Samples,
        /// Synthetic images.
        synthetic: Samples,
        /// A classifier whose features are compared.
        weights: Trained<ClassifierDocument>,
        /// Pixels of the images of both sets.
        images: Vec<Images> [by real synthetic],
    }
    outputs {
        /// One row per figure, of all images and of each class.
        figures: Table<QualityRow> [contains real synthetic; influenced weights images],
    }
}

/// Compares synthetic images with real ones, as sets, by the features of a classifier.
///
/// Of all images and of each class, the figures are the Fréchet distance (`fid`), the kernel distance (`kid`) with its standard error,
/// precision, recall, density and coverage; of all images, the inception score, too. A figure is comparable with another one only if the
/// classifier is the same and the sets are about as large, and not with published ones, which use the features of Inception.
///
/// So every figure is computed again for two halves of the real images, which share no patient: this baseline is what can be expected of
/// perfect images, of which there are half as many. The baseline of the inception score is that of the real images.
///
/// `fid` needs more images than features, on both sides. Where there are fewer, the table says so, and `kid`, which has no bias in small
/// sets, is the figure to read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerativeQuality {}

/// Figures of two sets of features, in the order of the table.
const FIGURES: [&str; 6] = ["fid", "kid", "precision", "recall", "density", "coverage"];
/// That of predictions.
const INCEPTION_SCORE: &str = "inception-score";

impl Stage for GenerativeQuality {
    const NAME: &'static str = "generative-quality";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let store = ImageStore::of(&inputs.images)?;
        let of = |samples: Samples, which: &str| -> Result<Set> {
            let rows = unique(store.without_left_out(samples, cx));
            if rows.is_empty() {
                return Err(Error::data(format!("there are no {which} images")));
            }
            let features = classifier::features(&inputs.weights, &rows, &store, cx)?;
            Ok(Set { features: Features::of_rows(&features).map_err(Error::data)?, rows })
        };
        let real = of(inputs.real, "real")?;
        let generated = real.rows.iter().filter(|row| row.origin == Origin::Synthetic).count();
        if generated > 0 {
            return Err(Error::helped(
                counted(generated, "image of `real` is synthetic", "images of `real` are synthetic"),
                "bind images that no generator has made to `real`",
            ));
        }
        let synthetic = of(inputs.synthetic, "synthetic")?;
        cx.note(format!("figures by {} features of {}", real.features.dimensions(), inputs.weights.document.network.name()));

        let labels: BTreeSet<&str> = synthetic.rows.iter().map(|row| row.label.as_str()).collect();
        let mut figures = Table::default();
        for (n, class) in std::iter::once("").chain(labels.iter().copied()).enumerate() {
            cx.progress(n, labels.len() + 1, "set of images", &[])?;
            figures.rows.extend(compared(&real.of_class(class), &synthetic.of_class(class), class, &cx.stream("halves")));
        }
        let inception = |rows: &[Sample]| -> Result<Result<Estimate, String>> {
            let probabilities = classifier::probabilities(&inputs.weights, rows, &store, cx)?;
            let classes = inputs.weights.document.classes.len();
            Ok(Features::of(probabilities.concat(), classes).and_then(|p| quality::inception_score(&p)))
        };
        let (value, baseline) = (inception(&synthetic.rows)?, inception(&real.rows)?);
        figures.rows.insert(FIGURES.len(), row(INCEPTION_SCORE, "", value, baseline, [real.rows.len(), synthetic.rows.len()]));
        Ok(Outputs { figures })
    }
}

/// Images with their features.
struct Set {
    rows: Vec<Sample>,
    features: Features,
}

impl Set {
    /// Those of a class; all for an empty one.
    fn of_class(&self, class: &str) -> Set {
        let at: Vec<usize> = (0..self.rows.len()).filter(|i| class.is_empty() || self.rows[*i].label == class).collect();
        Set { rows: at.iter().map(|i| self.rows[*i].clone()).collect(), features: self.features.select(&at) }
    }

    /// Two halves without a patient in common, drawn at random.
    fn halves(&self, stream: &Stream) -> [Features; 2] {
        let mut groups: BTreeMap<(u64, &str), Vec<usize>> = BTreeMap::new();
        let mut alone = vec![];
        for (i, row) in self.rows.iter().enumerate() {
            match row.patient.as_str() {
                "" => alone.push((row.priority(stream), vec![i])),
                patient => groups.entry((stream.priority(patient.as_bytes()), patient)).or_default().push(i),
            }
        }
        alone.sort();
        let groups: Vec<Vec<usize>> = groups.into_values().chain(alone.into_iter().map(|(_, group)| group)).collect();
        quality::halves::halves(&groups).map(|half| self.features.select(&half))
    }
}

/// The rows of a table, each image once.
fn unique(samples: Samples) -> Vec<Sample> {
    let mut seen = BTreeSet::new();
    samples.rows.into_iter().filter(|row| seen.insert(row.image)).collect()
}

fn compared(real: &Set, synthetic: &Set, class: &str, stream: &Stream) -> Vec<QualityRow> {
    let [one, other] = real.halves(stream);
    let counts = [real.rows.len(), synthetic.rows.len()];
    let values = figures(&real.features, &synthetic.features).into_iter().zip(figures(&one, &other));
    FIGURES.iter().zip(values).map(|(metric, (value, baseline))| row(metric, class, value, baseline, counts)).collect()
}

/// Figures of two sets, in the order of [`FIGURES`], or why there is none.
fn figures(real: &Features, synthetic: &Features) -> [Result<Estimate, String>; 6] {
    let plain = |value: f64| Estimate { value, error: None };
    let full_rank = quality::full_rank(real.count(), synthetic.count(), real.dimensions());
    let fid = full_rank.and_then(|()| quality::frechet_distance(real, synthetic)).map(plain);
    let kid = quality::kernel_distance(real, synthetic);
    let of = |near: &Result<Neighbourhoods, String>, figure: fn(&Neighbourhoods) -> f64| near.as_ref().map(figure).map(plain).map_err(String::clone);
    let [narrow, wide] = neighbourhoods(real, synthetic, [OF_PRECISION, OF_DENSITY]);
    [fid, kid, of(&narrow, |n| n.precision), of(&narrow, |n| n.recall), of(&wide, |n| n.density), of(&wide, |n| n.coverage)]
}

fn row(metric: &str, class: &str, value: Result<Estimate, String>, baseline: Result<Estimate, String>, [real, synthetic]: [usize; 2]) -> QualityRow {
    let reason = match (&value, &baseline) {
        (Err(why), _) => why.clone(),
        (_, Err(why)) => format!("no baseline: {why}"),
        _ => String::new(),
    };
    QualityRow {
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
mod tests {
    use super::*;
    use crate::contract::seed::Seed;
    use crate::data::sample::tests::sample;

    /// Patients of two images each, whose features are noise around their number.
    fn set(patients: usize, shift: f64) -> Set {
        let rows: Vec<Sample> = (0..patients as u32 * 2).map(|i| sample(&format!("p{:02}", i / 2), i % 2, if i % 4 < 2 { "a" } else { "b" })).collect();
        let values = (0..rows.len() * 3).map(|i| shift + (i * 7919 % 101) as f64 / 50.0).collect();
        Set { features: Features::of(values, 3).unwrap(), rows }
    }

    #[test]
    fn every_figure_has_a_row_with_its_baseline_or_a_reason() {
        let (real, synthetic, stream) = (set(12, 0.0), set(9, 1.0), Seed(1).stream("t", "halves"));
        let rows = compared(&real, &synthetic, "", &stream);
        assert_eq!(rows.iter().map(|row| row.metric.as_str()).collect::<Vec<_>>(), FIGURES);
        for row in &rows {
            assert!(row.value.is_some() && row.baseline.is_some() && row.reason.is_empty(), "{row:?}");
            assert_eq!((row.real, row.synthetic, row.standard_error.is_some()), (24, 18, row.metric == "kid"));
        }
        assert!(rows[0].value > rows[0].baseline && rows[1].value > rows[1].baseline, "{rows:?}");

        let rows = compared(&real.of_class("a"), &Set { features: synthetic.features.select(&[0, 1, 4]), rows: synthetic.rows[..3].to_vec() }, "a", &stream);
        assert_eq!(rows[0].reason, "3 synthetic images with 3 features each: a covariance of full rank needs 4 (see kid)");
        assert!(rows[0].value.is_none() && rows[0].baseline.is_some() && rows[1].value.is_some() && rows[1].standard_error.is_none());
        assert_eq!(rows[2].reason, "3 images: neighbourhoods of 3 other images need 4");
        assert_eq!((rows[4].real, rows[4].class.as_str()), (12, "a"));
    }

    #[test]
    fn halves_have_no_patient_in_common_and_follow_from_the_images() {
        let real = set(9, 0.0);
        let stream = Seed(1).stream("t", "halves");
        let [one, other] = real.halves(&stream);
        assert_eq!((one.count(), other.count()), (10, 8));
        let of = |half: &Features| -> BTreeSet<String> {
            let is_in = |i: &usize| half.rows().any(|row| row == real.features.row(*i));
            (0..real.rows.len()).filter(is_in).map(|i| real.rows[i].patient.clone()).collect()
        };
        assert!(of(&one).is_disjoint(&of(&other)) && of(&one).len() == 5);
        let reversed: Vec<usize> = (0..real.rows.len()).rev().collect();
        let turned = Set { rows: reversed.iter().map(|i| real.rows[*i].clone()).collect(), features: real.features.select(&reversed) };
        let sorted = |half: &Features| half.rows().map(|row| row.iter().map(|v| v.to_bits()).collect::<Vec<_>>()).collect::<BTreeSet<_>>();
        assert_eq!(turned.halves(&stream).each_ref().map(sorted), [one, other].each_ref().map(sorted));
    }

    /// Real images of two classes, and as many synthetic ones.
    fn inputs() -> Inputs {
        let label = |i: u32| if i % 4 < 2 { "a" } else { "b" };
        let real: Vec<Sample> = (0..40).map(|i| sample(&format!("p{}", i / 2), i % 2, label(i))).collect();
        let generated = |i| Sample { origin: Origin::Synthetic, patient: String::new(), number: i, ..sample("s", i, label(i)) };
        let synthetic: Vec<Sample> = (0..30).map(generated).collect();
        let images = vec![classifier::tests::packed(real.iter().chain(&synthetic))];
        Inputs { real: Samples::of(real), synthetic: Samples::of(synthetic), weights: classifier::tests::fresh(), images }
    }

    #[test]
    fn a_run_gives_every_figure_of_all_images_and_of_each_class() {
        let run = |inputs: Inputs| {
            let cx = Context::for_tests(GenerativeQuality::NAME).seeded(3);
            GenerativeQuality {}.run(inputs, &cx).map(|out| (out.figures, cx.notes()))
        };
        let (figures, notes) = run(inputs()).unwrap();
        let found: Vec<(&str, &str)> = figures.rows.iter().map(|row| (row.class.as_str(), row.metric.as_str())).collect();
        let all = FIGURES.iter().chain(&[INCEPTION_SCORE]).map(|metric| ("", *metric));
        let wanted: Vec<(&str, &str)> = all.chain(["a", "b"].iter().flat_map(|class| FIGURES.map(|metric| (*class, metric)))).collect();
        assert_eq!(found, wanted);
        for row in &figures.rows {
            assert!(row.value.is_some() == (row.reason.is_empty() || row.reason.starts_with("no baseline")), "{row:?}");
            assert_eq!((row.real, row.synthetic), if row.class.is_empty() { (40, 30) } else { (20, if row.class == "a" { 16 } else { 14 }) });
        }
        let score = &figures.rows[FIGURES.len()];
        assert!((1.0..=2.0).contains(&score.value.unwrap()) && score.baseline.is_some() && score.standard_error.is_some());
        assert!(notes.len() == 1 && notes[0].to_string().contains("features of"), "{notes:?}");
        assert_eq!(run(inputs()).unwrap().0, figures);

        let turned = Inputs { real: inputs().synthetic, ..inputs() };
        assert_eq!(run(turned).err().unwrap().to_string(), "30 images of `real` are synthetic");
        let none = Inputs { synthetic: Samples::default(), ..inputs() };
        assert_eq!(run(none).err().unwrap().to_string(), "there are no synthetic images");
    }

    #[test]
    fn a_figure_without_baseline_says_so() {
        let found = Estimate { value: 2.0, error: Some(0.5) };
        let row = row("kid", "", Ok(found), Err("too few".into()), [3, 4]);
        assert_eq!((row.value, row.standard_error, row.baseline, row.reason.as_str()), (Some(2.0), Some(0.5), None, "no baseline: too few"));
    }
}
