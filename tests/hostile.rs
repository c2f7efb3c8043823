//! Untrusted studies, tables and results: nothing outside is touched, and no escape sequence reaches a terminal.

mod ways;

use crate::space::Space;
use std::fs;

/// A study on two images whose table is given.
fn importing(table: &str) -> Space {
    let space = Space::new();
    let mut stream = hilum_stages::contract::seed::Seed(8).stream("test", "hostile");
    for name in ["a", "b"] {
        space.write(&format!("img/{name}.png"), crate::repeatable::picture(&mut stream));
    }
    space.write("t.csv", table);
    space.write(
        "study.yaml",
        "study: t\nseed: 1\nstages:\n  images: { stage: import, with: { images: img, table: t.csv, columns: { patient: who, file: file, label: label } } }\n",
    );
    space
}

#[test]
fn labels_and_columns_of_a_table_send_no_escape_sequences() {
    let order = "\u{1b}]0;PWNED\u{7}\u{1b}[2Jx";
    let space = importing(&format!("who,file,label,{order}\n1,a.png,{order},\n2,b.png,y\u{202e},\n"));
    space.edit("label: label }", "label: label, source: missing }");
    let column = space.hilum(&["run", "study.yaml"]);
    assert_eq!(column.code, 2);
    space.edit(", source: missing", "");
    space.edit("label: label } }", "label: label }, labels: { z: z } }");
    let label = space.hilum(&["run", "study.yaml"]);
    assert_eq!(label.code, 1);
    space.edit(", labels: { z: z }", "");
    let counts = space.hilum(&["run", "study.yaml"]);
    assert_eq!(counts.code, 0, "{}", counts.err);
    let plan = space.hilum(&["plan", "study.yaml", "--counts"]);
    for said in [column, label, counts, plan] {
        for text in [said.out, said.err] {
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
        }
    }
    space.hilum(&["report", "-o", "r.html"]);
    assert!(!space.read("r.html").contains("<script"));
}

#[test]
fn results_contain_nothing_private_and_links_in_them_are_not_followed() {
    let space = importing("who,file,label\n1,a.png,x\n2,b.png,y\n");
    fs::create_dir_all(space.path("victim")).unwrap();
    space.write("victim/samples.csv", "mine");
    space.write("results/t/.laid-out", format!("{}\t4 1 1 1\t../../victim/samples.csv\n", "0".repeat(64)));
    assert_eq!(space.hilum(&["run", "study.yaml"]).code, 0);
    assert!(!space.path("results/t/.laid-out").exists());
    fs::remove_dir_all(space.path("results/t/images")).unwrap();
    std::os::unix::fs::symlink(space.path("victim"), space.path("results/t/images")).unwrap();
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.code == 1 && said.err.contains("is a link") && said.err.contains("help: "), "{}", said.err);
    assert_eq!(space.read("victim/samples.csv"), "mine");
    assert_eq!(fs::read_dir(space.path("victim")).unwrap().count(), 1);
}

#[test]
fn too_many_cells_are_one_error() {
    let space = Space::new();
    let values = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let axes: Vec<String> = ["a", "b", "c", "d", "e", "f", "g"].iter().map(|a| format!("{a}: {values}")).collect();
    space.write(
        "study.yaml",
        format!(
            "study: t\nseed: 1\nstages:\n  images: {{ stage: phantoms, with: {{ size: 16, classes: {{ normal: {{ images: 12 }} }} }} }}\n  u: {{ stage: undersample, matrix: {{ {} }}, in: {{ samples: images }} }}\n",
            axes.join(", ")
        ),
    );
    for verb in ["check", "plan", "run"] {
        let said = space.hilum(&[verb, "study.yaml"]);
        assert!(said.code == 2 && said.err.contains("10000000 cells"), "{}", said.err);
    }
}

#[test]
fn faults_beside_characters_of_several_bytes_are_pointed_at() {
    for text in
        ["study: \"tiny\"–\nseed: 1\n", "study: t\nseed: 1\nstages:\n  é: { stage: importé }\n", "study: 'ü\n", "–", "study: t\nstages: { ü: [\u{1f600} }\n"]
    {
        let space = Space::new();
        space.write("study.yaml", text);
        let said = space.hilum(&["check", "study.yaml"]);
        assert!(said.code == 2 && said.err.contains("error"), "{text:?}: {} {}", said.code, said.err);
    }
}
