//! The input of networks that generate images from noise: shuffled images of one kind.

use super::TrainingSetup;
use crate::contract::prelude::*;
use crate::data::ahead::Ahead;
use crate::data::batch::{self, Order};
use crate::training;
use hilum_ops::{Upload, Uploads, Value};

/// Batches on their way to the device.
pub(super) struct Feed {
    batches: Ahead<candle_core::Result<Upload>>,
    side: usize,
}

impl Feed {
    /// Batches of shuffled images, from the first that has not been trained on.
    pub(super) fn start(s: &TrainingSetup<'_, '_>) -> Result<Feed> {
        let images: &[&[u8]] = &s.images[0];
        let (mut order, augmentation) = (Order::new(s.cx.stream("order"), images.len()), s.cx.stream("augment"));
        let (batch, side, augment) = (s.batch, s.side, s.augment);
        order.skip(s.done * batch);
        let uploads = Uploads::to(s.device)?;
        let batches = Ahead::start(s.scope, move || uploads.send(batch::numbers(images, &order.batch(batch), side, augment, &augmentation, (-1.0, 1.0))));
        Ok(Feed { batches, side })
    }
    /// The next images, `[n, side, side, 1]` in [−1, 1].
    pub(super) fn next(&self) -> Result<Value> {
        training::images_sent(self.batches.next()?, self.side)
    }
}
