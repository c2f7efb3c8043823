//! Whom tables of samples contain, by their rows: pairs of a token and an image, counted by number. Read once each, and kept as sets.
//! Independent of whom a token means, and of what is made of a table.

use crate::tables::Tables;
use hilum_cache::receipt::Artifact;
use hilum_cache::{Digest, Error, Result, Store};
use hilum_stages::data::sample::{Origin, Sample};
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// The token of images of which no patient is known.
pub(super) const NOBODY: u32 = 0;

/// The rows of one label.
#[derive(Debug, Default)]
pub(super) struct OfLabel {
    /// Pairs of token and image.
    pub(super) pairs: RoaringBitmap,
    /// Pairs of synthetic rows that do not name theirs.
    pub(super) unnamed: RoaringBitmap,
}

/// Rows by label.
pub(super) type Rows = BTreeMap<String, OfLabel>;

/// Tables of samples, and the tokens and images in them by number.
#[derive(Default)]
pub(super) struct AllRows {
    tables: HashMap<Digest, Option<Rc<Rows>>>,
    tokens: HashMap<String, u32>,
    /// Tokens in the order of their numbers, without [`NOBODY`].
    named: Vec<String>,
    images: HashMap<Digest, u32>,
    numbers: HashMap<(u32, u32), u32>,
    /// Token and image of each pair.
    pub(super) pairs: Vec<(u32, u32)>,
    /// Generators of images, as any row of any table names them: other rows of the same images do not always say so.
    generators: HashMap<u32, Vec<Digest>>,
    /// Pairs whose images have generators.
    made: RoaringBitmap,
    /// All generators of the images of each table.
    of_tables: HashMap<Digest, BTreeSet<Digest>>,
}

impl AllRows {
    /// Reads a table, unless it was read before; false if it is gone or damaged.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) fn read(&mut self, artifact: &Artifact, tables: &Tables, store: &Store) -> Result<bool> {
        if let Some(known) = self.tables.get(&artifact.digest) {
            return Ok(known.is_some());
        }
        let rows = readable(tables.samples(store, artifact))?.map(|rows| Rc::new(self.sorted(&rows)));
        let is_there = rows.is_some();
        self.tables.insert(artifact.digest, rows);
        Ok(is_there)
    }

    /// The rows of a table that was read; none if it is gone or damaged.
    pub(super) fn get(&self, table: &Digest) -> Option<Rc<Rows>> {
        self.tables.get(table)?.clone()
    }

    /// Call once all tables were read.
    pub(super) fn settle(&mut self) {
        let has_one = |pair: &u32| self.generators.contains_key(&self.pairs[*pair as usize].1);
        self.made = (0..self.pairs.len() as u32).filter(has_one).collect();
        let all = self.tables.iter().filter_map(|(table, rows)| Some((*table, rows.as_ref()?)));
        self.of_tables = all.map(|(table, rows)| (table, rows.values().flat_map(|of| self.generators(of)).collect())).collect();
    }

    /// The generators of images of some rows, whether these or other rows name them.
    pub(super) fn generators(&self, of: &OfLabel) -> BTreeSet<Digest> {
        let images: BTreeSet<u32> = (&of.pairs & &self.made).iter().map(|pair| self.pairs[pair as usize].1).collect();
        images.iter().flat_map(|image| &self.generators[image]).copied().collect()
    }

    /// The generators of all images of a table.
    pub(super) fn generators_of(&self, table: &Digest) -> impl Iterator<Item = Digest> {
        self.of_tables.get(table).into_iter().flatten().copied()
    }

    /// True if a synthetic row has an image of which no table names the generator.
    pub(super) fn has_unnamed(&self, of: &OfLabel) -> bool {
        of.unnamed.iter().any(|pair| !self.made.contains(pair))
    }

    /// The spelling of a token that is not [`NOBODY`].
    pub(super) fn token(&self, number: u32) -> &str {
        &self.named[number as usize - 1]
    }

    /// The number of a token that a table has.
    pub(super) fn number(&self, token: &str) -> Option<u32> {
        if token.is_empty() { Some(NOBODY) } else { self.tokens.get(token).copied() }
    }

    fn sorted(&mut self, rows: &[Sample]) -> Rows {
        // Pairs are put into sets in order, which is much faster than one by one.
        let mut pairs: BTreeMap<&str, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
        for row in rows {
            let (token, fresh) = (self.token_of(&row.patient), self.images.len() as u32);
            let image = *self.images.entry(row.image).or_insert(fresh);
            let fresh = self.pairs.len() as u32;
            let pair = *self.numbers.entry((token, image)).or_insert(fresh);
            if pair == fresh {
                self.pairs.push((token, image));
            }
            let of_label = pairs.entry(&row.label).or_default();
            of_label.0.push(pair);
            match row.generator {
                Some(generator) => {
                    let known = self.generators.entry(image).or_default();
                    if !known.contains(&generator) {
                        known.push(generator);
                    }
                }
                None if row.origin == Origin::Synthetic => of_label.1.push(pair),
                None => {}
            }
        }
        pairs.into_iter().map(|(label, (all, unnamed))| (label.to_owned(), OfLabel { pairs: set(all), unnamed: set(unnamed) })).collect()
    }

    fn token_of(&mut self, token: &str) -> u32 {
        match self.number(token) {
            Some(known) => known,
            None => {
                self.named.push(token.to_owned());
                self.tokens.insert(token.to_owned(), self.named.len() as u32);
                self.named.len() as u32
            }
        }
    }
}

/// What was read; none where it is gone or damaged.
///
/// # Errors
/// If the store cannot be read.
pub(super) fn readable<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error::Missing(_) | Error::Damaged(_) | Error::Record { .. } | Error::Foreign { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

fn set(mut numbers: Vec<u32>) -> RoaringBitmap {
    numbers.sort_unstable();
    numbers.dedup();
    RoaringBitmap::from_sorted_iter(numbers).expect("BUG: sorted above")
}
