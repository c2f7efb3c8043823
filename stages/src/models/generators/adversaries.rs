//! Networks that are trained against each other: their weights and optimisers, and the metrics of a step. Independent
//! of what a step does and of its input.

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
    /// The weights that generate images after the training.
    fn generator(&self) -> &Weights {
        self.weights()[0].1
    }
    /// Saves state other than weights and optimisers, for a checkpoint.
    ///
    /// # Errors
    /// Where a device does not give it.
    fn save_state(&self, snapshot: Snapshot) -> Result<Snapshot> {
        Ok(snapshot)
    }
    /// Restores it.
    ///
    /// # Errors
    /// Where it does not fit.
    fn load_state(&mut self, _before: &Restored) -> Result<()> {
        Ok(())
    }
}

/// The metrics of a step.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// Loss of the discriminators, before their step.
    pub discriminator: f64,
    /// Loss of the generators, before their step.
    pub generator: f64,
    /// Mean score of real images: a probability or, for least squares, a number with the target 1.
    pub on_real: f64,
    /// Mean score of fake images, before the step; the target is 0.
    pub on_fake: f64,
    /// Norms of the gradients of discriminators and generators.
    pub norms: [f64; 2],
    /// Further terms, by column name; the same names at every step.
    pub terms: Vec<(&'static str, f64)>,
}

impl Observed {
    /// True if every loss is finite.
    pub fn is_finite(&self) -> bool {
        self.discriminator.is_finite() && self.generator.is_finite() && self.terms.iter().all(|(_, v)| v.is_finite())
    }
}

/// A network with initial weights.
pub(super) fn fresh<N>(device: &Device, stream: &mut Stream, build: impl FnOnce(&mut Scope) -> Result<N>) -> Result<(N, Weights)> {
    let mut weights = Weights::on(device);
    let network = build(&mut weights.scope(stream))?;
    Ok((network, weights))
}
