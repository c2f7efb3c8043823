//! A study of imported images in which everything that hilum reads holds identifiers: tables, names of files and directories, texts
//! within images, labels that are left out, and the environment.

use crate::space::{Said, Space, said};
use std::path::PathBuf;

/// A label that the study does not keep: somebody took the wrong column.
pub(super) const LABEL: &str = "Zwetschgenbaum, Kunigunde";
/// The name of a file that no image keeps.
pub(super) const FILE: &str = "MRN-4471-X-93-nowhere.png";

const SURNAME: &str = "Quittenmüller";
const DIRECTORY: &str = "ward Brombeerstrauch 7";
const TEXT: &str = "Mirabellus^Ottokar^^Dr";
const EXIF: &str = "Stachelbeer Hieronymus";
const HOME: &str = "/home/preiselbeere.k";
const USER: &str = "preiselbeere.k";
const HOST: &str = "roentgen-sanddorn-3.klinik.example";
const PLACE: &str = "archiv-Holunderblute";

/// The study with what was planted in it.
pub(super) struct Planted {
    pub(super) space: Space,
    _held: tempfile::TempDir,
    /// What names a patient.
    pub(super) identifiers: Vec<String>,
    /// Where the images are, with their table.
    pub(super) images: PathBuf,
}

const STUDY: &str = "study: imported
seed: 3
stages:
  images:
    stage: import
    with:
      images: \"cxr:images\"
      table: \"cxr:table.csv\"
      columns: { patient: record number, file: file name, label: finding, age: age, sex: sex }
      labels: { normal: normal, covid: covid }
      on_damage: leave-out
  by-directory:
    stage: import
    with: { images: \"cxr:by-directory\", labels: { covid: covid, normal: normal } }
  alone: { stage: import, with: { images: \"cxr:alone\", labels: { '*': sick } } }
  pixels: { stage: prepare, in: { samples: images }, with: { size: 32 } }
  split: { stage: split, in: { samples: images }, with: { by: patient, train: 0.6, test: 0.4 } }
  generator:
    stage: train-gan
    in: { samples: split.train, images: pixels }
    with: { network: { dcgan: { size: 32, width: 4, latent: 8 } }, label: covid, steps: 6, batch: 4 }
  synthetic: { stage: synthesize, in: { generator: generator }, with: { count: 12 } }
  training-set:
    stage: oversample
    matrix: { arm: [real, real+synthetic] }
    in: { real: split.train, synthetic: synthetic }
    with: { arm: $arm }
  classifier:
    stage: train-classifier
    matrix: { repeat: [0, 1] }
    in: { samples: training-set, images: [pixels, synthetic.images] }
    with: { network: { smallcnn64: { width: 2 } }, epochs: 1, batch: 8 }
  scores: { stage: evaluate, in: { weights: classifier, samples: split.test, images: pixels }, with: { resamples: 100 } }
  comparison: { stage: compare, in: { scores: scores/* }, with: { against: { arm: real }, resamples: 100 } }
";

impl Planted {
    pub(super) fn new() -> Planted {
        let held = tempfile::tempdir().unwrap();
        let place = held.path().join(PLACE);
        let space = Space::at(place.join("study"));
        let images = place.join("data");
        space.write("study.yaml", STUDY);
        let mut identifiers: Vec<String> = [LABEL, FILE, SURNAME, DIRECTORY, TEXT, EXIF].map(str::to_owned).to_vec();
        let mut table = "record number,file name,finding,age,sex,name,date of birth,accession number\n".to_owned();
        let write = |name: &str, bytes: &[u8]| {
            let path = images.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        for i in 0..40usize {
            let (record, birth, accession) = (format!("MRN-4471-X-{:02}", i / 2), format!("19{:02}-07-{:02}T", 30 + i, 1 + i % 28), format!("ACC#88{i:02}/Q"));
            let file = format!("{DIRECTORY}/{record}_{SURNAME}-{i}.{}", if i % 10 == 9 { "jpg" } else { "png" });
            let finding = if i >= 36 {
                LABEL
            } else if i % 3 == 0 {
                "covid"
            } else {
                "normal"
            };
            let pixels = grey(i);
            write(
                &format!("images/{file}"),
                &if i % 10 == 9 { jpeg(&pixels) } else { of_pixels(&pixels, &[("Comment", TEXT), ("Author", SURNAME)], Some(EXIF)) },
            );
            table += &format!("{record},\"{file}\",\"{finding}\",{},{},{SURNAME},{birth},{accession}\n", 20 + i, if i % 2 == 0 { "F" } else { "M" });
            identifiers.extend([record, birth, accession]);
        }
        table += &format!("MRN-4471-X-93,{FILE},covid,50,F,{SURNAME},1999-01-01T,ACC#9999/Q\n");
        write("images/damaged.png", &of_pixels(&grey(77), &[], None)[..200]);
        table += "MRN-4471-X-94,damaged.png,covid,50,F,x,x,x\n";
        write("table.csv", table.as_bytes());
        identifiers.extend(["MRN-4471-X-93", "MRN-4471-X-94", "1999-01-01T", "ACC#9999/Q"].map(str::to_owned));
        // A directory around all others, and one for each class, of which one is somebody's name.
        for (at, class) in ["covid", "normal", LABEL].into_iter().enumerate() {
            for i in 0..4 {
                write(&format!("by-directory/{DIRECTORY}/{class}/images/{SURNAME} {i}.png"), &of_pixels(&grey(100 + 4 * at + i), &[], None));
            }
        }
        for i in 0..3 {
            write(&format!("alone/{SURNAME}/{i}.png"), &of_pixels(&grey(200 + i), &[], None));
        }
        Planted { space, _held: held, identifiers, images }
    }

    /// The option that says where the images are.
    pub(super) fn data(&self) -> String {
        format!("cxr={}", self.images.display())
    }

    /// What names this machine and whoever uses it.
    pub(super) fn names(&self) -> Vec<String> {
        let here = self.space.path("").canonicalize().unwrap().display().to_string();
        [HOME, USER, HOST, "roentgen-sanddorn-3", PLACE, here.trim_end_matches('/')].map(str::to_owned).to_vec()
    }

    pub(super) fn hilum(&self, args: &[&str]) -> Said {
        let mut command = self.space.command(args);
        command.env("HOME", HOME).env("USER", USER).env("LOGNAME", USER).env("SUDO_USER", USER).env("HOSTNAME", HOST);
        command.env("PWD", self.space.path("")).env("OLDPWD", HOME).env("HILUM_LOG", "debug");
        said(command.output().unwrap())
    }
}

/// Images of which any two differ, without anything that would be found in two of them.
fn grey(n: usize) -> Vec<u8> {
    let mut state = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let spot = |x: usize, y: usize| if x.abs_diff(8 + n % 24) + y.abs_diff(8 + n % 17) < 9 { 90 } else { 0 };
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 58) as u8
    };
    (0..40 * 40).map(|at| 60 + (at % 40) as u8 + spot(at % 40, at / 40) + noise()).collect()
}

fn of_pixels(pixels: &[u8], texts: &[(&str, &str)], exif: Option<&str>) -> Vec<u8> {
    // Texts of this chunk are of Latin-1; what follows is not read by its encoder.
    let plain = hilum_stages::data::png::encode(pixels, 40, 40, &[]).unwrap();
    let after_header = 8 + 25;
    let mut out = plain[..after_header].to_vec();
    for (keyword, text) in texts {
        chunk(&mut out, b"tEXt", &[keyword.as_bytes(), &[0], text.as_bytes()].concat());
        chunk(&mut out, b"iTXt", &[keyword.as_bytes(), &[0, 0, 0, 0, 0], text.as_bytes()].concat());
    }
    if let Some(artist) = exif {
        chunk(&mut out, b"eXIf", &tiff(artist));
    }
    out.extend(&plain[after_header..]);
    out
}

/// A small picture with texts in it.
pub(super) fn png(texts: &[(&str, &str)], exif: Option<&str>) -> Vec<u8> {
    of_pixels(&grey(0), texts, exif)
}

fn jpeg(pixels: &[u8]) -> Vec<u8> {
    let mut plain = vec![];
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut plain, 95).encode(pixels, 40, 40, image::ExtendedColorType::L8).unwrap();
    let exif = [b"Exif\0\0".as_slice(), &tiff(EXIF)].concat();
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

/// EXIF with one field: the artist.
fn tiff(artist: &str) -> Vec<u8> {
    let mut out = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x3b\0\x02".to_vec();
    out.extend((artist.len() as u32 + 1).to_be_bytes());
    out.extend(26u32.to_be_bytes());
    out.extend([0; 4]);
    out.extend(artist.as_bytes());
    out.push(0);
    out
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let crc = out[start..].iter().fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }));
    out.extend((!crc).to_be_bytes());
}
