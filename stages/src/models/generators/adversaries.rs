//! Networks that are trained against each other: their weights and optimisers, and what a step of them saw. Ignorant of what a
//! step is and of what it is fed with.

use crate::contract::prelude::*;
use crate::networks::{Scope, Weights};
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::Device;
use hilum_ops::Optimiser;

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
    /// The weights that images are made with afterwards.
    fn generator(&self) -> &Weights {
        self.weights()[0].1
    }
    /// Writes down what is neither weight nor optimiser, for a checkpoint.
    ///
    /// # Errors
    /// Where a device does not give it.
    fn save_state(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot)
    }
    /// Takes it back.
    ///
    /// # Errors
    /// Where it does not fit.
    fn load_state(&mut self, _before: &Restored) -> Result<()> {
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
    /// How real images were judged on average: as a probability, or, for least squares, as a number that should be 1.
    pub on_real: f64,
    /// How fake images were judged, before the step; should be 0.
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

/// A network with fresh weights of its own.
pub(super) fn fresh<N>(device: &Device, stream: &mut Stream, build: impl FnOnce(&mut Scope) -> Result<N>) -> Result<(N, Weights)> {
    let mut weights = Weights::on(device);
    let network = build(&mut weights.scope(stream))?;
    Ok((network, weights))
}
