//! Bagged decision trees (Breiman 1996) on features of a network: the hybrid of Kassani et al. that Zunair & Hamza
//! compare with. Independent of where features come from.

mod tree;

use crate::contract::prelude::*;
use crate::contract::seed::Stream;
use rayon::prelude::*;
use tree::Tree;

/// Trees of unlimited depth that split by Gini impurity over all features, each grown on as many images as there are,
/// drawn with replacement: `sklearn.ensemble.BaggingClassifier` with its defaults.
#[derive(Debug, Serialize, Deserialize)]
pub struct BaggedTrees {
    classes: usize,
    width: usize,
    trees: Vec<Tree>,
}

impl BaggedTrees {
    /// Grows `trees` trees on features, a row for each image, and class indices. The same stream gives the same trees
    /// on any number of threads.
    ///
    /// # Errors
    /// Where there is no image, rows differ in length or have values that are not finite, or a class index is too
    /// large.
    pub fn grow(features: &[Vec<f32>], labels: &[u32], classes: usize, trees: usize, stream: &Stream) -> Result<BaggedTrees> {
        let width = features.first().map_or(0, Vec::len);
        if width == 0 || features.len() != labels.len() || features.iter().any(|f| f.len() != width) {
            return Err(Error::data(format!("cannot fit the trees: {} rows of features, {} labels", features.len(), labels.len())));
        }
        if let Some(row) = features.iter().position(|f| f.iter().any(|v| !v.is_finite())) {
            return Err(Error::data(format!("cannot fit the trees: row {row} contains NaN or infinity")));
        }
        if labels.iter().any(|l| *l as usize >= classes) {
            return Err(Error::data(format!("a label is not one of {classes} classes")));
        }
        let grown = (0..trees as u64).into_par_iter().map(|tree| {
            let mut draws = stream.item(tree);
            let mut weights = vec![0; features.len()];
            (0..features.len()).for_each(|_| weights[draws.below(features.len())] += 1);
            Tree::grow(features, labels, &weights, classes, &mut draws)
        });
        Ok(BaggedTrees { classes, width, trees: grown.collect() })
    }

    /// The share of each class in the leaf of an image, its mean over all trees, a row for each image. NaN for an image with
    /// features that are not finite: trees would predict something.
    ///
    /// # Errors
    /// Where rows have another length than those that the trees were fitted on.
    pub fn probabilities(&self, features: &[Vec<f32>]) -> Result<Vec<Vec<f64>>> {
        if let Some(row) = features.iter().find(|f| f.len() != self.width) {
            return Err(Error::data(format!("fitted on {} features, got {}", self.width, row.len())));
        }
        let of_image = |features: &Vec<f32>| {
            if features.iter().any(|v| !v.is_finite()) {
                return Ok(vec![f64::NAN; self.classes]);
            }
            let mut shares = vec![0.0; self.classes];
            for tree in &self.trees {
                tree.add_shares(features, &mut shares).ok_or_else(|| Error::data("a tree of the classifier is damaged"))?;
            }
            shares.iter_mut().for_each(|share| *share /= self.trees.len() as f64);
            Ok(shares)
        };
        features.par_iter().map(of_image).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    #[test]
    fn trees_refuse_features_that_are_not_finite() {
        let stream = Seed(1).stream("test", "trees");
        let features: Vec<Vec<f32>> = (0..12).map(|i| vec![(i % 2) as f32, if i % 3 == 0 { -0.0 } else { 0.0 }]).collect();
        let labels: Vec<u32> = (0..12).map(|i| i % 2).collect();
        let trees = BaggedTrees::grow(&features, &labels, 2, 5, &stream).unwrap();
        let of = |row: [f32; 2]| trees.probabilities(&[row.to_vec()]).unwrap().remove(0);
        assert_eq!(of([1.0, 0.0]), of([1.0, -0.0]), "both zeros are one feature");
        assert!(of([1.0, 0.0])[1] > 0.5 && trees.probabilities(&[]).unwrap().is_empty());
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(of([1.0, odd]).iter().all(|p| p.is_nan()));
            let mut features = features.clone();
            features[7][1] = odd;
            assert!(BaggedTrees::grow(&features, &labels, 2, 5, &stream).unwrap_err().to_string().contains("row 7"));
        }
        assert!(BaggedTrees::grow(&[], &[], 2, 5, &stream).is_err());
    }
}
