//! Masks are found by names, drawn together, and what does not fit is counted.

use super::*;
use crate::contract::source::Listing;
use crate::data::{inspect, png};
use std::collections::BTreeMap;

/// A square of 8 × 8 whose columns in the range are white.
fn columns(white: std::ops::Range<usize>) -> Vec<u8> {
    let greys: Vec<u8> = (0..64).map(|at| if white.contains(&(at % 8)) { 255 } else { 0 }).collect();
    png::encode(&greys, 8, 8, &[]).unwrap()
}

/// An image that no other one equals.
fn image(n: u8) -> Vec<u8> {
    png::encode(&[n; 64], 8, 8, &[]).unwrap()
}

fn run(images: &[(&str, Vec<u8>)], masks: &[(&str, Vec<u8>)]) -> (Result<Masks>, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let listing = |which: &str, files: &[(&str, Vec<u8>)]| {
        let list = |(name, bytes): &(&str, Vec<u8>)| {
            let path = directory.path().join(which).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            ListedFile { name: (*name).into(), path, digest: Digest::of(bytes), note: inspect::note(bytes) }
        };
        (which.to_owned(), Listing { digest: Digest::of(b""), files: files.iter().map(list).collect(), passed_over: vec![] })
    };
    let cx = Context::for_tests(FindMasks::NAME).with_sources(BTreeMap::from([listing("images", images), listing("masks", masks)]));
    let stage: FindMasks = serde_json::from_str(r#"{ "images": "i", "masks": "m", "size": 8 }"#).unwrap();
    let found = stage.run(Inputs {}, &cx).map(|out| out.masks);
    (found, cx.notes().iter().map(Note::to_string).collect())
}

/// The columns of an image's mask, all of whose rows are alike.
fn mask_of(masks: &Masks, image: &[u8]) -> Option<String> {
    let mask = masks.get(&Digest::of(image), 8)?;
    assert!(mask.chunks(8).all(|row| row == &mask[..8]));
    Some(mask[..8].iter().map(|pixel| if *pixel { '#' } else { '.' }).collect())
}

#[test]
fn a_mask_has_the_name_of_its_image_and_several_are_united() {
    let images = [("CXR_png/MCUCXR_1.png", image(1)), ("CXR_png/MCUCXR_2.PNG", image(2)), ("CXR_png/3.jpeg.png", image(3)), ("README.md", b"x".to_vec())];
    let masks = [
        ("leftMask/MCUCXR_1.png", columns(0..2)),
        ("rightMask/mcucxr_1.jpg", columns(6..8)),
        ("leftMask/MCUCXR_2.png", columns(1..2)),
        ("leftMask/unknown.png", columns(0..8)),
    ];
    let (found, said) = run(&images, &masks);
    let found = found.unwrap();
    assert_eq!([0, 1, 2].map(|i| mask_of(&found, &images[i].1)), [Some("##....##".into()), Some(".#......".into()), None]);
    assert_eq!(said, ["2 images have a mask, and 1 none", "warning: 1 mask was left out: no image has its name"]);
}

#[test]
fn images_of_one_name_are_told_apart_by_directories_that_say_something() {
    let images = [("covid/images/1.png", image(1)), ("normal/images/1.png", image(2)), ("normal/images/2.png", image(3)), ("copy/images/2.png", image(3))];
    let masks =
        [("covid/lung masks/1.png", columns(0..1)), ("normal/Masks/1.png", columns(1..2)), ("masks/2.png", columns(2..3)), ("masks/1.png", columns(0..8))];
    let all: Vec<(&str, Vec<u8>)> = images.iter().chain(&masks).cloned().collect();
    // One directory for both: what is a mask by its name is no image.
    let (found, said) = run(&all, &all);
    let found = found.unwrap();
    assert_eq!([0, 1, 2].map(|i| mask_of(&found, &images[i].1).unwrap()), ["#.......", ".#......", "..#....."]);
    assert_eq!(said, ["3 images have a mask, and 0 none", "warning: 1 mask was left out: several images have its name"]);
}

#[test]
fn a_suffix_says_mask_and_black_and_damaged_ones_are_left_out() {
    let (whole, damaged) = (columns(3..5), columns(0..8)[..60].to_vec());
    let images = [("CHN_1.png", image(1)), ("CHN_2.png", image(2)), ("CHN_3.png", image(3))];
    let masks = [("CHN_1_mask.png", whole), ("CHN_2_mask.png", columns(0..0)), ("CHN_3_mask.png", damaged)];
    let (found, said) = run(&images, &masks);
    let found = found.unwrap();
    assert_eq!([0, 1, 2].map(|i| mask_of(&found, &images[i].1)), [Some("...##...".into()), None, None]);
    assert_eq!(said[0], "1 image has a mask, and 2 none");
    assert_eq!(said.len(), 3);
    assert!(said[1..].iter().any(|s| s == "warning: 1 mask was left out: a mask without a pixel brighter than half"), "{said:?}");
    let (none, _) = run(&images, &[("other.png", columns(0..8))]);
    assert_eq!(none.unwrap_err().to_string(), "no image has a mask");
}
