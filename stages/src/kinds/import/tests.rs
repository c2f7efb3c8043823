//! Laws of imports: what tables follow from, and what is said about them.

use super::*;
use crate::contract::context::{DeviceChoice, Films, NoCheckpoints};
use crate::contract::source::{ListedFile, Listing};
use crate::data::pseudonym::PseudonymKey;
use crate::data::sample::Sample;
use hilum_cache::Digest;
use serde_json::{Value, json};

struct NoFilms;
impl Films for NoFilms {
    fn bytes(&self, _: &Digest) -> Result<Vec<u8>> {
        Err(Error::data("nothing is read"))
    }
}

/// What is imported: files by name and what their bytes are, a table, and parameters.
struct Given {
    key: u8,
    files: Vec<(String, String)>,
    table: Option<String>,
    with: Value,
}

struct Made {
    rows: Vec<Sample>,
    patients: Vec<crate::data::patients::Identity>,
    notes: Vec<String>,
    /// The bytes of `samples.csv`.
    csv: String,
}

impl Made {
    /// The only note with this text in it.
    fn note(&self, text: &str) -> &str {
        let found: Vec<&String> = self.notes.iter().filter(|n| n.contains(text)).collect();
        assert_eq!(found.len(), 1, "`{text}` in {:#?}", self.notes);
        found[0]
    }
}

fn stage(with: &Value) -> std::result::Result<Import, Vec<BadParameter>> {
    let mut with = with.clone();
    with["images"] = json!("images");
    let stage: Import = crate::contract::decode::decode(with).map_err(|bad| vec![bad])?;
    let bad = stage.check();
    if bad.is_empty() { Ok(stage) } else { Err(bad) }
}

/// Why parameters are refused: the place and the words.
fn refused(with: Value) -> String {
    let bad = stage(&with).err().unwrap_or_else(|| panic!("{with} passes"));
    let Fault::Value(why) = &bad[0].what else { panic!("{bad:?}") };
    format!("{}: {why}", bad[0].path.join("."))
}

fn made(given: &Given) -> Result<Made> {
    let dir = tempfile::tempdir().unwrap();
    let stage = stage(&given.with).unwrap_or_else(|bad| panic!("{bad:?}"));
    let listing = |files: Vec<ListedFile>| Listing { digest: Digest::of(b""), files };
    let file = |(name, bytes): &(String, String)| ListedFile {
        name: name.clone(),
        path: dir.path().join(name),
        digest: Digest::of(bytes.as_bytes()),
        note: bytes.strip_prefix("note ").unwrap_or("ok 8 8").to_owned(),
    };
    let mut sources = BTreeMap::from([("images".to_owned(), listing(given.files.iter().map(file).collect()))]);
    if let Some(table) = &given.table {
        let path = dir.path().join("table");
        std::fs::write(&path, table).unwrap();
        let file = ListedFile { name: "table".into(), path, digest: Digest::of(table.as_bytes()), note: String::new() };
        let parameter = if stage.list.is_some() { "list" } else { "table" };
        sources.insert(parameter.into(), listing(vec![file]));
    }
    let cx = Context {
        kind: Import::NAME,
        seed: None,
        films: &NoFilms,
        sources,
        pseudonyms: Some(PseudonymKey::new([given.key; 32])),
        device: DeviceChoice::Cpu,
        report: &|_| (),
        cancelled: &|| false,
        checkpoints: &NoCheckpoints,
        notes: Default::default(),
    };
    let out = stage.run(Inputs {}, &cx)?;
    out.samples.save(dir.path()).unwrap();
    let csv = std::fs::read_to_string(dir.path().join(crate::data::sample::TABLE)).unwrap();
    Ok(Made { rows: out.samples.rows, patients: out.patients.rows, notes: cx.said(), csv })
}

/// Files that hold their own names, in directories.
fn files(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|n| ((*n).to_owned(), (*n).to_owned())).collect()
}

fn in_directories(names: &[&str]) -> Made {
    made(&Given { key: 1, files: files(names), table: None, with: json!({}) }).unwrap()
}

/// A table with a header and rows; `what` of an image is what its file holds.
fn from_table(key: u8, rows: &[&str], with: Value, name_of: &dyn Fn(&str) -> String) -> Made {
    let mut table = "who,file,label,site,age,sex\n".to_owned();
    let mut files = vec![];
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        files.push((name_of(cells[1]), cells[1].to_owned()));
        table += &format!("{},{},{}\n", cells[0], name_of(cells[1]), cells[2..].join(","));
    }
    files.sort();
    files.dedup();
    made(&Given { key, files, table: Some(table), with }).unwrap()
}

fn columns() -> Value {
    json!({ "table": "t.csv", "columns": { "patient": "who", "file": "file", "label": "label", "source": "site", "age": "age", "sex": "sex" } })
}

const ROWS: [&str; 7] = [
    "A,1,covid,x,50,F",
    "A,2,normal,x,51,F",
    "B,3,normal,y,,M",
    "B,4,normal,x,60,M",
    // One image twice, said to be from different places, and one that two people share.
    "C,5,covid,y,40,F",
    "C,5,covid,x,41,F",
    "D,4,normal,x,60,M",
];

#[test]
fn neither_the_key_nor_names_nor_the_order_of_rows_show_in_the_samples() {
    let one = from_table(1, &ROWS, columns(), &|n| format!("{n}.png"));
    let other_key = from_table(2, &ROWS, columns(), &|n| format!("{n}.png"));
    assert_eq!(one.csv, other_key.csv);
    assert_ne!(one.patients, other_key.patients);
    assert_eq!(one.notes, other_key.notes);
    let mut rows = ROWS;
    for _ in 0..ROWS.len() {
        rows.rotate_left(1);
        assert_eq!(from_table(1, &rows, columns(), &|n| format!("{n}.png")).csv, one.csv);
    }
    rows.reverse();
    let renamed = from_table(3, &rows, columns(), &|n| format!("z/{}.jpg", 9 - n.parse::<u8>().unwrap()));
    assert_eq!(renamed.csv, one.csv);
    assert_eq!(one.rows.iter().find(|r| r.image == Digest::of(b"5")).unwrap().source, "x", "the smallest of two descriptions");
}

#[test]
fn every_row_of_a_patient_has_a_number_of_its_own_and_every_token_its_pseudonyms() {
    let made = from_table(1, &ROWS, columns(), &|n| format!("{n}.png"));
    let places: std::collections::BTreeSet<_> = made.rows.iter().map(|r| (&r.patient, r.number)).collect();
    assert_eq!(places.len(), made.rows.len());
    assert_eq!((made.rows.len(), made.patients.len()), (5, 4), "B and D share an image, and have a pseudonym each");
    let token = |image: &str| &made.rows.iter().find(|r| r.image == Digest::of(image.as_bytes())).unwrap().patient;
    let of = |token: &str| made.patients.iter().filter(|p| p.patient == token).count();
    assert_eq!((token("3"), of(token("3")), of(token("1"))), (token("4"), 2, 1));
    let key = PseudonymKey::new([1; 32]);
    assert!(made.patients.iter().any(|p| p.pseudonym == key.pseudonym("a") && &p.patient == token("2")));
}

#[test]
fn one_directory_name_under_two_classes_is_one_patient() {
    let made = in_directories(&["covid/P1/a.png", "covid/P2/b.png", "normal/P1/c.png"]);
    let tokens: std::collections::BTreeSet<_> = made.rows.iter().map(|r| &r.patient).collect();
    assert_eq!((tokens.len(), made.patients.len()), (2, 2));
}

#[test]
fn images_of_nobody_that_is_known_are_patients_of_their_own() {
    let made = in_directories(&["covid/images/a.png", "covid/images/b.png", "normal/images/c.png"]);
    let tokens: std::collections::BTreeSet<_> = made.rows.iter().map(|r| &r.patient).collect();
    assert_eq!((tokens.len(), made.patients.len()), (3, 0));
    assert_eq!(made.rows[0].patient, crate::data::patients::token(&made.rows[0].image));
}
