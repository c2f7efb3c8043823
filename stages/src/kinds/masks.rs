//! Masks that others drew, such as of the lungs: found by the names of the images that they belong to.
//!
//! Tables of samples have no names of files, so that the images' directory is listed here again; what leaves the stage names an image by its
//! digest, as everywhere.

mod pairs;
#[cfg(test)]
mod tests;

use crate::contract::context::LeftOut;
use crate::contract::prelude::*;
use crate::contract::source::{ListedFile, Source, SourceKind, SourcePath};
use crate::data::grey::{self, Fit};
use crate::data::masks::Masks;
use crate::words::counted;
use hilum_cache::Digest;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

ports! {
    inputs {}
    outputs {
        /// The mask of every image that has one.
        masks: Masks,
    }
}

/// Finds masks of images, such as of the lungs, that others drew.
///
/// A mask is a PNG or JPEG with the name of its image: in a directory of its own, or with `_mask` after the name. Extensions and case may
/// differ. Where images in several directories have one name, the directories must agree, but for those that only say `images` or `masks`; a
/// mask that may be of several images is of none. Several masks of one image are united, such as those of its left and its right lung.
/// Pixels brighter than half are meant. A mask without such pixels is left out, as is a damaged one; both are counted.
///
/// `grad-cam` takes them as `masks`. An image is known by its file, so that `images` is the directory that `import` imports, or one above it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindMasks {
    /// The directory that contains the images.
    pub images: SourcePath,
    /// The directory that contains the masks; may be that of the images. If some of its names say that they are of masks (`lung masks/a.png`,
    /// `a_mask.png`), only those are taken.
    pub masks: SourcePath,
    /// Side of the masks in pixels. Those who use them resize them to their images, each pixel by the nearest one.
    #[serde(default = "default_size")]
    pub size: Whole<8, 2048>,
    /// How a mask that is not square is made square: as `prepare` makes the images square.
    #[serde(default)]
    pub fit: Fit,
}

fn default_size() -> Whole<8, 2048> {
    Whole::of(256)
}

/// The pixels of an image's masks together, and what was wrong with some of them.
type Drawn = (Vec<bool>, Vec<LeftOut>);

impl Stage for FindMasks {
    const NAME: &'static str = "masks";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Heavy;
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn sources(&self) -> Vec<Source> {
        let source = |parameter: &str, path: &SourcePath| Source { parameter: parameter.to_owned(), path: path.clone(), what: SourceKind::Images, help: None };
        vec![source("images", &self.images), source("masks", &self.masks)]
    }

    fn run(&self, _: Inputs, cx: &Context) -> Result<Outputs> {
        let found = pairs::of(&cx.source("images").files, &cx.source("masks").files);
        let done = AtomicUsize::new(0);
        let drawn: Vec<Drawn> = found.masks.par_iter().map(|(_, files)| self.drawn(files, found.masks.len(), &done, cx)).collect::<Result<_>>()?;
        let (mut masks, mut omitted): (Vec<(Digest, Vec<bool>)>, Vec<LeftOut>) = (vec![], vec![]);
        for ((image, _), (pixels, left_out)) in found.masks.iter().zip(drawn) {
            omitted.extend(left_out);
            if pixels.contains(&true) {
                masks.push((*image, pixels));
            }
        }
        omitted.extend(found.omitted);
        let masks = Masks::of(*self.size as usize, masks);
        if masks.is_empty() {
            say(omitted, cx);
            return Err(Error::helped("no image has a mask", "a mask has the name of its image: `images` and `masks` are the directories of both"));
        }
        cx.note(format!("{}, and {} none", counted(masks.len(), "image has a mask", "images have a mask"), found.images - masks.len()));
        say(omitted, cx);
        Ok(Outputs { masks })
    }
}

impl FindMasks {
    /// The masks in these files as one.
    fn drawn(&self, files: &[&ListedFile], all: usize, done: &AtomicUsize, cx: &Context) -> Result<Drawn> {
        let side = *self.size as usize;
        let (mut pixels, mut omitted) = (vec![false; side * side], vec![]);
        for file in files {
            let mut leave_out = |reason: String| omitted.push(LeftOut { name: file.name.clone(), label: String::new(), reason });
            match grey::decode(&Context::read_listed(file)?) {
                Ok(decoded) => {
                    let mask = grey::to_square(&decoded.grey, *self.size, self.fit, false);
                    if mask.iter().all(|grey| *grey < 128) {
                        leave_out("a mask without a pixel brighter than half".into());
                    }
                    pixels.iter_mut().zip(mask).for_each(|(pixel, grey)| *pixel |= grey >= 128);
                }
                Err(why) => leave_out(why),
            }
        }
        let n = done.fetch_add(1, Ordering::Relaxed) + 1;
        if n.is_multiple_of(64) {
            cx.progress(n, all, "image", &[])?;
        }
        Ok((pixels, omitted))
    }
}

/// Counts what was left out by its reason, and lists it for the owner.
fn say(omitted: Vec<LeftOut>, cx: &Context) {
    let mut reasons: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    omitted.iter().for_each(|o| *reasons.entry(&o.reason).or_default() += 1);
    for (reason, n) in reasons {
        cx.warn(format!("{}: {reason}", counted(n, "mask was left out", "masks were left out")));
    }
    cx.left_out(omitted);
}
