//! How alike synthetic images of a class are to each other, beside training images of it. Knows no features.

use super::Memorisation;
use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::pack::ImageStore;
use crate::data::sample::{Sample, groups};
use crate::quality::{Watch, ms_ssim, part};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of images of a class that are compared with each other.
const PAIRS: usize = 500;

/// How alike images of a class are to each other.
pub(super) struct OfClass {
    /// The mean of synthetic images, or why there is none.
    pub(super) synthetic: Result<f64, String>,
    /// That of training images.
    pub(super) training: Result<f64, String>,
    /// What one in twenty further sets of as many training images exceeds.
    pub(super) limit: Option<f64>,
}

/// What is known by class.
pub(super) type Alike = BTreeMap<String, OfClass>;

/// Compares images of each class that was generated, in this share of the stage's time.
pub(super) fn alike(training: &[Sample], synthetic: &[Sample], store: &ImageStore, share: f64, cx: &Context) -> Result<Alike> {
    let labels: BTreeSet<&String> = synthetic.iter().map(|row| &row.label).collect();
    if let Ok(scales) = ms_ssim::scales(store.side) {
        cx.note(format!("MS-SSIM at {0}×{0} pixels has {scales} of its five scales", store.side));
    }
    let share = share / labels.len().max(1) as f64;
    let of_label = |(n, label): (usize, &String)| {
        let from = share * n as f64;
        cx.share_done(from)?;
        Ok((label.clone(), of_class(training, synthetic, label, store, &cx.share_of_part(from, from + share))?))
    };
    labels.into_iter().enumerate().map(of_label).collect()
}

fn of_class(training: &[Sample], synthetic: &[Sample], label: &str, store: &ImageStore, watch: Watch) -> Result<OfClass> {
    let own = |rows: &[Sample]| rows.iter().filter(|row| row.label == label).cloned().collect::<Vec<Sample>>();
    let (synthetic, training) = (own(synthetic), own(training));
    let of_synthetic = Pairs::of(&synthetic, store, &part(watch, 0.0, 0.4))?;
    let of_training = Pairs::of(&training, store, &part(watch, 0.4, 0.8))?;
    let limit = match of_training.mean() {
        Ok(mean) => limit(&training, &of_training, mean, synthetic.len(), store, &part(watch, 0.8, 1.0))?,
        Err(_) => None,
    };
    Ok(OfClass { synthetic: of_synthetic.mean(), training: of_training.mean(), limit })
}

/// What one in twenty further sets of so many training images exceeds. Where there are more of them, those of patients who are drawn stand for
/// all, since the mean of a smaller set varies more.
fn limit(training: &[Sample], all: &Pairs, mean: f64, images: usize, store: &ImageStore, watch: Watch) -> Result<Option<f64>> {
    // The patients, and which sets of them, follow from the images alone.
    let stream = Seed(0).stream(Memorisation::NAME, "sets");
    let of = |rows: &[Sample], compared: &Pairs| -> Option<f64> {
        let mut owners = vec![0; rows.len()];
        groups(rows, &stream).iter().enumerate().for_each(|(patient, group)| group.iter().for_each(|i| owners[*i] = patient));
        ms_ssim::limit(compared.values.as_ref().ok()?, &compared.pairs, &owners, &stream)
    };
    if training.len() <= images {
        return Ok(of(training, all));
    }
    let some: Vec<Sample> = groups(training, &stream).into_iter().flatten().take(images).map(|i| training[i].clone()).collect();
    let compared = Pairs::of(&some, store, watch)?;
    Ok(compared.mean().ok().and_then(|own| Some(mean + of(&some, &compared)? - own)))
}

/// Pairs of some images, and how alike each is.
struct Pairs {
    pairs: Vec<(usize, usize)>,
    values: Result<Vec<f64>, String>,
}

impl Pairs {
    fn of(rows: &[Sample], store: &ImageStore, watch: Watch) -> Result<Pairs> {
        let names: Vec<&[u8; 32]> = rows.iter().map(|row| row.image.bytes()).collect();
        let images = rows.iter().map(|row| store.get(&row.image)).collect::<Result<Vec<_>>>()?;
        // Which pairs are compared follows from the images alone.
        let pairs = ms_ssim::pairs(&names, PAIRS, &Seed(0).stream(Memorisation::NAME, "pairs"));
        Ok(Pairs { values: ms_ssim::of_pairs(&images, store.side, &pairs, watch), pairs })
    }

    fn mean(&self) -> Result<f64, String> {
        self.values.as_ref().map(|values| values.iter().sum::<f64>() / values.len() as f64).map_err(String::clone)
    }
}
