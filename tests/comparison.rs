//! Comparisons from outside: folds, networks, repeats and arms in one table, recomputed from the predictions; what is refused before
//! anything is trained; and the answer.

use crate::space::{Space, finished};
use serde_json::Value;
use std::collections::BTreeMap;

/// Three folds and an external test set, two networks, weights as an arm, two repeats.
const STUDY: &str = "study: folds
seed: 7
vars:
  small: { width: 2 }
  large: { width: 4 }
  plain: { class_weights: none }
  weighted: { class_weights: balanced }
stages:
  images: { stage: phantoms, with: { size: 32, classes: { normal: { images: 60 }, covid: { images: 45, finding: peripheral } } } }
  others: { stage: phantoms, seed: 8, with: { size: 32, classes: { normal: { images: 20 }, covid: { images: 20, finding: peripheral } } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  other-pixels: { stage: prepare, in: { samples: others }, with: { size: 32 } }
  parts:
    stage: split
    matrix: { fold: [0, 1, 2] }
    in: { samples: images }
    with: { folds: 3, fold: $fold }
  classifier:
    stage: train-classifier
    matrix: { arm: [plain, weighted], network: [small, large], repeat: [0, 1] }
    in: { samples: parts.train, images: pixels }
    with: { network: { smallcnn64: $network }, loss: $arm, steps: 6, batch: 16 }
  internal: { stage: evaluate, in: { weights: classifier, samples: parts.test, images: pixels }, with: { positive: covid } }
  external: { stage: evaluate, in: { weights: classifier, samples: others, images: other-pixels }, with: { positive: covid } }
  comparison:
    stage: compare
    in: { scores: [internal/*, external/fold=0/*] }
    with: { against: { arm: plain }, show: [auroc, sensitivity, accuracy], resamples: 200 }
";

type Row = BTreeMap<String, String>;

fn rows(space: &Space, file: &str) -> Vec<Row> {
    let text = space.read(file);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    reader.records().map(|r| header.iter().map(str::to_owned).zip(r.unwrap().iter().map(str::to_owned)).collect()).collect()
}

/// The area under the ROC curve by counting pairs.
fn area(images: &[(f64, bool)]) -> f64 {
    let of = |positive: bool| images.iter().filter(move |i| i.1 == positive).map(|i| i.0);
    let pairs: f64 = of(true)
        .map(|p| {
            of(false)
                .map(|n| {
                    if p > n {
                        1.0
                    } else if p == n {
                        0.5
                    } else {
                        0.0
                    }
                })
                .sum::<f64>()
        })
        .sum();
    pairs / (of(true).count() * of(false).count()) as f64
}

#[test]
fn folds_are_pooled_arms_paired_within_networks_and_the_table_follows_from_the_predictions() {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    let said = space.hilum(&["run", "study.yaml", "--json", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let table = rows(&space, "results/folds/comparison/table.csv");
    let of = |set: &str, arm: &str, metric: &str, class: &str| {
        let is = |r: &&Row| r["set"] == set && r["arm"] == arm && r["metric"] == metric && r["class"] == class;
        table.iter().find(is).unwrap_or_else(|| panic!("{set} {arm} {metric}"))
    };
    let number = |r: &Row, column: &str| r[column].parse::<f64>().unwrap();
    let mut means = BTreeMap::new();
    for set in ["internal", "external"] {
        for arm in ["plain", "weighted"] {
            for network in ["small", "large"] {
                let (mut areas, mut right) = (vec![], vec![]);
                for repeat in 0..2 {
                    let mut images = vec![];
                    for fold in if set == "internal" { 0..3 } else { 0..1 } {
                        let cell = format!("results/folds/{set}/arm={arm}/fold={fold}/network={network}/repeat={repeat}/predictions.csv");
                        images.extend(rows(&space, &cell));
                    }
                    assert_eq!(images.len(), if set == "internal" { 105 } else { 40 }, "every image is tested once");
                    areas.push(area(&images.iter().map(|r| (r["p-covid"].parse().unwrap(), r["label"] == "covid")).collect::<Vec<_>>()));
                    right.push(images.iter().filter(|r| r["label"] == r["predicted"]).count() as f64 / images.len() as f64);
                }
                let name = format!("arm={arm}/network={network}");
                let (auroc, accuracy) = (of(set, &name, "auroc", "covid"), of(set, &name, "accuracy", ""));
                let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
                assert!((number(auroc, "value") - mean(&areas)).abs() < 1e-12 && (number(accuracy, "value") - mean(&right)).abs() < 1e-12, "{set} {name}");
                assert_eq!((auroc["repeats"].as_str(), auroc["shown"].as_str()), ("2", "true"));
                means.insert((set, arm, network), mean(&areas));
            }
        }
    }
    for ((set, arm, network), value) in &means {
        let row = of(set, &format!("arm={arm}/network={network}"), "auroc", "covid");
        match *arm {
            "plain" => assert!(row["difference"].is_empty() && row["against"].is_empty()),
            _ => {
                assert_eq!(row["against"], format!("arm=plain/network={network}"), "paired within the network");
                assert!((number(row, "difference") - (value - means[&(*set, "plain", *network)])).abs() < 1e-12);
                assert!(!row["p"].is_empty() && number(row, "p-adjusted") >= number(row, "p"));
            }
        }
    }
    // One number bears one interval: that of a single training is that of its own table.
    let answers = finished(&said.out)["answers"].as_array().unwrap().clone();
    assert_eq!(answers.len(), 4, "two networks on two test sets");
    let sentence = answers[0]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("weighted against plain (internal, network=small), AUROC of covid ")
            && sentence.contains(" (Holm), 2 trainings, ")
            && sentence.ends_with(" patients with covid"),
        "{sentence}"
    );
    // In the order of the study, and last on the terminal.
    let arms: Vec<&str> = table.iter().take(4).map(|r| r["arm"].as_str()).collect();
    assert_eq!(arms, ["arm=plain/network=small", "arm=plain/network=large", "arm=weighted/network=small", "arm=weighted/network=large"]);
    let again = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert!(again.out.trim_end().lines().last().unwrap().contains("(external, network=large)"), "{}", again.out);
}

#[test]
fn a_single_training_has_one_interval_wherever_it_stands() {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    space.edit("repeat: [0, 1]", "repeat: [0]");
    space.edit("[internal/*, external/fold=0/*]", "external/fold=0/network=small/*");
    space.edit("network: [small, large]", "network: [small]");
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("each arm was trained once"), "{}", said.err);
    assert!(said.out.contains("for this one training"), "{}", said.out);
    let table = rows(&space, "results/folds/comparison/table.csv");
    let metrics = rows(&space, "results/folds/external/arm=plain/fold=0/network=small/repeat=0/metrics.csv");
    for m in &metrics {
        let row = table.iter().find(|r| r["arm"] == "arm=plain" && r["metric"] == m["metric"] && r["class"] == m["class"]).unwrap();
        for column in ["value", "low", "high", "count", "interval"] {
            assert_eq!(row[column], m[column], "{} {} {column}", m["metric"], m["class"]);
        }
    }
    assert!(metrics.iter().any(|m| m["interval"] == "clustered Wilson" && m["count"].contains('/')));
    assert!(metrics.iter().any(|m| m["interval"] == "jackknife t"));
}

/// A table of a paper, of two rows and two columns.
const PAPER: &str = "paper: A
source: B
counts: { covid: { printed: 45, in: Methods } }
tables:
  - table: Table 2
    in: p. 1
    unit: percent
    columns: [SEN, AUC]
    rows: { plain: [40.00, 0.10], weighted: [51.11, –] }
    rates: [{ column: SEN, of: covid }]
";

#[test]
fn published_numbers_stand_beside_and_folds_are_tested_one_by_one() {
    let space = Space::new();
    space.write("study.yaml", STUDY);
    space.write("paper.yaml", PAPER);
    space.edit("steps: 6", "steps: 25");
    space.edit("network: [small, large]", "network: [small]");
    space.edit("arm: [plain, weighted]", "arm: [plain, weighted, twice]");
    space.edit("  weighted: {", "  twice: { class_weights: balanced, label_smoothing: 0.1 }\n  weighted: {");
    space.edit("[internal/*, external/fold=0/*]", "internal/*");
    let reference = "reference: { paper: paper.yaml, table: Table 2, columns: { sensitivity: SEN, auroc: { column: AUC, unit: fraction } }, rows: { arm=plain/network=small: plain, \
                     arm=weighted/network=small: weighted } }";
    space.edit("resamples: 200", &format!("test: nadeau-bengio, {reference}"));
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let beside = rows(&space, "results/folds/comparison/reference.csv");
    let of = |row: &Row| ["arm", "metric", "class", "printed", "published", "row", "column"].map(|c| row[c].clone());
    assert_eq!(
        beside.iter().map(of).collect::<Vec<_>>(),
        [
            ["arm=plain/network=small", "auroc", "covid", "0.10", "0.1", "plain", "AUC"],
            ["arm=plain/network=small", "sensitivity", "covid", "40.00", "0.4", "plain", "SEN"],
            ["arm=weighted/network=small", "sensitivity", "covid", "51.11", "0.5111", "weighted", "SEN"],
        ]
        .map(|r| r.map(str::to_owned))
    );
    let number = |r: &Row, column: &str| r[column].parse::<f64>().unwrap();
    for row in &beside {
        assert!((number(row, "value") - number(row, "published") - number(row, "difference")).abs() < 1e-12);
        let is_inside = number(row, "low") <= number(row, "published") + 1e-4 && number(row, "published") - 5e-5 <= number(row, "high");
        assert_eq!(row["inside"], is_inside.to_string());
    }
    assert!(said.err.contains("of 3 published numbers lie in the intervals"), "{}", said.err);
    // The difference is the mean over folds, its error is Nadeau and Bengio's; repeats of a fold are no further folds.
    let log_loss = |arm: &str, fold: usize, repeat: usize| {
        let images = rows(&space, &format!("results/folds/internal/arm={arm}/fold={fold}/network=small/repeat={repeat}/predictions.csv"));
        images.iter().map(|r| -r[&format!("p-{}", r["label"])].parse::<f64>().unwrap().ln()).sum::<f64>() / images.len() as f64
    };
    let of_fold = |fold: usize| (0..2).map(|repeat| log_loss("weighted", fold, repeat) - log_loss("plain", fold, repeat)).sum::<f64>() / 2.0;
    let differences: Vec<f64> = (0..3).map(of_fold).collect();
    let table = rows(&space, "results/folds/comparison/table.csv");
    let row = table.iter().find(|r| r["arm"] == "arm=weighted/network=small" && r["metric"] == "log-loss" && r["class"].is_empty()).unwrap();
    let mean = differences.iter().sum::<f64>() / 3.0;
    assert!((number(row, "difference") - mean).abs() < 1e-12, "{row:?} {differences:?}");
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 2.0;
    // Two degrees of freedom: 4.302652…; each fold was trained on the other two.
    let half = 4.302_652_729_749_464 * ((1.0 / 3.0 + 0.5) * variance).sqrt();
    assert!(variance > 0.0 && (number(row, "difference-high") - mean - half).abs() < 1e-9, "{row:?}");
    assert_eq!(row["test"], "Nadeau-Bengio");
    assert!(said.out.contains("6 trainings"), "each fold of each repeat is one: {}", said.out);
    // What the paper does not have is said before anything runs.
    let wrong = [
        ("arm=plain/network=small: plain", "arm=plain/network=small: plane", "there is no row `plane`"),
        ("table: Table 2", "table: Table 3", "there is no table `Table 3`"),
        ("sensitivity: SEN", "sensitivity: SENS", "there is no column `SENS`"),
    ];
    for (right, wrong, message) in wrong {
        space.edit(right, wrong);
        let said = space.hilum(&["check", "study.yaml"]);
        assert!(said.code == 2 && said.err.contains("error[E0405]") && said.err.contains(message), "{}", said.err);
        space.edit(wrong, right);
    }
    // Three arms, one training each and one image a patient: do they differ at all?
    space.edit("test: nadeau-bengio, ", "");
    space.edit("repeat: [0, 1]", "repeat: [0]");
    space.edit("internal/*", "external/fold=0/*");
    space.edit("seed: 8, with: { size: 32,", "seed: 8, with: { size: 32, images_per_patient: 1,");
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let overall = rows(&space, "results/folds/comparison/overall.csv");
    let right: Vec<Vec<bool>> = ["plain", "weighted", "twice"]
        .iter()
        .map(|arm| {
            let images = rows(&space, &format!("results/folds/external/arm={arm}/fold=0/network=small/repeat=0/predictions.csv"));
            images.iter().map(|r| r["label"] == r["predicted"]).collect()
        })
        .collect();
    let of_image: Vec<f64> = (0..right[0].len()).map(|i| right.iter().filter(|arm| arm[i]).count() as f64).collect();
    let of_arm: Vec<f64> = right.iter().map(|arm| arm.iter().filter(|r| **r).count() as f64).collect();
    let (total, squares) = (of_arm.iter().sum::<f64>(), of_image.iter().map(|n| n * n).sum::<f64>());
    let q = 2.0 * (3.0 * of_arm.iter().map(|n| n * n).sum::<f64>() - total * total) / (3.0 * total - squares);
    let of_accuracy = overall.iter().find(|r| r["metric"] == "accuracy").unwrap();
    assert!((number(of_accuracy, "statistic") - q).abs() < 1e-12, "{q} {of_accuracy:?}");
    assert!((number(of_accuracy, "p") - (-q / 2.0).exp()).abs() < 1e-12, "χ² of two degrees of freedom");
    assert!(
        !overall.is_empty() && overall.iter().all(|r| r["test"] == "Cochran's Q" && r["arms"] == "3" && r["against"] == "arm=plain/network=small"),
        "{overall:?}"
    );
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_trained() {
    let refused = |edits: &[(&str, &str)], words: &[&str]| {
        let space = Space::new();
        space.write("study.yaml", STUDY);
        edits.iter().for_each(|(from, to)| space.edit(from, to));
        let said = space.hilum(&["check", "study.yaml"]);
        for word in words {
            assert!(said.code == 2 && said.err.contains(word), "expected `{word}`: {}", said.err);
        }
    };
    refused(
        &[
            ("with: { against: { arm: plain }, show", "with: { against: { arm: plain, network: small }, show"),
            ("repeat: [0, 1] }", "repeat: [0, 1], exclude: [ { arm: plain, network: small } ] }"),
        ],
        &["E0209"],
    );
    refused(
        &[("repeat: [0, 1] }", "repeat: [0, 1], exclude: [ { arm: plain, network: large } ] }")],
        &["E0209", "`arm=weighted/network=large` has no arm `arm=plain/network=large` to be compared with"],
    );
    refused(&[("repeat: [0, 1] }", "repeat: [0, 1], exclude: [ { arm: plain, fold: 1 } ] }")], &["E0209", "lacks fold 1 of 3"]);
    refused(&[("show: [auroc, sensitivity, accuracy]", "show: [auroc, sensitivty]")], &["E0106", "`sensitivty` is not a value of `show", "`sensitivity`"]);
    refused(
        &[("resamples: 200", "test: nadeau-bengio"), ("[internal/*, external/fold=0/*]", "external/fold=0/*")],
        &["E0209", "`test: nadeau-bengio` goes fold by fold, and `arm=plain/network=small` has no folds"],
    );
    refused(
        &[
            ("resamples: 200", "metric: sensitivity"),
            ("pixels }, with: { positive: covid } }\n  external", "pixels } }\n  external"),
            ("other-pixels }, with: { positive: covid } }", "other-pixels } }"),
        ],
        &["E0209", "`metric: sensitivity` has a value for each class"],
    );
    refused(&[("other-pixels }, with: { positive: covid } }", "other-pixels }, with: { positive: normal } }")], &["E0209", "have different positive classes"]);
    refused(&[("resamples: 200", "margin: 2")], &["E0106", "no difference of this metric is larger than the margin"]);
    refused(&[("show: [auroc, sensitivity, accuracy]", "show: [auroc/]")], &["E0106", "names no class after the slash"]);
    refused(
        &[("resamples: 200", "reference: { paper: p.yaml, table: T, columns: { auroc: A }, rows: { arm=plane: R } }")],
        &["E0209", "`reference.rows` names the arm `arm=plane`, which is not compared", "`arm=plain/network=small`"],
    );
    refused(
        &[("resamples: 200", "reference: { paper: p.yaml, table: T, columns: { aurok: A }, rows: { arm=plain/network=small: R } }")],
        &["E0106", "`aurok`"],
    );
    refused(&[("against: { arm: plain }", "against: { fold: 0 }")], &["folds of an arm are pooled and cannot be named"]);
    refused(&[("with: { positive: covid } }\n  external", "with: { threshold: { youden: {} } } }\n  external")], &["`threshold` requires `positive`"]);
    refused(
        &[("with: { positive: covid } }\n  external", "with: { positive: covid, threshold: { youden: {} } } }\n  external")],
        &["needs the input `validation`"],
    );
}

#[test]
fn a_threshold_and_a_temperature_come_from_validation_images_and_never_from_the_test_set() {
    let space = Space::tiny();
    space.edit("train: 0.7, test: 0.3", "train: 0.4, validation: 0.3, test: 0.3");
    let before = space.read("study.yaml");
    let with_validation = |set: &str| {
        before.replace("samples: split.test, images: pixels }", &format!("samples: split.test, validation: {set}, images: pixels }}")).replace(
            "with: { resamples: 200 }\n\n  comparison",
            "with: { positive: covid, threshold: { youden: {} }, calibrate: temperature, by: [sex, age] }\n\n  comparison",
        )
    };
    assert_ne!(with_validation("split.test"), before);
    space.write("study.yaml", with_validation("split.test"));
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert!(said.code == 4 && said.err.contains("error[L0006]") && said.err.contains("on patients that it is tested on"), "{}", said.err);
    space.write("study.yaml", with_validation("split.train"));
    let said = space.hilum(&["plan", "study.yaml"]);
    assert!(said.err.contains("warning[W0009]") && said.err.contains("on patients that the classifier was trained on"), "{}", said.err);
    space.write("study.yaml", with_validation("split.validation"));
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let notes: Vec<String> =
        said.out.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).filter(|e| e["event"] == "note").map(|e| e["text"].to_string()).collect();
    assert!(notes.iter().any(|n| n.contains("scaled by a temperature of ")) && notes.iter().any(|n| n.contains("chosen on the validation set")), "{notes:?}");
    let text = space.read("results/tiny/scores/arm=real/repeat=0/subgroups.csv");
    assert!(text.contains("sex,F,") && text.contains("sex,M,") && text.contains("age,40-59,"), "{text}");
}
