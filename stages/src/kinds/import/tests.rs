//! Laws of imports: what tables follow from, and what is said about them.

mod joins;

use super::*;
use crate::contract::pseudonym::PseudonymKey;
use crate::contract::source::{ListedFile, Listing};
use crate::data::sample::Sample;
use hilum_cache::Digest;
use serde_json::{Value, json};

/// What is imported: files by name and what their bytes are, a table, and parameters.
struct Given {
    key: u8,
    files: Vec<(String, String)>,
    table: Option<String>,
    with: Value,
}

struct ImportResult {
    rows: Vec<Sample>,
    patients: Vec<crate::data::patients::Identity>,
    notes: Vec<Note>,
    /// The bytes of `samples.csv`.
    csv: String,
}

impl ImportResult {
    /// The only note with this text in it.
    fn note(&self, text: &str) -> String {
        let mut found: Vec<String> = self.notes.iter().map(Note::to_string).filter(|n| n.contains(text)).collect();
        assert_eq!(found.len(), 1, "`{text}` in {:#?}", self.notes);
        found.remove(0)
    }
}

fn stage(with: &Value) -> std::result::Result<Import, Vec<BadParameter>> {
    let mut with = with.clone();
    with["images"] = json!("images");
    let stage: Import = crate::contract::decode::decode(with, &crate::contract::fit::NotWritten)?;
    let bad = stage.check();
    if bad.is_empty() { Ok(stage) } else { Err(bad) }
}

/// Why parameters are refused: the place and the words.
fn refused(with: Value) -> String {
    let bad = stage(&with).err().unwrap_or_else(|| panic!("{with} passes"));
    let Fault::Value(why) = &bad[0].what else { panic!("{bad:?}") };
    format!("{}: {why}", bad[0].path.join("."))
}

fn made(given: &Given) -> Result<ImportResult> {
    made_with(given, None)
}

/// As [`made`], with a second table.
fn made_with(given: &Given, second: Option<&str>) -> Result<ImportResult> {
    let dir = tempfile::tempdir().unwrap();
    let stage = stage(&given.with).unwrap_or_else(|bad| panic!("{bad:?}"));
    let listing = |files: Vec<ListedFile>| Listing { digest: Digest::of(b""), files, passed_over: vec![] };
    let file = |(name, bytes): &(String, String)| ListedFile {
        name: name.clone(),
        path: dir.path().join(name),
        digest: Digest::of(bytes.as_bytes()),
        note: bytes.strip_prefix("note ").unwrap_or("ok 8 8").to_owned(),
    };
    let mut sources = BTreeMap::from([("images".to_owned(), listing(given.files.iter().map(file).collect()))]);
    let first = if stage.list.is_some() { "list" } else { "table" };
    for (parameter, table) in [(first, given.table.as_deref()), ("join.table", second)] {
        let Some(table) = table else { continue };
        let path = dir.path().join(parameter);
        std::fs::write(&path, table).unwrap();
        let file = ListedFile { name: parameter.into(), path, digest: Digest::of(table.as_bytes()), note: String::new() };
        sources.insert(parameter.into(), listing(vec![file]));
    }
    let cx = Context::for_tests(Import::NAME).with_sources(sources).with_pseudonyms([given.key; 32]);
    let out = stage.run(Inputs {}, &cx)?;
    out.samples.save(dir.path()).unwrap();
    let csv = std::fs::read_to_string(dir.path().join(crate::data::sample::TABLE)).unwrap();
    Ok(ImportResult { rows: out.samples.rows, patients: out.patients.rows, notes: cx.notes(), csv })
}

/// Files that hold their own names, in directories.
fn files(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|n| ((*n).to_owned(), (*n).to_owned())).collect()
}

fn in_directories(names: &[&str]) -> ImportResult {
    made(&Given { key: 1, files: files(names), table: None, with: json!({}) }).unwrap()
}

/// A table with a header and rows; `what` of an image is what its file holds.
fn from_table(key: u8, rows: &[&str], with: Value, name_of: &dyn Fn(&str) -> String) -> ImportResult {
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
fn images_of_unknown_patients_are_patients_of_their_own() {
    let made = in_directories(&["covid/images/a.png", "covid/images/b.png", "normal/images/c.png"]);
    let tokens: std::collections::BTreeSet<_> = made.rows.iter().map(|r| &r.patient).collect();
    assert_eq!((tokens.len(), made.patients.len()), (3, 0));
    assert_eq!(made.rows[0].patient, crate::data::patients::token(&made.rows[0].image));
}

fn tokens(made: &ImportResult) -> usize {
    made.rows.iter().map(|r| &r.patient).collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn a_pattern_finds_patients_in_paths() {
    let names = ["covid/images/pat12-a.png", "covid/images/PAT12-b.png", "normal/pat3/x.png", "normal/other/x.png"];
    let with = |pattern: &str| json!({ "patient": { "from": "path", "pattern": pattern } });
    let by = |pattern: &str| made(&Given { key: 1, files: files(&names), table: None, with: with(pattern) }).unwrap();
    let grouped = by(r"(?i)pat(\d+)");
    assert_eq!((grouped.rows.len(), tokens(&grouped), grouped.patients.len()), (3, 2, 2));
    grouped.note("1 image was left out: no patient in its path");
    let key = PseudonymKey::new([1; 32]);
    assert!(grouped.patients.iter().any(|p| p.pseudonym == key.pseudonym("12")), "the group is the identifier");
    let whole = by(r"(?i)pat\d+");
    assert!(whole.patients.iter().any(|p| p.pseudonym == key.pseudonym("pat12")), "all that matches is the identifier");
    assert_eq!(by("(?:a|(b))[.]png$").rows.len(), 1, "a group that takes no part in the match gives no patient");
    let table = json!({ "table": "t.csv", "columns": { "file": "file", "label": "label" }, "patient": { "from": "path", "pattern": "^." } });
    let made = from_table(1, &ROWS, table, &|n| format!("{}{n}.png", if n < "4" { "x" } else { "y" }));
    assert_eq!((tokens(&made), made.patients.len()), (2, 2));
}

#[test]
fn labels_name_at_least_one_label() {
    assert_eq!(refused(json!({ "labels": {} })), "labels: no label is kept: name at least one");
}

#[test]
fn ways_to_give_patients_cannot_be_combined() {
    let pattern = json!({ "from": "path", "pattern": "." });
    let columns = json!({ "file": "f", "label": "l", "patient": "p" });
    let cases = [
        (json!({ "table": "t", "columns": columns, "patients": "one-per-image" }), "patients: `columns.patient` gives the patients, but this"),
        (json!({ "list": "l", "patients": "one-per-film" }), "patients: `list` gives the patients"),
        (json!({ "patient": pattern, "patients": "one-per-image" }), "patients: `patient` gives the patients"),
        (json!({ "table": "t", "columns": columns, "patient": pattern }), "patient: `patient` and `columns.patient` both give"),
        (json!({ "list": "l", "patient": pattern }), "patient: `patient` and `list` both give"),
        (json!({ "table": "t", "columns": { "file": "f", "label": "l" } }), "columns: the patients are not given"),
        (json!({ "patients": " " }), "patients: must be a name"),
        (json!({ "patient": { "from": "path", "pattern": "a(b" } }), "patient.pattern: this is not a regular expression: unclosed group"),
        (json!({ "patient": { "from": "path", "pattern": "(?:a{1000}){1000}" } }), "patient.pattern: the expression is too large"),
    ];
    for (with, why) in cases {
        assert!(refused(with.clone()).starts_with(why), "{with}: {}", refused(with.clone()));
    }
    assert!(stage(&json!({ "table": "t", "columns": { "file": "f", "label": "l" }, "patients": "one-per-image" })).is_ok());
    assert!(stage(&json!({ "table": "t", "columns": columns, "patients": "rsna" })).is_ok());
}

#[test]
fn a_recipe_names_no_patient() {
    let columns = json!({ "file": "f", "label": "l", "patient": { "column": "p", "pattern": "P(.*)" } });
    let of_paths = json!({ "table": "t", "columns": { "file": "f", "label": "l" }, "patient": { "from": "path", "pattern": "." } });
    let mut files = of_paths.clone();
    files["only"] = json!({ "f": { "not": ["P7/1.png"] } });
    let cases = [
        (json!({ "table": "t", "columns": columns, "only": { "p": ["P7"] } }), "only.p: this column identifies patients"),
        (json!({ "list": "l", "only": { "patient": { "not": ["P7"] } } }), "only.patient: this column identifies patients"),
        (files, "only.f: this column identifies patients"),
    ];
    for (with, why) in cases {
        assert!(refused(with.clone()).starts_with(why), "{with}: {}", refused(with.clone()));
    }
    assert!(stage(&json!({ "table": "t", "columns": columns, "only": { "use": ["yes"] } })).is_ok());
}

#[test]
fn unknown_patients_are_noted_unless_the_study_states_them() {
    let names = ["covid/a.png", "covid/b.png", "normal/c.png"];
    in_directories(&names).note("patients are unknown: each of the 3 images counts as a patient of its own");
    let stated = made(&Given { key: 1, files: files(&names), table: None, with: json!({ "patients": "one-per-image" }) }).unwrap();
    assert_eq!((stated.notes.len(), stated.patients.len(), tokens(&stated)), (0, 0, 3));
    let part = in_directories(&["covid/P1/a.png", "covid/P2/b.png", "normal/c.png", "readme.png", "beside.png"]);
    part.note("some patients are unknown: 1 image counts as a patient of its own");
    part.note("2 images were left out: not in the directory of a class");
    assert_eq!((part.notes.len(), part.patients.len()), (2, 2));
    let stated = json!({ "table": "t.csv", "columns": { "file": "file", "label": "label" }, "patients": "one-per-image" });
    let made = from_table(1, &ROWS, stated, &|n| format!("{n}.png"));
    assert_eq!((tokens(&made), made.patients.len(), made.rows.len()), (5, 0, 5));
}

#[test]
fn images_with_several_patients_or_labels_are_noted() {
    let made = from_table(1, &ROWS, columns(), &|n| format!("{n}.png"));
    let shared = made.rows.iter().find(|r| r.image == Digest::of(b"4")).unwrap();
    let said = format!(
        "1 image occurs more than once with different patients or labels: {} (2 patients, now one: {}; normal)",
        shared.image.short(),
        &shared.patient[..10]
    );
    assert_eq!(made.note("occurs"), said);
    made.note("1 row repeats the image, patient and label of another row and was ignored");
    let rows: Vec<String> = (0..7).flat_map(|i| ["covid", "normal"].map(|l| format!("P{i},{i},{l},x,,"))).collect();
    let with = json!({ "table": "t.csv", "columns": { "patient": "who", "file": "file", "label": "label" } });
    let made = from_table(1, &rows.iter().map(String::as_str).collect::<Vec<_>>(), with, &|n| format!("{n}.png"));
    let note = made.note("7 images occur more than once");
    assert!(note.ends_with("; covid, normal), and 2 more") && note.matches("b3:").count() == 5, "{note}");
    assert_eq!(made.rows.len(), 14);
}

#[test]
fn confounded_classes_and_sources_are_warned_of() {
    let with = json!({ "table": "t.csv", "columns": { "patient": "who", "file": "file", "label": "label", "source": "site" } });
    let import = |rows: &[&str], with: &Value| from_table(1, rows, with.clone(), &|n| format!("{n}.png"));
    let apart = import(&["A,1,covid,x,,", "B,2,covid,x,,", "C,3,normal,y,,"], &with);
    let note = apart.note("warning: class and source are confounded (Cramér's V 1.00)");
    assert!(note.ends_with("Images by class and source: covid: x 2, y 0; normal: x 0, y 1"), "{note}");
    let mixed = import(&["A,1,covid,x,,", "B,2,covid,y,,", "C,3,normal,y,,", "D,4,normal,x,,"], &with);
    assert_eq!(mixed.notes, []);
    let no_columns = json!({ "table": "t.csv", "columns": { "patient": "who", "file": "file", "label": "label" }, "source": "here" });
    assert_eq!(import(&["A,1,covid,x,,", "B,2,covid,x,,", "C,3,normal,y,,"], &no_columns).notes, []);
}

#[test]
fn columns_without_information_and_labels_that_differ_in_case_are_warned_of() {
    let rows = ["A,1,COVID,x,old,", "B,2,covid,x,young,", "C,3,normal,x,,"];
    let made = from_table(1, &rows, columns(), &|n| format!("{n}.png"));
    assert_eq!(
        made.note("columns without information"),
        "warning: columns without information: `source` (column `site`) is the same for all images, `age` (column `age`) is never a number, `sex` (column `sex`) is empty"
    );
    assert_eq!(
        made.note("case"),
        "warning: labels that differ only in case or spaces count as different classes: COVID / covid; `labels` can give them one name"
    );
    let mut with = columns();
    with["labels"] = json!({ "COVID": "covid", "covid": "covid", "normal": "normal" });
    with["only"] = json!({ "site": ["x"] });
    let made = from_table(1, &rows, with, &|n| format!("{n}.png"));
    assert!(!made.note("columns without information").contains("source"), "a column that `only` filters by may have one value");
    assert_eq!(made.notes.len(), 1);
}

#[test]
fn generated_images_are_imported_as_synthetic_without_a_patient() {
    let generator = Digest::of(b"generator");
    let files = [("covid/P1/a.png", format!("note ok 8 8 synthetic {generator}")), ("covid/P1/b.png", "note ok 8 8 synthetic".into())];
    let real = [("covid/P1/c.png", "c".to_owned()), ("normal/P2/d.png", "d".to_owned())];
    let files: Vec<(String, String)> = files.into_iter().chain(real).map(|(n, b)| (n.to_owned(), b)).collect();
    let import = |with: Value| made(&Given { key: 1, files: files.clone(), table: None, with }).unwrap();
    let out = import(json!({}));
    assert_eq!(out.note("synthetic"), "warning: 2 images say that they are synthetic, and are imported as synthetic");
    let synthetic: Vec<&Sample> = out.rows.iter().filter(|r| r.origin == crate::data::sample::Origin::Synthetic).collect();
    assert_eq!(synthetic.len(), 2);
    assert!(synthetic.iter().all(|r| r.patient.is_empty() && r.source == "synthetic" && r.label == "covid"));
    let mut generators: Vec<Option<Digest>> = synthetic.iter().map(|r| r.generator).collect();
    generators.sort();
    assert_eq!(generators, [None, Some(generator)]);
    assert_eq!(synthetic.iter().map(|r| r.number).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(out.patients.len(), 2);
    assert!(import(json!({ "source": "here" })).rows.iter().all(|r| r.source == "here"));
    assert_eq!(import(json!({ "patient": { "from": "path", "pattern": "P2" } })).rows.len(), 3, "synthetic images need no patient");
}

#[test]
fn a_directory_may_have_the_name_of_a_missing_value() {
    let made = in_directories(&["none/NA/a.png", "none/B/b.png", "covid/C/c.png"]);
    assert_eq!(made.rows.iter().map(|r| r.label.as_str()).collect::<std::collections::BTreeSet<_>>(), ["covid", "none"].into());
    assert_eq!(made.patients.len(), 3);
}

#[test]
fn no_note_contains_an_identifier_or_a_file_name() {
    let rows: Vec<String> = ROWS.iter().chain(&["E,9,Covid,x,,", ",1,covid,x,,"]).map(|r| format!("SECRET-{r}")).collect();
    let made = from_table(1, &rows.iter().map(String::as_str).collect::<Vec<_>>(), columns(), &|n| format!("HIDDEN/{n}.png"));
    assert!(made.notes.len() >= 3);
    assert!(made.notes.iter().all(|n| !n.text.contains("SECRET") && !n.text.contains("HIDDEN")), "{:#?}", made.notes);
}

#[test]
fn missing_values_are_neither_patients_nor_labels() {
    let rows = ["12,1,covid,x,061Y,", "12.0,2,normal,y,018M,", "NaN,3,covid,x,,", "C,4,nan,x,,", "D,5,None,x,,", ",6,covid,x,,"];
    let made = from_table(1, &rows, columns(), &|n| format!("{n}.png"));
    assert_eq!(made.rows.len(), 2);
    let mut ages: Vec<Option<f64>> = made.rows.iter().map(|r| r.age).collect();
    ages.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(ages, [Some(1.5), Some(61.0)]);
    let said = [
        "2 images were left out: no patient",
        "2 images were left out: no label",
        "warning: only 2 of 6 rows are used",
        "warning: 1 identifier occurs with and without `.0` at its end",
    ];
    for note in said {
        made.note(note);
    }
    assert!(made.notes.iter().all(|n| !n.text.contains("12")), "no note names a patient");
}

#[test]
fn tables_of_other_programs_are_read_and_errors_name_the_line() {
    let with = json!({ "table": "t.csv", "columns": { "patient": "who", "file": "file", "label": "label" } });
    let rows = |text: &str| {
        let columns = serde_json::from_value(with["columns"].clone()).unwrap();
        super::table::rows(text, &columns, &BTreeMap::new(), None, &mut Omitted::default(), &Context::for_tests(Import::NAME))
    };
    assert_eq!(rows("who;file;label\r\nA;1.png;x\r\n").unwrap().len(), 1);
    assert_eq!(rows("who\tfile\tlabel\nA\t1.png\tx, y\n").unwrap()[0].said.spelled(), "x, y");
    let why = |text: &str| rows(text).unwrap_err().to_string();
    assert!(why("who,file,label\nA,1.png,\"x\nB,2.png,y\n").contains("the quote on line 2 of the table is not closed"));
    assert!(why("who,file,label\nA,1.png,x\nwho,file,label\nB,2.png,y\n").contains("line 3 of the table repeats its header"));
    assert!(why("who,file,label,label\nA,1.png,x,y\n").contains("several columns `label`"));
}

#[test]
fn the_number_of_images_is_known_where_nothing_is_chosen_among_them() {
    let images = |with: Value| stage(&with).unwrap().images(&|parameter| (parameter == "images").then_some(7));
    assert_eq!(images(json!({})), Some(7));
    assert_eq!(images(json!({ "label": "covid" })), Some(7));
    let columns = json!({ "patient": "patient", "file": "file", "label": "label" });
    assert_eq!(images(json!({ "table": "t.csv", "columns": columns })), None);
    assert_eq!(images(json!({ "table": "t.csv", "columns": columns, "only": { "view": "PA" } })), None);
    assert_eq!(images(json!({ "list": "list.txt" })), None);
    assert_eq!(images(json!({ "exclude": ["*_mask.png"] })), None);
    assert_eq!(images(json!({ "labels": { "COVID": "covid" } })), None);
    assert_eq!(stage(&json!({})).unwrap().images(&|_| None), None);
}
