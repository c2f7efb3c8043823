//! Training sets of arms: how many images of each label, real and synthetic.

use super::*;
use crate::counted::roster;
use crate::data::sample::Origin;

/// How many images of each label an arm has, real and synthetic, of 40 normal images, 10 of covid and 60 synthetic ones of each.
fn shape(parameters: serde_json::Value) -> Result<BTreeMap<String, (usize, usize)>> {
    let stage: Oversample = serde_json::from_value(parameters).unwrap();
    assert!(stage.check().is_empty());
    let real = Samples::of([roster("r", "normal", 40, 40), roster("c", "covid", 10, 8)].concat());
    let mut made = [roster("n", "normal", 60, 60), roster("s", "covid", 60, 60)].concat();
    made.iter_mut().for_each(|row| row.origin = Origin::Synthetic);
    let synthetic = Some(Samples::of(made)).filter(|_| stage.reads("synthetic"));
    let out = stage.run(Inputs { real, synthetic }, &Context::for_tests(Oversample::NAME).seeded(1))?;
    Ok(out.samples.rows.iter().fold(BTreeMap::new(), |mut all, row| {
        let (real, synthetic) = all.entry(row.label.clone()).or_insert((0, 0));
        *if row.origin == Origin::Synthetic { synthetic } else { real } += 1;
        all
    }))
}

fn counts(normal: (usize, usize), covid: (usize, usize)) -> BTreeMap<String, (usize, usize)> {
    BTreeMap::from([("normal".into(), normal), ("covid".into(), covid)])
}

#[test]
fn a_ratio_is_a_share_of_the_largest_class() {
    let of = |arm: &str, ratio: f64| shape(serde_json::json!({ "arm": arm, "ratio": ratio })).unwrap();
    assert_eq!(of("real", 1.0), counts((40, 0), (10, 0)));
    assert_eq!(of("repeated", 1.0), counts((40, 0), (40, 0)));
    assert_eq!(of("repeated", 1.5), counts((60, 0), (60, 0)));
    assert_eq!(of("real+synthetic", 0.5), counts((40, 0), (10, 10)));
    assert_eq!(of("real+synthetic", 1.25), counts((40, 10), (10, 40)));
    assert_eq!(of("only-synthetic", 0.1), counts((0, 40), (0, 10)));
}

#[test]
fn a_dose_is_a_multiple_of_the_real_images_of_the_class() {
    let of = |arm: &str, dose: f64| shape(serde_json::json!({ "arm": arm, "dose": dose })).unwrap();
    assert_eq!(of("real", 2.0), counts((40, 0), (10, 0)));
    assert_eq!(of("repeated", 0.25), counts((40, 0), (13, 0)), "2.5 is rounded away from zero");
    assert_eq!(of("repeated", 4.0), counts((40, 0), (50, 0)), "the largest class is not filled up, even where another one becomes larger");
    assert_eq!(of("real+synthetic", 1.5), counts((40, 60), (10, 15)), "every class with synthetic images");
    assert_eq!(of("only-synthetic", 0.1), counts((0, 4), (0, 1)));
    let none = shape(serde_json::json!({ "arm": "repeated", "dose": 0.04 })).unwrap_err().to_string();
    assert!(none.contains("a dose of 0.04 of 10 images is no image"), "{none}");
    let error = shape(serde_json::json!({ "arm": "real+synthetic", "dose": 2 })).unwrap_err().to_string();
    assert!(error.contains("`normal` needs 80 synthetic images, but there are 60"), "{error}");
}

#[test]
fn a_dose_and_a_ratio_are_one_too_many() {
    let of = |ratio: f64| serde_json::from_value::<Oversample>(serde_json::json!({ "arm": "repeated", "ratio": ratio, "dose": 1 })).unwrap().check();
    assert!(of(1.0).is_empty());
    assert_eq!(of(0.5).len(), 1);
    let of = |dose: f64| serde_json::from_value::<Oversample>(serde_json::json!({ "arm": "repeated", "dose": dose })).unwrap().check().len();
    assert_eq!((of(1000.0), of(1001.0)), (0, 1));
}

#[test]
fn recipes_of_studies_without_a_dose_are_as_they_were() {
    let stage: Oversample = serde_json::from_value(serde_json::json!({ "arm": "real" })).unwrap();
    assert_eq!(serde_json::to_value(stage).unwrap(), serde_json::json!({ "arm": "real", "ratio": 1.0 }));
}
