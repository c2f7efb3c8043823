//! Differences of arms that few patients set apart. There, the variance over patients is an estimate from these few, and an interval by
//! it is too narrow: limits are not nearer than those of a method that takes the variance from a model. Independent of tests.

use super::disagreement::discordant;
use super::estimate::{LEVEL, Share, chosen_of_area, share_of};
use super::patients::Patients;
use super::tested::Tested;
use crate::statistics::paired::score::{Shares, tango};
use crate::statistics::{Limits, t_of};

/// Patients on whom arms disagree, from which on the variance over patients is relied upon.
const FEW_DISCORDANT: f64 = 20.0;
/// As for the interval of one area: patients of the smaller class times the distance of an area from 0 or 1.
const FEW_WRONG: f64 = 3.0;

/// An interval of the difference of arms that few patients set apart; none where more do, or the metric is neither a share of the
/// same images nor an area under the ROC curve.
pub(super) fn interval(a: &[&Tested], b: &[&Tested], at: usize, patients: &Patients) -> Option<Limits> {
    match share_of(&a[0].measures()[at]) {
        Some(share) => of_shares(a, b, patients, share),
        None => of_areas(a, b, at, patients),
    }
}

/// Tango's interval, at effective numbers of images.
fn of_shares(a: &[&Tested], b: &[&Tested], patients: &Patients, share: Share) -> Option<Limits> {
    let pairs = a.iter().zip(b).map(|(a, b)| discordant(a.predictions(), b.predictions(), patients, share)).collect::<Option<Vec<_>>>()?;
    let trainings = pairs.len() as f64;
    let mean = |of: &dyn Fn(usize) -> f64| (0..pairs.len()).map(of).sum::<f64>() / trainings;
    // Of each patient: images that only one arm has right, and all.
    let each: Vec<Shares> = (0..patients.count())
        .map(|p| Shares {
            first: mean(&|k| pairs[k][p].discordant.first as f64),
            second: mean(&|k| pairs[k][p].discordant.second as f64),
            images: pairs[0][p].images as f64,
        })
        .filter(|p| p.images > 0.0)
        .collect();
    let sum = |of: &dyn Fn(&Shares) -> f64| each.iter().map(of).sum::<f64>();
    let (first, second, images) = (sum(&|p| p.first), sum(&|p| p.second), sum(&|p| p.images));
    let count = each.len() as f64;
    if each.len() < 2 || sum(&|p| f64::from(p.first + p.second > 0.0)) >= FEW_DISCORDANT {
        return None;
    }
    let alike = sum(&|p| p.images * p.images) / images;
    let difference = (first - second) / images;
    let independent = (first + second) / images - difference * difference;
    let squares = sum(&|p| {
        let off = p.first - p.second - difference * p.images;
        off * off
    });
    let design = if independent > 0.0 { count / (count - 1.0) * squares / images / independent } else { alike };
    let design = design.clamp(1.0, alike.max(1.0));
    tango(Shares { first: first / design, second: second / design, images: images / design }, t_of(LEVEL, count - 1.0))
}

/// From the intervals of both areas and their correlation (Zou & Donner 2008), if few patients are ranked wrongly by either arm.
fn of_areas(a: &[&Tested], b: &[&Tested], at: usize, patients: &Patients) -> Option<Limits> {
    let class = a.iter().chain(b).map(|t| t.class_of_area(at)).reduce(|x, y| x.filter(|_| x == y)).flatten()?;
    let smaller = patients.fewest(Some(class)) as f64;
    let value = |all: &[&Tested]| all.iter().map(|t| t.area(class).map(|area| area.value)).sum::<Option<f64>>().map(|sum| sum / all.len() as f64);
    let (one, other) = (value(a)?, value(b)?);
    if [one, other].iter().all(|v| smaller * v.min(1.0 - v) >= FEW_WRONG) {
        return None;
    }
    let (of_one, of_other) = (chosen_of_area(a, class, patients).ok()?, chosen_of_area(b, class, patients).ok()?);
    let variance = |x: &[&Tested], y: &[&Tested]| x.iter().zip(y).map(|(x, y)| x.covariance_of_areas(y, class)).sum::<Option<f64>>();
    let (own, others, both) = (variance(a, a)?, variance(b, b)?, variance(a, b)?);
    let correlation = if own > 0.0 && others > 0.0 { (both / (own * others).sqrt()).clamp(0.0, 1.0) } else { 0.0 };
    let reach = |x: f64, y: f64| (x * x + y * y - 2.0 * correlation * x * y).max(0.0).sqrt();
    let below = reach(one - of_one.low, of_other.high - other);
    let above = reach(of_one.high - one, other - of_other.low);
    Some((one - other - below, one - other + above))
}
