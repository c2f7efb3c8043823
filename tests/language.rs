//! The language of studies: several spellings of one thing resolve to the same study. Nothing is run.

use crate::space::{Said, Space};
use serde_json::{Value, json};

const BASE: &str = "study: language\nseed: 1\nstages:\n  \
    images: { stage: phantoms, with: { size: 32, classes: { normal: { images: 9 }, covid: { images: 9 } } } }\n  \
    pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n  \
    small: { stage: undersample, in: { samples: images } }\n";

fn space(more: &str) -> Space {
    let space = Space::new();
    space.write("study.yaml", format!("{BASE}{more}"));
    space
}

fn resolved(space: &Space, args: &[&str]) -> Value {
    let said = space.hilum(&[&["plan", "study.yaml", "--resolved", "--json"], args].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    document["resolved"].clone()
}

fn fault(space: &Space, args: &[&str]) -> String {
    let Said { code, err, .. } = space.hilum(&[&["check", "study.yaml"], args].concat());
    assert_eq!(code, 2, "{err}");
    err
}

fn cells(resolved: &Value, stage: &str) -> Vec<String> {
    let all = resolved["order"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned());
    all.filter(|n| n.split('/').next() == Some(stage)).collect()
}

#[test]
fn a_choice_is_a_word_a_map_or_a_map_with_nothing_in_it() {
    let all = ["resnet18", "{ resnet18: }", "{ resnet18: {} }"].map(|network| {
        let space = space(&format!(
            "  c: {{ stage: train-classifier, in: {{ samples: images, images: pixels }}, with: {{ network: {network}, steps: 1, optimiser: adam }} }}\n"
        ));
        resolved(&space, &[])["stages"]["c"]["with"].clone()
    });
    assert_eq!(all[0]["network"], json!({ "resnet18": { "channels": all[0]["network"]["resnet18"]["channels"] } }));
    assert!(all[0]["optimiser"]["adam"]["learning_rate"].is_number());
    assert!(all.iter().all(|w| *w == all[0]));
}

#[test]
fn an_argument_or_an_extending_file_replaces_a_choice() {
    let base = space("  c: { stage: train-classifier, in: { samples: images, images: pixels }, with: { network: { smallcnn64: { width: 4 } }, steps: 1 } }\n");
    let network = |space: &Space, args: &[&str]| resolved(space, args)["stages"]["c"]["with"]["network"].clone();
    let resnet = |network: Value| network.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for set in ["network=resnet18", "network.resnet18.channels=1", "network={resnet18: {}}"] {
        assert_eq!(resnet(network(&base, &["--set", &format!("stages.c.with.{set}")])), ["resnet18"], "{set}");
    }
    assert_eq!(network(&base, &["--set", "stages.c.with.network.smallcnn64.width=8"])["smallcnn64"]["width"], 8);
    base.write("base.yaml", base.read("study.yaml"));
    base.write("study.yaml", "extends: base.yaml\nstages: { c: { with: { network: { resnet18: {} } } } }\n");
    assert_eq!(resnet(network(&base, &[])), ["resnet18"]);
    base.write("study.yaml", "extends: base.yaml\nstages: { c: { with: { network: { resnet18: {}, vgg16: {} } } } }\n");
    assert!(fault(&base, &[]).contains("names 3 values where one is expected"));
}

#[test]
fn maps_are_merged_by_key_and_by_name() {
    let text = "study: merged\nseed: 1\nvars: { usual: { steps: 5, batch: 4 } }\nstages:\n  \
        images: &i { stage: phantoms, with: &w { size: 32, classes: { normal: { images: 9 }, covid: { images: 9 } } } }\n  \
        more: { <<: *i, with: { <<: *w, size: 64 } }\n  \
        pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }\n  \
        a: { stage: train-classifier, in: { samples: images, images: pixels }, with: { <<: $usual, network: smallcnn64, steps: 7 } }\n";
    let space = Space::new();
    space.write("study.yaml", text);
    let stages = &resolved(&space, &[])["stages"];
    assert_eq!((&stages["more"]["with"]["size"], &stages["more"]["with"]["classes"]), (&json!(64), &stages["images"]["with"]["classes"]));
    assert_eq!((&stages["a"]["with"]["steps"], &stages["a"]["with"]["batch"]), (&json!(7), &json!(4)));
    space.edit("$usual", "3");
    assert!(fault(&space, &[]).contains("`<<` merges a mapping"));
}

#[test]
fn names_stand_for_parameters_and_for_bindings() {
    let space = space(
        "  two: { stage: train-classifier, matrix: { train: [images, small], pace: [slow, fast] }, in: { samples: $train, images: pixels }, with: $pace }\n  \
           both: { stage: umap, in: { samples: $parts, images: pixels, weights: two/train=images/pace=slow } }\n\
         vars:\n  slow: { network: smallcnn64, steps: 9 }\n  fast: { network: smallcnn64, steps: 1 }\n  parts: [images, small]\n",
    );
    let stages = &resolved(&space, &[])["stages"];
    assert_eq!(stages["two/pace=slow/train=small"]["in"]["samples"], "small.samples");
    assert_eq!(stages["two/pace=fast/train=images"]["in"]["samples"], "images.samples");
    assert_eq!((&stages["two/pace=slow/train=small"]["with"]["steps"], &stages["two/pace=fast/train=small"]["with"]["steps"]), (&json!(9), &json!(1)));
    assert_eq!(stages["both"]["in"]["samples"], json!(["images.samples", "small.samples"]));
    space.edit("samples: $train", "samples: $trian");
    assert!(fault(&space, &[]).contains("`train`"));
}

#[test]
fn variables_use_other_variables_and_no_axes() {
    let space = space(
        "  gan: { stage: train-gan, matrix: { kind: [large, plain] }, in: { samples: $set, images: pixels }, \
           with: { <<: $kind, label: covid, steps: 1 } }\n\
         vars:\n  large: { <<: $plain, network: { dcgan: { size: $side, width: $wide } } }\n  plain: { network: { dcgan: { size: $side, width: 8 } }, batch: $sizes.batch }\n  \
           side: 32\n  wide: $sizes.width\n  sizes: { width: 16, batch: 4 }\n  set: small\n",
    );
    let stages = &resolved(&space, &[])["stages"];
    let with = |kind: &str| stages[format!("gan/kind={kind}")]["with"].clone();
    assert_eq!((&with("large")["network"]["dcgan"]["width"], &with("large")["batch"]), (&json!(16), &json!(4)));
    assert_eq!((&with("plain")["network"]["dcgan"]["width"], &with("plain")["network"]["dcgan"]["size"]), (&json!(8), &json!(32)));
    space.edit("set: small", "set: $$small");
    assert!(fault(&space, &[]).contains("`$small`"), "a dollar sign stays one");
    space.edit("set: $$small", "set: $kind");
    let said = fault(&space, &[]);
    assert!(said.contains("unknown name `$kind`") && !said.contains("errors"), "once, as axes are not visible: {said}");
}

#[test]
fn what_is_selected_is_not_gathered() {
    let space = space(
        "  c: { stage: train-classifier, matrix: { network: [smallcnn64, resnet18], repeat: [0, 1] }, in: { samples: images, images: pixels }, \
           with: { network: $network, steps: 1 } }\n  \
           s: { stage: evaluate, in: { weights: c, samples: images, images: pixels } }\n  \
           of-one: { stage: compare, in: { scores: s/network=resnet18/* } }\n",
    );
    let study = resolved(&space, &[]);
    assert_eq!(study["stages"]["of-one"]["in"]["scores"], json!(["s.scores/network=resnet18/repeat=0", "s.scores/network=resnet18/repeat=1"]));
}

#[test]
fn a_list_gathers_cells_as_if_each_were_named() {
    let space = space(
        "  made: { stage: phantoms, matrix: { repeat: [0, 1] }, with: { size: 32, classes: { covid: { images: 9 } } } }\n  \
           all: { stage: combine, in: { samples: [images, made/repeat=*] } }\n  \
           both: { stage: combine, in: { samples: made/* } }\n",
    );
    let gathered = resolved(&space, &[]);
    assert_eq!(gathered["stages"]["all"]["in"]["samples"], json!(["images.samples", "made.samples/repeat=0", "made.samples/repeat=1"]));
    assert_eq!(gathered["stages"]["both"]["in"]["samples"], json!(["made.samples/repeat=0", "made.samples/repeat=1"]));
    assert_eq!(space.executed().len(), 7);
    space.edit("made/repeat=*", "made/repeat=0, made/repeat=1");
    space.edit("samples: made/*", "samples: [made/repeat=0, made/repeat=1]");
    assert_eq!(resolved(&space, &[])["stages"], gathered["stages"]);
    assert_eq!(space.executed(), [""; 0], "their recipes are the same");
}

#[test]
fn a_path_out_of_its_directory_is_refused_without_looking_at_a_disk() {
    for path in ["/data/images", "~/images", "../images", "cxr:../images", "cxr:/images"] {
        let space = space(&format!("  imported: {{ stage: import, with: {{ images: \"{path}\" }} }}\n"));
        let said = fault(&space, &[]);
        assert!(said.contains(&format!("error[E0401]: `{path}` is outside")), "{said}");
        space.edit(path, "cxr:images");
        let said = space.hilum(&["check", "study.yaml"]);
        assert_eq!(said.code, 0, "a directory that is not given yet: {}", said.err);
        let missing = space.hilum(&["plan", "study.yaml", "--data", "cxr=."]).err;
        assert!(missing.contains("`cxr:images` does not exist in the directory that `--data cxr` names") && missing.contains("names `.`"), "{missing}");
    }
}

#[test]
fn excluded_cells_are_left_out_with_what_would_be_made_of_them() {
    let text = "  c: { stage: train-classifier, matrix: { network: [smallcnn64, resnet18], lr: [0.1, 1e-3], exclude: [ { network: resnet18, lr: 0.10 } ] }, \
                  in: { samples: images, images: pixels }, with: { network: $network, steps: 1, optimiser: { adam: { learning_rate: $lr } } } }\n  \
                  s: { stage: evaluate, in: { weights: c, samples: images, images: pixels } }\n  \
                  all: { stage: compare, in: { scores: s/* } }\n";
    let space = space(text);
    let study = resolved(&space, &[]);
    assert_eq!(cells(&study, "c"), ["c/lr=0.1/network=smallcnn64", "c/lr=0.001/network=smallcnn64", "c/lr=0.001/network=resnet18"]);
    assert_eq!(cells(&study, "s").len(), 3);
    assert_eq!(study["stages"]["all"]["in"]["scores"].as_array().unwrap().len(), 3);
    space.edit("network: resnet18, lr: 0.10", "netwrok: resnet18");
    assert!(fault(&space, &[]).contains("an axis with a similar name exists: `network`"));
    space.edit("netwrok: resnet18", "network: vgg");
    assert!(fault(&space, &[]).contains("the axis `network` has no value `vgg`"));
    space.edit("{ network: vgg }", "{ lr: 0.1 }, { lr: 0.001 }");
    assert!(fault(&space, &[]).contains("`exclude` excludes every cell of `c`"));
}

#[test]
fn coordinates_are_written_in_any_order_and_numbers_in_any_way() {
    let space = space(
        "  c: { stage: train-classifier, matrix: { lr: [1e-3], repeat: [0] }, in: { samples: images, images: pixels }, \
           with: { network: smallcnn64, steps: 1, optimiser: { adam: { learning_rate: $lr } } } }\n  \
           others: { stage: phantoms, seed: 2, with: { size: 32, classes: { normal: { images: 9 }, covid: { images: 9 } } } }\n  \
           of-others: { stage: prepare, in: { samples: others }, with: { size: 32 } }\n  \
           s: { stage: evaluate, in: { weights: c/repeat=0/lr=1e-3, samples: others, images: of-others } }\n",
    );
    assert_eq!(resolved(&space, &[])["stages"]["s"]["in"]["weights"], "c.weights/lr=0.001/repeat=0");
    for name in ["c", "c/lr=1e-3", "c/repeat=0/lr=0.001", "c/lr=0.0010/repeat=0"] {
        let said = space.hilum(&["run", "study.yaml", "--only", name, "--json"]);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
    }
    assert_eq!(space.hilum(&["run", "study.yaml", "--only", "c/lr=2"]).code, 2);
}

#[test]
fn folds_can_have_a_validation_part() {
    let space = Space::new();
    space.write(
        "study.yaml",
        "study: folds\nseed: 1\nstages:\n  images: { stage: phantoms, with: { size: 32, classes: { normal: { images: 40 }, covid: { images: 20 } } } }\n  \
         parts: { stage: split, in: { samples: images }, matrix: { fold: [0, 1, 2, 3] }, with: { folds: 4, fold: $fold, validation: 0.2 } }\n",
    );
    space.executed();
    let mut tests = vec![];
    for fold in 0..4 {
        let images = |part: &str| -> Vec<String> {
            let table = space.read(&format!("results/folds/parts/fold={fold}/{part}.csv"));
            table.lines().skip(1).map(|l| l.split(',').next().unwrap().to_owned()).collect()
        };
        let (train, validation, test) = (images("train"), images("validation"), images("test"));
        assert_eq!(train.len() + validation.len() + test.len(), 60);
        assert!((5..=13).contains(&validation.len()), "a fifth of what is not tested, by patients: {}", validation.len());
        assert!(validation.iter().all(|i| !train.contains(i) && !test.contains(i)));
        tests.extend(test);
    }
    tests.sort();
    tests.dedup();
    assert_eq!(tests.len(), 60, "every image is tested once");
}

#[test]
fn as_many_images_are_made_as_a_class_lacks() {
    let space = Space::tiny();
    space.edit(
        "    in: { generator: generator }\n    with: { count: 24 }",
        "    in: { generator: generator, real: split.train }\n    with: { count: as-needed }",
    );
    space.executed();
    let labels = |file: &str| -> Vec<String> {
        let table = space.read(file);
        let column = table.lines().next().unwrap().split(',').position(|c| c == "label").unwrap();
        table.lines().skip(1).map(|l| l.split(',').nth(column).unwrap().to_owned()).collect()
    };
    let of = |labels: &[String], label: &str| labels.iter().filter(|l| *l == label).count();
    let train = labels("results/tiny/split/train.csv");
    let made = labels("results/tiny/synthetic/samples/samples.csv");
    assert_eq!(made.len(), of(&train, "normal") - of(&train, "covid"));
    let whole = labels("results/tiny/training-set/arm=real+synthetic/samples.csv");
    assert_eq!(of(&whole, "normal"), of(&whole, "covid"));
    space.edit("real: split.train }", "real: balanced }");
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.err.contains("no images of `covid` are needed"), "{}", said.err);
}

#[test]
fn only_a_study_is_extended_and_only_by_a_file() {
    let space = space("");
    space.write("notes.txt", "some words\n");
    space.write("list.yaml", "- a\n- b\n");
    for (file, what) in [("notes.txt", "a single value"), ("list.yaml", "a list")] {
        let study = space.read("study.yaml");
        space.write("over.yaml", format!("extends: {file}\n{study}"));
        let said = space.hilum(&["check", "over.yaml"]);
        assert!(said.code == 2 && said.err.contains(&format!("`{file}` is not a study: expected a mapping, found {what}")), "{}", said.err);
    }
    let said = space.hilum(&["check", "study.yaml", "--set", "extends=other.yaml"]);
    assert!(said.code == 2 && said.err.contains("`extends` cannot be set on the command line"), "{}", said.err);
}

#[test]
fn a_choice_in_vars_is_replaced_as_any_other() {
    let space = space("  cl: { stage: train-classifier, in: { samples: images, images: pixels }, with: { network: $net, steps: 1 } }\n");
    let study = space.read("study.yaml").replacen("seed:", "vars: { net: { smallcnn64: { width: 4 } } }\nseed:", 1);
    space.write("study.yaml", study);
    assert_eq!(resolved(&space, &[])["stages"]["cl"]["with"]["network"]["smallcnn64"]["width"], 4);
    let other = resolved(&space, &["--set", "vars.net.resnet18.channels=1"]);
    let network = other["stages"]["cl"]["with"]["network"].as_object().unwrap();
    assert_eq!(network.keys().collect::<Vec<_>>(), ["resnet18"]);
}
