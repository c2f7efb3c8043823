//! New points in a finished map, as umap-learn's `transform` places them. Knows the map, and the new points' ties to its points;
//! independent of how it was made.

use super::layout::settle;

/// Where a new point begins: at the mean of its neighbours by their weights, or where a point of the map is that it equals.
///
/// Where all weights underflowed, at its nearest neighbour, which is the first.
///
/// # Panics
/// Where there is no neighbour.
pub(super) fn start(ties: &[(usize, f64)], fixed: &[[f64; 2]]) -> [f64; 2] {
    // In single precision, as umap-learn compares. Of several, the first in the map.
    let same = ties.iter().filter(|(_, weight)| *weight as f32 == 1.0).map(|(j, _)| *j).min();
    let sum: f64 = ties.iter().map(|(_, weight)| weight).sum();
    match same {
        Some(j) => fixed[j],
        None if sum == 0.0 => fixed[ties[0].0],
        None => [0, 1].map(|axis| ties.iter().map(|(j, weight)| weight / sum * fixed[*j][axis]).sum()),
    }
}

/// The places of new points: each begins at its start and settles for `epochs` epochs. `random` gives the random bits of the nth.
///
/// No point of the map moves, and no new point attracts or repels another one.
pub(super) fn place<R: FnMut() -> u64>(
    ties: &[Vec<(usize, f64)>],
    fixed: &[[f64; 2]],
    curve: (f64, f64),
    epochs: usize,
    random: impl Fn(usize) -> R,
) -> Vec<[f64; 2]> {
    let heaviest = ties.iter().flatten().fold(0.0_f64, |most, (_, weight)| most.max(*weight));
    // An edge that would not be sampled once has a part in the start alone.
    let least = heaviest / epochs as f64;
    let of_point = |(n, ties): (usize, &Vec<(usize, f64)>)| {
        let mut point = start(ties, fixed);
        let kept: Vec<(usize, f64)> = ties.iter().filter(|(_, weight)| *weight > 0.0 && *weight >= least).copied().collect();
        settle(&mut point, &kept, heaviest, fixed, curve, epochs, random(n));
        point
    };
    ties.iter().enumerate().map(of_point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::split_mix;
    use super::*;

    const CURVE: (f64, f64) = (1.577, 0.895);

    #[test]
    fn points_begin_among_their_neighbours() {
        let fixed = [[0.0, 0.0], [4.0, 0.0], [0.0, 8.0]];
        assert_eq!(start(&[(0, 0.5), (1, 0.25), (2, 0.25)], &fixed), [1.0, 2.0]);
        assert_eq!(start(&[(2, 1.0), (1, 1.0 - 1e-9), (0, 0.5)], &fixed), [4.0, 0.0], "equal in single precision: the first of the map");
        assert_eq!(start(&[(2, 0.0), (1, 0.0)], &fixed), [0.0, 8.0]);
    }

    /// A new point is where it is whoever else is new, unless its edges are the heaviest.
    #[test]
    fn points_settle_near_their_neighbours_and_apart_from_each_other() {
        let fixed: Vec<[f64; 2]> = (0..20).map(|i| [f64::from(i % 2) * 10.0 + f64::from(i) * 0.05, f64::from(i) * 0.05]).collect();
        let left = vec![(0, 1.0), (2, 0.8), (4, 0.6), (6, 0.2)];
        let right = vec![(1, 0.9), (3, 0.5), (5, 0.4), (7, 0.3)];
        let both = place(&[left.clone(), right], &fixed, CURVE, 100, |n| split_mix(n as u64));
        assert!(both[0][0] < 4.0 && both[1][0] > 6.0 && both.iter().flatten().all(|v| v.is_finite()), "{both:?}");
        assert_eq!(place(std::slice::from_ref(&left), &fixed, CURVE, 100, |n| split_mix(n as u64)), both[..1]);
        assert_ne!(place(std::slice::from_ref(&left), &fixed, CURVE, 100, |_| split_mix(9)), both[..1]);
        assert_eq!(place(&[left], &fixed, CURVE, 0, |_| split_mix(9)), [fixed[0]]);
        assert_eq!(place(&[], &fixed, CURVE, 100, |_| split_mix(9)), [[0.0; 2]; 0]);
    }

    #[test]
    fn odd_weights_and_maps_end() {
        for weights in [[1.0, 1e-300], [f64::MIN_POSITIVE, 0.0], [0.0, 0.0], [1e-9, 1.0]] {
            let ties = vec![weights.iter().copied().enumerate().collect::<Vec<_>>()];
            for fixed in [[[0.0; 2]; 2], [[-1e9, 1e9], [1e9, 0.0]], [[3.0, 3.0], [3.0, 4.0]]] {
                let found = place(&ties, &fixed, CURVE, 100, |_| split_mix(1));
                assert!(found.iter().flatten().all(|v| v.is_finite()), "{weights:?} {fixed:?}: {found:?}");
            }
        }
    }
}
