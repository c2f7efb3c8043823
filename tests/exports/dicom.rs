//! `hilum export dicom`: what a file says, read by hilum's own import. pydicom and dciodvfy read them in `tests/oracle/exports.py`.

use super::{export, parsed};
use crate::space::Space;
use hilum_stages::data::grey;
use std::collections::BTreeSet;

#[test]
fn files_show_what_the_images_show_and_come_back_as_synthetic() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "dicom", "dicom", &[]);
    let index = parsed(&files, "index.json");
    let instances = index["instances"].as_array().unwrap();
    assert_eq!((files.len(), instances.len()), (25, 24));
    let mut identifiers = BTreeSet::new();
    for instance in instances {
        let bytes = &files[instance["file"].as_str().unwrap()];
        let image = format!("results/tiny/synthetic/samples/{}", instance["from"]["file"].as_str().unwrap());
        let image = std::fs::read(space.path(&image)).unwrap();
        assert_eq!(grey::decode(bytes).unwrap().grey.pixels, grey::decode(&image).unwrap().grey.pixels);
        let uid = instance["sop_instance_uid"].as_str().unwrap();
        assert!(uid.starts_with("2.25.") && uid.len() <= 64 && bytes.windows(uid.len()).any(|w| w == uid.as_bytes()));
        identifiers.insert(uid);
        for (tag, value) in [(b"\x08\0\x1c\0CS\x04\0", "YES "), (b"\x08\0\x64\0CS\x04\0", "SYN "), (b"\x08\0\x60\0CS\x02\0", "OT")] {
            let said = [tag.as_slice(), value.as_bytes()].concat();
            assert!(bytes.windows(said.len()).any(|w| w == said), "{value}");
        }
        // Neither Laterality nor a source image.
        assert!(!bytes.windows(6).any(|w| w == b"\x20\0\x60\0CS" || w == b"\x08\0\x12\x21SQ"));
    }
    assert_eq!(identifiers.len(), 24);
    space.write("back.yaml", "study: back\nseed: 1\nstages:\n  images: { stage: import, with: { images: dicom, patients: one-per-image } }\n");
    let said = space.hilum(&["run", "back.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("24 images say that they are synthetic"), "{}", said.err);
    let table = space.read("results/back/images/samples.csv");
    assert!(table.lines().skip(1).all(|row| row.split(',').nth(5) == Some("synthetic")), "{table}");
}
