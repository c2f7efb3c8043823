//! PatchGAN (Isola et al. 2017): a discriminator that judges overlapping patches of 70 pixels, each by a logit of its
//! own. Tensor names are those of Zhu et al.

use crate::contract::prelude::*;
use crate::networks::Scope;
use crate::networks::blocks::{BatchNorm, Conv, Shape, TORCH, normal};
use candle_nn::init::Init;
use hilum_ops::{Divisor, Rectifier, Value, instance_norm};

/// How its inner maps are normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Each map of each image by itself; the convolutions have biases.
    Instance,
    /// Over the batch; the convolutions before norms have none.
    Batch,
}

/// Images `[n, s, s, channels]` → logits `[n, s/8 − 2, s/8 − 2, 1]`.
pub struct PatchGan {
    convs: Vec<Conv>,
    norms: Vec<Option<BatchNorm>>,
}

const LEAKY: Rectifier = Rectifier::Leaky(0.2);

impl PatchGan {
    /// Convolutions N(0, 0.02), biases 0, scales N(1, 0.02); `width` channels in the first maps, 64 in the paper.
    pub fn new(channels: usize, width: usize, norm: Norm, scope: &mut Scope) -> Result<Self> {
        let plan = [(channels, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 2), (4 * width, 8 * width, 1), (8 * width, 1, 1)];
        let (mut convs, mut norms) = (vec![], vec![]);
        for (i, (ci, co, stride)) in plan.into_iter().enumerate() {
            let outer = i == 0 || i + 1 == plan.len();
            // Positions in a sequence of convolution, norm and activation.
            let at = if i == 0 { 0 } else { 3 * i - 1 };
            let bias = (outer || norm == Norm::Instance).then_some(Init::Const(0.0));
            convs.push(Conv::new(Shape::square(ci, co, 4, stride, 1), normal(0.02), bias, &mut scope.at(format!("model.{at}")))?);
            norms.push(match norm {
                Norm::Batch if !outer => {
                    Some(BatchNorm::with_weight(co, Init::Randn { mean: 1.0, stdev: 0.02 }, TORCH, &mut scope.at(format!("model.{}", at + 1)))?)
                }
                _ => None,
            });
        }
        Ok(PatchGan { convs, norms })
    }

    /// Logits of patches.
    pub fn forward(&self, images: &Value, train: bool) -> Result<Value> {
        let last = self.convs.len() - 1;
        let mut x = self.convs[0].rectified(images, LEAKY)?;
        for (conv, norm) in self.convs[1..last].iter().zip(&self.norms[1..last]) {
            x = conv.forward(&x)?;
            x = match norm {
                Some(norm) => norm.forward(&x, train, LEAKY)?,
                None => instance_norm(&x, None, Divisor::EpsInside(1e-5), LEAKY.into())?,
            };
        }
        self.convs[last].forward(&x)
    }
}
