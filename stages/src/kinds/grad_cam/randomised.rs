//! Whether maps follow from what the last layer has learnt: they are computed again with random numbers in place of its weights.

use super::Chosen;
use crate::attention::ssim;
use crate::contract::prelude::*;
use crate::networks::grad_cam::{explain, spread};
use crate::networks::{Classifier, Weights};
use candle_core::Tensor;
use hilum_ops::{Value, overwrite};

/// How often the last layer's weights are drawn: with one draw, likeness would be a matter of luck.
const DRAWS: usize = 5;

/// A network whose last layer is drawn anew.
pub(super) struct Randomised<'a> {
    pub(super) network: &'a dyn Classifier,
    pub(super) weights: &'a Weights,
    /// The prefix of the names of the last layer's tensors.
    pub(super) head: &'a str,
}

impl Randomised<'_> {
    /// How much the map of each image resembles those of random last layers, on average (SSIM). None for a map that is zero everywhere,
    /// or smaller than the window that maps are compared in. The network has its own weights again afterwards.
    pub(super) fn likeness(&self, chosen: &Chosen, side: usize, stream: &Stream) -> Result<Vec<Option<f64>>> {
        let head: Vec<&Value> = self.weights.named_trained().iter().filter(|(name, _)| name.starts_with(self.head)).map(|(_, value)| value).collect();
        let learnt = head.iter().map(|value| value.to_vec()).collect::<Result<Vec<_>, _>>()?;
        let mut sums = vec![Some(0.0); chosen.maps.len()];
        for draw in 0..DRAWS as u64 {
            let mut stream = stream.item(draw);
            for (value, learnt) in head.iter().zip(&learnt) {
                put(value, drawn(learnt, value.dims().len() > 1, &mut stream))?;
            }
            let mut maps = vec![];
            for (of, classes) in &chosen.batches {
                maps.extend(spread(&explain(self.network, of, |image, _| classes[image])?.maps, side)?);
            }
            for ((sum, map), own) in sums.iter_mut().zip(&maps).zip(&chosen.maps) {
                let alike = own.iter().any(|v| *v > 0.0).then(|| ssim(own, map, side)).flatten();
                *sum = sum.zip(alike).map(|(sum, alike)| sum + alike);
            }
        }
        head.iter().zip(learnt).try_for_each(|(value, learnt)| put(value, learnt))?;
        Ok(sums.into_iter().map(|sum| sum.map(|sum| sum / DRAWS as f64)).collect())
    }
}

/// Normal numbers of the size of those that were learnt; of biases, which have no part in a map, zeros.
fn drawn(learnt: &[f32], is_matrix: bool, stream: &mut Stream) -> Vec<f32> {
    let size = (learnt.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>() / learnt.len().max(1) as f64).sqrt();
    learnt.iter().map(|_| if is_matrix { (size * stream.normal()) as f32 } else { 0.0 }).collect()
}

fn put(value: &Value, numbers: Vec<f32>) -> Result<()> {
    Ok(overwrite(value, &Value::constant(Tensor::from_vec(numbers, value.dims(), value.device())?))?)
}
