//! The input of networks that translate images: unpaired images of two kinds; and how they are trained on it.

use super::adversaries::{Adversaries, Observed};
use super::images::{channelled, grey};
use super::{PREVIEWS, Trainer, TrainingSetup};
use crate::contract::prelude::*;
use crate::data::ahead::Ahead;
use crate::data::batch;
use crate::data::pairs::{Pairs, Rule};
use crate::training;
use crate::training::schedule::{Position, linear_decay};
use crate::training::snapshot::{Restored, Snapshot};
use hilum_ops::{Upload, Uploads, Value, without_history};

/// A network that translates images of one kind to the other.
pub(super) trait Translator: Adversaries {
    /// A step on images `[n, side, side, channels]` of both kinds.
    fn step_on(&mut self, images: &[Value; 2], draws: &mut Stream) -> Result<Observed>;
    /// Translates an image with the current weights.
    fn translate(&self, image: &Value, draws: &Stream) -> Result<Value>;
}

/// Training of a translation: networks, pairs of batches, and the one stream that steps draw from.
pub(super) struct Translation<'s, 'e, N> {
    networks: N,
    feed: Ahead<candle_core::Result<[Upload; 2]>>,
    /// Of the pool, or of dropout.
    draws: Stream,
    /// The images of previews.
    shown: Vec<&'s [u8]>,
    epoch_len: usize,
    how: How,
    s: TrainingSetup<'s, 'e>,
}

/// What differs between networks.
pub(super) struct How {
    /// Which images are paired.
    pub(super) rule: Rule,
    /// Whether both images of a pair are augmented alike.
    pub(super) alike: bool,
    /// Channels of the networks.
    pub(super) channels: usize,
    /// Final share of the training in which the learning rate decays.
    pub(super) decay: f64,
}

/// If the learning rate decays over fewer epochs than this, it decays with every step.
const MIN_DECAY_EPOCHS: f64 = 10.0;

impl<'s, 'e, N> Translation<'s, 'e, N> {
    pub(super) fn new(networks: N, how: How, s: TrainingSetup<'s, 'e>) -> Result<Self> {
        let kinds = s.images;
        let mut pairs = Pairs::new(s.cx.stream("order"), [kinds[0].len(), kinds[1].len()], how.rule.clone());
        let epoch_len = pairs.epoch_len();
        pairs.skip(s.done * s.batch);
        let of_to = if how.alike { "augment.from" } else { "augment.to" };
        let streams = [s.cx.stream("augment.from"), s.cx.stream(of_to)];
        let (n, side, augment) = (s.batch, s.side, s.augment);
        let uploads = Uploads::to(s.device)?;
        let feed = Ahead::start(s.scope, move || {
            let drawn: Vec<([usize; 2], u64)> = (0..n).map(|_| pairs.draw()).collect();
            let of = |kind: usize| {
                let draws: Vec<(usize, u64)> = drawn.iter().map(|(pair, number)| (pair[kind], *number)).collect();
                uploads.send(batch::numbers(&kinds[kind], &draws, side, augment, &streams[kind], (-1.0, 1.0)))
            };
            Ok([of(0)?, of(1)?])
        });
        let shown = kinds[0].iter().step_by((kinds[0].len() / PREVIEWS).max(1)).take(PREVIEWS).copied().collect();
        Ok(Translation { networks, feed, draws: s.cx.stream("steps"), shown, epoch_len, how, s })
    }

    /// The next images of both kinds.
    fn images(&self) -> Result<[Value; 2]> {
        let [from, to] = self.feed.next()?;
        let of = |values| channelled(&training::images_sent(values, self.s.side)?, self.how.channels);
        Ok([of(from)?, of(to)?])
    }
}

impl<N: Translator> Trainer for Translation<'_, '_, N> {
    fn step(&mut self, _: usize) -> Result<Observed> {
        let images = self.images()?;
        self.networks.step_on(&images, &mut self.draws)
    }
    fn preview(&self) -> Result<Vec<Vec<f32>>> {
        let one = |image: &&[u8]| {
            let x = training::image_tensor(&[image], self.s.side, self.s.device)?.scale(2.0)?.shift(-1.0)?;
            let fake = without_history(|| self.networks.translate(&channelled(&x, self.how.channels)?, &self.draws))?;
            Ok(grey(&fake)?.remove(0))
        };
        self.shown.iter().map(one).collect()
    }
    fn first_row(&self) -> Vec<Vec<u8>> {
        self.shown.iter().map(|image| image.to_vec()).collect()
    }
    fn columns(&self) -> usize {
        self.shown.len()
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
    fn rate(&self, at: Position, epochs: usize) -> f64 {
        // Over a few epochs, a decay per epoch would be too coarse.
        let (at, all) = if epochs as f64 * self.how.decay < MIN_DECAY_EPOCHS { (at.step, at.steps) } else { (at.epoch, epochs) };
        let decay = (all as f64 * self.how.decay).floor();
        linear_decay(at as f64, all as f64 - decay, decay)
    }
    fn save_state(&self, snapshot: Snapshot) -> Snapshot {
        snapshot.thing("steps", &self.draws.position())
    }
    fn load_state(&mut self, before: &Restored) -> Result<()> {
        self.draws.seek(before.thing("steps")?);
        Ok(())
    }
}

/// Finds invalid labels, which all networks that translate have; `path` as in [`super::GeneratorConfig::check`].
pub(super) fn check(from: &str, to: &str, path: &str) -> Vec<BadParameter> {
    BadParameter::unless(from != to, &format!("{path}.to"), "must be a label other than `from`")
}
