//! Every figure by every extractor, or why there is none.

use super::*;
use crate::contract::context::Said;
use crate::contract::seed::Seed;
use crate::data::embedding::EmbeddingDocument;
use crate::data::embedding::tests::{document, embedded};
use crate::data::sample::tests::sample;
use crate::quality::UNWATCHED;

/// Patients of two images each, whose features are noise around their number.
fn set(patients: usize, shift: f64) -> Set {
    let rows: Vec<Sample> = (0..patients as u32 * 2).map(|i| sample(&format!("p{:02}", i / 2), i % 2, if i % 4 < 2 { "a" } else { "b" })).collect();
    let values = (0..rows.len() * 3).map(|i| shift + (i * 7919 % 101) as f64 / 50.0).collect();
    Set { features: Features::of(values, 3).unwrap(), rows }
}

#[test]
fn every_figure_has_a_row_with_its_baseline_or_a_reason() {
    let (real, synthetic, stream) = (set(12, 0.0), set(9, 1.0), Seed(1).stream("t", "halves"));
    let rows = compared(&real, &synthetic, ["x", ""], &stream, UNWATCHED);
    assert_eq!(rows.iter().map(|row| row.metric.as_str()).collect::<Vec<_>>(), FIGURES);
    for row in &rows {
        assert!(row.value.is_some() && row.baseline.is_some() && row.reason.is_empty(), "{row:?}");
        assert_eq!((row.real, row.synthetic, row.standard_error.is_some()), (24, 18, row.metric == "kid"));
    }
    assert!(rows[0].value > rows[0].baseline && rows[1].value > rows[1].baseline, "{rows:?}");

    let rows = compared(
        &real.of_class("a"),
        &Set { features: synthetic.features.select(&[0, 1, 4]), rows: synthetic.rows[..3].to_vec() },
        ["x", "a"],
        &stream,
        UNWATCHED,
    );
    assert_eq!(rows[0].reason, "3 synthetic images with 3 features each: a covariance of full rank needs 4 (see kid)");
    assert!(rows[0].value.is_none() && rows[0].baseline.is_some() && rows[1].value.is_some() && rows[1].standard_error.is_none());
    assert_eq!(rows[2].reason, "3 images: neighbourhoods of 3 other images need 4");
    assert_eq!((rows[4].real, rows[4].class.as_str(), rows[4].extractor.as_str()), (12, "a", "x"));
}

#[test]
fn halves_have_no_patient_in_common_and_follow_from_the_images() {
    let real = set(9, 0.0);
    let stream = Seed(1).stream("t", "halves");
    let [one, other] = real.halves(&stream);
    assert_eq!((one.rows.len(), other.rows.len()), (10, 8));
    let of = |half: &Set| -> BTreeSet<String> { half.rows.iter().map(|row| row.patient.clone()).collect() };
    assert!(
        (0..one.rows.len()).all(|i| real
            .rows
            .iter()
            .position(|row| row.image == one.rows[i].image)
            .is_some_and(|at| one.features.row(i) == real.features.row(at)))
    );
    assert!(of(&one).is_disjoint(&of(&other)) && of(&one).len() == 5);
    let reversed: Vec<usize> = (0..real.rows.len()).rev().collect();
    let turned = Set { rows: reversed.iter().map(|i| real.rows[*i].clone()).collect(), features: real.features.select(&reversed) };
    let sorted = |half: &Set| half.features.rows().map(|row| row.iter().map(|v| v.to_bits()).collect::<Vec<_>>()).collect::<BTreeSet<_>>();
    assert_eq!(turned.halves(&stream).each_ref().map(sorted), [one, other].each_ref().map(sorted));
}

/// Real images of two classes, and as many synthetic ones, with features by these extractors.
fn inputs(extractors: &[&str]) -> Inputs {
    let label = |i: u32| if i % 4 < 2 { "a" } else { "b" };
    let real: Vec<Sample> = (0..40).map(|i| sample(&format!("p{}", i / 2), i % 2, label(i))).collect();
    let generated = |i| Sample { origin: Origin::Synthetic, patient: String::new(), number: i, ..sample("s", i, label(i)) };
    let synthetic: Vec<Sample> = (0..30).map(generated).collect();
    // Those of real images and those of synthetic ones may be of two stages.
    let features = extractors.iter().flat_map(|extractor| [embedded(extractor, &real), embedded(extractor, &synthetic)]).collect();
    Inputs { real: Samples::of(real), synthetic: Samples::of(synthetic), features }
}

fn run(inputs: Inputs) -> Result<(Outputs, Vec<Note>)> {
    let cx = Context::for_tests(GenerativeQuality::NAME).seeded(3);
    GenerativeQuality {}.run(inputs, &cx).map(|out| (out, cx.notes()))
}

#[test]
fn a_run_gives_every_figure_by_every_extractor_of_all_images_and_of_each_class() {
    let (found, notes) = run(inputs(&["x", "y"])).unwrap();
    let figures = found.figures;
    let names: Vec<[&str; 3]> = figures.rows.iter().map(|row| [&row.extractor, &row.class, &row.metric].map(String::as_str)).collect();
    let of = |extractor: &'static str| {
        let all = FIGURES.iter().chain(&[INCEPTION_SCORE]).map(move |metric| [extractor, "", *metric]);
        all.chain(["a", "b"].iter().flat_map(move |class| FIGURES.map(|metric| [extractor, *class, metric])))
    };
    assert_eq!(names, of("x").chain(of("y")).collect::<Vec<_>>());
    for row in &figures.rows {
        assert!(row.value.is_some() == (row.reason.is_empty() || row.reason.starts_with("no baseline")), "{row:?}");
        assert_eq!((row.real, row.synthetic), if row.class.is_empty() { (40, 30) } else { (20, if row.class == "a" { 16 } else { 14 }) });
    }
    let score = &figures.rows[FIGURES.len()];
    assert!((1.0..=2.0).contains(&score.value.unwrap()) && score.baseline.is_some() && score.standard_error.is_some());
    assert_eq!(notes, ["x", "y"].map(|extractor| Note::info(format!("figures by 8 features of {extractor}"))));
    // Two classes have no order that could agree.
    let pairs: Vec<_> = found.agreement.rows.iter().map(|row| (row.metric.as_str(), row.extractor.as_str(), row.other.as_str(), row.spearman)).collect();
    assert_eq!(pairs, FIGURES.map(|metric| (metric, "x", "y", None)));
    assert!(found.agreement.rows[1].reason.starts_with("2 classes"));

    let alone = run(inputs(&["x"])).unwrap().0;
    assert_eq!(alone.figures.rows, figures.rows[..figures.rows.len() / 2], "another extractor moves nothing");
    assert!(alone.agreement.rows.is_empty());
}

#[test]
fn how_much_is_done_is_told_within_a_set_of_images() {
    let told = std::sync::Mutex::new(vec![]);
    let report = |said: Said| {
        if let Said::Progress(progress) = said {
            assert_eq!((progress.total, progress.unit.as_str()), (100, "percent"));
            told.lock().unwrap().push(progress.done);
        }
    };
    let cx = Context { report: &report, ..Context::for_tests(GenerativeQuality::NAME).seeded(3) };
    // Several threads may tell of two steps in either order.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    alone.install(|| GenerativeQuality {}.run(inputs(&["x"]), &cx)).unwrap();
    let mut told = told.into_inner().unwrap();
    assert!(told.is_sorted() && told.last() == Some(&100), "{told:?}");
    told.dedup();
    assert!(told.len() > 20, "of three sets: {told:?}");
}

#[test]
fn sets_without_images_or_features_and_synthetic_ones_in_place_of_real_ones_are_refused() {
    let refused = |inputs| run(inputs).err().unwrap().to_string();
    let turned = Inputs { real: inputs(&["x"]).synthetic, ..inputs(&["x"]) };
    assert_eq!(refused(turned), "30 images of `real` are synthetic");
    assert_eq!(refused(Inputs { synthetic: Samples::default(), ..inputs(&["x"]) }), "there are no synthetic images");
    let mut some = inputs(&["x"]);
    some.features.truncate(1);
    assert!(refused(some).ends_with("has no features by x"));
}

#[test]
fn without_classes_there_is_no_inception_score() {
    let inputs = inputs(&["x"]);
    let of = |row: &Sample| crate::data::embedding::Extracted {
        image: row.image,
        features: inputs.features.iter().find_map(|part| part.features(&row.image)).unwrap().to_vec(),
        probabilities: vec![],
    };
    let images = inputs.real.rows.iter().chain(&inputs.synthetic.rows).map(of).collect();
    let features = vec![Embedding::of(EmbeddingDocument { classes: None, ..document("x") }, images, vec![]).unwrap()];
    let found = run(Inputs { features, ..inputs }).unwrap().0.figures;
    assert_eq!(found.rows.len(), 3 * FIGURES.len());
    assert!(found.rows.iter().all(|row| row.metric != INCEPTION_SCORE));
}

#[test]
fn a_figure_without_baseline_says_so() {
    let found = Estimate { value: 2.0, error: Some(0.5) };
    let row = row("kid", ["x", ""], Ok(found), Err("too few".into()), [3, 4]);
    assert_eq!((row.value, row.standard_error, row.baseline, row.reason.as_str()), (Some(2.0), Some(0.5), None, "no baseline: too few"));
}
