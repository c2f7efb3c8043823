//! Images with their classes, and running sums over an epoch.

use crate::contract::prelude::*;
use crate::data::pack::ImageStore;
use crate::data::sample::{Origin, Sample};
use crate::kinds::classifier::Predictor;
use crate::networks::Greys;
use crate::records::TrainedClass;
use crate::training::loss::Loss;
use hilum_ops::Value;
use std::collections::BTreeSet;

/// The training set and the set that is monitored.
pub(super) struct TrainingImages<'a> {
    pub(super) set: Labelled<'a>,
    pub(super) validation: Option<Labelled<'a>>,
    pub(super) classes: Vec<String>,
    pub(super) side: usize,
    pub(super) greys: Option<Greys>,
    pub(super) trained: Vec<TrainedClass>,
}

/// Images with the indices of their classes.
pub(super) struct Labelled<'a> {
    pub(super) images: Vec<&'a [u8]>,
    pub(super) labels: Vec<u32>,
}

impl<'a> Labelled<'a> {
    pub(super) fn of(rows: &[Sample], classes: &[String], store: &ImageStore<'a>) -> Result<Self> {
        let images = rows.iter().map(|r| store.get(&r.image)).collect::<Result<_>>()?;
        let class = |r: &Sample| {
            let found = classes.iter().position(|c| *c == r.label).map(|c| c as u32);
            found.ok_or_else(|| {
                Error::helped(
                    format!("label `{}` does not occur in the training set ({})", r.label, classes.join(", ")),
                    "stratify the split by label, or remove images with this label",
                )
            })
        };
        Ok(Labelled { images, labels: rows.iter().map(class).collect::<Result<_>>()? })
    }

    /// The first of them, `n` at most.
    pub(super) fn first(&self, n: usize) -> Labelled<'a> {
        let n = n.min(self.images.len());
        Labelled { images: self.images[..n].to_vec(), labels: self.labels[..n].to_vec() }
    }

    /// Images of each class.
    pub(super) fn counts(&self, classes: usize) -> Vec<usize> {
        (0..classes).map(|class| self.labels.iter().filter(|l| **l as usize == class).count()).collect()
    }

    /// Loss and accuracy without augmentation, dropout and class weights.
    pub(super) fn measure(&self, network: &Predictor, loss: &Loss) -> Result<(f64, f64)> {
        let probabilities = network.probabilities(None, &self.images)?;
        let each = || probabilities.iter().zip(&self.labels);
        let n = self.labels.len() as f64;
        let loss = each().map(|(p, l)| loss.of_image(p, *l as usize)).sum::<f64>() / n;
        let hits = each().filter(|(p, l)| (0..p.len()).all(|c| p[c] <= p[**l as usize])).count();
        Ok((loss, hits as f64 / n))
    }
}

/// Running sums over the steps of an epoch.
#[derive(Default)]
pub(super) struct Running {
    loss: f64,
    steps: usize,
    hits: usize,
    images: usize,
}

/// For checkpoints: JSON would lose the last bit of a fraction.
impl From<&Running> for [u64; 4] {
    fn from(r: &Running) -> Self {
        [r.loss.to_bits(), r.steps as u64, r.hits as u64, r.images as u64]
    }
}

impl From<[u64; 4]> for Running {
    fn from([loss, steps, hits, images]: [u64; 4]) -> Self {
        Running { loss: f64::from_bits(loss), steps: steps as usize, hits: hits as usize, images: images as usize }
    }
}

impl Running {
    pub(super) fn add(&mut self, loss: f64, logits: &Value, labels: &[u32]) -> Result<()> {
        let largest = |row: &Vec<f32>| (0..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best });
        let predicted: Vec<u32> = logits.to_rows()?.iter().map(|row| largest(row) as u32).collect();
        self.loss += loss;
        self.steps += 1;
        self.hits += predicted.iter().zip(labels).filter(|(a, b)| a == b).count();
        self.images += labels.len();
        Ok(())
    }
    pub(super) fn take(&mut self) -> (f64, f64) {
        let out = (self.loss / self.steps as f64, self.hits as f64 / self.images as f64);
        *self = Running::default();
        out
    }
}

/// The training images of a class, repeated ones counted as often as they are there.
pub(super) fn trained_class(class: &str, rows: &[Sample]) -> TrainedClass {
    let of = |origin: Origin| rows.iter().filter(move |r| r.label == class && r.origin == origin);
    let known: BTreeSet<&str> = of(Origin::Real).map(|r| r.patient.as_str()).filter(|p| !p.is_empty()).collect();
    let alone = of(Origin::Real).filter(|r| r.patient.is_empty()).count();
    TrainedClass {
        class: class.to_owned(),
        real: of(Origin::Real).count() as u64,
        synthetic: of(Origin::Synthetic).count() as u64,
        patients: (known.len() + alone) as u64,
    }
}
