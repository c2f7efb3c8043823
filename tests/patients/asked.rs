//! The three commands from outside, on a study that imported patients.

use crate::space::{Said, Space};
use hilum::audit::AuditJournal;
use hilum_cache::journal::Audit;
use hilum_cache::{Digest, WritableStore, erasure};
use hilum_stages::contract::pseudonym::PseudonymKey;
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

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
  synthetic: { stage: synthesize, in: { generator: generator }, with: { count: 6 } }
  training-set: { stage: oversample, in: { real: parts.train, synthetic: synthetic }, with: { arm: real+synthetic, dose: 1 } }
  classifier:
    stage: train-classifier
    in: { samples: training-set, images: [pixels, synthetic.images] }
    with: { network: { smallcnn64: { width: 1 } }, steps: 1, batch: 4 }
  scores: { stage: evaluate, in: { weights: classifier, samples: parts.test, images: pixels }, with: { resamples: 100 } }
";
const CANARY: &str = "CANARY-77";

/// A space in which patients were imported. CANARY-77 has three images, and P101 has one of them, too.
fn ran() -> Space {
    let space = Space::new();
    let mut table = "who,file,label\n".to_owned();
    for n in 0..24u32 {
        let drawn = if n == 3 { 0 } else { n };
        let pixels: Vec<u8> = (0..32 * 32u32).map(|p| ((p * (drawn + 3) / 7 + drawn * 31) % 256) as u8).collect();
        space.write(&format!("img/{n}.png"), hilum_stages::data::png::encode(&pixels, 32, 32, &[]).unwrap());
        let who = if n < 3 { CANARY.to_owned() } else { format!("P{}", n / 2 + 100) };
        table += &format!("{who},{n}.png,{}\n", ["covid", "normal"][(drawn / 3 % 2) as usize]);
    }
    space.write("t.csv", table);
    space.write("study.yaml", STUDY);
    space.give_key([3; 32]);
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    space
}

fn typed(space: &Space, args: &[&str], input: &str) -> Said {
    let mut child = space.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    crate::space::said(child.wait_with_output().unwrap())
}

fn json(space: &Space, args: &[&str], input: &str) -> Value {
    let said = typed(space, &[args, &["--json"]].concat(), input);
    assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

fn outputs<'a>(all: &'a Value, action: Option<&str>) -> Vec<&'a str> {
    let wanted = all.as_array().unwrap().iter().filter(|r| action.is_none_or(|a| r["action"] == a));
    wanted.map(|r| r["stage"].as_str().unwrap()).collect()
}

/// Every file below a directory, as bytes.
fn bytes_below(directory: &std::path::Path, out: &mut Vec<(std::path::PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()) {
        match entry.is_dir() {
            true => bytes_below(&entry, out),
            false => out.push((entry.clone(), std::fs::read(&entry).unwrap())),
        }
    }
}

#[test]
fn a_patient_is_followed_through_tables_models_synthetic_images_and_numbers() {
    let space = ran();
    let pseudonym = PseudonymKey::new([3; 32]).pseudonym(CANARY);
    let who = json(&space, &["who-used", "--patient-stdin", "study.yaml"], &format!("{}\n", CANARY.to_lowercase()));
    assert_eq!((who["pseudonym"].as_str(), who["images"].as_u64(), &who["namespaces"][0]), (Some(&*pseudonym), Some(3), &Value::from("name:registry")));
    let is_in_training = outputs(&who["contains"], None).contains(&"training-set");
    // The same by the pseudonym, without the key.
    std::fs::rename(space.path(".hilum-private"), space.path("elsewhere")).unwrap();
    assert_eq!(json(&space, &["who-used", "--pseudonym", &pseudonym], "")["contains"], who["contains"]);
    std::fs::rename(space.path("elsewhere"), space.path(".hilum-private")).unwrap();

    let holding = json(&space, &["patients", "images.samples"], "");
    let is_called = |patient: &&Value| patient["called"].as_array().unwrap().iter().any(|name| *name == *pseudonym);
    let of = |holding: &Value| holding["patients"].as_array().unwrap().iter().find(is_called).map(|p| p["images"].as_u64().unwrap());
    assert_eq!((of(&holding["outputs"][0]["contains"]), holding["outputs"][0]["contains"]["images"].as_u64()), (Some(3), Some(23)));
    let network = json(&space, &["patients", "classifier.weights"], "");
    assert_eq!((of(&network["outputs"][0]["contains"]), of(&network["outputs"][0]["influenced"]).is_some()), (None, is_in_training));

    let plan = json(&space, &["erase-plan", "--patient-stdin"], CANARY);
    let by = |action: &str| outputs(&plan["results"], Some(action));
    assert!(by("delete").contains(&"images") && by("delete").contains(&"pixels") && by("delete").contains(&"parts"), "{plan}");
    let expected = if is_in_training { ["retrain", "regenerate"] } else { ["keep", "keep"] };
    assert!(by(expected[0]).contains(&"classifier") && by(expected[0]).contains(&"generator") && by(expected[1]).contains(&"synthetic"), "{plan}");
    assert!(by("not-known").is_empty());
    // Whoever is not in one part is in the other one.
    let table = space.read("results/s/images/patients.csv");
    let others: Vec<&str> = table.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
    let states: Vec<bool> =
        others.iter().map(|p| outputs(&json(&space, &["who-used", "--pseudonym", p], "")["influenced"], None).contains(&"generator")).collect();
    assert!(states.contains(&true) && states.contains(&false), "some reached the generator, and some did not");

    // Whatever was said, the identifier was not.
    let texts = [
        typed(&space, &["who-used", "--patient-stdin", "study.yaml"], CANARY),
        typed(&space, &["erase-plan", "--patient-stdin", "study.yaml"], CANARY),
        typed(&space, &["patients", "scores"], ""),
    ];
    for said in &texts {
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(!format!("{}{}", said.out, said.err).to_uppercase().contains(CANARY));
    }
    assert!(texts[1].out.contains("DELETE") && texts[1].out.contains("not within reach of this plan"), "{}", texts[1].out);
    let mut files = vec![];
    [".hilum", "results"].iter().for_each(|d| bytes_below(&space.path(d), &mut files));
    for (path, bytes) in files {
        assert!(!bytes.windows(CANARY.len()).any(|w| w.eq_ignore_ascii_case(CANARY.as_bytes())), "{}", path.display());
    }
    documented(&space, &others);
}

/// What documents have in them is on their pages: also where a table is gone.
fn documented(space: &Space, others: &[&str]) {
    let said = |args: &[&str], input: &str| {
        let said = typed(space, &[args, &["--json"]].concat(), input);
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        said.out
    };
    let is_tested = |p: &&&str| outputs(&json(space, &["who-used", "--pseudonym", p], "")["contains"], None).contains(&"scores");
    let tested = others.iter().find(is_tested).expect("somebody is in the test part");
    let all = || {
        [
            ("patients", vec![said(&["patients", "images.samples"], ""), said(&["patients", "classifier.weights"], "")]),
            ("who-used", vec![said(&["who-used", "--patient-stdin"], CANARY), said(&["who-used", "--pseudonym", tested], "")]),
            ("erase-plan", vec![said(&["erase-plan", "--patient-stdin"], CANARY), said(&["erase-plan", "--pseudonym", tested], "")]),
        ]
    };
    let whole = all();
    let table = space.digests()["training-set samples"].clone();
    let hex = table.trim_start_matches("b3:");
    std::fs::remove_file(space.path(&format!(".hilum/objects/{}/{}", &hex[..2], &hex[2..]))).unwrap();
    let without = all();
    let planned: Value = serde_json::from_str(&without[2].1[1]).unwrap();
    assert!(outputs(&planned["results"], Some("not-known")).contains(&"classifier"), "{planned}");
    // And where something was erased.
    let store = WritableStore::open(&space.path(".hilum")).unwrap();
    let mut audit = AuditJournal::begin(&store, Audit::Erasure, "s").unwrap();
    let gone: Digest = space.digests()["synthetic images"].parse().unwrap();
    erasure::erase(&store, audit.journal(), &[gone].into(), &[]).unwrap();
    audit.finish(&store, None).unwrap();
    let erased = all();
    for (((verb, whole), (_, without)), (_, erased)) in whole.into_iter().zip(without).zip(erased) {
        crate::json::compare(verb, &[whole, without, erased].concat());
    }
}

#[test]
fn wrong_calls_say_what_to_do_and_repeat_no_identifier() {
    let space = ran();
    let secret = "SECRET-5";
    for (args, input, why) in [
        (&["who-used", "--patient-stdin", "study.yaml"][..], secret, "no import in this store has this patient"),
        (&["who-used", "--patient-stdin", "study.yaml"], "", "standard input is empty"),
        (&["who-used", "--patient-stdin", "study.yaml"], " \n\n", "standard input is empty"),
        (&["erase-plan", "--patient-stdin", "study.yaml"], "SECRET-5\nSECRET-6\n", "standard input has 2 lines"),
        (&["who-used", "--patient-stdin", secret], CANARY, "the argument is not the file of a study"),
        (&["who-used", secret], "", "the arguments do not fit"),
        (&["who-used", "study.yaml", secret], "", "the arguments do not fit"),
        (&["who-used", "--patient", secret], "", "the arguments do not fit"),
        (&["who-used", "--patient-stdin=SECRET-5", "study.yaml"], "", "the arguments do not fit"),
        (&["erase-plan", "--SECRET-5"], "", "the arguments do not fit"),
        (&["erase-plan", "--pseudonym", secret], "", "--pseudonym is not a pseudonym"),
        (&["who-used", "--pseudonym", "p:00000000000000000000000000000000"], "", "no import in this store has this patient"),
        (&["who-used", "--patient-stdin", "study.yaml", "--namespace", "other"], CANARY, "no import with this namespace has the patient"),
    ] {
        for form in [&[][..], &["--json"]] {
            let said = typed(&space, &[args, form].concat(), input);
            assert_eq!(said.code, 2, "{args:?}: {}", said.err);
            assert!(said.err.contains(why), "{args:?}: {}", said.err);
            assert!(said.err.contains("help: "), "{args:?}: {}", said.err);
            assert!(!format!("{}{}", said.out, said.err).contains("SECRET"), "{args:?}: {} {}", said.out, said.err);
            assert!(form.is_empty() || said.out.contains("diagnostics"), "{args:?}: {}", said.out);
        }
    }
    let nothing = typed(&space, &["patients", "nothing"], "");
    assert_eq!((nothing.code, nothing.err.contains("nothing in the store is called `nothing`")), (2, true), "{}", nothing.err);
    // Without the tables of pseudonyms, nobody is told that a patient is not there.
    let table = space.digests()["images patients"].clone();
    let hex = table.trim_start_matches("b3:").to_owned();
    std::fs::remove_file(space.path(&format!(".hilum/objects/{}/{}", &hex[..2], &hex[2..]))).unwrap();
    let said = typed(&space, &["who-used", "--patient-stdin", "study.yaml"], CANARY);
    assert!(said.code == 2 && said.err.contains("is not known"), "{}", said.err);
    // Another key is another patient.
    std::fs::remove_dir_all(space.path(".hilum-private")).unwrap();
    let said = typed(&space, &["who-used", "--patient-stdin", "study.yaml"], CANARY);
    assert!(said.code == 2 && said.err.contains("there is no `.hilum-private/study.key`"), "{}", said.err);
}
