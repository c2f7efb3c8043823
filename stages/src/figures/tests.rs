//! Tests of the table and of what is drawn from odd records.

mod looks;

use super::*;
use crate::data::sample::Origin;
use crate::records::{Embedded, PredictedImage, PredictionTable, Role};
use hilum_cache::Digest;

#[test]
fn every_row_says_what_it_is() {
    let mut names: Vec<&str> = FIGURES.iter().map(|f| f.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FIGURES.len(), "files are named by figures");
    for f in FIGURES {
        assert!(f.name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && f.doc.len() > 20 && f.doc.ends_with('.'), "{}", f.name);
        assert!(!f.reads().is_empty(), "{}", f.name);
        assert_ne!(f.name, sheet::GRID);
    }
}

fn interval(x: f64, y: f64) -> Compared {
    Compared {
        arm: "s".into(),
        repeats: 1,
        metric: "auroc".into(),
        class: String::new(),
        value: Some(x),
        low: Some(y),
        high: Some(y),
        difference: None,
        difference_low: None,
        difference_high: None,
        ..Compared::default()
    }
}

/// True for no coordinate that is no number.
fn is_finite(svg: &str) -> bool {
    svg.contains("<svg") && !svg.split('"').any(|value| ["NaN", "inf", "-inf"].contains(&value))
}

/// Probabilities, labels, classes and counts as nobody writes them.
#[test]
fn figures_of_odd_predictions_and_training_sets_are_finite() {
    let fine = |drawn: Vec<Drawn>| {
        drawn.iter().for_each(|d| assert!(is_finite(&d.drawing.svg()), "{}: {}", d.figure.name, d.drawing.svg()));
        drawn.iter().map(|d| d.figure.name).collect::<Vec<_>>()
    };
    let names = ["a", "b", "<c> & \"$\"", ""].map(String::from);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e-300, 1e200, -1e200, 1.0];
    for classes in 0..=names.len() {
        let classes = &names[..classes];
        for (x, y) in odd.iter().flat_map(|x| odd.map(|y| (*x, y))) {
            let row = |n: u8, label: &str, p: f64, number: usize| PredictedImage {
                image: Digest::of(&[n]),
                patient: String::new(),
                label: label.into(),
                predicted: "b".into(),
                probabilities: vec![p; number],
            };
            let all = [row(0, "a", x, classes.len()), row(1, "b", y, classes.len()), row(2, "?", 0.5, classes.len()), row(3, "a", 0.5, 1), row(4, "", x, 0)];
            for n in [0, 2, all.len()] {
                let Some(mut test) = TestPredictions::of("t", classes, None) else { continue };
                test.add("real", "0", &PredictionTable { classes: classes.to_vec(), rows: all[..n].to_vec() });
                assert!(fine(of_predictions(&test)).is_empty() || n > 0, "an empty table has no figure");
            }
        }
    }
    let mut test = TestPredictions::of("t", &names[..2], Some("b")).unwrap();
    let row = |n: u8, label: &str, p: f64| PredictedImage {
        image: Digest::of(&[n]),
        patient: String::new(),
        label: label.into(),
        predicted: "a".into(),
        probabilities: vec![1.0 - p, p],
    };
    test.add("real", "0", &PredictionTable { classes: names[..2].to_vec(), rows: vec![row(0, "a", 0.25), row(1, "b", 0.75)] });
    let of_predictions_alone: Vec<&str> = FIGURES.iter().filter(|f| matches!(f.draw, Draw::Predictions(_))).map(|f| f.name).collect();
    assert_eq!(fine(of_predictions(&test)), of_predictions_alone, "every figure of predictions is drawn");

    let count = |class: &str, real, synthetic| ClassCount { class: class.into(), real, synthetic };
    for (real, synthetic) in [(0, 0), (1, 0), (0, 1), (u64::from(u32::MAX), 7), (1 << 50, 1 << 50)] {
        let sets = [("x".to_owned(), vec![count("a", real, synthetic), count("", 0, 0)]), ("x".to_owned(), vec![]), ("".to_owned(), vec![])];
        (0..=sets.len()).for_each(|n| assert!(fine(of_training_sets(&sets[..n], "t")).len() == usize::from(n > 0 && real + synthetic > 0)));
    }
}

/// Ranges that a plotting library might divide, take logarithms of or count ticks in for ever.
#[test]
fn figures_of_anything_are_finite() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-300, 1e200, -1e200];
    let fine = |svg: &str, what: &str| {
        assert!(is_finite(svg), "{what}: {svg}");
    };
    let all_fine = |figures: FigureFiles| {
        let svgs: Vec<_> = figures.files.iter().filter(|(name, _)| name.ends_with(".svg")).collect();
        assert!(!svgs.is_empty());
        svgs.iter().for_each(|(name, bytes)| fine(std::str::from_utf8(bytes).unwrap(), name));
    };
    let history = |points: &[(f64, f64)]| {
        let mut history = History::of(&["step", "loss", "validation-loss", "loss-discriminator", "loss-generator", "d-real", "d-fake"]);
        for (x, y) in points {
            let seen: Vec<(&str, Option<f64>)> = [("step", *x), ("loss", *y), ("validation-loss", *y)].map(|(c, v)| (c, Some(v))).to_vec();
            let more = ["loss-discriminator", "loss-generator", "d-real", "d-fake"].map(|c| (c, Some(*y)));
            history.push(&[&seen[..], &more[..]].concat());
        }
        history
    };
    let watched = |points: &[(usize, f64)]| {
        let row = |metric: &str, step, y| WatchedRow { step, metric: metric.into(), value: Some(y), baseline: Some(y), ..WatchedRow::default() };
        let rows = points.iter().flat_map(|(step, y)| ["fid", "kid", "inception-score"].map(|metric| row(metric, *step, *y))).collect();
        let drawn = of_watched(&Table { rows }, "t");
        drawn.iter().for_each(|d| fine(&d.drawing.svg(), d.figure.name));
        drawn.len()
    };
    let curves = |history: &History| {
        let of_one = of_history(history, "t").into_iter().chain(of_unfinished(history, "t"));
        let drawn: Vec<Drawn> = of_one.chain(of_histories(&[("s".into(), history.clone())])).collect();
        drawn.iter().for_each(|d| fine(&d.drawing.svg(), d.figure.name));
        drawn.iter().map(|d| d.figure.name).collect::<Vec<_>>()
    };
    let of_trainings = [losses::FIGURE, discriminator_scores::FIGURE, losses_so_far::FIGURE, classifiers::TRAINING, classifiers::VALIDATION];
    for x in odd {
        for y in odd {
            let row = |i: u8, x, y| Embedded {
                image: Digest::of(&[i]),
                label: "a".into(),
                origin: Origin::Real,
                x: Some(x),
                y: Some(y),
                source: String::new(),
                role: Role::Fitted,
            };
            let rows = [row(0, x, y), row(1, 1.0, 2.0)];
            for n in [0, 1, 2] {
                let table = Table { rows: rows[..n].to_vec() };
                all_fine(of_embedding(Embedding { title: "", how: "", table: &table, by: ColouredBy::Label }, "caption").unwrap());
            }
            all_fine(of_comparison(&Table { rows: vec![interval(x, y)] }).unwrap());
            assert_eq!(watched(&[(1, x), (2, y)]), 3);
            let drawn = curves(&history(&[(0.0, x), (1.0, y)]));
            assert!(of_trainings.iter().all(|f| drawn.contains(&f.name)), "every figure of these columns is drawn: {drawn:?}");
        }
    }
    all_fine(of_comparison(&Table::default()).unwrap());
    assert_eq!((watched(&[]), watched(&[(5, 0.5)]), watched(&[(usize::MAX, 0.5), (usize::MAX, 0.5)])), (0, 0, 3));
    let drawn = curves(&history(&[]));
    let has_axes = of_trainings.map(|f| drawn.contains(&f.name));
    assert_eq!(has_axes, [true, true, false, false, false], "an empty history has axes while it is that of a training that is done");
}

/// A row that is added is drawn from the record that it reads, beside the others, under its own name.
#[test]
fn a_row_more_is_drawn_from_its_record() {
    const TWICE: Figure = Figure { name: "twice", ..intervals::FIGURE };
    const NEVER: Figure = Figure { name: "never", draw: Draw::Comparison(|_| None), ..intervals::FIGURE };
    static LONGER: [Figure; 4] = [embedding::FIGURE, intervals::FIGURE, TWICE, NEVER];
    let table = Table { rows: vec![interval(0.5, 0.25)] };
    let all = files(drawn(&LONGER, |draw| if let Draw::Comparison(f) = draw { f(&table) } else { None })).unwrap();
    let names: Vec<&str> = all.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["comparison.svg", "comparison.png", "twice.svg", "twice.png"]);
    assert!(all.files[0].1 == all.files[2].1, "what was drawn before leaves no trace");
    assert!(of_comparison(&table).unwrap().files[..2] == all.files[..2]);
}
