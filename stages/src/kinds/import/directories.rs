//! One directory per class, and in it, optionally, one per patient.
//!
//! Directories in that of the class are patients if there are several, and one name is one patient, whatever the class:
//! a patient may have images before and after a finding. Names that only say that images are here are not patients.

use super::left_out::{self, Omitted};
use super::row::{Row, Said, Whose};
use super::text;
use crate::contract::prelude::*;
use crate::contract::pseudonym::normalised;
use crate::contract::source::ListedFile;
use crate::data::names::{is_mask, is_mask_of};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Names of directories that say what they contain, not whose it is.
const CONTAINERS: &[&str] = &["images", "image", "imgs", "img", "png", "jpg", "jpeg", "files", "data", "dataset"];

/// Names of directories that say in which part of an earlier split their images were.
const PARTS: &[&str] = &["train", "training", "test", "testing", "val", "valid", "validation", "dev"];

/// The rows of directories; `label` is the label of all images, if the study gives one.
pub(super) fn rows(images: &[ListedFile], label: Option<&str>, omitted: &mut Omitted, cx: &Context) -> Vec<Row> {
    let stems: HashSet<&str> = images.iter().map(|f| f.name.rsplit_once('.').map_or(&*f.name, |(stem, _)| stem)).collect();
    let (masks, images): (Vec<&ListedFile>, Vec<&ListedFile>) =
        images.iter().partition(|f| is_mask(&f.name) || is_mask_of(&f.name).is_some_and(|image| stems.contains(image)));
    let above = if label.is_some() { 0 } else { above_classes(&images, masks.is_empty(), cx) };
    for mask in masks {
        omitted.add(&mask.name, parts(&mask.name, above, label.is_some()).map_or("", |p| p.0), left_out::MASK);
    }
    let mut rows = vec![];
    for file in &images {
        match parts(&file.name, above, label.is_some()) {
            Some((class, rest)) => {
                let patient = patient(rest).map_or(Whose::Unknown, Whose::named);
                rows.push(Row { patient, file: file.name.clone(), said: Said::One(text::clean(class).into_owned()), ..Row::default() });
            }
            None => omitted.add(&file.name, "", "not in the directory of a class"),
        }
    }
    // A single name, in however many classes, is how the files were packed, not a patient.
    let named: BTreeSet<String> = rows.iter().filter_map(|r| if let Whose::Named(name) = &r.patient { Some(normalised(name)) } else { None }).collect();
    if named.len() < 2 {
        rows.iter_mut().for_each(|r| r.patient = Whose::Unknown);
    }
    if label.is_none() && rows.first().is_some_and(|first| rows.iter().all(|r| r.said == first.said)) {
        let below = if named.len() < 2 { "" } else { ", and the directories in it for patients" };
        cx.warn(format!(
            "all images are in one directory, which is taken for their class{below}; if it contains the classes, append its name to the path in `images`"
        ));
    }
    remark_layout(&rows, &images, above, cx);
    rows
}

/// More directories than this are no classes that somebody did not name.
const CLASSES: usize = 30;

/// Refuses directories that would become classes and look like patients: names of classes are in every record and report.
pub(super) fn refuse_patients(rows: &[Row]) -> Result<()> {
    let classes: BTreeSet<&str> = rows.iter().filter_map(|r| if let Said::One(class) = &r.said { Some(class.as_str()) } else { None }).collect();
    let is_number = |class: &&&str| class.as_bytes().windows(3).any(|three| three.iter().all(u8::is_ascii_digit));
    let numbers = classes.iter().filter(is_number).count();
    if classes.len() <= CLASSES && (classes.len() < 3 || 2 * numbers <= classes.len()) {
        return Ok(());
    }
    Err(Error::helped(
        format!("{} directories would become classes, and look like patients, whose names would be in every record and report", classes.len()),
        "give all images one class with `label`, and each directory is a patient; or name the classes with `labels: { DIRECTORY: CLASS }`",
    ))
}

/// The class of an image and the rest of its path; if all images have one label, every directory may be a patient's.
fn parts(name: &str, above: usize, has_label: bool) -> Option<(&str, &str)> {
    let below = (0..above).try_fold(name, |rest, _| Some(rest.split_once('/')?.1))?;
    if has_label { Some(("", below)) } else { below.split_once('/') }
}

/// Warns if what was taken for classes looks like something else.
fn remark_layout(rows: &[Row], images: &[&ListedFile], above: usize, cx: &Context) {
    let classes: BTreeSet<&str> = rows.iter().filter_map(|r| if let Said::One(class) = &r.said { Some(class.as_str()) } else { None }).collect();
    let is_part = |class: &str| {
        let class = class.to_ascii_lowercase();
        PARTS.contains(&class.as_str())
            || class.strip_prefix("fold").is_some_and(|n| !n.is_empty() && n.trim_start_matches(['_', '-', ' ']).bytes().all(|b| b.is_ascii_digit()))
    };
    let parts: Vec<String> = classes.iter().filter(|c| is_part(c)).map(|c| format!("`{c}`")).collect();
    if !parts.is_empty() {
        cx.warn(format!("the directories {} are taken for classes: are they parts of an earlier split?", parts.join(", ")));
    }
    // Directories of the same names below each of several classes.
    let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in images.iter().map(|f| f.name.split('/').skip(above).collect::<Vec<_>>()).filter(|n| n.len() > 2) {
        below.entry(name[0]).or_default().insert(name[1]);
    }
    let mut sets = below.values();
    if let Some(first) = sets.next().filter(|s| s.len() > 1 && below.len() > 1)
        && sets.all(|s| s == first)
        && parts.is_empty()
        && !first.iter().all(|d| CONTAINERS.contains(&d.to_ascii_lowercase().as_str()) || PARTS.contains(&d.to_ascii_lowercase().as_str()))
    {
        let n = first.len();
        cx.warn(format!(
            "each of the {} directories that are taken for classes contains the same {n} directories, which are taken for patients: are these the classes?",
            below.len()
        ));
    }
}

/// The depth of the class directories: below a directory that only contains the others, and below those of an earlier
/// split.
fn above_classes(images: &[&ListedFile], has_no_masks: bool, cx: &Context) -> usize {
    let names: Vec<Vec<&str>> = images.iter().map(|f| f.name.split('/').collect()).collect();
    // Directories at a depth that contain directories, and all of them.
    let holding = |depth: usize| names.iter().filter(|n| n.len() > depth + 2).map(|n| n[depth]).collect::<BTreeSet<&str>>();
    let all_at = |depth: usize| names.iter().filter(|n| n.len() > depth + 1).map(|n| n[depth]).collect::<BTreeSet<&str>>();
    let are = |set: &BTreeSet<&str>, known: &[&str]| !set.is_empty() && set.iter().all(|d| known.contains(&d.to_ascii_lowercase().as_str()));
    // Parts of a split contain the same classes; parts within a class contain different patients.
    let repeat = |depth: usize| {
        let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in names.iter().filter(|n| n.len() > depth + 2) {
            below.entry(name[depth + 1]).or_default().insert(name[depth]);
        }
        below.values().any(|parts| parts.len() > 1)
    };
    let is_split = |depth: usize| are(&all_at(depth), PARTS) && !holding(depth).is_empty();
    let (tops, below) = (all_at(0), all_at(1));
    let is_wrapper = tops.len() == 1 && holding(0).len() == 1;
    // A class contains patients, or directories that say what the files are: then the one above only contains the
    // classes.
    let holds_classes = below.len() > 1 && (are(&all_at(2), CONTAINERS) || !has_no_masks && all_at(2).is_empty());
    let depth = usize::from(is_wrapper && (are(&tops, CONTAINERS) || is_split(1) && repeat(1) || holds_classes));
    if depth > 0 {
        cx.note("one directory only contains the others: the directories in it are used");
    }
    if !is_split(depth) {
        return depth;
    }
    let parts: Vec<String> = all_at(depth).iter().map(|p| format!("`{p}`")).collect();
    cx.note(format!(
        "the directories {} are parts of an earlier split: their images are combined, and the directories in them are the classes",
        parts.join(", ")
    ));
    depth + 1
}

/// The first directory below the class that is not a mere container.
fn patient(below_class: &str) -> Option<&str> {
    let (directories, _) = below_class.rsplit_once('/')?;
    directories.split('/').find(|d| {
        let d = d.to_ascii_lowercase();
        !CONTAINERS.contains(&d.as_str()) && !PARTS.contains(&d.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::context::Context;
    use hilum_cache::Digest;

    fn whose(names: &[&str]) -> Vec<Option<String>> {
        let named = |r: Row| if let Whose::Named(name) = r.patient { Some(name) } else { None };
        found(names).into_iter().map(named).collect()
    }

    fn found(names: &[&str]) -> Vec<Row> {
        let file = |n: &&str| ListedFile { name: (*n).into(), path: (*n).into(), digest: Digest::of(n.as_bytes()), note: String::new() };
        rows(&names.iter().map(file).collect::<Vec<_>>(), None, &mut Omitted::default(), &Context::for_tests("import"))
    }

    #[test]
    fn directories_that_look_like_patients_do_not_become_classes() {
        let of = |names: &[String]| {
            refuse_patients(&found(&names.iter().map(|n| format!("{n}/a.png")).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>()))
        };
        let numbered = |n: usize, start: &str| (0..n).map(|i| format!("{start}{:04}", 1200 + i)).collect::<Vec<_>>();
        let refused = of(&numbered(3, "MRN-")).unwrap_err().to_string();
        assert!(refused.contains("3 directories would become classes") && !refused.contains("MRN"), "{refused}");
        assert!(of(&numbered(2, "MRN-")).is_ok() && of(&(0..31).map(|i| format!("name {i}")).collect::<Vec<_>>()).is_err());
        let classes = ["COVID-19", "Normal", "Viral Pneumonia", "Lung_Opacity"].map(str::to_owned);
        assert!(of(&classes).is_ok());
    }

    fn classes(names: &[&str]) -> Vec<String> {
        found(names).into_iter().map(|r| r.said.spelled()).collect()
    }

    #[test]
    fn one_name_under_two_classes_is_one_patient() {
        let found = whose(&["covid/P1/a.png", "normal/p1/day-2/b.png", "normal/P2/c.png"]);
        assert_eq!(found, [Some("P1".into()), Some("P1".into()), Some("P2".into())]);
    }

    #[test]
    fn directories_that_only_contain_files_are_not_patients() {
        assert_eq!(whose(&["covid/images/a.png", "covid/masks/a.png", "normal/Images/b.png"]), [None, None], "masks are not images");
        assert_eq!(whose(&["covid/archive/a.png", "normal/archive/b.png"]), [None, None], "one name only");
        assert_eq!(whose(&["covid/images/P1/a.png", "normal/images/P2/b.png", "normal/c.png"]), [Some("P1".into()), Some("P2".into()), None]);
    }

    #[test]
    fn classes_are_found_in_directories_that_only_contain_them() {
        assert_eq!(classes(&["train/NORMAL/a.png", "test/PNEUMONIA/b.png", "val/NORMAL/c.png"]), ["NORMAL", "PNEUMONIA", "NORMAL"]);
        assert_eq!(classes(&["chest_xray/train/NORMAL/a.png", "chest_xray/test/NORMAL/b.png"]), ["NORMAL", "NORMAL"]);
        assert_eq!(classes(&["covid/train/P1/a.png", "covid/test/P2/b.png"]), ["covid", "covid"], "parts that contain different directories contain patients");
        assert_eq!(classes(&["train/a/a.png", "train/b/b.png", "test/c.png"]), ["a", "b"], "a test part without labels");
        assert_eq!(classes(&["top/COVID/images/a.png", "top/Normal/images/b.png", "top/Normal/masks/b.png"]), ["COVID", "Normal"]);
        assert_eq!(classes(&["images/covid/a.png", "images/normal/b.png"]), ["covid", "normal"]);
        assert_eq!(
            classes(&["Data/Train/COVID-19/images/a.png", "Data/Train/Normal/images/b.png", "Data/Train/Normal/lung masks/b.png"]),
            ["COVID-19", "Normal"]
        );
        assert_eq!(classes(&["covid/train/a.png", "normal/test/b.png"]), ["covid", "normal"], "a split below the classes");
        assert_eq!(classes(&["test/a.png", "train/b.png"]), ["test", "train"], "a class may have this name if it contains no directories");
        assert_eq!(classes(&["covid/P1/a.png", "covid/P2/b.png"]), ["covid", "covid"]);
        assert_eq!(whose(&["covid/train/a.png", "normal/test/b.png"]), [None, None], "a part of a split is not a patient");
    }
}
