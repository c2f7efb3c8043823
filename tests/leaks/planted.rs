//! Ways in which patients or pictures of a test set reach a model.

use super::{Case, Expected, over_time};

/// A way, and what plants it.
pub(super) const KINDS: &[(&str, fn(&mut Case) -> Expected)] = &[
    ("a split by image", by_image),
    ("a generator trained on the test part", generator_on_test),
    ("a translator trained on the test part", translator_on_test),
    ("translations of test patients in the training set", test_translated),
    ("one registry in two imports", one_registry),
    ("two imports of one directory", one_directory),
    ("equal files under two patients of two imports", equal_files),
    ("files that were saved again under other patients", saved_again),
    ("files that were saved again within one import", saved_again_within),
    ("one synthetic set on both sides", synthetic_on_both_sides),
    ("a test set made of training patients", test_made_of_training),
    ("synthetic images of test patients, imported again", over_time::imported_again),
    ("weights that were trained on the test part", over_time::weights_by_path),
    ("weights that began with weights of the test part", over_time::weights_of_weights),
    ("a validation part that is the test part", validation_on_test),
    ("directories of patients under two classes, split by image", directories_by_image),
    ("two stages of the same phantoms", same_phantoms),
    ("translations of test patients, imported again", over_time::translations_imported),
    ("a patient of whom one image stands under another name in another import", known_by_an_image),
    ("a generator trained on the test part, long ago", over_time::generator_long_ago),
    ("weights of a patient's other images, in another study", over_time::weights_of_other_images),
    ("weights of a registry of which one number was corrected since", over_time::number_corrected),
    ("a test set made of copies of training images", test_made_of_copies),
    ("synthetic images of test patients, saved without their mark", over_time::mark_removed),
    ("synthetic images of a generator that this very run trains", over_time::made_in_this_run),
    ("weights that this very run trains", over_time::weights_of_this_run),
    ("real images on both sides, called a test of synthetic images", not_quality),
];

pub(super) const L1: &[&str] = &["[L0001]"];
const L2: &[&str] = &["[L0002]"];
const L4: &[&str] = &["[L0004]"];

fn by_image(c: &mut Case) -> Expected {
    let patients = 15 + c.below(6);
    c.cohort("img", "P", patients, 2);
    c.import("all", "img", "");
    c.line("split: { stage: split, in: { samples: all }, with: { by: image, train: 0.5, test: 0.5 } }");
    c.classifier("split.train", "all-pixels", "");
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L2)
}

fn generator_on_test(c: &mut Case) -> Expected {
    c.split_cohort();
    c.dcgan("gan", "split.test");
    c.sampled("syn", "gan");
    let arm = c.one_of(&["real+synthetic", "only-synthetic"]);
    c.arm("train", "split.train", "syn", arm);
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L1)
}

fn translator_on_test(c: &mut Case) -> Expected {
    c.split_cohort();
    c.cyclegan("gan", "split.test");
    c.line("syn: { stage: synthesize, in: { generator: gan, source: split.train, images: all-pixels } }");
    c.arm("train", "split.train", "syn", "only-synthetic");
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L1)
}

fn test_translated(c: &mut Case) -> Expected {
    c.split_cohort();
    c.cyclegan("gan", "split.train");
    c.line("syn: { stage: synthesize, in: { generator: gan, source: split.test, images: all-pixels } }");
    c.arm("train", "split.train", "syn", "real+synthetic");
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L2)
}

fn one_registry(c: &mut Case) -> Expected {
    let (n, m) = (9 + c.below(9), 9 + c.below(9));
    c.cohort("train", "P", n, 1);
    c.cohort("test", "P", m, 1);
    for name in ["train", "test"] {
        c.import(name, name, ", patients: registry");
    }
    c.classifier("train", "train-pixels", "");
    c.scores("test", "test-pixels", "");
    Expected::Refused(L2)
}

fn one_directory(c: &mut Case) -> Expected {
    let patients = 12 + c.below(9);
    c.cohort("img", "P", patients, 2);
    let (mut one, mut two) = (vec!["who,file,label".to_owned()], vec!["who,file,label".to_owned()]);
    for (n, row) in c.space.read("img.csv").lines().skip(1).enumerate() {
        if n % 2 == 0 { one.push(row.into()) } else { two.push(row.into()) }
    }
    c.space.write("one.csv", one.join("\n"));
    c.space.write("two.csv", two.join("\n"));
    for name in ["one", "two"] {
        c.line(format!("{name}: {{ stage: import, with: {{ images: img, table: {name}.csv, columns: {{ patient: who, file: file, label: label }} }} }}"));
        c.line(format!("{name}-pixels: {{ stage: prepare, in: {{ samples: {name} }}, with: {{ size: 32 }} }}"));
    }
    c.classifier("one", "one-pixels", "");
    c.scores("two", "two-pixels", "");
    Expected::Refused(L2)
}

/// Two imports of other patients, of which the second holds copies of the first's images, changed by `change`.
fn copies(c: &mut Case, change: fn(&[u8]) -> Vec<u8>) -> Expected {
    let (n, m) = (9 + c.below(6), 9 + c.below(6));
    let images = c.cohort("train", "P", n, 1);
    c.cohort("test", "Q", m, 1);
    let mut table = c.space.read("test.csv");
    let copied = 1 + c.below(3);
    for (i, image) in images.iter().enumerate().take(copied) {
        c.space.write(&format!("test/copy{i}.png"), change(image));
        table += &format!("R{i},copy{i}.png,{}\n", if i % 2 == 0 { "normal" } else { "covid" });
    }
    c.space.write("test.csv", table);
    c.import("train", "train", "");
    c.import("test", "test", "");
    c.classifier("train", "train-pixels", "");
    c.scores("test", "test-pixels", "");
    Expected::Refused(L4)
}

fn equal_files(c: &mut Case) -> Expected {
    copies(c, <[u8]>::to_vec)
}

/// The same greys in another file.
fn again(png: &[u8]) -> Vec<u8> {
    saved_as(png, "saved again")
}

/// The same greys in a file of its own.
pub(super) fn saved_as(png: &[u8], name: &str) -> Vec<u8> {
    let grey = hilum_stages::data::grey::decode(png).unwrap().grey;
    let pixels: Vec<u8> = grey.pixels.iter().map(|v| (v >> 8) as u8).collect();
    hilum_stages::data::png::encode(&pixels, grey.width, grey.height, &[("Comment", name)]).unwrap()
}

fn saved_again(c: &mut Case) -> Expected {
    copies(c, again)
}

fn saved_again_within(c: &mut Case) -> Expected {
    let images = c.cohort("img", "P", 14, 1);
    let mut table = c.space.read("img.csv");
    for (i, image) in images.iter().enumerate() {
        c.space.write(&format!("img/copy{i}.png"), again(image));
        table += &format!("Q{i},copy{i}.png,{}\n", if i % 3 == 0 { "covid" } else { "normal" });
    }
    c.space.write("img.csv", table);
    c.import("all", "img", "");
    c.line("split: { stage: split, in: { samples: all }, with: { train: 0.5, test: 0.5 } }");
    c.classifier("split.train", "all-pixels", "");
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(L4)
}

fn synthetic_on_both_sides(c: &mut Case) -> Expected {
    c.split_cohort();
    c.dcgan("gan", "split.train");
    c.sampled("syn", "gan");
    c.arm("train", "split.train", "syn", "only-synthetic");
    c.arm("testset", "split.test", "syn", "only-synthetic");
    c.classifier("train", "all-pixels, syn.images", "");
    c.scores("testset", "all-pixels, syn.images", "");
    Expected::Refused(&["[L0003]"])
}

fn test_made_of_training(c: &mut Case) -> Expected {
    c.split_cohort();
    c.dcgan("gan", "split.train");
    c.sampled("syn", "gan");
    // More than there are of the other class: a part whose classes are equal would be filled up with nothing.
    let arm = c.one_of(&["real+synthetic, ratio: 1.5", "only-synthetic"]);
    c.arm("testset", "split.test", "syn", arm);
    c.classifier("split.train", "all-pixels", "");
    c.scores("testset", "all-pixels, syn.images", "");
    Expected::Refused(&["[L0003]"])
}

fn known_by_an_image(c: &mut Case) -> Expected {
    let n = 9 + c.below(6);
    let images = c.cohort("train", "P", n, 2);
    c.cohort("test", "Q", 12, 1);
    // Of Q0, the first image is one of P0, on whose other images the model is trained; another patient of theirs is not.
    c.space.write("test/0.png", &images[0]);
    let picture = crate::repeatable::picture(&mut c.stream);
    c.space.write("test/more.png", picture);
    let table = c.space.read("test.csv");
    c.space.write("test.csv", table + "Q0,more.png,covid\n");
    let rows = c.space.read("train.csv");
    c.space.write("some.csv", rows.lines().filter(|r| !r.starts_with("P0,0.png")).collect::<Vec<_>>().join("\n"));
    c.import("train", "train", "");
    c.import("test", "test", "");
    c.line("some: { stage: import, with: { images: train, table: some.csv, columns: { patient: who, file: file, label: label } } }");
    c.classifier("some", "train-pixels", "");
    c.scores("test", "test-pixels", "");
    Expected::Refused(L4)
}

fn test_made_of_copies(c: &mut Case) -> Expected {
    let images = c.cohort("a", "P", 12, 1);
    let mut table = "who,file,label\n".to_owned();
    for (n, (image, row)) in images.iter().zip(c.space.read("a.csv").lines().skip(1)).enumerate() {
        c.space.write(&format!("b/{n}.png"), image);
        table += &format!("Q{n},{n}.png,{}\n", row.rsplit(',').next().unwrap());
    }
    c.space.write("b.csv", table);
    c.cohort("t", "T", 12, 1);
    for name in ["a", "b", "t"] {
        c.import(name, name, &format!(", patients: {name}"));
    }
    c.dcgan("gan", "b");
    c.lines = c.lines.iter().map(|l| l.replace("all-pixels", "b-pixels")).collect();
    c.sampled("syn", "gan");
    c.arm("testset", "t", "syn", "only-synthetic");
    c.classifier("a", "a-pixels", "");
    c.scores("testset", "t-pixels, syn.images", "");
    Expected::Refused(&["[L0003]"])
}

fn not_quality(c: &mut Case) -> Expected {
    c.split_cohort();
    c.classifier("split.train", "all-pixels", "");
    c.scores("split.train", "all-pixels", ", purpose: synthetic-quality");
    Expected::Refused(L2)
}

fn validation_on_test(c: &mut Case) -> Expected {
    c.split_cohort();
    let choice = c.one_of(&["keep: best", "early_stop: {}", "plateau: {}"]).to_owned();
    c.line(format!(
        "classifier: {{ stage: train-classifier, in: {{ samples: split.train, images: [all-pixels], validation: split.test }}, \
         with: {{ network: {{ smallcnn64: {{ width: 1 }} }}, epochs: 1, batch: 4, {choice} }} }}"
    ));
    c.scores("split.test", "all-pixels", "");
    Expected::Refused(&["[L0006]"])
}

/// Patients with a directory below each of two classes, split in this way.
pub(super) fn directories(c: &mut Case, by: &str) {
    for patient in 0..12 + c.below(6) {
        for class in ["covid", "normal"] {
            let bytes = crate::repeatable::picture(&mut c.stream);
            c.space.write(&format!("img/{class}/P{patient}/{class}.png"), bytes);
        }
    }
    c.line("all: { stage: import, with: { images: img } }");
    c.line("all-pixels: { stage: prepare, in: { samples: all }, with: { size: 32 } }");
    c.line(format!("split: {{ stage: split, in: {{ samples: all }}, with: {{ by: {by}, train: 0.5, test: 0.5 }} }}"));
    c.classifier("split.train", "all-pixels", "");
    c.scores("split.test", "all-pixels", "");
}

fn directories_by_image(c: &mut Case) -> Expected {
    directories(c, "image");
    Expected::Refused(L2)
}

fn same_phantoms(c: &mut Case) -> Expected {
    let classes = format!("{{ normal: {{ images: {} }}, covid: {{ images: 9, finding: focal }} }}", 10 + c.below(9));
    for name in ["train", "test"] {
        c.line(format!("{name}: {{ stage: phantoms, with: {{ size: 32, classes: {classes} }} }}"));
        c.line(format!("{name}-pixels: {{ stage: prepare, in: {{ samples: {name} }}, with: {{ size: 32 }} }}"));
    }
    c.classifier("train", "train-pixels", "");
    c.scores("test", "test-pixels", "");
    Expected::Refused(L4)
}
