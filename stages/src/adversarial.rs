//! Steps of adversarial training, one sort of network per file, in the order of its reference implementation. Given films
//! and what was drawn for a step; ignorant of where either comes from, of how long is trained and of what is recorded.

pub mod cyclegan;
pub mod cyclegan_zunair;
pub mod dcgan;
pub mod pix2pix;
pub mod pool;
pub mod stylegan2;

use crate::contract::prelude::*;
use crate::networks::{Scope, Weights};
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::Device;
use hilum_ops::{Optimiser, Value};

/// Networks that are trained against each other.
pub trait Adversaries {
    /// All weights by name, for checkpoints.
    fn weights(&self) -> Vec<(&'static str, &Weights)>;
    /// All optimisers by name.
    fn optimisers(&mut self) -> Vec<(&'static str, &mut Optimiser)>;
    /// Sets the learning rate of the next steps.
    fn set_rate(&mut self, rate: f64) {
        self.optimisers().into_iter().for_each(|(_, optimiser)| optimiser.set_rate(rate));
    }
    /// The weights that films are made with afterwards.
    fn generator(&self) -> &Weights {
        self.weights()[0].1
    }
    /// Writes down what is neither weight nor optimiser.
    ///
    /// # Errors
    /// Where a device does not give it.
    fn remember(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot)
    }
    /// Takes it back.
    ///
    /// # Errors
    /// Where it does not fit.
    fn recall(&mut self, _before: &Restored) -> Result<()> {
        Ok(())
    }
}

/// What a step saw.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// What the discriminators made small, before their step.
    pub discriminator: f64,
    /// What the generators made small, before their step.
    pub generator: f64,
    /// How real films were judged on average: as a probability, or, for least squares, as a number that should be 1.
    pub on_real: f64,
    /// How made films were judged, before the step; should be 0.
    pub on_fake: f64,
    /// Norms of the gradients of discriminators and generators.
    pub norms: [f64; 2],
    /// Further terms, by column name; the same names at every step.
    pub terms: Vec<(&'static str, f64)>,
}

impl Observed {
    /// True where every loss is a number.
    pub fn is_finite(&self) -> bool {
        self.discriminator.is_finite() && self.generator.is_finite() && self.terms.iter().all(|(_, v)| v.is_finite())
    }
}

/// A network with weights of its own.
fn made<N>(device: &Device, stream: &mut Stream, build: impl FnOnce(&mut Scope) -> Result<N>) -> Result<(N, Weights)> {
    let mut weights = Weights::on(device);
    let network = build(&mut weights.scope(stream))?;
    Ok((network, weights))
}

/// Grey films `[n, s, s, 1]` as a network of so many channels takes them.
pub fn channelled(films: &Value, channels: usize) -> Result<Value> {
    let (n, h, w, c) = films.dims4()?;
    Ok(if c == channels { films.clone() } else { films.repeat_to(&[n, h, w, channels])? })
}
