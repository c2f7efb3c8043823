//! The interval of a difference of two shares of the same images by the score test, which holds where few images set them apart.
//! Independent of what is counted.

use crate::statistics::Limits;

/// Images on which two arms disagree, and all of them; effective numbers, which need not be whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Only the first arm is right.
    pub first: f64,
    /// Only the second.
    pub second: f64,
    /// All images.
    pub images: f64,
}

/// Tango's (1998) interval of the share of the first arm less that of the second: the differences that the score test does not
/// reject, for this quantile. It has a width even where the arms never disagree. None where there are no images.
///
/// # Panics
/// Where more images are discordant than there are.
pub fn tango(shares: Shares, quantile: f64) -> Option<Limits> {
    let Shares { first, second, images } = shares;
    assert!(first >= 0.0 && second >= 0.0 && first + second <= images * (1.0 + 1e-9), "no more discordant images than images");
    if images <= 0.0 {
        return None;
    }
    // The score falls from above to below the quantile on either side of the estimate.
    let end = |sign: f64| {
        let (mut inside, mut outside) = (((first - second) / images).clamp(-1.0, 1.0), sign);
        for _ in 0..100 {
            let middle = (inside + outside) / 2.0;
            if score(shares, middle).abs() <= quantile { inside = middle } else { outside = middle }
        }
        inside
    };
    Some((end(-1.0), end(1.0)))
}

/// The score statistic of a difference: the estimate less it, over its standard error if it were true.
fn score(Shares { first, second, images }: Shares, difference: f64) -> f64 {
    let (a, d) = (2.0 * images, difference);
    let b = -first - second + (2.0 * images - first + second) * d;
    let c = -second * d * (1.0 - d);
    let only_second = ((b * b - 4.0 * a * c).max(0.0).sqrt() - b) / (2.0 * a);
    let variance = images * (2.0 * only_second + d * (1.0 - d));
    let off = first - second - images * d;
    if variance > 0.0 {
        off / variance.sqrt()
    } else if off == 0.0 {
        0.0
    } else {
        off.signum() * f64::INFINITY
    }
}
