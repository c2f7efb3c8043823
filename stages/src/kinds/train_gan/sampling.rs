//! What networks that make films from noise are fed with: shuffled films of one kind, noise, and what else is drawn.

use super::{Course, GRID, Setting};
use crate::adversarial::{Adversaries, Observed, channelled, dcgan, stylegan2};
use crate::contract::prelude::*;
use crate::data::ahead::Ahead;
use crate::data::batch::{self, Order};
use crate::kinds::generator::grey;
use crate::networks::diffaugment::Draw;
use crate::networks::stylegan2::Noise;
use crate::training;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::{Device, Tensor};
use hilum_ops::{Upload, Uploads, Value, without_history};

/// Batches on their way to the device.
type Feed = Ahead<candle_core::Result<Upload>>;

/// Batches of shuffled films in [−1, 1], from the first that was not yet trained on.
fn feed<'s>(films: &'s [&'s [u8]], s: &Setting<'s, '_>) -> Result<Feed> {
    let (mut order, augmentation) = (Order::new(s.cx.stream("order"), films.len()), s.cx.stream("augment"));
    let (batch, side, augment) = (s.batch, s.side, s.augment);
    order.skip(s.done * batch);
    let uploads = Uploads::to(s.device)?;
    Ok(Ahead::start(s.scope, move || uploads.send(batch::numbers(films, &order.batch(batch), side, augment, &augmentation, (-1.0, 1.0)))))
}

/// DCGAN; and the films of a pass.
pub(super) fn dcgan<'s>(c: &crate::networks::dcgan::Config, films: &'s [&'s [u8]], s: Setting<'s, '_>) -> Result<(Box<dyn Course + 's>, usize)> {
    let networks = dcgan::Dcgan::new(c, &s.adam, s.device, [&mut s.cx.stream("generator"), &mut s.cx.stream("discriminator")])?;
    let fixed = training::uniform_noise(&s.cx.stream("grid"), 0, GRID.0, c.latent, s.device)?;
    let feed = feed(films, &s)?;
    Ok((Box::new(Dcgan { networks, feed, fixed, noise: s.cx.stream("noise"), dropout: s.cx.stream("dropout"), latent: c.latent, s }), films.len()))
}

struct Dcgan<'s, 'e> {
    networks: dcgan::Dcgan,
    feed: Feed,
    noise: Stream,
    dropout: Stream,
    fixed: Value,
    latent: usize,
    s: Setting<'s, 'e>,
}

impl Course for Dcgan<'_, '_> {
    fn step(&mut self, step: usize) -> Result<Observed> {
        let real = training::films_sent(self.feed.next()?, self.s.side)?;
        let z = training::uniform_noise(&self.noise, (step * self.s.batch) as u64, self.s.batch, self.latent, self.s.device)?;
        self.networks.step(&real, &z, &mut self.dropout)
    }
    fn look(&self) -> Result<Vec<Vec<f32>>> {
        // Running statistics, as `synthesize` will use them: the grid shows what would be made now.
        let films = without_history(|| self.networks.generator.forward(&self.fixed, false))?;
        grey(&films)
    }
    fn networks(&self) -> &dyn Adversaries {
        &self.networks
    }
    fn networks_mut(&mut self) -> &mut dyn Adversaries {
        &mut self.networks
    }
    fn write(&self, snapshot: Snapshot) -> Snapshot {
        snapshot.thing("dropout", &self.dropout.position())
    }
    fn read(&mut self, before: &Restored) -> Result<()> {
        self.dropout.seek(before.thing("dropout")?);
        Ok(())
    }
}

/// StyleGAN2 with DiffAugment; and the films of a pass.
pub(super) fn stylegan2<'s>(c: &stylegan2::Config, films: &'s [&'s [u8]], s: Setting<'s, '_>) -> Result<(Box<dyn Course + 's>, usize)> {
    let networks = stylegan2::StyleGan2::new(c, &s.adam, s.device, [&mut s.cx.stream("generator"), &mut s.cx.stream("discriminator")])?;
    let fixed = training::normal_noise(&s.cx.stream("grid"), 0, GRID.0, c.latent, s.device)?;
    let feed = feed(films, &s)?;
    let streams = STREAMS.map(|name| s.cx.stream(name));
    let luck = Luck { streams, mixing: c.mixing, latent: c.latent, side: s.side, device: s.device.clone() };
    Ok((Box::new(StyleGan2 { networks, feed, fixed, luck, channels: c.channels, s }), films.len()))
}

struct StyleGan2<'s, 'e> {
    networks: stylegan2::StyleGan2,
    feed: Feed,
    fixed: Value,
    luck: Luck,
    channels: usize,
    s: Setting<'s, 'e>,
}

/// Streams of noise, of where styles are cut, of what is added to maps, of changes, and of directions.
struct Luck {
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

impl stylegan2::Luck for Luck {
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

impl Course for StyleGan2<'_, '_> {
    fn step(&mut self, step: usize) -> Result<Observed> {
        let real = channelled(&training::films_sent(self.feed.next()?, self.s.side)?, self.channels)?;
        self.networks.step(step, &real, &mut self.luck)
    }
    fn look(&self) -> Result<Vec<Vec<f32>>> {
        let g = &self.networks.average;
        let films = without_history(|| g.synthesise(&g.map(&self.fixed, false)?, &mut Noise::Constant))?;
        grey(&films)
    }
    fn networks(&self) -> &dyn Adversaries {
        &self.networks
    }
    fn networks_mut(&mut self) -> &mut dyn Adversaries {
        &mut self.networks
    }
    fn write(&self, snapshot: Snapshot) -> Snapshot {
        STREAMS.iter().zip(&self.luck.streams).fold(snapshot, |snapshot, (name, stream)| snapshot.thing(name, &stream.position()))
    }
    fn read(&mut self, before: &Restored) -> Result<()> {
        STREAMS.iter().zip(&mut self.luck.streams).try_for_each(|(name, stream)| {
            stream.seek(before.thing(name)?);
            Ok(())
        })
    }
}
