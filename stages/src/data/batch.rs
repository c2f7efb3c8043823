//! From packed images to batches: an endless shuffled order, and images as numbers, augmented in parallel.
//!
//! Each image of each epoch has a stream of its own, so that threads and batch size do not matter.

use super::augment::Augment;
use crate::contract::seed::Stream;
use rayon::prelude::*;

/// An endless order: each epoch is shuffled again, and batches run across the ends of epochs. Or images are drawn
/// with replacement, in proportion to their weights.
pub struct Order {
    stream: Stream,
    images: usize,
    epoch: Vec<usize>,
    /// Cumulative sums of the weights; empty if epochs are shuffled.
    sums: Vec<f64>,
    drawn: u64,
}

impl Order {
    /// A shuffled order of `images`.
    pub fn new(stream: Stream, images: usize) -> Self {
        Order { stream, images, epoch: vec![], sums: vec![], drawn: 0 }
    }
    /// Images drawn with replacement, by weights that are not negative and not all zero. A weight that is negative or
    /// not finite counts as zero, since sums that decrease could not be searched.
    pub fn weighted(stream: Stream, weights: &[f64]) -> Self {
        let sums = weights.iter().scan(0.0, |sum, w| {
            *sum += if w.is_finite() { w.max(0.0) } else { 0.0 };
            Some(*sum)
        });
        Order { stream, images: weights.len(), epoch: vec![], sums: sums.collect(), drawn: 0 }
    }
    /// The next image, with a number that no other draw has.
    pub fn draw(&mut self) -> (usize, u64) {
        if let Some(total) = self.sums.last() {
            let at = self.stream.unit() * total;
            self.drawn += 1;
            return (self.sums.partition_point(|sum| *sum <= at).min(self.images - 1), self.drawn);
        }
        if self.epoch.is_empty() {
            self.epoch = (0..self.images).collect();
            self.stream.shuffle(&mut self.epoch);
        }
        self.drawn += 1;
        (self.epoch.pop().expect("BUG: no images to draw"), self.drawn)
    }
    /// Skips `n` draws: those that were made before a training was interrupted.
    pub fn skip(&mut self, n: usize) {
        for _ in 0..n {
            self.draw();
        }
    }
    /// The next `n` draws.
    pub fn batch(&mut self, n: usize) -> Vec<(usize, u64)> {
        (0..n).map(|_| self.draw()).collect()
    }
}

/// Images as numbers in `[low, high]`, `[n, side, side]` in the order of the draws.
pub fn numbers(images: &[&[u8]], draws: &[(usize, u64)], side: usize, augment: &Augment, streams: &Stream, range: (f32, f32)) -> Vec<f32> {
    let mut out = vec![0f32; draws.len() * side * side];
    out.par_chunks_mut(side * side).zip(draws).for_each(|(out, (image, number))| {
        augment.apply(images[*image], side, &mut streams.item(*number), range, out);
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    #[test]
    fn every_pass_sees_every_image_once() {
        let mut order = Order::new(Seed(1).stream("test", "order"), 5);
        for _ in 0..3 {
            let mut pass: Vec<usize> = (0..5).map(|_| order.draw().0).collect();
            pass.sort_unstable();
            assert_eq!(pass, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn weighted_images_come_as_often_as_they_weigh() {
        let mut order = Order::weighted(Seed(1).stream("test", "order"), &[1.0, 0.0, 3.0]);
        let mut times = [0usize; 3];
        order.batch(8000).into_iter().for_each(|(image, _)| times[image] += 1);
        assert!(times[1] == 0 && (1850..2150).contains(&times[0]), "{times:?}");
    }

    #[test]
    fn weights_that_are_no_weights_are_never_drawn() {
        let mut order = Order::weighted(Seed(1).stream("test", "order"), &[f64::NAN, 1.0, f64::INFINITY, -5.0, f64::NEG_INFINITY, -0.0, 1.0]);
        let drawn: std::collections::BTreeSet<usize> = order.batch(200).into_iter().map(|d| d.0).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [1, 6]);
        let mut none = Order::weighted(Seed(1).stream("test", "order"), &[0.0, f64::NAN]);
        assert!(none.batch(20).iter().all(|d| d.0 < 2), "an image there is");
    }

    #[test]
    fn batch_size_does_not_change_an_image() {
        let images: Vec<Vec<u8>> = (0..4u8).map(|i| vec![i * 10; 64]).collect();
        let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let augment: Augment = serde_json::from_str(r#"{"flip": true, "rotation": 5, "shift": 0.1, "zoom": 0.1}"#).unwrap();
        let streams = Seed(1).stream("test", "augment");
        let all: Vec<(usize, u64)> = (0..4).map(|i| (i, i as u64)).collect();
        let together = numbers(&images, &all, 8, &augment, &streams, (-1.0, 1.0));
        let alone: Vec<f32> = all.iter().flat_map(|d| numbers(&images, &[*d], 8, &augment, &streams, (-1.0, 1.0))).collect();
        assert_eq!(together, alone);
    }
}
