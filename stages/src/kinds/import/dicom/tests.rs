//! What an import takes from headers, on real files (see `data/dicom/tests.rs`).

use super::super::*;
use crate::contract::pseudonym::PseudonymKey;
use crate::contract::source::{ListedFile, Listing};
use crate::data::dicom::tests::with_elements;
use hilum_cache::Digest;
use serde_json::{Value, json};

const PATIENT: (u16, u16, &[u8; 2]) = (0x0010, 0x0020, b"LO");
const SEX: (u16, u16, &[u8; 2]) = (0x0010, 0x0040, b"CS");
const AGE: (u16, u16, &[u8; 2]) = (0x0010, 0x1010, b"AS");
const VIEW: (u16, u16, &[u8; 2]) = (0x0018, 0x5101, b"CS");
const BURNED: (u16, u16, &[u8; 2]) = (0x0028, 0x0301, b"CS");

fn file(elements: &[((u16, u16, &'static [u8; 2]), &str)]) -> Vec<u8> {
    let elements: Vec<_> = elements.iter().map(|((group, element, vr), value)| (*group, *element, *vr, value.as_bytes())).collect();
    with_elements(&elements)
}

/// Imports files by name, with or without a table.
fn import(files: &[(&str, Vec<u8>)], table: Option<&str>, with: Value) -> (Outputs, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let mut with = with;
    with["images"] = json!("images");
    let stage: Import = crate::contract::decode::decode(with, &crate::contract::fit::NotWritten).unwrap();
    assert!(stage.check().is_empty(), "{:?}", stage.check());
    let listed = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name.replace('/', "_"));
        std::fs::write(&path, bytes).unwrap();
        ListedFile { name: name.into(), path, digest: Digest::of(bytes), note: inspect::note(bytes) }
    };
    let listing = |files: Vec<ListedFile>| Listing { digest: Digest::of(b""), files, passed_over: vec![] };
    let mut sources = BTreeMap::from([("images".to_owned(), listing(files.iter().map(|(name, bytes)| listed(name, bytes)).collect()))]);
    sources.extend(table.map(|table| ("table".to_owned(), listing(vec![listed("table", table.as_bytes())]))));
    let cx = Context::for_tests(Import::NAME).with_sources(sources).with_pseudonyms([1; 32]);
    let out = stage.run(Inputs {}, &cx).unwrap();
    let notes = cx.notes().iter().map(Note::to_string).collect();
    (out, notes)
}

fn has(notes: &[String], text: &str) {
    assert!(notes.iter().any(|note| note.contains(text)), "`{text}` in {notes:#?}");
}

#[test]
fn headers_give_patients_and_what_no_column_says() {
    let files = [
        ("covid/a.dcm", file(&[(PATIENT, "SECRET-1"), (SEX, "F "), (AGE, "061Y"), (VIEW, "PA"), (BURNED, "NO")])),
        ("covid/b", file(&[(PATIENT, " secret-1"), (SEX, "M "), (VIEW, "AP"), (BURNED, "YES ")])),
        ("normal/c.dcm", file(&[(PATIENT, "SECRET-2"), (VIEW, "LL")])),
        ("normal/d.dcm", file(&[(VIEW, "PA")])),
    ];
    let (out, notes) = import(&files, None, json!({ "patient": { "from": "dicom" } }));
    let shown: BTreeSet<_> = out.samples.rows.iter().map(|r| (r.label.as_str(), r.sex.as_str(), r.age.map(|a| a as u32), r.view.as_str())).collect();
    assert_eq!(shown, [("covid", "F", Some(61), "PA"), ("covid", "M", None, "AP"), ("normal", "", None, "LL")].into());
    let pseudonyms: BTreeSet<_> = out.patients.rows.iter().map(|p| p.pseudonym.clone()).collect();
    let key = PseudonymKey::new([1; 32]);
    let normalised = crate::contract::pseudonym::normalised;
    assert_eq!(pseudonyms, ["SECRET-1", "SECRET-2"].map(|id| key.pseudonym(&normalised(id))).into());
    has(&notes, "warning: 1 image was left out: no patient in its header (normal 1)");
    has(&notes, "warning: 1 DICOM file says that text is burned into its pixels, which may name the patient");
    has(&notes, "1 DICOM file does not say whether text is burned into its pixels");
    assert!(notes.iter().all(|note| !note.to_lowercase().contains("secret")), "{notes:#?}");
    let (out, _) = import(&files, None, json!({ "patient": { "from": "dicom", "pattern": "(?i)^[a-z]+" } }));
    assert_eq!(out.patients.rows.len(), 1, "a part of the identifier");
}

#[test]
fn what_is_wrong_with_a_file_is_said_where_headers_give_patients() {
    let whole = file(&[(PATIENT, "1")]);
    let truncated = whole[..whole.len() - 8].to_vec();
    let (_, notes) = import(&[("x/a.dcm", whole), ("x/b.dcm", truncated)], None, json!({ "patient": { "from": "dicom" } }));
    assert!(notes.iter().any(|note| note.contains("1 image was left out")), "{notes:#?}");
    assert!(notes.iter().all(|note| !note.contains("no DICOM file")), "{notes:#?}");
}

#[test]
fn a_table_comes_before_headers() {
    let files = [("1.dcm", file(&[(SEX, "F "), (VIEW, "PA")])), ("2.dcm", file(&[(SEX, "F "), (VIEW, "AP"), (AGE, "040Y")]))];
    let table = "id,label,sex,view\n1,covid,M,LL\n2,normal,,\n";
    let columns = json!({ "patient": "id", "file": "id", "label": "label", "sex": "sex", "view": "view" });
    let (out, _) = import(&files, Some(table), json!({ "table": "t.csv", "columns": columns }));
    let shown: BTreeSet<_> = out.samples.rows.iter().map(|r| (r.label.as_str(), r.sex.as_str(), r.age.map(|a| a as u32), r.view.as_str())).collect();
    assert_eq!(shown, [("covid", "M", None, "LL"), ("normal", "F", Some(40), "AP")].into());
}

#[test]
fn modalities_and_views_are_chosen_by_headers() {
    let of = |modality: &str, view: &str| {
        let bytes = file(&[(VIEW, view)]);
        let at = bytes.windows(8).position(|w| w == b"\x08\0\x60\0CS\x02\0").unwrap() + 8;
        [&bytes[..at], modality.as_bytes(), &bytes[at + 2..]].concat()
    };
    let files =
        [("x/a.dcm", of("DX", "PA")), ("x/b.dcm", of("CT", "  ")), ("x/c.dcm", of("CR", "LL")), ("x/d.dcm", of("ZZ", "AP")), ("x/e.dcm", of("  ", "AP"))];
    let chosen = |dicom: Value| {
        let (out, notes) = import(&files, None, json!({ "dicom": dicom }));
        (out.samples.rows.iter().map(|r| r.view.clone()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" "), notes)
    };
    let (views, notes) = chosen(json!({}));
    assert_eq!(views, "AP LL PA");
    has(&notes, "warning: 1 image was left out: modality CT, which `dicom: { modality: … }` does not name (x 1)");
    has(&notes, "warning: 1 image was left out: another modality, which `dicom: { modality: … }` does not name (x 1)");
    let (views, notes) = chosen(json!({ "modality": ["CR", "DX", "PX"], "view": { "not": ["LL"] } }));
    assert_eq!(views, "PA");
    has(&notes, "4 images were left out: not selected by `dicom` (x 4)");
    has(&notes, "warning: `dicom.modality`: no DICOM file has `PX`");
    let given: Dicom = serde_json::from_value(json!({ "view": [] })).unwrap();
    assert_eq!(given.check()[0].path, ["dicom", "view"]);
}

#[test]
fn only_paths_need_a_pattern() {
    let stage = |from: &str| serde_json::from_value::<Import>(json!({ "images": "images", "patient": { "from": from } })).unwrap().check();
    assert!(stage("dicom").is_empty());
    assert_eq!(stage("path")[0].path, ["patient"]);
}
