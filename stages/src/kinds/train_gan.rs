//! Trains adversarial networks. What a step is, stands in `adversarial`; what a step is fed with, in the files below; the loop
//! around it, with records, warnings and checkpoints, stands here.

mod adam;
mod sampling;
mod translation;

use super::generator::{GanNetwork, GeneratorDocument, are_numbers, to_bytes};
use crate::adversarial::{Adversaries, Observed};
use crate::contract::prelude::*;
use crate::data::augment::Augment;
use crate::data::figure::FigureFiles;
use crate::data::pack::{self, Gallery, Images};
use crate::data::sample::Samples;
use crate::data::weights::Trained;
use crate::figures::sheet::{GRID as SHEET, sheet};
use crate::records::History;
use crate::training::alarm::{Alarm, Memory};
use crate::training::schedule::Moment;
use crate::training::snapshot::{Restored, Snapshot};
use crate::training::{self, AdamParameters, Precision};
use adam::GanAdam;
use candle_core::Device;
use std::thread::Scope;

ports! {
    inputs {
        /// The films to learn from.
        samples: Samples,
        /// Their pixels.
        images: Vec<Images> [by samples],
    }
    outputs {
        /// The trained generator.
        generator: Trained<GeneratorDocument> [influenced samples images],
        /// Losses, judgements and norms of gradients of every step.
        history: History [influenced samples images],
        /// Films from the same noise at several steps, earliest in the first row; or translations of the films in the first row.
        grid: FigureFiles [contains samples; influenced images],
    }
}

/// Trains a generator of films against a discriminator.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainGan {
    /// The architecture.
    pub network: GanNetwork,
    /// Train on films of this label only; films of one label are due where not given. Networks that translate name their labels themselves.
    #[serde(default)]
    pub label: Option<String>,
    /// Passes over the films; `steps` says the same in steps of the generator.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Steps of the generator.
    #[serde(default)]
    pub steps: Option<u32>,
    /// Films per step: 32 for dcgan, 8 for stylegan2, 1 for networks that translate, where not given.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub batch: Option<u32>,
    /// Adam, for all networks.
    #[serde(default)]
    pub optimiser: GanAdam,
    /// Classic augmentation of the real films.
    #[serde(default)]
    pub augment: Augment,
    /// Precision of products on a GPU.
    #[serde(default)]
    pub precision: Precision,
}

/// Fewer films than this are warned of.
const FEW: usize = 8;
/// A moving average that holds more of what it began with is warned of.
const REMEMBERED: f64 = 0.05;
/// Films per row of the grid, and moments of the training that it shows.
const GRID: (usize, usize) = (8, 10);

impl Stage for TrainGan {
    const NAME: &'static str = "train-gan";
    const VERSION: u32 = 7;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn complete(&mut self) {
        self.optimiser.complete(&self.network);
        self.batch.get_or_insert(match &self.network {
            GanNetwork::Dcgan(_) => 32,
            GanNetwork::Stylegan2(_) => 8,
            GanNetwork::Cyclegan(_) | GanNetwork::CycleganZunair(_) | GanNetwork::Pix2pix(_) => 1,
        });
    }

    fn check(&self) -> Vec<BadParameter> {
        let (adam, batch) = (self.optimiser.parameters(), self.batch());
        let least = if self.network.translates().is_some() { 1 } else { 2 };
        let groups = match &self.network {
            GanNetwork::Stylegan2(c) => batch.is_multiple_of((c.group as u32).clamp(1, batch.max(1))),
            _ => true,
        };
        let decay = |v: f64| (0.0..1.0).contains(&v);
        [
            self.network.check("network"),
            self.augment.check("augment"),
            training::check_budget(self.epochs, self.steps),
            BadParameter::unless(batch >= least, "batch", &format!("must be at least {least}")),
            BadParameter::unless(groups, "batch", "must be a multiple of `group` of the network"),
            BadParameter::unless(
                self.label.is_none() || self.network.translates().is_none(),
                "label",
                "the network names the labels that it translates itself",
            ),
            BadParameter::unless(adam.learning_rate > 0.0 && adam.learning_rate.is_finite(), "optimiser.learning_rate", "must be greater than 0"),
            BadParameter::unless(decay(adam.beta1), "optimiser.beta1", "must be at least 0 and below 1"),
            BadParameter::unless(decay(adam.beta2), "optimiser.beta2", "must be at least 0 and below 1"),
            BadParameter::unless(adam.eps > 0.0 && adam.eps.is_finite(), "optimiser.eps", "must be greater than 0"),
        ]
        .concat()
    }

    fn takes(&self, input: &str) -> Takes {
        let labels = match (self.network.translates(), &self.label) {
            (Some((from, to)), _) => vec![from.to_owned(), to.to_owned()],
            (None, Some(label)) => vec![label.clone()],
            (None, None) => return Takes::All,
        };
        if input == "samples" { Takes::Labels(labels) } else { Takes::All }
    }

    fn check_inputs(&self, makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream) -> Vec<BadInput> {
        let mut sides = makers("images").into_iter().filter_map(|m| pack::side_made(m, upstream));
        let bad = sides.find_map(|side| self.network.side_needed(side));
        bad.map(|(why, help)| BadInput { port: "images", why, help: help.into() }).into_iter().collect()
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.precision.during(cx.device, || self.train(&inputs, cx))
    }
}

/// Networks under training together with what they are fed with.
trait Course {
    /// A step, counted from 1.
    fn step(&mut self, step: usize) -> Result<Observed>;
    /// A row of films that shows how far the generator is, as it would make them now: grey numbers in [−1, 1].
    fn look(&self) -> Result<Vec<Vec<f32>>>;
    /// What stands above the first of these rows: the films that are translated.
    fn first_row(&self) -> Result<Vec<Vec<u8>>> {
        Ok(vec![])
    }
    /// Films in a row.
    fn columns(&self) -> usize {
        GRID.0
    }
    /// The networks.
    fn networks(&self) -> &dyn Adversaries;
    /// As [`Course::networks`].
    fn networks_mut(&mut self) -> &mut dyn Adversaries;
    /// Factor on the learning rate at a step of a training of so many passes.
    fn rate(&self, _at: Moment, _passes: usize) -> f64 {
        1.0
    }
    /// Where its streams are, for a checkpoint. Draws of films are made again from the beginning.
    fn write(&self, snapshot: Snapshot) -> Snapshot {
        snapshot
    }
    /// Goes on from there.
    fn read(&mut self, _before: &Restored) -> Result<()> {
        Ok(())
    }
}

/// What courses are made of.
struct Setting<'s, 'e> {
    cx: &'s Context<'s>,
    device: &'s Device,
    side: usize,
    batch: usize,
    adam: AdamParameters,
    augment: &'s Augment,
    /// Steps that were done before the training was stopped.
    done: usize,
    scope: &'s Scope<'s, 'e>,
}

/// Films to learn from: of one kind, or those to translate and those that they should look like.
struct Films<'a> {
    kinds: Vec<Vec<&'a [u8]>>,
    labels: Vec<String>,
}

impl TrainGan {
    fn batch(&self) -> u32 {
        self.batch.expect("BUG: completed before it is used")
    }

    fn train(&self, inputs: &Inputs, cx: &Context) -> Result<Outputs> {
        let device = training::open_device(cx.device)?;
        let gallery = Gallery::of(&inputs.images)?;
        if let Some((why, help)) = self.network.side_needed(gallery.side) {
            return Err(Error::helped(why, help));
        }
        let films = self.films(&gallery.without_left_out(inputs.samples.clone(), cx), &gallery)?;
        if let Some(few) = films.kinds.iter().map(Vec::len).min().filter(|n| *n < FEW) {
            cx.note(format!(
                "warning: there {} to learn from: what is made will be little more than copies",
                if few == 1 { "is 1 film".into() } else { format!("are {few} films") }
            ));
        }
        // The thread that makes batches ahead ends with the course.
        std::thread::scope(|scope| {
            let before = Restored::latest(cx)?;
            let done = before.as_ref().map_or(0, |b| b.0);
            let (adam, batch) = (self.optimiser.parameters(), self.batch() as usize);
            let setting = Setting { cx, device: &device, side: gallery.side, batch, adam, augment: &self.augment, done, scope };
            let (course, pass) = match &self.network {
                GanNetwork::Dcgan(c) => sampling::dcgan(c, &films.kinds[0], setting)?,
                GanNetwork::Stylegan2(c) => sampling::stylegan2(c, &films.kinds[0], setting)?,
                GanNetwork::Cyclegan(c) => translation::cyclegan(c, &films.kinds, setting)?,
                GanNetwork::CycleganZunair(c) => translation::cyclegan_zunair(c, &films.kinds, setting)?,
                GanNetwork::Pix2pix(c) => translation::pix2pix(c, &films.kinds, setting)?,
            };
            self.steps(course, before, pass, &films, gallery.side, cx)
        })
    }

    /// The loop: steps, what is recorded of them, and what is written down to go on from. `pass` is how many films one takes.
    #[allow(clippy::too_many_arguments)]
    fn steps(
        &self,
        mut course: Box<dyn Course + '_>,
        before: Option<(usize, Restored)>,
        pass: usize,
        films: &Films,
        side: usize,
        cx: &Context,
    ) -> Result<Outputs> {
        let batch = self.batch() as usize;
        let steps = self.steps.map_or_else(|| (self.epochs.unwrap_or(1) as usize * pass).div_ceil(batch), |s| s as usize);
        let passes = (steps * batch).div_ceil(pass);
        let diverged = |step: usize| training::diverged(cx, step, steps, "lower `optimiser.learning_rate`");
        let remembered = self.network.remembered(steps, batch);
        if remembered > REMEMBERED {
            cx.note(format!(
                "warning: of the weights that it begins with, the moving average that makes films will hold {:.0} % at the end: train longer, or lower `average`{}",
                remembered * 100.0,
                if matches!(self.network, GanNetwork::Stylegan2(_)) { ", or give `ramp: 0.05`" } else { "" }
            ));
        }
        let mut alarm = Alarm::new(films.kinds.last().expect("BUG: a course has films"));
        let (mut history, mut grid) = (History::default(), course.first_row()?);

        let mut done = 0;
        if let Some((step, before)) = before {
            for (name, weights) in course.networks().weights() {
                before.weights(name, weights, weights.device())?;
            }
            for (name, optimiser) in course.networks_mut().optimisers() {
                before.optimiser(name, optimiser)?;
            }
            course.networks_mut().recall(&before)?;
            course.read(&before)?;
            cx.say_again(before.thing("notes")?);
            alarm.restore(&before.thing::<Memory>("alarm")?);
            history = before.record()?;
            grid = before.bytes("grid")?.chunks_exact(side * side).map(<[u8]>::to_vec).collect();
            done = step;
        }

        for step in done + 1..=steps {
            let at = Moment { step: step - 1, steps, pass: (step - 1) * batch / pass };
            let rate = course.rate(at, passes) * self.optimiser.parameters().learning_rate;
            course.networks_mut().set_rate(rate);
            let seen = course.step(step)?;
            if !seen.is_finite() {
                return Err(diverged(step));
            }
            record(&mut history, step, &seen);
            if let Some(warning) = alarm.judged(step, seen.on_real, seen.on_fake) {
                cx.note(warning);
            }
            let look = || {
                let films = course.look()?;
                if films.iter().all(|film| are_numbers(film)) { Ok(films.iter().map(|film| to_bytes(film)).collect::<Vec<_>>()) } else { Err(diverged(step)) }
            };
            if step.is_multiple_of(steps.div_ceil(GRID.1).max(1)) || step == steps {
                grid.extend(look()?);
            }
            if alarm.looks(step, steps)
                && let Some(warning) = alarm.looked(step, &look()?)
            {
                cx.note(warning);
            }
            cx.checkpoint(step, || {
                let mut now = Snapshot::default();
                for (name, weights) in course.networks().weights() {
                    if !weights.are_finite()? {
                        return Err(diverged(step));
                    }
                    now = now.weights(name, weights)?;
                }
                for (name, optimiser) in course.networks_mut().optimisers() {
                    now = now.optimiser(name, optimiser)?;
                }
                let now = course.write(course.networks().remember(now)?);
                now.record(&history)?
                    .thing("notes", &cx.said())
                    .thing("alarm", &alarm.memory())
                    .bytes("grid", grid.concat())
                    .thing("sheet", &(side, course.columns()))
                    .finish()
            })?;
            cx.progress(step, steps, "step", &[("D", seen.discriminator), ("G", seen.generator)])?;
        }
        for (_, weights) in course.networks().weights() {
            if !weights.are_finite()? {
                return Err(diverged(steps));
            }
        }
        let document = GeneratorDocument { network: self.network.clone(), labels: films.labels.clone(), side };
        let generator = Trained::of(document, course.networks().generator())?;
        // No loss was seen after the last update: that of a further step, of which nothing stays, tells whether it went too far.
        if !course.step(steps + 1)?.is_finite() {
            return Err(diverged(steps));
        }
        let sheet = sheet(&grid, side, course.columns())?;
        Ok(Outputs { generator, history, grid: FigureFiles { files: vec![(format!("{SHEET}.png"), sheet)] } })
    }

    /// Pixels of the films to learn from, and the labels of what will be made.
    fn films<'a>(&self, samples: &Samples, gallery: &Gallery<'a>) -> Result<Films<'a>> {
        let of = |label: &str| samples.rows.iter().filter(|r| r.label == label).map(|r| gallery.get(&r.image)).collect::<Result<Vec<_>>>();
        let known = samples.labels();
        let due = |label: &str| match known.iter().any(|l| l == label) {
            true => of(label),
            false => Err(Error::helped(format!("no film has the label `{label}`"), format!("the labels are: {}", known.join(", ")))),
        };
        if let Some((from, to)) = self.network.translates() {
            return Ok(Films { kinds: vec![due(from)?, due(to)?], labels: vec![to.to_owned()] });
        }
        match (&self.label, known.as_slice()) {
            (Some(label), _) => Ok(Films { kinds: vec![due(label)?], labels: vec![label.clone()] }),
            (None, [only]) => Ok(Films { kinds: vec![of(only)?], labels: vec![only.clone()] }),
            (None, []) => Err(Error::data("there is no film to learn from")),
            (None, several) => Err(Error::helped(format!("the films have several labels: {}", several.join(", ")), "name one with `label`")),
        }
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
