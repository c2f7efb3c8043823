//! Packed images: the pixels of many films of one size in one array, and where each film lies in it.
//!
//! `pixels.u8` holds `[n, side, side]` grey bytes and is mapped into memory; `index.csv` names each film with the digest
//! of its pixels. The index is there from the first day, because recipes and lineage follow single films.

use super::contents::Contents;
use super::sample::{write, write_parts};
use super::table::csv_of;
use crate::contract::prelude::*;
use hilum_cache::Digest;
use memmap2::Mmap;
use std::collections::HashMap;

/// One row of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// The film.
    #[serde(alias = "film")]
    pub image: Digest,
    /// Digest of its packed pixels.
    pub pixels: Digest,
}

/// The file of the index within its artifact.
pub const INDEX: &str = "index.csv";
const PIXELS: &str = "pixels.u8";

/// Packed images that were opened.
pub struct Images {
    /// Side of every film in pixels.
    pub side: usize,
    pixels: Option<Mmap>,
    rows: HashMap<Digest, usize>,
}

impl Images {
    /// The pixels of a film, `side × side` from the top left.
    pub fn get(&self, film: &Digest) -> Option<&[u8]> {
        let row = *self.rows.get(film)?;
        let size = self.side * self.side;
        self.pixels.as_ref().map(|p| &p[row * size..(row + 1) * size])
    }
    /// Reads the rows of an index.
    pub fn read_index(bytes: &[u8]) -> Result<Vec<Packed>> {
        csv::Reader::from_reader(bytes)
            .deserialize()
            .collect::<Result<_, _>>()
            .map_err(|e| Error::data(format!("an index of packed images does not read: {e}")))
    }
}

impl ArtifactType for Images {
    const TYPE: &'static str = "images";
    fn open(files: &[File]) -> Result<Self> {
        let file = |name: &str| files.iter().find(|f| f.name == name).ok_or_else(|| Error::data(format!("packed images have no `{name}`")));
        let (index, pixels) = (file(INDEX)?, file(PIXELS)?);
        let index = Images::read_index(&std::fs::read(&index.path).map_err(Error::io("read", &index.path))?)?;
        let opened = std::fs::File::open(&pixels.path).map_err(Error::io("open", &pixels.path))?;
        let length = opened.metadata().map_err(Error::io("read", &pixels.path))?.len() as usize;
        let side = (length / index.len().max(1)).isqrt();
        if side * side * index.len() != length {
            return Err(Error::data("packed images and their index do not belong together"));
        }
        #[allow(unsafe_code)]
        // SAFETY: objects of the store are read-only and never modified while they are there.
        let mapped = if length > 0 { Some(unsafe { Mmap::map(&opened) }.map_err(Error::io("map", &pixels.path))?) } else { None };
        let rows = index.into_iter().enumerate().map(|(row, p)| (p.image, row)).collect();
        Ok(Images { side, pixels: mapped, rows })
    }
}

/// Packed images that are being made.
#[derive(Default)]
pub struct NewPack {
    /// Images with their pixels, all of one size.
    pub films: Vec<(Digest, Vec<u8>)>,
    /// What they look like, where they were decoded for it.
    pub contents: Option<Contents>,
}

impl OutputType for NewPack {
    const TYPE: &'static str = "images";
    fn save(&self, folder: &Path) -> Result<()> {
        let mut films: Vec<&(Digest, Vec<u8>)> = self.films.iter().collect();
        films.sort_by_key(|f| f.0);
        films.dedup_by_key(|f| f.0);
        let index: Vec<Packed> = films.iter().map(|(film, pixels)| Packed { image: *film, pixels: Digest::of(pixels) }).collect();
        self.contents.as_ref().map_or(Ok(()), |c| c.save(folder))?;
        write(&folder.join(INDEX), &csv_of(&index, &["image", "pixels"])?)?;
        write_parts(&folder.join(PIXELS), films.iter().map(|f| f.1.as_slice()))
    }
}

/// The pixels of a table's films in several packs.
pub struct Gallery<'a> {
    packs: &'a [Images],
    /// Side of every film in pixels.
    pub side: usize,
}

impl<'a> Gallery<'a> {
    /// Looks the films of all packs up as one.
    ///
    /// # Errors
    /// Where packs that hold films differ in size.
    pub fn of(packs: &'a [Images]) -> Result<Self> {
        let mut sides: Vec<usize> = packs.iter().filter(|p| !p.rows.is_empty()).map(|p| p.side).collect();
        sides.dedup();
        match sides.as_slice() {
            [side] => Ok(Gallery { packs, side: *side }),
            [] => Err(Error::data("the packed images hold no film")),
            [a, b, ..] => {
                Err(Error::helped(format!("the packed images differ in size: {a} and {b} pixels"), "give `prepare` the size that the generator makes"))
            }
        }
    }
    /// The pixels of a film.
    pub fn get(&self, film: &Digest) -> Result<&'a [u8]> {
        let found = self.packs.iter().find_map(|p| p.get(film));
        found.ok_or_else(|| {
            Error::helped(format!("film {} is in none of the packed images", film.short()), "add the images of every table that is read to `images`")
        })
    }
}
