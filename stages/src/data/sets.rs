//! Disjoint sets of places (Tarjan 1975). Independent of what lies at the places.

/// Sets of places, which are counted from 0.
#[derive(Debug, Default)]
pub(crate) struct Sets(Vec<usize>);

impl Sets {
    /// So many places, each alone.
    pub(crate) fn of(places: usize) -> Sets {
        Sets((0..places).collect())
    }
    /// One more place, alone.
    pub(crate) fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }
    /// The first place of the set that a place is in, which stands for it.
    pub(crate) fn first(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }
    /// Makes one set of those of two places; false where it was one before.
    pub(crate) fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
        a != b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_in_any_order_is_one_set_with_the_first_place() {
        let pairs = [(3, 1), (4, 5), (1, 4), (0, 2)];
        for turn in 0..pairs.len() {
            let mut sets = Sets::of(6);
            let alone = sets.add();
            assert!((0..pairs.len()).all(|n| {
                let (a, b) = pairs[(n + turn) % pairs.len()];
                sets.join(a, b) && !sets.join(b, a)
            }));
            assert_eq!([0, 1, 2, 3, 4, 5, alone].map(|at| sets.first(at)), [0, 1, 0, 1, 1, 1, 6]);
        }
    }
}
