//! The interface between the training loop and any adversarial network. Independent of networks and of the loop.

use super::adversaries::{Adversaries, Observed};
use crate::contract::prelude::*;
use crate::data::augment::Augment;
use crate::training::AdamParameters;
use crate::training::schedule::Position;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::Device;
use std::thread::Scope;

/// Images of a preview.
pub const PREVIEWS: usize = 8;

/// Networks in training, with their input.
pub trait Trainer {
    /// A step, counted from 1.
    ///
    /// # Errors
    /// Where a device refuses it; so below.
    fn step(&mut self, step: usize) -> Result<Observed>;
    /// A row of images as the generator generates them now: grey values in [−1, 1].
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn preview(&self) -> Result<Vec<Vec<f32>>>;
    /// The row above the first preview: the images that are translated.
    fn first_row(&self) -> Vec<Vec<u8>> {
        vec![]
    }
    /// Images in a row.
    fn columns(&self) -> usize {
        PREVIEWS
    }
    /// Images per epoch, at least 1.
    fn epoch_len(&self) -> usize;
    /// The networks.
    fn networks(&self) -> &dyn Adversaries;
    /// As [`Trainer::networks`].
    fn networks_mut(&mut self) -> &mut dyn Adversaries;
    /// Factor on the learning rate at a step of a training of this many epochs.
    fn rate(&self, _at: Position, _epochs: usize) -> f64 {
        1.0
    }
    /// Saves the positions of its streams, for a checkpoint. The order of images is drawn again from the start.
    fn save_state(&self, snapshot: Snapshot) -> Snapshot {
        snapshot
    }
    /// Restores them.
    ///
    /// # Errors
    /// Where the checkpoint does not contain them.
    fn load_state(&mut self, _before: &Restored) -> Result<()> {
        Ok(())
    }
}

/// What a trainer is built from.
pub struct TrainingSetup<'s, 'e> {
    /// Provides streams.
    pub cx: &'s Context<'s>,
    /// Where tensors live.
    pub device: &'s Device,
    /// Pixels of the images to train on, by kind: one, or those to translate and those that they should look like.
    pub images: &'s [Vec<&'s [u8]>],
    /// Their side in pixels.
    pub side: usize,
    /// Images per step.
    pub batch: usize,
    /// Parameters of the optimiser.
    pub adam: AdamParameters,
    /// How images are augmented.
    pub augment: &'s Augment,
    /// Steps that were done before the training was interrupted.
    pub done: usize,
    /// The scope of the thread that prepares batches ahead.
    pub scope: &'s Scope<'s, 'e>,
}

impl TrainingSetup<'_, '_> {
    /// The streams of initial weights: of generators and of discriminators.
    pub(super) fn init_streams(&self) -> [Stream; 2] {
        [self.cx.stream("generator"), self.cx.stream("discriminator")]
    }
}
