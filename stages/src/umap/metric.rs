//! How far points are from each other. Knows points and nothing of graphs or layouts.

use crate::contract::prelude::*;
use std::borrow::Cow;

/// How distances between points are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// The square root of the sum of squared differences.
    #[default]
    Euclidean,
    /// One less the cosine of the angle between them, as seen from zero: their lengths have no part in it.
    Cosine,
}

impl Metric {
    /// Points with Euclidean distances in the same order, and their dimensions: for cosines, points of length one, of which half the
    /// squared distance is meant.
    ///
    /// A point that is zero has no direction. It is one from all others, and zero from its like, as in umap-learn: a dimension of its own
    /// has it.
    pub fn points(self, data: &[f32], dimensions: usize) -> (Cow<'_, [f32]>, usize) {
        if self == Metric::Euclidean || dimensions == 0 {
            return (Cow::Borrowed(data), dimensions);
        }
        let mut points = Vec::with_capacity(data.len() / dimensions * (dimensions + 1));
        for row in data.chunks_exact(dimensions) {
            let length = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
            let divisor = if length == 0.0 { 1.0 } else { length };
            points.extend(row.iter().map(|v| (f64::from(*v) / divisor) as f32));
            points.push(if length == 0.0 { 1.0 } else { 0.0 });
        }
        (Cow::Owned(points), dimensions + 1)
    }

    /// The distance of two points, by the Euclidean one of what [`Metric::points`] makes of them.
    pub(super) fn distance(self, euclidean: f32) -> f32 {
        match self {
            Metric::Euclidean => euclidean,
            Metric::Cosine => euclidean * euclidean / 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::nearest_among;
    use super::*;

    fn cosine(a: [f32; 2], b: [f32; 2]) -> f32 {
        let ((a, width), (b, _)) = (Metric::Cosine.points(&a, 2), Metric::Cosine.points(&b, 2));
        Metric::Cosine.distance(nearest_among(&a, &b, width, 1).1[0][0])
    }

    #[test]
    fn cosines_know_directions_alone() {
        for (a, b, wanted) in [
            ([2.0, 0.0], [9.0, 0.0], 0.0),
            ([2.0, 0.0], [0.0, 1e-30], 1.0),
            ([2.0, 0.0], [-1.0, 0.0], 2.0),
            ([1e30, 1e30], [1.0, 0.0], 1.0 - 0.5_f32.sqrt()),
            ([0.0, -0.0], [1.0, 3.0], 1.0),
            ([0.0, 0.0], [0.0, 0.0], 0.0),
        ] {
            assert!((cosine(a, b) - wanted).abs() < 1e-6, "{a:?} {b:?}: {}", cosine(a, b));
        }
        assert_eq!(Metric::Euclidean.points(&[3.0, 4.0], 1), (Cow::Borrowed(&[3.0, 4.0][..]), 1));
        assert_eq!(Metric::Cosine.points(&[], 0).1, 0);
    }
}
