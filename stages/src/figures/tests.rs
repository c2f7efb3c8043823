//! Tests of the table and of what is drawn from odd records.

use super::*;
use crate::data::sample::Origin;
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

/// Ranges that a plotting library might divide, take logarithms of or count ticks in for ever.
#[test]
fn figures_of_anything_are_finite() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-300, 1e200, -1e200];
    let fine = |svg: &str, what: &str| {
        let coordinates = svg.split('"').filter(|value| ["NaN", "inf", "-inf"].contains(value)).count();
        assert!(svg.contains("<svg") && coordinates == 0, "{what}: {svg}");
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
    let curves = |history: &History| {
        let of_one = of_history(history, "t").into_iter().chain(of_unfinished(history, "t"));
        let drawn: Vec<Drawn> = of_one.chain(of_histories(&[("s".into(), history.clone())])).collect();
        drawn.iter().for_each(|d| fine(&d.drawing.svg(), d.figure.name));
        drawn.iter().map(|d| d.figure.name).collect::<Vec<_>>()
    };
    let of_trainings = [losses::FIGURE, discriminator_scores::FIGURE, losses_so_far::FIGURE, classifiers::TRAINING, classifiers::VALIDATION];
    for x in odd {
        for y in odd {
            let row = |i: u8, x, y| Embedded { image: Digest::of(&[i]), label: "a".into(), origin: Origin::Real, x: Some(x), y: Some(y) };
            let rows = [row(0, x, y), row(1, 1.0, 2.0)];
            for n in [0, 1, 2] {
                all_fine(of_embedding(&Table { rows: rows[..n].to_vec() }, "caption").unwrap());
            }
            all_fine(of_comparison(&Table { rows: vec![interval(x, y)] }).unwrap());
            let drawn = curves(&history(&[(0.0, x), (1.0, y)]));
            assert!(of_trainings.iter().all(|f| drawn.contains(&f.name)), "every figure of these columns is drawn: {drawn:?}");
        }
    }
    all_fine(of_comparison(&Table::default()).unwrap());
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
