//! From noise to styles, and from styles to images.

use super::Architecture;
use super::layers::{Full, Modulated, doubled};
use crate::contract::prelude::*;
use crate::networks::Scope;
use candle_core::Tensor;
use candle_nn::init::Init;
use hilum_ops::Value;

/// What is added to the maps.
pub enum Noise<'a> {
    /// New for every image and map.
    Random(&'a mut Stream),
    /// The same for every image, kept with the weights.
    Constant,
    /// None.
    None,
}

/// Noise `[n, latent]` → styles → images `[n, size, size, channels]`, about in [−1, 1].
pub struct Generator {
    mapping: Vec<Full>,
    w_avg: Value,
    constant: Value,
    blocks: Vec<Block>,
    latent: usize,
}

struct Block {
    /// One on the smallest maps, two on others.
    convs: Vec<Modulated>,
    image: Modulated,
}

/// Decay of the mean style.
const W_AVERAGE: f64 = 0.995;

impl Generator {
    /// Weights as in the paper.
    pub fn new(c: &Architecture, scope: &mut Scope) -> Result<Self> {
        let mut synthesis = scope.at("synthesis");
        let (mut constant, mut blocks, mut ci) = (None, vec![], 0);
        for side in c.sides() {
            let mut s = synthesis.at(format!("b{side}"));
            let co = c.maps(side);
            let mut convs = vec![];
            if side == 4 {
                constant = Some(s.parameter("const", &[co, side, side], Init::Randn { mean: 0.0, stdev: 1.0 })?);
            } else {
                convs.push(Modulated::new(ci, co, c.latent, side, true, &mut s.at("conv0"))?);
            }
            convs.push(Modulated::new(co, co, c.latent, side, false, &mut s.at("conv1"))?);
            blocks.push(Block { convs, image: Modulated::image(co, c.channels, c.latent, &mut s.at("torgb"))? });
            ci = co;
        }
        let mut m = scope.at("mapping");
        let mapping = (0..c.mapping_depth).map(|i| Full::new(c.latent, c.latent, 0.01, 0.0, true, &mut m.at(format!("fc{i}")))).collect::<Result<_>>()?;
        let w_avg = m.buffer("w_avg", &[c.latent], Init::Const(0.0))?;
        let constant = constant.ok_or_else(|| Error::data("StyleGAN2 begins with maps of 4 × 4"))?;
        Ok(Generator { mapping, w_avg, constant, blocks, latent: c.latent })
    }

    /// How many styles an image needs: one for each convolution, one for the last image.
    pub fn styles(&self) -> usize {
        self.blocks.iter().map(|b| b.convs.len()).sum::<usize>() + 1
    }

    /// Noise `[n, latent]` to styles `[n, styles, latent]`, the same for all layers. `remember`: moves the mean style.
    pub fn map(&self, z: &Value, remember: bool) -> Result<Value> {
        let n = z.dims()[0];
        let mut x = z.mul(&z.square()?.mean_to(&[n, 1])?.shift(1e-8)?.sqrt()?.reciprocal()?)?;
        for layer in &self.mapping {
            x = layer.forward(&x)?;
        }
        if remember {
            let mean = x.detach().mean_to(&[1, self.latent])?.reshape(&[self.latent])?;
            hilum_ops::lerp(&self.w_avg, &mean, 1.0 - W_AVERAGE)?;
        }
        Ok(x.reshape(&[n, 1, self.latent])?.repeat_to(&[n, self.styles(), self.latent])?)
    }

    /// Styles nearer to the mean one: less variety, fewer failures. `psi` 1 changes nothing.
    pub fn truncate(&self, styles: &Value, psi: f64) -> Result<Value> {
        let mean = self.w_avg.detach();
        Ok(mean.add(&styles.sub(&mean)?.scale(psi)?)?)
    }

    /// Styles `[n, styles, latent]` to images.
    pub fn synthesise(&self, styles: &Value, noise: &mut Noise) -> Result<Value> {
        let n = styles.dims()[0];
        let mut noise = |constant: &Value| noise.of(constant, n);
        let style = |i: usize| styles.narrow(1, i, 1)?.reshape(&[n, self.latent]);
        let (c, side) = (self.constant.dims()[0], self.constant.dims()[1]);
        let mut x = self.constant.permute(&[1, 2, 0])?.reshape(&[1, side, side, c])?.repeat_to(&[n, side, side, c])?;
        let (mut image, mut at) = (None, 0);
        for block in &self.blocks {
            for conv in &block.convs {
                x = conv.forward(&x, &style(at)?, &mut noise)?;
                at += 1;
            }
            let own = block.image.forward(&x, &style(at)?, &mut noise)?;
            image = Some(match image {
                None => own,
                Some(smaller) => doubled(&smaller)?.add(&own)?,
            });
        }
        image.ok_or_else(|| Error::data("StyleGAN2 without blocks"))
    }
}

impl Noise<'_> {
    /// `[n, side, side, 1]`, or `[1, side, side, 1]` of a layer's own.
    fn of(&mut self, constant: &Value, n: usize) -> Result<Option<Value>> {
        let side = constant.dims()[0];
        match self {
            Noise::None => Ok(None),
            Noise::Constant => Ok(Some(constant.reshape(&[1, side, side, 1])?.repeat_to(&[n, side, side, 1])?)),
            Noise::Random(stream) => {
                let values: Vec<f32> = (0..n * side * side).map(|_| stream.normal() as f32).collect();
                Ok(Some(Value::constant(Tensor::from_vec(values, (n, side, side, 1), constant.device())?)))
            }
        }
    }
}
