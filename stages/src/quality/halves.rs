//! Two halves of the real images, with which every figure is computed again: what it is where nothing is synthetic.

/// Deals groups of images, such as those of a patient, to two halves of nearly the same size: each group, in the given
/// order, goes to the smaller half, the first if both are as large. Gives the places of the images of each half, ascending.
///
/// `groups` has the places of the images of each group. A half is empty if there is only one group.
pub fn halves(groups: &[Vec<usize>]) -> [Vec<usize>; 2] {
    let mut halves = [vec![], vec![]];
    // The largest groups first would be fairer to sizes, but not to patients with few images, who would all be dealt last.
    for group in groups {
        let smaller = usize::from(halves[1].len() < halves[0].len());
        halves[smaller].extend_from_slice(group);
    }
    halves.iter_mut().for_each(|half| half.sort_unstable());
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_halves_are_of_one_size() {
        assert_eq!(halves(&[vec![4, 0], vec![1], vec![2], vec![3]]), [vec![0, 3, 4], vec![1, 2]]);
        assert_eq!(halves(&[vec![1, 0, 2]]), [vec![0, 1, 2], vec![]]);
        assert_eq!(halves(&[]), [vec![], vec![]] as [Vec<usize>; 2]);
        let [a, b] = halves(&(0..101).map(|i| vec![i]).collect::<Vec<_>>());
        assert_eq!((a.len(), b.len()), (51, 50));
    }
}
