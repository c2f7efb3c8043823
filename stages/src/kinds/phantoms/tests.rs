//! What phantoms are, how many there are, and what is planted in them.

use super::*;
use crate::data::patients::token;

#[test]
fn patients_are_named_by_their_images() {
    let class = Class { images: Whole::of(30), finding: Finding::Focal, hidden: Share::of(0.0), mark: None, sources: vec![] };
    let stage = Phantoms {
        size: Whole::of(16),
        classes: BTreeMap::from([("covid".into(), class)]),
        images_per_patient: ImagesPerPatient::of(2.0),
        contrast: Contrast::of(1.0),
        sources: Whole::of(1),
        levels: vec![],
    };
    let cx = Context::for_tests(Phantoms::NAME).seeded(3);
    let rows = stage.run(Inputs {}, &cx).unwrap().samples.rows;
    let mut of_patient: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    rows.iter().for_each(|r| of_patient.entry(&r.patient).or_default().push(r));
    assert!(rows.len() == 30 && of_patient.len() > 10 && of_patient.len() < 20);
    for (patient, rows) in of_patient {
        assert_eq!(patient, token(&rows[0].image));
        assert!(rows.iter().zip(0..).all(|(r, n)| r.number == n) && rows.is_sorted_by_key(|r| r.image));
    }
}

#[test]
fn images_and_bytes_are_foreseen() {
    for size in [16, 64, 256] {
        let text = format!(r#"{{"size": {size}, "classes": {{"a": {{"images": 9}}, "b": {{"images": 5, "finding": "focal"}}}}}}"#);
        let stage: Phantoms = serde_json::from_str(&text).unwrap();
        assert_eq!(stage.images(&|_| None), Some(14));
        let dir = tempfile::tempdir().unwrap();
        stage.run(Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(3)).unwrap().samples.save(dir.path()).unwrap();
        let files = [dir.path().to_owned(), dir.path().join("images")].map(|d| std::fs::read_dir(d).unwrap());
        let written: u64 = files.into_iter().flatten().map(|e| e.unwrap().metadata().unwrap()).filter(|m| m.is_file()).map(|m| m.len()).sum();
        let foreseen = stage.disk(&|_| None).unwrap();
        assert!(written <= foreseen && foreseen < 8 * written, "{size}: {written} of {foreseen}");
    }
}

#[test]
fn patients_have_one_age_and_one_sex_and_differ_in_both() {
    let stage: Phantoms = serde_json::from_str(r#"{"size": 16, "classes": {"a": {"images": 60}, "b": {"images": 60}}}"#).unwrap();
    let rows = stage.run(Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(3)).unwrap().samples.rows;
    let mut people: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
    for row in &rows {
        let age = row.age.unwrap();
        assert!((18.0..=90.0).contains(&age) && age.fract() == 0.0 && ["F", "M"].contains(&row.sex.as_str()), "{row:?}");
        let person = (age as u32, row.sex.as_str());
        assert_eq!(*people.entry(&row.patient).or_insert(person), person);
    }
    let ages: std::collections::BTreeSet<u32> = people.values().map(|p| p.0).collect();
    let women = people.values().filter(|p| p.1 == "F").count();
    assert!(ages.len() > 20 && (people.len() / 3..people.len() * 2 / 3).contains(&women), "{people:?}");
}

fn drawn(parameters: serde_json::Value) -> (Vec<Sample>, Vec<Vec<u8>>) {
    let stage: Phantoms = serde_json::from_value(parameters).unwrap();
    assert!(stage.check().is_empty());
    let out = stage.run(Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(3)).unwrap().samples;
    // By number, which is the order of drawing.
    let decoded = out.images.iter().map(|file| crate::data::grey::decode(&file.bytes).unwrap().grey.pixels.iter().map(|p| (p >> 8) as u8).collect());
    (out.rows, decoded.collect())
}

/// What is planted is there as often as the study says, and changes nothing else.
#[test]
fn a_mark_is_drawn_into_its_share_of_a_class_and_leaves_the_rest_of_the_image() {
    let of = |mark: serde_json::Value| {
        drawn(serde_json::json!({ "size": 32, "classes": { "a": { "images": 200, "mark": mark }, "b": { "images": 50, "finding": "focal" } } }))
    };
    let ((_, plain), (_, half), (_, all)) = (of(serde_json::Value::Null), of(0.5.into()), of(1.into()));
    let is_mark = |at: usize| (1..4).contains(&(at / 32)) && (1..4).contains(&(at % 32));
    for (plain, all) in plain.iter().zip(&all).take(200) {
        let differs: Vec<usize> = (0..32 * 32).filter(|at| plain[*at] != all[*at]).collect();
        assert!(differs.len() == 9 && differs.iter().all(|at| is_mark(*at)), "{differs:?}");
    }
    assert_eq!(plain[200..], all[200..], "of the other class");
    let marked = plain.iter().zip(&half).filter(|(plain, half)| plain != half).count();
    assert!((75..=125).contains(&marked), "{marked} of 200");
    assert!(half.iter().zip(&plain).zip(&all).all(|((half, plain), all)| half == plain || half == all));
}

#[test]
fn patients_of_a_class_are_from_the_sources_that_the_study_says_and_these_have_their_levels() {
    let classes = serde_json::json!({ "a": { "images": 400, "sources": [0.9, 0.1] }, "b": { "images": 400, "sources": [0.0, 1.0] } });
    let of = |levels: serde_json::Value| drawn(serde_json::json!({ "size": 16, "sources": 2, "levels": levels, "classes": classes }));
    let ((rows, dark), (_, bright)) = (of(serde_json::json!([])), of(serde_json::json!([0, 0.25])));
    let first = |label: &str| rows.iter().filter(|r| r.label == label && r.source == "phantom-1").count();
    assert!((330..=390).contains(&first("a")) && first("b") == 0, "{} {}", first("a"), first("b"));
    let mean = |of: &[Vec<u8>]| of.iter().flatten().map(|p| f64::from(*p)).sum::<f64>() / (of.len() * 16 * 16) as f64;
    // A quarter of white in all images of `b`, less where an image is white already.
    let raised = mean(&bright[400..]) - mean(&dark[400..]);
    assert!((55.0..=63.75).contains(&raised), "{raised}");
    let said = |parameters: serde_json::Value| serde_json::from_value::<Phantoms>(parameters).unwrap().check().len();
    assert_eq!(said(serde_json::json!({ "sources": 2, "classes": { "a": { "images": 1, "sources": [0.5, 0.6] } } })), 1);
    assert_eq!(said(serde_json::json!({ "sources": 3, "classes": { "a": { "images": 1, "sources": [0.5, 0.5] } } })), 1);
    assert_eq!(said(serde_json::json!({ "sources": 2, "levels": [0.1], "classes": { "a": { "images": 1 } } })), 1);
}

/// Recipes of older studies stay what they were.
#[test]
fn what_is_not_planted_is_in_no_recipe() {
    let stage: Phantoms = serde_json::from_str(r#"{"classes": {"a": {"images": 1}}}"#).unwrap();
    let written = serde_json::to_string(&stage).unwrap();
    assert!(!["mark", "levels", r#""sources":["#].iter().any(|key| written.contains(key)), "{written}");
}

/// Two stages of one seed draw the same image where everything is the same that decides its bytes, and nowhere else.
#[test]
fn which_images_two_stages_share_is_foreseen() {
    let of = |parameters: serde_json::Value| {
        let stage: Phantoms = serde_json::from_value(parameters).unwrap();
        let cx = Context::for_tests(Phantoms::NAME).seeded(3);
        let foreseen: Vec<String> = stage.foreseen(&cx).map(|(_, content)| content).collect();
        let mut drawn = stage.run(Inputs {}, &cx).unwrap().samples.images;
        // By number, which is the order of drawing.
        drawn.sort_by(|a, b| a.name.cmp(&b.name));
        (foreseen, drawn.into_iter().map(|file| file.bytes).collect::<Vec<_>>())
    };
    let classes = |more: serde_json::Value| {
        let mut classes = serde_json::json!({ "a": { "images": 30, "finding": "focal", "hidden": 0.5 }, "b": { "images": 20 } });
        more.as_object().unwrap().iter().for_each(|(key, value)| classes["a"][key] = value.clone());
        serde_json::json!({ "size": 16, "classes": classes, "sources": 2 })
    };
    let with = |key: &str, value: serde_json::Value| {
        let mut parameters = classes(serde_json::json!({}));
        parameters[key] = value;
        parameters
    };
    let base = of(classes(serde_json::json!({})));
    let variants = [
        classes(serde_json::json!({ "mark": 0.5 })),
        classes(serde_json::json!({ "hidden": 0.2 })),
        classes(serde_json::json!({ "finding": "peripheral" })),
        classes(serde_json::json!({ "images": 29 })),
        classes(serde_json::json!({ "sources": [0.9, 0.1] })),
        with("contrast", 1.5.into()),
        with("levels", serde_json::json!([0, 0.2])),
        with("size", 17.into()),
        with("images_per_patient", 2.into()),
    ];
    for parameters in variants {
        let other = of(parameters.clone());
        for (n, (foreseen, drawn)) in other.0.iter().zip(&other.1).enumerate() {
            assert_eq!(base.0.contains(foreseen), base.1.contains(drawn), "image {n} of {parameters}");
        }
    }
}

#[test]
fn more_images_than_an_artifact_can_list_are_refused_before_they_are_drawn() {
    let faults = |last: u32| {
        let of = |images: u32| serde_json::json!({ "images": images });
        let classes = serde_json::json!({ "a": of(1_000_000), "b": of(1_000_000), "c": of(999_999), "d": of(last) });
        serde_json::from_value::<Phantoms>(serde_json::json!({ "classes": classes })).unwrap().check().len()
    };
    assert_eq!((faults(1), faults(2)), (0, 1));
}
