//! Intervals for a proportion: Wilson's, Clopper and Pearson's, and Wilson's for images that come in patients. Independent of
//! what is counted.

use super::special::inverse_beta;
use super::{Limits, t_of, tail_of, z_of};

/// Wilson's score interval (Wilson 1927) for `hits` of `n`; these may be effective sizes that are no whole numbers. Within 0
/// to 1 and never of zero width. None where `n` is not above 0.
///
/// # Panics
/// Where `hits` is not in 0 to `n`, or `level` not between 0 and 1.
pub fn wilson(hits: f64, n: f64, level: f64) -> Option<Limits> {
    score_interval(hits, n, z_of(level))
}

/// Wilson's interval for another quantile than the normal one.
///
/// # Panics
/// Where `hits` is not in 0 to `n`.
pub fn score_interval(hits: f64, n: f64, quantile: f64) -> Option<Limits> {
    if n <= 0.0 {
        return None;
    }
    assert!((0.0..=n).contains(&hits), "as many hits as trials at most");
    let (p, z) = (hits / n, quantile * quantile / n);
    let middle = (p + z / 2.0) / (1.0 + z);
    let half = (z * (p * (1.0 - p) + z / 4.0)).sqrt() / (1.0 + z);
    // What is 0 or 1 by its formula is not left to rounding.
    let low = if hits == 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if hits == n { 1.0 } else { (middle + half).min(1.0) };
    Some((low, high))
}

/// Clopper and Pearson's exact interval (1934) for `hits` of `n`: covers at least `level`, mostly more. None where `n` is 0.
///
/// # Panics
/// Where `hits` is above `n`, or `level` not between 0 and 1.
pub fn clopper_pearson(hits: u64, n: u64, level: f64) -> Option<Limits> {
    assert!(hits <= n, "as many hits as trials at most");
    let (k, m, tail) = (hits as f64, (n - hits) as f64, tail_of(level));
    let low = if hits == 0 { 0.0 } else { inverse_beta(k, m + 1.0, tail, 1.0 - tail).0 };
    let high = if hits == n { 1.0 } else { inverse_beta(k + 1.0, m, 1.0 - tail, tail).0 };
    (n > 0).then_some((low, high))
}

/// The images of one patient: how many there are, and how many of them are hits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    /// Images that are hits.
    pub hits: f64,
    /// Images.
    pub images: f64,
}

/// A proportion over the images of patients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustered {
    /// The share of images that are hits.
    pub proportion: f64,
    /// How many independent images would tell as much.
    pub effective_size: f64,
    /// Patients with images.
    pub patients: usize,
}

/// The proportion and the effective size of clusters: images divided by the design effect, which is the variance of the
/// ratio of hits to images over patients divided by that of independent images (Rao & Scott 1992). It is between 1 and what
/// it would be if all images of a patient were alike (Kish: Σn² / Σn); it is that where nothing can be estimated, since all
/// images are hits or none is, or there is one patient. None where there are no images. Patients without images are ignored.
///
/// # Panics
/// Where a cluster has more hits than images.
pub fn clustered(clusters: &[Cluster]) -> Option<Clustered> {
    assert!(clusters.iter().all(|c| (0.0..=c.images).contains(&c.hits)), "as many hits as images at most");
    let sum = |f: &dyn Fn(&Cluster) -> f64| clusters.iter().map(f).sum::<f64>();
    let (hits, images) = (sum(&|c| c.hits), sum(&|c| c.images));
    if images <= 0.0 {
        return None;
    }
    let patients = clusters.iter().filter(|c| c.images > 0.0).count();
    let p = hits / images;
    let alike = sum(&|c| c.images * c.images) / images;
    let independent = p * (1.0 - p) / images;
    let design = if patients < 2 || hits == 0.0 || hits == images {
        alike
    } else {
        let m = patients as f64;
        let squares = sum(&|c| (c.hits - p * c.images) * (c.hits - p * c.images));
        m / (m - 1.0) * squares / (images * images) / independent
    };
    Some(Clustered { proportion: p, effective_size: images / design.clamp(1.0, alike.max(1.0)), patients })
}

/// Wilson's interval with the effective size of [`clustered`], and the quantile of Student's t with one degree of freedom
/// fewer than patients (as Saha, Miller & Wang 2016 compare; the degrees of freedom are Korn & Graubard's, 1998). Within 0 to
/// 1 and never of zero width. None where there are fewer than two patients with images.
///
/// # Panics
/// Where a cluster has more hits than images, or `level` is not between 0 and 1.
pub fn clustered_wilson(clusters: &[Cluster], level: f64) -> Option<Limits> {
    let found = clustered(clusters).filter(|c| c.patients > 1)?;
    let quantile = t_of(level, (found.patients - 1) as f64);
    // The product may be above the size by rounding.
    let hits = if found.proportion == 1.0 { found.effective_size } else { found.proportion * found.effective_size };
    score_interval(hits, found.effective_size, quantile)
}
