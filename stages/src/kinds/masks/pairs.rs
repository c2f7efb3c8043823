//! Which masks belong to which image, by the names of their files. Independent of what is in the files.

use crate::contract::context::LeftOut;
use crate::contract::source::ListedFile;
use crate::data::inspect;
use crate::data::names::{is_mask, is_mask_directory, is_mask_of, is_suffix, spelling, stem_of};
use hilum_cache::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was found in two directories.
pub(super) struct Found<'a> {
    /// The files of the masks of each image that has some, by image.
    pub(super) masks: Vec<(Digest, Vec<&'a ListedFile>)>,
    /// Images in the directory.
    pub(super) images: usize,
    /// Masks that belong to no image, or to nobody knows which.
    pub(super) omitted: Vec<LeftOut>,
}

/// Names of directories that say that images are here, and not which.
const IMAGES: [&str; 4] = ["images", "image", "imgs", "img"];

/// A name as images and masks have it in common: its directories, without those that only say what is in them, and the name itself without
/// extension.
struct Name {
    directories: String,
    stem: String,
}

impl Name {
    fn of(file: &str) -> Name {
        let spelled = spelling(file);
        let stem = stem_of(&spelled).unwrap_or(&spelled);
        let (directories, stem) = stem.rsplit_once('/').unwrap_or(("", stem));
        // The spelling has no capitals, by which `leftMask` is known.
        let originals = file.split(['/', '\\']).map(str::trim).filter(|part| !part.is_empty() && *part != ".");
        let kept = directories.split('/').zip(originals).filter(|(part, original)| !IMAGES.contains(part) && !is_mask_directory(original));
        Name { directories: kept.map(|(part, _)| part).collect::<Vec<_>>().join("/"), stem: stem.to_owned() }
    }
}

/// The masks of images. Files of the images' directory that are masks by their names are no images.
pub(super) fn of<'a>(images: &[ListedFile], masks: &'a [ListedFile]) -> Found<'a> {
    let stems: BTreeSet<&str> = images.iter().filter_map(|file| stem_of(&file.name)).collect();
    let of_image = |file: &ListedFile| is_mask_of(&file.name).is_some_and(|image| stems.contains(image));
    let mut by_stem: HashMap<String, Vec<(String, Digest)>> = HashMap::new();
    let mut known = BTreeSet::new();
    for image in images.iter().filter(|file| !is_mask(&file.name) && !of_image(file) && inspect::read_note(&file.note).is_ok()) {
        let Name { directories, stem } = Name::of(&image.name);
        by_stem.entry(stem).or_default().push((directories, image.digest));
        known.insert(image.digest);
    }
    let says_so = |file: &&ListedFile| is_mask(&file.name) || is_mask_of(&file.name).is_some();
    // What is no image at all is a README or the like.
    let masks: Vec<&ListedFile> = masks.iter().filter(|file| !inspect::read_note(&file.note).is_err_and(|why| inspect::is_other(&why))).collect();
    let any_says_so = masks.iter().any(says_so);
    let (mut found, mut omitted): (BTreeMap<Digest, Vec<&ListedFile>>, Vec<LeftOut>) = (BTreeMap::new(), vec![]);
    for mask in masks.into_iter().filter(|file| !any_says_so || says_so(file)) {
        match image_of(&mask.name, &by_stem) {
            Ok(image) => found.entry(image).or_default().push(mask),
            Err(reason) => omitted.push(LeftOut { name: mask.name.clone(), label: String::new(), reason: reason.into() }),
        }
    }
    Found { masks: found.into_iter().collect(), images: known.len(), omitted }
}

/// The only image that a mask of this name can be of.
fn image_of(mask: &str, by_stem: &HashMap<String, Vec<(String, Digest)>>) -> Result<Digest, &'static str> {
    let Name { directories, mut stem } = Name::of(mask);
    if let Some(shorter) = ["_mask", "-mask"].iter().find_map(|end| stem.strip_suffix(end)).filter(|shorter| by_stem.contains_key(*shorter)) {
        stem = shorter.to_owned();
    }
    let named = by_stem.get(&stem).ok_or("no image has its name")?;
    let only = |some: BTreeSet<Digest>| some.first().copied().filter(|_| some.len() == 1);
    // An image that lies there twice is one.
    let all = only(named.iter().map(|(_, image)| *image).collect());
    let here = || only(named.iter().filter(|(other, _)| is_suffix(other, &directories)).map(|(_, image)| *image).collect());
    all.or_else(here).ok_or("several images have its name")
}
