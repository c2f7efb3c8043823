//! Trains an image classifier. The loop is here, in order of execution.

mod choices;
mod set;
#[cfg(test)]
mod tests;

use super::classifier::{ClassifierDocument, Predictor};
use crate::contract::conversion::Conversion;
use crate::contract::prelude::*;
use crate::contract::source::{Source, SourceFiles};
use crate::data::ahead::Ahead;
use crate::data::augment::Augment;
use crate::data::batch::{self, Order};
use crate::data::pack::{self, ImageStore, Images};
use crate::data::sample::Samples;
use crate::data::weights::Trained;
use crate::models::ClassifierNetwork;
use crate::networks::bagged_trees::BaggedTrees;
use crate::networks::{Greys, Mode, Pretrained, Weights};
use crate::records::{History, ShortcutRow, Table, TrainingSummary};
use crate::training::loss::Loss;
use crate::training::phases::{self, FrozenNorms, Phase, Trainable};
use crate::training::schedule::{Position, Schedule, Verdict};
use crate::training::shortcuts::shortcuts;
use crate::training::snapshot::{Restored, Snapshot};
use crate::training::watch::{EarlyStopParameters, PlateauParameters, Watch};
use crate::training::{self, OptimiserChoice, Precision, optimiser};
use candle_core::Device;
use choices::{Keep, Normalise, Sampling, Trees};
use hilum_ops::{Upload, Uploads};
use set::{Labelled, Running, TrainingImages, trained_class};
use std::thread::Scope;

ports! {
    inputs {
        /// The training set.
        samples: Samples,
        /// The validation set, monitored during training; needed for `early_stop`, `plateau` and `keep: best`.
        validation: Option<Samples>,
        /// Pixels of the images of both sets.
        images: Vec<Images> [by samples validation],
    }
    outputs {
        /// The trained classifier.
        weights: Trained<ClassifierDocument> [influenced samples validation images],
        /// Loss and accuracy over the epochs.
        history: History [influenced samples validation images],
        /// How well single numbers of the training images, such as their darkest pixel, tell the classes apart.
        shortcuts: Table<ShortcutRow> [influenced samples images],
    }
}

/// Trains a classifier on the labels of images.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainClassifier {
    /// The architecture.
    pub network: ClassifierNetwork,
    /// Pretrained weights to start from; random by default.
    #[serde(default)]
    pub weights: Option<Pretrained>,
    /// How grey values are normalised.
    #[serde(default)]
    pub normalise: Normalise,
    /// Epochs; each has as many steps as it takes to see every image of the training set once. Alternative to `steps`.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Training steps, so that training sets of different sizes get equal budgets. Alternative to `epochs`.
    #[serde(default)]
    pub steps: Option<u32>,
    /// Consecutive phases of the training, such as first the last layer alone and then all layers; they replace
    /// `epochs`, `steps` and `schedule`.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Images per step.
    #[serde(default = "default_batch")]
    pub batch: Whole<2>,
    /// How the images of a step are sampled.
    #[serde(default)]
    pub sampling: Sampling,
    /// The optimiser; by default `sgd` with its defaults.
    #[serde(default = "default_optimiser")]
    pub optimiser: OptimiserChoice,
    /// The learning rate schedule.
    #[serde(default)]
    pub schedule: Schedule,
    /// How normalisation layers behave when frozen.
    #[serde(default)]
    pub frozen_norms: FrozenNorms,
    /// The loss; by default cross-entropy.
    #[serde(default)]
    pub loss: Loss,
    /// Classic augmentation; by default none.
    #[serde(default)]
    pub augment: Augment,
    /// Ends a phase when the validation loss stops improving.
    #[serde(default)]
    pub early_stop: Option<EarlyStopParameters>,
    /// Reduces the learning rate when the validation loss stops improving.
    #[serde(default)]
    pub plateau: Option<PlateauParameters>,
    /// Which weights are kept at the end of a phase: `best` if `early_stop` is given, `last` otherwise.
    #[serde(default)]
    pub keep: Option<Keep>,
    /// Classifies the features of the trained network by bagged decision trees in place of its last layer: the hybrid
    /// of Kassani et al. With `epochs: 0` the network keeps its initial weights.
    #[serde(default)]
    pub trees: Option<Trees>,
    /// Precision of convolutions and linear layers on a GPU.
    #[serde(default)]
    pub precision: Precision,
}

fn default_batch() -> Whole<2> {
    Whole::of(32)
}
fn default_optimiser() -> OptimiserChoice {
    OptimiserChoice::Sgd(optimiser::SgdParameters::default())
}

impl Stage for TrainClassifier {
    const NAME: &'static str = "train-classifier";
    const VERSION: u32 = 9;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn complete(&mut self) {
        self.keep.get_or_insert(if self.early_stop.is_some() { Keep::Best } else { Keep::Last });
    }

    fn check(&self) -> Vec<BadParameter> {
        let weights = self.weights.as_ref().map(|w| w.check("weights")).unwrap_or_default();
        let cycled = |s: &Schedule| matches!(s, Schedule::OneCycle(c) if c.cycle_momentum);
        let cycles = cycled(&self.schedule) || self.phases.iter().any(|p| cycled(&p.schedule));
        let momentum = !cycles || self.optimiser.has_momentum();
        let single = self.epochs.is_none() && self.steps.is_none() && self.schedule == Schedule::Constant;
        let budget = match self.phases.is_empty() {
            true if self.trees.is_some() && self.epochs == Some(0) && self.steps.is_none() => vec![],
            true => training::check_budget(self.epochs, self.steps),
            false => BadParameter::unless(single, "phases", "replace `epochs`, `steps` and `schedule`: give these in each phase"),
        };
        [
            self.network.check("network"),
            weights,
            self.normalise.check("normalise"),
            budget,
            BadParameter::unless(momentum, "optimiser", "has no momentum for one-cycle to change: set its `cycle_momentum: false`"),
            phases::check(&self.phases, &self.network.weight_names()),
            self.schedule.check("schedule"),
        ]
        .concat()
    }

    fn sources(&self) -> Vec<Source> {
        self.weights.iter().map(|w| w.source("weights.path", Conversion::OF_FILE)).collect()
    }

    fn check_sources(&self, files: &dyn SourceFiles) -> Option<BadSource> {
        let pretrained = self.weights.as_ref()?;
        // The number of classes is that of the last layer, which is not loaded.
        pretrained.check_file("weights", files, &self.network.shapes(), Some(self.network.ends()), Conversion::OF_FILE)
    }

    fn effort(&self) -> Option<Effort> {
        match self.phases.as_slice() {
            [] => training::effort([(self.epochs, self.steps)]),
            phases => training::effort(phases.iter().map(|p| (p.epochs, p.steps))),
        }
    }

    fn requires(&self, port: &str) -> Option<&'static str> {
        let watched = self.early_stop.is_some() || self.plateau.is_some() || self.keep == Some(Keep::Best);
        (port == "validation" && watched).then_some("`early_stop`, `plateau` and `keep: best` need a set that is used neither for training nor for testing")
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        pack::misfit(makers, upstream, |side| self.network.side_needed(side))
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let device = training::open_device(cx.device)?;
        let store = ImageStore::of(&inputs.images)?;
        if let Some((why, help)) = self.network.side_needed(store.side) {
            return Err(Error::helped(why, help));
        }
        let samples = store.without_left_out(inputs.samples, cx);
        let watched = inputs.validation.map(|v| store.without_left_out(v, cx));
        let classes = samples.labels();
        if classes.len() < 2 {
            return Err(Error::data(format!("a classifier needs images with at least two labels, found: {}", classes.join(", "))));
        }
        let set = Labelled::of(&samples.rows, &classes, &store)?;
        let validation = watched.as_ref().map(|v| Labelled::of(&v.rows, &classes, &store)).transpose()?;
        let greys = self.normalise.units(&samples, &store)?;
        let trained = classes.iter().map(|class| trained_class(class, &samples.rows)).collect();
        let shortcuts = Table { rows: shortcuts(&samples.rows, store.side, &cx.stream("shortcuts"), |sample| store.get(&sample.image))? };
        let images = TrainingImages { set, validation, classes, side: store.side, greys, trained };
        let (weights, history) = self.precision.during(cx.device, || std::thread::scope(|scope| self.train(&images, &device, scope, cx)))?;
        Ok(Outputs { weights, history, shortcuts })
    }
}

/// Images of the training set that are evaluated after the last step.
const FINAL_CHECK: usize = 8;

/// The input of a step: labels, and pixels on their way to the device.
type Batch = candle_core::Result<(Vec<u32>, Upload)>;

impl TrainClassifier {
    fn train<'s>(
        &'s self,
        images: &'s TrainingImages<'s>,
        device: &Device,
        scope: &'s Scope<'s, '_>,
        cx: &Context,
    ) -> Result<(Trained<ClassifierDocument>, History)> {
        let TrainingImages { set, validation, classes, side, greys, trained } = images;
        let batch = (*self.batch as usize).min(set.images.len());
        let per_epoch = set.images.len().div_ceil(batch);
        let single = [Phase { train: Trainable::All, epochs: self.epochs, steps: self.steps, learning_rate: None, schedule: self.schedule.clone() }];
        let phases: &[Phase] = if self.phases.is_empty() { &single } else { &self.phases };
        let steps_of = |p: &Phase| p.steps.map_or_else(|| p.epochs.unwrap_or(1) as usize * per_epoch, |s| s as usize);
        let all_steps: usize = phases.iter().map(steps_of).sum();
        let diverged = |step: usize| training::diverged(cx, step, all_steps, "lower the learning rate");

        let mut weights = Weights::on(device);
        let network = self.network.build(classes.len(), &mut weights.scope(&mut cx.stream("initial")))?;
        if let Some(pretrained) = &self.weights {
            pretrained.load(&cx.read_source("weights.path")?, &weights, Some(self.network.ends()), Conversion::OF_FILE, device)?;
        }
        let network = Greys::before(*greys, network);
        let head = self.network.head();
        let loss_of = self.loss.build(classes, &set.counts(classes.len()))?;
        let predictor = |cx| Predictor { network: &*network, side: *side, device, cx };
        let mut dropout = cx.stream("dropout");
        let mut history = History::of(&["epoch", "step", "loss", "accuracy", "validation-loss", "validation-accuracy", "learning-rate"]);
        let (mut sum, mut best) = (Running::default(), vec![]);

        let before = Restored::latest(cx)?;
        let mut done = 0;
        let mut at = (0, 0);
        if let Some((step, before)) = &before {
            before.weights("weights", &weights, device)?;
            dropout.seek(before.thing("dropout")?);
            history = before.record()?;
            best = before.bytes("best")?;
            sum = Running::from(before.thing::<[u64; 4]>("sum")?);
            at = before.thing("at")?;
            cx.replay(before.thing("notes")?);
            done = *step;
        }
        let feed = self.feed(images, batch, done, scope, device, cx)?;

        for (number_of_phase, phase) in phases.iter().enumerate().skip(at.0) {
            let steps = steps_of(phase);
            let mut optimiser = self.optimiser.build(phase.train.groups(&weights, head));
            phase.train.hold(self.frozen_norms, &weights, head);
            let mut watch = self.watch(phase);
            let first = if number_of_phase == at.0 { at.1 } else { 0 };
            if let (true, Some((_, before))) = (first > 0, &before) {
                before.optimiser("optimiser", &mut optimiser)?;
                watch.replay(&before.thing::<Vec<u64>>("watched")?);
            }
            for step in first + 1..=steps {
                let (labels, values) = feed.next()?;
                let images = training::images_sent(values, *side)?;
                let pace = phase.schedule.at(Position { step: step - 1, steps, epoch: (step - 1) / per_epoch }, watch.rate);
                optimiser.set_rate(pace.rate);
                if let Some(momentum) = pace.momentum {
                    optimiser.set_momentum(momentum);
                }

                let features = network.features(&images, &mut Mode::Train(&mut dropout))?;
                let logits = network.head(&features, &mut Mode::Train(&mut dropout))?;
                drop(features);
                let loss = loss_of.of(&logits, &labels)?;
                optimiser.step(&loss.backward_to(optimiser.weights())?)?;

                done += 1;
                let value = loss.scalar()?;
                if !value.is_finite() {
                    return Err(diverged(done));
                }
                sum.add(value, &logits, &labels)?;
                let mut stop = false;
                if step.is_multiple_of(per_epoch) || step == steps {
                    let (loss, accuracy) = sum.take();
                    let watched = validation.as_ref().map(|v| v.measure(&predictor(None), &self.loss)).transpose()?;
                    if watched.is_some_and(|(loss, _)| !loss.is_finite()) {
                        return Err(diverged(done));
                    }
                    history.push(&[
                        ("epoch", Some(done.div_ceil(per_epoch) as f64)),
                        ("step", Some(done as f64)),
                        ("loss", Some(loss)),
                        ("accuracy", Some(accuracy)),
                        ("validation-loss", watched.map(|w| w.0)),
                        ("validation-accuracy", watched.map(|w| w.1)),
                        ("learning-rate", Some(pace.rate)),
                    ]);
                    match watched.map(|(loss, _)| watch.observe(loss)) {
                        Some(Verdict::Better) if self.keep == Some(Keep::Best) => best = weights.to_safetensors()?,
                        Some(Verdict::Stop) => {
                            let what = if phases.len() > 1 { format!("phase {}", number_of_phase + 1) } else { "training".into() };
                            cx.note(format!("{what} stopped after step {step} of {steps}: the validation loss no longer improved"));
                            stop = true;
                        }
                        Some(Verdict::Better | Verdict::Wait) | None => {}
                    }
                }
                // If a phase ends here, a training that resumes from this checkpoint starts the next one.
                let ended = stop || step == steps;
                if ended && !best.is_empty() {
                    weights.load_safetensors(&best, device)?;
                    best = vec![];
                }
                // No loss is computed after the last step: some images show whether its update made the network diverge.
                if ended && number_of_phase + 1 == phases.len() && !set.first(FINAL_CHECK).measure(&predictor(None), &self.loss)?.0.is_finite() {
                    return Err(diverged(done));
                }
                cx.step(done, all_steps, &[("loss", value)], || {
                    if !weights.are_finite()? {
                        return Err(diverged(done));
                    }
                    let now = Snapshot::default().weights("weights", &weights)?.optimiser("optimiser", &optimiser)?;
                    now.record(&history)?
                        .thing("dropout", &dropout.position())
                        .thing("notes", &cx.notes())
                        .thing("sum", &<[u64; 4]>::from(&sum))
                        .thing("watched", &watch.history())
                        .thing("at", &if ended { (number_of_phase + 1, 0) } else { (number_of_phase, step) })
                        .bytes("best", best.clone())
                        .finish()
                })?;
                if stop {
                    break;
                }
            }
        }
        if !weights.are_finite()? {
            return Err(diverged(done));
        }
        let trees = self.trees.map(|trees| self.grow(trees, &predictor(Some(cx)), images, cx)).transpose()?;
        let training = Some(TrainingSummary { steps: done as u64, classes: trained.clone() });
        let document = ClassifierDocument { network: self.network.clone(), classes: classes.clone(), side: *side, greys: *greys, training, trees };
        Ok((Trained::of(document, &weights)?, history))
    }

    /// Batches, from the first that has not been trained on.
    fn feed<'s>(
        &'s self,
        images: &'s TrainingImages<'s>,
        batch: usize,
        done: usize,
        scope: &'s Scope<'s, '_>,
        device: &Device,
        cx: &Context,
    ) -> Result<Ahead<Batch>> {
        let set = &images.set;
        let mut order = match self.sampling {
            Sampling::Shuffled => Order::new(cx.stream("order"), set.images.len()),
            Sampling::Balanced => {
                let counts = set.counts(images.classes.len());
                Order::weighted(cx.stream("order"), &set.labels.iter().map(|l| 1.0 / counts[*l as usize] as f64).collect::<Vec<_>>())
            }
        };
        order.skip(done * batch);
        let augmentation = cx.stream("augment");
        let uploads = Uploads::to(device)?;
        Ok(Ahead::start(scope, move || {
            let draws = order.batch(batch);
            let labels = draws.iter().map(|d| set.labels[d.0]).collect();
            Ok((labels, uploads.send(batch::numbers(&set.images, &draws, images.side, &self.augment, &augmentation, (0.0, 1.0)))?))
        }))
    }

    /// Monitors a phase.
    fn watch(&self, phase: &Phase) -> Watch {
        // To keep the best weights, losses are monitored even without early stopping.
        let watched = match (&self.early_stop, self.keep) {
            (None, Some(Keep::Best)) => Some(EarlyStopParameters { patience: Count::of(u32::MAX), min_delta: NonNegative::of(0.0) }),
            (stop, _) => stop.clone(),
        };
        Watch::new(watched.as_ref(), self.plateau.as_ref(), phase.learning_rate.unwrap_or(self.optimiser.learning_rate()).get())
    }

    /// Trees on the features of all images of the training set.
    fn grow(&self, trees: Trees, network: &Predictor, images: &TrainingImages, cx: &Context) -> Result<BaggedTrees> {
        let features = network.features(&images.set.images)?;
        BaggedTrees::grow(&features, &images.set.labels, images.classes.len(), *trees.count as usize, &cx.stream("trees"))
    }
}
