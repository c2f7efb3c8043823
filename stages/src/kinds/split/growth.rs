//! What happens to a split when its cohort grows: the bound that the manual states.

use super::{Inputs, Split};
use crate::contract::prelude::*;
use crate::contract::seed::Seed;
use crate::data::patients::token;
use crate::data::sample::{Sample, Samples, tests::sample};
use hilum_cache::Digest;
use std::collections::BTreeMap;

/// The part of every patient.
fn parts(split: &str, rows: &[Sample], seed: u64) -> BTreeMap<String, &'static str> {
    let stage: Split = serde_json::from_str(split).unwrap();
    assert!(stage.check().is_empty(), "{split}");
    let cx = Context::for_tests(Split::NAME).seeded(seed);
    let out = stage.run(Inputs { samples: Samples::of(rows.to_vec()) }, &cx).unwrap();
    let mut found = BTreeMap::new();
    for (part, samples) in [("train", Some(out.train)), ("validation", out.validation), ("test", out.test)] {
        for row in samples.iter().flat_map(|s| &s.rows) {
            assert!(found.insert(row.patient.clone(), part).is_none_or(|p| p == part), "a patient is in two parts");
        }
    }
    found
}

/// A patient with one to three images of one label.
fn patient(n: usize, label: usize, stream: &mut Stream) -> Vec<Sample> {
    let images: Vec<Digest> = (0..1 + stream.below(3)).map(|i| Digest::of(format!("{n}/{i}/{}", stream.bits()).as_bytes())).collect();
    let name = token(images.iter().min().unwrap());
    let row = |(i, image): (usize, &Digest)| Sample { image: *image, ..sample(&name, i as u32, &format!("label{label}")) };
    images.iter().enumerate().map(row).collect()
}

fn moved(before: &BTreeMap<String, &str>, after: &BTreeMap<String, &str>) -> usize {
    before.iter().filter(|(who, part)| after.get(*who) != Some(part)).count()
}

const SHARES: [(&str, usize); 4] = [
    (r#"{"train": 0.7, "test": 0.3}"#, 2),
    (r#"{"train": 0.8, "validation": 0.1, "test": 0.1}"#, 3),
    (r#"{"train": 0.5, "validation": 0.2, "test": 0.2}"#, 4),
    (r#"{"folds": 4, "fold": 1}"#, 4),
];

#[test]
fn a_cohort_that_grows_moves_only_patients_at_a_boundary() {
    let mut stream = Seed(11).stream("test", "growth");
    let mut worst: BTreeMap<(usize, usize), (usize, usize)> = BTreeMap::new();
    for labels in 1..=10 {
        for (split, parts_of) in SHARES {
            for grow in [1, 10, 100] {
                let seed = stream.bits() >> 1;
                let mut rows: Vec<Sample> = (0..20 * labels).flat_map(|n| patient(n, n % labels, &mut stream)).collect();
                let (mut before, mut most, mut all) = (parts(split, &rows, seed), 0, 0);
                // One at a time where the bound of one is held, all at once in the larger steps.
                let steps = if grow == 10 { 10 } else { 1 };
                for _ in 0..steps {
                    for _ in 0..grow / steps {
                        let label = stream.below(labels);
                        rows.extend(patient(rows.len(), label, &mut stream));
                    }
                    let after = parts(split, &rows, seed);
                    let n = moved(&before, &after);
                    let bound = (grow / steps) * (parts_of - 1) * labels;
                    assert!(n <= bound, "{n} of {} patients moved, {bound} may: {split}, {labels} labels", before.len());
                    (most, all, before) = (most.max(n), all + n, after);
                }
                let seen = worst.entry((grow, parts_of)).or_default();
                *seen = (seen.0.max(most), seen.1 + all);
            }
        }
    }
    let _ =
        std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("patients added, parts: most that moved at once, moved in all 10 cohorts: {worst:?}\n"));
}

#[test]
fn by_threshold_nobody_moves() {
    let mut stream = Seed(12).stream("test", "growth");
    for (split, _) in SHARES {
        let split = split.replace('}', r#", "assign": "threshold"}"#);
        let mut rows: Vec<Sample> = (0..200).flat_map(|n| patient(n, n % 3, &mut stream)).collect();
        let before = parts(&split, &rows, 5);
        rows.extend((0..111).flat_map(|n| patient(1000 + n, n % 4, &mut stream)));
        assert_eq!(moved(&before, &parts(&split, &rows, 5)), 0);
    }
    let half = parts(r#"{"train": 0.5, "test": 0.5, "assign": "threshold"}"#, &(0..2000).flat_map(|n| patient(n, 0, &mut stream)).collect::<Vec<_>>(), 3);
    let train = half.values().filter(|p| **p == "train").count();
    assert!((900..1100).contains(&train), "{train} of 2000");
}

#[test]
fn names_and_order_of_rows_decide_nothing() {
    let mut stream = Seed(13).stream("test", "growth");
    let rows: Vec<Sample> = (0..60).flat_map(|n| patient(n, n % 3, &mut stream)).collect();
    let mut shuffled = rows.clone();
    stream.shuffle(&mut shuffled);
    for (split, _) in SHARES {
        assert_eq!(parts(split, &rows, 1), parts(split, &shuffled, 1));
        assert_ne!(parts(split, &rows, 1), parts(split, &rows, 2), "the seed decides");
    }
}

#[test]
fn counts_are_those_of_the_shares_over_all_labels() {
    let mut stream = Seed(14).stream("test", "growth");
    let cohort = |per_label: usize, stream: &mut Stream| -> Vec<Sample> { (0..10 * per_label).flat_map(|n| patient(n, n % 10, stream)).collect() };
    let count = |parts: &BTreeMap<String, &str>, part: &str| parts.values().filter(|p| **p == part).count();
    let small = parts(r#"{"train": 0.8, "validation": 0.1, "test": 0.1}"#, &cohort(3, &mut stream), 1);
    assert_eq!(["train", "validation", "test"].map(|p| count(&small, p)), [24, 3, 3]);
    let rows = cohort(9, &mut stream);
    let folds: Vec<usize> = (0..4).map(|f| count(&parts(&format!(r#"{{"folds": 4, "fold": {f}}}"#), &rows, 1), "test")).collect();
    assert_eq!(folds, [23, 23, 22, 22]);
}
