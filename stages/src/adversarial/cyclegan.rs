//! A step of CycleGAN as in Zhu et al. 2017 and junyanz/pytorch-CycleGAN-and-pix2pix (`models/cycle_gan_model.py`): both
//! generators in one step with adversarial, cycle and identity losses, then both discriminators on films from pools.

use super::pool::Pool;
use super::{Adversaries, Observed, made};
use crate::contract::prelude::*;
use crate::networks::Weights;
use crate::networks::patchgan::{Norm, PatchGan};
use crate::networks::resnet_generator::ResNetGenerator;
use crate::training::AdamParameters;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::Device;
use hilum_ops::{Gradients, Optimiser, Value, absolute_error, norm_of, squared_error};

/// CycleGAN (Zhu et al. 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The label of the films to translate.
    pub from: String,
    /// The label of the films that translations should look like.
    pub to: String,
    /// Channels of the networks: 1, or 3 with the grey film in each.
    #[serde(default = "one")]
    pub channels: usize,
    /// Channels of the first maps of all networks; 64 in the paper.
    #[serde(default = "width")]
    #[schemars(range(min = 1))]
    pub width: usize,
    /// Residual blocks of a generator: 9 in the paper, 6 for films of 128 pixels and less.
    #[serde(default = "blocks")]
    #[schemars(range(min = 1))]
    pub blocks: usize,
    /// Weight of the cycle loss.
    #[serde(default = "cycle")]
    pub cycle: f64,
    /// Weight of the identity loss, as a share of that of the cycle loss.
    #[serde(default = "identity")]
    pub identity: f64,
    /// Made films of earlier steps that each discriminator is shown some of.
    #[serde(default = "pool")]
    pub pool: usize,
    /// Share of a moving average of the generators that each step keeps, such as 0.999; the average makes films then. None in the
    /// paper.
    #[serde(default)]
    pub average: Option<f64>,
    /// Share of the training, at its end, in which the learning rate falls to nothing.
    #[serde(default = "decay")]
    #[schemars(range(min = 0, max = 1))]
    pub decay: f64,
}

fn one() -> usize {
    1
}
fn width() -> usize {
    64
}
fn blocks() -> usize {
    9
}
fn cycle() -> f64 {
    10.0
}
fn identity() -> f64 {
    0.5
}
fn pool() -> usize {
    50
}
fn decay() -> f64 {
    0.5
}

impl Config {
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        [
            BadParameter::unless(self.from != self.to, &format!("{path}.to"), "must be another label than `from`"),
            BadParameter::unless([1, 3].contains(&self.channels), &format!("{path}.channels"), "must be 1 or 3"),
            BadParameter::unless(self.width >= 1, &format!("{path}.width"), "must be at least 1"),
            BadParameter::unless(self.blocks >= 1, &format!("{path}.blocks"), "must be at least 1"),
            BadParameter::unless(self.cycle >= 0.0 && self.cycle.is_finite(), &format!("{path}.cycle"), "must be at least 0"),
            BadParameter::unless(self.identity >= 0.0 && self.identity.is_finite(), &format!("{path}.identity"), "must be at least 0"),
            BadParameter::unless(self.average.is_none_or(|a| (0.0..1.0).contains(&a)), &format!("{path}.average"), "must be at least 0 and below 1"),
            BadParameter::unless((0.0..=1.0).contains(&self.decay), &format!("{path}.decay"), "must lie between 0 and 1"),
        ]
        .concat()
    }
}

/// Both generators, `there` and `back`, whose weights have one optimiser.
pub struct Generators {
    /// From `from` to `to`.
    pub there: ResNetGenerator,
    /// From `to` to `from`.
    pub back: ResNetGenerator,
}

impl Generators {
    /// Builds both below names of their own.
    pub fn new(c: &Config, scope: &mut crate::networks::Scope) -> Result<Self> {
        Ok(Generators {
            there: ResNetGenerator::new(c.channels, c.width, c.blocks, &mut scope.at("there"))?,
            back: ResNetGenerator::new(c.channels, c.width, c.blocks, &mut scope.at("back"))?,
        })
    }
}

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
    /// Fresh weights for films of `side` pixels, the generators' from the first stream.
    pub fn new(c: &Config, side: usize, adam: &AdamParameters, device: &Device, [g, d]: [&mut Stream; 2]) -> Result<Self> {
        let average = c.average.map(|_| made(device, &mut g.clone(), |s| Generators::new(c, s))).transpose()?;
        let (generators, of_g) = made(device, g, |s| Generators::new(c, s))?;
        let ([of_from, of_to], of_d) = made(device, d, |s| {
            let mut new = |name| PatchGan::new(c.channels, c.width, Norm::Instance, &mut s.at(name));
            Ok([new("from")?, new("to")?])
        })?;
        let optimisers = [&of_g, &of_d].map(|w| adam.build(w.trained()));
        let pools = [Pool::new(c.pool), Pool::new(c.pool)];
        Ok(CycleGan { generators, average, of_from, of_to, optimisers, weights: [of_g, of_d], pools, config: c.clone(), side })
    }

    /// What films are made with: the moving average where there is one.
    pub fn generators(&self) -> &Generators {
        self.average.as_ref().map_or(&self.generators, |a| &a.0)
    }

    /// One step on films of both kinds, `[n, side, side, channels]` in [−1, 1]. `choose` says which film a pool gives.
    pub fn step(&mut self, from: &Value, to: &Value, mut choose: impl FnMut(usize) -> Option<usize>) -> Result<Observed> {
        let [of_g, of_d] = &mut self.optimisers;
        let Generators { there, back } = &self.generators;
        let trained: Vec<Value> = of_g.weights().cloned().collect();
        let mut to_g = Gradients::default();
        let mut fakes = vec![];
        let (mut adversarial, mut cycle, mut identity) = (0.0, 0.0, 0.0);
        // One direction after the other: the graph of one is gone before the next begins. The sum is the same.
        for (go, return_, judge, source, target) in [(there, back, &self.of_to, from, to), (back, there, &self.of_from, to, from)] {
            let fake = go.forward(source)?;
            let fooled = squared_error(&judge.forward(&fake, true)?, 1.0)?;
            let returned = absolute_error(&return_.forward(&fake)?, source)?.scale(self.config.cycle)?;
            fakes.push(fake.detach());
            drop(fake);
            adversarial += fooled.scalar()?;
            cycle += returned.scalar()?;
            to_g.add(fooled.add(&returned)?.backward_to(&trained)?)?;
            if self.config.identity > 0.0 {
                let same = absolute_error(&go.forward(target)?, target)?.scale(self.config.cycle * self.config.identity)?;
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
        if let (Some(kept), Some((_, average))) = (self.config.average, &self.average) {
            average.approach(&self.weights[0], 1.0 - kept)?;
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
    fn remember(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot.bytes("pool.to", self.pools[0].to_bytes()?).bytes("pool.from", self.pools[1].to_bytes()?))
    }
    fn recall(&mut self, before: &Restored) -> Result<()> {
        let device = self.weights[0].device().clone();
        for (name, pool) in ["pool.to", "pool.from"].into_iter().zip(&mut self.pools) {
            pool.restore(&before.bytes(name)?, self.side, self.config.channels, &device)?;
        }
        Ok(())
    }
}
