//! Two tables: one of images, one of what is known of their studies.

use super::*;

const IMAGES: &str = "image,subject,study,view\na,1,11,PA\nb,1,12,PA\nc,2,21,PA\nd,2,22,LL\ne,3,,PA\nf,4,41,PA\n";
const STUDIES: &str = "subject;study;finding;view\n1;11;normal;x\n1;12;mass;x\n2;21;mass;x\n9;91;mass;x\n9;;mass;x\n4;41;;x\n";

fn with(on: Value) -> Value {
    json!({
        "table": "t.csv",
        "join": { "table": "s.csv", "on": on },
        "columns": { "patient": "subject", "file": "image", "label": "finding" },
        "only": { "image": { "not": ["z"] } },
    })
}

fn joined(images: &str, studies: &str, with: Value) -> Result<ImportResult> {
    made_with(&Given { key: 1, files: files(&["a", "b", "c", "d", "e", "f"]), table: Some(images.to_owned()), with }, Some(studies))
}

#[test]
fn rows_are_joined_by_the_columns_that_are_named() {
    let made = joined(IMAGES, STUDIES, with(json!(["subject", "study"]))).unwrap();
    let label = |image: &str| made.rows.iter().find(|r| r.image == Digest::of(image.as_bytes())).map(|r| r.label.as_str());
    assert_eq!(["a", "b", "c", "d", "e", "f"].map(label), [Some("normal"), Some("mass"), Some("mass"), None, None, None]);
    assert_eq!(tokens(&made), 2);
    made.note("warning: 2 images were left out: no row in the table of `join`");
    made.note("1 image was left out: no label");
    made.note("`join`: 1 row of the second table is in no row of the first table");
    let mut chosen = with(json!(["subject", "study"]));
    chosen["only"] = json!({ "image": ["a", "d"] });
    let made = joined(IMAGES, STUDIES, chosen).unwrap();
    made.note("4 images were left out: not selected by `only`");
    made.note("1 image was left out: no row in the table of `join`");
}

#[test]
fn the_second_table_may_be_json_and_call_its_columns_otherwise() {
    let studies = r#"[{"who": 1, "number": "11", "finding": "normal"}, {"who": 2, "number": 21, "finding": "mass"}]"#;
    let made = joined(IMAGES, studies, with(json!({ "subject": "who", "study": "number" }))).unwrap();
    assert_eq!(made.rows.len(), 2);
    made.note("4 images were left out: no row in the table of `join`");
    let mut by_other = with(json!({ "subject": "who", "study": "number" }));
    by_other["columns"]["patient"] = json!("who");
    assert_eq!(tokens(&joined(IMAGES, studies, by_other).unwrap()), 2);
}

#[test]
fn rows_that_cannot_be_told_apart_are_refused_without_a_name() {
    let why = |images: &str, studies: &str, with: Value| joined(images, studies, with).err().unwrap().to_string();
    let twice = why(IMAGES, STUDIES, with(json!("subject")));
    assert!(twice.starts_with("lines 2 and 3 of the table of `join` have the same `subject`"), "{twice}");
    let mut ambiguous = with(json!(["subject", "study"]));
    ambiguous["columns"]["view"] = json!("view");
    assert!(why(IMAGES, STUDIES, ambiguous).starts_with("both tables have a column `view`"));
    assert!(why(IMAGES, "subject,finding\n1,x\n", with(json!(["subject", "study"]))).starts_with("the table of `join` has no column `study`"));
    assert!(why(IMAGES, "a,b\n", with(json!(["sub", "study"]))).contains("has no column"));
    let none = why(IMAGES, "subject,study,finding\n01,11,x\n", with(json!(["subject", "study"])));
    assert!(none.starts_with("no row of the table is in the table of `join`"), "{none}");
}

#[test]
fn a_join_needs_a_table_and_columns_and_names_no_patient() {
    assert_eq!(refused(json!({ "join": { "table": "s.csv", "on": "a" } })), "join: `join` requires `table`");
    assert_eq!(refused(with(json!([]))), "join.on: name at least one column");
    let mut named = with(json!({ "subject": "who" }));
    named["only"] = json!({ "who": ["7"] });
    assert!(refused(named).starts_with("only.who: this column identifies patients"));
}
