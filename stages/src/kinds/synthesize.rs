//! Synthesizes films with a trained generator: PNG files that say what they are, and packed.

use super::documents::GeneratorDocument;
use super::train_gan;
use crate::contract::prelude::*;
use crate::data::pack::{Images, NewPack};
use crate::data::png;
use crate::data::sample::{FilmFile, Origin, Sample, Samples};
use crate::data::weights::Trained;
use crate::training;
use hilum_cache::Digest;

ports! {
    inputs {
        /// The generator.
        generator: Trained<GeneratorDocument>,
        /// Films to translate, for generators that translate.
        source: Option<Samples>,
        /// Pixels of the films to translate.
        images: Vec<Images> [by source],
    }
    outputs {
        /// The synthetic films, which travel with their table.
        samples: Samples [influenced generator source],
        /// Their pixels, packed.
        images: NewPack [influenced generator source],
    }
}

/// Makes films with a trained generator. Film k is the same whatever the number of films.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synthesize {
    /// How many films.
    #[schemars(range(min = 1))]
    pub count: u32,
    /// The label of the films; that of the films the generator learnt from where not given.
    #[serde(default)]
    pub label: Option<String>,
}

/// Films made at once; they do not influence each other.
const BATCH: usize = 64;

impl Stage for Synthesize {
    const NAME: &'static str = "synthesize";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Tensor;
    const SEEDED: bool = true;
    const DETERMINISM: Determinism = Determinism::BitwisePerFingerprint;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        BadParameter::unless((1..=10_000_000).contains(&self.count), "count", "must lie between 1 and 10000000")
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let document = &inputs.generator.document;
        let label = match (&self.label, document.labels.as_slice()) {
            (Some(label), _) => label.clone(),
            (None, [only]) => only.clone(),
            (None, several) => return Err(Error::helped(format!("the generator learnt from several labels: {}", several.join(", ")), "name one with `label`")),
        };
        if inputs.source.is_some() {
            return Err(Error::helped("this generator makes films from noise and translates none", "remove `source`"));
        }
        let device = training::open_device(cx.device)?;
        let (generator, config) = train_gan::open(&inputs.generator, &device)?;
        let noise = cx.stream("noise");
        let model = inputs.generator.digest;
        let (mut samples, mut films, mut pack) = (vec![], vec![], NewPack::default());
        let count = self.count as usize;
        for first in (0..count).step_by(BATCH) {
            let n = BATCH.min(count - first);
            let z = training::uniform_noise(&noise, first as u64, n, config.latent, &device)?;
            for (k, pixels) in train_gan::to_films(&hilum_ops::without_history(|| generator.forward(&z, false))?, config.size)?.into_iter().enumerate() {
                let number = (first + k) as u32;
                let side = config.size as u32;
                let marks = [
                    ("Description", "SYNTHETIC chest film, not for diagnosis"),
                    ("Software", "hilum synthesize"),
                    ("Source", &*format!("generator {model}, film {number}")),
                ];
                let bytes = png::encode(&pixels, side, side, &marks)?;
                let film = Digest::of(&bytes);
                films.push(FilmFile { name: format!("films/{number:05}.png"), bytes, path: None });
                samples.push(Sample {
                    film,
                    patient: String::new(),
                    number,
                    label: label.clone(),
                    source: "synthetic".into(),
                    origin: Origin::Synthetic,
                    generator: Some(model),
                    parent: None,
                    age: None,
                    sex: String::new(),
                    view: String::new(),
                    width: side,
                    height: side,
                });
                pack.films.push((film, pixels));
            }
            cx.progress(first + n, count, "film", &[])?;
        }
        Ok(Outputs { samples: Samples { films, ..Samples::of(samples) }, images: pack })
    }
}
