//! The area under the ROC curve of pairs of images of one group, such as a hospital, and of pairs of two groups: how often a classifier
//! orders a positive and a negative image right that it cannot tell apart by their group. Independent of what groups are.

use super::{Area, Counts, Images, ascending};

/// Which pairs of a positive and a negative image an area is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// All.
    All,
    /// Those of one group. Each counts once, so that large groups count for more: as their positive times their negative images.
    Within,
    /// Those of one group, each with the weight 1 / (images of the group + 1), with which tests of ranks within groups find a shift that is
    /// the same in all groups best (van Elteren 1960).
    WithinWeighted,
    /// Those of two groups.
    Between,
}

/// Areas of one score, for different pairs of the same images.
#[derive(Debug, Clone)]
pub struct Grouped<'a> {
    images: &'a Images,
    /// Of each group, its images.
    groups: Vec<Vec<usize>>,
    /// For each image, how many images of the other class it is on the right side of; ties count half.
    right: Vec<f64>,
    /// The same of its own group.
    right_within: Vec<f64>,
    /// For each image, how many images of the other class there are in its group.
    others_within: Vec<f64>,
    /// Positive images.
    positives: usize,
}

impl<'a> Grouped<'a> {
    /// Sorts scores, one for each image, in O(n log n). None where a score is NaN, which has no rank.
    ///
    /// # Panics
    /// Where there are not as many scores and groups as images.
    pub fn of(scores: &[f64], group: &[usize], images: &'a Images) -> Option<Self> {
        let count = images.positive.len();
        assert!(scores.len() == count && group.len() == count, "each image has a score and a group");
        if scores.iter().any(|s| s.is_nan()) {
            return None;
        }
        let mut groups = vec![vec![]; group.iter().max().map_or(0, |most| most + 1)];
        group.iter().enumerate().for_each(|(image, group)| groups[*group].push(image));
        let right = pairs_won(scores, &images.positive, &(0..count).collect::<Vec<_>>());
        let (mut right_within, mut others_within) = (vec![0.0; count], vec![0.0; count]);
        for members in &groups {
            let positive = members.iter().filter(|i| images.positive[**i]).count();
            for (image, won) in members.iter().zip(pairs_won(scores, &images.positive, members)) {
                right_within[*image] = won;
                others_within[*image] = if images.positive[*image] { members.len() - positive } else { positive } as f64;
            }
        }
        let positives = images.positive.iter().filter(|p| **p).count();
        Some(Grouped { images, groups, right, right_within, others_within, positives })
    }

    /// How many such pairs there are.
    pub fn count(&self, pairs: Pairs) -> u64 {
        (0..self.right.len()).filter(|image| self.images.positive[*image]).map(|image| self.opponents(pairs, image)).sum::<f64>() as u64
    }

    /// The images of the other class that an image makes such pairs with.
    fn opponents(&self, pairs: Pairs, image: usize) -> f64 {
        let all = if self.images.positive[image] { self.right.len() - self.positives } else { self.positives } as f64;
        match pairs {
            Pairs::All => all,
            Pairs::Within | Pairs::WithinWeighted => self.others_within[image],
            Pairs::Between => all - self.others_within[image],
        }
    }

    /// The area of such pairs, Σ w ψ / Σ w, where ψ is 1 for a pair in the right order and ½ for a tie. Its counts are of images that are
    /// in such a pair. For all pairs, value and variance are those of [`super::area`]. None where there is no such pair.
    ///
    /// The variance takes groups, like images, for drawn: what a group's own area deviates from that of all is part of it.
    pub fn area(&self, pairs: Pairs) -> Option<Area> {
        let count = self.right.len();
        let mut weight = vec![1.0; count];
        if pairs == Pairs::WithinWeighted {
            let sized = |members: &Vec<usize>| 1.0 / (members.len() as f64 + 1.0);
            self.groups.iter().for_each(|members| members.iter().for_each(|image| weight[*image] = sized(members)));
        }
        let right = |image: usize| match pairs {
            Pairs::All => self.right[image],
            Pairs::Within | Pairs::WithinWeighted => self.right_within[image],
            Pairs::Between => self.right[image] - self.right_within[image],
        };
        let positive = &self.images.positive;
        let opponents: Vec<f64> = (0..count).map(|image| self.opponents(pairs, image)).collect();
        let sum = |of: &dyn Fn(usize) -> f64| (0..count).filter(|image| positive[*image]).map(|image| weight[image] * of(image)).sum::<f64>();
        let total = sum(&|image| opponents[image]);
        if total == 0.0 {
            return None;
        }
        let value = sum(&right) / total;
        let counts = self.counts(&opponents);
        // As if all images of a class were in as many pairs: sums over a class, divided by its images, are what it contributes.
        let deviation = |image: usize| {
            let images = if positive[image] { counts.positive } else { counts.negative } as f64;
            images * weight[image] * (right(image) - value * opponents[image]) / total
        };
        let of = |class: bool| self.images.sums(|i| if positive[i] == class { deviation(i) } else { 0.0 });
        let squares = |class: bool| (0..count).filter(|i| positive[*i] == class).map(|i| deviation(i) * deviation(i)).sum();
        Some(Area { value, of_positive: of(true), of_negative: of(false), squares: [squares(true), squares(false)], counts })
    }

    /// Counts of images that are in a pair.
    fn counts(&self, opponents: &[f64]) -> Counts {
        let paired: Vec<usize> = (0..opponents.len()).filter(|image| opponents[*image] > 0.0).collect();
        let positive: Vec<bool> = paired.iter().map(|image| self.images.positive[*image]).collect();
        let patient: Vec<usize> = paired.iter().map(|image| self.images.patient[*image]).collect();
        Images::of_patients(&positive, &patient).counts()
    }
}

/// For each of some images, how many of the other class among them it is on the right side of: positive images above, negative ones below.
fn pairs_won(scores: &[f64], positive: &[bool], members: &[usize]) -> Vec<f64> {
    let own: Vec<f64> = members.iter().map(|image| scores[*image]).collect();
    let order = ascending(&own);
    let all = members.iter().filter(|image| positive[**image]).count() as f64;
    let mut won = vec![0.0; members.len()];
    let (mut positives, mut negatives) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| own[*a] == own[*b]) {
        let here = tied.iter().filter(|at| positive[members[**at]]).count() as f64;
        let others = tied.len() as f64 - here;
        for &at in tied {
            won[at] = if positive[members[at]] { negatives + others / 2.0 } else { all - positives - here / 2.0 };
        }
        positives += here;
        negatives += others;
    }
    won
}

impl Area {
    /// What each patient contributes to what the area deviates from its expectation: their sum of products with those of another area of
    /// the same patients, times I / (I − 1) for I patients, is a covariance, whichever pairs the two are of.
    pub fn contributions(&self) -> Vec<f64> {
        let (positive, negative) = (self.counts.positive as f64, self.counts.negative as f64);
        self.of_positive.iter().zip(&self.of_negative).map(|(a, b)| a / positive + b / negative).collect()
    }
}
