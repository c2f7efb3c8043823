//! How long questions about patients take in a store with a million images of 200,000 patients and a thousand stages: an import, splits
//! of it, and generators, synthetic images, classifiers, scores and tables made of those. Writes the store into memory, makes the index,
//! and asks, by the library and by the program. Prints a table in Markdown.
//!
//!   cargo bench --bench patients -- --patients 200000
#![allow(clippy::print_stdout)] // a benchmark prints what it measured

use hilum::patients::{FILE, open, plan};
use hilum_cache::journal::{Event, Journal};
use hilum_cache::receipt::{Artifact, Determinism, LocalFlow, Receipt};
use hilum_cache::recipe::{Input, Recipe};
use hilum_cache::{Digest, Sha256, StageKey, Store, WritableStore};
use hilum_stages::contract::seed::Seed;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const IMAGES_PER_PATIENT: usize = 5;
const SPLITS: usize = 10;
const STAGES: usize = 1000;

/// A stage to be recorded: its inputs as port and binding, and its outputs as port, type, file and bytes.
struct Stage {
    name: String,
    kind: &'static str,
    inputs: Vec<(&'static str, usize, &'static str)>,
    outputs: Vec<(&'static str, &'static str, &'static str, Vec<u8>)>,
    contains: &'static [&'static str],
    influenced: &'static [&'static str],
}

fn row(out: &mut Vec<u8>, image: &str, token: &str, synthetic: Option<&Digest>) {
    let origin = synthetic.map_or_else(|| "real,".to_owned(), |g| format!("synthetic,{g}"));
    out.extend(format!("{image},{token},0,a,s,{origin},,,,,8,8\n").as_bytes());
}

const HEADER: &[u8] = b"image,patient,number,label,source,origin,generator,parent,age,sex,view,width,height\n";

fn name(what: &str, n: usize) -> String {
    format!("p:{}", &Digest::of(format!("{what} {n}").as_bytes()).hex()[..32])
}

/// The stages; each is recorded before the next is made, so that one table is in memory at a time.
fn stages(patients: usize, mut record: impl FnMut(Stage)) {
    let images: Vec<String> = (0..patients * IMAGES_PER_PATIENT).map(|n| Digest::of(format!("image {n}").as_bytes()).to_string()).collect();
    let tokens: Vec<String> = (0..patients).map(|n| name("token", n)).collect();
    let table = |of: &dyn Fn(usize) -> bool| {
        let mut out = HEADER.to_vec();
        for patient in (0..patients).filter(|p| of(*p)) {
            images[patient * IMAGES_PER_PATIENT..][..IMAGES_PER_PATIENT].iter().for_each(|image| row(&mut out, image, &tokens[patient], None));
        }
        out
    };
    let identities = (0..patients).fold("patient,pseudonym\n".to_owned(), |mut all, n| {
        writeln!(all, "{},{}", tokens[n], name("pseudonym", n)).unwrap();
        all
    });
    let outputs = vec![("samples", "samples", "samples.csv", table(&|_| true)), ("patients", "patients", "patients.csv", identities.into_bytes())];
    record(Stage { name: "images".into(), kind: "import", inputs: vec![], outputs, contains: &[], influenced: &[] });
    let mut stream = Seed(1).stream("bench", "patients");
    for split in 0..SPLITS {
        let is_train: Vec<bool> = (0..patients).map(|_| stream.chance(0.7)).collect();
        let outputs = vec![("train", "samples", "samples.csv", table(&|p| is_train[p])), ("test", "samples", "samples.csv", table(&|p| !is_train[p]))];
        record(Stage {
            name: format!("split/fold={split}"),
            kind: "k",
            inputs: vec![("samples", 0, "samples")],
            outputs,
            contains: &["samples"],
            influenced: &[],
        });
    }
    for n in 1 + SPLITS..STAGES {
        let split = 1 + n % SPLITS;
        let bytes = |what: &str| format!("{what} {n}").into_bytes();
        // Stages below, by what is at each place: ten of a sort at a time, one for each split.
        let block = n - n % SPLITS;
        let above = |places: usize| block - SPLITS * places + n % SPLITS;
        let sort = (block / SPLITS - 1) % 6;
        let stage =
            |kind, inputs, output, contains, influenced| Stage { name: format!("{kind}-{n}"), kind, inputs, outputs: vec![output], contains, influenced };
        // The first of each ten has nothing of its sort above it.
        let follows = n % SPLITS != 0 && above(1) > SPLITS;
        record(match sort {
            0 => stage("k", vec![("samples", split, "train")], ("generator", "generator", "g.bin", bytes("generator")), &[], &["samples"]),
            1 if follows => {
                let generator = Digest::of(format!("generator {}", above(1)).as_bytes());
                let mut rows = HEADER.to_vec();
                (0..100).for_each(|i| row(&mut rows, &Digest::of(format!("made {n} {i}").as_bytes()).to_string(), "", Some(&generator)));
                stage("k", vec![("generator", above(1), "generator")], ("samples", "samples", "samples.csv", rows), &[], &["generator"])
            }
            2 if follows => {
                let inputs = vec![("samples", split, "train"), ("synthetic", above(1), "samples")];
                stage("k", inputs, ("weights", "weights", "w.bin", bytes("weights")), &[], &["samples", "synthetic"])
            }
            3 if follows => {
                let inputs = vec![("weights", above(1), "weights"), ("samples", split, "test")];
                stage("k", inputs, ("scores", "scores", "s.csv", bytes("scores")), &["samples"], &["weights"])
            }
            4 if follows => stage(
                "k",
                vec![("scores", above(1), "scores"), ("others", split, "test")],
                ("table", "table", "t.csv", bytes("table")),
                &[],
                &["scores", "others"],
            ),
            5 if follows => stage("k", vec![("table", above(1), "table")], ("figure", "figure", "f.png", bytes("figure")), &[], &["table"]),
            _ => stage("k", vec![("samples", split, "train")], ("pixels", "images", "p.bin", bytes("pixels")), &["samples"], &[]),
        });
    }
}

fn receipt(stage: &Stage, digests: &[Vec<(String, Digest)>], artifacts: &[(String, Artifact)]) -> Receipt {
    let digest = |from: usize, port: &str| digests[from].iter().find(|(name, _)| name == port).unwrap_or_else(|| panic!("{from} {port}")).1;
    let recipe = Recipe {
        v: 1,
        kind: stage.kind.into(),
        version: 1,
        parameters: if stage.kind == "import" { json!({ "patients": "all" }) } else { Value::Null },
        seed: None,
        inputs: stage.inputs.iter().map(|(port, from, output)| ((*port).to_owned(), Input::One(digest(*from, output)))).collect(),
        sources: Default::default(),
        engine: None,
        pseudonyms: (stage.kind == "import").then(|| "key".into()),
    };
    let all = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let flow = LocalFlow { contains: all(stage.contains), influenced: all(stage.influenced) };
    Receipt {
        key: StageKey(Digest::of(stage.name.as_bytes())),
        study: "large".into(),
        stage: stage.name.clone(),
        recipe,
        outputs: artifacts.iter().cloned().collect(),
        flow: artifacts.iter().map(|(port, _)| (port.clone(), flow.clone())).collect(),
        determinism: Determinism::Bitwise,
        environment: Default::default(),
        started: "2026-01-01T00:00:00.000Z".into(),
        millis: 1000,
        peak_memory: None,
        attempt: 1,
        notes: vec![],
    }
}

fn binding(stage: &str, port: &str) -> String {
    stage.split_once('/').map_or_else(|| format!("{stage}.{port}"), |(base, cell)| format!("{base}.{port}/{cell}"))
}

fn write(store: &WritableStore, patients: usize) {
    let (mut names, mut digests, mut receipts, mut graph) = (Vec::<String>::new(), vec![], vec![], Map::new());
    stages(patients, |stage| {
        let mut artifacts = vec![];
        for (port, kind, file, bytes) in &stage.outputs {
            let blob = store.put(bytes).unwrap();
            let artifact = Artifact { kind: (*kind).into(), digest: blob.digest, sha256: Sha256::of(b""), bytes: blob.size, file: Some((*file).into()) };
            artifacts.push(((*port).to_owned(), artifact));
        }
        let inputs: Map<String, Value> =
            stage.inputs.iter().map(|(port, from, output): &(_, usize, _)| ((*port).to_owned(), binding(&names[*from], output).into())).collect();
        let with = if stage.kind == "import" { json!({ "images": "img", "patients": "all" }) } else { Value::Null };
        graph.insert(stage.name.clone(), json!({ "stage": stage.kind, "in": inputs, "with": with }));
        receipts.push(receipt(&stage, &digests, &artifacts));
        digests.push(artifacts.iter().map(|(port, artifact)| (port.clone(), artifact.digest)).collect::<Vec<_>>());
        names.push(stage.name);
    });
    let mut journal = Journal::begin(store).unwrap();
    journal.append(&Event::Started { study: "large".into(), pipeline: Digest::of(b""), resolved: json!({ "order": names, "stages": graph }) }).unwrap();
    receipts.into_iter().for_each(|receipt| journal.append(&Event::Receipt { receipt: Box::new(receipt) }).unwrap());
}

/// The median of some repetitions.
fn median(mut once: impl FnMut()) -> Duration {
    let mut all: Vec<Duration> = (0..7)
        .map(|_| {
            let start = Instant::now();
            once();
            start.elapsed()
        })
        .collect();
    all.sort();
    all[3]
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let patients = arguments.iter().position(|a| a == "--patients").map_or(200_000, |at| arguments[at + 1].parse().expect("a number"));
    let memory = Path::new("/dev/shm");
    let held = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let start = Instant::now();
    write(&WritableStore::create(held.path()).unwrap(), patients);
    println!("{} images of {patients} patients, {STAGES} stages, written in {:.1?}\n", patients * IMAGES_PER_PATIENT, start.elapsed());
    let store = Store::open(held.path()).unwrap();
    println!("| what | time |\n|---|---|");
    let start = Instant::now();
    let index = open(&store).unwrap();
    println!("| make the index ({} MB) | {:.2?} |", std::fs::metadata(held.path().join(FILE)).unwrap().len() / 1_000_000, start.elapsed());
    println!("| open it again | {:.0?} |", median(|| drop(open(&store).unwrap())));
    let pseudonym = name("pseudonym", 77);
    let sought = index.find(&pseudonym, None);
    assert_eq!((sought.people.len(), index.who_used(&sought).images), (1, IMAGES_PER_PATIENT as u64));
    let asks = || {
        let fresh = open(&store).unwrap();
        let sought = fresh.find(&pseudonym, None);
        std::hint::black_box(fresh.who_used(&sought).found.len());
    };
    println!("| open it and ask what one patient reached | {:.0?} |", median(asks));
    let plans = || assert!(!plan(&index, &index.find(&pseudonym, None)).planned.is_empty());
    println!("| the plan of an erasure, opened | {:.0?} |", median(plans));
    let everybody = || assert!(!index.patients_of(&index.results()[0])[0].patients.is_empty());
    println!("| everybody in the import, opened | {:.0?} |", median(everybody));
    let hilum = |call: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_hilum")).args(call).arg("--store").arg(held.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    for call in [&["who-used", "--pseudonym", &pseudonym, "--json"][..], &["erase-plan", "--pseudonym", &pseudonym, "--json"]] {
        println!("| `hilum {}`, the whole command | {:.0?} |", call[0], median(|| hilum(call)));
    }
    // Two thirds of everybody are in it.
    for call in [&["patients", "split.train/fold=1"][..], &["patients", "split.train/fold=1", "--json"]] {
        println!("| `hilum {}`, the whole command | {:.0?} |", call.join(" "), median(|| hilum(call)));
    }
}
