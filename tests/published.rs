//! Audits of published tables from outside: the study of five papers, the check, the report, and the example of the docs.

use crate::space::{Space, root};
use serde_json::Value;
use std::fs;

/// The study of the five papers, in a space of its own.
fn papers() -> Space {
    let space = Space::new();
    space.write("study.yaml", fs::read_to_string(root().join("pipelines/published-tables.yaml")).unwrap());
    for study in ["zunair-2020", "zunair-2021", "schaudt-2021", "liang-2021", "davoodi-2022"] {
        let file = format!("{study}/published.yaml");
        space.write(&file, fs::read(root().join("pipelines").join(&file)).unwrap());
    }
    space
}

#[test]
fn five_papers_are_audited_and_three_contradict_themselves() {
    let space = papers();
    let said = space.hilum(&["run", "study.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    // What is informational stands in the report, not among the warnings.
    assert!(!said.err.contains("W0008") && said.err.contains("cells examined"), "{}", said.err);
    let plan: Value = serde_json::from_str(&space.hilum(&["plan", "study.yaml", "--json"]).out).unwrap();
    let findings: Vec<String> = plan["findings"].as_array().unwrap().iter().filter(|f| f["id"] == "reference.inconsistent").map(Value::to_string).collect();
    assert_eq!(findings.len(), 3, "{findings:?}");
    for (stage, cells) in [("zunair-2020", "9 cells of 44"), ("liang-2021", "1 cell of 49"), ("davoodi-2022", "10 cells of 39")] {
        let is_of = |f: &&String| f.contains(&format!("the published table of `{stage}` contradicts its own numbers"));
        assert!(findings.iter().find(is_of).is_some_and(|f| f.contains(cells)), "{stage}: {findings:?}");
    }
    let audit = space.read("results/published-tables/zunair-2020/audit.csv");
    assert!(audit.contains("Table 1,DenseNet-102,plus both,34.73,16/46 = 34.783,inconsistent,,"), "{audit}");
    assert_eq!(space.hilum(&["report"]).code, 0);
    let report = space.read("report.html");
    assert!(report.contains("reference.inconsistent") && report.contains("<section id=\"published-tables\""), "{report}");
    let at = |text: &str| report.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(at("16/46 = 34.783") < at("<b>explained</b>: 4135") && at("<b>explained</b>: 4135") < at("9/46 = 19.565"));
}

#[test]
fn the_example_of_the_documentation_is_sound_and_a_changed_digit_is_found() {
    let text = fs::read_to_string(root().join("docs/published-tables.md")).unwrap();
    let block = |kind: &str| text.split(&format!("```{kind}\n")).nth(1).unwrap().split("```").next().unwrap().to_owned();
    let space = Space::new();
    space.write("study.yaml", block("yaml"));
    space.write("paper.yaml", block("text"));
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.code == 0 && !said.err.contains("W0008"), "{}", said.err);
    assert_eq!(space.read("results/audit/paper/audit.csv").matches(",consistent,").count(), 4);
    space.write("paper.yaml", block("text").replace("19.56, 37", "19.57, 37"));
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.code == 0 && said.err.contains("1 inconsistent"), "{}", said.err);
    let audit = space.read("results/audit/paper/audit.csv");
    assert!(audit.contains("37 missed of 46 means 9/46 = 19.565; no count of 46 gives 19.57"), "{audit}");
    space.write("paper.yaml", block("text").replace("19.56, 37", "19..56, 37"));
    let said = space.hilum(&["run", "study.yaml"]);
    assert!(said.code == 2 && said.err.contains("line 13 of the file of published tables"), "{}", said.err);
}
