//! Planted duplicates are found and none is invented; one of each is kept, whatever the order of the tables.

use super::*;
use crate::data::contents::Contents;
use crate::data::embedding::tests::{document, embedded};
use crate::data::embedding::{Embedding, Extracted};
use crate::data::grey::{self, Fit};
use crate::data::pack::{NewPack, PackWriter};
use crate::data::png;
use crate::data::sample::tests::sample;
use crate::kinds::phantoms::{self, Phantoms};
use crate::records::{Kept, SameBy};
use image::codecs::jpeg::JpegEncoder;
use serde_json::json;
use std::collections::BTreeMap;

const SIDE: usize = 128;

/// Files of images with what tables say of them.
#[derive(Clone, Default)]
struct Source {
    rows: Vec<Sample>,
    files: Vec<Vec<u8>>,
}

impl Source {
    fn add(&mut self, row: &Sample, file: Vec<u8>) {
        let n = self.rows.len() as u32;
        let of_file = image::load_from_memory(&file).unwrap();
        self.rows.push(Sample { image: Digest::of(&file), number: n, width: of_file.width(), height: of_file.height(), ..row.clone() });
        self.files.push(file);
    }
    fn table(&self) -> Samples {
        Samples::of(self.rows.clone())
    }
    fn pack(&self) -> Images {
        let pixels = |(row, file): (&Sample, &Vec<u8>)| (row.image, grey::to_square(&grey::decode(file).unwrap().grey, SIDE as u32, Fit::Stretch, false));
        packed(self.rows.iter().zip(&self.files).map(pixels).collect())
    }
}

fn packed(images: Vec<(Digest, Vec<u8>)>) -> Images {
    let held = tempfile::tempdir().unwrap();
    NewPack::of(images, None).save(held.path()).unwrap();
    opened(held.path())
}

fn opened(pack: &Path) -> Images {
    let file = |name: &str| File { name: name.into(), path: pack.join(name) };
    Images::open(&[file("index.csv"), file("pixels.u8")]).unwrap()
}

/// Phantoms of a seed, all of one source.
fn phantoms(images: u32, seed: u64, source: &str) -> Source {
    let stage: Phantoms = serde_json::from_value(json!({ "size": SIDE, "classes": { "covid": { "images": images, "finding": "focal" } } })).unwrap();
    let drawn = stage.run(phantoms::Inputs {}, &Context::for_tests(Phantoms::NAME).seeded(seed)).unwrap().samples;
    let mut out = Source::default();
    for file in drawn.images {
        let row = drawn.rows.iter().find(|row| row.image == Digest::of(&file.bytes)).unwrap();
        out.add(&Sample { source: source.into(), ..row.clone() }, file.bytes);
    }
    out
}

fn greys(file: &[u8]) -> Vec<u8> {
    image::load_from_memory(file).unwrap().to_luma8().into_raw()
}

type Change = fn(&[u8]) -> Vec<u8>;

fn as_png(greys: &[u8], side: usize) -> Vec<u8> {
    png::encode(greys, side as u32, side as u32, &[]).unwrap()
}

/// How a copy may have come about, and by what it is found.
const CHANGES: [(&str, SameBy, Change); 5] = [
    ("same bytes", SameBy::File, |file| file.to_vec()),
    // Without the text that phantoms have in their files.
    ("saved as PNG", SameBy::Pixels, |file| as_png(&greys(file), SIDE)),
    ("saved as JPEG", SameBy::Look, |file| {
        let mut out = vec![];
        JpegEncoder::new_with_quality(&mut out, 75).encode(&greys(file), SIDE as u32, SIDE as u32, image::ExtendedColorType::L8).unwrap();
        out
    }),
    ("resized", SameBy::Look, |file| {
        let smaller = image::imageops::resize(&image::load_from_memory(file).unwrap().to_luma8(), 96, 96, image::imageops::FilterType::Triangle);
        as_png(smaller.as_raw(), 96)
    }),
    ("windowed", SameBy::Look, |file| {
        let greys = greys(file);
        let mut sorted = greys.clone();
        sorted.sort_unstable();
        let [low, high] = [sorted.len() / 20, sorted.len() * 19 / 20].map(|at| f64::from(sorted[at]));
        let window = |grey: &u8| ((f64::from(*grey) - low) / (high - low) * 255.0).clamp(0.0, 255.0) as u8;
        as_png(&greys.iter().map(window).collect::<Vec<_>>(), SIDE)
    }),
];

fn stage(parameters: serde_json::Value) -> Deduplicate {
    serde_json::from_value(parameters).unwrap()
}

fn made(parameters: serde_json::Value, tables: Vec<Samples>, packs: Vec<Images>, features: Option<Vec<Embedding>>) -> (Result<Outputs>, Vec<Note>) {
    let cx = Context::for_tests(Deduplicate::NAME);
    let out = stage(parameters).run(Inputs { samples: tables, images: Some(packs), features }, &cx);
    (out, cx.notes())
}

fn bytes(out: &Outputs) -> Vec<Vec<u8>> {
    use crate::records::Record;
    let held = tempfile::tempdir().unwrap();
    out.samples.save(held.path()).unwrap();
    let table = std::fs::read(held.path().join("samples.csv")).unwrap();
    vec![table, out.report.to_csv().unwrap(), out.summary.to_csv().unwrap(), out.joined.to_csv().unwrap()]
}

#[test]
fn planted_duplicates_are_found_none_is_invented_and_the_order_of_tables_decides_nothing() {
    let ours = phantoms(20, 1, "ours");
    let mut theirs = phantoms(8, 2, "theirs");
    let own: BTreeSet<Digest> = theirs.rows.iter().map(|row| row.image).collect();
    let mut planted: BTreeMap<(Digest, Digest), &str> = BTreeMap::new();
    for (n, (row, file)) in ours.rows.iter().zip(&ours.files).enumerate() {
        let (name, _, change) = CHANGES[n % CHANGES.len()];
        // Under another patient's name.
        theirs.add(&Sample { patient: format!("p:their-{n}"), source: "theirs".into(), ..row.clone() }, change(file));
        let copy = theirs.rows.last().unwrap().image;
        planted.insert((row.image.min(copy), row.image.max(copy)), name);
    }
    let parameters = json!({ "keep": { "first-source": ["ours"] } });
    let (out, notes) = made(parameters.clone(), vec![ours.table(), theirs.table()], vec![ours.pack(), theirs.pack()], None);
    let out = out.unwrap();
    for pair in &out.report.rows {
        let name = planted.remove(&(pair.first.min(pair.second), pair.first.max(pair.second)));
        let expected = CHANGES.iter().find(|change| Some(change.0) == name);
        assert!(expected.is_some_and(|change| change.1 == pair.same_by), "{name:?}: {pair:?}");
        let (kept, source) = if pair.kept == Kept::First { (pair.first, &pair.first_source) } else { (pair.second, &pair.second_source) };
        assert!(source == "ours" && out.samples.rows.iter().any(|row| row.image == kept));
    }
    assert!(planted.is_empty(), "not found: {planted:?}");
    // All of ours, and of theirs what is only there.
    let left: BTreeSet<Digest> = out.samples.rows.iter().map(|row| row.image).collect();
    assert_eq!((out.samples.rows.len(), left), (28, ours.rows.iter().map(|row| row.image).chain(own).collect()));
    let shared = &out.summary.rows;
    assert_eq!(shared.len(), 1, "{shared:?}");
    let counts = [shared[0].pictures, shared[0].file, shared[0].pixels, shared[0].look, shared[0].mirrored, shared[0].conflicts];
    assert_eq!((counts, shared[0].first_images, shared[0].second_images), ([20, 4, 4, 12, 0, 0], 20, 28));
    assert!(notes.contains(&Note::info("48 rows show 28 pictures; 28 are kept")), "{notes:?}");
    // No token of a patient whose picture is under another name is kept beside it.
    let [joined, tokens]: [BTreeSet<&str>; 2] =
        [out.joined.rows.iter().map(|row| row.patient.as_str()).collect(), out.samples.rows.iter().map(|row| row.patient.as_str()).collect()];
    assert!(joined.len() >= 20 && joined.is_disjoint(&tokens), "{joined:?}");

    let (turned, _) = made(parameters, vec![theirs.table(), ours.table()], vec![theirs.pack(), ours.pack()], None);
    assert_eq!(bytes(&turned.unwrap()), bytes(&out));
}

/// Images of one grey level each, so that pixels are equal or not as is wished.
fn plain(images: &[(&str, &str, &str, u8)]) -> (Vec<Sample>, Images) {
    let row = |(n, (source, label, patient, _)): (usize, &(&str, &str, &str, u8))| Sample { source: (*source).to_owned(), ..sample(patient, n as u32, label) };
    let rows: Vec<Sample> = images.iter().enumerate().map(row).collect();
    let pack = packed(rows.iter().zip(images).map(|(row, image)| (row.image, vec![image.3; 64])).collect());
    (rows, pack)
}

#[test]
fn labels_in_conflict_stop_the_stage_unless_it_is_told_what_to_do() {
    let images = [("a", "covid", "p:1", 1), ("b", "normal", "p:2", 1), ("b", "normal", "p:3", 2), ("b", "normal", "p:3", 2)];
    let with = |parameters: serde_json::Value| {
        let (rows, pack) = plain(&images);
        made(parameters, vec![Samples::of(rows)], vec![pack], None)
    };
    let stopped = with(json!({ "by": "pixels" })).0.err().unwrap();
    assert_eq!(stopped.to_string(), "1 picture has images with different labels: covid and normal (1)");
    let labels = |out: &Outputs| out.samples.rows.iter().map(|row| row.label.clone()).collect::<Vec<_>>();
    let (dropped, notes) = with(json!({ "by": "pixels", "on_conflict": "drop-all" }));
    let dropped = dropped.unwrap();
    assert_eq!(labels(&dropped), ["normal"]);
    assert!(notes.contains(&Note::warning("1 picture has several labels: none of their images is kept")), "{notes:?}");
    assert_eq!(dropped.report.rows.iter().filter(|pair| pair.kept == Kept::Neither).count(), 1);
    let (kept, notes) = with(json!({ "by": "pixels", "on_conflict": "keep", "keep": { "first-source": ["b"] } }));
    let kept = kept.unwrap();
    assert_eq!(labels(&kept), ["normal", "normal"]);
    assert!(notes.contains(&Note::warning("1 picture has several labels: the label of the image that is kept counts")), "{notes:?}");
    assert_eq!(kept.summary.rows.iter().map(|row| (row.pictures, row.pixels, row.conflicts)).collect::<Vec<_>>(), [(1, 1, 1), (1, 1, 0)]);
    let unknown = with(json!({ "by": "pixels", "keep": { "first-source": ["b", "c"] } })).0.err().unwrap();
    assert_eq!(unknown.to_string(), "`keep` names the source `c`, but no image is of it");
}

#[test]
fn patients_who_share_a_picture_are_one_with_all_their_images() {
    // 2 and 4 share a picture, and so do 3 and 4: all images of 2, 3 and 4 are of one patient then.
    let images = [("a", "x", "p:2", 1), ("a", "x", "p:2", 2), ("b", "x", "p:4", 1), ("b", "x", "p:4", 3), ("b", "x", "p:3", 3), ("b", "x", "p:5", 4)];
    let (rows, pack) = plain(&images);
    let (out, notes) = made(json!({ "by": "pixels" }), vec![Samples::of(rows)], vec![pack], None);
    let out = out.unwrap();
    let joined: Vec<(&str, &str)> = out.joined.rows.iter().map(|row| (row.patient.as_str(), row.counts_as.as_str())).collect();
    assert_eq!(joined, [("p:3", "p:2"), ("p:4", "p:2")]);
    let left: Vec<(&str, u32)> = out.samples.rows.iter().map(|row| (row.patient.as_str(), row.number)).collect();
    assert_eq!(left, [("p:2", 0), ("p:2", 1), ("p:2", 2), ("p:5", 0)], "numbered within the patient");
    assert!(notes.contains(&Note::info("3 patients share pictures with others and count as 1 from here on")), "{notes:?}");
}

#[test]
fn files_alone_need_no_pixels_and_an_image_that_was_left_out_stays() {
    let (rows, _) = plain(&[("a", "x", "p:1", 1), ("b", "x", "p:2", 1)]);
    let again: Vec<Sample> = rows.iter().map(|row| Sample { source: "c".into(), ..row.clone() }).collect();
    let by_files = stage(json!({ "by": "file" }));
    assert_eq!((by_files.reads("images"), by_files.requires("images")), (false, None));
    assert!(stage(json!({})).requires("images").is_some());
    let inputs = || vec![Samples::of(rows.clone()), Samples::of(again.clone())];
    let out = by_files.run(Inputs { samples: inputs(), images: None, features: None }, &Context::for_tests(Deduplicate::NAME)).unwrap();
    assert_eq!(out.samples.rows.iter().map(|row| row.source.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(out.report.rows.iter().all(|pair| pair.first == pair.second && pair.same_by == SameBy::File && pair.distance.is_none()));
    assert_eq!(by_files.by_files(inputs()).unwrap().rows, out.samples.rows);
    // A pack without the pixels of the second image, which `prepare` left out.
    let held = tempfile::tempdir().unwrap();
    let mut writer = PackWriter::create(&held.path().join("work")).unwrap();
    let mut sorted: Vec<(Digest, Option<[u8; 64]>)> = vec![(rows[0].image, Some([7; 64])), (rows[1].image, None)];
    sorted.sort_unstable();
    sorted.iter().for_each(|(image, pixels)| writer.push(*image, pixels.as_ref().map(|p| &p[..])).unwrap());
    writer.finish(Contents::default()).unwrap().save(held.path()).unwrap();
    let pack = opened(held.path());
    let (out, notes) = made(json!({}), inputs(), vec![pack], None);
    assert_eq!(out.unwrap().samples.rows.len(), 2);
    assert!(notes.contains(&Note::info("1 image is compared by files alone: `prepare` left it out")), "{notes:?}");
}

#[test]
fn images_that_are_near_by_features_are_laid_upon_each_other() {
    let ours = phantoms(6, 3, "ours");
    // Features of all images are equal: every pair is nominated, and none is confirmed for that.
    let features = |rows: &[Sample]| {
        let whole = embedded("x", &rows[..1]);
        let of = |row: &Sample| Extracted {
            image: row.image,
            features: whole.features(&rows[0].image).unwrap().to_vec(),
            probabilities: whole.probabilities(&rows[0].image).unwrap().to_vec(),
        };
        vec![Embedding::of(document("x"), rows.iter().map(of).collect(), vec![]).unwrap()]
    };
    let (out, notes) = made(json!({}), vec![ours.table()], vec![ours.pack()], Some(features(&ours.rows)));
    assert_eq!(out.unwrap().samples.rows.len(), 6);
    assert!(notes.contains(&Note::info("images that are near by features of x are compared, too")), "{notes:?}");
    let lacks = made(json!({}), vec![ours.table()], vec![ours.pack()], Some(features(&ours.rows[1..]))).0.err().unwrap();
    assert!(lacks.to_string().ends_with("has no features by x"), "{lacks}");
}

#[test]
fn synthetic_images_are_refused_and_parameters_fit_each_other() {
    let (mut rows, pack) = plain(&[("a", "x", "p:1", 1)]);
    rows[0].origin = Origin::Synthetic;
    let said = made(json!({}), vec![Samples::of(rows)], vec![pack], None).0.err().unwrap().to_string();
    assert_eq!(said, "1 image of `samples` is synthetic");
    assert_eq!(stage(json!({ "by": "pixels", "mirrored": true })).check().len(), 1);
    assert_eq!(stage(json!({ "keep": { "first-source": ["a", "b", "a"] } })).check().len(), 1);
    assert_eq!(stage(json!({ "mirrored": true, "keep": "largest" })).check().len(), 0);
    assert_eq!((stage(json!({})).takes("samples"), stage(json!({ "on_conflict": "drop-all" })).takes("samples")), (Takes::Some, Takes::Any));
}
