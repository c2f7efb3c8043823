//! A step of CycleGAN as in Zhu et al. 2017 and junyanz/pytorch-CycleGAN-and-pix2pix (`models/cycle_gan_model.py`):
//! both generators in one step with adversarial, cycle and identity losses, then both discriminators on images from
//! pools.

use super::patchgan::{Norm, PatchGan};
use super::{Config, Generators};
use crate::contract::prelude::*;
use crate::models::generators::adversaries::{Adversaries, Observed, fresh};
use crate::models::generators::pool::Pool;
use crate::networks::Weights;
use crate::training::AdamParameters;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::Device;
use hilum_ops::{Gradients, Optimiser, Value, absolute_error, norm_of, squared_error};

/// CycleGAN with an optimiser for both generators and one for both discriminators.
pub struct CycleGan {
    generators: Generators,
    average: Option<(Generators, Weights)>,
    of_from: PatchGan,
    of_to: PatchGan,
    weights: [Weights; 2],
    optimisers: [Optimiser; 2],
    pools: [Pool; 2],
    config: Config,
    side: usize,
}

impl CycleGan {
    /// Fresh weights for images of `side` pixels, the generators' from the first stream.
    pub fn new(c: &Config, side: usize, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let average = c.ema_decay.map(|_| fresh(device, &mut g.clone(), |s| Generators::new(c, s))).transpose()?;
        let (generators, of_g) = fresh(device, g, |s| Generators::new(c, s))?;
        let ([of_from, of_to], of_d) = fresh(device, d, |s| {
            let mut new = |name| PatchGan::new(*c.channels, *c.width, Norm::Instance, &mut s.at(name));
            Ok([new("from")?, new("to")?])
        })?;
        let optimisers = [&of_g, &of_d].map(|w| adam.build(w.trained()));
        let pools = [Pool::new(c.pool), Pool::new(c.pool)];
        Ok(CycleGan { generators, average, of_from, of_to, optimisers, weights: [of_g, of_d], pools, config: c.clone(), side })
    }

    /// What images are made with: the moving average where there is one.
    pub fn generators(&self) -> &Generators {
        self.average.as_ref().map_or(&self.generators, |a| &a.0)
    }

    /// One step on images of both kinds, `[n, side, side, channels]` in [−1, 1]. `choose` says which image a pool
    /// gives.
    pub fn step(&mut self, from: &Value, to: &Value, mut choose: impl FnMut(usize) -> Option<usize>) -> Result<Observed> {
        let [of_g, of_d] = &mut self.optimisers;
        let Generators { g_ab, g_ba } = &self.generators;
        let trained: Vec<Value> = of_g.weights().cloned().collect();
        let mut to_g = Gradients::default();
        let mut fakes = vec![];
        let (mut adversarial, mut cycle, mut identity) = (0.0, 0.0, 0.0);
        // One direction after the other: the graph of one is gone before the next begins. The sum is the same.
        for (g, inverse, judge, source, target) in [(g_ab, g_ba, &self.of_to, from, to), (g_ba, g_ab, &self.of_from, to, from)] {
            let fake = g.forward(source)?;
            let fooled = squared_error(&judge.forward(&fake, true)?, 1.0)?;
            let returned = absolute_error(&inverse.forward(&fake)?, source)?.scale(*self.config.cycle)?;
            fakes.push(fake.detach());
            drop(fake);
            adversarial += fooled.scalar()?;
            cycle += returned.scalar()?;
            to_g.add(fooled.add(&returned)?.backward_to(&trained)?)?;
            if *self.config.identity > 0.0 {
                let same = absolute_error(&g.forward(target)?, target)?.scale(*self.config.cycle * *self.config.identity)?;
                identity += same.scalar()?;
                to_g.add(same.backward_to(&trained)?)?;
            }
        }
        of_g.step(&to_g)?;

        let mut to_d = Gradients::default();
        let (mut d_loss, mut on_real, mut on_fake) = (0.0, 0.0, 0.0);
        for (k, (judge, real)) in [(&self.of_to, to), (&self.of_from, from)].into_iter().enumerate() {
            let shown = self.pools[k].exchange(&fakes[k], &mut choose)?;
            let judged = [judge.forward(real, true)?, judge.forward(&shown, true)?];
            on_real += judged[0].mean()?.scalar()? / 2.0;
            on_fake += judged[1].mean()?.scalar()? / 2.0;
            let loss = squared_error(&judged[0], 1.0)?.add(&squared_error(&judged[1], 0.0)?)?.scale(0.5)?;
            d_loss += loss.scalar()?;
            to_d.add(loss.backward()?)?;
        }
        of_d.step(&to_d)?;
        if let (Some(kept), Some((_, average))) = (self.config.ema_decay, &self.average) {
            average.lerp(&self.weights[0], 1.0 - *kept)?;
        }
        Ok(Observed {
            discriminator: d_loss,
            generator: adversarial + cycle + identity,
            on_real,
            on_fake,
            norms: [norm_of(&to_d)?, norm_of(&to_g)?],
            terms: vec![("adversarial", adversarial), ("cycle", cycle), ("identity", identity)],
        })
    }
}

impl Adversaries for CycleGan {
    fn weights(&self) -> Vec<(&'static str, &Weights)> {
        let average = self.average.iter().map(|a| ("average", &a.1));
        average.chain([("generator", &self.weights[0]), ("discriminator", &self.weights[1])]).collect()
    }
    fn optimisers(&mut self) -> Vec<(&'static str, &mut Optimiser)> {
        ["generator.optimiser", "discriminator.optimiser"].into_iter().zip(&mut self.optimisers).collect()
    }
    fn save_state(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot.bytes("pool.to", self.pools[0].to_bytes()?).bytes("pool.from", self.pools[1].to_bytes()?))
    }
    fn load_state(&mut self, before: &Restored) -> Result<()> {
        let device = self.weights[0].device().clone();
        for (name, pool) in ["pool.to", "pool.from"].into_iter().zip(&mut self.pools) {
            pool.restore(&before.bytes(name)?, self.side, *self.config.channels, &device)?;
        }
        Ok(())
    }
}
