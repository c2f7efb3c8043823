//! How figures look: made-up records as studies have them, and as no study should, drawn by every row of the table. With
//! `HILUM_FIGURES=DIR`, they are written there, to be looked at.

use super::super::*;
use crate::contract::seed::{Seed, Stream};
use crate::data::sample::Origin;
use crate::figures::letters;
use crate::records::{Embedded, PredictedImage, PredictionTable, Role};
use hilum_cache::Digest;
use kuva::render::render::{Primitive, TextAnchor};

/// A long name, with what formulas and XML are made of.
const LONG: &str = "arm=cyclegan-zunair-<&>-$x$-with-a-name-that-fits-into-no-figure/network=densenet121/optimiser=adam";

fn arm(n: usize, are_long: bool) -> String {
    match (n, are_long) {
        (n, true) => format!("{LONG}-{n}"),
        (0, _) => "real".into(),
        (n, _) => format!("gan-{}/network=vgg16", n * 50),
    }
}

/// An arm's predictions: two images of each patient, better with each arm.
fn table(classes: &[&str], images: u32, (arm, training): (usize, usize), stream: &mut Stream) -> PredictionTable {
    let row = |n: u32, stream: &mut Stream| {
        let label = usize::from(n.is_multiple_of(5)) + usize::from(classes.len() > 2 && n.is_multiple_of(7));
        let lift = 0.25 + 0.02 * arm as f64 + 0.05 * training as f64;
        let raw: Vec<f64> = (0..classes.len()).map(|c| crate::math::exp(stream.normal() + if c == label { 4.0 * lift } else { 0.0 })).collect();
        let sum: f64 = raw.iter().sum();
        let probabilities: Vec<f64> = raw.iter().map(|p| p / sum).collect();
        let best = (0..classes.len()).fold(0, |best, c| if probabilities[c] > probabilities[best] { c } else { best });
        PredictedImage {
            image: Digest::of(&n.to_le_bytes()),
            patient: format!("p{}", n / 2),
            label: classes[label].into(),
            predicted: classes[best].into(),
            probabilities,
        }
    };
    PredictionTable { classes: classes.iter().map(|c| (*c).to_owned()).collect(), rows: (0..images).map(|n| row(n, stream)).collect() }
}

fn test_of(arms: usize, classes: &[&str], images: u32, are_long: bool) -> TestPredictions {
    let mut stream = Seed(1).stream("test", "looks");
    let names: Vec<String> = classes.iter().map(|c| (*c).to_owned()).collect();
    let mut test = TestPredictions::of(if are_long { LONG } else { "scores" }, &names, Some(classes[1])).unwrap();
    for n in 0..arms {
        (0..2).for_each(|training| test.add(&arm(n, are_long), &training.to_string(), &table(classes, images, (n, training), &mut stream)));
    }
    test
}

fn comparison(arms: usize, metrics: &[&str], are_long: bool) -> Table<Compared> {
    let row = |metric: &&str, n: usize| {
        let value = (0.7 + 0.011 * n as f64).min(0.98);
        let against = if n == 0 { String::new() } else { arm(0, are_long) };
        Compared {
            arm: arm(n, are_long),
            metric: (*metric).into(),
            class: if are_long { LONG.into() } else { "covid".into() },
            value: Some(value),
            low: (n % 6 != 5).then_some(value - 0.06),
            high: Some((value + 0.05).min(1.0)),
            against,
            shown: Some(true),
            ..Compared::default()
        }
    };
    Table { rows: metrics.iter().flat_map(|metric| (0..arms).map(move |n| row(metric, n))).collect() }
}

fn arms_of(arms: usize, are_long: bool) -> Table<ArmRow> {
    let row = |n: usize| ArmRow {
        set: String::new(),
        arm: arm(n, are_long),
        trainings: 3,
        steps: None,
        class: "covid".into(),
        real: Some(if n == 2 { 150 } else { 50 }),
        synthetic: Some(if n == 0 || n == 2 { 0 } else { n as u64 * 50 }),
        training_patients: Some(40),
        test_images: 60,
        test_patients: 50,
    };
    Table { rows: (0..arms).map(row).collect() }
}

fn evaluations(arms: usize, metrics: &[&str], are_long: bool) -> Vec<(String, Table<MetricRow>)> {
    let mut stream = Seed(2).stream("test", "spread");
    let class = if are_long { LONG } else { "covid" };
    let mut of = |n: usize| {
        let mut value = || Some((0.7 + 0.011 * n as f64 + 0.02 * stream.normal()).min(1.0));
        let rows = metrics.iter().map(|m| MetricRow { metric: (*m).into(), class: class.into(), value: value(), ..MetricRow::default() }).collect();
        (arm(n, are_long), Table { rows })
    };
    (0..arms * 5).map(|n| of(n / 5)).collect()
}

fn embedded(classes: usize, images: usize, are_long: bool) -> Table<Embedded> {
    let mut stream = Seed(3).stream("test", "map");
    let mut row = |n: usize| {
        let class = n % classes;
        let origin = if class == 1 && n.is_multiple_of(3) { Origin::Synthetic } else { Origin::Real };
        let [x, y] = [(class % 4) as f64 * 4.0, (class / 4) as f64 * 4.0].map(|c| Some(c + stream.normal()));
        let label = if are_long {
            format!("{LONG} {class}")
        } else {
            ["covid", "normal", "pneumonia"].get(class).map_or(format!("finding {class}"), |c| (*c).to_owned())
        };
        let role = if n.is_multiple_of(9) { Role::Placed } else { Role::Fitted };
        Embedded { image: Digest::of(&(n as u64).to_le_bytes()), label, origin, x, y, source: ["rsna", "cohen"][n % 2].into(), role }
    };
    Table { rows: (0..images).map(&mut row).collect() }
}

fn steps(parts: usize, are_long: bool) -> Vec<FlowStep> {
    let name = |text: &str| if are_long { format!("{LONG} {text}") } else { text.to_owned() };
    let step = |text: &str, from, images: u64| FlowStep {
        name: name(text),
        from,
        images,
        patients: images * 4 / 5,
        classes: vec![(name("covid"), images / 5), (name("normal"), images / 5 * 4)],
        ..FlowStep::default()
    };
    let mut all = vec![step("cxr", None, 1210), step("cohen", None, 340), step("all", Some(0), 1100), step("adults", Some(2), 1000)];
    all[0].notes = vec!["12 images are damaged".into()];
    all[2].left_out = Some((110, 90));
    all[3].left_out = Some((100, 80));
    all.extend((0..parts).map(|n| step(&format!("parts/fold={}, {}", n / 2, ["test", "train"][n % 2]), Some(3), if n % 2 == 0 { 250 } else { 750 })));
    all
}

fn histories(arms: usize, are_long: bool) -> Vec<(String, History)> {
    let mut stream = Seed(4).stream("test", "losses");
    let mut of = |n: usize| {
        let mut history = History::default();
        for epoch in 1..=30 {
            let loss = 0.1 + 0.7 / f64::from(epoch) + 0.03 * stream.unit();
            history.push(&[
                ("step", Some(f64::from(epoch) * 10.0)),
                ("epoch", Some(f64::from(epoch))),
                ("loss", Some(loss)),
                ("validation-loss", Some(loss + 0.1)),
            ]);
        }
        (arm(n, are_long), history)
    };
    (0..arms * 2).map(|n| of(n / 2)).collect()
}

fn adversarial() -> History {
    let mut stream = Seed(5).stream("test", "adversarial");
    let mut history = History::default();
    for step in 1..=1000 {
        let [a, b, c, d] = [1.2, 0.8, 0.6, 0.4].map(|v| Some(v + 0.1 * stream.normal()));
        history.push(&[("step", Some(f64::from(step))), ("loss-generator", a), ("loss-discriminator", b), ("d-real", c), ("d-fake", d)]);
    }
    history
}

fn watched(are_long: bool) -> Table<WatchedRow> {
    let mut stream = Seed(7).stream("test", "watched");
    let mut row = |step: usize, metric: &str, scale: f64| WatchedRow {
        step,
        extractor: if are_long { LONG.into() } else { "inception".into() },
        metric: metric.into(),
        value: Some(scale * (0.2 + 400.0 / step as f64 + 0.05 * stream.unit())),
        baseline: Some(scale * 0.15),
        ..WatchedRow::default()
    };
    let of_step = |step: usize| [row(step, "fid", 250.0), row(step, "kid", 0.1), row(step, "inception-score", 1.5)];
    Table { rows: (1..=13).map(|n| n * 500).flat_map(of_step).collect() }
}

fn sets(arms: usize, are_long: bool) -> Vec<(String, Vec<ClassCount>)> {
    let count = |class: &str, real, synthetic| ClassCount { class: if are_long { format!("{LONG} {class}") } else { class.into() }, real, synthetic };
    (0..arms).map(|n| (arm(n, are_long), vec![count("covid", 50, n as u64 * 50), count("normal", 1300, 0), count("pneumonia", 800, 0)])).collect()
}

/// Every figure, of few arms, of as many as are drawn, of long names, and of almost nothing.
fn all() -> Vec<(String, Drawing)> {
    let metrics = ["auroc", "auprc", "sensitivity"];
    let mut out = vec![];
    let mut add = |how: &str, drawn: Vec<Drawn>| out.extend(drawn.into_iter().map(|d| (format!("{how}-{}", d.figure.name), d.drawing)));
    for (how, arms, are_long) in [("one", 1, false), ("few", 3, false), ("many", 24, false), ("long", 5, true)] {
        add(how, of_predictions(&test_of(arms, &["normal", "covid"], 180, are_long)));
        let table = comparison(arms, &metrics, are_long);
        let intervals = drawn(FIGURES, |draw| if let Draw::Comparison(f) = draw { f(&table) } else { None });
        add(how, intervals);
        add(how, of_doses(&table, &arms_of(arms, are_long)));
        add(how, of_evaluations(&evaluations(arms, &metrics, are_long), &table));
        add(how, of_flow(&steps(arms, are_long)));
        add(how, of_training_sets(&sets(arms, are_long), "classifier"));
        let of_arms = histories(arms, are_long);
        add(how, of_histories(&of_arms));
        let map = embedded(arms, 40 * arms.max(6), are_long);
        let one = Embedding {
            title: "task=normal",
            how: "n_neighbors 15, min_dist 0.1, trustworthiness at 15 neighbours: 0.981",
            table: &map,
            by: ColouredBy::Label,
        };
        add(how, of_embeddings(&[one], "UMAP of 512 features of vgg16; 15 neighbours, min_dist 0.1, trustworthiness 0.981"));
        add(
            how,
            of_groups(
                &(0..arms)
                    .map(|n| (arm(n, are_long), within_groups::tests::table(if are_long { LONG } else { "covid" }, 0.6 + 0.01 * n as f64)))
                    .collect::<Vec<_>>(),
            ),
        );
        add(
            how,
            of_probes(
                &(0..arms).map(|n| (arm(n, are_long), probes::tests::table(if are_long { LONG } else { "covid" }, 0.5 + 0.01 * n as f64))).collect::<Vec<_>>(),
            ),
        );
        let extractors = if are_long { [LONG, "vgg16"] } else { ["inception", "torchxrayvision"] };
        add(how, of_qualities(&(0..arms).map(|n| (arm(n, are_long), quality::tests::table(&extractors, 1.0 + n as f64))).collect::<Vec<_>>()));
        add(how, of_embeddings(&[one, Embedding { by: ColouredBy::Source, title: LONG, ..one }, one], "Embeddings of images (UMAP)"));
    }
    add("few", of_history(&adversarial(), "generator"));
    add("few", of_watched(&watched(false), "generator"));
    add("long", of_watched(&watched(true), LONG));
    add("three", of_predictions(&test_of(3, &["normal", "covid", "pneumonia"], 210, false)));
    let findings: Vec<String> = (0..14).map(|n| format!("finding {n}")).collect();
    add("fourteen", of_predictions(&test_of(2, &findings.iter().map(String::as_str).collect::<Vec<_>>(), 210, false)));
    let mut odd = test_of(2, &["normal", "covid"], 1, false);
    odd.add(
        "broken",
        "0",
        &PredictionTable {
            rows: table(&["normal", "covid"], 60, (0, 0), &mut Seed(6).stream("test", "odd")).rows.into_iter().filter(|r| r.label == "normal").collect(),
            classes: vec![],
        },
    );
    add("odd", of_predictions(&odd));
    add("odd", of_histories(&[("real".to_owned(), History::of(&["step", "loss"]))]));
    out
}

/// A text of a drawing with the corners of its box; none for a slanted one, whose box is not where its letters are.
fn boxes(drawing: &Drawing) -> Vec<(String, [f64; 4])> {
    let of = |element: &Primitive| {
        let Primitive::Text { x, y, content, size, anchor, rotate, bold, .. } = element else { return None };
        let content = content.replace("\\$", "$");
        let width = letters::width(&content, *size) * if *bold { 1.1 } else { 1.0 };
        let before = match anchor {
            TextAnchor::Start => 0.0,
            TextAnchor::Middle => width / 2.0,
            TextAnchor::End => width,
        };
        let (up, down) = (0.72 * f64::from(*size), 0.2 * f64::from(*size));
        match rotate {
            None => Some((content, [x - before, y - up, x - before + width, y + down])),
            Some(-90.0) => Some((content, [x - up, y - width + before, x + down, y + before])),
            Some(_) => None,
        }
    };
    drawing.elements().iter().filter_map(of).collect()
}

/// Two texts that meet, or one that leaves the page.
fn collision(drawing: &Drawing, size: (f64, f64)) -> Option<String> {
    let all = boxes(drawing);
    for (n, (text, [left, top, right, bottom])) in all.iter().enumerate() {
        if *left < 0.0 || *top < 0.0 || *right > size.0 || *bottom > size.1 {
            return Some(format!("`{text}` leaves the page: {left:.0} to {right:.0}, {top:.0} to {bottom:.0} of {size:?}"));
        }
        let meets = |b: &[f64; 4]| left + 0.5 < b[2] && b[0] + 0.5 < *right && top + 0.5 < b[3] && b[1] + 0.5 < *bottom;
        if let Some((other, _)) = all[..n].iter().find(|(_, b)| meets(b)) {
            return Some(format!("`{text}` meets `{other}`"));
        }
    }
    None
}

#[test]
fn no_text_of_any_figure_meets_another_or_leaves_the_page() {
    let all = all();
    let names: Vec<&str> = FIGURES.iter().map(|f| f.name).collect();
    let missing: Vec<&&str> = names.iter().filter(|name| !all.iter().any(|(how, _)| how.ends_with(&format!("-{name}")))).collect();
    assert_eq!(missing, [&"losses-so-far"], "every other figure is looked at");
    let faults: Vec<String> = all.iter().filter_map(|(how, d)| Some(format!("{how}: {}", collision(d, d.size())?))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_collision_is_found() {
    let two = |x: f64| {
        let mut canvas = canvas::Canvas::default();
        canvas.text((10.0, 20.0), "one", canvas::Anchor::Start, canvas::INK);
        canvas.text((x, 22.0), "two", canvas::Anchor::Start, canvas::INK);
        let drawing = Drawing::on_canvas(canvas, 40.0, ("", None, ""));
        collision(&drawing, drawing.size())
    };
    assert_eq!(two(60.0), None);
    assert!(two(25.0).unwrap().contains("meets") && two(470.0).unwrap().contains("leaves the page"));
}

#[test]
fn figures_are_the_same_bytes_each_time_and_are_named() {
    let twice = [all(), all()];
    for ((how, a), (_, b)) in twice[0].iter().zip(&twice[1]) {
        let svg = a.svg();
        assert!(svg == b.svg() && a.data() == b.data(), "{how}");
        assert!(svg.contains(" role=\"img\"") && svg.contains("<title id=") && svg.contains("<desc id="), "{how}");
        assert!(!svg.contains("<&>") && !a.description().is_empty(), "{how}: texts are escaped");
        let sizes = svg.split("font-size=\"").skip(1).map(|part| part.split('"').next().unwrap().parse::<u32>().unwrap());
        assert!(sizes.min().unwrap() >= canvas::SIZE, "{how}: no text is smaller than can be read at 400 pixels");
    }
    if let Some(to) = std::env::var_os("HILUM_FIGURES") {
        for (how, drawing) in &twice[0] {
            drawing.files(how).unwrap().iter().for_each(|(name, bytes)| std::fs::write(std::path::Path::new(&to).join(name), bytes).unwrap());
        }
    }
}
