//! Tables and directories as people have them: each is imported as it is meant, or refused with one message that says why; and
//! every excluded image is in a list with its reason, which only the owner sees.

mod cases;
mod collections;

use crate::space::{Said, Space};
use std::collections::BTreeMap;

/// A source as found in practice.
struct Case {
    name: &'static str,
    files: &'static [&'static str],
    table: Vec<u8>,
    with: &'static str,
    expected: Expected,
}

enum Expected {
    /// Images by label, notes that are told, and images that are listed as left out with the beginning of their reason.
    Taken { labels: &'static [(&'static str, usize)], notes: &'static [&'static str], left_out: &'static [(&'static str, &'static str)] },
    /// What the message says.
    Refused(&'static str),
}

fn taken(labels: &'static [(&'static str, usize)], notes: &'static [&'static str], left_out: &'static [(&'static str, &'static str)]) -> Expected {
    Expected::Taken { labels, notes, left_out }
}

fn case(name: &'static str, files: &'static [&'static str], table: impl Into<Vec<u8>>, with: &'static str, expected: Expected) -> Case {
    Case { name, files, table: table.into(), with, expected }
}

/// Bytes of an image of the kind that its ending says.
fn bytes_of(name: &str, number: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..256).map(|p| (p * (number + 3) % 251) as u8).collect();
    let png = || hilum_stages::data::png::encode(&pixels, 16, 16, &[]).unwrap();
    match name.rsplit('.').next().unwrap() {
        "README" => b"read me".to_vec(),
        "tif" => b"II*\0\x08\0\0\0".to_vec(),
        "bmp" => b"BM\x46\0\0\0".to_vec(),
        "gif" => b"GIF89a\x01\0\x01\0".to_vec(),
        "webp" => b"RIFF\x1a\0\0\0WEBPVP8L".to_vec(),
        "dcm" => [vec![0; 128], b"DICM".to_vec()].concat(),
        _ => png(),
    }
}

fn run(case: &Case) -> (Space, Said) {
    let space = Space::new();
    let rest = if case.with.is_empty() { String::new() } else { format!(", {}", case.with) };
    space.write("study.yaml", format!("study: s\nseed: 1\nstages:\n  images: {{ stage: import, with: {{ images: img{rest} }} }}\n"));
    space.write("t.csv", &case.table);
    for (number, name) in case.files.iter().enumerate() {
        space.write(&format!("img/{name}"), bytes_of(name, number));
    }
    let said = space.hilum(&["run", "study.yaml"]);
    (space, said)
}

fn judge(case: &Case) -> Result<(), String> {
    let (space, said) = run(case);
    let (labels, notes, listed) = match &case.expected {
        Expected::Refused(why) => {
            let once = said.err.matches("error").count() == 1;
            return if [1, 2].contains(&said.code) && once && said.err.contains(why) { Ok(()) } else { Err(format!("expected one error `{why}`")) };
        }
        Expected::Taken { labels, notes, left_out } => (labels, notes, left_out),
    };
    if said.code != 0 {
        return Err("expected a run".into());
    }
    let table = space.read("results/s/images/samples.csv");
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    table.lines().skip(1).for_each(|line| *found.entry(line.split(',').nth(3).unwrap()).or_default() += 1);
    if found != labels.iter().copied().collect() {
        return Err(format!("labels are {found:?}"));
    }
    if let Some(missing) = notes.iter().find(|n| !said.err.contains(**n)) {
        return Err(format!("expected the note `{missing}`"));
    }
    let list = space.left_out("images");
    let is_listed =
        |(name, why): &&(&str, &str)| list.lines().any(|l| l.starts_with(&format!("\"{name}\",")) && l.rsplit("\",\"").next().unwrap().starts_with(why));
    if let Some(missing) = listed.iter().find(|l| !is_listed(l)) {
        return Err(format!("expected {missing:?} in the list:\n{list}"));
    }
    let n = list.lines().count().saturating_sub(1);
    if n != listed.len() {
        return Err(format!("{n} files are listed as left out, expected {}", listed.len()));
    }
    if n > 0 && !said.err.contains(".hilum-private/left-out/images-") {
        return Err("the list is not named".into());
    }
    Ok(())
}

#[test]
fn sources_as_people_have_them() {
    let cases: Vec<Case> = [cases::encodings_and_delimiters(), cases::cells(), cases::files(), collections::collections()].into_iter().flatten().collect();
    let wrong: Vec<String> = cases.iter().filter_map(|c| judge(c).err().map(|why| format!("{}: {why}\n{}", c.name, run(c).1.err))).collect();
    println!("{} sources, {} as expected", cases.len(), cases.len() - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 60, "{}", cases.len());
}
