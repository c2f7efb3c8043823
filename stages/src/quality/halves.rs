//! Parts that keep the images of a patient together: two halves of the real images, with which every figure is computed again, to
//! see what it is where nothing is synthetic; and folds.

/// Deals groups of images, such as those of a patient, to two halves of nearly the same size, as [`dealt`]. Gives the places of the
/// images of each half, ascending.
pub fn halves(groups: &[Vec<usize>]) -> [Vec<usize>; 2] {
    let [one, other] = dealt(groups, 2).try_into().expect("BUG: two parts");
    [one, other]
}

/// Deals groups of images to parts of nearly the same size: each group, in the given order, goes to the smallest part, the first of
/// those that are as small. Gives the places of the images of each part, ascending.
///
/// `groups` has the places of the images of each group. Parts are empty if there are fewer groups.
///
/// # Panics
/// Where there are no parts.
pub fn dealt(groups: &[Vec<usize>], parts: usize) -> Vec<Vec<usize>> {
    let mut out = vec![vec![]; parts];
    // The largest groups first would be fairer to sizes, but not to patients with few images, who would all be dealt last.
    for group in groups {
        let smallest = out.iter_mut().min_by_key(|part: &&mut Vec<usize>| part.len()).expect("BUG: parts");
        smallest.extend_from_slice(group);
    }
    out.iter_mut().for_each(|part| part.sort_unstable());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_halves_are_of_one_size() {
        assert_eq!(halves(&[vec![4, 0], vec![1], vec![2], vec![3]]), [vec![0, 3, 4], vec![1, 2]]);
        assert_eq!(halves(&[vec![1, 0, 2]]), [vec![0, 1, 2], vec![]]);
        assert_eq!(halves(&[]), [vec![], vec![]] as [Vec<usize>; 2]);
        assert_eq!(dealt(&[vec![5, 4], vec![0], vec![1], vec![2], vec![3]], 3), [vec![4, 5], vec![0, 2], vec![1, 3]]);
        let [a, b] = halves(&(0..101).map(|i| vec![i]).collect::<Vec<_>>());
        assert_eq!((a.len(), b.len()), (51, 50));
    }
}
