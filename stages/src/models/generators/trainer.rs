//! What the loop of a training asks of any adversarial network, and what it gives it. Ignorant of networks and of the loop.

use super::adversaries::{Adversaries, Observed};
use crate::contract::prelude::*;
use crate::data::augment::Augment;
use crate::training::AdamParameters;
use crate::training::schedule::Moment;
use crate::training::snapshot::{Restored, Snapshot};
use candle_core::Device;
use std::thread::Scope;

/// Images that show how far a generator is.
pub const PREVIEWS: usize = 8;

/// Networks under training together with what they are fed with.
pub trait Trainer {
    /// A step, counted from 1.
    ///
    /// # Errors
    /// Where a device refuses it; so below.
    fn step(&mut self, step: usize) -> Result<Observed>;
    /// A row of images that shows how far the generator is, as it would make them now: grey numbers in [−1, 1].
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn preview(&self) -> Result<Vec<Vec<f32>>>;
    /// What stands above the first of these rows: the images that are translated.
    fn first_row(&self) -> Vec<Vec<u8>> {
        vec![]
    }
    /// Images in a row.
    fn columns(&self) -> usize {
        PREVIEWS
    }
    /// Images in a pass, at least 1.
    fn pass_len(&self) -> usize;
    /// The networks.
    fn networks(&self) -> &dyn Adversaries;
    /// As [`Trainer::networks`].
    fn networks_mut(&mut self) -> &mut dyn Adversaries;
    /// Factor on the learning rate at a step of a training of so many passes.
    fn rate(&self, _at: Moment, _passes: usize) -> f64 {
        1.0
    }
    /// Where its streams are, for a checkpoint. Draws of images are made again from the beginning.
    fn save_state(&self, snapshot: Snapshot) -> Snapshot {
        snapshot
    }
    /// Goes on from there.
    ///
    /// # Errors
    /// Where the checkpoint holds something else.
    fn load_state(&mut self, _before: &Restored) -> Result<()> {
        Ok(())
    }
}

/// What trainers are made of.
pub struct TrainingSetup<'s, 'e> {
    /// Gives streams.
    pub cx: &'s Context<'s>,
    /// Where tensors live.
    pub device: &'s Device,
    /// Pixels of the images to learn from, by kind: one, or those to translate and those that they should look like.
    pub images: &'s [Vec<&'s [u8]>],
    /// Their side in pixels.
    pub side: usize,
    /// Images per step.
    pub batch: usize,
    /// How weights are moved.
    pub adam: AdamParameters,
    /// How images are changed.
    pub augment: &'s Augment,
    /// Steps that were done before the training was stopped.
    pub done: usize,
    /// Where the thread that makes batches ahead lives.
    pub scope: &'s Scope<'s, 'e>,
}

impl TrainingSetup<'_, '_> {
    /// The streams of fresh weights: of generators and of discriminators.
    pub(super) fn init_streams(&self) -> [Stream; 2] {
        [self.cx.stream("generator"), self.cx.stream("discriminator")]
    }
}
