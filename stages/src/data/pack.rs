//! Packed images: the pixels of many images of one size in one array, and an index.
//!
//! `pixels.u8` contains `[n, side, side]` grey bytes and is mapped into memory; `index.csv` names each image with the
//! digest of its pixels, because recipes and lineage follow single images.

use super::contents::Contents;
use super::sample::Samples;
use crate::contract::prelude::*;
use crate::files::{csv_of, write, write_parts};
use crate::words::counted;
use hilum_cache::Digest;
use memmap2::Mmap;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// One row of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// The image.
    #[serde(alias = "film")]
    pub image: Digest,
    /// Digest of its packed pixels; None for an image that was left out.
    pub pixels: Option<Digest>,
}

impl Packed {
    /// The digest of its pixels, or a fixed one for an image that was left out.
    pub fn known_as(&self) -> Digest {
        self.pixels.unwrap_or_else(Packed::left_out)
    }
    /// What stands for the pixels of an image that was left out.
    pub fn left_out() -> Digest {
        Digest::of(b"left out")
    }
}

/// The file of the index within its artifact.
pub const INDEX: &str = "index.csv";
const PIXELS: &str = "pixels.u8";

/// Packed images that were opened.
pub struct Images {
    /// Side of every image in pixels.
    pub side: usize,
    pixels: Option<Mmap>,
    rows: HashMap<Digest, usize>,
    left_out: HashSet<Digest>,
}

impl Images {
    /// The pixels of an image, `side × side` from the top left.
    pub fn get(&self, image: &Digest) -> Option<&[u8]> {
        let row = *self.rows.get(image)?;
        let size = self.side * self.side;
        self.pixels.as_ref().map(|p| &p[row * size..(row + 1) * size])
    }
    /// Reads the rows of an index.
    pub fn read_index(bytes: &[u8]) -> Result<Vec<Packed>> {
        csv::Reader::from_reader(bytes)
            .deserialize()
            .collect::<Result<_, _>>()
            .map_err(|e| Error::data(format!("an index of packed images cannot be read: {e}")))
    }
}

impl InputArtifact for Images {
    const TYPE: ArtifactType = ArtifactType::Images;
    fn open(files: &[File]) -> Result<Self> {
        let file = |name: &str| files.iter().find(|f| f.name == name).ok_or_else(|| Error::data(format!("packed images have no `{name}`")));
        let (index, pixels) = (file(INDEX)?, file(PIXELS)?);
        let index = Images::read_index(&std::fs::read(&index.path).map_err(Error::io("read", &index.path))?)?;
        let opened = std::fs::File::open(&pixels.path).map_err(Error::io("open", &pixels.path))?;
        let length = opened.metadata().map_err(Error::io("read", &pixels.path))?.len() as usize;
        let (packed, left_out): (Vec<Packed>, Vec<Packed>) = index.into_iter().partition(|p| p.pixels.is_some());
        let side = (length / packed.len().max(1)).isqrt();
        if side * side * packed.len() != length {
            return Err(Error::data("packed images do not match their index"));
        }
        #[allow(unsafe_code)]
        // SAFETY: objects of the store are read-only and never modified while they are there.
        let mapped = if length > 0 { Some(unsafe { Mmap::map(&opened) }.map_err(Error::io("map", &pixels.path))?) } else { None };
        let rows = packed.into_iter().enumerate().map(|(row, p)| (p.image, row)).collect();
        Ok(Images { side, pixels: mapped, rows, left_out: left_out.into_iter().map(|p| p.image).collect() })
    }
}

/// Packed images that were created.
pub struct NewPack {
    index: Vec<Packed>,
    pixels: Pixels,
    contents: Option<Contents>,
}

/// Where the pixels of a new pack are.
enum Pixels {
    Memory(Vec<Vec<u8>>),
    File(PathBuf),
}

impl NewPack {
    /// A pack of these images, all of one size, and their contents if they are known.
    pub fn of(mut images: Vec<(Digest, Vec<u8>)>, contents: Option<Contents>) -> NewPack {
        images.sort_by_key(|f| f.0);
        images.dedup_by_key(|f| f.0);
        let index = images.iter().map(|(image, pixels)| Packed { image: *image, pixels: Some(Digest::of(pixels)) }).collect();
        NewPack { index, pixels: Pixels::Memory(images.into_iter().map(|i| i.1).collect()), contents }
    }
}

impl OutputArtifact for NewPack {
    const TYPE: ArtifactType = ArtifactType::Images;
    fn save(&self, directory: &Path) -> Result<()> {
        self.contents.as_ref().map_or(Ok(()), |c| c.save(directory))?;
        write(&directory.join(INDEX), &csv_of(&self.index, &["image", "pixels"])?)?;
        let to = directory.join(PIXELS);
        match &self.pixels {
            Pixels::Memory(pixels) => write_parts(&to, pixels.iter().map(Vec::as_slice)),
            Pixels::File(path) => std::fs::rename(path, &to).map_err(Error::io("write", &to)),
        }
    }
}

/// Writes a pack image by image, so that its pixels need not be in memory at once.
pub struct PackWriter {
    path: PathBuf,
    file: BufWriter<std::fs::File>,
    index: Vec<Packed>,
}

impl PackWriter {
    /// A pack that is written in a directory for work in progress.
    ///
    /// # Errors
    /// Where it cannot be written to.
    pub fn create(directory: &Path) -> Result<PackWriter> {
        let path = directory.join("packing");
        std::fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
        let file = BufWriter::with_capacity(1 << 20, std::fs::File::create(&path).map_err(Error::io("write", &path))?);
        Ok(PackWriter { path, file, index: vec![] })
    }
    /// Adds an image; one without pixels is recorded as left out. Images come in the order of their digests, each once.
    ///
    /// # Errors
    /// Where it cannot be written.
    ///
    /// # Panics
    /// Where they come in another order.
    pub fn push(&mut self, image: Digest, pixels: Option<&[u8]>) -> Result<()> {
        assert!(self.index.last().is_none_or(|last| last.image < image), "BUG: images are packed in order");
        self.index.push(Packed { image, pixels: pixels.map(Digest::of) });
        self.file.write_all(pixels.unwrap_or_default()).map_err(Error::io("write", &self.path))
    }
    /// The pack.
    ///
    /// # Errors
    /// Where its last part cannot be written.
    pub fn finish(mut self, contents: Contents) -> Result<NewPack> {
        self.file.flush().map_err(Error::io("write", &self.path))?;
        Ok(NewPack { index: self.index, pixels: Pixels::File(self.path), contents: Some(contents) })
    }
}

/// The pixels of a table's images in several packs.
pub struct ImageStore<'a> {
    packs: &'a [Images],
    /// Side of every image in pixels.
    pub side: usize,
}

impl<'a> ImageStore<'a> {
    /// Combines several packs.
    ///
    /// # Errors
    /// Where packs that contain images differ in size.
    pub fn of(packs: &'a [Images]) -> Result<Self> {
        let mut sides: Vec<usize> = packs.iter().filter(|p| !p.rows.is_empty()).map(|p| p.side).collect();
        sides.dedup();
        match sides.as_slice() {
            [side] => Ok(ImageStore { packs, side: *side }),
            [] => Err(Error::data("the packed images are empty")),
            [a, b, ..] => Err(Error::helped(
                format!("the packed images differ in size: {a}×{a} and {b}×{b}"),
                "set `size` of `prepare` to the size of the generated images",
            )),
        }
    }
    /// The pixels of an image.
    pub fn get(&self, image: &Digest) -> Result<&'a [u8]> {
        let found = self.packs.iter().find_map(|p| p.get(image));
        found.ok_or_else(|| {
            Error::helped(format!("image {} is not in any of the packed images", image.short()), "bind the packed images of every table to `images`")
        })
    }
    /// True for an image that `prepare` left out as damaged.
    pub fn has_left_out(&self, image: &Digest) -> bool {
        self.packs.iter().any(|p| p.left_out.contains(image)) && !self.packs.iter().any(|p| p.rows.contains_key(image))
    }
    /// The rows of a table without those whose images `prepare` left out as damaged.
    pub fn without_left_out(&self, mut samples: Samples, cx: &Context) -> Samples {
        let before = samples.rows.len();
        samples.rows.retain(|row| !self.has_left_out(&row.image));
        let gone = before - samples.rows.len();
        if gone > 0 {
            cx.note(format!("{} left out by `prepare`", counted(gone, "row is skipped: its image was", "rows are skipped: their images were")));
        }
        samples
    }
}

/// The sides of the packs that these stages make, as far as parameters say them: none where one is not known. Generated images have
/// the side of those that their generator was trained on.
pub fn sides(stages: &[usize], upstream: &dyn Upstream) -> Option<BTreeSet<usize>> {
    let mut out = BTreeSet::new();
    for stage in stages {
        match upstream.parameters(*stage).get("size").and_then(serde_json::Value::as_u64) {
            Some(side) => drop(out.insert(side as usize)),
            None => {
                let generators = upstream.makers(*stage, "generator");
                let from: Vec<usize> = generators.iter().chain([stage]).flat_map(|s| upstream.makers(*s, "images")).collect();
                out.extend(sides(&from, upstream).filter(|sides| !sides.is_empty())?);
            }
        }
    }
    Some(out)
}

/// What a network needs that the packs bound to `images` will not have, as far as the parameters of the stages that
/// make them say the side; packs of generated images have the side that their generator was trained on.
pub fn misfit(makers: &dyn Fn(&str) -> Vec<usize>, upstream: &dyn Upstream, needed: impl Fn(usize) -> Option<(String, &'static str)>) -> Vec<BadInput> {
    let mut sides = makers("images").into_iter().filter_map(|stage| upstream.parameters(stage).get("size")?.as_u64());
    let bad = sides.find_map(|side| needed(side as usize));
    bad.map(|(why, help)| BadInput { port: "images", why, help: help.into() }).into_iter().collect()
}
