//! Fewer points of curves that look the same.

/// At most that many of all, evenly chosen, the first and the last among them.
pub(super) fn evenly<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let most = most.max(2);
    if all.len() <= most { all.to_vec() } else { (0..most).map(|i| all[i * (all.len() - 1) / (most - 1)]).collect() }
}

/// Without what lies in the middle of a horizontal or vertical line.
pub(super) fn corners<T: Copy>(all: &[T], at: impl Fn(&T) -> (f64, f64)) -> Vec<T> {
    let is_within = |n: usize| {
        let [a, b, c] = [at(&all[n - 1]), at(&all[n]), at(&all[n + 1])];
        a.0 == b.0 && b.0 == c.0 || a.1 == b.1 && b.1 == c.1
    };
    (0..all.len()).filter(|n| *n == 0 || n + 1 == all.len() || !is_within(*n)).map(|n| all[n]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_stay_when_points_are_thinned() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(&all, 10), all);
        assert_eq!(evenly(&all, 4), [0, 3, 6, 9]);
        assert_eq!((evenly(&all, 0), evenly(&all[..1], 1), evenly(&all[..0], 5)), (vec![0, 9], vec![0], vec![]));
        let many: Vec<usize> = (0..50_000).collect();
        let few = evenly(&many, 500);
        assert!(few.len() == 500 && few.windows(2).all(|two| (100..=101).contains(&(two[1] - two[0]))));
    }

    #[test]
    fn corners_stay() {
        let steps = [(0.0, 0.0), (0.0, 0.25), (0.0, 0.5), (0.5, 0.5), (0.75, 0.5), (1.0, 1.0)];
        assert_eq!(corners(&steps, |p| *p), [(0.0, 0.0), (0.0, 0.5), (0.75, 0.5), (1.0, 1.0)]);
        assert_eq!(corners::<(f64, f64)>(&[], |p| *p), []);
    }
}
