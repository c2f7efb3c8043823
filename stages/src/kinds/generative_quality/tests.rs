//! Every figure by every extractor, or why there is none.

use super::*;
use crate::contract::context::Said;
use crate::contract::seed::Seed;
use crate::data::embedding::EmbeddingDocument;
use crate::data::embedding::tests::{document, embedded};
use crate::data::sample::tests::sample;
use crate::quality::{Features, UNWATCHED};
use hilum_cache::Digest;

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
    assert_eq!(rows[2].reason, "3 synthetic images: neighbourhoods of 3 other images need 4");
    assert_eq!((rows[4].real, rows[4].class.as_str(), rows[4].extractor.as_str()), (12, "a", "x"));

    // Twelve images of six patients with seven features: neither half has enough, and no synthetic image has to do with it.
    let wide = Features::of((0..84).map(|i| (i * 7919 % 101) as f64).collect(), 7).unwrap();
    let real = Set { features: wide, rows: real.of_class("a").rows };
    let rows = compared(&real, &real.at(&(0..12).collect::<Vec<_>>()), ["x", "a"], &stream, UNWATCHED);
    assert_eq!(rows[0].reason, "no baseline: 6 real images of one half with 7 features each: a covariance of full rank needs 8 (see kid)");
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
    assert!(figures.rows[FIGURES.len()].reason.starts_with("30 images with 2 classes: the score needs 100"));
    assert_eq!(notes, ["x", "y"].map(|extractor| Note::info(format!("figures by 8 features of {extractor}"))));
    // Two classes have no order that could agree.
    let pairs: Vec<_> = found.agreement.rows.iter().map(|row| (row.metric.as_str(), row.extractor.as_str(), row.other.as_str(), row.spearman)).collect();
    assert_eq!(pairs, FIGURES.map(|metric| (metric, "x", "y", None)));
    assert!(found.agreement.rows[1].reason.starts_with("2 classes"));

    let alone = run(inputs(&["x"])).unwrap();
    assert_eq!(alone.0.figures.rows, figures.rows[..figures.rows.len() / 2], "another extractor moves nothing");
    assert!(alone.0.agreement.rows.is_empty());
    assert_eq!(alone.1[1..], [Note::info("nothing is said of whether extractors agree: x is the only one")]);
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
fn sets_without_images_or_features_and_images_of_the_other_origin_are_refused() {
    let refused = |inputs| run(inputs).err().unwrap().to_string();
    let (one, other) = (inputs(&["x"]), inputs(&["x"]));
    assert_eq!(refused(Inputs { real: one.synthetic, ..inputs(&["x"]) }), "30 images of `real` are synthetic");
    assert_eq!(refused(Inputs { synthetic: one.real, ..inputs(&["x"]) }), "40 images of `synthetic` are real");
    let mixed = other.synthetic.rows.into_iter().chain(other.real.rows.into_iter().take(1)).collect();
    assert_eq!(refused(Inputs { synthetic: Samples::of(mixed), ..inputs(&["x"]) }), "1 image of `synthetic` is real");
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

/// Images of two generators, one of each class, in the order of a table, with these features and sure predictions of their class.
fn of_two_generators(counts: [u32; 2], name: &str, features: [f32; 2]) -> (Vec<Sample>, Embedding) {
    let of = |class: usize| {
        let image = move |i: u32| Digest::of(format!("{name}/{class}/{i}").as_bytes());
        (0..counts[class]).map(move |i| Sample { image: image(i), origin: Origin::Synthetic, ..sample("", i, ["a", "b"][class]) })
    };
    let rows = Samples::of(of(0).chain(of(1)).collect()).rows;
    let extracted = |row: &Sample| {
        let class = usize::from(row.label == "b");
        let probabilities = [0, 1].map(|at| if at == class { 1.0 } else { 0.0 }).to_vec();
        crate::data::embedding::Extracted { image: row.image, features: vec![features[class]], probabilities }
    };
    let images = rows.iter().map(extracted).collect();
    (rows, Embedding::of(EmbeddingDocument { dimensions: 1, ..document("x") }, images, vec![]).unwrap())
}

/// Sure predictions of 1,000 images of one class and 9,000 of another have a score of `exp(H(0.1))`, where `H(0.1) = 0.325083` is the
/// entropy of the classes. In the order of a table, the first parts are half of one class, and the last ones have none of it.
#[test]
fn an_inception_score_does_not_follow_from_the_order_of_the_table() {
    let (rows, embedding) = of_two_generators([1000, 9000], "s", [0.0, 1.0]);
    assert_eq!(rows[..4].iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["a", "b", "a", "b"]);
    let bound = [embedding];
    let space = &spaces::spaces(&bound).unwrap()[0];
    for seed in 0..3 {
        let ordered = Set::of(&rows, space, &Seed(seed).stream("t", "order")).unwrap().rows;
        let cx = Context::for_tests(GenerativeQuality::NAME);
        let row = score(space, &ordered, &ordered, &cx).unwrap().unwrap();
        assert!(cx.notes()[0].text.starts_with("an inception score of 2 classes lies between 1 and 2:"), "{:?}", cx.notes());
        let (value, error) = (row.value.unwrap(), row.standard_error.unwrap());
        assert!((value - f64::exp(0.325_083)).abs() < 0.005 && error < 0.02, "{value} ± {error}");
    }
}

/// Features of real images are 0 and, one in five times, 2, those of synthetic ones larger by a half. Over draws of 400 images of each, the
/// kernel distance has a standard deviation of 1.878, from both binomial distributions.
#[test]
fn the_error_of_the_kernel_distance_does_not_follow_from_the_order_of_the_table() {
    let sets = [("r", [2.0, 0.0]), ("s", [2.5, 0.5])].map(|(name, features)| of_two_generators([80, 320], name, features));
    let variance = |seed: u64| {
        let [real, synthetic] = sets.each_ref().map(|(rows, embedding)| {
            let bound = std::slice::from_ref(embedding);
            Set::of(rows, &spaces::spaces(bound).unwrap()[0], &Seed(seed).stream("t", "order")).unwrap().features
        });
        quality::kernel_distance(&real, &synthetic, UNWATCHED).unwrap().error.unwrap().powi(2)
    };
    let error = (0..10).map(|seed| variance(seed) / 10.0).sum::<f64>().sqrt();
    assert!((error / 1.878 - 1.0).abs() < 0.2, "{error}");
}

/// Translations show the patients of the real images: a classifier that has seen a patient's real image takes the translation for real.
#[test]
fn folds_of_real_images_and_of_their_translations_have_no_patient_in_common() {
    for is_known in [true, false] {
        let patient = |p: u32| if is_known { format!("p{p:02}") } else { String::new() };
        let image = |p: u32, i: u32| Digest::of(format!("{p}/{i}").as_bytes());
        // Every other patient has several images, where it is known that they are of one patient.
        let images = |p: u32| if is_known { 1 + p % 3 } else { 1 };
        let real: Vec<(u32, Sample)> =
            (0..60).flat_map(|p| (0..images(p)).map(move |i| (p, Sample { image: image(p, i), ..sample(&patient(p), i, "a") }))).collect();
        let translated = |p: u32| Sample { origin: Origin::Synthetic, parent: Some(image(p, 0)), ..sample(&patient(p), p, "b") };
        let translated = |p: u32| Sample { image: Digest::of(format!("translated {p}").as_bytes()), ..translated(p) };
        // Not all of them are translated.
        let synthetic: Vec<(u32, Sample)> = (0..60).filter(|p| p % 4 > 0).map(|p| (p, translated(p))).collect();
        // All images of a patient look alike, and no two patients do.
        let noise = |p: u32| (0..100).map(move |k| f64::from(Digest::of(format!("{p} {k}").as_bytes()).bytes()[0]));
        let set = |of: &[(u32, Sample)]| Set {
            features: Features::of(of.iter().flat_map(|(p, _)| noise(*p)).collect(), 100).unwrap(),
            rows: of.iter().map(|(_, row)| row.clone()).collect(),
        };
        let (sets, stream) = ([set(&real), set(&synthetic)], Seed(1).stream("t", "halves"));
        let [of_real, of_synthetic] = folds(sets.each_ref(), &stream);
        for fold in 0..5 {
            let inside: BTreeSet<u32> = of_real[fold].iter().map(|i| real[*i].0).collect();
            let theirs = |i: &usize| inside.contains(&synthetic[*i].0);
            assert!(of_synthetic[fold].iter().all(theirs), "all of them have a real image");
            assert!(of_real[fold].len().abs_diff(real.len() / 5) <= 3 && of_synthetic[fold].len() > 4);
        }
        // To be real says nothing of a patient that one has not seen.
        let told = figures(sets.each_ref(), Compared::WithSynthetic, &stream, UNWATCHED)[6].clone().unwrap().value;
        assert!((told - 0.5).abs() < 0.1, "{told}");
    }
}

/// Of a table in which only some images have a patient, those without one are not all at its end.
#[test]
fn images_with_and_without_patients_are_mixed() {
    let (mut rows, embedding) = of_two_generators([200, 200], "s", [0.0, 1.0]);
    rows.iter_mut().filter(|row| row.label == "a").for_each(|row| row.patient = format!("p{}", row.number / 2));
    let bound = [embedding];
    let ordered = Set::of(&rows, &spaces::spaces(&bound).unwrap()[0], &Seed(1).stream("t", "order")).unwrap().rows;
    let first = ordered[..200].iter().filter(|row| row.label == "a").count();
    // Of 100 patients, each is in the first half with even odds: 100 ± 4 standard deviations.
    assert!((60..140).contains(&first), "{first}");
    let mut seen = BTreeSet::new();
    let patients: Vec<&str> = ordered.iter().map(|row| row.patient.as_str()).filter(|patient| !patient.is_empty()).collect();
    assert!(patients.chunk_by(|a, b| a == b).all(|of_one| of_one.len() == 2 && seen.insert(of_one[0])), "images of a patient stand together");
}
