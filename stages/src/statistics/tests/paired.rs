//! Tests of arms.

use super::*;
use crate::contract::seed::Seed;
use crate::statistics::paired::mcnemar::{Discordant, Patient, cochran_q, durkalski};
use crate::statistics::paired::permutation::Ways;
use crate::statistics::paired::{Test, areas, folds, permutation, score};

fn near_test(name: &str, found: Option<Test>, wanted: &Value) {
    near_pair(name, found.map(|f| (f.statistic, f.p)), wanted, 1e-12);
}

#[test]
fn tests_of_pairs_are_those_of_other_programs() {
    let mut seen = std::collections::BTreeSet::new();
    let stream = |k: usize| Seed(1).stream("test", "swaps").item(k as u64);
    for case in cases("paired") {
        let test = case["test"].as_str().unwrap();
        seen.insert(test.to_owned());
        match test {
            "mcnemar" => {
                let d = Discordant { first: case["discordant"][0].as_u64().unwrap(), second: case["discordant"][1].as_u64().unwrap() };
                near("exact", d.exact(), &case["exact"], 1e-12);
                near("mid_p", d.mid_p(), &case["mid_p"], 1e-12);
                near_test("chi_squared", d.chi_squared(false), &case["chi_squared"][0]);
                near_test("chi_squared, corrected", d.chi_squared(true), &case["chi_squared"][1]);
            }
            "cochran_q" => {
                let rows: Vec<Vec<bool>> = case["rows"].as_array().unwrap().iter().map(|r| numbers(r).iter().map(|v| *v > 0.0).collect()).collect();
                near_test("cochran_q", cochran_q(&rows), &case["found"]);
            }
            "durkalski" => {
                let of = |r: &Value| [0, 1, 2].map(|at| r[at].as_u64().unwrap());
                let patients: Vec<Patient> = case["patients"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(of)
                    .map(|[first, second, images]| Patient { discordant: Discordant { first, second }, images })
                    .collect();
                near_test("durkalski", durkalski(&patients), &case["found"]);
            }
            "swapped" => {
                let d = numbers(&case["differences"]);
                let sum = |swaps: &[bool]| Some(d.iter().zip(swaps).map(|(d, s)| if *s { -d } else { *d }).sum());
                let found = permutation::swapped(d.len(), Ways::of(0), stream, sum).unwrap();
                assert!(found.is_exact && found.tried == 1 << d.len());
                near("swapped", found.p, &case["p"], 1e-12);
            }
            "folds" => {
                let of = |key: &str| case[key].as_u64().unwrap() as usize;
                near_test("folds", folds::corrected_t(&numbers(&case["differences"]), of("train"), of("test_size")), &case["found"]);
            }
            _ => panic!("{test} is not computed"),
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!((cochran_q(&[]), folds::corrected_t(&[0.1], 1, 1), folds::corrected_t(&[0.1, 0.1], 1, 1), durkalski(&[])), (None, None, None, None));
}

#[test]
fn score_intervals_of_differences_are_those_that_are_not_rejected() {
    let all = cases("paired_scores");
    assert_eq!(all.len(), 14);
    for case in all {
        let x = numbers(&case);
        let (low, high) = score::tango(score::Shares { first: x[0], second: x[1], images: x[2] }, x[3]).unwrap();
        // The search of the oracle has half of the digits.
        assert!((low - x[4]).abs() < 1e-6 && (high - x[5]).abs() < 1e-6, "{low} {high} for {case}");
        assert!(low < high);
    }
    let (low, high) = score::tango(score::Shares { first: 0.0, second: 0.0, images: 46.0 }, 1.96).unwrap();
    let expected = 1.96 * 1.96 / (46.0 + 1.96 * 1.96);
    assert!((high - expected).abs() < 1e-12 && (low + expected).abs() < 1e-12, "of arms that never disagree");
    assert_eq!(score::tango(score::Shares { first: 0.0, second: 0.0, images: 0.0 }, 1.96), None);
}

#[test]
fn many_patients_are_swapped_at_random() {
    let stream = |k: usize| Seed(4).stream("test", "swaps").item(k as u64);
    let sum = |shift: f64| move |swaps: &[bool]| Some((0..70).zip(swaps).map(|(i, s)| (f64::from(i % 7) - 3.0 + shift) * if *s { -1.0 } else { 1.0 }).sum());
    let none = permutation::swapped(70, Ways::of(999), stream, sum(0.0)).unwrap();
    assert!(none.p == 1.0 && !none.is_exact && none.tried == 1000);
    let clear = permutation::swapped(70, Ways::of(999), stream, sum(2.0)).unwrap();
    assert_eq!(clear.p, 0.001, "the smallest that 999 draws can give");
    let unsure = permutation::swapped(70, Ways::of(999), stream, sum(0.3)).unwrap().p;
    let normal = 2.0 * special::normal_cdf(-21.0 / (70.0 * (4.0 + 0.09f64)).sqrt());
    assert!((unsure - normal).abs() < 0.05, "{unsure} and, for many patients, {normal}");
    assert!(permutation::swapped(3, Ways::of(9), stream, |_: &[bool]| None).is_none());
    assert_eq!(permutation::swapped(2, Ways::of(9), stream, |s: &[bool]| if s[0] { None } else { Some(1.0) }).unwrap().p, 1.0);
}

#[test]
fn areas_are_compared_by_their_covariance() {
    use delong::{Images, area};
    let images = Images::of_patients(&[true, true, false, true, false, false], &[0, 0, 1, 2, 3, 3]);
    let a = area(&[0.9, 0.8, 0.3, 0.2, 0.4, 0.1], &images).unwrap();
    let b = area(&[0.6, 0.3, 0.5, 0.7, 0.4, 0.2], &images).unwrap();
    let found = areas::difference(&a, &b, 3.0).unwrap();
    let variance = [(&a, &a, 1.0), (&b, &b, 1.0), (&a, &b, -2.0)].iter().map(|(a, b, f)| f * delong::covariance(a, b).unwrap()).sum::<f64>();
    assert!((found.statistic - (a.value - b.value) / variance.sqrt()).abs() < 1e-12);
    assert!((found.p - special::t_two_sided(found.statistic, 3.0)).abs() < 1e-15);
    assert_eq!(areas::difference(&a, &a, 3.0), Some(Test { statistic: 0.0, p: 1.0 }));
    // One separates, one is as wrong as can be: no variance, and yet a difference.
    let (right, wrong) = (area(&[1.0, 1.0, 0.0, 1.0, 0.0, 0.0], &images).unwrap(), area(&[0.0, 0.0, 1.0, 0.0, 1.0, 1.0], &images).unwrap());
    assert_eq!(areas::difference(&right, &wrong, 3.0), None);
}
