//! Prepare: films are decoded once, brought to one size and packed, so that no epoch decodes a film.

mod alike;

use crate::contract::prelude::*;
use crate::data::film::{self, Fit};
use crate::data::pack::NewPack;
use crate::data::sample::Samples;
use alike::Look;
use hilum_cache::Digest;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

ports! {
    inputs {
        /// The films to decode.
        samples: Samples,
    }
    outputs {
        /// Their pixels, packed.
        images: NewPack [contains samples],
    }
}

/// Decodes films (PNG or JPEG, 8 or 16 bits, grey or colour) to grey squares of one size and packs them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prepare {
    /// Side of the packed films in pixels.
    #[schemars(range(min = 8, max = 2048))]
    pub size: u32,
    /// How a film that is not square becomes one.
    #[serde(default)]
    pub fit: Fit,
    /// Stretch each film to the whole range of grey.
    #[serde(default)]
    pub stretch: bool,
}

impl Stage for Prepare {
    const NAME: &'static str = "prepare";
    const VERSION: u32 = 2;
    const NEEDS: Needs = Needs::Heavy;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(&self) -> Vec<BadParameter> {
        BadParameter::unless((8..=2048).contains(&self.size), "size", "must lie between 8 and 2048")
    }

    fn run(&self, inputs: Inputs, cx: &Context) -> Result<Outputs> {
        let films: BTreeSet<Digest> = inputs.samples.rows.iter().map(|r| r.image).collect();
        let done = AtomicUsize::new(0);
        let decoded: Vec<(Digest, Result<(Vec<u8>, Look), String>)> = films
            .par_iter()
            .map(|film| {
                let bytes = cx.films.bytes(film)?;
                let square = film::decode(&bytes).map(|grey| (film::to_square(&grey, self.size, self.fit, self.stretch), Look::at(&grey)));
                let n = done.fetch_add(1, Ordering::Relaxed) + 1;
                if n.is_multiple_of(64) {
                    cx.progress(n, films.len(), "image", &[])?;
                }
                Ok((*film, square))
            })
            .collect::<Result<_>>()?;
        let bad: Vec<String> = decoded.iter().filter_map(|(film, d)| d.as_ref().err().map(|why| format!("{}: {why}", film.short()))).collect();
        if let Some(first) = bad.first() {
            return Err(Error::helped(
                format!("{} of {} films do not decode, the first is {first}", bad.len(), films.len()),
                "`hilum trace` with this digest names its patient's pseudonym; remove the file and import again",
            ));
        }
        let (mut packed, mut looks) = (Vec::with_capacity(decoded.len()), Vec::with_capacity(decoded.len()));
        for (image, decoded) in decoded {
            let (pixels, look) = decoded.expect("BUG: looked for above");
            packed.push((image, pixels));
            looks.push((image, look));
        }
        Ok(Outputs { images: NewPack { films: packed, contents: Some(alike::contents(&looks, cx)) } })
    }
}
