//! Tests of two areas under ROC curves on the same images. Independent of scores.

use super::Test;
use crate::statistics::delong::{Area, variance_of_difference};
use crate::statistics::special::t_two_sided;

/// The test of DeLong et al. (1988) for two areas on the same images, which is Obuchowski's (1997) where images come in
/// patients: the difference (`a` less `b`) divided by its standard error, against Student's t with `freedom` degrees of
/// freedom (infinite for the normal distribution). None where a class is of fewer than two patients. Where all patients
/// contribute the same difference, its error is 0: then p is 1 if the areas are equal, and there is none otherwise.
///
/// # Panics
/// Where the areas are of other images, or `freedom` is not above 0.
pub fn difference(a: &Area, b: &Area, freedom: f64) -> Option<Test> {
    let difference = a.value - b.value;
    let error = variance_of_difference(a, b)?.sqrt();
    // What rounding leaves of equal contributions is no variance.
    if error <= 1e-12 {
        return (difference.abs() <= 1e-12).then_some(Test { statistic: 0.0, p: 1.0 });
    }
    let statistic = difference / error;
    Some(Test { statistic, p: t_two_sided(statistic, freedom) })
}
