//! A directory per class, and below it perhaps one per patient.
//!
//! A directory below the class is a patient where there are several of them, and one name is one person, whatever the
//! class: somebody may have images before and after a finding. Names that only say that images lie here are nobody's.

use super::find::is_mask;
use super::labels::Said;
use super::left_out::{self, Omitted};
use super::samples::{Row, Whose};
use crate::contract::prelude::*;
use crate::contract::source::ListedFile;
use crate::data::pseudonym::normalised;
use std::collections::BTreeSet;

/// Names of directories that say what lies there, not whose it is.
const CONTAINERS: &[&str] = &["images", "image", "imgs", "img", "png", "jpg", "jpeg", "files", "data", "dataset"];

/// Names of directories that say in which part of an earlier split their images were.
const PARTS: &[&str] = &["train", "training", "test", "testing", "val", "valid", "validation", "dev"];

/// The rows of directories; `label` is what all images are called, where the study says so.
pub(super) fn rows(images: &[ListedFile], label: Option<&str>, omitted: &mut Omitted, cx: &Context) -> Vec<Row> {
    let (masks, images): (Vec<&ListedFile>, Vec<&ListedFile>) = images.iter().partition(|f| is_mask(&f.name));
    for mask in masks {
        omitted.add(&mask.name, mask.name.split('/').next().unwrap_or_default(), left_out::MASK);
    }
    let names: Vec<&str> = images.iter().map(|f| f.name.as_str()).collect();
    let above = if label.is_some() { 0 } else { above_classes(&names, cx) };
    let mut rows = vec![];
    for file in &images {
        let below = (0..above).try_fold(file.name.as_str(), |rest, _| Some(rest.split_once('/')?.1));
        match below.and_then(|b| if label.is_some() { Some(("", b)) } else { b.split_once('/') }) {
            Some((class, rest)) => {
                let patient = patient(rest).map_or(Whose::Unknown, Whose::named);
                rows.push(Row { patient, file: file.name.clone(), said: Said::One(class.into()), ..Row::default() });
            }
            None => omitted.add(&file.name, "", "beside the class directories, in none of them"),
        }
    }
    // A single name, however many classes it stands below, is how somebody packed the files.
    let named: BTreeSet<String> = rows.iter().filter_map(|r| if let Whose::Named(name) = &r.patient { Some(normalised(name)) } else { None }).collect();
    if named.len() < 2 {
        rows.iter_mut().for_each(|r| r.patient = Whose::Unknown);
    }
    rows
}

/// How many directories lie above those of the classes: one that only holds the others, and those of an earlier split.
fn above_classes(names: &[&str], cx: &Context) -> usize {
    let at = |depth: usize| -> BTreeSet<&str> {
        let deep = names.iter().filter(|n| n.matches('/').count() > depth + 1);
        deep.filter_map(|n| n.split('/').nth(depth)).collect()
    };
    let all = |set: &BTreeSet<&str>, known: &[&str]| !set.is_empty() && set.iter().all(|d| known.contains(&d.to_ascii_lowercase().as_str()));
    let tops: BTreeSet<&str> = names.iter().filter_map(|n| Some(n.split_once('/')?.0)).collect();
    let wrapped = tops.len() == 1 && (all(&tops, CONTAINERS) || all(&at(1), PARTS)) && at(0).len() == 1;
    let depth = usize::from(wrapped);
    let parts = at(depth);
    let there: BTreeSet<&str> = names.iter().filter(|n| n.matches('/').count() > depth).filter_map(|n| n.split('/').nth(depth)).collect();
    if there != parts || !all(&parts, PARTS) {
        return depth;
    }
    let parts: Vec<String> = parts.iter().map(|p| format!("`{p}`")).collect();
    cx.note(format!(
        "the directories {} are parts of an earlier split: their images are taken together, and the directories below them are the classes",
        parts.join(", ")
    ));
    depth + 1
}

/// The first directory below the class that is no mere container.
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
    use crate::contract::context::tests::context;
    use hilum_cache::Digest;

    fn whose(names: &[&str]) -> Vec<Option<String>> {
        let named = |r: Row| if let Whose::Named(name) = r.patient { Some(name) } else { None };
        found(names).into_iter().map(named).collect()
    }

    fn found(names: &[&str]) -> Vec<Row> {
        let file = |n: &&str| ListedFile { name: (*n).into(), path: (*n).into(), digest: Digest::of(n.as_bytes()), note: String::new() };
        rows(&names.iter().map(file).collect::<Vec<_>>(), None, &mut Omitted::default(), &context("import", None))
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
    fn directories_that_only_hold_files_are_nobody() {
        assert_eq!(whose(&["covid/images/a.png", "covid/masks/a.png", "normal/Images/b.png"]), [None, None], "masks are no images");
        assert_eq!(whose(&["covid/archive/a.png", "normal/archive/b.png"]), [None, None], "one name only");
        assert_eq!(whose(&["covid/images/P1/a.png", "normal/images/P2/b.png", "normal/c.png"]), [Some("P1".into()), Some("P2".into()), None]);
    }

    #[test]
    fn classes_are_found_below_directories_that_only_hold_them() {
        assert_eq!(classes(&["train/NORMAL/a.png", "test/PNEUMONIA/b.png", "val/NORMAL/c.png"]), ["NORMAL", "PNEUMONIA", "NORMAL"]);
        assert_eq!(classes(&["chest_xray/train/NORMAL/a.png", "chest_xray/test/PNEUMONIA/b.png"]), ["NORMAL", "PNEUMONIA"]);
        assert_eq!(classes(&["images/covid/a.png", "images/normal/b.png"]), ["covid", "normal"]);
        assert_eq!(
            classes(&["Data/Train/COVID-19/images/a.png", "Data/Train/Normal/images/b.png", "Data/Train/Normal/lung masks/b.png"]),
            ["COVID-19", "Normal"]
        );
        assert_eq!(classes(&["covid/train/a.png", "normal/test/b.png"]), ["covid", "normal"], "a split below the classes");
        assert_eq!(classes(&["test/a.png", "train/b.png"]), ["test", "train"], "a class may be called so where nothing lies below it");
        assert_eq!(classes(&["covid/P1/a.png", "covid/P2/b.png"]), ["covid", "covid"]);
        assert_eq!(whose(&["covid/train/a.png", "normal/test/b.png"]), [None, None], "a part of a split is nobody");
    }
}
