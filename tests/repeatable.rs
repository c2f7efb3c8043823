//! A study is reproducible by anyone: another key, directory, order of rows, `--jobs` and number of threads give the same images in
//! each part and the same metrics, byte for byte. Random studies; `HILUM_STUDIES=100` tries as many.

use crate::space::Space;
use hilum_stages::contract::seed::{Seed, Stream};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

/// A study on a directory of its own images, with a table.
pub struct Cohort {
    pub study: String,
    pub images: Vec<(String, Vec<u8>)>,
    pub rows: Vec<String>,
}

/// An image of random blocks, 32 pixels a side: no two are alike.
pub fn picture(stream: &mut Stream) -> Vec<u8> {
    let blocks: Vec<u8> = (0..64).map(|_| stream.below(256) as u8).collect();
    let pixels: Vec<u8> = (0..32 * 32).map(|i| blocks[i / 32 / 4 * 8 + i % 32 / 4].saturating_add(stream.below(12) as u8)).collect();
    hilum_stages::data::png::encode(&pixels, 32, 32, &[]).unwrap()
}

fn cohort(stream: &mut Stream) -> Cohort {
    let labels = ["normal", "covid", "pneumonia"];
    let (mut images, mut rows) = (vec![], vec![]);
    let with_shared = stream.chance(0.3);
    for patient in 0..18 + stream.below(12) {
        let among = 2 + usize::from(stream.chance(0.3));
        let label = labels[if patient < 4 { patient % 2 } else { stream.below(among) }];
        for n in 0..1 + stream.below(3) {
            let name = format!("{}{patient}-{n}.png", if stream.chance(0.5) { "a/" } else { "" });
            let bytes = match images.last() {
                // Sometimes one image belongs to two patients.
                Some((_, last)) if with_shared && n == 0 && stream.chance(0.1) => Vec::clone(last),
                _ => picture(stream),
            };
            let source = if stream.chance(0.5) { "east" } else { "west" };
            rows.push(format!("ID{patient:03},{name},{label},{source},{}", 30 + stream.below(50)));
            images.push((name, bytes));
        }
    }
    let split = match stream.below(5) {
        0 => "by: patient, train: 0.6, test: 0.4".to_owned(),
        1 => "train: 0.5, validation: 0.2, test: 0.3".to_owned(),
        2 => format!("folds: 3, fold: {}", stream.below(3)),
        3 => "train: 0.6, test: 0.4, assign: threshold".to_owned(),
        _ => "train: 0.5, test: 0.3, stratify: none".to_owned(),
    };
    let arm = ["real", "repeated"][stream.below(2)];
    let study = format!(
        "study: repeat\nseed: {}\nstages:\n  images:\n    stage: import\n    with:\n      images: data:images\n      table: data:table.csv\n      \
         columns: {{ patient: who, file: file, label: label, source: source, age: age }}\n  \
         pixels: {{ stage: prepare, in: {{ samples: images }}, with: {{ size: 32 }} }}\n  \
         split: {{ stage: split, in: {{ samples: images }}, with: {{ {split} }} }}\n  \
         few: {{ stage: undersample, in: {{ samples: split.train }}, with: {{ ratio: {} }} }}\n  \
         set: {{ stage: oversample, in: {{ real: few }}, with: {{ arm: {arm} }} }}\n  \
         classifier:\n    stage: train-classifier\n    in: {{ samples: set, images: pixels }}\n    \
         with: {{ network: {{ smallcnn64: {{ width: 2 }} }}, steps: 3, batch: 6, augment: {{ flip: true }} }}\n  \
         scores: {{ stage: evaluate, in: {{ weights: classifier, samples: split.test, images: pixels }}, with: {{ resamples: 100 }} }}\n  \
         embedding: {{ stage: umap, in: {{ samples: [split.train, split.test], images: pixels }}, with: {{ neighbours: 3, max_per_label: 9 }} }}\n",
        stream.below(1 << 30),
        1.0 + stream.unit(),
    );
    Cohort { study, images, rows }
}

/// What a run left in its results, by path, but for the table of pseudonyms; an unusable split is represented by its message.
fn outcome(c: &Cohort, directory: &str, order: u64, jobs: &str, threads: &str) -> BTreeMap<String, Vec<u8>> {
    let space = Space::new();
    for (name, bytes) in &c.images {
        space.write(&format!("{directory}/images/{name}"), bytes);
    }
    let mut rows = c.rows.clone();
    Seed(order).stream("test", "order").shuffle(&mut rows);
    space.write(&format!("{directory}/table.csv"), format!("who,file,label,source,age\n{}\n", rows.join("\n")));
    space.write("study.yaml", &c.study);
    let data = format!("data={directory}");
    let mut command = space.command(&["run", "study.yaml", "--data", &data, "--jobs", jobs, "--device", "cpu"]);
    let said = crate::space::said(command.env("RAYON_NUM_THREADS", threads).output().unwrap());
    let mut out = BTreeMap::new();
    if said.code != 0 {
        let error = said.err.lines().find(|l| l.contains("error")).unwrap_or_default().to_owned();
        // A label that only the test part has, or an empty part: the study is unusable, and equally so everywhere.
        let usual = ["would be empty", "needs images", "needs images", "not one of the classifier's classes"];
        assert!(usual.iter().any(|u| error.contains(u)), "{}", said.err);
        out.insert("error".to_owned(), error.into_bytes());
        return out;
    }
    let mut directories = vec![space.path("results/repeat")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let name = entry.path().strip_prefix(space.path("results")).unwrap().display().to_string();
            if entry.path().is_dir() {
                directories.push(entry.path());
            } else if !name.ends_with(".laid-out") && !name.contains("patients") {
                out.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    out
}

/// For runs with `--nocapture`.
fn eprint_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn another_key_directory_order_and_number_of_threads_change_no_byte() {
    let studies: u64 = std::env::var("HILUM_STUDIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let (mut whole, mut files) = (0, 0);
    for n in 0..studies {
        let mut stream = Seed(n).stream("test", "repeatable");
        let c = cohort(&mut stream);
        let first = outcome(&c, "data", 0, "1", "1");
        let second = outcome(&c, "elsewhere/deep/down", n + 1, ["2", "3", "8"][stream.below(3)], ["2", "3"][stream.below(2)]);
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>(), "study {n}");
        for (name, bytes) in &first {
            assert!(second[name] == *bytes, "study {n}: {name} differs\n{}", c.study);
        }
        whole += usize::from(first.len() > 1);
        files += first.len();
    }
    eprint_line(&format!("{studies} studies, {whole} of them whole: {files} files equal"));
    assert!(whole * 2 > studies as usize, "only {whole} of {studies} studies ran to their end: the generator of studies makes too many that are refused");
}
