//! What networks that translate films are fed with: films of two kinds that nobody paired, and what else is drawn.

use super::{Course, GRID, Setting};
use crate::adversarial::pool::by_chance;
use crate::adversarial::{Adversaries, Observed, channelled, cyclegan, cyclegan_zunair, pix2pix};
use crate::contract::prelude::*;
use crate::data::ahead::Ahead;
use crate::data::batch;
use crate::data::pairs::{Pairs, Rule, nearest};
use crate::kinds::generator::grey;
use crate::networks::Mode;
use crate::training;
use crate::training::schedule::{Moment, linear_decay};
use crate::training::snapshot::{Restored, Snapshot};
use hilum_ops::{Upload, Uploads, Value, without_history};

/// A course of translation: networks, pairs of batches, and the one stream that steps draw from.
struct Translation<'s, 'e, N> {
    networks: N,
    feed: Ahead<candle_core::Result<[Upload; 2]>>,
    /// Of the pool, or of dropout.
    draws: Stream,
    /// The films that are looked at.
    shown: Vec<&'s [u8]>,
    channels: usize,
    /// Share of the training, at its end, in which the rate falls.
    decay: f64,
    s: Setting<'s, 'e>,
}

/// Where the rate falls over fewer passes, it does so step by step.
const STAIRS: f64 = 10.0;

/// How films are drawn, and whether both films of a pair are changed alike.
struct Drawing {
    rule: Rule,
    alike: bool,
}

impl<'s, 'e, N> Translation<'s, 'e, N> {
    fn new(networks: N, kinds: &'s [Vec<&'s [u8]>], drawing: Drawing, channels: usize, s: Setting<'s, 'e>) -> Result<(Self, usize)> {
        let mut pairs = Pairs::new(s.cx.stream("order"), [kinds[0].len(), kinds[1].len()], drawing.rule);
        let pass = pairs.pass_len();
        pairs.skip(s.done * s.batch);
        let of_to = if drawing.alike { "augment.from" } else { "augment.to" };
        let streams = [s.cx.stream("augment.from"), s.cx.stream(of_to)];
        let (n, side, augment) = (s.batch, s.side, s.augment);
        let uploads = Uploads::to(s.device)?;
        let feed = Ahead::start(s.scope, move || {
            let drawn: Vec<([usize; 2], u64)> = (0..n).map(|_| pairs.draw()).collect();
            let of = |kind: usize| {
                let draws: Vec<(usize, u64)> = drawn.iter().map(|(films, number)| (films[kind], *number)).collect();
                uploads.send(batch::numbers(&kinds[kind], &draws, side, augment, &streams[kind], (-1.0, 1.0)))
            };
            Ok([of(0)?, of(1)?])
        });
        let shown = kinds[0].iter().step_by((kinds[0].len() / GRID.0).max(1)).take(GRID.0).copied().collect();
        Ok((Translation { networks, feed, draws: s.cx.stream("steps"), shown, channels, decay: 0.0, s }, pass))
    }

    /// The next films of both kinds.
    fn films(&self) -> Result<[Value; 2]> {
        let [from, to] = self.feed.next()?;
        let of = |values| channelled(&training::films_sent(values, self.s.side)?, self.channels);
        Ok([of(from)?, of(to)?])
    }
    /// The films that are looked at, translated.
    fn shown(&self, translate: impl Fn(&Value) -> Result<Value>) -> Result<Vec<Vec<f32>>> {
        let one = |film: &&[u8]| {
            let x = training::film_tensor(&[film], self.s.side, self.s.device)?.scale(2.0)?.shift(-1.0)?;
            let made = without_history(|| translate(&channelled(&x, self.channels)?))?;
            Ok(grey(&made)?.remove(0))
        };
        self.shown.iter().map(one).collect()
    }
}

/// What a network that translates does with both kinds of films.
trait Translator: Adversaries {
    fn step_on(&mut self, films: &[Value; 2], draws: &mut Stream) -> Result<Observed>;
    fn translate(&self, film: &Value, draws: &Stream) -> Result<Value>;
}

impl Translator for cyclegan::CycleGan {
    fn step_on(&mut self, [from, to]: &[Value; 2], draws: &mut Stream) -> Result<Observed> {
        self.step(from, to, by_chance(draws))
    }
    fn translate(&self, film: &Value, _: &Stream) -> Result<Value> {
        self.generators().there.forward(film)
    }
}

impl Translator for cyclegan_zunair::CycleGanZunair {
    fn step_on(&mut self, [from, to]: &[Value; 2], _: &mut Stream) -> Result<Observed> {
        self.step(from, to)
    }
    fn translate(&self, film: &Value, _: &Stream) -> Result<Value> {
        self.generators.there.forward(film)
    }
}

impl Translator for pix2pix::Pix2Pix {
    fn step_on(&mut self, [from, to]: &[Value; 2], draws: &mut Stream) -> Result<Observed> {
        self.step(from, to, draws)
    }
    fn translate(&self, film: &Value, draws: &Stream) -> Result<Value> {
        // The same draws for every look, away from those of the training. Running statistics move along, and nobody reads them.
        self.generator.forward(film, &mut Mode::Train(&mut draws.item(0)))
    }
}

impl<N: Translator> Course for Translation<'_, '_, N> {
    fn step(&mut self, _: usize) -> Result<Observed> {
        let films = self.films()?;
        self.networks.step_on(&films, &mut self.draws)
    }
    fn look(&self) -> Result<Vec<Vec<f32>>> {
        self.shown(|film| self.networks.translate(film, &self.draws))
    }
    fn first_row(&self) -> Result<Vec<Vec<u8>>> {
        Ok(self.shown.iter().map(|f| f.to_vec()).collect())
    }
    fn columns(&self) -> usize {
        self.shown.len()
    }
    fn networks(&self) -> &dyn Adversaries {
        &self.networks
    }
    fn networks_mut(&mut self) -> &mut dyn Adversaries {
        &mut self.networks
    }
    fn rate(&self, at: Moment, passes: usize) -> f64 {
        // A few passes are no stairs to come down on: then each step is one.
        let (at, all) = if passes as f64 * self.decay < STAIRS { (at.step, at.steps) } else { (at.pass, passes) };
        let decay = (all as f64 * self.decay).floor();
        linear_decay(at as f64, all as f64 - decay, decay)
    }
    fn write(&self, snapshot: Snapshot) -> Snapshot {
        snapshot.thing("steps", &self.draws.position())
    }
    fn read(&mut self, before: &Restored) -> Result<()> {
        self.draws.seek(before.thing("steps")?);
        Ok(())
    }
}

fn streams(s: &Setting) -> [Stream; 2] {
    [s.cx.stream("generator"), s.cx.stream("discriminator")]
}

/// CycleGAN of Zhu et al.; and the films of a pass.
pub(super) fn cyclegan<'s>(c: &cyclegan::Config, kinds: &'s [Vec<&'s [u8]>], s: Setting<'s, '_>) -> Result<(Box<dyn Course + 's>, usize)> {
    let networks = cyclegan::CycleGan::new(c, s.side, &s.adam, s.device, streams(&s).each_mut())?;
    let drawing = Drawing { rule: Rule::Unaligned { pass: kinds[0].len().max(kinds[1].len()) }, alike: false };
    let (course, pass) = Translation::new(networks, kinds, drawing, c.channels, s)?;
    Ok((Box::new(Translation { decay: c.decay, ..course }), pass))
}

/// CycleGAN of Zunair & Hamza; and the films of a pass.
pub(super) fn cyclegan_zunair<'s>(c: &cyclegan_zunair::Config, kinds: &'s [Vec<&'s [u8]>], s: Setting<'s, '_>) -> Result<(Box<dyn Course + 's>, usize)> {
    let networks = cyclegan_zunair::CycleGanZunair::new(c, &s.adam, s.device, streams(&s).each_mut())?;
    // One coin decides for both films of a pair whether they are mirrored.
    let (course, pass) = Translation::new(networks, kinds, Drawing { rule: Rule::Shuffled, alike: true }, c.channels, s)?;
    Ok((Box::new(course), pass))
}

/// pix2pix; and the films of a pass.
pub(super) fn pix2pix<'s>(c: &pix2pix::Config, kinds: &'s [Vec<&'s [u8]>], s: Setting<'s, '_>) -> Result<(Box<dyn Course + 's>, usize)> {
    let networks = pix2pix::Pix2Pix::new(c, &s.adam, s.device, streams(&s).each_mut())?;
    // Where a pair is meant, both films are changed alike.
    let alike = c.pairing != pix2pix::Pairing::Random;
    let rule = match c.pairing {
        pix2pix::Pairing::Random => Rule::Unaligned { pass: kinds[0].len() },
        pix2pix::Pairing::Cycle => Rule::Fixed((0..kinds[0].len()).map(|i| i % kinds[1].len()).collect()),
        pix2pix::Pairing::Nearest => Rule::Fixed(nearest(&kinds[0], &kinds[1], s.side)),
    };
    let (course, pass) = Translation::new(networks, kinds, Drawing { rule, alike }, c.channels, s)?;
    Ok((Box::new(course), pass))
}
