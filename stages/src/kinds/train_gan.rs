//! Trains a generative adversarial network. The loop stands here in order of execution.
//!
//! DCGAN as in Davoodi & Lo Giudice: the discriminator sees a real and a fake batch apart, their gradients are summed
//! into one step; the generator's step uses the same fake batch through the updated discriminator.

use super::documents::{GeneratorDocument, GeneratorNetwork};
use crate::contract::prelude::*;
use crate::data::augment::Augment;
use crate::data::batch::{self, Order};
use crate::data::figure::{self, Figure};
use crate::data::pack::{Gallery, Images};
use crate::data::sample::Samples;
use crate::data::table::{Table, number};
use crate::data::weights::Trained;
use crate::networks::dcgan::{Discriminator, Generator};
use crate::networks::{Mode, Weights, dcgan};
use crate::training::snapshot::{Restored, Snapshot};
use crate::training::{self, AdamParameters, Precision};
use hilum_ops::{Value, bce_with_logits, mean_probability, without_history};

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
        /// Losses and discriminator outputs over the steps.
        history: Table [influenced samples images],
        /// Films from fixed noise at several steps, earliest in the first row.
        grid: Figure [influenced samples images],
    }
}

/// Trains a generator of films against a discriminator.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainGan {
    /// The architecture.
    pub network: GeneratorNetwork,
    /// Train on films of this label only; films of one label are due where not given.
    #[serde(default)]
    pub label: Option<String>,
    /// Passes over the films; `steps` says the same in steps of the generator.
    #[serde(default)]
    pub epochs: Option<u32>,
    /// Steps of the generator.
    #[serde(default)]
    pub steps: Option<u32>,
    /// Films per step.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 2))]
    pub batch: u32,
    /// Adam, for both networks.
    #[serde(default = "default_adam")]
    pub optimiser: AdamParameters,
    /// Classic augmentation of the real films.
    #[serde(default)]
    pub augment: Augment,
    /// Precision of products on a GPU.
    #[serde(default)]
    pub precision: Precision,
}

fn default_batch() -> u32 {
    32
}
fn default_adam() -> AdamParameters {
    AdamParameters { learning_rate: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8 }
}

/// Films per row of the grid, and rows.
const GRID: (usize, usize) = (8, 6);

impl Stage for TrainGan {
    const NAME: &'static str = "train-gan";
    const VERSION: u32 = 3;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        let GeneratorNetwork::Dcgan(c) = &self.network;
        [
            c.check("network.dcgan"),
            self.augment.check("augment"),
            training::check_budget(self.epochs, self.steps, self.batch),
            BadParameter::unless(
                self.optimiser.learning_rate > 0.0 && self.optimiser.learning_rate.is_finite(),
                "optimiser.learning_rate",
                "must be greater than 0",
            ),
        ]
        .concat()
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        self.precision.during(cx.device, || self.train(&inputs, cx))
    }
}

impl TrainGan {
    fn train(&self, inputs: &Inputs, cx: &Context) -> Result<Outputs> {
        let GeneratorNetwork::Dcgan(config) = &self.network;
        let device = training::open_device(cx.device)?;
        let gallery = Gallery::of(&inputs.images)?;
        if gallery.side != config.size {
            return Err(Error::helped(
                format!("the network makes films of {} pixels, the packed images have {}", config.size, gallery.side),
                "make `size` of `prepare` and of the network equal",
            ));
        }
        let (films, labels) = self.films(&inputs.samples, &gallery)?;
        let batch = self.batch as usize;
        let steps = self.steps.map_or_else(|| (self.epochs.unwrap_or(1) as usize * films.len()).div_ceil(batch), |s| s as usize);

        let (mut g_weights, mut d_weights) = (Weights::on(&device), Weights::on(&device));
        let generator = Generator::new(config, &mut g_weights.scope(&mut cx.stream("generator")))?;
        let discriminator = Discriminator::new(config, &mut d_weights.scope(&mut cx.stream("discriminator")))?;
        let (mut g_optimiser, mut d_optimiser) = (self.optimiser.build(g_weights.trained()), self.optimiser.build(d_weights.trained()));
        let mut order = Order::new(cx.stream("order"), films.len());
        let (augmentation, noise, mut dropout) = (cx.stream("augment"), cx.stream("noise"), cx.stream("dropout"));
        let fixed = training::uniform_noise(&cx.stream("grid"), 0, GRID.0, config.latent, &device)?;
        let mut grid = vec![];
        let mut history = Table::new("history", &["step", "loss-discriminator", "loss-generator", "d-real", "d-fake-before", "d-fake-after"]);

        let mut done = 0;
        if let Some((step, bytes)) = cx.checkpoints.latest() {
            let before = Restored::read(bytes)?;
            before.weights("generator", &g_weights, &device)?;
            before.weights("discriminator", &d_weights, &device)?;
            before.optimiser("generator.optimiser", &mut g_optimiser)?;
            before.optimiser("discriminator.optimiser", &mut d_optimiser)?;
            dropout.seek(before.thing("dropout")?);
            history.rows = before.thing("history")?;
            grid = before.bytes("grid")?.chunks_exact(config.size * config.size).map(<[u8]>::to_vec).collect();
            done = step as usize;
            order.skip(done * batch);
        }

        for step in done + 1..=steps {
            let draws = order.batch(batch);
            let real = batch::numbers(&films, &draws, config.size, &self.augment, &augmentation, (-1.0, 1.0));
            let real = training::films_of(real, config.size, &device)?;
            let z = training::uniform_noise(&noise, (step * batch) as u64, batch, config.latent, &device)?;

            // Discriminator: real and fake batches apart, gradients summed, one step.
            let fake = generator.forward(&z, true)?;
            let on_real = discriminator.forward(&real, &mut Mode::Train(&mut dropout))?;
            let on_fake = discriminator.forward(&fake.detach(), &mut Mode::Train(&mut dropout))?;
            let d_loss = bce_with_logits(&on_real, 1.0)?.add(&bce_with_logits(&on_fake, 0.0)?)?;
            d_optimiser.step(&d_loss.backward()?)?;

            // Generator: the same fake batch, through the updated discriminator, whose own gradients nobody needs here.
            let judged = discriminator.forward(&fake, &mut Mode::Train(&mut dropout))?;
            let g_loss = bce_with_logits(&judged, 1.0)?;
            g_optimiser.step(&g_loss.backward_to(g_optimiser.weights())?)?;

            let (d, g) = (d_loss.scalar()?, g_loss.scalar()?);
            if !d.is_finite() || !g.is_finite() {
                return Err(Error::helped(format!("the losses became infinite or undefined at step {step} of {steps}"), "lower `optimiser.learning_rate`"));
            }
            if step == 1 || step == steps || step % (steps / 200).max(1) == 0 {
                let row = [d, g, mean_probability(&on_real)?, mean_probability(&on_fake)?, mean_probability(&judged)?];
                history.push(std::iter::once(step.to_string()).chain(row.map(number)).collect());
            }
            if step % steps.div_ceil(GRID.1).max(1) == 0 || step == steps {
                // Running statistics, as `synthesize` will use them: the grid shows what would be made now.
                grid.extend(to_films(&without_history(|| generator.forward(&fixed, false))?, config.size)?);
            }
            cx.checkpoint(step, || {
                let now = Snapshot::default().weights("generator", &g_weights)?.weights("discriminator", &d_weights)?;
                let now = now.optimiser("generator.optimiser", &g_optimiser)?.optimiser("discriminator.optimiser", &d_optimiser)?;
                now.thing("dropout", &dropout.position()).thing("history", &history.rows).bytes("grid", grid.concat()).finish()
            })?;
            cx.progress(step, steps, "step", &[("D", d), ("G", g)])?;
        }
        let document = GeneratorDocument { network: self.network.clone(), labels, source: inputs.samples.rows[0].source.clone() };
        let sheet = figure::sheet(&grid, config.size, GRID.0)?;
        Ok(Outputs { generator: Trained::of(document, &g_weights)?, history, grid: Figure { files: vec![("grid.png".into(), sheet)] } })
    }

    /// Pixels of the films to learn from, each film once, and their labels.
    fn films<'a>(&self, samples: &Samples, gallery: &Gallery<'a>) -> Result<(Vec<&'a [u8]>, Vec<String>)> {
        let rows: Vec<_> = samples.rows.iter().filter(|r| self.label.as_ref().is_none_or(|l| *l == r.label)).collect();
        let labels = Samples::of(rows.iter().map(|r| (*r).clone()).collect()).labels();
        match (&self.label, labels.as_slice()) {
            (Some(label), []) => {
                return Err(Error::helped(format!("no film has the label `{label}`"), format!("the labels are: {}", samples.labels().join(", "))));
            }
            (None, []) => return Err(Error::data("there is no film to learn from")),
            (None, [_, _, ..]) => return Err(Error::helped(format!("the films have several labels: {}", labels.join(", ")), "name one with `label`")),
            _ => {}
        }
        let films = rows.iter().map(|r| gallery.get(&r.film)).collect::<Result<Vec<_>>>()?;
        Ok((films, labels))
    }
}

/// Films of a generator's output `[n, size, size, 1]` in [−1, 1] as grey bytes.
pub(super) fn to_films(x: &Value, size: usize) -> Result<Vec<Vec<u8>>> {
    let values = x.data().flatten_all()?.to_vec1::<f32>()?;
    Ok(values.chunks_exact(size * size).map(|film| film.iter().map(|v| ((v.clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8).collect()).collect())
}

/// Builds a generator from its document and weights.
pub(super) fn open(trained: &Trained<GeneratorDocument>, device: &candle_core::Device) -> Result<(Generator, dcgan::Config)> {
    let GeneratorNetwork::Dcgan(config) = &trained.document.network;
    let mut weights = Weights::on(device);
    let generator = Generator::new(config, &mut weights.scope(&mut crate::contract::seed::Seed(0).stream("open", "unused")))?;
    trained.load_into(&weights, device)?;
    Ok((generator, config.clone()))
}
