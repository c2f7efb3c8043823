//! Studies of which nothing is wrong, near to those that are refused.

use super::{Case, over_time, planted};

/// A name, and what makes it.
pub(super) const KINDS: &[(&str, fn(&mut Case))] = &[
    ("a split by patient", plain),
    ("a generator trained on the training part", generator),
    ("translations within the training part", translator),
    ("two hospitals with the same numbers", two_hospitals),
    ("two hospitals with names of their own", two_names),
    ("a name that is another hospital's directory", name_of_a_directory),
    ("another registry, of which one image came here under another number", one_image_strayed),
    ("two stages of different phantoms", two_phantoms),
    ("one image under two patients", shared_image),
    ("synthetic images judged by a classifier", synthetic_quality),
    ("directories of patients under two classes", directories),
    ("a generator of one label, beside test patients of another", other_label),
    ("packs that hold the same images alike", equal_packs),
    ("synthetic images of training patients, imported again", imported_again),
    ("weights that were trained on the training part", own_weights),
    ("validation by a part of its own", validation),
    ("a generator of generated images of one label, beside others of test patients", of_one_generator),
    ("a class that is not filled up, as none is wanted", nothing_drawn),
    ("synthetic images alone as the test of a model of the same patients", made_alone),
];

fn plain(c: &mut Case) {
    c.split_cohort();
    c.line("few: { stage: undersample, in: { samples: split.train } }");
    c.classifier("few", "all-pixels", "");
    c.scores("split.test", "all-pixels", "");
}

fn with_generator(c: &mut Case) {
    c.split_cohort();
    c.dcgan("gan", "split.train");
    c.sampled("syn", "gan");
}

fn generator(c: &mut Case) {
    with_generator(c);
    let arm = c.one_of(&["real+synthetic", "only-synthetic"]);
    c.arm("train", "split.train", "syn", arm);
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
}

fn translator(c: &mut Case) {
    c.split_cohort();
    c.cyclegan("gan", "split.train");
    c.line("syn: { stage: synthesize, in: { generator: gan, source: split.train, images: all-pixels } }");
    c.arm("train", "split.train", "syn", "real+synthetic");
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
}

fn hospitals(c: &mut Case, names: [&str; 2]) {
    for (dir, more) in ["east", "west"].into_iter().zip(names) {
        let n = 9 + c.below(9);
        c.cohort(dir, "", n, 1);
        c.import(dir, dir, more);
    }
    c.classifier("east", "east-pixels", "");
    c.scores("west", "west-pixels", "");
}

fn two_hospitals(c: &mut Case) {
    hospitals(c, ["", ""]);
}

fn name_of_a_directory(c: &mut Case) {
    hospitals(c, ["", ", patients: east"]);
}

fn one_image_strayed(c: &mut Case) {
    c.cohort("east", "", 16, 1);
    c.import("all", "east", "");
    c.dcgan("gan", "all");
    c.sampled("syn", "gan");
    c.first();
    over_time::keep_images(c, "syn", "made/covid");
    // Other people with the same numbers; the last one's only image is a copy of the first one's there.
    c.cohort("west", "", 15, 1);
    let copy = std::fs::read(c.space.path("east/0.png")).unwrap();
    c.space.write("west/copy.png", copy);
    let table = c.space.read("west.csv") + "99,copy.png,covid\n";
    c.space.write("west.csv", table);
    let mark = |row: &str| if ["99", "0", "1", "2", "3", "4", "5"].contains(&row.split(',').next().unwrap()) { "some" } else { "others" };
    let marked: Vec<String> = c.space.read("west.csv").lines().skip(1).map(|row| format!("{row},{}", mark(row))).collect();
    c.space.write("west.csv", format!("who,file,label,use\n{}\n", marked.join("\n")));
    c.import("all", "west", ", only: { use: [some] }");
    c.import("others", "west", ", only: { use: [others] }");
    c.line("made: { stage: import, with: { images: made } }");
    c.line("made-pixels: { stage: prepare, in: { samples: made }, with: { size: 32 } }");
    c.arm("train", "all", "made", "only-synthetic");
    c.classifier("train", "all-pixels, made-pixels", "");
    c.scores("others", "others-pixels", "");
}

fn two_names(c: &mut Case) {
    hospitals(c, [", patients: east", ", patients: west"]);
}

fn two_phantoms(c: &mut Case) {
    for (name, seed) in [("train", 5), ("test", 6)] {
        c.line(format!("{name}: {{ stage: phantoms, seed: {seed}, with: {{ size: 32, classes: {{ normal: {{ images: 20 }}, covid: {{ images: 20, finding: peripheral }} }} }} }}"));
        c.line(format!("{name}-pixels: {{ stage: prepare, in: {{ samples: {name} }}, with: {{ size: 32 }} }}"));
    }
    c.classifier("train", "train-pixels", "");
    c.scores("test", "test-pixels", "");
}

fn shared_image(c: &mut Case) {
    let images = c.cohort("img", "P", 16, 1);
    let mut table = c.space.read("img.csv");
    for (i, image) in images.iter().enumerate().take(3) {
        c.space.write(&format!("img/copy{i}.png"), image);
        table += &format!("Q{i},copy{i}.png,normal\n");
    }
    c.space.write("img.csv", table);
    c.import("all", "img", "");
    c.line("split: { stage: split, in: { samples: all }, with: { train: 0.5, test: 0.5 } }");
    c.classifier("split.train", "all-pixels", "");
    c.scores("split.test", "all-pixels", "");
}

fn synthetic_quality(c: &mut Case) {
    with_generator(c);
    c.arm("made", "split.train", "syn", "only-synthetic");
    let (train, test) = if c.below(2) == 0 { ("made", "split.train") } else { ("split.train", "made") };
    c.classifier(train, "all-pixels, syn.images", "");
    c.scores(test, "all-pixels, syn.images", ", purpose: synthetic-quality");
}

fn directories(c: &mut Case) {
    planted::directories(c, "patient");
}

fn other_label(c: &mut Case) {
    // The generator sees all rows, of which only those of covid influence it; the test set holds normal ones of others.
    c.cohort("img", "P", 24, 1);
    let rows = c.space.read("img.csv");
    let mark = |row: &str| {
        let patient: usize = row.split(',').next().unwrap()[1..].parse().unwrap();
        if row.contains("normal") && patient.is_multiple_of(2) { "test" } else { "train" }
    };
    let marked: Vec<String> = rows.lines().skip(1).map(|r| format!("{r},{}", mark(r))).collect();
    c.space.write("img.csv", format!("who,file,label,part\n{}\n", marked.join("\n")));
    c.import("all", "img", "");
    for part in ["train", "test"] {
        c.line(format!("{part}: {{ stage: import, with: {{ images: img, table: img.csv, columns: {{ patient: who, file: file, label: label }}, only: {{ part: [{part}] }} }} }}"));
    }
    c.dcgan("gan", "all");
    c.sampled("syn", "gan");
    c.arm("set", "train", "syn", "real+synthetic");
    c.classifier("set", "all-pixels, syn.images", "");
    c.scores("test", "all-pixels", "");
}

fn equal_packs(c: &mut Case) {
    c.split_cohort();
    c.line("few: { stage: undersample, in: { samples: split.train } }");
    c.line("few-pixels: { stage: prepare, in: { samples: few }, with: { size: 32 } }");
    c.line("large: { stage: prepare, in: { samples: all }, with: { size: 40 } }");
    c.classifier("few", "few-pixels, all-pixels", "");
    c.scores("split.test", "all-pixels", "");
    c.line("embedding: { stage: umap, in: { samples: few, images: large }, with: { neighbours: 2 } }");
}

fn imported_again(c: &mut Case) {
    over_time::made_of(c, "split.train");
}

/// Two generators in a first study, of whose images a third one learns but one label.
fn of_one_generator(c: &mut Case) {
    c.split_cohort();
    let cohort = c.lines.clone();
    for (generator, part) in [("sound", "split.train"), ("leaky", "split.test")] {
        c.dcgan(generator, part);
        c.sampled(&format!("of-{generator}"), generator);
    }
    c.first();
    over_time::keep_images(c, "of-sound", "made/covid");
    over_time::keep_images(c, "of-leaky", "made/normal");
    c.lines = cohort;
    c.line("made: { stage: import, with: { images: made } }");
    c.line("made-pixels: { stage: prepare, in: { samples: made }, with: { size: 32 } }");
    c.line("gan: { stage: train-gan, in: { samples: made, images: made-pixels }, with: { network: { dcgan: { size: 32, width: 1, latent: 4 } }, label: covid, steps: 1, batch: 2 } }");
    c.sampled("syn", "gan");
    c.arm("train", "split.train", "syn", "real+synthetic");
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
}

fn made_alone(c: &mut Case) {
    with_generator(c);
    c.classifier("split.train", "all-pixels", "");
    c.scores("syn", "syn.images", ", purpose: synthetic-quality");
}

fn nothing_drawn(c: &mut Case) {
    c.split_cohort();
    c.dcgan("gan", "split.test");
    c.sampled("syn", "gan");
    c.line("train: { stage: oversample, in: { real: split.train, synthetic: syn }, with: { arm: real+synthetic, ratio: 0.1 } }");
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
}

fn own_weights(c: &mut Case) {
    over_time::pretrained(c, "split.train");
}

fn validation(c: &mut Case) {
    let patients = 20 + c.below(6);
    c.cohort("img", "P", patients, 1);
    c.import("all", "img", "");
    c.line("split: { stage: split, in: { samples: all }, with: { train: 0.5, validation: 0.25, test: 0.25 } }");
    c.classifier("split.train", "all-pixels", ", validation: split.validation");
    c.scores("split.test", "all-pixels", "");
}
