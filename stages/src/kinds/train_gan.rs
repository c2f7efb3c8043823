//! Trains adversarial networks. Each network and its input are defined in a file in `models/generators`; the loop, with
//! records, warnings and checkpoints, is here, once for all of them.

mod adam;
mod images;
#[cfg(test)]
mod tests;
mod watch;
mod watching;

use super::classifier::ClassifierDocument;
use super::generator::GeneratorDocument;
use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceFiles};
use crate::data::augment::Augment;
use crate::data::figure::FigureFiles;
use crate::data::pack::{self, ImageStore, Images};
use crate::data::sample::Samples;
use crate::data::weights::Trained;
use crate::figures::sheet::{GRID as SHEET, sheet};
use crate::models::generators::adversaries::Observed;
use crate::models::generators::images::{are_numbers, to_bytes};
use crate::models::generators::{Trainer, TrainingSetup};
use crate::models::{Extractor, GanNetwork};
use crate::records::{History, Table, WatchedRow};
use crate::training::alarm::{Alarm, AlarmState};
use crate::training::schedule::Position;
use crate::training::snapshot::{Restored, Snapshot};
use crate::training::{self, Precision};
use adam::GanAdam;
use images::TrainingImages;
use watch::WatchParameters;
use watching::Watching;

ports! {
    inputs {
        /// The images to train on.
        samples: Samples,
        /// Their pixels.
        images: Vec<Images> [by samples],
        /// The classifier by whose features the training is watched, for `watch` with the extractor `classifier`.
        weights: Option<Trained<ClassifierDocument>>,
    }
    outputs {
        /// The trained generator.
        generator: Trained<GeneratorDocument> [influenced samples images],
        /// Losses, discriminator scores and gradient norms of every step.
        history: History [influenced samples images],
        /// Images from the same noise at several steps, the earliest in the first row; or translations of the images in
        /// the first row.
        grid: FigureFiles [contains samples; influenced images],
        /// What `watch` saw: a row per metric and time.
        watched: Option<Table<WatchedRow>> [influenced samples images weights],
    }
}

/// Trains an image generator against a discriminator.
///
/// With `watch`, FID, KID and inception score of generated images are computed now and then during the training, by the features that
/// `features` computes, and drawn as curves. The images are those that `synthesize` would make then under this seed, from 0 on; they are
/// compared with the training images alone. So the values are optimistic: a generator that repeats its training images has the best.
/// They show how a training went, and choose nothing, neither when it ends nor which weights are kept; how good images are,
/// `generative-quality` says by real images that the generator has not seen. The baseline of FID and KID is that of two halves of these
/// training images, without a patient in common and of half as many images; that of the inception score is that of all of them. What is
/// watched does not change the training: the generator has the same bytes without it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainGan {
    /// The architecture.
    pub network: GanNetwork,
    /// Trains only on images with this label; needed if the images have several labels. Networks that translate have
    /// labels of their own.
    #[serde(default)]
    pub label: Option<String>,
    /// Epochs over the images. Alternative to `steps`.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Steps of the generator. Alternative to `epochs`.
    #[serde(default)]
    pub steps: Option<u32>,
    /// Images per step.
    #[serde(default)]
    #[schemars(description = format!("Images per step; by default {}.", GanNetwork::defaults_in_words(|d| d.batch.to_string())))]
    pub batch: Option<Count>,
    /// Adam, for generators and discriminators.
    #[serde(default)]
    pub optimiser: GanAdam,
    /// Classic augmentation of the real images; by default none.
    #[serde(default)]
    pub augment: Augment,
    /// Precision of convolutions and linear layers on a GPU.
    #[serde(default)]
    pub precision: Precision,
    /// Computes figures of generated images during the training; by default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchParameters>,
}

/// A warning is given for fewer images than this.
const FEW: usize = 8;
/// A warning is given if the moving average consists of initial weights by more than this share.
const MAX_INITIAL_SHARE: f64 = 0.05;
/// Rows of the grid: steps at which images are generated.
const GRID_ROWS: usize = 10;

impl Stage for TrainGan {
    const NAME: &'static str = "train-gan";
    const VERSION: u32 = 8;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn complete(&mut self) {
        let defaults = self.network.defaults();
        self.optimiser.complete(&defaults.adam);
        self.batch.get_or_insert(Count::of(defaults.batch));
        self.watch.iter_mut().for_each(WatchParameters::complete);
    }

    fn check(&self) -> Vec<BadParameter> {
        let (batch, network) = (self.batch(), self.network.config());
        let (min, fault) = (network.min_batch(), network.batch_fault(batch));
        [
            self.network.check("network"),
            self.watch.as_ref().map(WatchParameters::check).unwrap_or_default(),
            training::check_budget(self.epochs, self.steps),
            BadParameter::unless(batch >= min, "batch", &format!("must be at least {min}")),
            BadParameter::unless(fault.is_none(), "batch", fault.unwrap_or_default()),
            BadParameter::unless(
                self.label.is_none() || network.translates().is_none(),
                "label",
                "cannot be used with a network that translates: it has `from` and `to`",
            ),
        ]
        .concat()
    }

    fn sources(&self) -> Vec<Source> {
        self.watch.iter().filter_map(WatchParameters::source).collect()
    }

    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        self.watch.as_ref()?.extractor.check_file(WatchParameters::EXTRACTOR, files)
    }

    fn reads(&self, port: &str) -> bool {
        port != "weights" || self.watch.as_ref().is_some_and(|watch| watch.extractor == Extractor::Classifier)
    }

    fn requires(&self, port: &str) -> Option<&'static str> {
        (port == "weights" && self.reads(port)).then_some("`watch` takes features of a classifier; with another `extractor`, it needs none")
    }

    fn fills(&self, port: &str) -> bool {
        port != "watched" || self.watch.is_some()
    }

    fn takes(&self, input: &str) -> Takes {
        let labels = match (self.network.config().translates(), &self.label) {
            (Some((from, to)), _) => vec![from.to_owned(), to.to_owned()],
            (None, Some(label)) => vec![label.clone()],
            (None, None) => return Takes::All,
        };
        if input == "samples" { Takes::Labels(labels) } else { Takes::All }
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        pack::misfit(makers, upstream, |side| self.network.side_needed(side))
    }

    fn effort(&self) -> Option<Effort> {
        training::effort([(self.epochs, self.steps)])
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.precision.during(cx.device, || self.train(&inputs, cx))
    }
}

impl TrainGan {
    fn batch(&self) -> u32 {
        self.batch.expect("BUG: completed before it is used").get()
    }

    fn train(&self, inputs: &Inputs, cx: &Context) -> Result<Outputs> {
        let device = training::open_device(cx.device)?;
        let store = ImageStore::of(&inputs.images)?;
        let side = store.side;
        if let Some((why, help)) = self.network.side_needed(side) {
            return Err(Error::helped(why, help));
        }
        let samples = store.without_left_out(inputs.samples.clone(), cx);
        let images = TrainingImages::of(&samples, &store, self.network.config().translates(), self.label.as_deref())?;
        if let Some(few) = images.kinds.iter().map(Vec::len).min().filter(|n| *n < FEW) {
            cx.warn(format!(
                "there {} to train on: generated images will be little more than copies",
                if few == 1 { "is 1 image".into() } else { format!("are {few} images") }
            ));
        }
        // The thread that prepares batches ahead ends with the trainer.
        std::thread::scope(|scope| {
            let before = Restored::latest(cx)?;
            let done = before.as_ref().map_or(0, |b| b.0);
            let watching = self.watch.as_ref().map(|watch| Watching::start(watch, inputs.weights.as_ref(), &images, (side, &device), cx)).transpose()?;
            let (adam, batch) = (self.optimiser.parameters(), self.batch() as usize);
            let setup = TrainingSetup { cx, device: &device, images: &images.kinds, side, batch, adam, augment: &self.augment, done, scope };
            self.steps(self.network.config().trainer(setup)?, watching, before, &images, side, cx)
        })
    }

    /// The loop: steps, their records, and checkpoints.
    fn steps(
        &self,
        mut trainer: Box<dyn Trainer + '_>,
        mut watching: Option<Watching>,
        before: Option<(usize, Restored)>,
        images: &TrainingImages,
        side: usize,
        cx: &Context,
    ) -> Result<Outputs> {
        let (batch, epoch) = (self.batch() as usize, trainer.epoch_len());
        let steps = self.steps.map_or_else(|| (self.epochs.unwrap_or(1) as usize * epoch).div_ceil(batch), |s| s as usize);
        let epochs = (steps * batch).div_ceil(epoch);
        let diverged = |step: usize| training::diverged(cx, step, steps, "lower `optimiser.learning_rate`");
        let share = self.network.config().ema_initial_share(steps, batch);
        if share > MAX_INITIAL_SHARE {
            cx.warn(format!(
                "the moving average that generates images will still consist of {:.0} % initial weights at the end: train longer, or {}",
                share * 100.0,
                self.network.config().ema_help()
            ));
        }
        let mut alarm = Alarm::new(images.kinds.last().expect("BUG: there are images"));
        let (mut history, mut grid) = (History::default(), trainer.first_row());

        let mut done = 0;
        if let Some((step, before)) = before {
            for (name, weights) in trainer.networks().weights() {
                before.weights(name, weights, weights.device())?;
            }
            for (name, optimiser) in trainer.networks_mut().optimisers() {
                before.optimiser(name, optimiser)?;
            }
            trainer.networks_mut().load_state(&before)?;
            trainer.load_state(&before)?;
            cx.replay(before.thing("notes")?);
            alarm.restore(&before.thing::<AlarmState>("alarm")?);
            history = before.record()?;
            if let Some(watching) = &mut watching {
                watching.resume(before.record()?);
            }
            grid = before.bytes("grid")?.chunks_exact(side * side).map(<[u8]>::to_vec).collect();
            done = step;
        }

        let document = || GeneratorDocument { network: self.network.clone(), labels: images.labels.clone(), side };
        let look = |watching: &mut Option<Watching>, step: usize, trainer: &dyn Trainer| match watching {
            Some(watching) if watching.is_due(step, steps) => watching.look(step, &Trained::of(document(), trainer.networks().generator())?, || diverged(step)),
            _ => Ok(()),
        };
        // The training may have been stopped while somebody looked.
        look(&mut watching, done, &*trainer)?;
        for step in done + 1..=steps {
            let at = Position { step: step - 1, steps, epoch: (step - 1) * batch / epoch };
            let rate = trainer.rate(at, epochs) * *self.optimiser.parameters().learning_rate;
            trainer.networks_mut().set_rate(rate);
            let seen = trainer.step(step)?;
            if !seen.is_finite() {
                return Err(diverged(step));
            }
            record(&mut history, step, &seen);
            if let Some(warning) = alarm.scored(step, seen.on_real, seen.on_fake) {
                cx.warn(warning);
            }
            let preview = || {
                let images = trainer.preview()?;
                if images.iter().all(|image| are_numbers(image)) {
                    Ok(images.iter().map(|image| to_bytes(image)).collect::<Vec<_>>())
                } else {
                    Err(diverged(step))
                }
            };
            if step.is_multiple_of(steps.div_ceil(GRID_ROWS).max(1)) || step == steps {
                grid.extend(preview()?);
            }
            if alarm.compares(step, steps)
                && let Some(warning) = alarm.compared(step, &preview()?)
            {
                cx.warn(warning);
            }
            match look(&mut watching, step, &*trainer) {
                // Not before there is a checkpoint of this step, from which it is looked again.
                Ok(()) | Err(Error::Cancelled) => {}
                Err(why) => return Err(why),
            }
            let values = [vec![("D", seen.discriminator), ("G", seen.generator)], watching.as_ref().map(Watching::newest).unwrap_or_default()].concat();
            cx.step(step, steps, &values, || {
                let mut now = Snapshot::default();
                for (name, weights) in trainer.networks().weights() {
                    if !weights.are_finite()? {
                        return Err(diverged(step));
                    }
                    now = now.weights(name, weights)?;
                }
                for (name, optimiser) in trainer.networks_mut().optimisers() {
                    now = now.optimiser(name, optimiser)?;
                }
                let mut now = trainer.save_state(trainer.networks().save_state(now)?).record(&history)?;
                if let Some(watching) = &watching {
                    now = now.record(watching.seen())?;
                }
                now.thing("notes", &cx.notes()).thing("alarm", &alarm.state()).bytes("grid", grid.concat()).thing("sheet", &(side, trainer.columns())).finish()
            })?;
        }
        for (_, weights) in trainer.networks().weights() {
            if !weights.are_finite()? {
                return Err(diverged(steps));
            }
        }
        let generator = Trained::of(document(), trainer.networks().generator())?;
        // No loss is computed after the last update: that of one more step, which is discarded, shows whether the networks diverged.
        if !trainer.step(steps + 1)?.is_finite() {
            return Err(diverged(steps));
        }
        let sheet = sheet(&grid, side, trainer.columns())?;
        let watched = watching.map(|watching| watching.seen().clone());
        Ok(Outputs { generator, history, watched, grid: FigureFiles { files: vec![(format!("{SHEET}.png"), sheet)] } })
    }
}

/// A row of the history.
fn record(history: &mut History, step: usize, seen: &Observed) {
    let own = [
        ("step", step as f64),
        ("loss-discriminator", seen.discriminator),
        ("loss-generator", seen.generator),
        ("d-real", seen.on_real),
        ("d-fake", seen.on_fake),
        ("gradient-discriminator", seen.norms[0]),
        ("gradient-generator", seen.norms[1]),
    ];
    history.push(&own.iter().chain(&seen.terms).map(|(name, value)| (*name, Some(*value))).collect::<Vec<_>>());
}
