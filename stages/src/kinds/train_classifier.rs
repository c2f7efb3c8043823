//! Trains a classifier of films. The loop stands here in order of execution.

use super::documents::ClassifierDocument;
use crate::contract::prelude::*;
use crate::contract::source::Source;
use crate::data::augment::Augment;
use crate::data::batch::{self, Order};
use crate::data::pack::{Gallery, Images};
use crate::data::sample::{Sample, Samples};
use crate::data::table::{Table, number};
use crate::data::weights::Trained;
use crate::networks::{Classifier, ClassifierNetwork, Mode, Pretrained, Weights};
use crate::training::loss::Loss;
use crate::training::schedule::Verdict;
use crate::training::snapshot::{Restored, Snapshot};
use crate::training::watch::{self, EarlyStopParameters, PlateauParameters, Watch};
use crate::training::{self, OptimiserChoice, Precision};
use candle_core::Device;
use hilum_ops::{Value, without_history};

ports! {
    inputs {
        /// The training set.
        samples: Samples,
        /// A set to watch while training.
        validation: Option<Samples>,
        /// Pixels of the films of both.
        images: Vec<Images> [by samples validation],
    }
    outputs {
        /// The trained classifier.
        weights: Trained<ClassifierDocument> [influenced samples validation images],
        /// Loss and accuracy over the epochs.
        history: Table [influenced samples validation images],
    }
}

/// Trains a classifier on the labels of films.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainClassifier {
    /// The architecture.
    pub network: ClassifierNetwork,
    /// Weights to begin with; drawn at random where not given.
    #[serde(default)]
    pub weights: Option<Pretrained>,
    /// Passes over the training set; `steps` says the same in steps.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Steps, so that training sets of different sizes get equal budgets.
    #[serde(default)]
    pub steps: Option<u32>,
    /// Films per step.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 2))]
    pub batch: u32,
    /// How weights are moved.
    #[serde(default = "default_optimiser")]
    pub optimiser: OptimiserChoice,
    /// What is made small.
    #[serde(default)]
    pub loss: Loss,
    /// Classic augmentation.
    #[serde(default)]
    pub augment: Augment,
    /// Ends training where the validation loss stops falling, and keeps the best weights.
    #[serde(default)]
    pub early_stop: Option<EarlyStopParameters>,
    /// Cuts the learning rate where the validation loss stops falling.
    #[serde(default)]
    pub plateau: Option<PlateauParameters>,
    /// Precision of products on a GPU.
    #[serde(default)]
    pub precision: Precision,
}

fn default_batch() -> u32 {
    32
}
fn default_optimiser() -> OptimiserChoice {
    OptimiserChoice::Sgd(training::SgdParameters::default())
}

impl Stage for TrainClassifier {
    const NAME: &'static str = "train-classifier";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let weights = self.weights.as_ref().map(|w| w.check("weights")).unwrap_or_default();
        let budget = [training::check_budget(self.epochs, self.steps), BadParameter::unless(self.batch >= 2, "batch", "must be at least 2")].concat();
        let watch = watch::check(self.early_stop.as_ref(), self.plateau.as_ref());
        [self.network.check("network"), weights, watch, self.loss.check("loss"), self.augment.check("augment"), self.optimiser.check("optimiser"), budget]
            .concat()
    }

    fn sources(&self) -> Vec<Source> {
        self.weights.iter().map(|w| w.source("weights.path")).collect()
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.precision.during(cx.device, || self.train(&inputs, cx))
    }
}

impl TrainClassifier {
    fn train(&self, inputs: &Inputs, cx: &Context) -> Result<Outputs> {
        let device = training::open_device(cx.device)?;
        let gallery = Gallery::of(&inputs.images)?;
        let side = gallery.side;
        let classes = inputs.samples.labels();
        if side < self.network.least_side() {
            let least = self.network.least_side();
            return Err(Error::helped(format!("{} needs films of {least} pixels or more, found {side}", self.network.name()), "raise `size` of `prepare`"));
        }
        if classes.len() < 2 {
            return Err(Error::data(format!("a classifier needs films of two labels or more, found: {}", classes.join(", "))));
        }
        let set = Labelled::of(&inputs.samples.rows, &classes, &gallery)?;
        let validation = inputs.validation.as_ref().map(|v| Labelled::of(&v.rows, &classes, &gallery)).transpose()?;
        let batch = (self.batch as usize).min(set.films.len());
        let per_epoch = set.films.len().div_ceil(batch);
        let steps = self.steps.map_or_else(|| self.epochs.unwrap_or(1) as usize * per_epoch, |s| s as usize);

        let mut weights = Weights::on(&device);
        let network = self.network.build(classes.len(), &mut weights.scope(&mut cx.stream("initial")))?;
        if let Some(pretrained) = &self.weights {
            pretrained.load(&cx.read_source("weights.path")?, &weights, self.network.ends(), &device)?;
        }
        let mut optimiser = self.optimiser.build(weights.trained());
        let mut order = Order::new(cx.stream("order"), set.films.len());
        let (augmentation, mut dropout) = (cx.stream("augment"), cx.stream("dropout"));
        let mut history = Table::new("history", &["epoch", "step", "loss", "accuracy", "validation-loss", "validation-accuracy"]);
        let mut sum = Running::default();
        let films_of = |class: usize| set.labels.iter().filter(|l| **l as usize == class).count();
        let loss_of = self.loss.build(&(0..classes.len()).map(films_of).collect::<Vec<_>>());

        let mut watch = Watch::new(self.early_stop.as_ref(), self.plateau.as_ref(), self.optimiser.learning_rate());
        if watch.is_wanted() && validation.is_none() {
            let help = "connect a part of the split that is neither trained on nor tested, as `validation`";
            return Err(Error::helped("`early_stop` and `plateau` watch a validation set, and none is given", help));
        }
        let mut best = vec![];

        let mut done = 0;
        if let Some((step, bytes)) = cx.checkpoints.latest() {
            let before = Restored::read(bytes)?;
            before.weights("weights", &weights, &device)?;
            before.optimiser("optimiser", &mut optimiser)?;
            dropout.seek(before.thing("dropout")?);
            history.rows = before.thing("history")?;
            watch.replay(&before.thing::<Vec<u64>>("watched")?);
            best = before.bytes("best")?;
            sum = Running::from(before.thing::<[u64; 4]>("sum")?);
            done = step as usize;
            order.skip(done * batch);
        }

        for step in done + 1..=steps {
            let draws = order.batch(batch);
            let films = batch::numbers(&set.films, &draws, side, &self.augment, &augmentation, (0.0, 1.0));
            let films = training::films_of(films, side, &device)?;
            let labels: Vec<u32> = draws.iter().map(|d| set.labels[d.0]).collect();

            let features = network.features(&films, &mut Mode::Train(&mut dropout))?;
            let logits = network.head(&features, &mut Mode::Train(&mut dropout))?;
            let loss = loss_of.of(&logits, &labels)?;
            optimiser.set_rate(watch.rate);
            optimiser.step(&loss.backward()?)?;

            let value = loss.scalar()?;
            if !value.is_finite() {
                return Err(Error::helped(format!("the loss became infinite or undefined at step {step} of {steps}"), "lower the learning rate"));
            }
            sum.add(value, &logits, &labels)?;
            if step % per_epoch == 0 || step == steps {
                let (loss, accuracy) = sum.take();
                let watched = validation.as_ref().map(|v| v.measure(&*network, side, &device)).transpose()?;
                let cell = |v: Option<f64>| v.map(number).unwrap_or_default();
                let epoch = step.div_ceil(per_epoch);
                history.push(vec![epoch.to_string(), step.to_string(), number(loss), number(accuracy), cell(watched.map(|w| w.0)), cell(watched.map(|w| w.1))]);
                match watched.map(|(loss, _)| watch.observe(loss)) {
                    Some(Verdict::Better) => best = weights.to_safetensors()?,
                    Some(Verdict::Stop) => {
                        cx.note(format!("training ended after step {step} of {steps}: the validation loss fell no more"));
                        break;
                    }
                    Some(Verdict::Wait) | None => {}
                }
            }
            cx.checkpoint(step, || {
                let now = Snapshot::default().weights("weights", &weights)?.optimiser("optimiser", &optimiser)?;
                now.thing("dropout", &dropout.position())
                    .thing("history", &history.rows)
                    .thing("sum", &<[u64; 4]>::from(&sum))
                    .thing("watched", &watch.history())
                    .bytes("best", best.clone())
                    .finish()
            })?;
            cx.progress(step, steps, "step", &[("loss", value)])?;
        }
        if !best.is_empty() {
            weights.load_safetensors(&best, &device)?;
        }
        let document = ClassifierDocument { network: self.network.clone(), classes, side };
        Ok(Outputs { weights: Trained::of(document, &weights)?, history })
    }
}

/// Films with the numbers of their classes.
struct Labelled<'a> {
    films: Vec<&'a [u8]>,
    labels: Vec<u32>,
}

impl<'a> Labelled<'a> {
    fn of(rows: &[Sample], classes: &[String], gallery: &Gallery<'a>) -> Result<Self> {
        let films = rows.iter().map(|r| gallery.get(&r.film)).collect::<Result<_>>()?;
        let class = |r: &Sample| {
            let found = classes.iter().position(|c| *c == r.label).map(|c| c as u32);
            found.ok_or_else(|| Error::data(format!("label `{}` does not occur in the training set ({})", r.label, classes.join(", "))))
        };
        Ok(Labelled { films, labels: rows.iter().map(class).collect::<Result<_>>()? })
    }

    /// Loss and accuracy without augmentation.
    fn measure(&self, network: &dyn Classifier, side: usize, device: &Device) -> Result<(f64, f64)> {
        let probabilities = probabilities(network, &self.films, side, device)?;
        let each = || probabilities.iter().zip(&self.labels);
        let n = self.labels.len() as f64;
        let loss = each().map(|(p, l)| -p[*l as usize].max(1e-12).ln()).sum::<f64>() / n;
        let hits = each().filter(|(p, l)| (0..p.len()).all(|c| p[c] <= p[**l as usize])).count();
        Ok((loss, hits as f64 / n))
    }
}

/// Probabilities of every film, evaluated in batches that do not influence each other.
pub(super) fn probabilities(network: &dyn Classifier, films: &[&[u8]], side: usize, device: &Device) -> Result<Vec<Vec<f64>>> {
    let mut out = vec![];
    for chunk in films.chunks(64) {
        let films = training::film_tensor(chunk, side, device)?;
        let logits = without_history(|| network.head(&network.features(&films, &mut Mode::Evaluate)?, &mut Mode::Evaluate))?;
        for row in logits.data().to_vec2::<f32>()? {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f64> = row.iter().map(|l| f64::from(l - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            out.push(powers.iter().map(|p| p / sum).collect());
        }
    }
    Ok(out)
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct Running {
    loss: f64,
    steps: usize,
    hits: usize,
    films: usize,
}

/// For checkpoints: a number with a fraction would lose its last bit in JSON.
impl From<&Running> for [u64; 4] {
    fn from(r: &Running) -> Self {
        [r.loss.to_bits(), r.steps as u64, r.hits as u64, r.films as u64]
    }
}

impl From<[u64; 4]> for Running {
    fn from([loss, steps, hits, films]: [u64; 4]) -> Self {
        Running { loss: f64::from_bits(loss), steps: steps as usize, hits: hits as usize, films: films as usize }
    }
}

impl Running {
    fn add(&mut self, loss: f64, logits: &Value, labels: &[u32]) -> Result<()> {
        let largest = |row: &Vec<f32>| (0..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best });
        let predicted: Vec<u32> = logits.data().to_vec2::<f32>()?.iter().map(|row| largest(row) as u32).collect();
        self.loss += loss;
        self.steps += 1;
        self.hits += predicted.iter().zip(labels).filter(|(a, b)| a == b).count();
        self.films += labels.len();
        Ok(())
    }
    fn take(&mut self) -> (f64, f64) {
        let out = (self.loss / self.steps as f64, self.hits as f64 / self.films as f64);
        *self = Running::default();
        out
    }
}
