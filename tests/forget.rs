//! `hilum forget` from outside: what stays is what a study has that never saw the patient, and of the patient nothing stays.

mod hard;
mod networks;
mod whole;

use crate::space::{Said, Space, said};
use hilum_stages::contract::pseudonym::PseudonymKey;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// Whom the studies forget: the patient of the first three images.
const CANARY: &str = "CANARY-77";
const KEY: [u8; 32] = [3; 32];

fn pseudonym() -> String {
    PseudonymKey::new(KEY).pseudonym(CANARY)
}

/// The file of an image: a picture of its own for each number.
fn picture(n: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..32 * 32u32).map(|p| ((p * (n + 3) / 7 + n * 31) % 256) as u8).collect();
    hilum_stages::data::png::encode(&pixels, 32, 32, &[]).unwrap()
}

fn row(n: u32) -> String {
    let who = if n < 3 { CANARY.to_owned() } else { format!("P{}", n / 2 + 100) };
    format!("{who},{n}.png,{}\n", ["covid", "normal"][(n / 3 % 2) as usize])
}

/// A space with a study of these images and the table of their patients.
fn space(study: &str, images: impl Iterator<Item = u32> + Clone) -> Space {
    let space = Space::new();
    images.clone().for_each(|n| space.write(&format!("img/{n}.png"), picture(n)));
    table(&space, images);
    space.write("study.yaml", study);
    space.give_key(KEY);
    space
}

fn table(space: &Space, images: impl Iterator<Item = u32>) {
    space.write("t.csv", std::iter::once("who,file,label\n".to_owned()).chain(images.map(row)).collect::<String>());
}

/// Takes the patient out of what the study imports.
fn remove(space: &Space, images: std::ops::Range<u32>) {
    (0..3).for_each(|n| std::fs::remove_file(space.path(&format!("img/{n}.png"))).unwrap());
    table(space, images);
}

fn run(space: &Space) {
    let said = space.hilum(&["run", "study.yaml", "--device", "cpu"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
}

/// A command that is told whom it is about.
fn typed(space: &Space, args: &[&str]) -> Said {
    let mut child = space.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(format!("{}\n", CANARY.to_lowercase()).as_bytes());
    let said = said(child.wait_with_output().unwrap());
    assert!(!format!("{}{}", said.out, said.err).to_uppercase().contains(CANARY), "the identifier is never repeated: {} {}", said.out, said.err);
    said
}

fn forget(space: &Space, more: &[&str]) -> Said {
    typed(space, &[&["forget", "--patient-stdin", "study.yaml", "--device", "cpu"], more].concat())
}

fn parsed(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {}\n{}", said.out, said.err))
}

/// Every file below a directory.
fn files(directory: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for path in std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => files(&path, out),
            false => out.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
}

/// What a table of an import says: the token of the patient, and of which pixels its pack has which image.
struct Known {
    token: String,
    /// Digests of the patient's images, and of their grey values.
    digests: BTreeSet<String>,
}

/// What is known of the patient before the erasure. The first three images are the patient's.
fn known(space: &Space) -> Known {
    let patients = space.read("results/s/images/patients.csv");
    let token = patients.lines().find_map(|line| line.strip_suffix(&format!(",{}", pseudonym()))).expect("the patient is imported").to_owned();
    let digests = (0..3).map(|n| hilum_cache::Digest::of(&picture(n)).hex()).collect();
    Known { token, digests }
}

/// Words that are looked for in many bytes at once: most places are passed over by two bytes alone.
struct Words {
    all: Vec<Vec<u8>>,
    beginnings: Vec<bool>,
}

impl Words {
    fn of(all: Vec<Vec<u8>>) -> Words {
        let mut beginnings = vec![false; 1 << 16];
        all.iter().for_each(|word| beginnings[usize::from(word[0]) << 8 | usize::from(word[1])] = true);
        Words { all, beginnings }
    }
    /// The first of them that is found.
    fn found_in(&self, bytes: &[u8]) -> Option<String> {
        let may_begin = |at: &usize| self.beginnings[usize::from(bytes[*at]) << 8 | usize::from(bytes[*at + 1])];
        let at = (0..bytes.len().saturating_sub(1)).filter(may_begin).find_map(|at| self.all.iter().find(|word| bytes[at..].starts_with(word)))?;
        Some(String::from_utf8_lossy(at).into_owned())
    }
}

/// Nothing of the patient is left in the objects, results, journals and private files of a space.
fn assert_gone(space: &Space, known: &Known) {
    let mut all = vec![];
    [".hilum", "results", ".hilum-private"].iter().for_each(|directory| files(&space.path(directory), &mut all));
    let words = [known.token.clone(), pseudonym(), CANARY.to_owned(), CANARY.to_lowercase()].into_iter().chain(known.digests.iter().cloned());
    let raw = (0..3).map(picture).chain(known.digests.iter().map(|hex| hilum_cache::Digest::from_hex(hex).unwrap().bytes().to_vec()));
    let words = Words::of(words.map(String::into_bytes).chain(raw).collect());
    assert_eq!(words.found_in(format!("a,{},b", known.token).as_bytes()).as_ref(), Some(&known.token));
    assert!(all.len() > 20, "there are files to look at");
    for (path, bytes) in all.iter().filter(|(path, _)| !path.ends_with("study.key")) {
        assert_eq!(words.found_in(bytes), None, "{path}");
    }
    assert!(!space.path(".hilum/patients.index").exists());
}

/// The newest digests of a space by output, without those of imports.
fn below_import(space: &Space) -> BTreeMap<String, String> {
    space.digests().into_iter().filter(|(output, _)| !output.starts_with("images ")).collect()
}
