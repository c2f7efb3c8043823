//! What StyleGAN2 is fed with: shuffled images of one kind, and what is drawn during a step.

use super::{Config, Draws, Noise, StyleGan2};
use crate::contract::prelude::*;
use crate::models::generators::adversaries::{Adversaries, Observed};
use crate::models::generators::images::{channelled, grey};
use crate::models::generators::sampling::Feed;
use crate::models::generators::{PREVIEWS, Trainer, TrainingSetup};
use crate::networks::diffaugment::Draw;
use crate::training;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::{Device, Tensor};
use hilum_ops::{Value, without_history};

pub(super) struct StyleGan2Trainer {
    networks: StyleGan2,
    feed: Feed,
    fixed: Value,
    draws: StreamDraws,
    channels: usize,
    epoch_len: usize,
}

impl StyleGan2Trainer {
    pub(super) fn new(c: &Config, s: TrainingSetup) -> Result<Self> {
        let networks = StyleGan2::new(c, &s.adam, s.device, s.init_streams().each_mut())?;
        let fixed = training::normal_noise(&s.cx.stream("grid"), 0, PREVIEWS, *c.latent, s.device)?;
        let streams = STREAMS.map(|name| s.cx.stream(name));
        let draws = StreamDraws { streams, mixing: *c.mixing, latent: *c.latent, side: s.side, device: s.device.clone() };
        Ok(StyleGan2Trainer { networks, feed: Feed::start(&s)?, fixed, draws, channels: *c.channels, epoch_len: s.images[0].len() })
    }
}

/// Streams of noise, of where styles are cut, of what is added to maps, of changes, and of directions.
struct StreamDraws {
    streams: [Stream; 5],
    mixing: f64,
    latent: usize,
    side: usize,
    device: Device,
}

const STREAMS: [&str; 5] = ["noise", "mixing", "maps", "diffaugment", "directions"];

fn normal(stream: &mut Stream, shape: &[usize], device: &Device) -> Result<Value> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
    Ok(Value::constant(Tensor::from_vec(values, shape, device)?))
}

impl Draws for StreamDraws {
    fn noise(&mut self, n: usize) -> Result<Value> {
        normal(&mut self.streams[0], &[n, self.latent], &self.device)
    }
    fn cutoff(&mut self, styles: usize) -> usize {
        let stream = &mut self.streams[1];
        if stream.chance(self.mixing) { 1 + stream.below(styles - 1) } else { styles }
    }
    fn maps(&mut self) -> Noise<'_> {
        Noise::Random(&mut self.streams[2])
    }
    fn changes(&mut self, n: usize) -> Vec<Draw> {
        (0..n).map(|_| Draw::new(self.side, &mut self.streams[3])).collect()
    }
    fn direction(&mut self, shape: &[usize]) -> Result<Value> {
        normal(&mut self.streams[4], shape, &self.device)
    }
}

impl Trainer for StyleGan2Trainer {
    fn step(&mut self, step: usize) -> Result<Observed> {
        let real = channelled(&self.feed.next()?, self.channels)?;
        self.networks.step(step, &real, &mut self.draws)
    }
    fn preview(&self) -> Result<Vec<Vec<f32>>> {
        let g = &self.networks.average;
        let images = without_history(|| g.synthesise(&g.map(&self.fixed, false)?, &mut Noise::Constant))?;
        grey(&images)
    }
    fn epoch_len(&self) -> usize {
        self.epoch_len
    }
    fn networks(&self) -> &dyn Adversaries {
        &self.networks
    }
    fn networks_mut(&mut self) -> &mut dyn Adversaries {
        &mut self.networks
    }
    fn save_state(&self, snapshot: Snapshot) -> Snapshot {
        STREAMS.iter().zip(&self.draws.streams).fold(snapshot, |snapshot, (name, stream)| snapshot.thing(name, &stream.position()))
    }
    fn load_state(&mut self, before: &Restored) -> Result<()> {
        STREAMS.iter().zip(&mut self.draws.streams).try_for_each(|(name, stream)| {
            stream.seek(before.thing(name)?);
            Ok(())
        })
    }
}
