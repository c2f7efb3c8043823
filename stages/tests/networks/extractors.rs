//! Extractors as a whole, from PNG files to features and the distances that follow, against the programs that they are named after:
//! `tests/oracle/extractors.py`.

use super::reference::{device, fill, image, stream};
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
use hilum_stages::networks::dinov2::{Dinov2, Sizes};
use hilum_stages::networks::{Classifier, Mode, Weights};
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
        let mut weights = Weights::to_be_loaded(&device());
        (written("").from_file().unwrap().spec.build)(&mut weights.scope(&mut stream())).unwrap();
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
fn features_are_those_of_the_original_programs() {
    // Of Inception, below; of a whole vision transformer by itself, as it takes as long as all others.
    for name in Extractor::NAMES.iter().filter(|name| !["inception", "rad-dino"].contains(name)) {
        agrees(&Tried::new(name), name);
    }
}

/// From the file of an image through Pillow's bicubic filter to the class token of 12 blocks.
#[test]
fn features_of_rad_dino_are_those_of_transformers() {
    agrees(&Tried::new("rad-dino"), "rad-dino");
}

/// All tokens of two blocks, whose every size differs from those of the whole network.
#[test]
fn tokens_of_a_small_dinov2_are_those_of_transformers() {
    let sizes = Sizes { side: 42, patch: 14, channels: 3, width: 32, blocks: 2, heads: 4, hidden: 128 };
    let mut weights = Weights::to_be_loaded(&device());
    let network = Dinov2::new(sizes, &mut weights.scope(&mut stream())).unwrap();
    fill("extractors.tiny-dinov2", &weights);
    let x = image("extractors.tiny-dinov2.x", &[2, 3, 42, 42]);
    let tokens = network.maps(&x, &mut Mode::Evaluate).unwrap();
    let class = network.pool(&tokens).unwrap();
    assert_eq!((tokens.dims(), class.dims()), (&[2, 1, 10, 32][..], &[2, 32][..]));
    let wanted = |name: &str| oracle("tiny-dinov2")[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect::<Vec<_>>();
    super::reference::close(&class.to_vec().unwrap(), &wanted("class"), 1e-4, "class tokens");
    let some: Vec<f32> = tokens.to_vec().unwrap().into_iter().step_by(7).collect();
    super::reference::close(&some, &wanted("tokens"), 1e-4, "tokens");
    // An image of the batch is not seen by the other one.
    let alone = network.features(&x.narrow(0, 1, 1).unwrap(), &mut Mode::Evaluate).unwrap().to_vec().unwrap();
    assert_eq!(alone, class.to_vec().unwrap()[32..]);
    let other = network.maps(&image("x", &[1, 3, 28, 28]), &mut Mode::Evaluate).err().unwrap().to_string();
    assert_eq!(other, "images of 28 × 28 for a network whose positions are of 42 × 42");
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
    let score = quality::score_of_parts(&Features::of_rows(&probabilities).unwrap()).unwrap().value;
    for (name, found, least) in [("fid", fid, 0.0), ("exact", fid, 0.0), ("kid", kid, 0.0), ("score", score, 1.0)] {
        let wanted = oracle("inception")[name].as_f64().unwrap();
        let off = (found - wanted).abs() / (wanted - least);
        println!("{name}: {found} and {wanted}, off by {off:.1e}");
        assert!(off <= 1e-3, "{name}: {found} and {wanted}");
    }
}
