//! Broadcasting: how one shape is repeated to another, as in numpy.

use candle_core::{Result, Shape, Tensor, bail};

/// `[a, r, b]`: the larger shape as three dimensions, of which the smaller has the first and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) a: usize,
    pub(crate) r: usize,
    pub(crate) b: usize,
}

/// How `small` is repeated to `large`; None where the repeated dimensions are not adjacent.
pub(crate) fn repeat(large: &[usize], small: &[usize]) -> Option<Repeat> {
    let lead = large.len().checked_sub(small.len())?;
    let small: Vec<usize> = std::iter::repeat_n(1, lead).chain(small.iter().copied()).collect();
    let same = |i: usize| large[i] == small[i];
    let from = (0..large.len()).find(|i| !same(*i)).unwrap_or(large.len());
    let to = (from..large.len()).rev().find(|i| !same(*i)).map_or(from, |i| i + 1);
    if !(from..to).all(|i| small[i] == 1) {
        return None;
    }
    let product = |range: std::ops::Range<usize>| large[range].iter().product();
    // Dimensions of one belong to either side; those before the repeated ones count as kept.
    Some(Repeat { a: product(0..from), r: product(from..to), b: product(to..large.len()) })
}

/// A shape between two that one step does not lead to: the larger with its last repeated dimensions as the smaller has
/// them.
pub(crate) fn between(large: &[usize], small: &[usize]) -> Option<Vec<usize>> {
    let lead = large.len().checked_sub(small.len())?;
    let small = |i: usize| if i < lead { 1 } else { small[i - lead] };
    let to = (0..large.len()).rev().find(|i| large[*i] != small(*i))?;
    let from = (0..=to).rev().take_while(|i| small(*i) == 1).last()?;
    let next: Vec<usize> = (0..large.len()).map(|i| if (from..=to).contains(&i) { 1 } else { large[i] }).collect();
    (next != large).then_some(next)
}

/// The shape that both are broadcast to.
///
/// # Errors
/// Where there is none.
pub(crate) fn common(a: &Tensor, b: &Tensor) -> Result<Shape> {
    let rank = a.rank().max(b.rank());
    let dim = |t: &Tensor, i: usize| (i + t.rank()).checked_sub(rank).map_or(1, |i| t.dims()[i]);
    let mut dims = vec![];
    for i in 0..rank {
        dims.push(match (dim(a, i), dim(b, i)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => bail!("{:?} and {:?} cannot be broadcast together", a.shape(), b.shape()),
        });
    }
    Ok(dims.into())
}

#[cfg(test)]
mod tests {
    use super::{Repeat, between, repeat};

    #[test]
    fn shapes_are_three_dimensions() {
        let of = |a, r, b| Some(Repeat { a, r, b });
        assert_eq!(repeat(&[2, 3, 4, 5], &[2, 3, 4, 5]), of(120, 1, 1));
        assert_eq!(repeat(&[2, 3, 4, 5], &[5]), of(1, 24, 5));
        assert_eq!(repeat(&[2, 3, 4, 5], &[2, 1, 1, 5]), of(2, 12, 5));
        assert_eq!(repeat(&[2, 3, 4, 5], &[2, 1, 1, 1]), of(2, 60, 1));
        assert_eq!(repeat(&[2, 3, 4, 5], &[]), of(1, 120, 1));
        assert_eq!(repeat(&[2, 3, 4, 5], &[2, 1, 4, 1]), None);
        assert_eq!(between(&[2, 3, 4, 5], &[2, 1, 4, 1]), Some(vec![2, 3, 4, 1]));
        assert_eq!(between(&[2, 3, 4, 5], &[3, 1, 1]), Some(vec![2, 3, 1, 1]));
        assert_eq!(between(&[2, 3], &[2, 5]), None);
    }
}
