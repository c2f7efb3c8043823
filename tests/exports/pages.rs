//! `hilum export cards`: that every number and answer on a page has its place in the record.

use super::{export, parsed};
use crate::space::Space;
use hilum_cache::Sha256;
use std::collections::BTreeMap;

/// Rows of the table of evidence of a page: number, what, SHA-256, run, line.
fn evidence(page: &str) -> BTreeMap<String, Vec<String>> {
    let table = page.split("## Evidence").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    rows.map(cells).map(|row| (row[0].clone(), row)).collect()
}

#[test]
fn every_number_and_answer_points_to_an_artifact_and_a_line_of_a_journal() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "cards", "cards", &[]);
    assert_eq!(files.len(), 9, "five networks, a data sheet, two checklists, and the index: {:?}", files.keys());
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".md")) {
        let page = std::str::from_utf8(bytes).unwrap();
        let rows = evidence(page);
        let (content, _) = page.split_once("## Evidence").unwrap();
        let used: Vec<&str> = content.split("](#evidence)").filter_map(|before| before.rsplit_once('[').map(|(_, number)| number)).collect();
        assert!(used.len() > rows.len() / 2 && !rows.is_empty(), "{name}");
        for number in content.matches("](#evidence)").zip(&used).map(|(_, number)| number) {
            assert!(rows.contains_key(*number), "{name}: {number}");
        }
        for row in rows.values() {
            let journal = space.read(&format!(".hilum/runs/{}/journal.jsonl", row[3]));
            let line = journal.lines().nth(row[4].parse::<usize>().unwrap() - 1).unwrap();
            let says = match row[2].as_str() {
                "" if row[1].starts_with("checks") => "\"type\":\"checked\"",
                "" if row[1].starts_with("the study") => "\"type\":\"started\"",
                "" => "\"type\":\"receipt\"",
                sha256 => sha256,
            };
            assert!(line.contains(says), "{name}: {row:?}");
        }
    }
    let card = std::str::from_utf8(&files["model-card-classifier.weights_arm_real_repeat_0.md"]).unwrap();
    let metrics = space.read("results/tiny/scores/arm=real/repeat=0/metrics.csv");
    let auroc = metrics.lines().find(|line| line.starts_with("auroc,,")).unwrap().split(',').nth(2).unwrap().parse::<f64>().unwrap();
    assert!(card.contains(&format!("| `auroc` |  | {auroc:.4} |")), "{card}");
    let sha256 = Sha256::of(metrics.as_bytes()).hex();
    assert!(evidence(card).values().any(|row| row[2] == sha256), "{card}");
    assert!(card.contains("phantoms, which are drawings"));
    let generator = std::str::from_utf8(&files["model-card-generator.generator.md"]).unwrap();
    assert!(generator.contains("| 16 of 32 | 13 | covid: 16 real, 0 synthetic |"), "{generator}");
}

#[test]
fn checklists_say_what_is_answered_and_who_has_to_answer_the_rest() {
    let space = Space::tiny();
    space.executed();
    let files = export(&space, "cards", "cards", &[]);
    for list in parsed(&files, "index.json")["checklists"].as_array().unwrap() {
        let page = std::str::from_utf8(&files[&format!("{}.md", list["checklist"].as_str().unwrap())]).unwrap();
        let (content, _) = page.split_once("## Evidence").unwrap();
        let rows: Vec<Vec<&str>> =
            content.lines().filter(|line| line.starts_with("| ")).skip(2).map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect();
        assert_eq!(rows.len() as u64, list["items"].as_u64().unwrap());
        for (word, key) in [("answered", "answered"), ("in part", "in_part"), ("open", "open")] {
            let of_status: Vec<&Vec<&str>> = rows.iter().filter(|row| row[3] == word).collect();
            assert_eq!(of_status.len() as u64, list[key].as_u64().unwrap(), "{word}");
            for row in of_status {
                assert_eq!((row[4].contains("](#evidence)"), row[5].is_empty()), (word != "open", word == "answered"), "{row:?}");
            }
        }
        assert!(content.contains("It does not say that the study is good, or that it is compliant with anything"));
        // Phantoms are imported from nowhere, and nobody labelled them.
        assert!(list["open"].as_u64() > list["answered"].as_u64() && list["answered"].as_u64() > Some(4), "{list}");
    }
    // Every image is of one source: the table of what gives it away has no row, and is no evidence.
    assert_eq!(space.read("results/tiny/classifier/arm=real/repeat=0/shortcuts.csv").lines().count(), 1);
    let open = std::str::from_utf8(&files["claim-2024.md"]).unwrap().lines().find(|line| line.starts_with("| 30 |")).unwrap();
    assert!(open.contains("| open |"), "{open}");
    let page = space.hilum(&["report", "-o", "r.html"]);
    assert_eq!(page.code, 0, "{}", page.err);
    assert!(space.read("r.html").contains("Of 44 items, the record answers "));
}
