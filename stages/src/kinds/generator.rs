//! A trained generator as an artifact, and how it is opened again: `train-gan` writes it, `synthesize` makes films with it.

use crate::adversarial::{channelled, cyclegan, cyclegan_zunair, pix2pix, stylegan2};
use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::weights::{NetworkDocument, Trained};
use crate::math;
use crate::networks::{Mode, Weights, dcgan, stylegan2 as style};
use crate::training;
use candle_core::Device;
use hilum_ops::{Value, without_history};

/// A trained generator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GeneratorDocument {
    /// The network.
    pub network: GanNetwork,
    /// The labels of the films that it makes.
    pub labels: Vec<String>,
    /// Side of its films in pixels.
    pub side: usize,
}

impl NetworkDocument for GeneratorDocument {
    const TYPE: &'static str = "generator";
}

/// The adversarial networks that a stage may train; the tag in a study is the file's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum GanNetwork {
    /// DCGAN: films from noise.
    Dcgan(dcgan::Config),
    /// CycleGAN of Zhu et al.: films of one label translated to another.
    Cyclegan(cyclegan::Config),
    /// CycleGAN of Zunair & Hamza.
    CycleganZunair(cyclegan_zunair::Config),
    /// pix2pix of Liang et al.: films of one label translated to another.
    Pix2pix(pix2pix::Config),
    /// StyleGAN2 with DiffAugment: films from noise, learnt from few.
    Stylegan2(stylegan2::Config),
}

impl GanNetwork {
    /// What share of the weights that it began with the network holds that makes films, where that is a moving average.
    pub fn remembered(&self, steps: usize, batch: usize) -> f64 {
        match self {
            GanNetwork::Stylegan2(c) => c.remembered(steps, batch),
            GanNetwork::Cyclegan(c) => c.average.map_or(0.0, |kept| math::pow(kept, steps as f64)),
            GanNetwork::Dcgan(_) | GanNetwork::CycleganZunair(_) | GanNetwork::Pix2pix(_) => 0.0,
        }
    }
    /// The name in studies.
    pub fn name(&self) -> &'static str {
        match self {
            GanNetwork::Dcgan(_) => "dcgan",
            GanNetwork::Cyclegan(_) => "cyclegan",
            GanNetwork::CycleganZunair(_) => "cyclegan-zunair",
            GanNetwork::Pix2pix(_) => "pix2pix",
            GanNetwork::Stylegan2(_) => "stylegan2",
        }
    }
    /// Labels translated from and to; None for networks that make films from noise.
    pub fn translates(&self) -> Option<(&str, &str)> {
        match self {
            GanNetwork::Dcgan(_) | GanNetwork::Stylegan2(_) => None,
            GanNetwork::Cyclegan(c) => Some((&c.from, &c.to)),
            GanNetwork::CycleganZunair(c) => Some((&c.from, &c.to)),
            GanNetwork::Pix2pix(c) => Some((&c.from, &c.to)),
        }
    }
    /// Finds parameters that make no sense; `path` is where this stands below `with:`.
    pub fn check(&self, path: &str) -> Vec<BadParameter> {
        let path = format!("{path}.{}", self.name());
        match self {
            GanNetwork::Dcgan(c) => c.check(&path),
            GanNetwork::Cyclegan(c) => c.check(&path),
            GanNetwork::CycleganZunair(c) => c.check(&path),
            GanNetwork::Pix2pix(c) => c.check(&path),
            GanNetwork::Stylegan2(c) => c.check(&path),
        }
    }
    /// Says what is wrong with images of so many pixels a side, and what to do.
    pub fn side_needed(&self, side: usize) -> Option<(String, &'static str)> {
        let multiple = |of: usize| (side.is_multiple_of(of)).then_some(()).ok_or(format!("images whose side is a multiple of {of}"));
        let exactly = |size: usize| (side == size).then_some(()).ok_or(format!("images of {size} pixels"));
        let fits = match self {
            GanNetwork::Dcgan(c) => exactly(c.size),
            GanNetwork::Stylegan2(c) => exactly(c.size),
            GanNetwork::Cyclegan(_) if side < 32 => Err("images of 32 pixels or more".into()),
            GanNetwork::Cyclegan(_) => multiple(4),
            GanNetwork::CycleganZunair(_) => multiple(16),
            GanNetwork::Pix2pix(_) if side < 32 => Err("images of 32 pixels or more".into()),
            GanNetwork::Pix2pix(c) => multiple(1 << c.levels),
        };
        let needs = fits.err()?;
        Some((format!("{} needs {needs}, the packed images have {side}", self.name()), "change `size` of `prepare`, or the network"))
    }
    /// The network of a generator by the parameters of the stage that trains it; none for stages of other kinds.
    pub fn trained_by(stage: usize, upstream: &dyn Upstream) -> Option<GanNetwork> {
        serde_json::from_value(upstream.parameters(stage).get("network")?.clone()).ok()
    }
}

/// A generator that was opened.
pub struct Opened {
    network: Network,
    side: usize,
    device: Device,
}

enum Network {
    Dcgan(dcgan::Generator, usize),
    Style(style::Generator, usize),
    Zhu(Box<cyclegan::Generators>, usize),
    Zunair(cyclegan_zunair::Generators, usize),
    Pix2pix(crate::networks::pix2pix::Generator, usize),
}

impl Opened {
    /// Builds the network and puts its weights in.
    ///
    /// # Errors
    /// Where weights do not fit the document.
    pub fn new(trained: &Trained<GeneratorDocument>, device: &Device) -> Result<Opened> {
        let mut weights = Weights::on(device);
        let mut unused = Seed(0).stream("open", "unused");
        let mut scope = weights.scope(&mut unused);
        let network = match &trained.document.network {
            GanNetwork::Dcgan(c) => Network::Dcgan(dcgan::Generator::new(c, &mut scope)?, c.latent),
            GanNetwork::Stylegan2(c) => Network::Style(style::Generator::new(&c.networks(), &mut scope)?, c.latent),
            GanNetwork::Cyclegan(c) => Network::Zhu(Box::new(cyclegan::Generators::new(c, &mut scope)?), c.channels),
            GanNetwork::CycleganZunair(c) => Network::Zunair(cyclegan_zunair::Generators::new(c, &mut scope)?, c.channels),
            GanNetwork::Pix2pix(c) => Network::Pix2pix(crate::networks::pix2pix::Generator::new(c.channels, c.levels, c.dropout, &mut scope)?, c.channels),
        };
        trained.load_into(&weights, device)?;
        Ok(Opened { network, side: trained.document.side, device: device.clone() })
    }

    /// Films `first`, `first + 1`, … from noise, as grey numbers in [−1, 1]; each depends on its number alone. `psi` below 1 draws
    /// styles nearer to the mean one, for networks that have styles.
    ///
    /// # Errors
    /// Where the network translates.
    pub fn sample(&self, noise: &Stream, first: u64, n: usize, psi: f64) -> Result<Vec<Vec<f32>>> {
        let films = without_history(|| match &self.network {
            Network::Dcgan(g, latent) => g.forward(&training::uniform_noise(noise, first, n, *latent, &self.device)?, false),
            Network::Style(g, latent) => {
                let styles = g.map(&training::normal_noise(noise, first, n, *latent, &self.device)?, false)?;
                g.synthesise(&g.truncate(&styles, psi)?, &mut style::Noise::Constant)
            }
            _ => Err(Error::data("BUG: this generator translates films")),
        })?;
        grey(&films)
    }

    /// Films translated, as grey numbers in [−1, 1]; `and_back`: there and back again. Where generation draws, film `k` does so from
    /// stream `numbers[k]`.
    ///
    /// # Errors
    /// Where the network translates nothing, or not in that direction.
    pub fn translate(&self, films: &[&[u8]], numbers: &[u64], draws: &Stream, and_back: bool) -> Result<Vec<Vec<f32>>> {
        let x = training::film_tensor(films, self.side, &self.device)?.scale(2.0)?.shift(-1.0)?;
        let made = without_history(|| match &self.network {
            Network::Zhu(g, c) => {
                let there = g.there.forward(&channelled(&x, *c)?)?;
                if and_back { g.back.forward(&there) } else { Ok(there) }
            }
            Network::Zunair(g, c) => {
                let there = g.there.forward(&channelled(&x, *c)?)?;
                if and_back { g.back.forward(&there) } else { Ok(there) }
            }
            Network::Pix2pix(g, c) if !and_back => {
                // Batch statistics are part of generation: each film is a batch of its own.
                let one = |k: usize| g.forward(&channelled(&x.narrow(0, k, 1)?, *c)?, &mut Mode::Train(&mut draws.item(numbers[k])));
                let each = (0..films.len()).map(one).collect::<Result<Vec<_>>>()?;
                Ok(Value::concat(&each.iter().collect::<Vec<_>>(), 0)?)
            }
            _ => Err(Error::helped("this generator does not translate films back", "remove `reconstruct`")),
        })?;
        grey(&made)
    }
}

/// Films `[n, s, s, c]` as one channel, film by film: the mean over channels.
///
/// # Errors
/// Where a device does not give them.
pub fn grey(films: &Value) -> Result<Vec<Vec<f32>>> {
    let (_, h, w, c) = films.dims4()?;
    let values = films.data().flatten_all()?.to_vec1::<f32>()?;
    let mean = |pixel: &[f32]| if c == 1 { pixel[0] } else { pixel.iter().sum::<f32>() / c as f32 };
    Ok(values.chunks_exact(h * w * c).map(|film| film.chunks_exact(c).map(mean).collect()).collect())
}

/// Grey numbers in [−1, 1] as bytes. What is no number would become black: ask [`are_numbers`] first.
pub fn to_bytes(film: &[f32]) -> Vec<u8> {
    film.iter().map(|v| ((v.clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8).collect()
}

/// False where a film holds what is infinite or not a number: its generator diverged.
pub fn are_numbers(film: &[f32]) -> bool {
    film.iter().all(|v| v.is_finite())
}
