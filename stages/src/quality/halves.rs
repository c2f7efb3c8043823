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
    let groups: Vec<[Vec<usize>; 2]> = groups.iter().map(|group| [group.clone(), vec![]]).collect();
    let [out, _] = dealt_together(&groups, parts);
    out
}

/// As [`dealt`], of groups that may have images of two sets, such as the real images of a patient and translations of them: all
/// images of a group are in one part. Groups with images of the first set are dealt first, by the numbers of these, so that the
/// parts of each set are of nearly the same size as far as groups allow. Gives the parts of each set.
///
/// # Panics
/// Where there are no parts.
pub fn dealt_together(groups: &[[Vec<usize>; 2]], parts: usize) -> [Vec<Vec<usize>>; 2] {
    assert!(parts > 0, "BUG: parts");
    let mut out = [vec![vec![]; parts], vec![vec![]; parts]];
    // The largest groups first would be fairer to sizes, but not to patients with few images, who would all be dealt last.
    let (first, rest): (Vec<_>, Vec<_>) = groups.iter().partition(|[one, _]| !one.is_empty());
    for (of, [one, other]) in first.into_iter().map(|group| (0, group)).chain(rest.into_iter().map(|group| (1, group))) {
        let smallest = (0..parts).min_by_key(|part| (out[of][*part].len(), out[1][*part].len())).unwrap_or(0);
        out[0][smallest].extend_from_slice(one);
        out[1][smallest].extend_from_slice(other);
    }
    out.iter_mut().flatten().for_each(|part| part.sort_unstable());
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

    #[test]
    fn groups_of_two_sets_stay_together() {
        let of = |one: &[usize], other: &[usize]| [one.to_vec(), other.to_vec()];
        let groups = [of(&[], &[5]), of(&[0], &[0, 1]), of(&[1, 2], &[]), of(&[3], &[2]), of(&[], &[3]), of(&[], &[4])];
        // Those with images of the first set: 0 and [1, 2] to empty parts, 3 to the smaller one. The rest by the second set alone.
        assert_eq!(dealt_together(&groups, 2), [vec![vec![0, 3], vec![1, 2]], vec![vec![0, 1, 2], vec![3, 4, 5]]]);
        // Sets without a group in common are dealt as each of them alone.
        let apart = [of(&[], &[0, 1]), of(&[0], &[]), of(&[1, 2], &[]), of(&[], &[2]), of(&[3], &[]), of(&[], &[3])];
        assert_eq!(dealt_together(&apart, 2), [dealt(&[vec![0], vec![1, 2], vec![3]], 2), dealt(&[vec![0, 1], vec![2], vec![3]], 2)]);
    }
}
