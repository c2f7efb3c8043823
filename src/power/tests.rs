//! Designs of small studies, and studies whose answers are known otherwise: by a formula, and by the stage that compares arms.

use super::assumed::{Asked, Assumed};
use super::design::{Design, comparisons, designs};
use super::past::Past;
use super::search::power;
use super::simulated::{Said, Studies};
use super::{Effort, Share};
use crate::language::study;
use crate::pipeline::Pipeline;
use crate::plan::counts::counts;
use hilum_cache::Digest;
use hilum_stages::contract::context::Context;
use hilum_stages::contract::port::Gathered;
use hilum_stages::contract::seed::Seed;
use hilum_stages::contract::stage::Stage as _;
use hilum_stages::evaluation::Predictions;
use hilum_stages::evaluation::conclusion::Conclusion;
use hilum_stages::evaluation::metric::measure;
use hilum_stages::kinds::compare::{Compare, Inputs};
use hilum_stages::records::{Prediction, Purpose, Scores};
use serde_json::Value;

const FEW: Effort = Effort { simulations: 60, seed: Seed(7) };

/// A study of two arms: how images are split, axes besides `arm`, and the parameters of the comparison.
fn of(images: &str, split: &str, matrix: &str, compared: &str) -> Pipeline {
    study(&format!(
        "study: s\nseed: 1\nstages:\n  images: {{ stage: phantoms, with: {{ size: 32, {images} }} }}\n  pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
         parts: {{ stage: split, {split} }}\n  sets: {{ stage: oversample, matrix: {{ arm: [real, repeated] }}, in: {{ real: parts.train }}, with: {{ arm: $arm }} }}\n  \
         classifier: {{ stage: train-classifier, {matrix} in: {{ samples: sets, images: pixels }}, with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 1 }} }}\n  \
         scores: {{ stage: evaluate, in: {{ weights: classifier, samples: parts.test, images: pixels }}, with: {{ positive: covid }} }}\n  \
         comparison: {{ stage: compare, in: {{ scores: scores/* }}, with: {{ {compared} }} }}\n"
    ))
}

const CLASSES: &str = "classes: { normal: { images: 60 }, covid: { images: 40 } }";
const HALF: &str = "in: { samples: images }, with: { train: 0.5, test: 0.5 }";
const FOLDS: &str = "matrix: { fold: [0, 1] }, in: { samples: images }, with: { folds: 2, fold: $fold }";
const REPEATS: &str = "matrix: { repeat: [0, 1] },";

fn design(p: &Pipeline) -> Design {
    let counts = counts(p, &|_, _| Ok(None)).unwrap();
    let mut all = designs(p, &counts, &comparisons(p));
    assert_eq!(all.len(), 1);
    all.remove(0).unwrap_or_else(|why| panic!("{why:?}"))
}

fn refused(p: &Pipeline) -> String {
    let counts = counts(p, &|_, _| Ok(None)).unwrap();
    designs(p, &counts, &comparisons(p)).remove(0).map(|d| d.stage).unwrap_err().why
}

fn assumed(design: &Design, asked: &Asked) -> Assumed {
    Assumed::of(design, asked, None).unwrap_or_else(|why| panic!("{why:?}"))
}

#[test]
fn a_design_has_the_images_trainings_and_folds_of_the_study() {
    let one = design(&of(CLASSES, HALF, "", "against: { arm: real }"));
    assert_eq!((one.labels.len(), one.trainings.len(), one.trainings[0].folds(), one.family), (54, 1, 1, 1));
    assert_eq!(one.arms, [("arm=repeated".to_owned(), "arm=real".to_owned())]);
    assert_eq!((one.classes.as_slice(), one.measure.class), (&["covid".to_owned(), "normal".to_owned()][..], Some(0)));
    let folded = design(&of(CLASSES, FOLDS, REPEATS, "against: { arm: real }, test: nadeau-bengio"));
    assert_eq!((folded.labels.len(), folded.trainings.len(), folded.trainings[0].folds()), (100, 2, 2));
    let tested = folded.trainings[0].fold.iter().filter(|f| **f == 0).count();
    assert!((45..=55).contains(&tested) && folded.trainings[0].trained == [100 - tested, tested], "{:?}", folded.trainings[0].trained);
    let more = folded.enlarged(5, 2);
    assert_eq!((more.labels.len(), more.trainings.len(), more.trainings[4].fold.len()), (200, 5, 200));
    let distinct = |tokens: &[String]| tokens.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(distinct(&more.tokens), 2 * distinct(&folded.tokens), "other patients, and not the same ones again");
}

#[test]
fn what_has_no_answer_says_why() {
    assert_eq!(refused(&of(CLASSES, HALF, "", "metric: auroc")), "it shows values and compares no arms");
    assert!(refused(&of(CLASSES, HALF, "", "against: { arm: real }, metric: ece")).contains("is biased"));
    let few = design(&of("classes: { normal: { images: 60 }, covid: { images: 4 } }, images_per_patient: 1", HALF, "", "against: { arm: real }"));
    let all = assumed(&few, &Asked::default());
    let why = power(few, all, FEW, &|_| ()).map(|p| p.smallest).unwrap_err().why;
    assert_eq!(why, "an interval needs 3 patients of the smaller class, and there are 2");
    let good = design(&of(CLASSES, HALF, "", "against: { arm: real }"));
    let asked = Asked { base: vec![(None, 1.5)], ..Asked::default() };
    assert!(Assumed::of(&good, &asked, None).err().is_some_and(|why| why.why.contains("`--baseline` says 1.5")));
}

/// The decisions of the command, with its shortcuts, are those of the stage: for whole studies, with all that it draws.
#[test]
fn a_simulated_study_is_answered_as_the_stage_answers_it() {
    let nadeau = "against: { arm: real }, test: nadeau-bengio";
    let designs = [
        (CLASSES, HALF, "", "against: { arm: real }, resamples: 500"),
        (CLASSES, HALF, "", "against: { arm: real }, metric: sensitivity, resamples: 500"),
        (CLASSES, FOLDS, REPEATS, "against: { arm: real }, metric: accuracy"),
        (CLASSES, FOLDS, REPEATS, nadeau),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (images, split, matrix, compared) in designs {
        let p = of(images, split, matrix, compared);
        let design = design(&p);
        let all = assumed(&design, &Asked::default());
        let studies = Studies::new(&design, &all, Effort { simulations: 3, ..FEW });
        let stage: Compare = serde_json::from_value(p.stages[comparisons(&p)[0]].parameters.clone()).unwrap();
        let better = [all.distance + 1.2, all.distance];
        for k in 0..3 {
            let here = studies.one(k, better);
            let there = by_the_stage(&stage, &design, &studies.predictions(k, better));
            assert_eq!(here, there, "{compared}, study {k}");
            seen.insert(format!("{:?}", here.conclusion));
        }
    }
    assert!(seen.len() > 1, "studies with one answer only compare nothing: {seen:?}");
}

fn by_the_stage(stage: &Compare, design: &Design, predictions: &[Vec<Predictions>; 2]) -> Said {
    let mut cells = vec![];
    for (arm, trainings) in ["repeated", "real"].iter().zip(predictions) {
        for (repeat, (all, training)) in trainings.iter().zip(&design.trainings).enumerate() {
            for fold in 0..training.folds() {
                let images = (0..design.labels.len()).filter(|i| training.fold[*i] == fold);
                let cell = if training.folds() > 1 { format!("arm={arm}/fold={fold}/repeat={repeat}") } else { format!("arm={arm}/repeat={repeat}") };
                cells.push(Gathered { cell, value: scores(design, all, images) });
            }
        }
    }
    let out = stage.run(Inputs { scores: cells }, &Context::bare(Compare::NAME, None)).unwrap();
    let answer = &out.answers.rows[0];
    Said { conclusion: answer.conclusion, has_interval: answer.low.is_some() }
}

fn scores(design: &Design, all: &Predictions, images: impl Iterator<Item = usize>) -> Scores {
    let one = |i: usize| Prediction {
        image: Digest::of(format!("image {i}").as_bytes()),
        patient: design.tokens[i].clone(),
        label: design.classes[design.labels[i]].clone(),
        probabilities: (0..all.classes).map(|class| all.scores_of(class)[i]).collect(),
    };
    Scores {
        purpose: Purpose::Performance,
        classes: design.classes.clone(),
        positive: Some("covid".into()),
        threshold: None,
        temperature: None,
        training: None,
        predictions: images.map(one).collect(),
        confusion: vec![],
        metrics: vec![],
    }
}

/// By the exact variance of two correlated areas, and a normal test.
#[test]
fn the_power_of_two_areas_is_that_of_the_formula() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../stages/tests/oracle/power.json")).unwrap();
    let mut design = design(&of(CLASSES, HALF, "", "against: { arm: real }, test: t"));
    let images = |case: &Value, of: &str| case[of].as_u64().unwrap() as usize;
    for case in &cases {
        let number = |of: &str| case[of].as_f64().unwrap();
        design.labels = [vec![0; images(case, "positive")], vec![1; images(case, "negative")]].concat();
        design.tokens = vec![String::new(); design.labels.len()];
        design.trainings = vec![super::design::Training { fold: vec![0; design.labels.len()], trained: vec![0] }];
        let asked = Asked { base: vec![(None, number("reference"))], between: Some(0.0), alike: Some(number("correlation")), within: None };
        let all = assumed(&design, &asked);
        let studies = Studies::new(&design, &all, Effort { simulations: 500, seed: Seed(3) });
        let better = all.better_by(number("arm") - number("reference"), 1.0).unwrap();
        let found = Studies::share(&studies.say([better, all.distance]), |s| s.conclusion == Conclusion::Helped);
        // The standard error of 500 studies is 2.2 points; t with few patients finds a little less than the normal test.
        assert!((found.value() - number("power")).abs() < 0.07, "{case}: {}", found.value());
    }
}

#[test]
fn a_distance_gives_the_value_that_it_is_asked_for() {
    let three = "classes: { normal: { images: 60 }, covid: { images: 40 }, viral: { images: 50 } }";
    for (images, metric, value) in
        [(CLASSES, "accuracy", 0.7), (CLASSES, "brier", 0.3), (CLASSES, "f1/covid", 0.6), (three, "auroc/covid", 0.85), (three, "sensitivity/viral", 0.6)]
    {
        let mut design = design(&of(images, HALF, "", &format!("against: {{ arm: real }}, metric: {metric}")));
        design = design.enlarged(1, 60);
        let all = assumed(&design, &Asked { base: vec![(None, value)], ..Asked::default() });
        let studies = Studies::new(&design, &all, Effort { simulations: 1, ..FEW });
        let at = design.place();
        let one = |k: usize| {
            let [arm, _] = studies.predictions(k, [all.distance; 2]);
            measure(hilum_stages::evaluation::metric::rows_of(design.measure.metric.name), &arm[0], &vec![1.0; design.labels.len()])[at].unwrap()
        };
        let found = (0..20).map(one).sum::<f64>() / 20.0;
        assert!((found - value).abs() < 0.03, "{metric}: {found}");
    }
}

#[test]
fn more_is_found_with_more_and_the_same_on_any_number_of_threads() {
    let p = of(CLASSES, HALF, "", "against: { arm: real }, test: t");
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let design = design(&p);
        let all = assumed(&design, &Asked::default());
        pool.install(|| power(design, all, FEW, &|_| ())).unwrap_or_else(|why| panic!("{why:?}"))
    };
    let (one, two) = (run(1), run(3));
    let shares = |p: &super::search::Power| p.table.iter().map(|r| r.1).chain(p.more.iter().map(|m| m.found)).chain([p.false_findings]).collect::<Vec<Share>>();
    assert_eq!((shares(&one), one.smallest), (shares(&two), two.smallest));
    assert!(one.table.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1.value() <= two[1].1.value() + 0.05), "{:?}", one.table);
    assert!(one.more[0].found.value() >= one.asked.1.value(), "twice the patients");
    assert!(one.smallest.is_none_or(|s| s > 0.05), "25 patients of a class show no small difference: {:?}", one.smallest);
}

/// Two folds, fold by fold, have one degree of freedom: hardly anything is found, and it is said.
#[test]
fn a_test_that_cannot_find_anything_finds_nothing() {
    let design = design(&of(CLASSES, FOLDS, "", "against: { arm: real }, test: nadeau-bengio"));
    let all = assumed(&design, &Asked::default());
    let found = power(design, all, FEW, &|_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    assert!(found.smallest.is_none() && found.largest.1.value() < 0.5, "{:?} {:?}", found.smallest, found.largest);
}

#[test]
fn earlier_results_say_what_networks_are_like() {
    let p = of(
        "classes: { normal: { images: 600 }, covid: { images: 400 } }, images_per_patient: 1",
        HALF,
        "matrix: { repeat: [0, 1, 2] },",
        "against: { arm: real }",
    );
    let design = design(&p);
    let asked = Asked { base: vec![(None, 0.9)], between: Some(0.03), ..Asked::default() };
    let all = assumed(&design, &asked);
    let studies = Studies::new(&design, &all, Effort { simulations: 1, ..FEW });
    let mut scored = vec![];
    for (arm, trainings) in ["repeated", "real"].iter().zip(studies.predictions(0, [all.distance; 2])) {
        for (repeat, all) in trainings.iter().enumerate() {
            scored.push((format!("arm={arm}/repeat={repeat}"), scores(&design, all, 0..design.labels.len())));
        }
    }
    let past = Past::of(&design, &scored).unwrap();
    let near = |found: Option<f64>, wanted: f64, by: f64| assert!((found.unwrap() - wanted).abs() < by, "{past:?}");
    near(past.base, 0.9, 0.06);
    near(past.between, 0.03, 0.03);
    near(past.trainings_alike, 0.8, 0.06);
    near(past.arms_alike, 0.75, 0.06);
    assert_eq!(past.within, None, "each patient has one image");
    let of_past = Assumed::of(&design, &Asked::default(), Some(&past)).unwrap_or_else(|why| panic!("{why:?}"));
    assert!(of_past.notes.iter().all(|n| n.from.starts_with("from the newest results of this study")), "{:?}", of_past.notes);
}
