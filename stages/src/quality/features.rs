//! Feature vectors of a set of images. Knows no network that they come from.

/// Feature vectors of a set of images: row-major, `count × dimensions`, finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    values: Vec<f64>,
    dimensions: usize,
}

impl Features {
    /// Feature vectors of `dimensions` numbers each, one behind the other.
    ///
    /// # Errors
    /// Where `dimensions` is zero, `values` is not a whole number of vectors, or one of them is not finite.
    pub fn of(values: Vec<f64>, dimensions: usize) -> Result<Features, String> {
        if dimensions == 0 {
            return Err("features need at least one dimension".into());
        }
        if !values.len().is_multiple_of(dimensions) {
            return Err(format!("{} numbers are not a whole number of vectors of {dimensions} features", values.len()));
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(format!("feature {} of image {} is {}", at % dimensions, at / dimensions, values[at]));
        }
        Ok(Features { values, dimensions })
    }

    /// Features that may be anything, made of such as were finite.
    pub(super) fn unchecked(values: Vec<f64>, dimensions: usize) -> Features {
        Features { values, dimensions }
    }

    /// As [`Features::of`], from one vector per image as a network gives them.
    ///
    /// # Errors
    /// As [`Features::of`], and where vectors differ in length or there is none.
    pub fn of_rows(rows: &[Vec<f32>]) -> Result<Features, String> {
        let dimensions = rows.first().map_or(0, Vec::len);
        if let Some(odd) = rows.iter().find(|row| row.len() != dimensions) {
            return Err(format!("one image has {dimensions} features, and another one has {}", odd.len()));
        }
        Features::of(rows.iter().flatten().map(|v| f64::from(*v)).collect(), dimensions)
    }

    /// The number of images.
    pub fn count(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// The number of features of each.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The features of one image.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.dimensions..(i + 1) * self.dimensions]
    }

    /// All numbers, image by image.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The features of all images, one after the other.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.dimensions)
    }

    /// Those of some images, in the order of `indices`.
    ///
    /// # Panics
    /// Where there is no such image.
    pub fn select(&self, indices: &[usize]) -> Features {
        Features { values: indices.iter().flat_map(|i| self.row(*i)).copied().collect(), dimensions: self.dimensions }
    }

    /// The mean of every feature; zeros without images.
    pub(super) fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.dimensions];
        for row in self.rows() {
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
        let count = self.count().max(1) as f64;
        mean.iter_mut().for_each(|sum| *sum /= count);
        mean
    }

    /// Every feature less its mean, divided by `√(count − 1)`: its Gram matrix over the features is their covariance.
    pub(super) fn deviations(&self, mean: &[f64]) -> Features {
        let scale = (self.count() as f64 - 1.0).sqrt();
        let values = self.rows().flat_map(|row| row.iter().zip(mean).map(|(v, m)| (v - m) / scale)).collect();
        Features { values, dimensions: self.dimensions }
    }
}
