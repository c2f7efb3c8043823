//! Every network that a study may name, in small: what it becomes without the patient is, to the bit, what it is where nobody ever saw one.

use super::{assert_gone, below_import, forget, known, parsed, pseudonym, remove, run, space};
use hilum_stages::models::{ClassifierNetwork, GanNetwork};
use std::collections::BTreeSet;

const HEAD: &str = "study: s
seed: 7
stages:
  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
";

/// Parameters of each generator, and whether it translates images.
const GENERATORS: [(&str, &str, bool); 5] = [
    ("dcgan", "network: { dcgan: { size: 32, width: 8, latent: 16 } }, label: covid, steps: 2, batch: 4", false),
    ("cyclegan", "network: { cyclegan: { from: normal, to: covid, width: 4, blocks: 1, pool: 4 } }, steps: 2", true),
    ("cyclegan-zunair", "network: { cyclegan-zunair: { from: normal, to: covid, channels: 1 } }, steps: 1", true),
    ("pix2pix", "network: { pix2pix: { from: normal, to: covid, levels: 3, pairing: nearest } }, steps: 2", true),
    ("stylegan2", "network: { stylegan2: { size: 32, width: 0.015625, latent: 16 } }, label: covid, steps: 2, batch: 4", false),
];

/// A study that trains each of them on everybody.
fn study() -> String {
    let mut text = HEAD.to_owned();
    for (name, with, translates) in GENERATORS {
        let source = if translates { ", source: images, images: pixels" } else { "" };
        let count = if translates { "" } else { ", with: { count: 3 }" };
        text += &format!("  {name}: {{ stage: train-gan, in: {{ samples: images, images: pixels }}, with: {{ {with} }} }}\n");
        text += &format!("  of-{name}: {{ stage: synthesize, in: {{ generator: {name}{source} }}{count} }}\n");
    }
    for name in ClassifierNetwork::NAMES {
        let with = if *name == "smallcnn64" { "{ width: 1 }" } else { "{}" };
        text += &format!(
            "  {name}:\n    stage: train-classifier\n    in: {{ samples: images, images: pixels }}\n    with: {{ network: {{ {name}: {with} }}, steps: 1, batch: 4, optimiser: {{ adam: {{ learning_rate: 0.0001 }} }} }}\n"
        );
    }
    text
}

#[test]
fn every_network_becomes_that_of_a_study_that_never_saw_the_patient() {
    let named: BTreeSet<&str> = GENERATORS.iter().map(|row| row.0).collect();
    assert_eq!(named, GanNetwork::table().into_iter().map(|row| row.0).collect(), "every generator has a row here");
    let (with, never) = (space(&study(), 0..12), space(&study(), 3..12));
    run(&with);
    let (before, about) = (below_import(&with), known(&with));
    run(&never);
    remove(&with, 3..12);
    let other = never.path(".hilum").display().to_string();
    let said = forget(&with, &["--json", "--against", &other, "--certificate", "certificate.json"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    let (after, expected) = (below_import(&with), below_import(&never));
    assert!(after == expected && after.len() > 20, "{after:#?} {expected:#?}");
    let is_network = |output: &str| output.ends_with(" generator") || output.ends_with(" weights");
    let networks: Vec<&String> = before.iter().filter(|(output, digest)| is_network(output) && after.get(*output) != Some(digest)).map(|row| row.0).collect();
    assert_eq!(networks.len(), GENERATORS.len() + ClassifierNetwork::NAMES.len(), "the patient was in every network: {networks:?}");
    let certificate = &parsed(&said)["certificate"];
    let verdicts: BTreeSet<&str> = certificate["stages"].as_array().unwrap().iter().map(|stage| stage["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["equal-by-recipe", "equal-by-recipe-on-this-engine", "imported-without"].into());
    for stage in certificate["stages"].as_array().unwrap() {
        for (port, changed) in stage["outputs"].as_object().unwrap() {
            let output = format!("{} {port}", stage["stage"].as_str().unwrap());
            assert!(after.get(&output).is_none_or(|digest| changed["after"] == **digest && changed["before"] == *before[&output]), "{output}");
        }
    }
    let compared = &certificate["compared"];
    assert_eq!((compared["equal"].as_array().unwrap().len(), compared["differs"].as_array().unwrap().len()), (after.len() + 2, 0), "the import, too");
    assert!(!said.out.contains(&pseudonym()) && !said.out.contains(&about.token), "a certificate names no patient");
    assert_gone(&with, &about);
    // Whoever has the certificate can test it, and sees a study that is another.
    let file = with.path("certificate.json").display().to_string();
    let check = never.hilum(&["forget", "--check", &file, "study.yaml"]);
    assert!(check.code == 0 && check.out.contains("outputs are equal"), "{}{}", check.out, check.err);
    let has_patient = space(&study(), 0..12);
    let check = has_patient.hilum(&["forget", "--check", &file, "study.yaml"]);
    assert!(check.code == 1 && check.out.contains("MISSING there"), "{}{}", check.out, check.err);
    let said = has_patient.hilum(&["run", "study.yaml", "--device", "cpu", "--only", "dcgan"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let check = has_patient.hilum(&["forget", "--check", &file, "study.yaml"]);
    assert!(check.code == 1 && check.out.contains("DIFFERS  dcgan.generator"), "{}{}", check.out, check.err);
}
