//! Areas of pairs within and between groups: `tests/oracle/shortcuts.py`.

use super::*;
use delong::groups::{Grouped, Pairs};
use delong::{Images, area};

const ALL: [(&str, Pairs); 4] = [("all", Pairs::All), ("within", Pairs::Within), ("within-weighted", Pairs::WithinWeighted), ("between", Pairs::Between)];

#[test]
fn areas_and_variances_are_those_over_all_pairs() {
    let all: Value = serde_json::from_str(include_str!("../../../tests/oracle/shortcuts.json")).unwrap();
    let whole = |value: &Value| numbers(value).iter().map(|v| *v as usize).collect::<Vec<usize>>();
    let (mut defined, mut undefined) = (0, 0);
    for case in all["groups"].as_array().unwrap() {
        let images = Images::of_patients(&flags(&case["positive"]), &whole(&case["patient"]));
        let scores = numbers(&case["scores"]);
        let grouped = Grouped::of(&scores, &whole(&case["group"]), &images).unwrap();
        let of_all = grouped.area(Pairs::All);
        for (name, pairs) in ALL {
            let (wanted, found) = (&case["found"][name], grouped.area(pairs));
            assert_eq!(grouped.count(pairs), wanted["pairs"].as_u64().unwrap(), "{name}");
            near(name, found.as_ref().map(|a| a.value), &wanted["area"], 1e-12);
            near(name, found.as_ref().and_then(|a| a.variance()), &wanted["variance"], 1e-12);
            let product = |a: &delong::Area| Some(a.contributions().iter().zip(of_all.as_ref()?.contributions()).map(|(a, b)| a * b).sum::<f64>());
            near(name, found.as_ref().and_then(product), &wanted["with_all"], 1e-12);
            if found.is_some() { defined += 1 } else { undefined += 1 }
        }
        // Of all pairs, it is the area that is computed without groups.
        let plain = area(&scores, &images);
        assert_eq!(plain.as_ref().map(|a| a.counts()), of_all.as_ref().map(|a| a.counts()));
        for (a, b) in plain.iter().zip(&of_all) {
            assert!((a.value - b.value).abs() < 1e-12 && (a.variance().unwrap_or(0.0) - b.variance().unwrap_or(0.0)).abs() < 1e-12);
            let alone = |of: &delong::Area| of.variance_of_independent_images().unwrap_or(0.0);
            assert!((alone(a) - alone(b)).abs() < 1e-12);
        }
    }
    assert!(defined > 35 && undefined > 4, "{defined} and {undefined}");
}

/// All pairs are those within and those between.
#[test]
fn areas_within_and_between_add_up_to_that_of_all() {
    let positive: Vec<bool> = (0..40).map(|i| i % 3 == 0).collect();
    let scores: Vec<f64> = (0..40).map(|i| f64::from(i * 17 % 23) / 4.0).collect();
    let group: Vec<usize> = (0..40).map(|i| i / 9).collect();
    let images = Images::independent(&positive);
    let grouped = Grouped::of(&scores, &group, &images).unwrap();
    let part = |pairs| grouped.area(pairs).unwrap().value * grouped.count(pairs) as f64;
    assert!((part(Pairs::Within) + part(Pairs::Between) - part(Pairs::All)).abs() < 1e-9);
    // Whatever the numbers of the groups.
    let renamed: Vec<usize> = group.iter().map(|g| 7 - g).collect();
    let other = Grouped::of(&scores, &renamed, &images).unwrap();
    for (name, pairs) in ALL {
        let [a, b] = [&grouped, &other].map(|g| g.area(pairs).unwrap());
        assert!((a.value - b.value).abs() < 1e-12 && (a.variance().unwrap() - b.variance().unwrap()).abs() < 1e-12, "{name}");
    }
}

#[test]
fn what_has_no_rank_has_no_area_and_a_single_group_has_no_pairs_between() {
    let images = Images::independent(&[true, false, false]);
    assert!(Grouped::of(&[0.1, f64::NAN, 0.3], &[0, 0, 0], &images).is_none());
    let one = Grouped::of(&[0.5, 0.1, 0.5], &[0, 0, 0], &images).unwrap();
    assert_eq!((one.area(Pairs::Within).unwrap().value, one.count(Pairs::Between)), (0.75, 0));
    assert!(one.area(Pairs::Between).is_none());
    assert!(Grouped::of(&[], &[], &Images::independent(&[])).unwrap().area(Pairs::All).is_none());
}
