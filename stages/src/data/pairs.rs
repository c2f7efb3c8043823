//! Pairs unpaired images of two kinds. Independent of pixels, except for finding the most similar image.

use crate::contract::seed::Stream;

/// How images of two kinds are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The first kind in shuffled order, starting over if it has fewer images than an epoch has draws; any image of
    /// the second.
    Unaligned {
        /// Draws per epoch.
        epoch_len: usize,
    },
    /// In each epoch, both kinds are shuffled and paired in that order; the epoch ends one draw before the shorter kind
    /// does, as in Keras-GAN.
    Shuffled,
    /// Each image of the first kind once per epoch, always with the same image of the second.
    Fixed(Vec<usize>),
}

/// An endless sequence of pairs.
pub struct Pairs {
    stream: Stream,
    images: [usize; 2],
    rule: Rule,
    /// What is left of the epoch, last first.
    epoch: Vec<[usize; 2]>,
    drawn: u64,
}

impl Pairs {
    /// Pairs, given the number of images of each kind.
    pub fn new(stream: Stream, images: [usize; 2], rule: Rule) -> Pairs {
        Pairs { stream, images, rule, epoch: vec![], drawn: 0 }
    }
    /// Draws per epoch.
    pub fn epoch_len(&self) -> usize {
        match self.rule {
            Rule::Unaligned { epoch_len } => epoch_len,
            Rule::Shuffled => (self.images[0].min(self.images[1]) - 1).max(1),
            Rule::Fixed(_) => self.images[0],
        }
    }
    /// The next pair, with a number that no other draw has.
    pub fn draw(&mut self) -> ([usize; 2], u64) {
        if self.epoch.is_empty() {
            let mut shuffled = |n: usize| {
                let mut order: Vec<usize> = (0..n).collect();
                self.stream.shuffle(&mut order);
                order
            };
            self.epoch = match &self.rule {
                Rule::Unaligned { epoch_len } => {
                    let order = shuffled(*epoch_len);
                    order.into_iter().map(|i| [i % self.images[0], self.stream.below(self.images[1])]).collect()
                }
                Rule::Shuffled => {
                    let (a, b) = (shuffled(self.images[0]), shuffled(self.images[1]));
                    let draws = (self.images[0].min(self.images[1]) - 1).max(1);
                    a.into_iter().zip(b).take(draws).map(|(a, b)| [a, b]).collect()
                }
                Rule::Fixed(partners) => shuffled(self.images[0]).into_iter().map(|i| [i, partners[i]]).collect(),
            };
        }
        self.drawn += 1;
        (self.epoch.pop().expect("BUG: an epoch has a draw"), self.drawn)
    }
    /// Skips `n` draws: those that were made before a training was interrupted.
    pub fn skip(&mut self, n: usize) {
        for _ in 0..n {
            self.draw();
        }
    }
}

/// For each of some images, the index of the most similar among others: the smallest sum of squared differences at
/// 16 × 16 pixels. The first wins a tie.
pub fn nearest(images: &[&[u8]], others: &[&[u8]], side: usize) -> Vec<usize> {
    let small: Vec<Vec<f32>> = others.iter().map(|f| shrink(f, side)).collect();
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    let of = |image: &&[u8]| {
        let own = shrink(image, side);
        (0..small.len()).min_by(|a, b| distance(&own, &small[*a]).total_cmp(&distance(&own, &small[*b]))).expect("BUG: no image to compare with")
    };
    images.iter().map(of).collect()
}

/// Means over 16 × 16 squares.
fn shrink(image: &[u8], side: usize) -> Vec<f32> {
    const CELLS: usize = 16;
    let cells = CELLS.min(side);
    let edge = |i: usize| i * side / cells;
    let mut out = vec![];
    for row in 0..cells {
        for column in 0..cells {
            let (top, bottom, left, right) = (edge(row), edge(row + 1), edge(column), edge(column + 1));
            let sum: u32 = (top..bottom).flat_map(|y| image[y * side + left..y * side + right].iter()).map(|v| u32::from(*v)).sum();
            out.push(sum as f32 / ((bottom - top) * (right - left)) as f32);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;
    use std::collections::BTreeSet;

    fn pass(rule: Rule, images: [usize; 2]) -> Vec<[usize; 2]> {
        let mut pairs = Pairs::new(Seed(1).stream("test", "pairs"), images, rule);
        (0..pairs.epoch_len()).map(|_| pairs.draw().0).collect()
    }

    #[test]
    fn unaligned_passes_see_every_image_of_the_larger_first_kind_once() {
        let drawn = pass(Rule::Unaligned { epoch_len: 7 }, [7, 3]);
        assert_eq!(drawn.iter().map(|p| p[0]).collect::<BTreeSet<_>>().len(), 7);
        let drawn = pass(Rule::Unaligned { epoch_len: 6 }, [2, 6]);
        assert_eq!(drawn.iter().filter(|p| p[0] == 0).count(), 3);
    }

    #[test]
    fn shuffled_passes_leave_the_last_pair_out() {
        let drawn = pass(Rule::Shuffled, [5, 9]);
        assert_eq!(drawn.len(), 4);
        for kind in 0..2 {
            assert_eq!(drawn.iter().map(|p| p[kind]).collect::<BTreeSet<_>>().len(), 4);
        }
        assert_eq!(pass(Rule::Shuffled, [1, 1]), [[0, 0]]);
    }

    #[test]
    fn skipping_is_drawing() {
        for rule in [Rule::Unaligned { epoch_len: 9 }, Rule::Shuffled, Rule::Fixed(vec![1, 0, 1, 0, 1, 0, 1, 0, 1])] {
            let new = || Pairs::new(Seed(2).stream("test", "pairs"), [9, 4], rule.clone());
            let (mut all, mut rest) = (new(), new());
            let drawn: Vec<_> = (0..40).map(|_| all.draw()).collect();
            rest.skip(13);
            assert_eq!((0..27).map(|_| rest.draw()).collect::<Vec<_>>(), drawn[13..]);
        }
    }

    #[test]
    fn the_nearest_image_is_found() {
        let image = |left: u8, right: u8| -> Vec<u8> { (0..32 * 32).map(|i| if i % 32 < 16 { left } else { right }).collect() };
        let (images, others) = ([image(10, 200), image(90, 90)], [image(100, 100), image(200, 10), image(20, 180)]);
        let of = |images: &'_ [Vec<u8>]| images.iter().map(|f| f.clone().leak() as &[u8]).collect::<Vec<_>>();
        assert_eq!(nearest(&of(&images), &of(&others), 32), [2, 0]);
    }
}
