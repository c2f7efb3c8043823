//! Against what other programs compute (`tests/oracle/quality.py`), and sets of which little can be said.

use super::memorisation::{authentic, discoveries, nearest_other_training, nearest_training, p_values, ratio};
use super::neighbourhoods::{Neighbourhoods, neighbourhoods};
use super::*;
use serde_json::Value;

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../tests/oracle/quality.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn features(value: &Value) -> Features {
    Features::of(numbers(&value["values"]), value["dimensions"].as_u64().unwrap() as usize).unwrap()
}

/// Integers that look like noise.
fn made(count: usize, dimensions: usize, seed: usize) -> Features {
    let values = (0..count * dimensions).map(|i| ((i * 7919 + seed * 104_729 + i * i % 977) % 1009) as f64 / 100.0).collect();
    Features::of(values, dimensions).unwrap()
}

fn one_size(real: &Features, synthetic: &Features, k: usize) -> Result<Neighbourhoods, String> {
    let [found] = neighbourhoods([real, synthetic], [k], Compared::WithSynthetic, UNWATCHED);
    found
}

/// Within 1e-6 · (1 + distance) of scipy's `sqrtm`, whose roots of singular matrices are only that good, and within 1e-9 of
/// the sum of singular values by LAPACK.
#[test]
fn frechet_distances_are_those_of_scipy() {
    for case in oracle()["frechet"].as_array().unwrap() {
        let found = frechet_distance(&features(&case["real"]), &features(&case["synthetic"]), UNWATCHED).unwrap();
        for (key, tolerance) in [("sqrtm", 1e-6), ("nuclear", 1e-9)] {
            let wanted = case[key].as_f64().unwrap();
            assert!((found - wanted).abs() <= tolerance * (1.0 + wanted.abs()), "{}: {found} and {wanted} by {key}", case["name"]);
        }
    }
}

#[test]
fn frechet_distances_are_symmetric_and_zero_between_equal_sets() {
    for (n, m, d) in [(40, 30, 5), (9, 12, 30), (20, 7, 10), (3, 200, 70)] {
        let (a, b) = (made(n, d, 1), made(m, d, 2));
        let (one, other) = (frechet_distance(&a, &b, UNWATCHED).unwrap(), frechet_distance(&b, &a, UNWATCHED).unwrap());
        assert!((one - other).abs() < 1e-9 * (1.0 + one) && one > 0.0, "{one} and {other}");
        assert!(frechet_distance(&a, &a, UNWATCHED).unwrap() < 1e-9);
    }
}

/// Twice the numbers have four times the covariance, whose root with it is twice the covariance: the distance is its trace and
/// what lies between the means. With features that depend on each other, and more of them than are reduced at a time.
#[test]
fn the_distance_of_doubled_features_is_their_variance() {
    for (n, d) in [(300, 100), (90, 100), (1500, 130)] {
        let half = made(n, d / 2, 3);
        let both = |scale: f64| Features::of(half.rows().flat_map(|row| row.iter().chain(row).map(move |v| scale * v)).collect(), d).unwrap();
        let (a, b) = (both(1.0), both(2.0));
        let mean = a.mean();
        let trace: f64 = a.deviations(&mean).rows().flatten().map(|v| v * v).sum();
        let wanted = trace + mean.iter().map(|m| m * m).sum::<f64>();
        let found = frechet_distance(&a, &b, UNWATCHED).unwrap();
        assert!((found - wanted).abs() <= 1e-10 * wanted, "{found} and {wanted}");
    }
}

#[test]
fn those_who_watch_are_told_of_all_figures() {
    let (a, b) = (made(60, 40, 1), made(50, 40, 2));
    let told = std::sync::Mutex::new(vec![]);
    let watch = |share: f64| told.lock().unwrap().push(share);
    let all = || {
        let all = std::mem::take(&mut *told.lock().unwrap());
        assert!(all.iter().all(|share| (0.0..=1.0).contains(share)) && all.last() == Some(&1.0), "{all:?}");
    };
    assert_eq!(frechet_distance(&a, &b, &watch), frechet_distance(&a, &b, UNWATCHED));
    all();
    assert_eq!(kernel_distance(&a, &b, &watch), kernel_distance(&a, &b, UNWATCHED));
    all();
    let found = |watch: crate::quality::Watch| neighbourhoods([&a, &b], [3], Compared::WithSynthetic, watch);
    assert_eq!(found(&watch), found(UNWATCHED));
    all();
    assert_eq!(nearest_training(&a, &b, &watch), nearest_training(&a, &b, UNWATCHED));
    all();
    assert_eq!(nearest_other_training(&a, &watch), nearest_other_training(&a, UNWATCHED));
    all();
}

#[test]
fn a_covariance_without_full_rank_is_refused_by_the_numbers() {
    let of = Compared::WithSynthetic;
    assert_eq!(full_rank([9, 9], 8, of), Ok(()));
    let few = "8 real images with 8 features each: a covariance of full rank needs 9 (see kid)";
    assert_eq!(full_rank([8, 9], 8, of), Err(few.into()));
    assert!(full_rank([9, 1], 8, of).unwrap_err().starts_with("1 synthetic image with 8 features"));
}

/// Neither half of the real images has a synthetic one.
#[test]
fn reasons_name_the_images_that_they_are_about() {
    let (few, many) = (made(2, 3, 1), made(8, 3, 2));
    let equal = Features::of(vec![0.25; 24], 3).unwrap();
    let reasons = |of: Compared| {
        let [small] = neighbourhoods([&many, &few], [3], of, UNWATCHED);
        let [empty] = neighbourhoods([&many, &equal], [3], of, UNWATCHED);
        let folds: [Vec<Vec<usize>>; 2] = [vec![(0..4).collect(), (4..8).collect()], vec![vec![0, 1], vec![]]];
        let told = two_sample::two_sample([&many, &few], [&folds[0], &folds[1]], of, UNWATCHED);
        [full_rank([8, 2], 3, of).unwrap_err(), small.unwrap_err(), empty.unwrap_err(), told.unwrap_err()]
    };
    for (reason, about) in
        reasons(Compared::WithSynthetic).iter().zip(["2 synthetic images", "2 synthetic images", "every synthetic image", "2 synthetic images"])
    {
        assert!(reason.starts_with(about), "{reason}");
    }
    let halves = ["2 real images of one half", "2 real images of one half", "every real image of one half", "2 real images of one half"];
    for (reason, about) in reasons(Compared::Halves).iter().zip(halves) {
        assert!(reason.starts_with(about), "{reason}");
    }
}

#[test]
fn a_score_of_few_classes_is_said_to_say_little() {
    assert!(few_classes(2).unwrap().starts_with("an inception score of 2 classes lies between 1 and 2:"));
    assert_eq!((few_classes(99).is_some(), few_classes(1000)), (true, None));
}

#[test]
fn kernel_distances_are_those_of_the_formula() {
    let oracle = oracle();
    for (pair, case) in oracle["frechet"].as_array().unwrap().iter().zip(oracle["kernel"].as_array().unwrap()) {
        let found = kernel_distance(&features(&pair["real"]), &features(&pair["synthetic"]), UNWATCHED).unwrap();
        assert_eq!(found.error.is_some(), !case["error"].is_null());
        for (found, wanted) in [(Some(found.value), &case["value"]), (found.error, &case["error"])] {
            let (found, wanted) = (found.unwrap_or(0.0), wanted.as_f64().unwrap_or(0.0));
            assert!((found - wanted).abs() <= 1e-9 * (1.0 + wanted.abs()), "{}: {found} and {wanted}", case["name"]);
        }
    }
}

#[test]
fn inception_scores_are_those_of_the_formula() {
    for case in oracle()["inception"].as_array().unwrap() {
        let found = inception_score(&features(&case["probabilities"])).unwrap();
        for (found, wanted) in [(found.value, &case["value"]), (found.error.unwrap(), &case["error"])] {
            assert!((found - wanted.as_f64().unwrap()).abs() <= 1e-9, "{found} and {wanted}");
        }
    }
    let odd = |values: Vec<f64>| inception_score(&Features::of(values, 2).unwrap()).unwrap_err();
    assert!(odd(vec![0.4; 200]).starts_with("the probabilities of image 0"));
    assert!(odd([-0.5, 1.5].repeat(100)).starts_with("the probabilities of image 0"));
}

/// Sure predictions of equally many images of each class have the largest score there is, the number of classes.
#[test]
fn an_inception_score_is_at_most_the_number_of_classes_and_needs_parts_of_ten_images() {
    let sure = |count: usize, classes: usize| {
        let values = (0..count * classes).map(|at| if at / classes % classes == at % classes { 1.0 } else { 0.0 }).collect();
        inception_score(&Features::of(values, classes).unwrap())
    };
    for classes in [2, 5, 10, 12] {
        let found = sure(10 * classes.max(10), classes).unwrap();
        assert!((found.value - classes as f64).abs() < 1e-12 && found.error.unwrap() < 1e-12, "{classes} classes: {found:?}");
    }
    let why = "the score needs 100, 10 in each of its 10 parts, so that their means say something";
    assert_eq!(sure(99, 2).unwrap_err(), format!("99 images with 2 classes: {why}"));
    assert_eq!(sure(1, 1).unwrap_err(), format!("1 image with 1 class: {why}"));
}

#[test]
fn neighbourhoods_are_those_of_prdc() {
    for case in oracle()["neighbourhoods"].as_array().unwrap() {
        let k = case["k"].as_u64().unwrap() as usize;
        // Beside another size, which must not matter.
        let [found, _] = neighbourhoods([&features(&case["real"]), &features(&case["synthetic"])], [k, 8 - k], Compared::WithSynthetic, UNWATCHED);
        let found = found.unwrap();
        for (found, key) in [(found.precision, "precision"), (found.recall, "recall"), (found.density, "density"), (found.coverage, "coverage")] {
            let wanted = case[key].as_f64().unwrap();
            // Counts are the same; the package multiplies by `1 / k`, which rounds differently.
            assert!((found - wanted).abs() <= 1e-15 * (1.0 + wanted), "{key} with {k}: {found} and {wanted}");
        }
    }
}

#[test]
fn memorised_images_are_those_of_brute_force() {
    let oracle = &oracle()["memorisation"];
    let [training, held_out, synthetic] = ["training", "held_out", "synthetic"].map(|key| features(&oracle[key]));
    let near = nearest_training(&synthetic, &training, UNWATCHED).unwrap();
    let distances: Vec<f64> = near.iter().map(|n| n.distance).collect();
    assert_eq!(near.iter().map(|n| n.training as f64).collect::<Vec<_>>(), numbers(&oracle["nearest"]));
    assert!(distances.iter().zip(numbers(&oracle["distances"])).all(|(a, b)| (a - b).abs() <= 1e-14));
    let of_held_out: Vec<f64> = nearest_training(&held_out, &training, UNWATCHED).unwrap().iter().map(|n| n.distance).collect();
    assert!((ratio(&distances, &of_held_out).unwrap() - oracle["ratio"].as_f64().unwrap()).abs() < 1e-14);
    let is = |key: &str| -> Vec<bool> { oracle[key].as_array().unwrap().iter().map(|v| v.as_bool().unwrap()).collect() };
    assert_eq!(authentic(&near, &nearest_other_training(&training, UNWATCHED)), is("authentic"));
    let p = p_values(&distances, &of_held_out);
    assert_eq!(p, numbers(&oracle["p"]));
    let found = discoveries(&p, &vec![held_out.count(); p.len()], oracle["q"].as_f64().unwrap()).unwrap();
    assert_eq!(found, is("found"));
    assert!(near[3].distance == 0.0 && !authentic(&near, &nearest_other_training(&training, UNWATCHED))[3], "a planted copy");
}

/// The smallest p value with 18 held-out images is 1/19, with 19 it is 1/20.
#[test]
fn it_is_said_where_held_out_images_are_too_few_for_any_finding() {
    let all_nearest = |m: usize| discoveries(&[1.0 / (m as f64 + 1.0); 7], &[m; 7], 0.05);
    assert_eq!(all_nearest(19), Ok(vec![true; 7]));
    assert!(all_nearest(18).unwrap_err().starts_with("with 18 held-out images, no p value is below 0.0526"));
    assert!(all_nearest(0).unwrap_err().starts_with("with 0 held-out images, no p value is below 1.0000"));
    assert_eq!(discoveries(&[], &[], 0.05), Ok(vec![]));
    // Images of a class with many held-out ones may be found beside those of a class with few.
    assert_eq!(discoveries(&[0.001, 0.5], &[999, 1], 0.05), Ok(vec![true, false]));
}

#[test]
fn the_ratio_has_no_meaning_without_held_out_images_or_with_copies_alone() {
    assert_eq!((ratio(&[1.0], &[]), ratio(&[], &[1.0]), ratio(&[1.0], &[0.0, 0.0])), (None, None, None));
    assert_eq!(ratio(&[3.0, 1.0], &[5.0, 4.0, 1.0]), Some(0.5));
    assert_eq!(p_values(&[0.5, 1.0, 9.0], &[1.0, 2.0]), [1.0 / 3.0, 2.0 / 3.0, 1.0]);
}

#[test]
fn sets_of_which_nothing_can_be_said_are_refused_in_words() {
    assert_eq!(Features::of(vec![1.0, f64::NAN], 1).unwrap_err(), "feature 0 of image 1 is NaN");
    assert_eq!(Features::of(vec![], 0).unwrap_err(), "features need at least one dimension");
    assert!(Features::of(vec![1.0; 5], 2).unwrap_err().contains("5 numbers"));
    assert!(Features::of_rows(&[vec![1.0], vec![1.0, 2.0]]).unwrap_err().contains("another one has 2"));
    let (one, two, flat) = (made(1, 3, 1), made(2, 3, 2), made(6, 2, 1));
    let none = two.select(&[]);
    assert!(
        frechet_distance(&one, &two, UNWATCHED).unwrap_err().contains("two images")
            && frechet_distance(&two, &flat, UNWATCHED).unwrap_err().contains("3 and 2")
    );
    assert!(kernel_distance(&two, &none, UNWATCHED).unwrap_err().contains("two images") && kernel_distance(&two, &flat, UNWATCHED).is_err());
    assert_eq!(one_size(&one, &two, 3).unwrap_err(), "1 real image: neighbourhoods of 3 other images need 4");
    assert!(one_size(&two, &flat, 1).is_err() && one_size(&two, &two, 0).is_err() && one_size(&none, &none, 1).is_err());
    assert!(
        nearest_training(&two, &none, UNWATCHED).unwrap_err().contains("no training image") && nearest_training(&none, &two, UNWATCHED).unwrap().is_empty()
    );
    assert_eq!(nearest_other_training(&one, UNWATCHED), [f64::INFINITY]);
    let huge = Features::of(vec![1e200, -1e200, 0.0, 1e180, 5.0, -1e199], 1).unwrap();
    assert!(frechet_distance(&huge, &huge, UNWATCHED).unwrap_err().contains("overflows"));
    assert!(kernel_distance(&huge, &huge, UNWATCHED).unwrap_err().contains("overflows"));
    assert!(one_size(&huge, &huge, 3).unwrap_err().contains("overflows"));
    assert!(nearest_training(&Features::of(vec![-1e200], 1).unwrap(), &Features::of(vec![1e200], 1).unwrap(), UNWATCHED).unwrap_err().contains("overflows"));
}

/// Equal images lie at no distance from each other, and in no neighbourhood: it has no width, so that nothing follows from it.
#[test]
fn images_that_are_all_equal_have_distances_and_no_neighbourhoods() {
    let equal = Features::of(vec![0.25; 24], 3).unwrap();
    assert_eq!(frechet_distance(&equal, &equal, UNWATCHED), Ok(0.0));
    let distance = kernel_distance(&equal, &equal, UNWATCHED).unwrap();
    assert!(distance.value.abs() < 1e-15 && distance.error.unwrap() < 1e-15);
    let others = made(8, 3, 1);
    for (real, synthetic, which) in [(&equal, &others, "real"), (&others, &equal, "synthetic")] {
        let why = one_size(real, synthetic, 3).unwrap_err();
        assert_eq!(why, format!("every {which} image has the features of 3 others or more: neighbourhoods are empty"));
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let (a, b) = (made(300, 37, 1), made(210, 37, 2));
    let (few, others) = (made(30, 90, 3), made(45, 90, 4));
    let all = || {
        let kernel = kernel_distance(&a, &b, UNWATCHED).unwrap();
        let near = one_size(&a, &b, 3).unwrap();
        let distances = [frechet_distance(&a, &b, UNWATCHED).unwrap(), frechet_distance(&few, &others, UNWATCHED).unwrap()];
        [distances[0], distances[1], kernel.value, kernel.error.unwrap(), near.precision, near.density].map(f64::to_bits)
    };
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
    assert_eq!(with(1), with(2));
    assert_eq!(with(1), with(5));
}
