//! The pool of fake images (Shrivastava et al. 2017): a discriminator is also trained on images from earlier steps, not
//! only on those of the latest generator. Independent of networks.

use crate::contract::prelude::*;
use candle_core::{Device, Tensor};
use hilum_ops::Value;

/// Images of earlier steps.
pub struct Pool {
    size: usize,
    images: Vec<Value>,
}

impl Pool {
    /// An empty pool for up to `size` images.
    pub fn new(size: usize) -> Self {
        Pool { size, images: vec![] }
    }

    /// Returns for each image either itself or a stored one that it replaces. Until the pool is full, images are stored
    /// and returned. `choose` gets the number of stored images and returns the index of one, or None for the new image.
    pub fn exchange(&mut self, images: &Value, mut choose: impl FnMut(usize) -> Option<usize>) -> Result<Value> {
        if self.size == 0 {
            return Ok(images.detach());
        }
        let mut out = vec![];
        for i in 0..images.dims()[0] {
            let image = images.detach().narrow(0, i, 1)?;
            out.push(if self.images.len() < self.size {
                self.images.push(image.clone());
                image
            } else if let Some(at) = choose(self.size) {
                std::mem::replace(&mut self.images[at], image)
            } else {
                image
            });
        }
        Ok(Value::concat(&out.iter().collect::<Vec<_>>(), 0)?)
    }

    /// The values of all stored images, for a checkpoint.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![];
        for image in &self.images {
            image.to_vec()?.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        }
        Ok(bytes)
    }
    /// Restores images of `side × side` pixels.
    pub fn restore(&mut self, bytes: &[u8], side: usize, channels: usize, device: &Device) -> Result<()> {
        let numbers: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let image = |values: &[f32]| Ok(Value::constant(Tensor::from_slice(values, (1, side, side, channels), device)?));
        self.images = numbers.chunks_exact(side * side * channels).map(image).collect::<Result<_>>()?;
        Ok(())
    }
}

/// A stored image or the new one with equal probability, as in Zhu et al.
pub fn by_chance(stream: &mut Stream) -> impl FnMut(usize) -> Option<usize> {
    |stored| (stream.unit() > 0.5).then(|| stream.below(stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::seed::Seed;

    fn image(v: f32) -> Value {
        Value::constant(Tensor::full(v, (1, 2, 2, 1), &Device::Cpu).unwrap())
    }
    fn first(v: &Value) -> f32 {
        v.to_vec().unwrap()[0]
    }

    #[test]
    fn a_full_pool_returns_an_older_image_half_of_the_time() {
        let mut pool = Pool::new(3);
        let mut draws = Seed(1).stream("test", "pool");
        for v in 0..3 {
            assert_eq!(first(&pool.exchange(&image(v as f32), |_| panic!("nothing is drawn yet")).unwrap()), v as f32);
        }
        let given: Vec<f32> = (3..203).map(|v| first(&pool.exchange(&image(v as f32), by_chance(&mut draws)).unwrap())).collect();
        let older = given.iter().enumerate().filter(|(i, v)| **v != (*i + 3) as f32).count();
        assert!((75..125).contains(&older), "{older} of 200");
        // Returned images are removed: no image is seen twice.
        let mut seen: Vec<u32> = given.iter().map(|v| *v as u32).collect();
        seen.sort_unstable();
        assert!(seen.windows(2).all(|w| w[0] < w[1]));
        let bytes = pool.to_bytes().unwrap();
        let mut other = Pool::new(3);
        other.restore(&bytes, 2, 1, &Device::Cpu).unwrap();
        assert_eq!(other.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn a_pool_of_size_zero_stores_nothing() {
        let mut pool = Pool::new(0);
        assert_eq!(first(&pool.exchange(&image(5.0), |_| panic!("nothing is drawn")).unwrap()), 5.0);
        assert!(pool.to_bytes().unwrap().is_empty());
    }
}
