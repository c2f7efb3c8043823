//! Names in the order in which they first appear, each once. Independent of what they are of.

use std::collections::BTreeSet;

/// Each of these once, in the order in which they come first.
pub fn distinct<T: Ord + Copy>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    all.into_iter().filter(|one| seen.insert(*one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_there_once_in_the_order_of_its_first_appearance() {
        assert_eq!(distinct(["b", "a", "b", "c", "a"]), ["b", "a", "c"]);
        assert!(distinct::<u8>([]).is_empty());
    }
}
