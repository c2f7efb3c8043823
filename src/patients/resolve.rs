//! Whom tables contain, once it is known whom their tokens mean: sets of pairs of a person and an image. Independent of how one table
//! came from another.

use super::gaps::{Gap, Gaps};
use super::people::{NO_PERSON, People};
use super::rows::{AllRows, NOBODY, OfLabel};
use super::sets::{SetId, Sets};
use super::spaces::Spaces;
use hilum_cache::Digest;
use roaring::RoaringBitmap;
use std::collections::{BTreeSet, HashMap};

/// What rows of a table contain.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    /// Pairs of a person and an image.
    pub(super) contains: SetId,
    /// Generators of its synthetic images.
    pub(super) generators: BTreeSet<Digest>,
    /// What is not known of them.
    pub(super) gaps: Gaps,
}

/// A table within namespaces, or its rows of some labels.
type Asked = (Digest, Spaces, Option<Vec<String>>);

/// Tables with the persons of their tokens.
pub(super) struct Resolver {
    pub(super) rows: AllRows,
    pub(super) people: People,
    pub(super) sets: Sets,
    /// Person and image of each pair.
    pub(super) pairs: Vec<(u32, u32)>,
    numbers: HashMap<(u32, u32), u32>,
    /// Whom the tokens mean, by namespaces.
    meant: HashMap<Spaces, HashMap<u32, Vec<u32>>>,
    known: HashMap<Asked, Option<Resolved>>,
}

impl Resolver {
    pub(super) fn new(rows: AllRows, people: People) -> Resolver {
        Resolver { rows, people, sets: Sets::new(), pairs: vec![], numbers: HashMap::new(), meant: HashMap::new(), known: HashMap::new() }
    }

    /// What a table contains that is of these namespaces, or its rows of these labels; none if it is gone.
    pub(super) fn table(&mut self, table: &Digest, spaces: &Spaces, labels: Option<&[String]>) -> Option<Resolved> {
        let asked = (*table, spaces.clone(), labels.map(<[String]>::to_vec));
        if let Some(known) = self.known.get(&asked) {
            return known.clone();
        }
        let resolved = self.rows.get(table).map(|rows| {
            let wanted: Vec<&OfLabel> = rows.iter().filter(|(label, _)| labels.is_none_or(|labels| labels.contains(label))).map(|(_, of)| of).collect();
            self.rows_of(&wanted, spaces)
        });
        self.known.insert(asked, resolved.clone());
        resolved
    }

    fn rows_of(&mut self, wanted: &[&OfLabel], spaces: &Spaces) -> Resolved {
        let generators: BTreeSet<Digest> = wanted.iter().flat_map(|of| self.rows.generators(of)).collect();
        let mut gaps = if self.people.is_unclear(spaces) { Gaps::from(Gap::Pseudonyms) } else { Gaps::NONE };
        let mut meant = self.meant.remove(spaces).unwrap_or_default();
        let mut all: Vec<u32> = vec![];
        for pair in wanted.iter().flat_map(|of| of.pairs.iter()) {
            let (token, image) = self.rows.pairs[pair as usize];
            let persons = meant.entry(token).or_insert_with(|| match token {
                NOBODY => vec![NO_PERSON],
                token => self.people.meant(self.rows.token(token), spaces),
            });
            for person in persons {
                let fresh = self.pairs.len() as u32;
                let number = *self.numbers.entry((*person, image)).or_insert(fresh);
                if number == fresh {
                    self.pairs.push((*person, image));
                }
                all.push(number);
            }
        }
        self.meant.insert(spaces.clone(), meant);
        if wanted.iter().any(|of| self.rows.has_unnamed(of)) {
            gaps = gaps.with(Gap::Generator);
        }
        all.sort_unstable();
        all.dedup();
        let contains = RoaringBitmap::from_sorted_iter(all).expect("BUG: sorted above");
        Resolved { contains: self.sets.put(contains), generators, gaps }
    }
}
