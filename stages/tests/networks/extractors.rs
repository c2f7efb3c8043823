//! Extractors as a whole, from PNG files to features and the distances that follow, against the programs that they are named after:
//! `tests/oracle/extractors.py`.

use super::reference::{device, fill, stream};
use hilum_cache::{Digest, Sha256};
use hilum_stages::contract::context::Context;
use hilum_stages::contract::port::{File, InputArtifact, OutputArtifact};
use hilum_stages::contract::source::{ListedFile, Listing};
use hilum_stages::contract::stage::Stage;
use hilum_stages::data::embedding::Embedding;
use hilum_stages::data::pack::{Images, NewPack};
use hilum_stages::data::sample::{Origin, Sample, Samples};
use hilum_stages::data::{grey, png};
use hilum_stages::kinds::features::{Features as Stage_, Inputs};
use hilum_stages::models::Extractor;
use hilum_stages::networks::Weights;
use hilum_stages::quality::{self, Features};
use serde_json::{Value, json};
use std::path::Path;

/// Every n-th feature is stored.
const STEP: usize = 16;
/// Sides of the images, of which one is enlarged by every extractor and the other one reduced.
const SIDES: [(&str, u32); 2] = [("small", 64), ("large", 320)];
/// Images of each of two sets.
const COUNT: u64 = 32;

fn oracle(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../oracle/extractors.json")).unwrap();
    all[name].clone()
}

/// The file of an image: stripes and curves in whole numbers.
fn file(set: u64, i: u64, side: u64) -> Vec<u8> {
    let at = |x: u64, y: u64| (x * (3 + i % 5) + y * (2 + i % 7) * (1 + set) + x * y * (i % 3 + 1) / 16 + i * 29 + set * 91) * 64 / side % 256;
    let greys: Vec<u8> = (0..side * side).map(|n| at(n % side, n / side) as u8).collect();
    png::encode(&greys, side as u32, side as u32, &[]).unwrap()
}

/// The stage of an extractor, with a file of made-up weights that it reads.
struct Tried {
    stage: Stage_,
    listing: (String, Listing),
    directory: tempfile::TempDir,
}

impl Tried {
    fn new(name: &str) -> Tried {
        let written = |sha256: &str| -> Extractor { serde_json::from_value(json!({ name: { "path": "w.safetensors", "sha256": sha256 } })).unwrap() };
        let mut weights = Weights::on(&device());
        written("").config().unwrap().build(&mut weights.scope(&mut stream())).unwrap();
        fill(&format!("extractors.{name}"), &weights);
        let (bytes, directory) = (weights.to_safetensors().unwrap(), tempfile::tempdir().unwrap());
        let path = directory.path().join("w.safetensors");
        std::fs::write(&path, &bytes).unwrap();
        let extractor = written(&Sha256::of(&bytes).hex());
        let digest = Digest::of(&bytes);
        let listing = Listing { digest, files: vec![ListedFile { name: "w.safetensors".into(), path, digest, note: String::new() }], passed_over: vec![] };
        Tried { listing: (extractor.parameter("extractor"), listing), stage: Stage_ { extractor }, directory }
    }

    /// The features of images in these files, as `prepare` packs them.
    fn features(&self, files: &[Vec<u8>], side: u32) -> (Embedding, Vec<Sample>) {
        let pixels = |file: &Vec<u8>| grey::to_square(&grey::decode(file).unwrap().grey, side, grey::Fit::Stretch, false);
        let pack = self.directory.path().join(side.to_string());
        NewPack::of(files.iter().map(|file| (Digest::of(file), pixels(file))).collect(), None).save(&pack).unwrap();
        let images = Images::open(&["index.csv", "pixels.u8"].map(|name| File { name: name.into(), path: pack.join(name) })).unwrap();
        let rows: Vec<Sample> = files.iter().map(|file| sample(Digest::of(file))).collect();
        let cx = Context { sources: [self.listing.clone()].into(), ..Context::bare(Stage_::NAME, None) };
        let inputs = Inputs { samples: vec![Samples::of(rows.clone())], images: vec![images], weights: None };
        let found = self.stage.run(inputs, &cx).unwrap().features;
        (read_back(&found, &self.directory.path().join("features")), rows)
    }
}

fn read_back(embedding: &Embedding, directory: &Path) -> Embedding {
    embedding.save(directory).unwrap();
    let names = ["embedding.json", "index.csv", "features.f32", "probabilities.f32"];
    let files: Vec<File> = names.iter().map(|name| File { name: (*name).into(), path: directory.join(name) }).collect();
    Embedding::open(&files).unwrap()
}

fn sample(image: Digest) -> Sample {
    Sample {
        image,
        patient: String::new(),
        number: 0,
        label: "a".into(),
        source: String::new(),
        origin: Origin::Real,
        generator: None,
        parent: None,
        age: None,
        sex: String::new(),
        view: String::new(),
        width: 0,
        height: 0,
    }
}

fn agrees(tried: &Tried, name: &str) {
    for (size, side) in SIDES {
        let (found, rows) = tried.features(&[file(1, 5, side.into())], side);
        let found: Vec<f32> = found.features(&rows[0].image).unwrap().iter().step_by(STEP).copied().collect();
        let wanted: Vec<f32> = oracle(name)[size].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        super::reference::close(&found, &wanted, 1e-4, &format!("{name}, {size} image"));
    }
}

#[test]
fn features_are_those_of_torchvision_and_torchxrayvision() {
    for name in Extractor::NAMES.iter().filter(|name| **name != "inception") {
        agrees(&Tried::new(name), name);
    }
}

/// 64 PNG files, as pytorch-fid and torch-fidelity compare them.
#[test]
fn distances_of_files_are_those_of_pytorch_fid_and_torch_fidelity() {
    let tried = Tried::new("inception");
    agrees(&tried, "inception");
    let files: Vec<Vec<u8>> = (0..2).flat_map(|set| (0..COUNT).map(move |i| file(set, i, SIDES[0].1.into()))).collect();
    let (found, rows) = tried.features(&files, SIDES[0].1);
    let of = |rows: &[Sample]| Features::of_rows(&rows.iter().map(|row| found.features(&row.image).unwrap().to_vec()).collect::<Vec<_>>()).unwrap();
    let (one, other) = rows.split_at(COUNT as usize);
    let (one, other) = (of(one), of(other));
    let probabilities: Vec<Vec<f32>> = rows.iter().map(|row| found.probabilities(&row.image).unwrap().to_vec()).collect();
    let fid = quality::frechet_distance(&one, &other, quality::UNWATCHED).unwrap();
    let kid = quality::kernel_distance(&one, &other, quality::UNWATCHED).unwrap().value;
    let score = quality::inception_score(&Features::of_rows(&probabilities).unwrap()).unwrap().value;
    for (name, found, least) in [("fid", fid, 0.0), ("exact", fid, 0.0), ("kid", kid, 0.0), ("score", score, 1.0)] {
        let wanted = oracle("inception")[name].as_f64().unwrap();
        let off = (found - wanted).abs() / (wanted - least);
        println!("{name}: {found} and {wanted}, off by {off:.1e}");
        assert!(off <= 1e-3, "{name}: {found} and {wanted}");
    }
}
