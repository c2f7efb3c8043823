//! Leaks through what an earlier study made: images that are imported again, weights that a training begins with.

use super::planted::{L1, saved_as};
use super::{Case, Expected};

pub(super) fn translations_imported(c: &mut Case) -> Expected {
    c.split_cohort();
    let cohort = c.lines.clone();
    c.cyclegan("gan", "split.train");
    c.line("syn: { stage: synthesize, in: { generator: gan, source: split.test, images: all-pixels } }");
    c.first();
    keep_images(c, "syn", "made/covid");
    c.lines = cohort;
    trained_on_made(c);
    Expected::Refused(&["[L0001]", "[L0002]"])
}

pub(super) fn imported_again(c: &mut Case) -> Expected {
    made_of(c, "split.test");
    Expected::Refused(L1)
}

/// Copies images that the first study made in this stage to a directory.
pub(super) fn keep_images(c: &Case, stage: &str, dir: &str) {
    let made = c.space.path(&format!("results/leak/{stage}/samples/images"));
    for entry in std::fs::read_dir(made).unwrap().map(Result::unwrap) {
        c.space.write(&format!("{dir}/{}", entry.file_name().to_str().unwrap()), std::fs::read(entry.path()).unwrap());
    }
}

/// Makes images of a part in a first study, imports them in a second one and trains on them.
pub(super) fn made_of(c: &mut Case, part: &str) {
    c.split_cohort();
    let cohort = c.lines.clone();
    c.dcgan("gan", part);
    c.sampled("syn", "gan");
    c.first();
    keep_images(c, "syn", "made/covid");
    c.lines = cohort;
    trained_on_made(c);
}

/// Imports `made` and trains on it, too.
fn trained_on_made(c: &mut Case) {
    c.line("made: { stage: import, with: { images: made } }");
    c.line("made-pixels: { stage: prepare, in: { samples: made }, with: { size: 32 } }");
    c.arm("train", "split.train", "made", "only-synthetic");
    c.classifier("train", "all-pixels, made-pixels", "");
    c.scores("split.test", "all-pixels", "");
}

/// The line of a classifier that other weights may begin.
fn resnet(samples: &str, weights: &str) -> String {
    format!(
        "classifier: {{ stage: train-classifier, in: {{ samples: {samples}, images: all-pixels }}, with: {{ network: {{ resnet18: {{}} }}, {weights}steps: 1, batch: 4 }} }}"
    )
}

/// Copies the weights of the study that ran to a file, and names it as what a training begins with.
fn kept_weights(c: &Case, name: &str) -> String {
    let bytes = std::fs::read(c.space.path("results/leak/classifier/weights/weights.safetensors")).unwrap();
    c.space.write(name, &bytes);
    format!("weights: {{ path: {name}, sha256: {} }}, ", hilum_cache::Sha256::of(&bytes).hex())
}

/// Trains on a part and begins with these weights on the training part.
pub(super) fn pretrained(c: &mut Case, part: &str) {
    c.split_cohort();
    let cohort = c.lines.clone();
    c.line(resnet(part, ""));
    c.first();
    let weights = kept_weights(c, "w.safetensors");
    c.lines = cohort;
    c.line(resnet("split.train", &weights));
    c.scores("split.test", "all-pixels", "");
}

pub(super) fn weights_by_path(c: &mut Case) -> Expected {
    pretrained(c, "split.test");
    if c.below(2) == 0 {
        // What they were trained on stays known, even if it was removed.
        c.space.write("other.yaml", "study: other\nseed: 1\nstages:\n  some: { stage: phantoms, with: { size: 32, classes: { normal: { images: 12 } } } }\n");
        assert_eq!(c.space.hilum(&["run", "other.yaml", "--device", "cpu"]).code, 0);
        assert!(c.space.hilum(&["gc", "--keep-runs", "1"]).out.starts_with("removed "));
    }
    Expected::Refused(L1)
}

pub(super) fn weights_of_weights(c: &mut Case) -> Expected {
    c.split_cohort();
    let cohort = c.lines.clone();
    c.line(resnet("split.test", ""));
    c.first();
    let first = kept_weights(c, "one.safetensors");
    c.lines = cohort.clone();
    c.line(resnet("split.train", &first));
    c.first();
    let second = kept_weights(c, "two.safetensors");
    c.lines = cohort;
    c.line(resnet("split.train", &second));
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L1)
}

pub(super) fn generator_long_ago(c: &mut Case) -> Expected {
    c.split_cohort();
    c.dcgan("gan", "split.test");
    c.sampled("syn", "gan");
    c.arm("set", "split.train", "syn", "only-synthetic");
    c.line("few: { stage: undersample, in: { samples: set } }");
    let study = c.lines.clone();
    c.first();
    c.lines = study;
    c.classifier(if c.seed.is_multiple_of(2) { "set" } else { "few" }, "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L1)
}

pub(super) fn weights_of_other_images(c: &mut Case) -> Expected {
    c.cohort("img", "P", 14, 2);
    let mut halves = [vec!["who,file,label".to_owned()], vec!["who,file,label".to_owned()]];
    for (n, row) in c.space.read("img.csv").lines().skip(1).enumerate() {
        halves[n % 2].push(row.into());
    }
    // One image in both: the two tables are of one registry.
    let shared = halves[0][1].clone();
    halves[1].push(shared);
    c.space.write("img.csv", halves[0].join("\n"));
    c.import("all", "img", "");
    c.line(resnet("all", ""));
    c.first();
    let weights = kept_weights(c, "w.safetensors");
    c.space.write("img.csv", halves[1].join("\n"));
    c.cohort("other", "Q", 12, 1);
    c.import("all", "img", "");
    c.import("train", "other", "");
    c.line(resnet("train", &weights).replace("all-pixels", "train-pixels"));
    c.scores("all", "all-pixels", "");
    Expected::Refused(L1)
}

/// Four images are in both studies, one of them under another number; none of them is tested on.
pub(super) fn number_corrected(c: &mut Case) -> Expected {
    c.cohort("img", "P", 14, 2);
    let table = c.space.read("img.csv");
    let rows: Vec<&str> = table.lines().collect();
    let half = |n: usize| rows[1..].iter().enumerate().filter(move |(i, _)| i % 2 == n).map(|(_, r)| (*r).to_owned());
    let shared: Vec<String> = half(0).take(4).collect();
    let files: Vec<&str> = shared.iter().map(|r| r.split(',').nth(1).unwrap()).collect();
    let write = |c: &Case, body: Vec<String>| c.space.write("img.csv", format!("{}\n{}\n", rows[0], body.join("\n")));
    write(c, half(0).collect());
    c.import("all", "img", "");
    c.line(resnet("all", ""));
    c.first();
    let weights = kept_weights(c, "w.safetensors");
    let corrected = shared.iter().enumerate().map(|(i, r)| if i == 0 { format!("9{r}") } else { r.clone() });
    write(c, half(1).chain(corrected).collect());
    c.cohort("other", "Q", 12, 1);
    c.import("known", "img", "");
    c.import("tested", "img", &format!(", only: {{ file: {{ not: ['{}'] }} }}", files.join("', '")));
    c.import("train", "other", "");
    c.line(resnet("train", &weights).replace("all-pixels", "train-pixels"));
    c.scores("tested", "tested-pixels", "");
    Expected::Refused(L1)
}

pub(super) fn mark_removed(c: &mut Case) -> Expected {
    c.split_cohort();
    c.dcgan("gan", "split.test");
    c.sampled("syn", "gan");
    let cohort = c.lines.clone();
    c.first();
    let made = c.space.path("results/leak/syn/samples/images");
    for entry in std::fs::read_dir(made).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        c.space.write(&format!("made/covid/{name}"), saved_as(&std::fs::read(entry.path()).unwrap(), &name));
    }
    c.lines = cohort;
    trained_on_made(c);
    Expected::Refused(L1)
}

/// The first study ran in a store of its own; the second trains its generator again, on the test part.
pub(super) fn made_in_this_run(c: &mut Case) -> Expected {
    c.split_cohort();
    c.dcgan("gan", "split.test");
    let with_gan = c.lines.clone();
    c.sampled("syn", "gan");
    c.first();
    keep_images(c, "syn", "made/covid");
    forget_everything(c);
    c.lines = with_gan;
    trained_on_made(c);
    Expected::RefusedLater(L1)
}

pub(super) fn weights_of_this_run(c: &mut Case) -> Expected {
    c.split_cohort();
    c.line(resnet("split.test", ""));
    let first = c.lines.clone();
    c.first();
    let weights = kept_weights(c, "w.safetensors");
    forget_everything(c);
    c.lines = first;
    *c.lines.last_mut().unwrap() = c.lines.last().unwrap().replace("classifier:", "one:");
    c.line(resnet("split.train", &weights));
    c.scores("split.test", "all-pixels", "");
    Expected::RefusedLater(L1)
}

fn forget_everything(c: &Case) {
    for dir in [".hilum", "results"] {
        std::fs::remove_dir_all(c.space.path(dir)).unwrap();
    }
}
