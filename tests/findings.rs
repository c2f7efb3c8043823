//! Findings that are no leak of patients: pixels that are not said, pictures that look alike, unknown patients and
//! generators. They appear in the terminal, the journal and the report.

use crate::repeatable::picture;
use crate::space::{Said, Space};
use hilum_stages::contract::seed::Seed;
use hilum_stages::data::grey::decode;
use hilum_stages::data::png::encode;

fn run(space: &Space) -> Said {
    space.hilum(&["run", "study.yaml", "--device", "cpu"])
}

/// A study that trains on `train` and tests on `test`, both imported with a table.
fn two_imports(more: &str) -> Space {
    let space = Space::new();
    let mut stream = Seed(3).stream("test", "findings");
    for dir in ["train", "test"] {
        let mut table = "who,file,label\n".to_owned();
        for i in 0..8 {
            space.write(&format!("{dir}/{i}.png"), picture(&mut stream));
            table += &format!("{dir}-{i},{i}.png,{}\n", if i % 2 == 0 { "normal" } else { "covid" });
        }
        space.write(&format!("{dir}.csv"), table);
    }
    let import = |name: &str| {
        format!(
            "  {name}: {{ stage: import, with: {{ images: {name}, table: {name}.csv, columns: {{ patient: who, file: file, label: label }}{more} }} }}\n  \
             {name}-pixels: {{ stage: prepare, in: {{ samples: {name} }}, with: {{ size: 32 }} }}\n"
        )
    };
    space.write(
        "study.yaml",
        format!(
            "study: findings\nseed: 1\nstages:\n{}{}  \
             classifier: {{ stage: train-classifier, in: {{ samples: train, images: [train-pixels] }}, with: {{ network: {{ smallcnn64: {{ width: 1 }} }}, steps: 1, batch: 4 }} }}\n  \
             scores: {{ stage: evaluate, in: {{ weights: classifier, samples: test, images: [test-pixels] }}, with: {{ resamples: 100 }} }}\n",
            import("train"),
            import("test")
        ),
    );
    space
}

#[test]
fn two_packs_with_different_pixels_of_one_image_are_refused_whichever_finishes_first() {
    for jobs in ["1", "4"] {
        let space = two_imports("");
        space.edit(
            "  classifier:",
            "  few: { stage: undersample, in: { samples: train } }\n  again: { stage: prepare, in: { samples: few }, with: { size: 32, contrast_stretch: true } }\n  classifier:",
        );
        space.edit("images: [train-pixels]", "images: [train-pixels, again]");
        let said = space.hilum(&["run", "study.yaml", "--device", "cpu", "--jobs", jobs, "--json"]);
        assert!(said.code == 4 && said.err.contains("error[L0005]: `classifier` has images with ambiguous pixels"), "{}", said.err);
        assert!(!crate::space::done(&said.out).contains(&"classifier".to_owned()));
        // Packs that hold the same pixels are no question.
        space.edit("contrast_stretch: true", "contrast_stretch: false");
        assert_eq!(run(&space).code, 0);
    }
}

#[test]
fn a_copy_that_was_brightened_is_a_warning_before_the_training() {
    let space = two_imports("");
    let grey = decode(&std::fs::read(space.path("train/0.png")).unwrap()).unwrap().grey;
    let brighter: Vec<u8> = grey.pixels.iter().map(|v| (v >> 8) as u8).map(|v| v - v / 8).collect();
    space.write("test/0.png", encode(&brighter, grey.width, grey.height, &[]).unwrap());
    let said = run(&space);
    assert_eq!(said.code, 0, "{}", said.err);
    let at = |text: &str| said.err.find(text).unwrap_or_else(|| panic!("`{text}` was not printed: {}", said.err));
    assert!(at("warning[W0002]") < at("classifier   started"), "{}", said.err);
    assert_eq!(said.err.matches("W0002").count(), 1, "{}", said.err);
    assert_eq!(space.hilum(&["report"]).code, 0);
    assert!(space.read("report.html").contains("leakage.near_duplicate"));
}

#[test]
fn imports_that_share_identifiers_give_a_warning() {
    let same = |space: &Space| {
        let table = space.read("test.csv").replace("test-", "train-");
        space.write("test.csv", table);
    };
    let space = two_imports("");
    same(&space);
    let said = run(&space);
    assert!(said.code == 0 && said.err.contains("warning[W0004]") && said.err.contains("8 identifiers are in both"), "{}", said.err);
    let space = two_imports(", patients: registry");
    same(&space);
    let said = run(&space);
    assert!(said.code == 4 && said.err.contains("error[L0002]") && !said.err.contains("W0004"), "{}", said.err);
}

#[test]
fn an_import_without_patients_gives_a_warning_unless_it_is_stated() {
    let space = Space::new();
    let mut stream = Seed(4).stream("test", "findings");
    for i in 0..8 {
        space.write(&format!("img/{}/{i}.png", ["a", "b"][i % 2]), picture(&mut stream));
    }
    space.write("study.yaml", "study: who\nseed: 1\nstages:\n  images: { stage: import, with: { images: img } }\n  split: { stage: split, in: { samples: images }, with: { train: 0.5, test: 0.5 } }\n");
    for _ in 0..2 {
        let said = run(&space);
        assert!(said.code == 0 && said.err.contains("warning[W0003]"), "{}", said.err);
    }
    space.edit("images: img }", "images: img, patients: one-per-image }");
    let said = run(&space);
    assert!(said.code == 0 && !said.err.contains("W0003"), "{}", said.err);
    assert_eq!(space.read("results/who/images/patients.csv").lines().count(), 1);
}

#[test]
fn images_of_an_unknown_generator_are_synthetic_and_give_a_warning() {
    let space = two_imports("");
    let mut stream = Seed(5).stream("test", "findings");
    let marks = [
        ("Description", "SYNTHETIC chest image, not for diagnosis"),
        ("Software", "hilum synthesize"),
        ("Source", &*format!("generator b3:{}, image 1", "ab".repeat(32))),
    ];
    for i in 0..8 {
        let grey = decode(&picture(&mut stream)).unwrap().grey;
        let pixels: Vec<u8> = grey.pixels.iter().map(|v| (v >> 8) as u8).collect();
        space.write(&format!("made/{}/{i}.png", ["normal", "covid"][i % 2]), encode(&pixels, 32, 32, &marks).unwrap());
    }
    space.edit("  classifier:", "  made: { stage: import, with: { images: made } }\n  made-pixels: { stage: prepare, in: { samples: made }, with: { size: 32 } }\n  set: { stage: oversample, in: { real: train, synthetic: made }, with: { arm: only-synthetic } }\n  classifier:");
    space.edit("samples: train, images: [train-pixels]", "samples: set, images: [train-pixels, made-pixels]");
    let said = run(&space);
    assert!(space.read("results/findings/made/samples.csv").lines().skip(1).all(|l| l.contains(",synthetic,")), "{}", said.err);
    assert!(said.err.contains("warning[W0005]") && said.err.contains("8 images"), "{}", said.err);
}

#[test]
fn weights_with_incomplete_training_data_give_a_warning() {
    let space = two_imports("");
    space.edit("{ smallcnn64: { width: 1 } }", "{ resnet18: {} }");
    assert_eq!(run(&space).code, 0);
    let weights = std::fs::read(space.path("results/findings/classifier/weights/weights.safetensors")).unwrap();
    space.write("w.safetensors", &weights);
    // The table that they were trained on is no longer there, and the study no longer makes it.
    let table = std::fs::read(space.path("results/findings/train/samples.csv")).unwrap();
    let hex = hilum_cache::Digest::of(&table).hex();
    std::fs::remove_file(space.path(&format!(".hilum/objects/{}/{}", &hex[..2], &hex[2..]))).unwrap();
    let other = space.read("train.csv").lines().filter(|l| !l.starts_with("train-0")).collect::<Vec<_>>().join("\n");
    space.write("train.csv", other);
    let sha256 = hilum_cache::Sha256::of(&weights).hex();
    space.edit("{ resnet18: {} }", &format!("{{ resnet18: {{}} }}, weights: {{ path: w.safetensors, sha256: {sha256} }}"));
    let said = run(&space);
    assert!(said.code == 0 && said.err.contains("warning[W0006]"), "{}", said.err);
}
