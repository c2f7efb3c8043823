//! Images beside the training images that they lie nearest to, look most like, or are copies of.

use crate::data::sample::Sample;
use crate::quality::Features;
use crate::quality::copies::{Copied, shared_pixels};
use crate::quality::memorisation::{Nearest, authentic};
use crate::quality::near_copies::Likest;
use crate::records::Likeness;

/// Training images that show another training image; `detail` as [`detail_of_copies`](crate::quality::near_copies::detail_of_copies)
/// gives it.
pub(super) fn repeated(training: &[&[u8]], side: usize, likest: &[Option<Likest>], detail: f64) -> Vec<bool> {
    let of_pixels = shared_pixels(training, side);
    likest.iter().zip(of_pixels).map(|(likest, is_shared)| is_shared || likest.is_some_and(|l| l.is_near_copy(detail))).collect()
}

/// Images with their nearest training images, and the training images that they are copies of.
#[derive(Default)]
pub(super) struct Set {
    pub(super) rows: Vec<Sample>,
    /// The nearest training images by features.
    pub(super) near: Vec<Nearest>,
    /// Equal pixels.
    pub(super) copied: Vec<Option<Copied>>,
    /// The training images that they look most like; of [near copies](Set::keep_near_copies) only, in the end.
    pub(super) likest: Vec<Option<Likest>>,
}

impl Set {
    /// Forgets what looks alike and is no near copy.
    pub(super) fn keep_near_copies(&mut self, detail: f64) {
        for likest in &mut self.likest {
            *likest = likest.filter(|l| l.is_near_copy(detail));
        }
    }
    /// Beside which training image each is shown: the one that it is a copy or a near copy of, or the one with the nearest features.
    pub(super) fn shown(&self, own: &Features, training: &Features) -> Vec<Nearest> {
        let of = |i: usize| {
            let near_copy = self.likest[i].map(|l| l.training);
            let Some(at) = self.copied[i].map(|c| c.training).or(near_copy) else { return self.near[i] };
            let squares = own.row(i).iter().zip(training.row(at)).map(|(a, b)| (a - b) * (a - b));
            Nearest { training: at, distance: squares.sum::<f64>().sqrt() }
        };
        (0..self.rows.len()).map(of).collect()
    }
    /// The places of the images of a class; of all for an empty one.
    pub(super) fn of_class(&self, class: &str) -> Vec<usize> {
        (0..self.rows.len()).filter(|i| class.is_empty() || self.rows[*i].label == class).collect()
    }
    pub(super) fn distances(&self, at: &[usize]) -> Vec<f64> {
        at.iter().map(|i| self.near[*i].distance).collect()
    }
    /// What pixels say of an image.
    pub(super) fn likeness(&self, i: usize) -> Option<Likeness> {
        match self.copied[i] {
            Some(copied) if copied.is_mirrored => Some(Likeness::MirroredCopy),
            Some(_) => Some(Likeness::Copy),
            None => self.likest[i].map(|_| Likeness::NearCopy),
        }
    }
    pub(super) fn count(&self, at: &[usize], likeness: Likeness) -> f64 {
        at.iter().filter(|i| self.likeness(**i) == Some(likeness)).count() as f64
    }
    /// The share of authentic images; none of nothing.
    pub(super) fn authenticity(&self, at: &[usize], others: &[f64]) -> Option<f64> {
        let near: Vec<Nearest> = at.iter().map(|i| self.near[*i]).collect();
        let is = authentic(&near, others);
        (!is.is_empty() && others.len() > 1).then(|| is.iter().filter(|is| **is).count() as f64 / is.len() as f64)
    }
}
