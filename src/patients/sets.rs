//! Sets of numbers, each kept once: most outputs of a study contain or are influenced by what others are. Independent of what
//! is numbered.

use hilum_cache::Digest;
use roaring::RoaringBitmap;
use std::collections::HashMap;

/// The number of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SetId(pub(super) u32);

/// Sets by their numbers.
pub(super) struct Sets {
    all: Vec<RoaringBitmap>,
    by_content: HashMap<Digest, SetId>,
    unions: HashMap<Vec<SetId>, SetId>,
}

impl Sets {
    /// The set without members, in every [`Sets`].
    pub(super) const EMPTY: SetId = SetId(0);

    pub(super) fn new() -> Sets {
        let mut sets = Sets { all: vec![], by_content: HashMap::new(), unions: HashMap::new() };
        sets.put(RoaringBitmap::new());
        sets
    }

    pub(super) fn get(&self, set: SetId) -> &RoaringBitmap {
        &self.all[set.0 as usize]
    }

    /// The number of a set.
    pub(super) fn put(&mut self, mut set: RoaringBitmap) -> SetId {
        // One form of each set, so that equal ones have equal bytes.
        set.optimize();
        let fresh = SetId(self.all.len() as u32);
        let id = *self.by_content.entry(Digest::of(&bytes_of(&set))).or_insert(fresh);
        if id == fresh {
            self.all.push(set);
        }
        id
    }

    /// Everything that is in one of some sets.
    pub(super) fn union(&mut self, of: impl IntoIterator<Item = SetId>) -> SetId {
        let mut of: Vec<SetId> = of.into_iter().filter(|set| *set != Sets::EMPTY).collect();
        of.sort_unstable();
        of.dedup();
        match of.as_slice() {
            [] => return Sets::EMPTY,
            [only] => return *only,
            _ => {}
        }
        if let Some(known) = self.unions.get(&of) {
            return *known;
        }
        let mut all = self.get(of[0]).clone();
        of[1..].iter().for_each(|set| all |= self.get(*set));
        let id = self.put(all);
        self.unions.insert(of, id);
        id
    }
}

/// A set as it is written to files.
pub(super) fn bytes_of(set: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes).expect("BUG: memory can be written to");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_have_one_number_however_they_came_about() {
        let mut sets = Sets::new();
        let of = |all: &[u32]| all.iter().copied().collect::<RoaringBitmap>();
        let (a, b) = (sets.put((0..100).collect()), sets.put((50..300).collect()));
        let mut one_by_one = RoaringBitmap::new();
        for n in (0..300).rev() {
            one_by_one.insert(n);
        }
        let all = sets.put(one_by_one);
        assert_eq!((sets.union([a, b]), sets.union([b, a, b]), sets.union([all, a])), (all, all, all));
        assert_eq!((sets.union([]), sets.put(of(&[])), sets.union([Sets::EMPTY, a])), (Sets::EMPTY, Sets::EMPTY, a));
    }
}
