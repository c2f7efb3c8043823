//! Normalisation of grey values by a mean and a standard deviation, before any classifier.

use super::{Classifier, Mode};
use crate::contract::prelude::*;
use hilum_ops::Value;
use std::borrow::Cow;

/// Normalises grey values in [0, 1]: `(grey − mean) / std`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Greys {
    /// The mean, which becomes 0.
    pub mean: f32,
    /// The standard deviation, which becomes 1.
    pub std: Deviation,
}

/// A standard deviation of grey values: finite and greater than 0. Serialised as the number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Deviation(f32);

impl TryFrom<f32> for Deviation {
    type Error = &'static str;
    fn try_from(number: f32) -> std::result::Result<Self, &'static str> {
        if number.is_finite() && number > 0.0 { Ok(Deviation(number)) } else { Err("must be finite and greater than 0 in single precision") }
    }
}

impl From<Deviation> for f32 {
    fn from(Deviation(number): Deviation) -> f32 {
        number
    }
}

impl JsonSchema for Deviation {
    fn schema_name() -> Cow<'static, str> {
        "Deviation".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = f32::json_schema(generator);
        schema.insert("exclusiveMinimum".into(), 0.into());
        schema
    }
    fn inline_schema() -> bool {
        true
    }
}

impl Greys {
    /// Mean and standard deviation of all pixels of these images; their order does not matter, to the last bit.
    ///
    /// # Errors
    /// Where all pixels have the same value, or there is none.
    pub fn of(images: &[&[u8]]) -> Result<Greys> {
        let (mut n, mut sum, mut squares) = (0u64, 0u64, 0u128);
        for image in images {
            n += image.len() as u64;
            sum += image.iter().map(|p| u64::from(*p)).sum::<u64>();
            squares += u128::from(image.iter().map(|p| u64::from(*p).pow(2)).sum::<u64>());
        }
        // n² times the variance, in integers.
        let spread = u128::from(n) * squares - u128::from(sum).pow(2);
        if spread == 0 {
            return Err(Error::data("all pixels of the images have the same grey value, so that they cannot be normalised"));
        }
        let n = n as f64;
        let std = Deviation(((spread as f64).sqrt() / n / 255.0) as f32);
        Ok(Greys { mean: (sum as f64 / n / 255.0) as f32, std })
    }

    /// The network with this normalisation before it, if there is one.
    pub fn before(greys: Option<Greys>, network: Box<dyn Classifier>) -> Box<dyn Classifier> {
        match greys {
            Some(greys) => Box::new(Normalised { network, greys }),
            None => network,
        }
    }
}

/// A network with normalised input.
struct Normalised {
    network: Box<dyn Classifier>,
    greys: Greys,
}

impl Normalised {
    fn normalised(&self, x: &Value) -> Result<Value> {
        Ok(x.shift(-f64::from(self.greys.mean))?.scale(1.0 / f64::from(self.greys.std.0))?)
    }
}

impl Classifier for Normalised {
    fn maps(&self, x: &Value, mode: &mut Mode) -> Result<Value> {
        self.network.maps(&self.normalised(x)?, mode)
    }
    fn pool(&self, maps: &Value) -> Result<Value> {
        self.network.pool(maps)
    }
    fn head(&self, features: &Value, mode: &mut Mode) -> Result<Value> {
        self.network.head(features, mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_of_all_pixels() {
        let images: [&[u8]; 2] = [&[0, 255, 255, 255], &[0, 0, 0, 255]];
        let greys = Greys::of(&images).unwrap();
        assert_eq!(greys, Greys { mean: 0.5, std: Deviation(0.5) });
        assert!(Greys::of(&[&[7, 7], &[7, 7]]).is_err());
    }

    #[test]
    fn a_network_is_given_normalised_greys() {
        let device = candle_core::Device::Cpu;
        let build = || {
            let mut stream = crate::contract::seed::Seed(1).stream("test", "weights");
            let mut weights = crate::networks::Weights::on(&device);
            crate::models::ClassifierNetwork::Smallcnn64(Default::default()).build(2, &mut weights.scope(&mut stream)).unwrap()
        };
        let image = |of: fn(u8) -> f32| {
            let values: Vec<f32> = (0..64).map(of).collect();
            crate::training::images_of(values, 8, &device).unwrap()
        };
        let logits = |network: &dyn Classifier, x: &Value| {
            let features = network.features(x, &mut Mode::Evaluate).unwrap();
            network.head(&features, &mut Mode::Evaluate).unwrap().to_rows().unwrap()
        };
        let normalised = Greys::before(Some(Greys { mean: 0.25, std: Deviation(0.5) }), build());
        assert_eq!(logits(&*normalised, &image(|i| f32::from(i) / 64.0)), logits(&*build(), &image(|i| (f32::from(i) / 64.0 - 0.25) * 2.0)));
    }
}
