//! A decision tree (CART; Breiman, Friedman, Olshen & Stone 1984): splits by Gini impurity over all features until leaves are pure.

use crate::contract::seed::Stream;
use serde::{Deserialize, Serialize};

/// A tree, as it is stored. Older ones were made by smartcore, whose names of what they have in common are kept, so that
/// they can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The class of each `output`.
    classes: Vec<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Node {
    /// The most frequent class.
    output: usize,
    /// Of a node that is split: by which feature, and the largest value of it that goes to `true_child`.
    split_feature: usize,
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
    /// The shares of classes in a leaf of several, whose images have the same features; all are `output` in others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<f64>,
}

/// How a node is split best.
struct Split {
    feature: usize,
    value: f64,
    score: f64,
}

impl Tree {
    /// Grows a tree on images that count `weights[i]` times, or not at all where that is 0; features must be finite, and labels
    /// below `classes`.
    ///
    /// Of splits that are as good as each other, the first in an order of features that is drawn for every node, at the lowest
    /// value: as scikit-learn does, whose `DecisionTreeClassifier` this is, but for features that differ by less than 1e-7.
    pub(super) fn grow(features: &[Vec<f32>], labels: &[u32], weights: &[u32], classes: usize, draws: &mut Stream) -> Tree {
        let mut grower = Grower { features, labels, weights, classes, sorted: vec![], order: (0..features.first().map_or(0, Vec::len)).collect() };
        let mut nodes = vec![Node::default()];
        // Depth first, so that draws follow each other in one order. The second child comes first off the stack.
        let mut open = vec![(0, (0..features.len() as u32).filter(|i| weights[*i as usize] > 0).collect::<Vec<u32>>())];
        while let Some((at, images)) = open.pop() {
            let counts = grower.counts(&images);
            nodes[at].output = (0..classes).fold(0, |most, c| if counts[c] > counts[most] { c } else { most });
            let is_pure = counts.iter().filter(|n| **n > 0).count() < 2;
            let split = if is_pure { None } else { grower.best(&images, &counts, draws) };
            match split {
                Some(split) => {
                    let goes = |i: &u32| f64::from(features[*i as usize][split.feature]) <= split.value;
                    let (left, right) = images.iter().partition(|i| goes(i));
                    let children = [nodes.len(), nodes.len() + 1];
                    let node = &mut nodes[at];
                    (node.split_feature, node.split_value) = (split.feature, Some(split.value));
                    (node.true_child, node.false_child) = (Some(children[0]), Some(children[1]));
                    nodes.extend([Node::default(), Node::default()]);
                    open.extend([(children[1], right), (children[0], left)]);
                }
                None if !is_pure => {
                    let all: u64 = counts.iter().sum();
                    nodes[at].shares = counts.iter().map(|n| *n as f64 / all as f64).collect();
                }
                None => {}
            }
        }
        Tree { nodes, classes: (0..classes as u32).collect() }
    }

    /// Adds the shares of classes in the leaf of an image. None where the tree has no such leaf, as in a damaged file.
    pub(super) fn add_shares(&self, features: &[f32], to: &mut [f64]) -> Option<()> {
        let mut node = self.nodes.first()?;
        // A way has fewer steps than there are nodes.
        for _ in 0..self.nodes.len() {
            let (Some(value), Some(yes), Some(no)) = (node.split_value, node.true_child, node.false_child) else { break };
            node = self.nodes.get(if f64::from(*features.get(node.split_feature)?) <= value { yes } else { no })?;
        }
        if node.shares.is_empty() {
            *to.get_mut(*self.classes.get(node.output)? as usize)? += 1.0;
        }
        to.iter_mut().zip(&node.shares).for_each(|(to, share)| *to += share);
        Some(())
    }
}

struct Grower<'a> {
    features: &'a [Vec<f32>],
    labels: &'a [u32],
    weights: &'a [u32],
    classes: usize,
    /// Values of a feature, as numbers in their order, with their images.
    sorted: Vec<u64>,
    /// Features in the order in which they are tried.
    order: Vec<usize>,
}

impl Grower<'_> {
    fn counts(&self, images: &[u32]) -> Vec<u64> {
        let mut counts = vec![0; self.classes];
        images.iter().for_each(|i| counts[self.labels[*i as usize] as usize] += u64::from(self.weights[*i as usize]));
        counts
    }

    /// The split with the lowest impurity of both sides; none where all images have the same features.
    fn best(&mut self, images: &[u32], counts: &[u64], draws: &mut Stream) -> Option<Split> {
        draws.shuffle(&mut self.order);
        let mut best: Option<Split> = None;
        for at in 0..self.order.len() {
            let feature = self.order[at];
            self.sorted.clear();
            self.sorted.extend(images.iter().map(|i| u64::from(ordered(self.features[*i as usize][feature])) << 32 | u64::from(*i)));
            self.sorted.sort_unstable();
            if let Some(split) = self.best_of(feature, counts, best.as_ref().map_or(f64::NEG_INFINITY, |b| b.score)) {
                best = Some(split);
            }
        }
        best
    }

    /// The best split of the feature whose values were sorted, if it is better than `score`.
    ///
    /// The impurity of both sides is least where the sum of `Σ n_c² / n` of both is largest, of the numbers `n_c` of each class.
    fn best_of(&self, feature: usize, counts: &[u64], mut score: f64) -> Option<Split> {
        let (mut left, mut right) = (vec![0; counts.len()], counts.to_vec());
        let (mut all_left, mut all_right) = (0_u64, counts.iter().sum::<u64>());
        let (mut squares_left, mut squares_right) = (0_u64, counts.iter().map(|n| n * n).sum::<u64>());
        let mut best = None;
        for pair in self.sorted.windows(2) {
            let image = pair[0] as u32 as usize;
            let (class, weight) = (self.labels[image] as usize, u64::from(self.weights[image]));
            squares_left += weight * (2 * left[class] + weight);
            squares_right -= weight * (2 * right[class] - weight);
            left[class] += weight;
            right[class] -= weight;
            all_left += weight;
            all_right -= weight;
            if pair[0] >> 32 == pair[1] >> 32 {
                continue;
            }
            let found = squares_left as f64 / all_left as f64 + squares_right as f64 / all_right as f64;
            if found > score {
                score = found;
                best = Some((image, pair[1] as u32 as usize));
            }
        }
        // In the middle between two values, which is a number of double precision that is neither.
        let value = |i: usize| f64::from(self.features[i][feature]);
        best.map(|(below, above)| Split { feature, value: (value(below) + value(above)) / 2.0, score })
    }
}

/// A whole number in the order of finite numbers, the same for both zeros.
fn ordered(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    fn grown(features: &[[f32; 2]], labels: &[u32], weights: &[u32]) -> Tree {
        let features: Vec<Vec<f32>> = features.iter().map(|f| f.to_vec()).collect();
        Tree::grow(&features, labels, weights, 3, &mut Seed(1).stream("test", "tree"))
    }

    fn shares(tree: &Tree, features: [f32; 2]) -> [f64; 3] {
        let mut found = [0.0; 3];
        tree.add_shares(&features, &mut found).unwrap();
        found
    }

    #[test]
    fn numbers_are_in_their_order() {
        let values = [f32::MIN, -1.5, -1e-40, 0.0, 1e-45, 0.25, 2.0, f32::MAX];
        assert!(values.windows(2).all(|v| ordered(v[0]) < ordered(v[1])));
        assert_eq!(ordered(0.0), ordered(-0.0));
    }

    #[test]
    fn splits_lie_in_the_middle_of_two_values_and_ties_are_split_as_one() {
        // Among images of one value, labels change without a split being there.
        let tree = grown(&[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [4.0, 0.0], [4.0, 0.0]], &[0, 1, 0, 2, 2], &[1; 5]);
        assert_eq!((tree.nodes.len(), tree.nodes[0].split_feature, tree.nodes[0].split_value), (3, 0, Some(2.5)));
        let thirds = [2.0 / 3.0, 1.0 / 3.0, 0.0];
        assert_eq!((shares(&tree, [2.5, 9.0]), shares(&tree, [2.6, 9.0])), (thirds, [0.0, 0.0, 1.0]));
        // Weights count, and those of weight 0 are not there.
        let tree = grown(&[[1.0, 0.0], [1.0, 0.0], [4.0, 0.0]], &[0, 1, 2], &[3, 1, 0]);
        assert_eq!((tree.nodes.len(), shares(&tree, [4.0, 0.0])), (1, [0.75, 0.25, 0.0]));
    }

    /// Neither feature alone says anything: the first split has no gain, and is made all the same.
    #[test]
    fn leaves_are_pure_where_features_differ() {
        let all = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
        let tree = grown(&all, &[0, 1, 1, 0], &[1; 4]);
        assert!(all.iter().zip([0, 1, 1, 0]).all(|(x, y)| shares(&tree, *x)[y] == 1.0));
        // A split between neighbours of single precision.
        let (a, b) = (1.0_f32, 1.0_f32.next_up());
        let tree = grown(&[[a, 0.0], [b, 0.0]], &[0, 1], &[1; 2]);
        assert_eq!((shares(&tree, [a, 0.0]), shares(&tree, [b, 0.0])), ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]));
    }

    #[test]
    fn of_equal_features_each_is_chosen_at_times() {
        let features: Vec<Vec<f32>> = (0..6).map(|i| vec![i as f32; 4]).collect();
        let first = |seed| Tree::grow(&features, &[0, 0, 0, 1, 1, 1], &[1; 6], 2, &mut Seed(seed).stream("test", "tree")).nodes[0].split_feature;
        let mut found: Vec<usize> = (0..60).map(first).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [0, 1, 2, 3]);
    }

    /// As smartcore 0.7 wrote it.
    #[test]
    fn trees_of_old_files_are_read() {
        let old = r#"{"nodes":[{"output":1,"n_node_samples":3,"split_feature":1,"split_value":0.5,"split_score":0.4,"true_child":1,"false_child":2,"impurity":0.4},
            {"output":0,"n_node_samples":1,"split_feature":0,"split_value":null,"split_score":null,"true_child":null,"false_child":null,"impurity":0.0},
            {"output":1,"n_node_samples":2,"split_feature":0,"split_value":null,"split_score":null,"true_child":null,"false_child":null,"impurity":0.0}],
            "parameters":{"criterion":"Gini","max_depth":null,"min_samples_leaf":1,"min_samples_split":2,"seed":7},"num_classes":2,"classes":[0,2],
            "depth":1,"num_features":2,"_phantom_tx":null,"_phantom_x":null,"_phantom_y":null}"#;
        let tree: Tree = serde_json::from_str(old).unwrap();
        assert_eq!((shares(&tree, [0.0, 0.5]), shares(&tree, [0.0, 0.6])), ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0]));
        let again: Tree = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
        assert_eq!(again, tree);
        // A damaged one is no reason to go round in circles.
        let damaged = |from: &str, to: &str| serde_json::from_str::<Tree>(&old.replace(from, to)).unwrap().add_shares(&[0.0, 0.6], &mut [0.0; 3]);
        assert_eq!((damaged("\"false_child\":2", "\"false_child\":9"), damaged("\"classes\":[0,2]", "\"classes\":[0,7]")), (None, None));
        assert_eq!(damaged("\"false_child\":2", "\"false_child\":0"), Some(()));
    }
}
