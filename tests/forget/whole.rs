//! A patient of a whole study, from the first refusal to what the other commands say afterwards.

use super::{CANARY, assert_gone, below_import, forget, known, parsed, picture, pseudonym, remove, row, run, space, table, typed};
use crate::space::{Said, Space};
use serde_json::Value;

const STUDY: &str = "study: s
seed: 1
stages:
  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label }, patients: registry } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  parts: { stage: split, in: { samples: images }, with: { by: patient, train: 0.5, test: 0.5 } }
  generator:
    stage: train-gan
    in: { samples: parts.train, images: pixels }
    with: { network: { dcgan: { size: 32, width: 8, latent: 16 } }, label: covid, steps: 1, batch: 4 }
  synthetic: { stage: synthesize, in: { generator: generator }, with: { count: 12 } }
  training-set: { stage: oversample, in: { real: parts.train, synthetic: synthetic }, with: { arm: real+synthetic, dose: 1 } }
  classifier:
    stage: train-classifier
    in: { samples: training-set, images: [pixels, synthetic.images] }
    with: { network: { smallcnn64: { width: 1 } }, steps: 1, batch: 4 }
  scores: { stage: evaluate, in: { weights: classifier, samples: parts.test, images: pixels }, with: { resamples: 100 } }
";

/// Everything in the store but its locks and the index, which is only a cache.
fn state(space: &Space) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![];
    super::files(&space.path(".hilum"), &mut all);
    super::files(&space.path(".hilum-private"), &mut all);
    all.retain(|(path, _)| !path.ends_with("patients.index") && !path.contains("/locks/"));
    all.sort();
    all
}

fn is_fine(said: &Said) -> &str {
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    &said.out
}

#[test]
fn a_patient_is_refused_forgotten_and_no_command_misses_what_was_erased() {
    let space = space(STUDY, 0..24);
    run(&space);
    let about = known(&space);
    let (before, untouched) = (below_import(&space), state(&space));
    // The patient is there in full, then only in the table, then only in a file of an image.
    let refused = |why: &str| {
        for more in [&[][..], &["--dry-run"], &["--json"]] {
            let said = forget(&space, more);
            assert!(said.code == 4 && said.err.contains(why) && said.err.contains("help: remove the patient's images and rows"), "{}", said.err);
            assert!(!said.err.contains(&pseudonym()), "{}", said.err);
        }
        assert!(state(&space) == untouched, "{why}: a refusal changes nothing");
    };
    refused("`images` still sees the patient in `img`: would import 3 images of the patient; 3 files with images of the patient are there");
    (0..3).for_each(|n| std::fs::remove_file(space.path(&format!("img/{n}.png"))).unwrap());
    refused("3 files of the patient are named that are not there");
    table(&space, 3..24);
    space.write("img/other-name.png", picture(1));
    refused("1 file with images of the patient is there");
    std::fs::remove_file(space.path("img/other-name.png")).unwrap();

    let planned = forget(&space, &["--dry-run"]);
    assert!(is_fine(&planned).contains("8 stages: 1 will run, 7 pending") && planned.out.contains("would then erase "), "{}", planned.out);
    let would = parsed(&forget(&space, &["--dry-run", "--json"]));
    assert!(state(&space) == untouched, "a rehearsal changes nothing");

    let said = forget(&space, &["--json"]);
    is_fine(&said);
    let done = parsed(&said);
    assert_gone(&space, &about);
    let never = super::space(STUDY, 3..24);
    run(&never);
    assert_eq!(below_import(&space), below_import(&never));
    let erased = &done["certificate"]["erased"];
    assert!(erased["results"].as_u64() > Some(5) && erased["objects"].as_u64() > erased["results"].as_u64() && erased["lists"].as_u64() > Some(0), "{erased}");
    afterwards(&space);
    let nothing = parsed(&forget(&space, &["--json"]));
    let counted = |name: &str| erased[name].as_u64().unwrap();
    assert_eq!(nothing["erased_before"][0]["results"].as_u64(), Some(counted("results") + counted("equal")), "{erased}");
    let check = parsed(&never.hilum(&["forget", "--check", &certificate(&never, &done), "study.yaml", "--json"]));
    let against = ["--json", "--against", &never.path(".hilum").display().to_string()].map(str::to_owned);
    again(&space, &before, &against, [would.to_string(), done.to_string(), nothing.to_string(), check.to_string()].to_vec());
}

fn certificate(space: &Space, done: &Value) -> String {
    space.write("certificate.json", done["certificate"].to_string());
    space.path("certificate.json").display().to_string()
}

/// What other commands say of a store out of which a patient was erased.
fn afterwards(space: &Space) {
    let verified = space.hilum(&["verify"]);
    assert!(is_fine(&verified).contains(", 0 faults") && verified.out.contains("erased  "), "{}", verified.out);
    for verb in ["who-used", "erase-plan"] {
        let said = typed(space, &[verb, "--patient-stdin", "study.yaml"]);
        assert!(is_fine(&said).contains("erased: ") && said.out.contains("by line 2 of run "), "{}", said.out);
        assert!(said.out.contains("in no import that is left   0 images"), "{}", said.out);
    }
    let who = parsed(&typed(space, &["who-used", "--patient-stdin", "study.yaml", "--json"]));
    for list in ["contains", "influenced", "not_known"] {
        assert_eq!(who[list], Value::from(Vec::<Value>::new()), "{list}");
    }
    // Others are found as before, and what is known of them is known.
    let others = space.read("results/s/images/patients.csv");
    let other = others.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned();
    let of_other = space.hilum(&["who-used", "--pseudonym", &other]);
    assert!(is_fine(&of_other).contains("not known: 0 results") && !of_other.err.contains("warning"), "{}{}", of_other.out, of_other.err);
    for args in [&["patients", "images.samples"][..], &["patients", "classifier.weights"], &["trace", "scores"], &["report"], &["ls"], &["log"], &["gc"]] {
        is_fine(&space.hilum(args));
    }
    for format in ["ro-crate", "in-toto", "cyclonedx"] {
        is_fine(&space.hilum(&["export", format, "-o", format]));
    }
    let ran: Vec<String> = space.executed();
    assert_eq!(ran, Vec::<String>::new(), "everything is up to date");
    assert!(is_fine(&space.hilum(&["verify"])).contains(", 0 faults"));
}

/// Whoever puts the patient back has everything computed again, and may forget once more, against a store that never had one.
fn again(space: &Space, before: &std::collections::BTreeMap<String, String>, against: &[String], mut documents: Vec<String>) {
    (0..3).for_each(|n| space.write(&format!("img/{n}.png"), picture(n)));
    space.write("t.csv", format!("who,file,label\n{}", (0..24).map(row).collect::<String>()));
    run(space);
    assert_eq!(&below_import(space), before, "to the bit");
    assert!(is_fine(&space.hilum(&["verify"])).contains(", 0 faults"));
    let about = known(space);
    remove(space, 3..24);
    let more: Vec<&str> = against.iter().map(String::as_str).collect();
    let said = forget(space, &more);
    documents.push(is_fine(&said).to_owned());
    assert_gone(space, &about);
    crate::json::compare("forget", &documents);
    assert!(!documents.concat().contains(CANARY));
}
